//! FW745 `dependency-kind`: an entry of `dependsOn` that has the name of an object of the other kind.

use super::dependencies::{Entry, both};
use super::lookup::{Names, full_name, hides, no_worse};
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, title};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW745",
        name: "dependency-kind",
        about: "A Kustomization that depends on the name of a HelmRelease, or the other way round.",
    },
    severity: Severity::Error,
    because: "a Kustomization depends on Kustomizations only and a HelmRelease on HelmReleases only, so it waits for one that never \
              comes (kustomize-controller docs/spec/v1/kustomizations.md, helm-controller docs/spec/v2/helmreleases.md, Dependencies)",
    explains: "Where there is an object of the right kind with that name, in the namespace that is looked in or in another, nothing is \
               said here. To wait for a HelmRelease, depend on the Kustomization that applies it, and give that one `wait: true` or a \
               health check of the release.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  dependsOn:
    - name: ingress # a HelmRelease of the Kustomization infrastructure
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
    - name: infrastructure # which has `wait: true`
  interval: 1h
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

/// Whether the name of an entry is one of the other kind, and not also one of its own kind in another namespace.
pub fn is_of_other_kind(entry: &Entry<'_>, own: &Names, other: &Names) -> bool {
    let there = own.has(entry.namespace, entry.name);
    let exactly = other.has(entry.namespace, entry.name);
    !there && (exactly || (own.namespace_of(entry.name).is_none() && other.namespace_of(entry.name).is_some()))
}

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let all = both(view);
    let mut found = Vec::new();
    for (of, other) in [(&all[0], &all[1]), (&all[1], &all[0])] {
        let named = of.entries.iter().filter(|entry| is_of_other_kind(entry, &of.there, &other.there));
        found.extend(named.map(|entry| finding(view, of.kind, other.kind, entry, &other.there)));
    }
    let hides = !found.is_empty() && hides(view);
    found.into_iter().map(|finding| no_worse(finding, hides, Severity::Warning)).collect()
}

fn finding(view: &ClusterView<'_>, kind: &str, other: &str, entry: &Entry<'_>, there: &Names) -> Finding {
    let exactly = there.has(entry.namespace, entry.name).then_some(entry.namespace);
    let namespace = exactly.or_else(|| there.namespace_of(entry.name)).unwrap_or_default();
    let who = title(entry.object.id);
    let says = format!(
        "{who} depends on {}, which is a {other} and no {kind}",
        full_name(if exactly.is_some() { entry.namespace } else { namespace }, entry.name)
    );
    Finding::on(entry.object.given, says).at(&entry.pointer).hint(hint(view, other, namespace, entry))
}

/// What can be waited for instead: the Kustomization that applies the HelmRelease; or by what applies the one that is to wait. None
/// that is above the other, since that waits for what is below it.
fn hint(view: &ClusterView<'_>, other: &str, namespace: &str, entry: &Entry<'_>) -> String {
    let own = &entry.object;
    if other == "HelmRelease" {
        let by = view.get(other, namespace, entry.name).map(|release| release.by());
        if let Some(by) = by.filter(|by| **by != Owner::of(own.id) && !own.given.chain.contains(by)) {
            return format!("dependsOn:\n  - name: {}\n# and in Kustomization {by}:\nwait: true", by.name);
        }
        return "apply the HelmRelease by a Kustomization of its own with `wait: true`, and depend on that".to_owned();
    }
    let (by, first) = (own.by(), Owner { namespace: namespace.to_owned(), name: entry.name.to_owned() });
    let is_below = view.kustomization(&first).is_some_and(|it| it.chain.contains(by));
    if is_below {
        return "apply the HelmRelease by a Kustomization of its own, and have that one depend on it".to_owned();
    }
    format!("# in Kustomization {by}, which applies the HelmRelease:\ndependsOn:\n  - name: {}", entry.name)
}
