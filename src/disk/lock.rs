//! `.fluxwright.lock`: which files of a tree are ours, and with which bytes we left them.
//!
//! A line is `<sha256>  <path>`, so `sha256sum -c` reads it too. It is sorted and has no version. A path may stand with
//! several hashes: while a tree is being written the lock holds the old and the new ones, so that after a stop at any
//! point each file is still known as ours. Two sides of a merge conflict are read the same way, and their markers are no
//! error: a line of either side was true when it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::tree::{Tree, TreePath, sha256};

/// Its name below a tree.
pub const NAME: &str = ".fluxwright.lock";

/// The files that are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    entries: BTreeMap<TreePath, BTreeSet<String>>,
}

impl Lock {
    /// Reads a lock; lines that are none are passed over.
    pub fn read(text: &str) -> Lock {
        let mut lock = Lock::default();
        for (hash, path) in text.lines().filter_map(|line| line.trim_end().split_once("  ")) {
            let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            if let Some(path) = TreePath::new(path).filter(|_| is_hash) {
                lock.entries.entry(path).or_default().insert(hash.to_ascii_lowercase());
            }
        }
        lock
    }

    /// The lock of a tree, but for some paths.
    pub fn of(tree: &Tree, without: &BTreeSet<String>) -> Lock {
        let kept = tree.files().filter(|(path, _)| !without.contains(path.as_str()));
        Lock { entries: kept.map(|(path, file)| (path.clone(), BTreeSet::from([sha256(&file.bytes)]))).collect() }
    }

    /// Both: every file with the hashes of either.
    pub fn with(&self, other: &Lock) -> Lock {
        let mut entries = self.entries.clone();
        for (path, hashes) in &other.entries {
            entries.entry(path.clone()).or_default().extend(hashes.iter().cloned());
        }
        Lock { entries }
    }

    /// As it stands in the file.
    pub fn write(&self) -> String {
        let mut out = String::new();
        for (path, hashes) in &self.entries {
            for hash in hashes {
                let _ = writeln!(out, "{hash}  {path}");
            }
        }
        out
    }

    /// Whether a path is ours.
    pub fn has(&self, path: &TreePath) -> bool {
        self.entries.contains_key(path)
    }

    /// Whether we left a file with these bytes, or with LF where it has CRLF now.
    pub fn knows(&self, path: &TreePath, bytes: &[u8]) -> bool {
        let Some(hashes) = self.entries.get(path) else { return false };
        hashes.contains(&sha256(bytes)) || without_crlf(bytes).is_some_and(|bytes| hashes.contains(&sha256(&bytes)))
    }

    /// The paths that are ours.
    pub fn paths(&self) -> impl Iterator<Item = &TreePath> {
        self.entries.keys()
    }
}

/// A text with LF for CRLF, if each of its lines ends with CRLF, as a checkout of git's leaves it; nothing for any other.
pub fn without_crlf(bytes: &[u8]) -> Option<Vec<u8>> {
    let count = |part: &[u8]| bytes.windows(part.len()).filter(|window| *window == part).count();
    let pairs = count(b"\r\n");
    if pairs == 0 || pairs != count(b"\n") || pairs != count(b"\r") {
        return None;
    }
    Some(bytes.iter().copied().filter(|byte| *byte != b'\r').collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    #[test]
    fn both_sides_of_a_conflict_are_known() {
        let (ours, theirs) = (sha256(b"ours"), sha256(b"theirs"));
        let text = format!("<<<<<<< HEAD\n{ours}  a.yaml\n=======\n{theirs}  a.yaml\n>>>>>>> other\n");
        let lock = Lock::read(&text);
        let path = TreePath::new("a.yaml").unwrap();
        assert!(lock.knows(&path, b"ours") && lock.knows(&path, b"theirs") && !lock.knows(&path, b"mine"));
    }

    #[test]
    fn only_a_text_with_crlf_throughout_is_read_with_lf() {
        assert_eq!(without_crlf(b"a\r\nb\r\n").unwrap(), b"a\nb\n");
        for other in ["", "a", "a\n", "a\r\nb\n", "a\rb\r\n", "a\r"] {
            assert_eq!(without_crlf(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn a_lock_comes_back_as_it_was_written() {
        let file = |text: &str| File { bytes: text.into(), executable: false };
        let tree: Tree = [("b/x.yaml", "1"), ("a.yaml", "2")]
            .map(|(path, text)| (TreePath::new(path).unwrap(), file(text)))
            .into_iter()
            .collect();
        let lock = Lock::of(&tree, &BTreeSet::new());
        assert_eq!(Lock::read(&lock.write()), lock);
        assert!(lock.write().lines().next().unwrap().ends_with("  a.yaml"));
    }

    #[test]
    fn a_path_that_leaves_the_tree_is_never_ours() {
        let text = format!("{}  ../../etc/passwd\n{}  /etc/passwd\n", sha256(b""), sha256(b""));
        assert_eq!(Lock::read(&text).paths().count(), 0);
    }
}
