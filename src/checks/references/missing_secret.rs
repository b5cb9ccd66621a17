//! FW747 `missing-secret`: a Secret that is named and that nothing in the repo makes.

use super::lookup::{Reference, at_places, by_name, full_name};
use super::secrets_made::Made;
use super::secrets_named::all;
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW747",
        name: "missing-secret",
        about: "A Secret that something needs and that nothing in the repo makes.",
    },
    severity: Severity::Note,
    because: "most Secrets are rightly not in git; whoever makes the cluster anew has to make this one by hand, or what names it does \
              not start",
    explains: "One note for each Secret, at the first place that names it. What counts as there: a Secret in the repo, also an encrypted \
               one or one of a `secretGenerator`; what an ExternalSecret, a SealedSecret, a Certificate and their like make; what may \
               come of an object of a kind that is not known and that it is called after; and the Secret of the root's source, \
               which `flux bootstrap` makes. A reference that is `optional` needs none. It is never more than a note. To have it made in \
               the cluster, write an ExternalSecret or encrypt it with SOPS; to have it ignored, say why in a comment.",
    wrong: "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: charts
  namespace: apps
spec:
  interval: 1h
  url: oci://registry.example/charts
  secretRef:
    name: registry # made by hand
",
    right: "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: charts
  namespace: apps
spec:
  interval: 1h
  url: oci://registry.example/charts
  secretRef:
    name: registry
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: registry
  namespace: apps
spec:
  secretStoreRef:
    kind: ClusterSecretStore
    name: main
  dataFrom:
    - extract:
        key: registry
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let made = Made::of(view);
    let missing = all(view).into_iter().filter(|one| !made.has(&one.namespace, &one.name));
    by_name(missing.collect()).values().map(|(first, count)| finding(first, *count)).collect()
}

fn finding(first: &Reference<'_>, count: usize) -> Finding {
    let Reference { object, pointer, namespace, name } = first;
    let what = full_name(namespace, name);
    let says = format!("{} needs Secret {what}, which nothing in the repo makes{}", title(object.id), at_places(count));
    let namespace = if namespace.is_empty() { "…" } else { namespace };
    let hint = format!("kubectl --namespace {namespace} get secret {name}   # is it in the cluster?");
    Finding::on(object.given, says).at(pointer).hint(hint)
}
