//! FW701 `broken-yaml`: a file that is not YAML.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code { id: "FW701", name: "broken-yaml", about: "A file that Flux reads, and that is not YAML." },
    severity: Severity::Error,
    because: "kustomize builds nothing of a folder as long as one of its files cannot be read, so Flux applies none of it",
    explains: "A file that is not UTF-8, one that is far too large, and one whose aliases never end count, too. Files that Flux does \
               not read do not count. A tab in an indentation, a key that is there twice and the markers of a merge have rules of \
               their own.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: \"blue
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: \"blue\"
",
    check: Check::Cluster(find),
};

/// What to do, by what is said.
const HINTS: &[(&str, &str)] = &[
    ("not UTF-8", "iconv -f ISO-8859-1 -t UTF-8 FILE > FILE.new"),
    ("a bracket opens", "a text that begins with a bracket needs quotes: \"{{ … }}\""),
    ("bytes, more than", "split the file"),
    ("alias", "write the values out"),
    ("nested deeper", "look for a bracket that is not closed"),
];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.mistakes(Fault::NotYaml).into_iter().map(|finding| with_hint(view, finding)).collect()
}

fn with_hint(view: &ClusterView<'_>, finding: Finding) -> Finding {
    if let Some((_, hint)) = HINTS.iter().find(|(says, _)| finding.says.contains(says)) {
        return finding.hint(*hint);
    }
    if is_a_template(view, &finding.file) {
        return finding.hint(
            "`{{-` is of a template: Flux renders charts by a HelmRelease only; keep templates out of what it applies",
        );
    }
    finding.hint(
        "look at this line and the one above: the indentation, a quote or bracket that is not closed, a blank missing behind `:`, \
         a text that begins with a sign and needs quotes",
    )
}

/// Whether a file is a template of a chart: a line of it is nothing but an action.
fn is_a_template(view: &ClusterView<'_>, file: &str) -> bool {
    let Ok(Some(bytes)) = view.files.read(file) else { return false };
    String::from_utf8_lossy(&bytes).lines().any(|line| line.trim_start().starts_with("{{"))
}
