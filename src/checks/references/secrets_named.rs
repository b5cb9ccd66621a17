//! Where objects name Secrets.

use serde_json::Value;

use super::lookup::{Reference, is_name, mappings, target_of, walk};
use super::pods::pods;
use super::secrets_made::is_certified;
use crate::checks::view::{ClusterView, Object};
use crate::tree::text_at;

/// Group, kind and path of what names a Secret: a text, or a mapping with `name` or `secretName`.
const PLACES: &[(&str, &str, &str)] = &[
    ("source.toolkit.fluxcd.io", "GitRepository", "spec/secretRef"),
    ("source.toolkit.fluxcd.io", "GitRepository", "spec/proxySecretRef"),
    ("source.toolkit.fluxcd.io", "GitRepository", "spec/verify/secretRef"),
    ("source.toolkit.fluxcd.io", "HelmRepository", "spec/secretRef"),
    ("source.toolkit.fluxcd.io", "HelmRepository", "spec/certSecretRef"),
    ("source.toolkit.fluxcd.io", "OCIRepository", "spec/secretRef"),
    ("source.toolkit.fluxcd.io", "OCIRepository", "spec/certSecretRef"),
    ("source.toolkit.fluxcd.io", "OCIRepository", "spec/proxySecretRef"),
    ("source.toolkit.fluxcd.io", "OCIRepository", "spec/verify/secretRef"),
    ("source.toolkit.fluxcd.io", "OCIRepository", "spec/verify/trustedRootSecretRef"),
    ("source.toolkit.fluxcd.io", "Bucket", "spec/secretRef"),
    ("source.toolkit.fluxcd.io", "Bucket", "spec/certSecretRef"),
    ("source.toolkit.fluxcd.io", "Bucket", "spec/proxySecretRef"),
    ("source.toolkit.fluxcd.io", "HelmChart", "spec/verify/secretRef"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "spec/chart/spec/verify/secretRef"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "spec/kubeConfig/secretRef"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "spec/valuesFrom[]"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "spec/decryption/secretRef"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "spec/kubeConfig/secretRef"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "spec/postBuild/substituteFrom[]"),
    ("notification.toolkit.fluxcd.io", "Provider", "spec/secretRef"),
    ("notification.toolkit.fluxcd.io", "Provider", "spec/certSecretRef"),
    ("notification.toolkit.fluxcd.io", "Provider", "spec/proxySecretRef"),
    ("notification.toolkit.fluxcd.io", "Receiver", "spec/secretRef"),
    ("image.toolkit.fluxcd.io", "ImageRepository", "spec/secretRef"),
    ("image.toolkit.fluxcd.io", "ImageRepository", "spec/certSecretRef"),
    ("image.toolkit.fluxcd.io", "ImageUpdateAutomation", "spec/git/commit/signingKey/secretRef"),
    ("fluxcd.controlplane.io", "FluxInstance", "spec/sync/pullSecret"),
    ("external-secrets.io", "PushSecret", "spec/selector/secret"),
    ("cert-manager.io", "Issuer", "spec/ca/secretName"),
    ("networking.k8s.io", "Ingress", "spec/tls[]"),
    ("gateway.networking.k8s.io", "Gateway", "spec/listeners[]/tls/certificateRefs[]"),
    ("", "ServiceAccount", "imagePullSecrets[]"),
    ("", "PersistentVolume", "spec/csi/nodeStageSecretRef"),
    ("", "PersistentVolume", "spec/csi/nodePublishSecretRef"),
    ("", "PersistentVolume", "spec/csi/controllerExpandSecretRef"),
];

/// The same in what a pod is told.
const OF_PODS: &[&str] = &[
    "imagePullSecrets[]",
    "containers[]/env[]/valueFrom/secretKeyRef",
    "containers[]/envFrom[]/secretRef",
    "initContainers[]/env[]/valueFrom/secretKeyRef",
    "initContainers[]/envFrom[]/secretRef",
    "volumes[]/secret",
    "volumes[]/projected/sources[]/secret",
    "volumes[]/csi/nodePublishSecretRef",
];

/// Group, kind and path of a part in which every mapping with a `name` and a `key` is one of a Secret.
const KEYS: &[(&str, &str, &str)] = &[
    ("external-secrets.io", "SecretStore", "/spec/provider"),
    ("external-secrets.io", "ClusterSecretStore", "/spec/provider"),
    ("cert-manager.io", "Issuer", "/spec"),
    ("cert-manager.io", "ClusterIssuer", "/spec"),
];

/// What charts call the value that names a Secret which is there already.
const EXISTING: [&str; 2] = ["existingSecret", "existingSecretName"];

/// Every Secret that an object names and cannot do without.
pub fn all<'a>(view: &'a ClusterView<'_>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    for (group, kind, path) in PLACES {
        for object in view.of(group, kind).filter(|object| !is_certified(*object)) {
            let named = walk(object.value(), path).into_iter();
            found.extend(named.filter_map(|(at, value)| reference(object, &at, value, object.namespace())));
        }
    }
    for (object, pointer, pod) in pods(view) {
        for (at, value) in OF_PODS.iter().flat_map(|path| walk(pod, path)) {
            found.extend(reference(object, &format!("{pointer}{at}"), value, object.namespace()));
        }
    }
    for (group, kind, pointer) in KEYS {
        found.extend(view.of(group, kind).flat_map(|object| in_keys(object, pointer)));
    }
    found.extend(view.of_kind("HelmRelease").flat_map(in_values));
    found
}

/// What a text or a mapping names; nothing if it may be missing, or is no Secret.
fn reference<'a>(object: Object<'a>, pointer: &str, value: &Value, namespace: &str) -> Option<Reference<'a>> {
    let text = |key: &str| text_at(value, &[key]);
    let optional = value.get("optional") == Some(&Value::Bool(true));
    if optional || text("kind").is_some_and(|kind| kind != "Secret") {
        return None;
    }
    let key = ["name", "secretName"].into_iter().find(|key| text(key).is_some());
    let name = value.as_str().or_else(|| text(key?)).filter(|name| is_name(name))?;
    let namespace = text("namespace").unwrap_or(namespace).to_owned();
    let pointer = key.map_or_else(|| pointer.to_owned(), |key| format!("{pointer}/{key}"));
    Some(Reference { object, pointer, namespace, name: name.to_owned() })
}

/// The keys of Secrets that a store or an issuer reads. One for the whole cluster says the namespace of a store's Secret, or reads
/// it where whoever uses it is; an issuer's is in the namespace of its controller.
fn in_keys<'a>(object: Object<'a>, pointer: &str) -> Vec<Reference<'a>> {
    let Some(part) = object.value().pointer(pointer) else { return Vec::new() };
    let by_user = object.id.kind == "ClusterSecretStore";
    let named = |(at, value): (String, &Value)| {
        let has = |key: &str| text_at(value, &[key]).is_some();
        let is_key = has("name") && has("key") && text_at(value, &["type"]) != Some("ConfigMap");
        let known = !by_user || has("namespace");
        (is_key && known).then(|| reference(object, &at, value, object.namespace())).flatten()
    };
    mappings(pointer, part).into_iter().filter_map(named).collect()
}

/// The Secrets that the values of a HelmRelease say are there already.
fn in_values(release: Object<'_>) -> Vec<Reference<'_>> {
    let (Some(values), Some(namespace)) = (release.value().pointer("/spec/values"), target_of(release)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (at, map) in mappings("/spec/values", values) {
        if map.get("enabled") == Some(&Value::Bool(false)) {
            continue;
        }
        for key in EXISTING {
            let said = map.get(key).filter(|value| value.is_string());
            found.extend(said.and_then(|value| reference(release, &format!("{at}/{key}"), value, namespace)));
        }
        for (place, value) in walk(map, "imagePullSecrets[]") {
            found.extend(reference(release, &format!("{at}{place}"), value, namespace));
        }
    }
    found
}
