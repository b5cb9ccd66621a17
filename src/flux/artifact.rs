//! What of a repo gets to Flux: source-controller leaves out what a `.sourceignore` names, in its folder and below.
//!
//! In: the files of a repo. Out: [`Files`] without those. Not here: what never gets to Flux, whatever a repo says (`folder`), and what a
//! GitRepository says itself (`spec.ignore`), which is not read.
//!
//! Source: fluxcd/pkg sourceignore/sourceignore.go, with the patterns of git.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::files::Files;
use super::folder::{join, parent};
use crate::error::Failure;
use crate::problem::{Code, Place, Problem};

const SOURCE_IGNORE: &str = ".sourceignore";
/// How many lines and bytes of patterns are read: each becomes a regular expression.
const MAX_LINES: usize = 2_000;
const MAX_BYTES: usize = 64 * 1024;
/// How many bytes a path has at most for which patterns are looked for in every folder above it; Linux takes no longer one.
const MAX_PATH: usize = 4096;

/// The patterns of folders, from the one itself up to the root, each with how many bytes of a path stand before what is matched.
type Patterns = Arc<Vec<(usize, Arc<Gitignore>)>>;

/// The files of a repo that get to Flux.
pub struct Artifact<'a> {
    files: &'a (dyn Files + Sync),
    /// By folder.
    patterns: Mutex<BTreeMap<String, Patterns>>,
}

impl<'a> Artifact<'a> {
    /// Of a repo.
    pub fn of(files: &'a (dyn Files + Sync)) -> Artifact<'a> {
        Artifact { files, patterns: Mutex::default() }
    }

    /// Whether a path is left out: the last pattern of the deepest folder that says something of it decides.
    fn leaves_out(&self, path: &str) -> Result<bool, Failure> {
        if path.len() > MAX_PATH {
            return Ok(false);
        }
        let patterns = self.patterns(parent(path))?;
        let says = patterns
            .iter()
            .map(|(from, patterns)| patterns.matched_path_or_any_parents(path.get(*from..).unwrap_or_default(), false))
            .find(|says| !says.is_none());
        Ok(says.is_some_and(|says| says.is_ignore()))
    }

    fn patterns(&self, folder: &str) -> Result<Patterns, Failure> {
        // A thread that panicked left the map as it was; what is in it is whole.
        let known = || self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(patterns) = known().get(folder) {
            return Ok(Arc::clone(patterns));
        }
        let above = if folder.is_empty() { Patterns::default() } else { self.patterns(parent(folder))? };
        let file = join(folder, SOURCE_IGNORE);
        let patterns = match self.files.read(&file)? {
            None => above,
            Some(bytes) => {
                let from = file.len() - SOURCE_IGNORE.len();
                let own = (from, Arc::new(read(&file, &String::from_utf8_lossy(&bytes))?));
                Arc::new(std::iter::once(own).chain(above.iter().cloned()).collect())
            }
        };
        known().insert(folder.to_owned(), Arc::clone(&patterns));
        Ok(patterns)
    }
}

/// Patterns, one a line. One that cannot be read fits nothing, as with git.
///
/// # Errors
/// There are too many.
fn read(file: &str, text: &str) -> Result<Gitignore, Problem> {
    if text.len() > MAX_BYTES || text.lines().count() > MAX_LINES {
        let says = format!("patterns of more than {MAX_LINES} lines or {} KiB are not read", MAX_BYTES / 1024);
        let hint = "name folders, not what is in them";
        return Err(Problem::new(Code::CANNOT_BUILD, says).at(Place::file(file)).hint(hint));
    }
    let mut builder = GitignoreBuilder::new("");
    for line in text.lines() {
        let _unread = builder.add_line(None, line);
    }
    Ok(builder.build().unwrap_or_else(|_| Gitignore::empty()))
}

impl Files for Artifact<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        if self.leaves_out(path)? { Ok(None) } else { self.files.read(path) }
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let mut paths = BTreeSet::new();
        for path in self.files.below(folder)? {
            if !self.leaves_out(&path)? {
                paths.insert(path);
            }
        }
        Ok(paths)
    }

    fn why_not(&self, path: &str) -> Result<&'static str, Failure> {
        // A pattern of a folder is seen in what is in it.
        let there = match self.files.read(path)? {
            Some(_) => Some(path.to_owned()),
            None => self.files.below(path)?.into_iter().next(),
        };
        let left_out = there.map_or(Ok(false), |path| self.leaves_out(&path))?;
        Ok(if left_out { ": a .sourceignore leaves it out" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flux::files::InMemory;

    #[test]
    fn the_deepest_folder_decides() {
        let files = InMemory::of(&[
            (".sourceignore", "# all but clusters and apps\n/*\n!/clusters\n!/apps/\nvalues.yaml\n"),
            ("apps/web/.sourceignore", "!values.yaml\nnotes/\n"),
            ("apps/web/notes/a.yaml", ""),
            ("apps/web/values.yaml", ""),
            ("apps/db/values.yaml", ""),
            ("apps/db/db.yaml", ""),
            ("clusters/a/b/c.yaml", ""),
            ("docs/a.yaml", ""),
        ]);
        let artifact = Artifact::of(&files);
        let mut paths = artifact.below("").unwrap();
        paths.retain(|path| !path.ends_with(SOURCE_IGNORE));
        assert_eq!(Vec::from_iter(paths), ["apps/db/db.yaml", "apps/web/values.yaml", "clusters/a/b/c.yaml"]);
        assert!(artifact.read("docs/a.yaml").unwrap().is_none() && artifact.read("apps/db/db.yaml").unwrap().is_some());
        assert!(!artifact.why_not("apps/web/notes").unwrap().is_empty());
        assert!(
            !artifact.why_not("docs/a.yaml").unwrap().is_empty() && artifact.why_not("docs/b.yaml").unwrap().is_empty()
        );
    }
}
