//! FW743 `dependency-on-itself`: an object that has itself in `dependsOn`.

use super::dependencies::both;
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW743",
        name: "dependency-on-itself",
        about: "A Flux Kustomization or HelmRelease that depends on itself.",
    },
    severity: Severity::Error,
    because: "it waits until it is ready itself before it begins, and so never does (kustomize-controller \
              docs/spec/v1/kustomizations.md, Dependencies)",
    explains: "Flux does not refuse it; the object stays `dependency not ready` for ever. A Kustomization and a HelmRelease of one name \
               are two things, and so are two objects of one name in two namespaces.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  dependsOn:
    - name: apps
  interval: 1h
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  dependsOn:
    - name: infrastructure
  interval: 1h
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let all = both(view);
    let itself = all.iter().flat_map(|of| of.entries.iter().filter(|entry| entry.is_itself()));
    let finding = |entry: &super::dependencies::Entry<'_>| {
        let says = format!("{} depends on itself", title(entry.object.id));
        Finding::on(entry.object.given, says).at(&entry.pointer).hint("take the entry out")
    };
    itself.map(finding).collect()
}
