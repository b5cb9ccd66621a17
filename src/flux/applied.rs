//! The applied set: every object that Flux applies from a repo, and the Flux Kustomization that applies it.
//!
//! What cannot be resolved (a remote base, a kustomization that patches or
//! generates, a file that is no manifest) is kept as itself, as an [`Opaque`] entry with its bytes. What such a kustomization
//! lists is followed all the same, by the names that stand in the files: what leaves them leaves what it builds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::folder::path_from;
use crate::tree::{ObjectId, text_at};

/// The API group of Flux Kustomizations.
const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// Flux's annotation or label that keeps an object when it leaves the tree (kustomize-controller docs/spec/v1/kustomizations.md).
const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
/// The keys of a Flux Kustomization by which an object of its folder may become another one, or one of another cluster.
const CHANGES_WHO_IT_IS: [&str; 7] =
    ["targetNamespace", "namePrefix", "nameSuffix", "components", "patches", "postBuild", "kubeConfig"];
/// What `flux bootstrap` calls its folder, its namespace, its source and the Kustomization of the root.
pub(super) const BOOTSTRAP: &str = "flux-system";

/// A Flux Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Owner {
    /// The Kustomization of an object.
    pub fn of(id: &ObjectId) -> Owner {
        Owner { namespace: id.namespace.clone().unwrap_or_else(|| BOOTSTRAP.to_owned()), name: id.name.clone() }
    }

    /// As `--prune-ok` takes it.
    pub fn as_object(&self) -> String {
        format!("Kustomization.{FLUX_GROUP}/{}/{}", self.namespace, self.name)
    }
}

impl std::fmt::Display for Owner {
    /// Its name, with the namespace where that is not Flux's own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace == BOOTSTRAP {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// An object that is applied.
#[derive(Debug, Clone)]
pub struct Object {
    /// What it is.
    pub id: ObjectId,
    /// Who applies it.
    pub by: Owner,
    /// The file that it stands in.
    pub file: String,
    /// The kustomization that is not resolved and that it came through: what becomes of it there is not known.
    pub through: Option<String>,
    /// The object.
    pub document: Arc<Value>,
}

impl Object {
    /// Whether it says itself that it is not to be pruned.
    pub fn is_kept(&self) -> bool {
        is_kept(&self.document)
    }
}

/// An entry that is not resolved: still there with the same bytes is fine, and nothing more is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opaque {
    /// Who applies it.
    pub by: Owner,
    /// The file, or the address of a remote one.
    pub entry: String,
    /// The file that lists it, or itself.
    pub listed_in: String,
    /// Its bytes; none for a remote one.
    pub content: Vec<u8>,
}

impl Opaque {
    /// Whether it is a file of the repo that is listed and not there.
    pub fn is_missing_file(&self) -> bool {
        self.content.is_empty() && self.entry != self.listed_in && !is_remote(&self.entry)
    }
}

/// What is known of a Flux Kustomization.
#[derive(Debug, Clone)]
pub struct Applier {
    /// Who applies it; nobody applies the one where Flux begins.
    pub by: Option<Owner>,
    /// Whether objects that leave it are deleted.
    pub prunes: bool,
    /// Whether its objects are deleted when it goes itself.
    pub deletes: bool,
    /// Whether it says itself that it is not to be pruned.
    pub kept: bool,
    /// The GitRepository that it reads, if it reads one.
    pub(super) source: Option<Owner>,
    /// The folder in its source; none if it leads out of it.
    pub(super) folder: Option<String>,
    /// Whether an object that it applies may be another than the one in its folder: of another name or namespace, or in
    /// another cluster.
    pub may_differ: bool,
    /// Whether its source is this repo, and its folder was found.
    pub seen: bool,
}

impl Applier {
    /// What a Kustomization says of itself, applied by another.
    pub(super) fn of(by: &Owner, itself: &Owner, document: &Value) -> Applier {
        let spec = |key: &str| text_at(document, &["spec", key]);
        let source = |key: &str| text_at(document, &["spec", "sourceRef", key]);
        let namespace = source("namespace").unwrap_or(&itself.namespace).to_owned();
        let git = source("name").filter(|_| source("kind") == Some("GitRepository"));
        Applier {
            by: Some(by.clone()),
            prunes: prunes(document),
            deletes: deletes(document),
            kept: is_kept(document),
            source: git.map(|name| Owner { namespace, name: name.to_owned() }),
            folder: path_from("", spec("path").unwrap_or_default()),
            may_differ: CHANGES_WHO_IT_IS.iter().any(|key| document.pointer(&format!("/spec/{key}")).is_some()),
            seen: false,
        }
    }
}

/// What Flux applies from a repo.
#[derive(Debug, Default)]
pub struct Applied {
    /// Every object, once for each time that it is applied.
    pub objects: Vec<Object>,
    /// What was not resolved.
    pub opaque: BTreeSet<Opaque>,
    /// Every file and folder that was found, by who applies it.
    pub reached: BTreeSet<(Owner, String)>,
    /// The Flux Kustomizations.
    pub appliers: BTreeMap<Owner, Applier>,
    /// Those whose folders were looked at.
    pub(super) begun: BTreeSet<Owner>,
}

impl Applied {
    /// The folder that a Kustomization applies, if it is one of this repo.
    pub(super) fn folder_of(&self, owner: &Owner) -> Option<String> {
        let applier = self.appliers.get(owner)?;
        let of_this_repo = applier.source.as_ref().is_some_and(|source| self.is_this_repo(source));
        applier.folder.clone().filter(|_| of_this_repo)
    }

    /// The Kustomizations of this repo whose folders were not looked at, because their source was not known yet.
    pub(super) fn newly_of_this_repo(&self) -> Vec<Owner> {
        let looked_at = |owner: &Owner| self.begun.contains(owner);
        self.appliers.keys().filter(|owner| !looked_at(owner) && self.folder_of(owner).is_some()).cloned().collect()
    }

    /// Whether a GitRepository is the one that bootstrap made, or another of the same address and branch.
    fn is_this_repo(&self, source: &Owner) -> bool {
        if *source == own_repository() {
            return true;
        }
        let of = |source: &Owner| {
            let is_it = |object: &&Object| object.id.kind == "GitRepository" && Owner::of(&object.id) == *source;
            self.objects.iter().find(is_it).map(|object| {
                let url = text_at(&object.document, &["spec", "url"]).unwrap_or_default();
                (
                    url.trim_end_matches('/').trim_end_matches(".git").to_owned(),
                    object.document.pointer("/spec/ref").cloned(),
                )
            })
        };
        of(source).is_some_and(|there| of(&own_repository()) == Some(there))
    }

    /// The file that a Flux Kustomization stands in.
    pub fn file_of(&self, owner: &Owner) -> Option<&str> {
        let itself = |object: &&Object| is_kustomization(&object.id) && Owner::of(&object.id) == *owner;
        self.objects.iter().find(itself).map(|object| object.file.as_str())
    }

    /// Whether a Flux Kustomization is one of the set.
    pub fn applies(&self, owner: &Owner) -> bool {
        self.appliers.contains_key(owner)
    }

    /// Whether a Flux Kustomization is in the cluster, and goes on, once the repo is as in `after`: it is still there, it is
    /// kept, or the one that applied it does not delete it.
    pub(super) fn outlives(&self, owner: &Owner, after: &Applied) -> bool {
        let Some(applier) = self.appliers.get(owner).filter(|_| !after.applies(owner)) else { return true };
        applier.kept || applier.by.as_ref().is_none_or(|by| !self.takes_away(by, self.outlives(by, after)))
    }

    /// Whether a Flux Kustomization deletes what leaves it, if it goes on, or what it applied, if it goes itself.
    pub fn takes_away(&self, owner: &Owner, goes_on: bool) -> bool {
        self.appliers.get(owner).is_none_or(|applier| if goes_on { applier.prunes } else { applier.deletes })
    }

    /// The Flux Kustomizations above one, itself first.
    pub fn chain<'a>(&'a self, owner: &'a Owner) -> Vec<&'a Owner> {
        let mut chain = vec![owner];
        while let Some(by) = chain.last().and_then(|last| self.appliers.get(*last)?.by.as_ref()) {
            if chain.contains(&by) {
                break;
            }
            chain.push(by);
        }
        chain
    }
}

/// The GitRepository that bootstrap makes.
pub(super) fn own_repository() -> Owner {
    Owner { namespace: BOOTSTRAP.to_owned(), name: BOOTSTRAP.to_owned() }
}

/// Whether a Kustomization deletes what leaves it.
pub fn prunes(kustomization: &Value) -> bool {
    kustomization.pointer("/spec/prune") == Some(&Value::Bool(true))
}

/// Whether a Kustomization that goes deletes what it applied; as it prunes, if it does not say (kustomize-controller
/// docs/spec/v1/kustomizations.md).
pub fn deletes(kustomization: &Value) -> bool {
    match text_at(kustomization, &["spec", "deletionPolicy"]) {
        Some("Orphan") => false,
        Some("Delete" | "WaitForTermination") => true,
        _ => prunes(kustomization),
    }
}

/// Whether an object says that it is not to be pruned.
pub fn is_kept(document: &Value) -> bool {
    let said = |part: &str| document.pointer(&format!("/metadata/{part}")).and_then(|map| text_at(map, &[PRUNE]));
    ["annotations", "labels"].into_iter().filter_map(said).any(|it| it.eq_ignore_ascii_case("disabled"))
}

/// Whether an object is a Flux Kustomization.
pub fn is_kustomization(id: &ObjectId) -> bool {
    id.kind == "Kustomization" && id.group == FLUX_GROUP
}

/// Whether a resource is an address (kubernetes-sigs/kustomize api/internal/git/repospec.go).
pub fn is_remote(resource: &str) -> bool {
    resource.contains("://")
        || resource.contains("?ref=")
        || resource.starts_with("git@")
        || resource.starts_with("github.com")
}
