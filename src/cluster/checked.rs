//! What `check` says of a tree before it is written.
//!
//! In: the repo's files as they stand, with the tree laid over them, and where Flux begins there. Out: the findings in files of ours; what
//! is wrong with somebody else's file is no reason to refuse ours, and `fluxwright check` says it.

use std::collections::BTreeSet;
use std::path::Path;

use super::Cluster;
use super::state::Written;
use crate::checks::known::Known;
use crate::checks::{Asked, check, rule};
use crate::disk::Disk;
use crate::disk::files::OnDisk;
use crate::error::Failure;
use crate::flux::start::Start;
use crate::problem::Problem;

/// The rule about a Flux Kustomization whose folder is not there.
const MAY_COME_LATER: &str = "missing-path";

impl Cluster {
    /// What `check` finds in the files that would be written; nothing where nothing would be.
    ///
    /// # Errors
    /// What the system says.
    pub fn checked(&self, disk: &dyn Disk, root: &Path, known: &Known) -> Result<Vec<Problem>, Failure> {
        if self.changes.count() == 0 {
            return Ok(Vec::new());
        }
        let before = OnDisk { disk, root };
        let files = Written { before: &before, cluster: self, lock: &self.today.lock };
        let starts = [Start::of_tree(&files, &self.rendered.path)?];
        let asked = Asked {
            files: &files,
            paths: &BTreeSet::new(),
            starts: &starts,
            known,
            only: &[],
            skip: &[],
            ignored: &|_| false,
            shown: &str::to_owned,
        };
        let ours = |problem: &Problem| problem.place.as_ref().is_some_and(|place| self.is_ours(&place.source.name));
        let problems = check(&asked)?.problems.into_iter().filter(ours);
        // The folder of a `paths:` is the user's, and may be made after the tree that names it.
        let later = |problem: &Problem| rule(MAY_COME_LATER).is_some_and(|rule| rule.code == problem.code);
        Ok(problems.filter(|problem| !later(problem)).collect())
    }
}
