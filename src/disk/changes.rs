//! What would have to be written so that a folder holds a tree, and what stands in the way.
//!
//! In: the tree that is wanted, and the folder as it stands. Out: each file to create, change or delete, and the files
//! that are not ours or were edited by hand. Nothing is written here, so `--check` and writing see the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::lock::{self, Lock};
use super::{Disk, Entry, said};
use crate::error::Error;
use crate::flux::KUSTOMIZATION_FILES;
use crate::tree::{self, File, Tree, TreePath};

/// What a folder is to hold.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The folder, below the root.
    pub path: &'a str,
    /// Its files.
    pub tree: &'a Tree,
    /// Files that are written where there is none.
    pub seeds: &'a Tree,
    /// Files of the tree that are the user's.
    pub unmanaged: &'a BTreeSet<String>,
    /// Files of the tree that another program writes, too: they are edited only if their objects are.
    pub rewritten: &'a BTreeSet<String>,
}

impl Wanted<'_> {
    /// What a file that another program has rewritten would be had we written the same; nothing for any other file.
    fn in_our_form(&self, path: &TreePath, there: &File, file: &File) -> Option<Vec<u8>> {
        let may_be = self.rewritten.contains(path.as_str());
        may_be.then(|| tree::in_our_form(path.as_str(), &there.bytes, &file.bytes)).flatten()
    }
}

/// A folder as it stands.
#[derive(Debug, Clone, Default)]
pub struct Today {
    /// Everything below it but what we left behind when we were stopped.
    pub entries: BTreeMap<String, Entry>,
    /// The same by their names in lower case.
    lower: BTreeMap<String, Vec<String>>,
    /// Files that we were writing when we were stopped.
    pub leftovers: Vec<String>,
    /// The lock.
    pub lock: Lock,
    /// The lock's bytes; none if there is no lock.
    pub lock_text: Option<String>,
    /// The bytes of the files that are ours or would be.
    pub files: Tree,
    /// The first part of the way to the folder that is no folder.
    pub blocked: Option<PathBuf>,
}

/// The ending of files that are being written.
pub const UNFINISHED: &str = ".fluxwright-tmp";

/// What is to be done, and what stands in the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are not there.
    pub created: Vec<TreePath>,
    /// Files that are ours and differ.
    pub changed: Vec<TreePath>,
    /// Files that are ours and that another program has rewritten; what they say is what they should.
    pub rewritten: Vec<TreePath>,
    /// Files that are ours and not wanted any more.
    pub deleted: Vec<TreePath>,
    /// Files that are ours and were edited since; wanted or not.
    pub edited: Vec<TreePath>,
    /// Those of `changed` and `deleted` whose edits are discarded.
    pub discarded: Vec<TreePath>,
    /// Paths where something stands that is not ours.
    pub foreign: Vec<TreePath>,
    /// Paths that would go through a link, or to a folder.
    pub blocked: Vec<String>,
    /// Files that the user keeps, and that are not there.
    pub missing: Vec<String>,
    /// Files to be written where there is none.
    pub seeded: Vec<TreePath>,
    /// The lock as it should be, if it is not.
    pub lock: Option<Lock>,
}

impl Today {
    /// Reads a folder for what is wanted of it.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(disk: &dyn Disk, root: &Path, wanted: &Wanted<'_>) -> Result<Today, Error> {
        let mut today = Today { blocked: blocked(disk, root, wanted.path)?, ..Today::default() };
        if today.blocked.is_some() {
            return Ok(today);
        }
        let folder = root.join(wanted.path);
        for (path, entry) in said("look through", &folder, disk.files_below(&folder))? {
            if path.ends_with(UNFINISHED) && path.rsplit('/').next().is_some_and(|name| name.starts_with('.')) {
                today.leftovers.push(path);
            } else {
                today.lower.entry(path.to_ascii_lowercase()).or_default().push(path.clone());
                today.entries.insert(path, entry);
            }
        }
        if today.entries.get(lock::NAME) == Some(&Entry::File) {
            let path = folder.join(lock::NAME);
            let bytes = said("read", &path, disk.read(&path))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            today.lock = Lock::read(&text);
            today.lock_text = Some(text);
        }
        let wanted_paths: BTreeSet<&TreePath> =
            wanted.tree.files().chain(wanted.seeds.files()).map(|(path, _)| path).collect();
        let known: BTreeSet<&TreePath> = wanted_paths.into_iter().chain(today.lock.paths()).collect();
        let mut files = Vec::new();
        for path in known {
            if today.entries.get(path.as_str()) == Some(&Entry::File) {
                let at = folder.join(path.as_str());
                let bytes = said("read", &at, disk.read(&at))?;
                let runs = wanted.tree.get(path.as_str()).is_some_and(|file| file.executable);
                let executable = runs && said("look at", &at, disk.is_executable(&at))?;
                files.push((path.clone(), File { bytes, executable }));
            }
        }
        today.files = files.into_iter().collect();
        Ok(today)
    }

    fn is_link_above(&self, path: &str) -> Option<String> {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents.into_iter().find(|parent| self.entries.contains_key(*parent)).map(str::to_owned)
    }
}

/// The first part of the way from the root that is there and no folder.
///
/// # Errors
/// What the system says.
pub fn blocked(disk: &dyn Disk, root: &Path, path: &str) -> Result<Option<PathBuf>, Error> {
    let mut at = root.to_owned();
    for part in path.split('/') {
        at.push(part);
        match super::entry(disk, &at)? {
            Some(Entry::Folder) => {}
            Some(_) => return Ok(Some(at)),
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Whether a file holds what it should. A checkout of git's may have made CRLF of each LF; that is no edit.
fn same(there: &File, file: &File) -> bool {
    there.bytes == file.bytes || lock::without_crlf(&there.bytes).is_some_and(|bytes| bytes == file.bytes)
}

/// The lock's text as we write it, whatever a checkout made of its line ends.
fn lf(text: &str) -> String {
    text.replace("\r\n", "\n")
}

impl Changes {
    /// What is to be done. With `discard_edits`, files that were edited by hand count as ours as they stand.
    pub fn of(wanted: &Wanted<'_>, today: &Today, discard_edits: bool) -> Changes {
        let mut changes = Changes::default();
        let discards = |path: &TreePath| discard_edits && today.lock.has(path);
        for (path, file) in wanted.tree.files() {
            if wanted.unmanaged.contains(path.as_str()) {
                if !today.entries.contains_key(path.as_str()) {
                    changes.missing.push(path.to_string());
                }
                continue;
            }
            changes.foreign.extend(today.twins(path));
            if let Some(link) = today.is_link_above(path.as_str()) {
                changes.blocked.push(link);
                continue;
            }
            match (today.entries.get(path.as_str()), today.files.get(path.as_str())) {
                (None, _) if today.is_folder(path) => changes.blocked.push(path.to_string()),
                (None, _) => changes.created.push(path.clone()),
                (_, Some(there)) if today.is_rewritten(wanted, path, there, file) => {
                    changes.rewritten.push(path.clone());
                }
                (_, Some(there)) if discards(path) && there.bytes != file.bytes => {
                    let is_edit = !today.knows(wanted, path, there, file) && !same(there, file);
                    changes.discarded.extend(is_edit.then(|| path.clone()));
                    changes.changed.push(path.clone());
                }
                (_, Some(there)) if same(there, file) && there.executable >= file.executable => {}
                (_, Some(there)) if same(there, file) => changes.changed.push(path.clone()),
                (_, Some(there)) if today.knows(wanted, path, there, file) => {
                    changes.changed.push(path.clone());
                }
                (_, Some(_)) if today.lock.has(path) => changes.edited.push(path.clone()),
                (_, Some(_)) => changes.foreign.push(path.clone()),
                (_, None) => changes.blocked.push(path.to_string()),
            }
        }
        let stale = today.lock.paths().filter(|path| wanted.tree.get(path.as_str()).is_none());
        for path in stale.filter(|path| today.is_link_above(path.as_str()).is_none()) {
            match today.files.get(path.as_str()) {
                Some(there) if today.lock.knows(path, &there.bytes) || discards(path) => {
                    changes.discarded.extend((!today.lock.knows(path, &there.bytes)).then(|| path.clone()));
                    changes.deleted.push(path.clone());
                }
                Some(_) => changes.edited.push(path.clone()),
                None => {}
            }
        }
        changes.seeded = seeds(wanted, today);
        changes.blocked.dedup();
        let lock = Lock::of(wanted.tree, wanted.unmanaged);
        let there = today.lock_text.as_deref().map(|text| if discard_edits { text.to_owned() } else { lf(text) });
        changes.lock = (there.as_deref() != Some(lock.write().as_str())).then_some(lock);
        changes
    }

    /// How many files would be written or deleted.
    pub fn count(&self) -> usize {
        self.created.len() + self.changed.len() + self.deleted.len() + self.seeded.len()
    }

    /// Whether the folder holds the tree.
    pub fn is_empty(&self) -> bool {
        self.count() == 0 && self.edited.is_empty() && self.lock.is_none()
    }
}

impl Today {
    /// Whether we left a file as it stands, or another program rewrote what we left.
    fn knows(&self, wanted: &Wanted<'_>, path: &TreePath, there: &File, file: &File) -> bool {
        let known = |bytes: Vec<u8>| self.lock.knows(path, &bytes);
        self.lock.knows(path, &there.bytes) || wanted.in_our_form(path, there, file).is_some_and(known)
    }

    /// Whether another program has rewritten a file of ours that says what it should.
    fn is_rewritten(&self, wanted: &Wanted<'_>, path: &TreePath, there: &File, file: &File) -> bool {
        let says_the_same = || wanted.in_our_form(path, there, file).is_some_and(|bytes| bytes == file.bytes);
        self.lock.has(path) && !same(there, file) && says_the_same()
    }

    /// Entries that some file system or kustomize takes for the same file as ours: names that differ only in case, and the
    /// other names of a kustomization.
    fn twins(&self, path: &TreePath) -> Vec<TreePath> {
        let (folder, name) =
            path.as_str().rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
        let join = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let others: Vec<String> = match KUSTOMIZATION_FILES {
            [ours, others @ ..] if name == *ours => others.iter().map(|other| join(other)).collect(),
            _ => Vec::new(),
        };
        let differs_in_case = |entry: &&String| entry.eq_ignore_ascii_case(path.as_str()) && *entry != path.as_str();
        let twins = self.lower.get(&path.as_str().to_ascii_lowercase()).into_iter().flatten().filter(differs_in_case);
        let others = others.iter().filter(|other| self.entries.contains_key(*other));
        twins.chain(others).filter_map(|entry| TreePath::new(entry)).collect()
    }

    fn is_folder(&self, path: &TreePath) -> bool {
        let inside = format!("{path}/");
        self.entries.range(inside.clone()..).next().is_some_and(|(below, _)| below.starts_with(&inside))
    }
}

/// Seeds are written unless their folder has a file of somebody else's, who then knows how Flux gets there.
fn seeds(wanted: &Wanted<'_>, today: &Today) -> Vec<TreePath> {
    let folder = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let folders: BTreeSet<String> = wanted.seeds.files().map(|(path, _)| folder(path.as_str())).collect();
    let others = today
        .entries
        .keys()
        .any(|path| path.contains('/') && folders.contains(&folder(path)) && wanted.seeds.get(path).is_none());
    if others {
        return Vec::new();
    }
    let absent = |path: &&TreePath| !today.entries.contains_key(path.as_str());
    wanted.seeds.files().map(|(path, _)| path).filter(absent).cloned().collect()
}
