//! FW430 `cannot-build`: what kustomize or Flux refuses, and no other rule is about.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::CANNOT_BUILD,
    severity: Severity::Error,
    because: "kustomize, and so Flux, builds nothing of a Kustomization in which something is wrong",
    explains: "Folders are built as kustomize v5.8.1 does, which is the one of Flux 2.9: a key that a kustomization does not have, a patch that does not fit, two objects that become one, a component under `resources`.",
    wrong: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resource:
- app.yaml
",
    right: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- app.yaml
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let hint = "`kustomize build` of the folder says the same; correct this line";
    view.mistakes(Fault::Other).into_iter().map(|finding| finding.hint(hint)).collect()
}
