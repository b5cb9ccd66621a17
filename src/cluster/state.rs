//! The repo's files in other states than on the disk (`disk::files`): as HEAD or any commit has them, and as they would be.
//!
//! In: a disk or a repository, and what is rendered. Out: [`Files`]. Nothing is written here.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Cluster;
use crate::disk::lock::Lock;
use crate::error::Failure;
use crate::flux::files::Files;
use crate::flux::folder::join;
use crate::repo::{Repo, Revision};
use crate::tree::{File, TreePath, is_below};

/// The files of HEAD's tree.
pub struct InHead<'a> {
    /// The repository.
    pub repo: &'a Repo<'a>,
}

impl Files for InHead<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        Ok(self.repo.head_file(path)?.map(Cow::Owned))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        self.repo.head_paths(folder)
    }
}

/// The files of any commit.
pub struct InCommit {
    /// The commit.
    pub revision: Revision,
}

impl Files for InCommit {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        Ok(self.revision.file(path)?.map(Cow::Owned))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        Ok(self.revision.paths(folder))
    }
}

/// The files of another state with a cluster's tree written into them.
pub struct Written<'a, F: Files + ?Sized> {
    /// The other state.
    pub before: &'a F,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The lock of the other state: what is ours there and not in the tree goes.
    pub lock: &'a Lock,
}

impl<F: Files + ?Sized> Written<'_, F> {
    /// The file that would be written at a path of the tree, whoever's stands there now.
    fn ours(&self, path: &str) -> Option<&File> {
        let rendered = &self.cluster.rendered;
        rendered.tree.get(path).filter(|_| !rendered.unmanaged.contains(path))
    }

    fn seed(&self, path: &str) -> Option<&File> {
        self.cluster.seeds().into_iter().find(|(seed, _)| seed.as_str() == path).map(|(_, file)| file)
    }

    /// Whether a file of the tree would be deleted.
    fn goes(&self, path: &str) -> bool {
        let ours = |lock: &Lock| TreePath::new(path).is_some_and(|path| lock.has(&path));
        self.cluster.rendered.tree.get(path).is_none() && (ours(self.lock) || ours(&self.cluster.today.lock))
    }
}

impl<F: Files + ?Sized> Files for Written<'_, F> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        let Some(below) = self.cluster.below(path) else { return self.before.read(path) };
        if let Some(file) = self.ours(below) {
            return Ok(Some(Cow::Borrowed(&file.bytes)));
        }
        if self.goes(below) {
            return Ok(None);
        }
        Ok(self.before.read(path)?.or_else(|| self.seed(below).map(|file| Cow::Borrowed(file.bytes.as_slice()))))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let mut paths = self.before.below(folder)?;
        paths.retain(|path| self.cluster.below(path).is_none_or(|below| !self.goes(below)));
        let tree = &self.cluster.rendered.path;
        let ours = self.cluster.rendered.tree.files().map(|(path, _)| join(tree, path.as_str()));
        let seeds = self.cluster.seeds().into_iter().map(|(path, _)| join(tree, path.as_str()));
        let inside = |path: &String| folder.is_empty() || is_below(path, folder);
        paths.extend(ours.chain(seeds).filter(inside));
        Ok(paths)
    }
}
