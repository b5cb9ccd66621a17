//! Which texts are in a language of their own that has `${…}`, too: scripts, dashboards, rules.
//!
//! In: an object before substitution, and a place in it. Out: whether a program reads the text.

use serde_json::Value;

/// The ends of the keys of files that are run.
const RUN: &[&str] = &[".sh", ".bash", ".zsh", ".ksh", "Makefile", "entrypoint"];
/// The ends of the keys of files that programs of their own replace variables in.
const READ: &[&str] = &[
    ".json",
    ".js",
    ".ts",
    ".lua",
    ".py",
    ".pl",
    ".rb",
    ".groovy",
    ".conf",
    ".cfg",
    ".ini",
    ".toml",
    ".properties",
    ".tpl",
    ".tmpl",
    ".template",
    ".rules",
    ".sql",
    ".xml",
    ".vcl",
    ".awk",
    ".env",
    ".hcl",
    ".alloy",
    ".river",
];
/// The ends of the keys of files that Flux is likely to have been meant for.
const YAML: &[&str] = &[".yaml", ".yml"];
/// Programs that take a script as an argument.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"];
/// Kinds whose texts have `${…}` or `$x` of their own.
const KINDS: &[&str] = &["PrometheusRule", "GrafanaDashboard", "GrafanaAlertRuleGroup", "Workflow", "WorkflowTemplate"];

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A script of a shell, in which `${x:-default}` is the shell's.
    Shell,
    /// Something else with `${…}` of its own.
    Other,
}

/// The language of a text; none if it is likely to be Flux's.
pub fn language(object: &Value, pointer: &str, text: &str) -> Option<Language> {
    let key = pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/");
    let ends = |all: &[&str]| all.iter().any(|end| key.ends_with(end));
    // A dashboard, wherever it stands.
    if text.trim_start().starts_with('{') && text.trim_end().contains('\n') {
        return Some(Language::Other);
    }
    let is_data = ["/data/", "/stringData/"].iter().any(|part| pointer.starts_with(part));
    if text.starts_with("#!") && !text.starts_with("#!/usr/bin/env python") {
        return Some(Language::Shell);
    }
    if is_data {
        return match () {
            () if ends(RUN) => Some(Language::Shell),
            () if ends(READ) => Some(Language::Other),
            () if ends(YAML) => None,
            () => text.trim_end().contains('\n').then_some(Language::Other),
        };
    }
    if is_argument_of_a_shell(object, pointer) {
        return Some(Language::Shell);
    }
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    KINDS.contains(&kind).then_some(Language::Other)
}

/// Whether a text is what `sh -c` runs: it stands behind it in `command`, or in the `args` of a container whose command that is.
fn is_argument_of_a_shell(object: &Value, pointer: &str) -> bool {
    let Some((list, at)) = pointer.rsplit_once('/') else { return false };
    let Some((container, key)) = list.rsplit_once('/') else { return false };
    if !matches!(key, "command" | "args") || at.parse::<usize>().is_err() {
        return false;
    }
    let texts = |key: &str| {
        let list = object.pointer(&format!("{container}/{key}")).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    };
    let mut all = texts("command").chain(texts("args"));
    let is_shell = |text: &str| SHELLS.contains(&text.rsplit('/').next().unwrap_or_default());
    let is_flag = |text: &str| text.starts_with('-') && text.ends_with('c') && !text.starts_with("--");
    all.any(is_shell) && all.any(is_flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_script_is_told_by_where_it_stands() {
        let pod = json!({"kind": "Pod", "spec": {"containers": [
            {"command": ["/bin/bash", "-ec"], "args": ["echo ${a}"]},
            {"command": ["sh", "-c", "x"]},
            {"command": ["web"], "args": ["--name=${a}"]},
        ]}});
        let of = |pointer: &str| language(&pod, pointer, "${a}");
        assert_eq!(of("/spec/containers/0/args/0"), Some(Language::Shell));
        assert_eq!(of("/spec/containers/1/command/2"), Some(Language::Shell));
        assert_eq!(of("/spec/containers/2/args/0"), None);
        let data = |key: &str, text: &str| language(&json!({"kind": "ConfigMap"}), &format!("/data/{key}"), text);
        assert_eq!((data("a.sh", "x"), data("a.json", "x")), (Some(Language::Shell), Some(Language::Other)));
        assert_eq!(
            (data("values.yaml", "a\nb"), data("a", "b"), data("a", "a\nb")),
            (None, None, Some(Language::Other))
        );
    }
}
