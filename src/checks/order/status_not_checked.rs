//! FW765 `status-not-checked`: a Kustomization that waits for objects that Flux takes for ready before they are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::waiting::{by_owner, looks_at, waits_for_all};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object, depends_on};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, title};
use crate::flux::given::FluxKustomization;
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW765",
        name: "status-not-checked",
        about: "A Kustomization that others depend on waits for kinds whose state Flux cannot see by itself.",
    },
    severity: Severity::Warning,
    because: "objects of this kind have no conditions at first, and Flux takes them for ready then: what depends on the Kustomization \
              comes before they work (fluxcd/pkg kstatus; their CRDs have no `observedGeneration`)",
    explains: "The kinds are those of External Secrets, VolumeSnapshot, and Gateway and GatewayClass, whose conditions are called \
               otherwise than Flux expects. `healthCheckExprs` says when they are ready; Flux knows it since 2.5. Where no other \
               Kustomization waits, nothing comes too early, and nothing is said.",
    wrong: "# ./secrets has an ExternalSecret, and Kustomization shop depends on this one
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: secrets
  namespace: flux-system
spec:
  interval: 1h
  path: ./secrets
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "# ./secrets has an ExternalSecret, and Kustomization shop depends on this one
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: secrets
  namespace: flux-system
spec:
  interval: 1h
  path: ./secrets
  prune: true
  wait: true
  healthCheckExprs:
    - apiVersion: external-secrets.io/v1
      kind: ExternalSecret
      current: has(status.conditions) && status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let waited: BTreeSet<Owner> =
        view.kustomizations().flat_map(|(owner, it)| depends_on(owner, &it.document)).collect();
    let objects = by_owner(view);
    let mut findings = Vec::new();
    for (owner, it) in view.kustomizations().filter(|(owner, _)| waited.contains(owner)) {
        let mut kinds: BTreeMap<&str, Vec<Object<'_>>> = BTreeMap::new();
        for object in objects.get(owner).into_iter().flatten().filter(|object| looks_at(owner, it, **object)) {
            kinds.entry(&object.id.kind).or_default().push(*object);
        }
        findings.extend(kinds.values().filter_map(|all| finding(view, owner, it, all)));
    }
    findings
}

fn finding(view: &ClusterView<'_>, owner: &Owner, it: &FluxKustomization, all: &[Object<'_>]) -> Option<Finding> {
    let object = all.first().filter(|object| !has_expression(it, **object))?;
    let ready = view.known.apis.kind(&object.id.group, &object.id.kind)?.ready.as_deref()?;
    let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
    let says =
        format!("Kustomization {owner} waits for {}{more}, which Flux takes for ready at once", title(object.id));
    let hint = format!(
        "# in Kustomization {owner}\nspec:\n  healthCheckExprs:\n    - apiVersion: {}\n      kind: {}\n      current: {ready}",
        object.text(&["apiVersion"])?,
        object.id.kind
    );
    let place = if waits_for_all(it) { "/spec/wait" } else { "/spec/healthChecks" };
    Some(Finding::on_kustomization(it, says).at(place).hint(hint))
}

/// Whether a Kustomization says when objects of the kind are ready; of the apiVersion only the group counts.
fn has_expression(it: &FluxKustomization, object: Object<'_>) -> bool {
    let expressions = it.document.pointer("/spec/healthCheckExprs").and_then(Value::as_array).into_iter().flatten();
    let group = |entry: &Value| {
        text_at(entry, &["apiVersion"]).and_then(|it| it.split_once('/')).map(|(group, _)| group.to_owned())
    };
    let kind = |entry: &Value| text_at(entry, &["kind"]).is_none_or(|kind| kind == object.id.kind);
    expressions.into_iter().any(|entry| kind(entry) && group(entry).as_deref() == Some(&object.id.group))
}
