//! The files of a repo, wherever they are: on a disk, in a commit, or as they would be written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::error::Failure;

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
