//! FW431 `not-resolved`: what is not looked at here.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::NOT_RESOLVED,
    severity: Severity::Note,
    because: "what it brings may be what something else needs, so what is missing there is no error",
    explains: "Remote bases are not fetched, charts and plugins are not run, another repository that Flux reads is not opened, and what SOPS encrypted stays closed.",
    wrong: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- https://github.com/example/app//deploy?ref=v1.2.3
",
    right: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base/app
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.found.notes.iter().map(|note| Finding::of_note(note).through(view.chain_to(&note.file))).collect()
}
