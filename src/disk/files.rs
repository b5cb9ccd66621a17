//! The files of a repo as they stand, for whoever asks what Flux makes of them.
//!
//! In: a disk and a folder. Out: [`Files`]. Nothing is written here. A link is never followed, whether it stands for a file or for
//! a folder on the way to one: it could lead anywhere, and source-controller leaves links out of what Flux gets
//! (fluxcd/source-controller internal/controller/storage.go, Archive).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Disk, Entry, entry, plain_files_below, said};
use crate::error::{Error, Failure};
use crate::flux::files::{Files, MOST_BYTES};
use crate::flux::folder::join;

/// How many bytes of files are kept for the next one who asks.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// The files of a repo, whose names are read folder by folder, and kept like what is in them: for whoever looks at many of them, and
/// again.
pub struct Snapshot<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    /// The folders that were listed with all below.
    listed: Mutex<BTreeMap<String, Arc<BTreeSet<String>>>>,
    /// The folders that were looked at, and whether a link stands on the way to them.
    links: Mutex<BTreeMap<String, bool>>,
    kept: Mutex<Kept>,
}

/// What stands at paths, nothing where there is no file; and how many bytes that are.
#[derive(Default)]
struct Kept {
    files: BTreeMap<String, Option<Arc<[u8]>>>,
    bytes: usize,
}

impl<'a> Snapshot<'a> {
    /// Of a repo's root.
    pub fn of(disk: &'a dyn Disk, root: &'a Path) -> Snapshot<'a> {
        Snapshot { disk, root, listed: Mutex::default(), links: Mutex::default(), kept: Mutex::default() }
    }

    /// Every path below a folder, from a listing of it or of one around it. Git's own folder is left out.
    fn list(&self, folder: &str) -> Result<(Arc<BTreeSet<String>>, bool), Error> {
        // A thread that panicked left the map as it was; what is in it is whole.
        let listed = || self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let around = folder.match_indices('/').map(|(at, _)| &folder[..at]).chain([folder, ""]);
        for (known, is_it) in around.map(|around| (listed().get(around).cloned(), around == folder)) {
            if let Some(known) = known {
                return Ok((known, is_it));
            }
        }
        let links = self.leads_elsewhere(&join(folder, "x"))?;
        let files = if links { Vec::new() } else { plain_files_below(self.disk, &self.root.join(folder))? };
        let files = files.into_iter().filter(|path| !path.starts_with(".git/")).map(|path| join(folder, &path));
        let files = Arc::new(files.collect::<BTreeSet<String>>());
        listed().insert(folder.to_owned(), Arc::clone(&files));
        Ok((files, true))
    }

    /// A file as the disk has it.
    fn read_anew(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let at = self.root.join(path);
        if entry(self.disk, &at)? != Some(Entry::File) || self.leads_elsewhere(path)? {
            return Ok(None);
        }
        said("read", &at, self.disk.read_first(&at, MOST_BYTES)).map(Some)
    }

    /// Whether a folder on the way to a path is a link.
    fn leads_elsewhere(&self, path: &str) -> Result<bool, Error> {
        let Some((folder, _)) = path.rsplit_once('/') else { return Ok(false) };
        let known = || self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(folder) {
            return Ok(*known);
        }
        let links = leads_elsewhere(self.disk, self.root, path)?;
        known().insert(folder.to_owned(), links);
        Ok(links)
    }
}

impl Files for Snapshot<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().files.get(path).cloned();
        if let Some(known) = known {
            return Ok(known.map(|bytes| Cow::Owned(bytes.to_vec())));
        }
        let bytes = self.read_anew(path)?;
        let mut kept = kept();
        kept.bytes += bytes.as_ref().map_or(0, Vec::len);
        if kept.bytes <= KEPT_BYTES {
            kept.files.insert(path.to_owned(), bytes.as_deref().map(Arc::from));
        }
        Ok(bytes.map(Cow::Owned))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let (paths, is_it) = self.list(folder)?;
        if is_it {
            return Ok(BTreeSet::clone(&paths));
        }
        let from = format!("{folder}/");
        Ok(paths.range(from.clone()..).take_while(|path| path.starts_with(&from)).cloned().collect())
    }
}

/// The files as they stand; for whoever looks at a few of them.
pub struct OnDisk<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The repo's root.
    pub root: &'a Path,
}

impl Files for OnDisk<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        let at = self.root.join(path);
        if entry(self.disk, &at)? != Some(Entry::File) || leads_elsewhere(self.disk, self.root, path)? {
            return Ok(None);
        }
        Ok(Some(Cow::Owned(said("read", &at, self.disk.read(&at))?)))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        if leads_elsewhere(self.disk, self.root, &join(folder, "x"))? {
            return Ok(BTreeSet::new());
        }
        let paths = plain_files_below(self.disk, &self.root.join(folder))?;
        Ok(paths.into_iter().map(|path| join(folder, &path)).collect())
    }
}

/// Whether a folder on the way to a path is a link.
fn leads_elsewhere(disk: &dyn Disk, root: &Path, path: &str) -> Result<bool, Error> {
    for (at, _) in path.match_indices('/') {
        if entry(disk, &root.join(&path[..at]))? == Some(Entry::Other) {
            return Ok(true);
        }
    }
    Ok(false)
}
