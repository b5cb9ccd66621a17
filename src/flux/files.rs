//! The files of a repo, wherever they are: on a disk, in a commit, or as they would be written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::error::Failure;
use crate::yaml::MAX_MANIFEST_BYTES;

/// How many bytes of a file need to be read: more than any reader of manifests takes, so that it says that the file is too large.
pub const MOST_BYTES: usize = MAX_MANIFEST_BYTES + 1;

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

    /// What to say behind a path that is not there, if it is for a reason.
    ///
    /// # Errors
    /// What the system or git says.
    fn why_not(&self, _path: &str) -> Result<&'static str, Failure> {
        Ok("")
    }
}

/// Files of a test.
#[cfg(test)]
pub struct InMemory(std::collections::BTreeMap<String, String>);

#[cfg(test)]
impl InMemory {
    /// Of paths and texts.
    pub fn of(files: &[(&str, &str)]) -> InMemory {
        InMemory(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }
}

#[cfg(test)]
impl Files for InMemory {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        Ok(self.0.get(path).map(|text| Cow::Borrowed(text.as_bytes())))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let is_below = |path: &&String| folder.is_empty() || crate::tree::is_below(path, folder);
        Ok(self.0.keys().filter(is_below).cloned().collect())
    }
}
