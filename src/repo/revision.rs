//! The files of any commit, to be read: nothing is locked, written or checked out, and the state of the work tree is not looked at.
//!
//! Links and submodules are left out. They could lead anywhere, and source-controller leaves links out of what Flux gets, too
//! (fluxcd/source-controller internal/controller/storage.go, Archive).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{BranchType, ErrorCode, ObjectType, Oid, Repository};

use super::objects::{is_file, not_in_clone};
use super::{git, git_at, layout, opened};
use crate::disk::Disk;
use crate::error::{Error, Failure};
use crate::problem::{Code, Problem, nearest, shell_word};

/// A commit.
pub struct Revision {
    /// Only one thread at a time may read.
    repository: Mutex<Repository>,
    root: PathBuf,
    name: String,
    files: BTreeMap<String, Oid>,
}

impl Revision {
    /// The commit that `name` means in the repository at `root`, as `git rev-parse` would say it: a branch, a tag, `HEAD~1`, an id. Every
    /// path of it is read.
    ///
    /// # Errors
    /// There is no such commit, or no repository that can be read; an object that is not in this clone.
    pub fn of(disk: &dyn Disk, root: &Path, name: &str) -> Result<Revision, Failure> {
        let layout = layout::find_to_read(disk, root)?;
        let by_hand = "read the files as they stand: leave --at out";
        layout::refuse_format(&layout, root, "fluxwright does not read such a repository yet", by_hand)?;
        let repository = opened(disk, root)?;
        let mut files = BTreeMap::new();
        let tree = commit(&repository, root, name)?;
        Walk { repository: &repository, root, name }.files_below(tree, "", &mut files)?;
        Ok(Revision { repository: Mutex::new(repository), root: root.to_owned(), name: name.to_owned(), files })
    }

    fn repository(&self) -> MutexGuard<'_, Repository> {
        // A thread that panicked was reading.
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file; nothing if there is none.
    ///
    /// # Errors
    /// An object that is not in this clone; what git says.
    pub fn file(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(id) = self.files.get(path) else { return Ok(None) };
        match self.repository().find_blob(*id) {
            Ok(blob) => Ok(Some(blob.content().to_vec())),
            Err(error) => Err(unread(&self.root, &self.name, path, error)),
        }
    }

    /// The paths of all files below a folder; an empty folder is the root.
    pub fn paths(&self, folder: &str) -> BTreeSet<String> {
        if folder.is_empty() {
            return self.files.keys().cloned().collect();
        }
        let from = format!("{folder}/");
        let below = self.files.range(from.clone()..).take_while(|(path, _)| path.starts_with(&from));
        below.map(|(path, _)| path.clone()).collect()
    }
}

struct Walk<'w> {
    repository: &'w Repository,
    root: &'w Path,
    name: &'w str,
}

impl Walk<'_> {
    fn files_below(&self, tree: Oid, before: &str, files: &mut BTreeMap<String, Oid>) -> Result<(), Failure> {
        let tree = self.repository.find_tree(tree);
        let tree = tree.map_err(|error| unread(self.root, self.name, before.trim_end_matches('/'), error))?;
        for entry in &tree {
            let Ok(name) = entry.name() else { continue };
            let path = format!("{before}{name}");
            if entry.kind() == Some(ObjectType::Tree) {
                self.files_below(entry.id(), &format!("{path}/"), files)?;
            } else if is_file(entry.kind(), entry.filemode()) {
                files.insert(path, entry.id());
            }
        }
        Ok(())
    }
}

/// An object of the commit that cannot be read, on the way to `path`.
fn unread(root: &Path, name: &str, path: &str, error: git2::Error) -> Failure {
    if error.code() == ErrorCode::NotFound {
        return not_in_clone(root, name, path).into();
    }
    git("read a commit", root, error).into()
}

/// The tree of the commit that is meant.
fn commit(repository: &Repository, root: &Path, name: &str) -> Result<Oid, Failure> {
    let object = match repository.revparse_single(name) {
        Ok(object) => object,
        Err(error) => {
            let says = match error.code() {
                ErrorCode::NotFound => format!("there is no commit `{name}` in this clone"),
                ErrorCode::Ambiguous => format!("`{name}` may mean several commits"),
                ErrorCode::InvalidSpec => format!("`{name}` is no name of a commit"),
                _ => return Err(git("read a commit", root, error).into()),
            };
            let hint = hint(repository, root, name)?;
            return Err(Problem::new(Code::BAD_ARGUMENT, says).hint(hint).into());
        }
    };
    let commit = object.peel_to_commit().map_err(|_| {
        let what = object.kind().map_or("no commit".to_owned(), |kind| format!("a {kind} and no commit"));
        Problem::new(Code::BAD_ARGUMENT, format!("`{name}` is {what}")).hint("--at HEAD")
    })?;
    Ok(commit.tree_id())
}

/// What may have been meant instead, or how it comes into the clone.
fn hint(repository: &Repository, root: &Path, name: &str) -> Result<String, Error> {
    let names = names(repository).map_err(|error| git("read the branches", root, error))?;
    let remote = names.iter().find(|known| known.split_once('/').is_some_and(|(_, branch)| branch == name));
    if let Some(near) = remote.map(String::as_str).or_else(|| nearest(name, names.iter().map(String::as_str))) {
        return Ok(format!("--at {}", shell_word(near)));
    }
    let git = git_at(root);
    Ok(if names.is_empty() && !repository.is_shallow() {
        "nothing is committed yet; to read the files as they stand, leave --at out".to_owned()
    } else if repository.is_shallow() {
        format!(
            "the clone is shallow:\n{git} fetch --unshallow\n# in a GitHub workflow, actions/checkout with:\nfetch-depth: 0"
        )
    } else {
        format!("{git} fetch --tags origin\n# or take one that is there:\n{git} branch --all")
    })
}

/// Every branch, here and as last seen elsewhere, and every tag.
fn names(repository: &Repository) -> Result<Vec<String>, git2::Error> {
    let mut names = Vec::new();
    for kind in [BranchType::Local, BranchType::Remote] {
        for branch in repository.branches(Some(kind))? {
            names.extend(branch?.0.name().ok().flatten().map(str::to_owned));
        }
    }
    let tags = repository.tag_names(None)?;
    names.extend(tags.iter().flatten().flatten().map(str::to_owned));
    Ok(names)
}
