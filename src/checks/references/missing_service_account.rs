//! FW748 `missing-service-account`: a ServiceAccount that is named and that nothing in the repo makes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lookup::{
    Names, Reference, at_places, by_name, hides, is_called_after, is_name, mappings, no_worse, target_of, values_have,
    walk,
};
use super::pods::pods;
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW748",
        name: "missing-service-account",
        about: "A ServiceAccount that something runs as and that nothing in the repo makes.",
    },
    severity: Severity::Warning,
    because: "no pod is made and Flux applies nothing as an account that is not there (kubernetes.io, Configure Service Accounts for \
              Pods; kustomize-controller docs/spec/v1/kustomizations.md, Service Account)",
    explains: "It is looked for in the namespace of what names it. `default` is in every namespace, and those of Flux's controllers are \
               in the namespace of Flux. A chart may make it: nothing is said if one is installed into the namespace and the account is \
               called after it or stands in its values, and otherwise, with some chart in the namespace, it is a note. Subjects of role \
               bindings need not be there.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: team
  namespace: team
spec:
  serviceAccountName: flux # which nothing makes
  interval: 1h
  path: ./team
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
    namespace: flux-system
",
    right: "apiVersion: v1
kind: ServiceAccount
metadata:
  name: flux
  namespace: team
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: team
  namespace: team
spec:
  serviceAccountName: flux
  interval: 1h
  path: ./team
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
    namespace: flux-system
",
    check: Check::Cluster(find),
};

/// The path at which objects of Flux say it.
const OF_FLUX: [(&str, &str); 7] = [
    ("Kustomization", "spec/serviceAccountName"),
    ("Kustomization", "spec/decryption/serviceAccountName"),
    ("HelmRelease", "spec/serviceAccountName"),
    ("GitRepository", "spec/serviceAccountName"),
    ("OCIRepository", "spec/serviceAccountName"),
    ("ImageRepository", "spec/serviceAccountName"),
    ("Provider", "spec/serviceAccountName"),
];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let there = Names::of(view.of("", "ServiceAccount"));
    let flux = view.start.owner().namespace;
    let is_there = |one: &Reference<'_>| {
        let of_flux = one.namespace == flux && (one.name.ends_with("-controller") || one.name == "source-watcher");
        one.name == "default" || of_flux || there.has(&one.namespace, &one.name)
    };
    let missing = by_name(named(view).into_iter().filter(|one| !is_there(one)).collect());
    if missing.is_empty() {
        return Vec::new();
    }
    let hides = hides(view);
    let mut releases: BTreeMap<&str, Vec<Object<'_>>> = BTreeMap::new();
    for release in view.of_kind("HelmRelease") {
        target_of(release).into_iter().for_each(|target| releases.entry(target).or_default().push(release));
    }
    let finding = |(first, count): &(Reference<'_>, usize)| {
        let charts = releases.get(first.namespace.as_str()).map_or(&[][..], Vec::as_slice);
        let makes = |release: &Object<'_>| {
            is_called_after(view, *release, &first.name) || values_have(release.value(), &first.name)
        };
        let less_is_known = hides || !charts.is_empty() || !first.object.given.certain;
        (!charts.iter().any(makes)).then(|| no_worse(finding(first, *count, &there), less_is_known, Severity::Note))
    };
    missing.values().filter_map(finding).collect()
}

/// The accounts that objects name.
fn named<'a>(view: &'a ClusterView<'_>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    for (kind, path) in OF_FLUX {
        // In another cluster, the account is looked for there.
        let here = view.of_kind(kind).filter(|object| object.value().pointer("/spec/kubeConfig").is_none());
        for object in here.filter(|object| object.id.group.ends_with(".toolkit.fluxcd.io")) {
            let said = walk(object.value(), path).into_iter();
            found.extend(said.filter_map(|(at, name)| reference(object, at, object.namespace(), name.as_str()?)));
        }
    }
    for (object, pointer, pod) in pods(view) {
        let name = text_at(pod, &["serviceAccountName"]);
        let at = format!("{pointer}/serviceAccountName");
        found.extend(name.and_then(|name| reference(object, at, object.namespace(), name)));
    }
    for kind in ["SecretStore", "ClusterSecretStore"] {
        found.extend(view.of("external-secrets.io", kind).flat_map(of_store));
    }
    found
}

fn reference<'a>(object: Object<'a>, pointer: String, namespace: &str, name: &str) -> Option<Reference<'a>> {
    let known = is_name(name) && !namespace.is_empty() && is_name(namespace);
    known.then(|| Reference { object, pointer, namespace: namespace.to_owned(), name: name.to_owned() })
}

/// What a store reads as. One for the whole cluster without a namespace takes that of whoever uses it.
fn of_store(store: Object<'_>) -> Vec<Reference<'_>> {
    let Some(provider) = store.value().pointer("/spec/provider") else { return Vec::new() };
    let all = mappings("/spec/provider", provider).into_iter();
    let accounts = all.filter(|(at, _)| at.ends_with("/serviceAccountRef") || at.ends_with("/auth/serviceAccount"));
    let account = |(at, value): (String, &Value)| {
        let namespace = text_at(value, &["namespace"]).unwrap_or(store.namespace());
        reference(store, format!("{at}/name"), namespace, text_at(value, &["name"])?)
    };
    accounts.filter_map(account).collect()
}

fn finding(first: &Reference<'_>, count: usize, there: &Names) -> Finding {
    let Reference { object, pointer, namespace, name } = first;
    let who = title(object.id);
    let says =
        format!("{who} uses ServiceAccount {namespace}/{name}, which nothing in the repo makes{}", at_places(count));
    let hint = match there.nearest(namespace, name) {
        Some(near) => format!("{}: {near}", pointer.rsplit('/').next().unwrap_or_default()),
        None => {
            format!("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: {namespace}")
        }
    };
    Finding::on(object.given, says).at(pointer).hint(hint)
}
