//! Writing a tree, so that a stop at any point leaves every file whole, old or new, and the next run able to finish.
//!
//! The order is what makes that true. First the lock says of every file both what it was and what it will be; then each
//! file is written beside its place and renamed into it; then what is not wanted any more is removed; last the lock says
//! only what is. Files are not flushed one by one: after a power cut a file can be empty, which the next run takes for an
//! edit and names (`docs/decisions/lock.md`).

use std::path::{Path, PathBuf};

use super::changes::{Changes, Today, UNFINISHED, Wanted};
use super::lock;
use super::{Disk, entry, said};
use crate::error::Error;
use crate::tree::{File, TreePath};

/// Does what `changes` says. There must be nothing in the way any more.
///
/// # Errors
/// What the system says; the folder is as described above.
pub fn apply(disk: &dyn Disk, root: &Path, wanted: &Wanted<'_>, today: &Today, changes: &Changes) -> Result<(), Error> {
    let folder = root.join(wanted.path);
    for leftover in &today.leftovers {
        remove(disk, &folder.join(leftover))?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    let writer = Writer { disk, folder: &folder };
    if let Some(lock) = &changes.lock
        && changes.count() > 0
    {
        writer.lock(&today.lock.with(lock).write())?;
    }
    for path in changes.created.iter().chain(&changes.changed) {
        writer.file(path, wanted.tree.get(path.as_str()))?;
    }
    for path in &changes.seeded {
        writer.file(path, wanted.seeds.get(path.as_str()))?;
    }
    for path in &changes.deleted {
        writer.delete(path)?;
    }
    match &changes.lock {
        Some(lock) => writer.lock(&lock.write()),
        None => Ok(()),
    }
}

/// Writes a file that stands for itself. At any stop it is whole, old or new; what a stop left beside it is removed first.
///
/// # Errors
/// What the system says.
pub fn one(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = unfinished(path);
    if entry(disk, &beside)?.is_some() {
        remove(disk, &beside)?;
    }
    replace(disk, path, bytes, false)
}

struct Writer<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
}

impl Writer<'_> {
    fn lock(&self, text: &str) -> Result<(), Error> {
        replace(self.disk, &self.folder.join(lock::NAME), text.as_bytes(), false)
    }

    fn file(&self, path: &TreePath, file: Option<&File>) -> Result<(), Error> {
        let file = file.ok_or_else(|| Error::Internal(format!("the tree has lost {path}")))?;
        replace(self.disk, &self.folder.join(path.as_str()), &file.bytes, file.executable)
    }

    fn delete(&self, path: &TreePath) -> Result<(), Error> {
        let at = self.folder.join(path.as_str());
        remove(self.disk, &at)?;
        let mut parent = at.parent();
        while let Some(folder) = parent.filter(|folder| *folder != self.folder) {
            said("remove the folder", folder, self.disk.remove_empty_folder(folder))?;
            parent = folder.parent();
        }
        Ok(())
    }
}

/// Writes beside the place and renames into it. A failed try leaves nothing behind but what a stop would.
fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8], executable: bool) -> Result<(), Error> {
    let beside = unfinished(path);
    if let Some(parent) = path.parent() {
        said("make the folder", parent, disk.make_folder(parent))?;
    }
    let done = said("write", path, disk.write(&beside, bytes, executable))
        .and_then(|()| said("replace", path, disk.rename(&beside, path)));
    if done.is_err() {
        // The error that is told is the first one; a leftover is removed by the next run.
        let _ = disk.remove_file(&beside);
    }
    done
}

fn remove(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    said("remove", path, disk.remove_file(path))
}

fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}{UNFINISHED}"))
}
