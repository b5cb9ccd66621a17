//! FW727 `outside-repo`: a path that leads out of the repo.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code { id: "FW727", name: "outside-repo", about: "A path that leads out of the repo." },
    severity: Severity::Error,
    because: "Flux has the repo and nothing else, so that a build that leaves it fails (kustomize-controller docs/spec/v1/kustomizations.md)",
    explains: "It may work with `kustomize build` on a machine where something stands beside the repo. A base outside of the folder, but inside of the repo, is right.",
    wrong: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../../other-repo/app
",
    right: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base/app
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let hint = "bring it into the repo; or name another repository by its address:\nresources:\n- https://example.com/repo//folder?ref=v1.0.0";
    view.mistakes(Fault::Outside).into_iter().map(|finding| finding.hint(hint)).collect()
}
