//! FW749 `missing-store`: a store of External Secrets that is named and not there, or that does not let a namespace in.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lookup::{Names, full_name, hides, is_name, no_worse, walk};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW749",
        name: "missing-store",
        about: "A secretStoreRef to a store that nothing in the repo makes, or that does not let the namespace in.",
    },
    severity: Severity::Warning,
    because: "without its store an ExternalSecret makes no Secret, and what needs that does not start (external-secrets \
              docs/api/externalsecret.md)",
    explains: "Without a `kind` a SecretStore of the own namespace is meant. A ClusterSecretStore with `conditions` is for the namespaces \
               that fit one of them; where these are all given by name, and this one is not among them, that is said, too.",
    wrong: "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: database
  namespace: apps
spec:
  secretStoreRef:
    name: main # a ClusterSecretStore
  dataFrom:
    - extract:
        key: database
",
    right: "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: database
  namespace: apps
spec:
  secretStoreRef:
    kind: ClusterSecretStore
    name: main
  dataFrom:
    - extract:
        key: database
",
    check: Check::Cluster(find),
};

/// Kind and path of what names a store.
const PLACES: [(&str, &str); 8] = [
    ("ExternalSecret", "spec/secretStoreRef"),
    ("ExternalSecret", "spec/data[]/sourceRef/storeRef"),
    ("ExternalSecret", "spec/dataFrom[]/sourceRef/storeRef"),
    ("ClusterExternalSecret", "spec/externalSecretSpec/secretStoreRef"),
    ("ClusterExternalSecret", "spec/externalSecretSpec/data[]/sourceRef/storeRef"),
    ("ClusterExternalSecret", "spec/externalSecretSpec/dataFrom[]/sourceRef/storeRef"),
    ("PushSecret", "spec/secretStoreRefs[]"),
    ("ClusterPushSecret", "spec/pushSecretSpec/secretStoreRefs[]"),
];

/// The stores that are there.
struct Stores<'a> {
    of_namespace: Names,
    of_cluster: BTreeMap<&'a str, Object<'a>>,
}

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let stores = Stores {
        of_namespace: Names::of(view.of("external-secrets.io", "SecretStore")),
        of_cluster: view.of("external-secrets.io", "ClusterSecretStore").map(|it| (it.id.name.as_str(), it)).collect(),
    };
    let mut hidden = None;
    let mut found = Vec::new();
    for (kind, path) in PLACES {
        for object in view.of("external-secrets.io", kind) {
            for (at, reference) in walk(object.value(), path) {
                let Some(finding) = finding(object, &at, reference, &stores) else { continue };
                let less_is_known = *hidden.get_or_insert_with(|| hides(view)) || !object.given.certain;
                found.push(no_worse(finding, less_is_known, Severity::Note));
            }
        }
    }
    found
}

fn finding(object: Object<'_>, at: &str, reference: &Value, stores: &Stores<'_>) -> Option<Finding> {
    let name = text_at(reference, &["name"]).filter(|name| is_name(name))?;
    let kind = text_at(reference, &["kind"]).unwrap_or("SecretStore");
    let of_cluster = stores.of_cluster.get(name);
    match (kind, of_cluster) {
        ("ClusterSecretStore", Some(store)) => shut_out(object, at, *store),
        ("ClusterSecretStore", None) => Some(missing(object, at, kind, name, stores)),
        ("SecretStore", _) => {
            // What is made in several namespaces may find it in each.
            let any = object.namespace().is_empty() && stores.of_namespace.namespace_of(name).is_some();
            let there = any || stores.of_namespace.has(object.namespace(), name);
            (!there).then(|| missing(object, at, kind, name, stores))
        }
        _ => None,
    }
}

fn missing(object: Object<'_>, at: &str, kind: &str, name: &str, stores: &Stores<'_>) -> Finding {
    let namespace = if kind == "SecretStore" { object.namespace() } else { "" };
    let what = full_name(namespace, name);
    let says = format!("{} reads {kind} {what}, which nothing in the repo makes", title(object.id));
    let of_cluster = || crate::problem::nearest(name, stores.of_cluster.keys().copied());
    let hint = if kind == "SecretStore" && stores.of_cluster.contains_key(name) {
        format!("secretStoreRef:\n  kind: ClusterSecretStore\n  name: {name}")
    } else if kind != "SecretStore" && stores.of_namespace.has(object.namespace(), name) {
        format!("secretStoreRef:\n  kind: SecretStore\n  name: {name}")
    } else if let Some(other) = stores.of_namespace.namespace_of(name) {
        format!("SecretStore {other}/{name} is there, for its own namespace only")
    } else if let Some(near) = of_cluster() {
        format!("secretStoreRef:\n  kind: ClusterSecretStore\n  name: {near}")
    } else {
        let of_namespace = if namespace.is_empty() { String::new() } else { format!("--namespace {namespace} ") };
        format!("kubectl {of_namespace}get {} {name}   # is it in the cluster?", kind.to_lowercase())
    };
    Finding::on(object.given, says).at(format!("{at}/name")).hint(hint)
}

/// The namespaces of a condition that has nothing but their names.
fn names_only(condition: &Value) -> Option<&Vec<Value>> {
    let open = ["namespaceSelector", "namespaceRegexes"].iter().any(|key| condition.get(key).is_some());
    condition.get("namespaces").and_then(Value::as_array).filter(|_| !open)
}

/// A store that says which namespaces it is for, and does not say this one.
fn shut_out(object: Object<'_>, at: &str, store: Object<'_>) -> Option<Finding> {
    let conditions = store.list("/spec/conditions");
    let lists: Vec<&Vec<Value>> = conditions.iter().map(names_only).collect::<Option<_>>()?;
    let namespace = object.namespace();
    let lets_in = lists.iter().any(|names| names.iter().any(|name| name.as_str() == Some(namespace)));
    if lists.is_empty() || lets_in || namespace.is_empty() || !store.given.certain {
        return None;
    }
    let says = format!("ClusterSecretStore {} does not let in the namespace of {}", store.id.name, title(object.id));
    let hint = format!("in {}:\nconditions:\n  - namespaces:\n      - {namespace}", store.given.file);
    let because = "a ClusterSecretStore refuses whoever is in a namespace that fits none of its `conditions` \
                   (external-secrets docs/api/clustersecretstore.md)";
    Some(Finding::on(object.given, says).at(format!("{at}/name")).because(because).hint(hint))
}
