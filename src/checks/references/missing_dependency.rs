//! FW742 `missing-dependency`: an entry of `dependsOn` that names nothing that is there.

use super::dependencies::{Entry, both};
use super::dependency_kind::is_of_other_kind;
use super::lookup::{Names, full_name, hides, no_worse};
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW742",
        name: "missing-dependency",
        about: "An entry of `dependsOn` that names nothing that is there.",
    },
    severity: Severity::Error,
    because: "Flux waits until everything in `dependsOn` is there and ready, so it never begins (kustomize-controller \
              docs/spec/v1/kustomizations.md, helm-controller docs/spec/v2/helmreleases.md, Dependencies)",
    explains: "A Flux Kustomization depends on Kustomizations and a HelmRelease on HelmReleases, in its own namespace if the entry says \
               none. If something is fetched that is not looked into, what is named may be among it, and this is a warning. A name of \
               the other kind is `dependency-kind`.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  dependsOn:
    - name: infra # which is called infrastructure
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
    let mut found = Vec::new();
    for (of, other) in [(&all[0], &all[1]), (&all[1], &all[0])] {
        let missing = |entry: &&Entry<'_>| {
            !of.there.has(entry.namespace, entry.name) && !is_of_other_kind(entry, &of.there, &other.there)
        };
        found.extend(of.entries.iter().filter(missing).map(|entry| finding(of.kind, entry, &of.there)));
    }
    let hides = !found.is_empty() && hides(view);
    found.into_iter().map(|finding| no_worse(finding, hides, Severity::Warning)).collect()
}

fn finding(kind: &str, entry: &Entry<'_>, there: &Names) -> Finding {
    let what = full_name(entry.namespace, entry.name);
    let says = format!("{} depends on {kind} {what}, which nothing in the repo makes", title(entry.object.id));
    let elsewhere = there.namespace_of(entry.name);
    let near = || there.nearest(entry.namespace, entry.name);
    let hint = match elsewhere {
        Some(namespace) => format!("dependsOn:\n  - name: {}\n    namespace: {namespace}", entry.name),
        None => near().map_or("take the entry out".to_owned(), |near| format!("dependsOn:\n  - name: {near}")),
    };
    Finding::on(entry.object.given, says).at(&entry.pointer).hint(hint)
}
