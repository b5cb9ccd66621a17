//! The applied set: every object that Flux applies from a repo, and the Flux Kustomization that applies it.
//!
//! It is followed from where Flux begins ([`Entry`]): a kustomization's list, or the one that Flux would generate; files;
//! nested Flux Kustomizations of the same repo. What cannot be resolved (a remote base, a kustomization that patches or
//! generates, a file that is no manifest) is kept as itself, as an [`Opaque`] entry with its bytes. What such a kustomization
//! lists is followed all the same, by the names that stand in the files: what leaves them leaves what it builds.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::folder::{KUSTOMIZATION_FILES, generated_resources, join};
use crate::error::Failure;
use crate::tree::{self, ObjectId, is_in, object_id, text_at};

/// The API group of Flux Kustomizations.
const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// The API group of a kustomization, which is no object.
const KUSTOMIZE_GROUP: &str = "kustomize.config.k8s.io";
/// Flux's annotation or label that keeps an object when it leaves the tree (kustomize-controller docs/spec/v1/kustomizations.md).
const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
/// What `flux bootstrap` calls its folder, its namespace, its source and the Kustomization of the root.
const BOOTSTRAP: &str = "flux-system";
/// What bootstrap writes: Flux itself, some ten thousand lines. It is kept as itself; nobody else writes it.
const COMPONENTS: &str = "gotk-components.yaml";
/// The keys of a kustomization that leave the objects in its list what they are, by name and namespace.
const PLAIN_KEYS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "sortOptions",
    "buildMetadata",
];

/// The files of a repo, by their paths from its root.
pub trait Files {
    /// The bytes of a file; nothing if there is none.
    ///
    /// # Errors
    /// What the system or git says.
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure>;

    /// The paths of all files below a folder.
    ///
    /// # Errors
    /// What the system or git says.
    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure>;
}

/// A Flux Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Owner {
    fn of(id: &ObjectId) -> Owner {
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
    /// Whether it says itself that it is not to be pruned.
    pub kept: bool,
    /// The kustomization that is not resolved and that it came through: what becomes of it there is not known.
    pub through: Option<String>,
    /// The object.
    pub document: Arc<Value>,
}

/// An entry that is not resolved: still there with the same bytes is fine, and nothing more is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opaque {
    /// Who applies it.
    pub by: Owner,
    /// The file, or the address of a remote one.
    pub entry: String,
    /// Its bytes; none for a remote one.
    pub content: Vec<u8>,
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
    /// The folder of this repo that it applies; none if that is elsewhere.
    pub folder: Option<String>,
    /// Whether the folder was found.
    pub seen: bool,
}

/// Where Flux begins to read a repo.
#[derive(Debug, Clone)]
pub struct Entry {
    owner: Owner,
    folder: String,
    prunes: bool,
}

impl Entry {
    /// The Kustomization that bootstrap wrote for the folder `tree` or one around it; before bootstrap, the one that it
    /// will write for `tree`.
    ///
    /// # Errors
    /// What the files' place says.
    pub fn of(files: &dyn Files, tree: &str) -> Result<Entry, Failure> {
        let above = tree.match_indices('/').map(|(at, _)| &tree[..at]).rev();
        for folder in std::iter::once(tree).chain(above).chain([""]) {
            let sync = join(folder, &format!("{BOOTSTRAP}/gotk-sync.yaml"));
            let Some(bytes) = files.read(&sync)? else { continue };
            let found =
                tree::documents(&sync, &bytes).unwrap_or_default().iter().find_map(|it| Entry::in_sync(it, tree));
            if let Some(entry) = found {
                return Ok(entry);
            }
        }
        let owner = Owner { namespace: BOOTSTRAP.to_owned(), name: BOOTSTRAP.to_owned() };
        Ok(Entry { owner, folder: tree.to_owned(), prunes: true })
    }

    fn in_sync(document: &Value, tree: &str) -> Option<Entry> {
        let id = object_id(document).filter(is_kustomization)?;
        let folder = path_from("", text_at(document, &["spec", "path"]).unwrap_or_default())?;
        let covers = folder.is_empty() || is_in(tree, &folder);
        covers.then(|| Entry { owner: Owner::of(&id), folder, prunes: prunes(document) })
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

/// The documents of a file; nothing if it cannot be read.
type Documents = Option<Vec<Arc<Value>>>;

/// Files that were read already, with their bytes: two sets of one repo have most of them in common.
#[derive(Debug, Default)]
pub struct Parsed(BTreeMap<String, (Vec<u8>, Documents)>);

impl Parsed {
    fn documents(&mut self, path: &str, bytes: &[u8]) -> Documents {
        match self.0.get(path) {
            Some((known, documents)) if known == bytes => documents.clone(),
            _ => {
                let documents =
                    tree::documents(path, bytes).map(|all| all.into_iter().map(Arc::new).collect::<Vec<_>>());
                self.0.insert(path.to_owned(), (bytes.to_owned(), documents.clone()));
                documents
            }
        }
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
    pub fn of(
        files: &dyn Files,
        entry: &Entry,
        before: Option<&Applied>,
        parsed: &mut Parsed,
    ) -> Result<Applied, Failure> {
        let mut walk =
            Walk { files, parsed, applied: Applied::default(), open: Vec::new(), around: Vec::new(), through: None };
        let root = Applier {
            by: None,
            prunes: entry.prunes,
            deletes: entry.prunes,
            kept: false,
            folder: Some(entry.folder.clone()),
            seen: false,
        };
        walk.applied.appliers.insert(entry.owner.clone(), root);
        walk.open.push(entry.owner.clone());
        walk.all()?;
        if let Some(before) = before {
            let left = before.appliers.iter().filter(|(owner, _)| !walk.applied.applies(owner));
            let stays: Vec<_> = left.filter(|(owner, _)| before.outlives(owner, &walk.applied)).collect();
            for (owner, applier) in stays {
                walk.applied.appliers.insert(owner.clone(), Applier { seen: false, ..applier.clone() });
                walk.open.push(owner.clone());
            }
        }
        walk.all()?;
        Ok(walk.applied)
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

struct Walk<'a> {
    files: &'a dyn Files,
    parsed: &'a mut Parsed,
    applied: Applied,
    /// Kustomizations whose folders are still to be looked at.
    open: Vec<Owner>,
    /// The kustomizations around the one that is being read, so that a circle ends.
    around: Vec<String>,
    /// The outermost of these that is not resolved.
    through: Option<String>,
}

impl Walk<'_> {
    fn all(&mut self) -> Result<(), Failure> {
        while let Some(owner) = self.open.pop() {
            let Some(folder) = self.applied.appliers.get(&owner).and_then(|applier| applier.folder.clone()) else {
                continue;
            };
            let seen = self.folder(&owner, &folder)?;
            if let Some(applier) = self.applied.appliers.get_mut(&owner) {
                applier.seen = seen;
            }
        }
        Ok(())
    }

    /// What a Kustomization applies of a folder; whether there is such a folder.
    fn folder(&mut self, owner: &Owner, folder: &str) -> Result<bool, Failure> {
        if let Some(file) = self.kustomization_of(folder)? {
            self.kustomization(owner, folder, &file)?;
            return Ok(true);
        }
        let paths = self.files.below(folder)?;
        for path in generated_resources(&paths, folder) {
            self.entry(owner, &path)?;
        }
        Ok(!paths.is_empty())
    }

    fn kustomization_of(&self, folder: &str) -> Result<Option<String>, Failure> {
        for name in KUSTOMIZATION_FILES {
            let path = join(folder, name);
            if self.files.read(&path)?.is_some() {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// A kustomization of the repo: what it lists, and itself if that is not all that it does.
    fn kustomization(&mut self, owner: &Owner, folder: &str, file: &str) -> Result<(), Failure> {
        self.applied.reached.extend([folder, file].map(|path| (owner.clone(), path.to_owned())));
        let bytes = self.files.read(file)?.unwrap_or_default();
        let documents = self.parsed.documents(file, &bytes);
        let document = documents.as_deref().and_then(|all| if let [one] = all { Some(one) } else { None });
        let again = self.around.iter().any(|around| around == file);
        let resources = document.and_then(|document| listed(document)).filter(|_| !again);
        let plain = resources.is_some() && document.is_some_and(|document| is_plain(document));
        if !plain {
            self.keep(owner, file, bytes.into_owned());
        }
        let outer = self.through.clone();
        if !plain && outer.is_none() {
            self.through = Some(file.to_owned());
        }
        self.around.push(file.to_owned());
        for resource in resources.unwrap_or_default() {
            match path_from(folder, &resource).filter(|_| !is_remote(&resource)) {
                Some(path) => self.entry(owner, &path)?,
                None => self.keep(owner, &resource, Vec::new()),
            }
        }
        self.around.pop();
        self.through = outer;
        Ok(())
    }

    /// A file or a folder that is listed.
    fn entry(&mut self, owner: &Owner, path: &str) -> Result<(), Failure> {
        if let Some(bytes) = self.files.read(path)? {
            self.file(owner, path, &bytes);
            return Ok(());
        }
        if let Some(file) = self.kustomization_of(path)? {
            return self.kustomization(owner, path, &file);
        }
        self.keep(owner, path, Vec::new());
        Ok(())
    }

    fn file(&mut self, owner: &Owner, path: &str, bytes: &[u8]) {
        self.applied.reached.insert((owner.clone(), path.to_owned()));
        let bootstrap = path.ends_with(&format!("/{BOOTSTRAP}/{COMPONENTS}"));
        let documents = if bootstrap { None } else { self.parsed.documents(path, bytes) };
        let objects = documents.as_deref().and_then(objects);
        match objects {
            Some(objects) => objects.into_iter().for_each(|(id, document)| self.object(owner, path, id, document)),
            None => self.keep(owner, path, bytes.to_owned()),
        }
    }

    fn object(&mut self, owner: &Owner, path: &str, id: ObjectId, document: Arc<Value>) {
        let kept = is_kept(&document);
        if is_kustomization(&id) {
            let nested = Owner::of(&id);
            if !self.applied.applies(&nested) {
                let applier = Applier {
                    by: Some(owner.clone()),
                    prunes: prunes(&document),
                    deletes: deletes(&document),
                    kept,
                    folder: own_folder(&id, &document),
                    seen: false,
                };
                self.applied.appliers.insert(nested.clone(), applier);
                self.open.push(nested);
            }
        }
        let (by, file, through) = (owner.clone(), path.to_owned(), self.through.clone());
        self.applied.objects.push(Object { id, by, file, kept, through, document });
    }

    /// Within a kustomization that is kept itself nothing more is.
    fn keep(&mut self, owner: &Owner, entry: &str, content: Vec<u8>) {
        if self.through.is_some() {
            return;
        }
        self.applied.opaque.insert(Opaque { by: owner.clone(), entry: entry.to_owned(), content });
    }
}

/// The objects of a file, those of lists one by one; nothing if one of its documents is no object. A file of comments has none.
fn objects(documents: &[Arc<Value>]) -> Option<Vec<(ObjectId, Arc<Value>)>> {
    let mut objects = Vec::new();
    for document in documents {
        let items = document.get("items").and_then(Value::as_array);
        let list = items.filter(|_| text_at(document, &["kind"]).is_some_and(|kind| kind.ends_with("List")));
        if let Some(items) = list {
            for item in items {
                objects.push((object_id(item)?, Arc::new(item.clone())));
            }
        } else {
            objects.push((object_id(document)?, Arc::clone(document)));
        }
    }
    let manifest = |(id, _): &(ObjectId, Arc<Value>)| id.group != KUSTOMIZE_GROUP;
    objects.iter().all(manifest).then_some(objects)
}

/// Whether a kustomization does nothing that makes other objects of those that it lists.
fn is_plain(document: &Value) -> bool {
    let plain = |keys: &serde_json::Map<String, Value>| keys.keys().all(|key| PLAIN_KEYS.contains(&key.as_str()));
    document.as_object().is_some_and(plain) && text_at(document, &["kind"]) != Some("Component")
}

/// What a kustomization lists; nothing if that cannot be read.
fn listed(document: &Value) -> Option<Vec<String>> {
    let of = |key: &str| document.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let all = ["resources", "bases", "components"].into_iter().flat_map(of);
    all.map(|resource| resource.as_str().map(str::to_owned)).collect()
}

/// Whether a resource is an address (kubernetes-sigs/kustomize api/internal/git/repospec.go).
fn is_remote(resource: &str) -> bool {
    resource.contains("://")
        || resource.contains("?ref=")
        || resource.starts_with("git@")
        || resource.starts_with("github.com")
}

/// A relative path, seen from a folder; nothing if it leaves the repo.
fn path_from(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder that a Flux Kustomization applies, if it is one of this repo.
fn own_folder(id: &ObjectId, document: &Value) -> Option<String> {
    let source = |key: &str| text_at(document, &["spec", "sourceRef", key]);
    let own = id.namespace.as_deref();
    let ours = source("kind") == Some("GitRepository")
        && source("name") == Some(BOOTSTRAP)
        && source("namespace").or(own) == Some(BOOTSTRAP);
    ours.then(|| path_from("", text_at(document, &["spec", "path"]).unwrap_or_default())).flatten()
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
fn is_kept(document: &Value) -> bool {
    let said = |part: &str| document.pointer(&format!("/metadata/{part}")).and_then(|map| text_at(map, &[PRUNE]));
    ["annotations", "labels"].into_iter().filter_map(said).any(|it| it.eq_ignore_ascii_case("disabled"))
}

/// Whether an object is a Flux Kustomization.
pub fn is_kustomization(id: &ObjectId) -> bool {
    id.kind == "Kustomization" && id.group == FLUX_GROUP
}
