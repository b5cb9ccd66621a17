//! The files of a repo as they stand, for whoever asks what Flux makes of them.
//!
//! In: a disk and a folder. Out: [`Files`]. Nothing is written here. A link is never followed, whether it stands for a file or for
//! a folder on the way to one: it could lead anywhere, and source-controller leaves links out of what Flux gets
//! (fluxcd/source-controller internal/controller/storage.go, Archive).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use super::{Disk, Entry, entry, plain_files_below, said};
use crate::error::{Error, Failure};
use crate::flux::folder::join;
use crate::flux::walk::Files;

/// The files of a repo, all of whose names were read at once: for whoever looks at most of them.
pub struct Snapshot<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    paths: BTreeSet<String>,
}

impl<'a> Snapshot<'a> {
    /// Of a repo's root; git's own folder is left out.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(disk: &'a dyn Disk, root: &'a Path) -> Result<Snapshot<'a>, Error> {
        let files = said("look through", root, disk.files_below(root))?;
        let plain = files.into_iter().filter(|(path, entry)| *entry == Entry::File && !path.starts_with(".git/"));
        Ok(Snapshot { disk, root, paths: plain.map(|(path, _)| path).collect() })
    }

    /// Every path, in order.
    pub fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }
}

impl Files for Snapshot<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        if !self.paths.contains(path) {
            return Ok(None);
        }
        let at = self.root.join(path);
        Ok(Some(Cow::Owned(said("read", &at, self.disk.read(&at))?)))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        if folder.is_empty() {
            return Ok(self.paths.clone());
        }
        let from = format!("{folder}/");
        let below = self.paths.range(from.clone()..).take_while(|path| path.starts_with(&from));
        Ok(below.cloned().collect())
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
        if entry(self.disk, &at)? != Some(Entry::File) || self.leads_elsewhere(path)? {
            return Ok(None);
        }
        Ok(Some(Cow::Owned(said("read", &at, self.disk.read(&at))?)))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        if self.leads_elsewhere(&join(folder, "x"))? {
            return Ok(BTreeSet::new());
        }
        let paths = plain_files_below(self.disk, &self.root.join(folder))?;
        Ok(paths.into_iter().map(|path| join(folder, &path)).collect())
    }
}

impl OnDisk<'_> {
    /// Whether a folder on the way to a path is a link.
    fn leads_elsewhere(&self, path: &str) -> Result<bool, Error> {
        for (at, _) in path.match_indices('/') {
            if entry(self.disk, &self.root.join(&path[..at]))? == Some(Entry::Other) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
