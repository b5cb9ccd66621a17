//! The files of a repo as they stand, for whoever asks what Flux makes of them.
//!
//! In: a disk and a folder. Out: [`Files`]. Nothing is written here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use super::{Disk, Entry, entry, plain_files_below, said};
use crate::error::Failure;
use crate::flux::folder::join;
use crate::flux::walk::Files;

/// The files as they stand; links are never followed.
pub struct OnDisk<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The repo's root.
    pub root: &'a Path,
}

impl Files for OnDisk<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        let at = self.root.join(path);
        if entry(self.disk, &at)? != Some(Entry::File) {
            return Ok(None);
        }
        Ok(Some(Cow::Owned(said("read", &at, self.disk.read(&at))?)))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let paths = plain_files_below(self.disk, &self.root.join(folder))?;
        Ok(paths.into_iter().map(|path| join(folder, &path)).collect())
    }
}
