//! What makes a Secret: the objects that are one, and those of which a controller makes one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::lookup::{Names, walk};
use crate::checks::view::{ClusterView, Object};
use crate::tree::text_at;

/// What makes a Secret in its own namespace: group, kind, and where its name stands; if it is not said there, it is the object's own.
///
/// Source: the API references of these controllers.
const MAKERS: [(&str, &str, &str); 15] = [
    ("", "Secret", "metadata/name"),
    ("external-secrets.io", "ExternalSecret", "spec/target/name"),
    ("bitnami.com", "SealedSecret", "spec/template/metadata/name"),
    ("cert-manager.io", "Certificate", "spec/secretName"),
    ("cert-manager.io", "Issuer", "spec/acme/privateKeySecretRef/name"),
    ("secrets.hashicorp.com", "VaultStaticSecret", "spec/destination/name"),
    ("secrets.hashicorp.com", "VaultDynamicSecret", "spec/destination/name"),
    ("secrets.hashicorp.com", "VaultPKISecret", "spec/destination/name"),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass", "spec/secretObjects[]/secretName"),
    ("k8s.bitwarden.com", "BitwardenSecret", "spec/secretName"),
    ("isindir.github.com", "SopsSecret", "spec/secretTemplates[]/name"),
    ("spv.no", "AzureKeyVaultSecret", "spec/output/secret/name"),
    ("secrets.doppler.com", "DopplerSecret", "spec/managedSecret/name"),
    ("secrets.infisical.com", "InfisicalSecret", "spec/managedSecretReference/secretName"),
    ("secrets.infisical.com", "InfisicalSecret", "spec/managedKubeSecretReferences[]/secretName"),
];

/// The annotations by which a Secret or ConfigMap is copied into other namespaces.
const COPIED: [&str; 3] = [
    "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
    "replicator.v1.mittwald.de/replicate-to",
    "replicator.v1.mittwald.de/replicate-to-matching",
];

/// The annotations by which cert-manager makes the Secret that an Ingress or a Gateway names.
const CERTIFIED: [&str; 3] = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme"];

/// The Secrets that come of what a cluster is given.
pub struct Made<'a> {
    by_name: Names,
    /// Those that are made in namespaces which only the cluster knows.
    anywhere: BTreeSet<String>,
    /// Objects of kinds that are not known: their controllers may make Secrets that are called after them.
    unknown: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Made<'a> {
    /// Of a cluster.
    pub fn of(view: &'a ClusterView<'_>) -> Made<'a> {
        let mut made = Made { by_name: Names::default(), anywhere: BTreeSet::new(), unknown: BTreeSet::new() };
        for (group, kind, path) in MAKERS {
            view.of(group, kind).for_each(|object| made.add(object, path));
        }
        for object in view.of("external-secrets.io", "ClusterExternalSecret") {
            let target = object.text(&["spec", "externalSecretSpec", "target", "name"]);
            let name = target.or_else(|| object.text(&["spec", "externalSecretName"])).unwrap_or(&object.id.name);
            made.anywhere.insert(name.to_owned());
        }
        for issuer in view.of("cert-manager.io", "ClusterIssuer") {
            made.anywhere.extend(issuer.text(&["spec", "acme", "privateKeySecretRef", "name"]).map(str::to_owned));
        }
        let copied = view.of("", "Secret").filter(|object| is_copied(*object));
        made.anywhere.extend(copied.map(|object| object.id.name.clone()));
        made.unknown = view.objects().filter(|object| is_unknown(view, *object)).map(name_of).collect();
        made.bootstrap(view);
        made
    }

    fn add(&mut self, object: Object<'_>, path: &str) {
        self.by_name.add(object.namespace(), &object.id.name);
        for (_, name) in walk(object.value(), path) {
            name.as_str().into_iter().for_each(|name| self.by_name.add(object.namespace(), name));
        }
        if is_copied(object) {
            self.anywhere.insert(object.id.name.clone());
        }
    }

    /// What `flux bootstrap` makes for the source of the root; of a source that stands in the repo, it is the one that it names.
    fn bootstrap(&mut self, view: &ClusterView<'_>) {
        let owner = view.start.owner();
        let said = |key: &str| text_at(&view.start.kustomization, &["spec", "sourceRef", key]);
        let (namespace, name) = (said("namespace").unwrap_or(&owner.namespace), said("name").unwrap_or(&owner.name));
        self.by_name.add(namespace, name);
        let source = said("kind").and_then(|kind| view.get(kind, namespace, name));
        let secret = source.and_then(|source| source.text(&["spec", "secretRef", "name"]));
        secret.into_iter().for_each(|secret| self.by_name.add(namespace, secret));
    }

    /// Whether a Secret is there, or something that may make it; in any namespace, if none is said.
    pub fn has(&self, namespace: &str, name: &str) -> bool {
        let anywhere = namespace.is_empty() && self.by_name.namespace_of(name).is_some();
        anywhere || self.by_name.has(namespace, name) || self.anywhere.contains(name) || self.may_come(namespace, name)
    }

    fn may_come(&self, namespace: &str, name: &str) -> bool {
        let own = self.unknown.range((namespace, "")..).take_while(|(in_namespace, _)| *in_namespace == namespace);
        own.map(|(_, known)| *known)
            .any(|known| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    }
}

fn name_of(object: Object<'_>) -> (&str, &str) {
    (object.namespace(), &object.id.name)
}

/// Whether an object is of a kind that neither Kubernetes nor the table of kinds has.
pub fn is_unknown(view: &ClusterView<'_>, object: Object<'_>) -> bool {
    let apis = &view.known.apis;
    !apis.is_built_in(&object.id.group) && apis.kind(&object.id.group, &object.id.kind).is_none()
}

/// Whether a Secret or ConfigMap, or what makes one, says that it is copied into other namespaces.
pub fn is_copied(object: Object<'_>) -> bool {
    let template = object.value().pointer("/spec/target/template").or_else(|| object.value().pointer("/spec/template"));
    let places = [Some(object.value()), template];
    let says = |at: &Value| COPIED.iter().any(|key| text_at(at, &["metadata", "annotations", key]).is_some());
    places.into_iter().flatten().any(says)
}

/// Whether cert-manager makes the Secrets that an Ingress or a Gateway names.
pub fn is_certified(object: Object<'_>) -> bool {
    CERTIFIED.iter().any(|key| object.text(&["metadata", "annotations", key]).is_some())
}
