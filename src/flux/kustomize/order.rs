//! The order in which kustomize prints objects: as they come, or by kinds.
//!
//! Source: kubernetes-sigs/kustomize api/internal/builtins/SortOrderTransformer.go at api v0.21.1.

use serde_json::Value;

use super::resource::{Gvk, Id, Resource, metadata_text, scalar_text};

const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts as `sortOptions` say, or by kinds if nothing is said.
///
/// # Errors
/// Options that kustomize does not have.
pub fn sort(objects: &mut [Resource], options: Option<&Value>) -> Result<(), String> {
    let text = |key: &str| options.and_then(|options| options.get(key)).map(scalar_text);
    match text("order").as_deref() {
        Some("fifo") => return Ok(()),
        Some("legacy") | None if options.is_none() || text("order").is_some() => {}
        _ => return Err("sortOptions: order is none of fifo and legacy".to_owned()),
    }
    let own = options.and_then(|options| options.get("legacySortOptions")).filter(|own| !own.is_null());
    let list = |key: &str, other: &[&str]| match own {
        Some(own) => own.get(key).and_then(Value::as_array).into_iter().flatten().map(scalar_text).collect(),
        None => other.iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    let (first, last) = (list("orderFirst", FIRST), list("orderLast", LAST));
    let place = |kind: &str| {
        let at = |list: &[String]| list.iter().position(|one| one == kind);
        match (at(&last), at(&first)) {
            (Some(at), _) => first.len() + 1 + at,
            (None, Some(at)) => at,
            (None, None) => first.len(),
        }
    };
    let key = |object: &Resource| {
        let id = object.id();
        (place(&id.gvk.kind), kind_text(&id.gvk), object_text(&id, &metadata_text(&object.value, "namespace")))
    };
    objects.sort_by_cached_key(key);
    Ok(())
}

fn kind_text(gvk: &Gvk) -> String {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    format!("{}_{}_{}", or(&gvk.group, "~G"), or(&gvk.version, "~V"), gvk.kind)
}

fn object_text(id: &Id, namespace: &str) -> String {
    format!("{}|{}", if namespace.is_empty() { "~X" } else { namespace }, id.name)
}
