//! What an object needs to be there first, and what it makes possible, read off the object itself; and how that is said in words.
//!
//! A capability is a text: `crd:<group>/<kind>`, `namespace:<name>`, `store:<kind>/[<namespace>/]<name>`,
//! `secret:<namespace>/<name>`, `csi:<driver>`, `storageclass:<name>`, `snapshotclass:<name>`, `ingressclass:<name>`,
//! `gatewayclass:<name>`, `controller:<group>`, `controller:loadbalancer`, `node-initialized`. The same texts stand in component.yaml, for what
//! no object of ours shows. Only conflicts have `node-os:<family>` and `default:storage-class`.

use serde_json::Value;

use crate::catalog::apis::Apis;
use crate::profile::rules::is_clusters_own;
use crate::tree::{ObjectId, text_at};

/// The capability that a cloud controller has told Kubernetes which machine each node is, and taken the node's taint away.
pub const INITIALIZED: &str = "node-initialized";

/// Something that must be there first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The capability.
    pub capability: String,
    /// What needs it, for a reason that a person reads.
    pub what: String,
    /// Whether the cluster may have it from elsewhere: then it only orders.
    pub optional: bool,
}

/// What one object needs.
pub fn needs_of(id: &ObjectId, object: &Value, apis: &Apis) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut need = |capability: String, optional: bool| needs.push(Need { capability, what: id.to_string(), optional });
    let flux = apis.origin(&id.group, &id.kind) == Some("flux");
    if !apis.is_built_in(&id.group) && !flux {
        need(format!("crd:{}/{}", id.group, id.kind), false);
    }
    if let Some(namespace) = id.namespace.as_deref().filter(|namespace| !is_clusters_own(namespace)) {
        need(format!("namespace:{namespace}"), false);
    }
    match id.kind.as_str() {
        "ExternalSecret" => {
            let kind = text_at(object, &["spec", "secretStoreRef", "kind"]).unwrap_or("SecretStore");
            if let Some(name) = text_at(object, &["spec", "secretStoreRef", "name"]) {
                need(store(kind, id.namespace.as_deref(), name), false);
            }
        }
        "StorageClass" => {
            text_at(object, &["provisioner"]).into_iter().for_each(|driver| need(format!("csi:{driver}"), true));
        }
        "VolumeSnapshotClass" => {
            text_at(object, &["driver"]).into_iter().for_each(|driver| need(format!("csi:{driver}"), true));
        }
        "PersistentVolumeClaim" => {
            if let Some(class) = text_at(object, &["spec", "storageClassName"]) {
                need(format!("storageclass:{class}"), true);
            }
        }
        "Ingress" => {
            ingress_class(object).into_iter().for_each(|class| need(format!("ingressclass:{class}"), true));
        }
        "Gateway" => {
            let class = text_at(object, &["spec", "gatewayClassName"]);
            class.into_iter().for_each(|class| need(format!("gatewayclass:{class}"), true));
        }
        "VolumeSnapshot" => {
            need("controller:snapshot.storage.k8s.io".to_owned(), true);
            if let Some(class) = text_at(object, &["spec", "volumeSnapshotClassName"]) {
                need(format!("snapshotclass:{class}"), true);
            }
        }
        "HelmRelease" => {
            if let Some(namespace) =
                text_at(object, &["spec", "targetNamespace"]).filter(|namespace| !is_clusters_own(namespace))
            {
                need(format!("namespace:{namespace}"), false);
            }
            let own = id.namespace.as_deref().unwrap_or_default();
            for from in object.pointer("/spec/valuesFrom").and_then(Value::as_array).into_iter().flatten() {
                if let (Some("Secret"), Some(name)) = (text_at(from, &["kind"]), text_at(from, &["name"])) {
                    need(format!("secret:{own}/{name}"), true);
                }
            }
        }
        _ => {}
    }
    needs
}

/// What one object makes possible.
pub fn provides_of(id: &ObjectId, object: &Value) -> Vec<String> {
    let namespace = id.namespace.as_deref();
    match id.kind.as_str() {
        "Namespace" => vec![format!("namespace:{}", id.name)],
        "CustomResourceDefinition" => {
            let group = text_at(object, &["spec", "group"]).unwrap_or_default();
            let kind = text_at(object, &["spec", "names", "kind"]).unwrap_or_default();
            vec![format!("crd:{group}/{kind}")]
        }
        "SecretStore" | "ClusterSecretStore" => vec![store(&id.kind, namespace, &id.name)],
        "Secret" => vec![format!("secret:{}/{}", namespace.unwrap_or_default(), id.name)],
        "ExternalSecret" => {
            let name = text_at(object, &["spec", "target", "name"]).unwrap_or(&id.name);
            vec![format!("secret:{}/{name}", namespace.unwrap_or_default())]
        }
        "StorageClass" => vec![format!("storageclass:{}", id.name)],
        "IngressClass" => vec![format!("ingressclass:{}", id.name)],
        "GatewayClass" => vec![format!("gatewayclass:{}", id.name)],
        "VolumeSnapshotClass" => vec![format!("snapshotclass:{}", id.name)],
        _ => Vec::new(),
    }
}

/// A capability in words.
pub fn described(kind: &str, name: &str) -> String {
    match kind {
        "crd" => format!("the CRD of {name}"),
        "namespace" => format!("the namespace {name}"),
        "csi" => format!("the CSI driver {name}"),
        "controller" if name == "loadbalancer" => "a controller of load balancers".to_owned(),
        "controller" => format!("the controller of {name}"),
        "store" => format!("the store {name}"),
        "secret" => format!("the Secret {name}"),
        "storageclass" => format!("the storage class {name}"),
        "ingressclass" => format!("the ingress class {name}"),
        "gatewayclass" => format!("the gateway class {name}"),
        "snapshotclass" => format!("the snapshot class {name}"),
        "node-os" => format!("{name} nodes"),
        "default" => format!("a default {}", name.replace('-', " ")),
        INITIALIZED => "nodes that a cloud controller has initialized".to_owned(),
        "profile" => format!("the section `{name}` of the profile"),
        _ => format!("{kind}:{name}"),
    }
}

/// A whole capability in words.
pub fn described_whole(capability: &str) -> String {
    let (kind, name) = capability.split_once(':').unwrap_or((capability, ""));
    described(kind, name)
}

/// The class of an Ingress, said by its field or by the annotation of before Kubernetes 1.18
/// (kubernetes.io, Ingress: deprecated annotation).
fn ingress_class(object: &Value) -> Option<&str> {
    let annotation = || text_at(object, &["metadata", "annotations", "kubernetes.io/ingress.class"]);
    text_at(object, &["spec", "ingressClassName"]).or_else(annotation)
}

fn store(kind: &str, namespace: Option<&str>, name: &str) -> String {
    match (kind, namespace) {
        ("SecretStore", Some(namespace)) => format!("store:SecretStore/{namespace}/{name}"),
        _ => format!("store:{kind}/{name}"),
    }
}
