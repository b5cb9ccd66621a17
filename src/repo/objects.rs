//! Reading HEAD's tree and writing the objects of a commit.
//!
//! An object that cannot be read is never taken for one that is not there: in a partial clone it may only have stayed
//! behind, and a file of HEAD that nobody saw would be undone by the commit.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use git2::build::TreeUpdateBuilder;
use git2::{ErrorCode, FileMode, ObjectType, Oid};

use super::{Entry, Repo, git_at};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem, shell_word};
use crate::tree::{File, Tree, TreePath};

/// A path of a commit with its content and mode, or nothing for one that goes.
pub(super) type Blob<'p> = (&'p str, Option<(Oid, FileMode)>);

/// What a tree has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: Oid,
    pub(super) mode: i32,
    pub(super) kind: Option<ObjectType>,
}

impl Repo<'_> {
    /// The files below a folder of HEAD's tree; nothing if there is no commit or folder.
    ///
    /// # Errors
    /// An object that is not in this clone; what git says.
    pub fn head_files(&self, folder: &str) -> Result<Tree, Failure> {
        let Some(head) = self.head_commit()? else { return Ok(Tree::default()) };
        let tree = self.tree(head.tree_id(), folder)?;
        let Some(found) = self.found(&tree, folder)? else { return Ok(Tree::default()) };
        if found.kind != Some(ObjectType::Tree) {
            return Ok(Tree::default());
        }
        let mut files = Vec::new();
        self.files_below(found.id, folder, "", &mut files)?;
        Ok(files.into_iter().collect())
    }

    /// A file of HEAD's tree; nothing if there is none.
    ///
    /// # Errors
    /// An object that is not in this clone; what git says.
    pub fn head_file(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(head) = self.head_commit()? else { return Ok(None) };
        let found = self.found(&self.tree(head.tree_id(), path)?, path)?;
        let Some(file) = found.filter(|found| is_file(found.kind, found.mode)) else { return Ok(None) };
        let blob = self.opened.find_blob(file.id).map_err(|error| self.missing(path, error))?;
        Ok(Some(blob.content().to_vec()))
    }

    /// The paths of all files below a folder of HEAD's tree; an empty folder is the root.
    ///
    /// # Errors
    /// An object that is not in this clone; what git says.
    pub fn head_paths(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let mut paths = BTreeSet::new();
        let Some(head) = self.head_commit()? else { return Ok(paths) };
        if folder.is_empty() {
            self.paths_below(head.tree_id(), "", &mut paths)?;
            return Ok(paths);
        }
        let found = self.found(&self.tree(head.tree_id(), folder)?, folder)?;
        if let Some(found) = found.filter(|found| found.kind == Some(ObjectType::Tree)) {
            self.paths_below(found.id, &format!("{folder}/"), &mut paths)?;
        }
        Ok(paths)
    }

    fn paths_below(&self, id: Oid, before: &str, paths: &mut BTreeSet<String>) -> Result<(), Failure> {
        for entry in &self.tree(id, before.trim_end_matches('/'))? {
            let Ok(name) = entry.name() else { continue };
            let path = format!("{before}{name}");
            if entry.kind() == Some(ObjectType::Tree) {
                self.paths_below(entry.id(), &format!("{path}/"), paths)?;
            } else if is_file(entry.kind(), entry.filemode()) {
                paths.insert(path);
            }
        }
        Ok(())
    }

    fn files_below(
        &self,
        id: Oid,
        folder: &str,
        below: &str,
        files: &mut Vec<(TreePath, File)>,
    ) -> Result<(), Failure> {
        for entry in &self.tree(id, folder)? {
            let Ok(name) = entry.name() else { continue };
            let path = format!("{below}{name}");
            if entry.kind() == Some(ObjectType::Tree) {
                self.files_below(entry.id(), folder, &format!("{path}/"), files)?;
                continue;
            }
            if let Some(path) = TreePath::new(&path).filter(|_| is_file(entry.kind(), entry.filemode())) {
                let blob = self.opened.find_blob(entry.id()).map_err(|error| self.missing(folder, error))?;
                let executable = entry.filemode() == i32::from(FileMode::BlobExecutable);
                files.push((path, File { bytes: blob.content().to_vec(), executable }));
            }
        }
        Ok(())
    }

    fn tree(&self, id: Oid, path: &str) -> Result<git2::Tree<'_>, Failure> {
        self.opened.find_tree(id).map_err(|error| self.missing(path, error))
    }

    /// What a tree has at a path, if anything.
    ///
    /// # Errors
    /// An object that is not in this clone; what git says.
    pub(super) fn found(&self, tree: &git2::Tree<'_>, path: &str) -> Result<Option<Found>, Failure> {
        let (name, rest) = path.split_once('/').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let Some(entry) = tree.get_name(name) else { return Ok(None) };
        match rest {
            None => Ok(Some(Found { id: entry.id(), mode: entry.filemode(), kind: entry.kind() })),
            Some(rest) if entry.kind() == Some(ObjectType::Tree) => self.found(&self.tree(entry.id(), path)?, rest),
            Some(_) => Ok(None),
        }
    }

    /// An object of HEAD that cannot be read, on the way to `path`.
    fn missing(&self, path: &str, error: git2::Error) -> Failure {
        if error.code() == ErrorCode::NotFound {
            return not_in_clone(&self.root, "HEAD", path).into();
        }
        super::git("read HEAD", &self.root, error).into()
    }

    pub(super) fn empty_tree(&self) -> Result<git2::Tree<'_>, Error> {
        let empty = self.git("write the tree", self.opened.treebuilder(None).and_then(|builder| builder.write()))?;
        self.git("write the tree", self.opened.find_tree(empty))
    }

    pub(super) fn blobs<'e>(&self, entries: &'e [Entry], before: &git2::Tree<'_>) -> Result<Vec<Blob<'e>>, Failure> {
        let trusts_modes = self.flag("core.filemode")?.unwrap_or(true);
        let blob = |(path, file): &'e Entry| -> Result<Blob<'e>, Failure> {
            let Some(file) = file else { return Ok((path.as_str(), None)) };
            let id = self.blob(path, &file.bytes)?;
            let known = if trusts_modes { None } else { self.found(before, path)? };
            let executable = known.map_or(file.executable, |found| found.mode == i32::from(FileMode::BlobExecutable));
            Ok((path.as_str(), Some((id, if executable { FileMode::BlobExecutable } else { FileMode::Blob }))))
        };
        entries.iter().map(blob).collect()
    }

    /// Writes a file's content as `git add` would: line ends as the attributes and the configuration say. Only what has a
    /// CR or an `$Id` can change on that way.
    pub(super) fn blob(&self, path: &str, bytes: &[u8]) -> Result<Oid, Error> {
        const WHAT: &str = "write a file's content";
        if !bytes.contains(&b'\r') && !has_id(bytes) {
            return self.git(WHAT, self.opened.blob(bytes));
        }
        let mut writer = self.git(WHAT, self.opened.blob_writer(Some(Path::new(path))))?;
        let place = || self.root.join(path);
        writer.write_all(bytes).map_err(|source| Error::Disk { what: WHAT, path: place(), source })?;
        self.git(WHAT, writer.commit())
    }

    pub(super) fn updated(&self, before: &git2::Tree<'_>, blobs: &[Blob<'_>]) -> Result<Oid, Failure> {
        let mut update = TreeUpdateBuilder::new();
        for (path, blob) in blobs {
            match blob {
                Some((id, mode)) => {
                    update.upsert(*path, *id, *mode);
                }
                None if self.found(before, path)?.is_some() => {
                    update.remove(*path);
                }
                None => {}
            }
        }
        Ok(self.git("write the tree", update.create_updated(&self.opened, before))?)
    }
}

/// An object of a commit that cannot be read, on the way to `path`.
pub(super) fn not_in_clone(root: &Path, commit: &str, path: &str) -> Problem {
    let (git, revision) = (git_at(root), shell_word(commit));
    let hint = format!(
        "in a partial clone, let git fetch what is missing:\n{git} archive {revision} {path} > /dev/null\n# in any other, see what is broken:\n{git} fsck"
    );
    Problem::new(Code::MISSING_OBJECT, format!("{commit} has `{path}`, and not all of it is in this clone"))
        .at(Place::file(path))
        .because("fluxwright fetches nothing, and what it cannot read it cannot compare with")
        .hint(hint)
}

/// Whether an entry of a tree is a file, and no link, folder or submodule.
pub(super) fn is_file(kind: Option<ObjectType>, mode: i32) -> bool {
    kind == Some(ObjectType::Blob) && mode != i32::from(FileMode::Link)
}

/// Whether git would write into a file with the attribute `ident`.
pub(super) fn has_id(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|part| part == b"$Id")
}
