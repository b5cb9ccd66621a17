//! The index, written under its own lock as git does it: first the lock, then what stands there now, then a copy with
//! our entries, last the copy in the place of the index. Whatever anybody staged until then stays.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use git2::{FileMode, Index, IndexEntry, IndexTime, ObjectType, Oid};

use super::{Blob, SUBMODULE, git, locks};
use crate::disk::{self, Disk, said};
use crate::error::{Error, Failure};

/// The bit of an entry's flags that says `assume unchanged` (git's index-format).
const ASSUME_UNCHANGED: u16 = 0x8000;

/// The index of one work tree while nobody else writes it. The lock goes with the value.
pub(super) struct LockedIndex<'d> {
    disk: &'d dyn Disk,
    index: PathBuf,
    lock: PathBuf,
    copy: PathBuf,
}

impl<'d> LockedIndex<'d> {
    /// Takes the lock in a git folder.
    ///
    /// # Errors
    /// Somebody keeps it; what the system says.
    pub(super) fn take(disk: &'d dyn Disk, folder: &Path) -> Result<LockedIndex<'d>, Failure> {
        let index = folder.join("index");
        let lock = locks::lock_of(&index);
        let take = || match disk.write(&lock, b"", false) {
            Ok(()) => Ok(Some(())),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => said("lock", &index, Err(error)),
        };
        match locks::patiently(take)? {
            Some(()) => Ok(LockedIndex { disk, index, copy: folder.join("index.fluxwright-tmp"), lock }),
            None => Err(locks::held(&lock).into()),
        }
    }

    /// Makes the copy: the index as it stands, with these paths as the commit has them.
    ///
    /// # Errors
    /// What git or the system says; the index is as it was.
    pub(super) fn prepare(&self, root: &Path, blobs: &[Blob<'_>]) -> Result<(), Error> {
        let disk = self.disk;
        if disk::entry(disk, &self.copy)?.is_some() {
            said("remove", &self.copy, disk.remove_file(&self.copy))?;
        }
        let before = disk::entry(disk, &self.index)?.is_some();
        if before {
            let bytes = said("read", &self.index, disk.read(&self.index))?;
            said("write", &self.copy, disk.write(&self.copy, &bytes, false))?;
        }
        let mut index = self.said(Index::open(&self.copy))?;
        if before {
            self.doubt(&mut index, root)?;
        }
        for (path, blob) in blobs {
            let there = index.get_path(Path::new(path), 0);
            let done = match (blob, there) {
                (Some((id, mode)), there) => index.add(&entry(path, *id, *mode, there.as_ref())),
                (None, Some(_)) => index.remove(Path::new(path), 0),
                (None, None) => Ok(()),
            };
            self.said(done)?;
        }
        self.said(index.write())
    }

    /// Git takes an entry that is as young as the index itself for one that may have changed since. The copy is younger,
    /// so such an entry whose file does differ loses its size, by which git knows that it has to look at the file.
    fn doubt(&self, index: &mut Index, root: &Path) -> Result<(), Error> {
        let written = said("look at", &self.index, self.disk.modified(&self.index))?;
        let young = |entry: &IndexEntry| i64::from(entry.mtime.seconds()) >= written && entry.mode != SUBMODULE;
        let young: Vec<IndexEntry> = index.iter().filter(|entry| entry.file_size != 0 && young(entry)).collect();
        for entry in young {
            let path = root.join(String::from_utf8_lossy(&entry.path).as_ref());
            // What cannot be read is no reason to fail here: git looks at it when it is asked for.
            let bytes = self.disk.read(&path).unwrap_or_default();
            if self.said(Oid::hash_object(ObjectType::Blob, &bytes))? != entry.id {
                self.said(index.add(&IndexEntry { file_size: 0, ..entry }))?;
            }
        }
        Ok(())
    }

    /// Puts the copy in the place of the index.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn put(self) -> Result<(), Error> {
        said("replace", &self.index, self.disk.rename(&self.copy, &self.index))
    }

    fn said<T>(&self, result: Result<T, git2::Error>) -> Result<T, Error> {
        result.map_err(|error| git("write the index", &self.index, error))
    }
}

impl Drop for LockedIndex<'_> {
    fn drop(&mut self) {
        // Of two errors the first one is told; a lock that stays is named by the next command.
        let _ = self.disk.remove_file(&self.copy);
        let _ = self.disk.remove_file(&self.lock);
    }
}

/// An entry without the file's times and size: git looks at the file itself the next time. What the user marked stays.
fn entry(path: &str, id: Oid, mode: FileMode, there: Option<&IndexEntry>) -> IndexEntry {
    let never = IndexTime::new(0, 0);
    IndexEntry {
        ctime: never,
        mtime: never,
        dev: 0,
        ino: 0,
        mode: u32::try_from(i32::from(mode)).unwrap_or(0o100_644),
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: there.map_or(0, |entry| entry.flags & ASSUME_UNCHANGED),
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}
