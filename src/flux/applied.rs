//! The applied set: every object that Flux applies from a repo, as it is after kustomize and substitution, and the Flux Kustomization
//! that applies it.
//!
//! In: the files of a repo, and where Flux begins. Out: [`Applied`]. What is not resolved (a remote base, a chart, a file that is no
//! manifest) is kept as itself, as an [`Opaque`] entry with what stands there. Not here: what becomes of a difference (`compare`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::files::Files;
use super::folder::KUSTOMIZATION_FILES;
use super::given::{Everything, FluxKustomization, Given, everything, everything_and};
use super::kustomize::{self, Parsed};
use super::start::Start;
use crate::error::Failure;
use crate::tree::{ObjectId, object_id, text_at};

/// The API group of Flux Kustomizations.
const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// Flux's annotations or labels that keep an object when it leaves the tree, if one says `disabled` in any case
/// (kustomize-controller docs/spec/v1/kustomizations.md, and what its `prune` leaves out).
const KEPT: [&str; 2] = ["kustomize.toolkit.fluxcd.io/prune", "kustomize.toolkit.fluxcd.io/reconcile"];
/// What bootstrap writes: Flux itself, some ten thousand lines. It is kept as itself; nobody else writes it.
const COMPONENTS: &str = "/flux-system/gotk-components.yaml";
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

/// An object as a sentence names it: `HelmRelease apps/web`, a Flux Kustomization as its owner is named.
pub fn title(id: &ObjectId) -> String {
    match &id.namespace {
        _ if is_kustomization(id) => format!("Kustomization {}", Owner::of(id)),
        Some(namespace) => format!("{} {namespace}/{}", id.kind, id.name),
        None => format!("{} {}", id.kind, id.name),
    }
}

/// The same of an object that may be none.
pub fn title_of(object: &Value) -> String {
    object_id(object).map_or_else(|| "an object".to_owned(), |id| title(&id))
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
    /// Whether something that is not resolved may make another one of it.
    pub certain: bool,
    /// The object.
    pub document: Value,
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
    /// What stands there; nothing for a remote one.
    pub content: String,
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
    /// Whether its source is this repo, and its folder was found.
    pub seen: bool,
    /// Itself.
    document: Value,
}

impl Applier {
    fn of(it: &FluxKustomization) -> Applier {
        Applier {
            by: it.chain.iter().rev().nth(1).cloned(),
            prunes: prunes(&it.document),
            deletes: deletes(&it.document),
            kept: is_kept(&it.document),
            seen: it.folder.is_some(),
            document: it.document.clone(),
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
}

/// Files without what bootstrap writes of Flux itself.
struct WithoutComponents<'a>(&'a dyn Files);

impl Files for WithoutComponents<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        let bytes = self.0.read(path)?;
        Ok(if path.ends_with(COMPONENTS) { bytes.map(|_| Cow::Borrowed(&[][..])) } else { bytes })
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        self.0.below(folder)
    }
}

impl Applied {
    /// What Flux applies, from where it begins.
    ///
    /// `before` is what it applied until now: a Kustomization of that which stays in the cluster when it leaves the repo
    /// goes on applying its folder.
    ///
    /// # Errors
    /// What the files' place says.
    pub fn of(files: &dyn Files, start: &Start, before: Option<&Applied>, parsed: &Parsed) -> Result<Applied, Failure> {
        let built = WithoutComponents(files);
        let applied = Applied::found(files, everything(&built, start, parsed)?)?;
        let Some(before) = before else { return Ok(applied) };
        let left = before.appliers.iter().filter(|(owner, _)| !applied.applies(owner));
        let stays = left.filter(|(owner, _)| before.outlives(owner, &applied));
        let stays: Vec<(Owner, Value)> = stays.map(|(owner, it)| (owner.clone(), it.document.clone())).collect();
        if stays.is_empty() {
            return Ok(applied);
        }
        Applied::found(files, everything_and(&built, start, &stays, parsed)?)
    }

    fn found(files: &dyn Files, found: Everything) -> Result<Applied, Failure> {
        let mut applied = Applied::default();
        for (owner, it) in &found.kustomizations {
            applied.appliers.insert(owner.clone(), Applier::of(it));
            applied.reach(files, owner, it)?;
        }
        for (by, kustomize::Opaque { entry, listed_in, content }) in found.opaque {
            applied.opaque.insert(Opaque { by, entry, listed_in, content });
        }
        let object = |given: Given| {
            let Given { object: document, file, chain, certain, .. } = given;
            Some(Object { id: object_id(&document)?, by: chain.last()?.clone(), file, certain, document })
        };
        applied.objects = found.objects.into_iter().chain(found.repeated).filter_map(object).collect();
        Ok(applied)
    }

    /// Keeps the files of a Kustomization, and the folders that are taken whole.
    fn reach(&mut self, files: &dyn Files, owner: &Owner, it: &FluxKustomization) -> Result<(), Failure> {
        for path in &it.files {
            self.reached.insert((owner.clone(), path.clone()));
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            if KUSTOMIZATION_FILES.contains(&name) {
                self.reached.insert((owner.clone(), folder.to_owned()));
            }
            if path.ends_with(COMPONENTS) {
                let bytes = files.read(path)?.unwrap_or_default();
                let (entry, content) = (path.clone(), String::from_utf8_lossy(&bytes).into_owned());
                let (by, listed_in) = (owner.clone(), path.clone());
                self.opaque.insert(Opaque { by, entry, listed_in, content });
            }
        }
        Ok(())
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
    fn outlives(&self, owner: &Owner, after: &Applied) -> bool {
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
    let maps = ["annotations", "labels"].into_iter().filter_map(|part| document.get("metadata")?.get(part));
    let said = |map: &Value| {
        KEPT.iter().any(|key| text_at(map, &[key]).is_some_and(|said| said.eq_ignore_ascii_case("disabled")))
    };
    maps.into_iter().any(said)
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
