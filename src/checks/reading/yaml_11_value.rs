//! FW706 `yaml-11-value`: a value without quotes that is read as something else than what stands there.

use std::sync::Arc;

use serde_json::Value;

use super::placed_objects;
use super::text_places::{has_text_places, is_meant_as_text, takes_only_text};
use crate::checks::finding::Finding;
use crate::checks::{Check, RepoView, Rule};
use crate::flux::applied::title_of;
use crate::flux::kustomize::{Dispute, Manifest};
use crate::problem::{Code, Severity};
use crate::tree::each_below;
use crate::yaml::{Kind, Node, go, quoted};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW706",
        name: "yaml-11-value",
        about: "A value without quotes that kubectl and Flux read differently, or as something else than what stands there.",
    },
    severity: Severity::Warning,
    because: "YAML takes some words and numbers for something else, and nobody asks what was meant \
              (kubernetes-sigs/yaml goyaml.v2/resolve.go and goyaml.v3/resolve.go)",
    explains: "`yes`, `no`, `on`, `off`, `y` and `n` are truth values to kubectl, and to Flux where it substitutes variables; else they \
               are texts to Flux. They are found everywhere.\n\nNumbers that lose their form (`1.30` is 1.3, `012` is 10, `1e3` is 1000, \
               and a commit like `12345e7` is a large number) and dates are found only where a text is meant: labels, annotations, \
               selectors, data, variables, arguments, versions, tags. Where Kubernetes takes only a text it is an error, and so is any number or truth value there, as the object is \
               refused.\n\nElse `True` and `12:30` are the same to both and do not count, nor do `mode: 0644` and `cpu: 0.50`.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  kubernetes: 1.30
  colours: on
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  kubernetes: \"1.30\"
  colours: \"on\"
",
    check: Check::Repo(find),
};

fn find(repo: &RepoView<'_>) -> Vec<Finding> {
    let of_file = |(path, manifest): &(String, Arc<Manifest>)| of_manifest(path, manifest);
    repo.manifests.iter().flat_map(of_file).collect()
}

fn of_manifest(path: &str, manifest: &Manifest) -> Vec<Finding> {
    let objects = placed_objects(manifest);
    let one = |dispute: &Dispute| {
        let of_it = |(_, line, prefix): &&(&Value, usize, String)| {
            *line == dispute.line && (prefix.is_empty() || dispute.pointer.starts_with(&format!("{prefix}/")))
        };
        let (object, _, prefix) = objects.iter().find(of_it)?;
        let pointer = dispute.pointer.strip_prefix(prefix.as_str())?;
        let finding = about(path, object, pointer, dispute)?;
        Some(finding.at(&dispute.pointer))
    };
    let mut found: Vec<Finding> = manifest.disputes.iter().filter_map(one).collect();
    for (object, line, prefix) in &objects {
        let disputed = |pointer: &str| {
            manifest
                .disputes
                .iter()
                .any(|one| one.line == *line && one.pointer.strip_prefix(prefix.as_str()) == Some(pointer))
        };
        for (pointer, value) in
            no_texts(object).into_iter().filter(|(pointer, value)| value.is_boolean() || !disputed(pointer))
        {
            found.push(no_text(path, object, *line, value).at(format!("{prefix}{pointer}")));
        }
    }
    found
}

/// Numbers and truth values where only a text is taken. Names, labels and annotations have rules of their own.
fn no_texts(object: &Value) -> Vec<(String, &Value)> {
    const ELSEWHERE: &[&str] = &["/metadata/", "/commonMetadata/", "/matchLabels/", "/nodeSelector/", "/selector/"];
    let mut found = Vec::new();
    if !has_text_places(object) {
        return found;
    }
    each_below(object, &mut String::new(), &mut |pointer, value| {
        let is_no_text = value.is_number() || value.is_boolean();
        if is_no_text && takes_only_text(object, pointer) && !ELSEWHERE.iter().any(|part| pointer.contains(part)) {
            found.push((pointer.to_owned(), value));
        }
    });
    found
}

fn no_text(path: &str, object: &Value, line: usize, value: &Value) -> Finding {
    let what = if value.is_boolean() { "a truth value" } else { "a number" };
    let says = format!("`{value}` in {} is {what} without quotes, and only a text is taken there", title_of(object));
    refused(Finding::in_file(path, line, says).hint(quoted(&value.to_string())))
}

/// What is said of a value, if it matters where it stands.
fn about(path: &str, object: &Value, pointer: &str, dispute: &Dispute) -> Option<Finding> {
    let text = &dispute.text;
    let node = Node { span: 0..0, kind: Kind::Scalar { text: text.clone(), plain: true } };
    let (flux, kubectl) = (go::as_flux_reads(&node), go::as_kubectl_reads(&node));
    let whose = title_of(object);
    let finding = |says: String| Finding::in_file(path, dispute.line, says);
    // SOPS writes its own part, and checks it.
    if pointer.starts_with("/sops/") {
        return None;
    }
    if flux.is_string() && kubectl.is_boolean() {
        let says = format!("`{text}` in {whose} is {kubectl} to kubectl, and a text to Flux");
        let is_text = takes_only_text(object, pointer);
        let hint =
            if is_text { quoted(text) } else { format!("{kubectl}\n# or, if a text is meant:\n{}", quoted(text)) };
        return Some(finding(says).hint(hint));
    }
    if !is_meant_as_text(object, pointer) {
        return None;
    }
    match &flux {
        Value::Number(number) => {
            let says = format!("`{text}` in {whose} is the number {number} without quotes");
            let finding = finding(says).hint(quoted(text));
            Some(if is_refused(object, pointer) { refused(finding) } else { finding })
        }
        Value::String(changed) if changed != text => {
            let says = format!("`{text}` in {whose} is a date without quotes, and becomes {changed}");
            let finding = finding(says).hint(quoted(text));
            // The value of a label has no `:`.
            let labels = ["/labels/", "/matchLabels/", "/nodeSelector/", "/selector/"];
            let is_label = labels.iter().any(|part| pointer.contains(part));
            Some(if is_label && is_refused(object, pointer) { refused(finding) } else { finding })
        }
        _ => None,
    }
}

/// Whether Kubernetes gets to see the number; kustomize makes texts of an object's annotations.
fn is_refused(object: &Value, pointer: &str) -> bool {
    takes_only_text(object, pointer) && !pointer.starts_with("/metadata/annotations/")
}

fn refused(finding: Finding) -> Finding {
    finding
        .as_bad_as(Severity::Error)
        .because("what comes of it is not taken there, so the object is refused, and the Flux Kustomization fails")
}
