//! FW768 `cpi-deadlock`: what initializes the nodes waits for pods that no node takes before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::kinds::brought_by;
use super::waiting::by_owner;
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object, Order, depends_on};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, title};
use crate::plan::needs::INITIALIZED;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW768",
        name: "cpi-deadlock",
        about: "The cloud provider that initializes the nodes waits for pods that start on initialized nodes only.",
    },
    severity: Severity::Error,
    because: "a kubelet with `--cloud-provider=external` gives its node the taint node.cloudprovider.kubernetes.io/uninitialized, and \
              until the cloud provider takes it away no pod starts there that does not tolerate it (kubernetes.io, Cloud Controller \
              Manager Administration)",
    explains: "What initializes the nodes is a chart of the catalog that does, or a workload with the argument `--cloud-provider=…` that \
               tolerates the taint. What counts is what its Kustomization has to wait for until it works: releases and workloads \
               without the toleration, and ExternalSecrets and stores whose operator has none. Credentials of a cloud provider are \
               better made by hand, or encrypted with SOPS. That nodes start tainted is taken from something else that tolerates the \
               taint by its name, such as Flux itself. If Flux is seen not to, or if there are objects of EKS Anywhere, the nodes are \
               initialized before Flux comes, and nothing is said; if neither is seen it is a note.",
    wrong: "# ./operators has the HelmRelease of an operator that tolerates nothing, ./cloud-provider that of a cloud provider
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: cloud-provider
  namespace: flux-system
spec:
  dependsOn:
    - name: operators
  interval: 1h
  path: ./cloud-provider
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "# ./operators has the HelmRelease of an operator that tolerates nothing, ./cloud-provider that of a cloud provider
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: cloud-provider
  namespace: flux-system
spec:
  interval: 1h
  path: ./cloud-provider
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

/// The taint of a node that no cloud provider has seen yet.
const TAINT: &str = "node.cloudprovider.kubernetes.io/uninitialized";
/// Where EKS Anywhere's objects are: it initializes the nodes of its clusters itself.
const EKS_ANYWHERE: &str = "anywhere.eks.amazonaws.com";
/// What runs pods that a Kustomization waits for.
const WORKLOADS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];
/// What the pods of an operator have to make ready.
const SECRETS: [&str; 3] = ["ClusterSecretStore", "SecretStore", "ExternalSecret"];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let mut initializers: BTreeMap<&Owner, Object<'_>> =
        view.providers(INITIALIZED).into_iter().map(|provider| (provider.by, provider.object)).collect();
    for object in workloads(view).filter(|object| is_cloud_provider(*object)) {
        initializers.entry(object.by()).or_insert(object);
    }
    if initializers.is_empty() {
        return Vec::new();
    }
    let Some(shown) = starts_tainted(view, &initializers) else { return Vec::new() };
    let objects = by_owner(view);
    let all = initializers.iter().filter_map(|(owner, it)| deadlock(view, &objects, owner, *it));
    all.map(|finding| if shown { finding } else { finding.as_bad_as(Severity::Note) }).collect()
}

fn workloads<'v>(view: &'v ClusterView<'_>) -> impl Iterator<Item = Object<'v>> {
    WORKLOADS.iter().flat_map(|kind| view.of_kind(kind))
}

/// Whether the repo shows that nodes start tainted; nothing if it shows that they do not, or not any more when Flux comes.
fn starts_tainted(view: &ClusterView<'_>, initializers: &BTreeMap<&Owner, Object<'_>>) -> Option<bool> {
    if view.objects().any(|object| object.id.group == EKS_ANYWHERE) {
        return None;
    }
    let other = |object: &Object<'_>| !initializers.contains_key(object.by());
    let all = workloads(view).chain(view.of_kind("HelmRelease")).filter(other);
    if all.into_iter().any(|object| tolerates_by_name(object.value())) {
        return Some(true);
    }
    let namespace = view.start.owner().namespace;
    let is_fluxs = |object: Object<'_>| {
        object.namespace() == namespace
            && object.text(&["metadata", "labels", "app.kubernetes.io/part-of"]) == Some("flux")
            && !tolerates(object.value())
    };
    (!view.of_kind("Deployment").any(is_fluxs)).then_some(false)
}

/// Whether a workload or a release names the taint among its tolerations.
fn tolerates_by_name(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.get("key").and_then(Value::as_str) == Some(TAINT) || map.values().any(tolerates_by_name)
        }
        Value::Array(list) => list.iter().any(tolerates_by_name),
        _ => false,
    }
}

/// Whether a workload is a cloud controller for nodes that start tainted.
fn is_cloud_provider(object: Object<'_>) -> bool {
    let said = |container: &Value| {
        let all = ["command", "args"].into_iter().filter_map(|key| container.get(key)?.as_array()).flatten();
        all.filter_map(Value::as_str).any(|argument| argument.starts_with("--cloud-provider="))
    };
    tolerates(object.value()) && object.list("/spec/template/spec/containers").iter().any(said)
}

/// What is waited for first and does not start on such a node; a secret says more than the operator behind it.
fn deadlock(
    view: &ClusterView<'_>,
    objects: &BTreeMap<&Owner, Vec<Object<'_>>>,
    own: &Owner,
    initializer: Object<'_>,
) -> Option<Finding> {
    let waited = |owner: &&&Owner| view.order(owner, own) == Order::Waits && view.waits_for_health(owner);
    let before: Vec<Object<'_>> =
        objects.keys().filter(waited).filter_map(|owner| objects.get(*owner)).flatten().copied().collect();
    let (secrets, others): (Vec<_>, Vec<_>) =
        before.into_iter().partition(|object| SECRETS.contains(&object.id.kind.as_str()));
    let mut all = secrets.into_iter().chain(others);
    let (object, operator) = all.find_map(|object| Some((object, pending(view, object)?)))?;
    let it = view.kustomization(own)?;
    let needs = if object.id == operator.id { String::new() } else { format!(", which needs {}", title(operator.id)) };
    let says = format!(
        "{} initializes the nodes, and waits for {} of Kustomization {}{needs}, whose pods do not tolerate their taint",
        title(initializer.id),
        title(object.id),
        object.by()
    );
    let entry = depends_on(own, &it.document)
        .iter()
        .position(|first| first == object.by() || view.order(object.by(), first) == Order::Waits);
    let place = entry.map_or_else(|| "/spec/dependsOn".to_owned(), |at| format!("/spec/dependsOn/{at}/name"));
    let hint = format!(
        "# take the dependency out, or let the pods of {} tolerate it:\ntolerations:\n  - key: {TAINT}\n    operator: Exists",
        title(operator.id)
    );
    let finding = Finding::on_kustomization(it, says).at(place).hint(hint);
    Some(if is_sure(view, operator) { finding } else { finding.as_bad_as(Severity::Warning) })
}

/// What an object needs pods of that do not start on such a node: itself, or the release of its operator.
fn pending<'v>(view: &'v ClusterView<'_>, object: Object<'v>) -> Option<Object<'v>> {
    let kind = object.id.kind.as_str();
    let runs =
        kind == "HelmRelease" && view.brought_by_chart(object.value()).is_none_or(|brings| !brings.objects.is_empty());
    if runs || WORKLOADS.contains(&kind) {
        return (!tolerates(object.value())).then_some(object);
    }
    let operator = || brought_by(view, object).into_iter().find(|provider| provider.object.id.kind == "HelmRelease");
    SECRETS
        .contains(&kind)
        .then(operator)?
        .map(|provider| provider.object)
        .filter(|release| !tolerates(release.value()))
}

/// Whether it is known what the pods tolerate: a workload says it, and a release of a known chart, if all values are seen.
fn is_sure(view: &ClusterView<'_>, object: Object<'_>) -> bool {
    let is_release = object.id.kind == "HelmRelease";
    let unseen =
        object.value().pointer("/spec/valuesFrom").is_some() || view.brought_by_chart(object.value()).is_none();
    object.given.certain && !(is_release && unseen)
}

/// Whether the pods of a workload or of a release tolerate the taint, by any list of tolerations in it.
fn tolerates(value: &Value) -> bool {
    let tolerated = |entry: &Value| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        text("key").map_or(text("operator") == Some("Exists"), |key| key == TAINT)
    };
    match value {
        Value::Object(map) => map.iter().any(|(key, inner)| {
            let list = inner.as_array().filter(|_| key.to_lowercase().ends_with("tolerations"));
            list.is_some_and(|list| list.iter().any(tolerated)) || tolerates(inner)
        }),
        Value::Array(list) => list.iter().any(tolerates),
        _ => false,
    }
}
