//! What git ignores in a work tree: such a file is on this disk alone, and no cluster ever sees it.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use git2::{Repository, RepositoryOpenFlags};

/// The rules of a repository's `.gitignore` files and configuration; without a repository that can be opened nothing is ignored.
pub struct Ignored(Option<Mutex<Repository>>);

impl Ignored {
    /// Those of the repository at `root`.
    pub fn of(root: &Path) -> Ignored {
        let none: [&Path; 0] = [];
        Ignored(Repository::open_ext(root, RepositoryOpenFlags::NO_SEARCH, none).ok().map(Mutex::new))
    }

    /// Whether a path below the root is ignored. What git cannot say counts as not.
    pub fn has(&self, path: &str) -> bool {
        let ignored = |repository: &Mutex<Repository>| {
            // A thread that panicked was reading.
            let repository = repository.lock().unwrap_or_else(PoisonError::into_inner);
            repository.is_path_ignored(path).unwrap_or(false)
        };
        self.0.as_ref().is_some_and(ignored)
    }
}
