//! Making a repository, and whether one may be made inside of another.

use std::path::Path;

use git2::{Repository, RepositoryInitOptions, RepositoryOpenFlags};

use super::git;
use crate::error::Error;
use crate::texts::Branch;

/// Makes an empty repository whose first commit will be on `branch`; the folder is made, too. No template of the machine's
/// is copied into it, so it has no hooks.
///
/// # Errors
/// What git says.
pub fn begin(root: &Path, branch: &Branch) -> Result<(), Error> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head(branch.as_str()).external_template(false).no_reinit(true);
    Repository::init_opts(root, &options).map(|_| ()).map_err(|error| git("make the repository", root, error))
}

/// Whether the repository at `outer` ignores a folder of its work tree.
///
/// # Errors
/// What git says.
pub fn ignores_folder(outer: &Path, folder: &str) -> Result<bool, Error> {
    let none: [&Path; 0] = [];
    let opened = Repository::open_ext(outer, RepositoryOpenFlags::NO_SEARCH, none);
    let opened = opened.map_err(|error| git("open the repository", outer, error))?;
    // With the slash at its end a path that is not there yet counts as a folder.
    opened.is_path_ignored(format!("{folder}/")).map_err(|error| git("read .gitignore", outer, error))
}
