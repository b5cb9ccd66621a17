//! What an object needs beside the CRD of its kind, and what of the repo makes that.
//!
//! In: the objects of a cluster. Out: needs, each with the place where it stands and with what makes it. Only what fails or is not
//! ready without it is a need here. Not here: in which order they come.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::checks::view::{ClusterView, Object};
use crate::flux::applied::{Owner, title};
use crate::plan::needs::{described_whole, needs_of};
use crate::tree::text_at;

/// The kinds of things that releases read charts from.
const SOURCES: [&str; 6] =
    ["HelmRepository", "GitRepository", "OCIRepository", "Bucket", "HelmChart", "ExternalArtifact"];

/// Something that an object needs.
#[derive(Debug, Clone)]
pub struct Need<'v> {
    /// What it is.
    pub sort: Sort,
    /// What it is, in words.
    pub what: String,
    /// Where the object says so.
    pub pointer: String,
    /// What makes it, by what applies that.
    pub makers: Vec<(&'v Owner, Object<'v>)>,
}

/// The sorts of needs, by what happens without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// The namespace of the object: nothing of its Kustomization is applied.
    Namespace,
    /// The namespace of a release: it fails.
    Target,
    /// Values of a release: it fails.
    Values,
    /// The source of a chart: the release comes when that comes.
    Source,
    /// A release that a release depends on, the same.
    Release,
    /// The store of an `ExternalSecret`.
    Store,
    /// The account that a store uses.
    Account,
}

/// The objects by kind, namespace and name.
pub struct Index<'v> {
    view: &'v ClusterView<'v>,
    objects: BTreeMap<(&'v str, &'v str, &'v str), Object<'v>>,
}

impl<'v> Index<'v> {
    /// Of a cluster.
    pub fn new(view: &'v ClusterView<'v>) -> Index<'v> {
        let kinds = SOURCES.iter().copied().chain(["ConfigMap", "ServiceAccount", "HelmRelease"]);
        let key = |object: Object<'v>| ((object.id.kind.as_str(), object.namespace(), object.id.name.as_str()), object);
        Index { view, objects: kinds.flat_map(|kind| view.of_kind(kind)).map(key).collect() }
    }

    /// What an object needs and the repo has.
    pub fn needs(&self, object: Object<'v>) -> Vec<Need<'v>> {
        let mut needs = match object.id.kind.as_str() {
            "HelmRelease" => self.of_release(object),
            "SecretStore" | "ClusterSecretStore" => self.account(object).into_iter().collect(),
            _ => Vec::new(),
        };
        for need in needs_of(object.id, object.value(), &self.view.known.apis) {
            let own = format!("namespace:{}", object.namespace());
            let (sort, pointer) = match need.capability.split_once(':') {
                Some(("namespace", _)) if need.capability == own => (Sort::Namespace, "/metadata/namespace"),
                Some(("store", _)) => (Sort::Store, "/spec/secretStoreRef/name"),
                _ => continue,
            };
            needs.push(self.capability(sort, pointer, &need.capability));
        }
        needs.retain(|need| !need.makers.is_empty());
        needs
    }

    fn capability(&self, sort: Sort, pointer: &str, capability: &str) -> Need<'v> {
        let makers =
            self.view.providers(capability).into_iter().map(|provider| (provider.by, provider.object)).collect();
        Need { sort, what: described_whole(capability), pointer: pointer.to_owned(), makers }
    }

    fn object(&self, sort: Sort, pointer: &str, kind: &str, namespace: &str, name: &str) -> Option<Need<'v>> {
        let object = *self.objects.get(&(kind, namespace, name))?;
        Some(Need { sort, what: title(object.id), pointer: pointer.to_owned(), makers: vec![(object.by(), object)] })
    }

    fn of_release(&self, release: Object<'v>) -> Vec<Need<'v>> {
        let mut needs = Vec::new();
        let makes_it = release.value().pointer("/spec/install/createNamespace") == Some(&Value::Bool(true));
        let target = release.text(&["spec", "targetNamespace"]).filter(|target| *target != release.namespace());
        if let Some(target) = target.filter(|_| !makes_it) {
            needs.push(self.capability(Sort::Target, "/spec/targetNamespace", &format!("namespace:{target}")));
        }
        for (at, from) in release.list("/spec/valuesFrom").iter().enumerate() {
            needs.extend(self.values(release, at, from));
        }
        for path in ["/spec/chart/spec/sourceRef", "/spec/chartRef"] {
            needs.extend(release.value().pointer(path).and_then(|source| {
                let namespace = text_at(source, &["namespace"]).unwrap_or(release.namespace());
                let (kind, name) = (text_at(source, &["kind"])?, text_at(source, &["name"])?);
                self.object(Sort::Source, &format!("{path}/name"), kind, namespace, name)
            }));
        }
        for (at, other) in release.list("/spec/dependsOn").iter().enumerate() {
            let namespace = text_at(other, &["namespace"]).unwrap_or(release.namespace());
            let name = text_at(other, &["name"]).unwrap_or_default();
            needs.extend(self.object(
                Sort::Release,
                &format!("/spec/dependsOn/{at}/name"),
                "HelmRelease",
                namespace,
                name,
            ));
        }
        needs
    }

    fn values(&self, release: Object<'v>, at: usize, from: &Value) -> Option<Need<'v>> {
        if from.get("optional") == Some(&Value::Bool(true)) {
            return None;
        }
        let (kind, name) = (text_at(from, &["kind"])?, text_at(from, &["name"])?);
        let pointer = format!("/spec/valuesFrom/{at}/name");
        if kind == "Secret" {
            let capability = format!("secret:{}/{name}", release.namespace());
            return Some(self.capability(Sort::Values, &pointer, &capability));
        }
        self.object(Sort::Values, &pointer, kind, release.namespace(), name)
    }

    fn account(&self, store: Object<'v>) -> Option<Need<'v>> {
        let (pointer, account) = account_at(store.value().pointer("/spec/provider")?, "/spec/provider")?;
        let namespace = text_at(account, &["namespace"]).unwrap_or(store.namespace());
        let name = text_at(account, &["name"])?;
        self.object(Sort::Account, &format!("{pointer}/name"), "ServiceAccount", namespace, name)
    }
}

/// The first `serviceAccountRef` below a place.
fn account_at<'o>(value: &'o Value, pointer: &str) -> Option<(String, &'o Value)> {
    value.as_object()?.iter().find_map(|(key, inner)| {
        let pointer = format!("{pointer}/{key}");
        if key == "serviceAccountRef" { Some((pointer, inner)) } else { account_at(inner, &pointer) }
    })
}
