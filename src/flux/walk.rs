//! The walk through a repo, as Flux goes: from where it begins ([`Entry`]) to a folder's kustomization or the one that Flux would
//! generate, to what that lists, to the Flux Kustomizations of the same repo in it and their folders.
//!
//! In: the files of a repo, wherever they are ([`Files`]). Out: the applied set.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::applied::{
    Applied, Applier, BOOTSTRAP, Object, Opaque, Owner, is_kustomization, is_remote, own_repository, prunes,
};
use super::folder::{KUSTOMIZATION_FILES, generated_resources, join, path_from};
use crate::error::Failure;
use crate::tree::{self, ObjectId, is_in, object_id, text_at};

/// The API group of a kustomization, which is no object.
const KUSTOMIZE_GROUP: &str = "kustomize.config.k8s.io";
/// What bootstrap writes: Flux itself, some ten thousand lines. It is kept as itself; nobody else writes it.
const COMPONENTS: &str = "/flux-system/gotk-components.yaml";
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
        // The Kustomization of the root has the name of its source.
        Ok(Entry { owner: own_repository(), folder: tree.to_owned(), prunes: true })
    }

    fn in_sync(document: &Value, tree: &str) -> Option<Entry> {
        let id = object_id(document).filter(is_kustomization)?;
        let folder = path_from("", text_at(document, &["spec", "path"]).unwrap_or_default())?;
        let covers = folder.is_empty() || is_in(tree, &folder);
        covers.then(|| Entry { owner: Owner::of(&id), folder, prunes: prunes(document) })
    }
}

/// The documents of a file; nothing if it cannot be read.
type Documents = Option<Vec<Arc<Value>>>;

/// Files that were read already, with their bytes: two sets of one repo have most of them in common.
#[derive(Debug, Default)]
pub struct Parsed(BTreeMap<String, (Vec<u8>, Documents)>);

impl Parsed {
    /// The documents of a file with these bytes.
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
        let root = Applier {
            by: None,
            prunes: entry.prunes,
            deletes: entry.prunes,
            kept: false,
            source: Some(own_repository()),
            folder: Some(entry.folder.clone()),
            may_differ: false,
            seen: false,
        };
        let mut applied = Applied::default();
        applied.appliers.insert(entry.owner.clone(), root);
        let mut applied = walk(files, parsed, applied, vec![entry.owner.clone()])?;
        let Some(before) = before else { return Ok(applied) };
        let left = before.appliers.iter().filter(|(owner, _)| !applied.applies(owner));
        let stays: Vec<_> = left.filter(|(owner, _)| before.outlives(owner, &applied)).collect();
        let begun = stays.iter().map(|(owner, _)| (*owner).clone()).collect();
        applied.appliers.extend(
            stays.into_iter().map(|(owner, applier)| (owner.clone(), Applier { seen: false, ..applier.clone() })),
        );
        walk(files, parsed, applied, begun)
    }
}

/// Goes through what the Kustomizations in `begun` apply, and adds it.
///
/// # Errors
/// What the files' place says.
fn walk(files: &dyn Files, parsed: &mut Parsed, applied: Applied, begun: Vec<Owner>) -> Result<Applied, Failure> {
    let mut walk = Walk { files, parsed, applied, open: begun, around: Vec::new(), through: None };
    walk.all()?;
    Ok(walk.applied)
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
            if let Some(folder) = self.applied.folder_of(&owner) {
                self.applied.begun.insert(owner.clone());
                let seen = self.folder(&owner, &folder)?;
                if let Some(applier) = self.applied.appliers.get_mut(&owner) {
                    applier.seen = seen;
                }
            }
            if self.open.is_empty() {
                // A source that was only found now may be this repo under another name.
                self.open = self.applied.newly_of_this_repo();
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
            self.entry(owner, &path, folder)?;
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
                Some(path) => self.entry(owner, &path, file)?,
                None => self.keep_listed(owner, &resource, file),
            }
        }
        self.around.pop();
        self.through = outer;
        Ok(())
    }

    /// A file or a folder that is listed in a file.
    fn entry(&mut self, owner: &Owner, path: &str, listed_in: &str) -> Result<(), Failure> {
        if let Some(bytes) = self.files.read(path)? {
            self.file(owner, path, &bytes);
            return Ok(());
        }
        if let Some(file) = self.kustomization_of(path)? {
            return self.kustomization(owner, path, &file);
        }
        self.keep_listed(owner, path, listed_in);
        Ok(())
    }

    fn file(&mut self, owner: &Owner, path: &str, bytes: &[u8]) {
        self.applied.reached.insert((owner.clone(), path.to_owned()));
        let documents = if path.ends_with(COMPONENTS) { None } else { self.parsed.documents(path, bytes) };
        let objects = documents.as_deref().and_then(objects);
        match objects {
            Some(objects) => objects.into_iter().for_each(|(id, document)| self.object(owner, path, id, document)),
            None => self.keep(owner, path, bytes.to_owned()),
        }
    }

    fn object(&mut self, owner: &Owner, path: &str, id: ObjectId, document: Arc<Value>) {
        if is_kustomization(&id) {
            let nested = Owner::of(&id);
            if !self.applied.applies(&nested) {
                self.applied.appliers.insert(nested.clone(), Applier::of(owner, &nested, &document));
                self.open.push(nested);
            }
        }
        let (by, file, through) = (owner.clone(), path.to_owned(), self.through.clone());
        self.applied.objects.push(Object { id, by, file, through, document });
    }

    /// Keeps a file that is there as itself. Within a kustomization that is kept itself nothing more is.
    fn keep(&mut self, owner: &Owner, file: &str, content: Vec<u8>) {
        if self.through.is_none() {
            let (entry, listed_in) = (file.to_owned(), file.to_owned());
            self.applied.opaque.insert(Opaque { by: owner.clone(), entry, listed_in, content });
        }
    }

    /// The same for what is elsewhere or not there, and only listed.
    fn keep_listed(&mut self, owner: &Owner, entry: &str, listed_in: &str) {
        if self.through.is_none() {
            let (entry, listed_in) = (entry.to_owned(), listed_in.to_owned());
            self.applied.opaque.insert(Opaque { by: owner.clone(), entry, listed_in, content: Vec::new() });
        }
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
