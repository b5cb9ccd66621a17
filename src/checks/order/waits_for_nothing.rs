//! FW764 `waits-for-nothing`: what others depend on is ready as soon as it is applied, whether it works or not.

use std::collections::BTreeMap;

use super::waiting::by_owner;
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object, Order, depends_on};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, is_kustomization, title};
use crate::flux::given::FluxKustomization;
use crate::problem::{Code, Severity};
use serde_json::Value;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW764",
        name: "waits-for-nothing",
        about: "A Kustomization that others depend on, and that is ready before what it applies works.",
    },
    severity: Severity::Warning,
    because: "without `wait` and `healthChecks` a Kustomization is Ready once its objects are applied, so what depends on it may come \
              before they work (kustomize-controller docs/spec/v1/kustomizations.md)",
    explains: "It counts where something has to work first: a release, a workload, another Kustomization, a custom resource that has a \
               status, or whatever another repository brings. Namespaces, ConfigMaps, CRDs, sources, classes and RBAC are as they \
               should be once they are applied. A Kustomization that depends on the one above it cannot have that wait, since the \
               two would wait for each other; of that nothing is said. Nor where `readyExpr` says what is waited for.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: database
  namespace: flux-system
spec:
  interval: 1h
  path: ./infra/database
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: database
  namespace: flux-system
spec:
  interval: 1h
  path: ./infra/database
  prune: true
  wait: true
  timeout: 10m
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

/// Kinds of Kubernetes that may be there and not work.
const WORKLOADS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];
/// Groups whose objects have no status that says whether they work.
const SILENT_GROUPS: [&str; 3] = ["monitoring.coreos.com", "traefik.io", "metallb.io"];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let mut waiting: BTreeMap<Owner, Vec<&Owner>> = BTreeMap::new();
    for (owner, it) in view.kustomizations() {
        for first in named_without_expression(owner, it) {
            if view.order(&first, owner) == Order::Waits && !it.chain.contains(&first) {
                waiting.entry(first).or_default().push(owner);
            }
        }
    }
    let objects = by_owner(view);
    let one = |(first, waiting): (&Owner, &Vec<&Owner>)| {
        let it = view.kustomization(first).filter(|_| !view.waits_for_health(first))?;
        finding(view, first, it, waiting, objects.get(first).map_or(&[], Vec::as_slice))
    };
    waiting.iter().filter_map(one).collect()
}

/// What a Kustomization depends on, and has no expression of its own for.
fn named_without_expression(owner: &Owner, it: &FluxKustomization) -> Vec<Owner> {
    let entries = it.document.pointer("/spec/dependsOn").and_then(Value::as_array).into_iter().flatten();
    let with = |entry: &&Value| entry.get("readyExpr").is_none();
    entries
        .filter(with)
        .flat_map(|entry| depends_on(owner, &serde_json::json!({"spec": {"dependsOn": [entry]}})))
        .collect()
}

fn finding(
    view: &ClusterView<'_>,
    first: &Owner,
    it: &FluxKustomization,
    waiting: &[&Owner],
    objects: &[Object<'_>],
) -> Option<Finding> {
    let what = match objects.iter().filter(|object| has_to_work(view, **object)).collect::<Vec<_>>()[..] {
        [] if it.elsewhere => "what comes from elsewhere".to_owned(),
        [] => return None,
        [one] => title(one.id),
        [one, ref more @ ..] => format!("{} and {} more", title(one.id), more.len()),
    };
    let who = match waiting {
        [] => return None,
        [one] => format!("{one} depends"),
        [one, other] => format!("{one} and {other} depend"),
        [one, more @ ..] => format!("{one} and {} more depend", more.len()),
    };
    let says = format!("{who} on Kustomization {first}, which does not wait for {what}");
    Some(
        Finding::on_kustomization(it, says)
            .at("/metadata/name")
            .hint(format!("# in Kustomization {first}\nspec:\n  wait: true")),
    )
}

/// Whether an object may be there and not work yet.
fn has_to_work(view: &ClusterView<'_>, object: Object<'_>) -> bool {
    let (group, kind) = (object.id.group.as_str(), object.id.kind.as_str());
    if kind == "HelmRelease" || is_kustomization(object.id) || WORKLOADS.contains(&kind) {
        return true;
    }
    if view.known.apis.is_built_in(group) || group.ends_with(".toolkit.fluxcd.io") || SILENT_GROUPS.contains(&group) {
        return false;
    }
    let row = view.known.apis.kind(group, kind);
    row.map_or(!kind.ends_with("Class"), |row| {
        row.ready.is_some() || row.expect.as_deref().is_some_and(|expected| expected != "there")
    })
}
