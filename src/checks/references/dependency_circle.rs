//! FW744 `dependency-circle`: Flux objects that wait for each other.

use super::dependencies::{Dependents, Entry, both, circles};
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::Owner;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW744",
        name: "dependency-circle",
        about: "Flux Kustomizations or HelmReleases that depend on each other in a circle.",
    },
    severity: Severity::Error,
    because: "Flux does not refuse a circle: each of them waits until the next is ready, and none is ever applied \
              (kustomize-controller docs/spec/v1/kustomizations.md, Dependencies)",
    explains: "A circle is said once, at its first member by name, with all who are in it. Of several circles \
               through one object the shortest is said. That what one of them applies needs something of another does \
               not count here; that is `circle-of-kinds`.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  dependsOn:
    - name: databases # which depends on apps
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
    - name: databases # which depends on nothing of this
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
    let of_kind = |of: &Dependents<'_>| -> Vec<Finding> {
        circles(of).iter().filter_map(|circle| finding(of.kind, circle)).collect()
    };
    all.iter().flat_map(of_kind).collect()
}

fn finding(kind: &str, circle: &[&Entry<'_>]) -> Option<Finding> {
    let first = circle.first()?;
    let name = |entry: &&Entry<'_>| match kind {
        "Kustomization" => Owner::of(entry.object.id).to_string(),
        _ => format!("{}/{}", entry.object.namespace(), entry.object.id.name),
    };
    let mut names: Vec<String> = circle.iter().map(name).collect();
    names.extend(names.first().cloned());
    let says = format!("{kind}s depend on each other in a circle: {}", names.join(" → "));
    let others = circle.iter().skip(1).map(|entry| format!("{} is in {}", name(entry), entry.object.given.file));
    let hint = format!("take one of these entries out; {}", others.collect::<Vec<_>>().join(", "));
    Some(Finding::on(first.object.given, says).at(&first.pointer).hint(hint))
}
