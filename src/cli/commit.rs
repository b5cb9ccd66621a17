//! One commit of rendered clusters: what stands in its way is found before anything is written, and it is made afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::who;
use super::workspace::VERSION_FILE;
use crate::catalog::OWN_COMPONENTS;
use crate::cluster::{Allowed, Cluster, Counts};
use crate::disk::{self, Disk};
use crate::error::{Error, Failure};
use crate::problem::{Problem, shell_word};
use crate::repo::{ByHand, Committed, Draft, Entry, Repo, Who, git_at};

/// What is asked of a commit.
pub struct Asked<'a> {
    /// Who commits.
    pub who: Who,
    /// The branch, if not HEAD's.
    pub branch: Option<&'a str>,
    /// The message, if not one of which clusters and units change.
    pub message: Option<&'a str>,
    /// Files beyond those of the clusters.
    pub more: Vec<Entry>,
    /// How to make the commit by hand, if not by what `render` writes.
    pub by_hand: Option<ByHand>,
}

/// A commit that can be made.
pub struct Prepared<'d> {
    repo: Repo<'d>,
    draft: Draft,
    hooks: Option<Problem>,
    /// What is not lost of what HEAD applies, and should be known.
    pub told: Vec<Problem>,
    /// Each `--prune-ok` that lets something of HEAD go.
    pub used: BTreeSet<String>,
}

impl Prepared<'_> {
    /// Makes it; with a warning if there are hooks that were not run.
    ///
    /// # Errors
    /// Somebody was faster; what git says.
    pub fn make(self) -> Result<(Committed, Option<Problem>), Failure> {
        let committed = self.repo.commit(&self.draft)?;
        let told = self.hooks.filter(|_| committed != Committed::Nothing);
        Ok((committed, told))
    }
}

/// Looks whether a commit could be made.
///
/// # Errors
/// Everything that stands in the way.
pub fn prepare<'d>(
    disk: &'d dyn Disk,
    root: &Path,
    clusters: &[Cluster],
    asked: Asked<'_>,
    allowed: Allowed<'_>,
) -> Result<Prepared<'d>, Failure> {
    let by_hand = match asked.by_hand {
        Some(by_hand) => by_hand,
        None => by_hand_of(disk, root, clusters)?,
    };
    let repo = Repo::open(disk, root, by_hand)?;
    repo.refuse_environment(&who::git_variables())?;
    let (author, committer) = repo.identities(&asked.who)?;
    let target = repo.target(asked.branch)?;
    let mut problems = Vec::new();
    let mut entries = own_component_entries(disk, &repo, root)?;
    entries.extend(asked.more);
    let (mut changed, mut used, mut told) = (Vec::new(), BTreeSet::new(), Vec::new());
    for cluster in clusters {
        let head = cluster.head(&repo)?;
        let lost = cluster.lost_in_head(&repo, &head, allowed)?;
        problems.extend(lost.problems);
        told.extend(lost.told);
        used.extend(lost.used);
        problems.extend(cluster.profile_is_a_link(disk, root)?);
        entries.extend(cluster.commit_entries(disk, root, &head)?);
        changed.push((cluster.name(), cluster.counts_against(&head)));
    }
    problems.extend(repo.refuse_paths(&entries)?);
    if problems.is_empty() {
        problems.extend(repo.refuse_unconverted(clusters.iter().flat_map(Cluster::with_crlf))?);
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    let message = match asked.message {
        Some(message) => format!("{}\n", message.trim_end()),
        None => default_message(&changed),
    };
    let compared = clusters.iter().map(|cluster| cluster.rendered.path.clone());
    let compared = compared.chain([OWN_COMPONENTS.to_owned()]).collect();
    let hooks = repo.hooks_not_run(&target)?;
    let draft = Draft { target, entries, compared, message, author, committer, date: asked.who.date };
    Ok(Prepared { repo, draft, hooks, told, used })
}

/// How to make the same commit with git itself; the paths are what a commit may hold and is there.
fn by_hand_of(disk: &dyn Disk, root: &Path, clusters: &[Cluster]) -> Result<ByHand, Error> {
    let mut paths = Vec::new();
    for cluster in clusters {
        paths.push(cluster.rendered.path.clone());
        paths.extend(cluster.profile_in_repo(disk, root));
    }
    for path in [OWN_COMPONENTS, VERSION_FILE] {
        if disk::entry(disk, &root.join(path))?.is_some() {
            paths.push(path.to_owned());
        }
    }
    let paths: Vec<String> = paths.iter().map(|path| shell_word(path)).collect();
    let git = git_at(root);
    let commit = format!("render without --commit, then:\n{git} add {}\n{git} commit", paths.join(" "));
    Ok(ByHand { signed: commit.clone(), commit })
}

/// The repo's own components as a commit holds them: files that git does not ignore, and those of HEAD that are gone.
fn own_component_entries(disk: &dyn Disk, repo: &Repo<'_>, root: &Path) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    for path in disk::plain_files_below(disk, &root.join(OWN_COMPONENTS))? {
        let path = format!("{OWN_COMPONENTS}/{path}");
        if !repo.ignores(&path)? {
            let file = disk::read_file(disk, &root.join(&path))?;
            entries.push((path, Some(file)));
        }
    }
    let version = root.join(VERSION_FILE);
    if disk::entry(disk, &version)? == Some(disk::Entry::File) && !repo.ignores(VERSION_FILE)? {
        entries.push((VERSION_FILE.to_owned(), Some(disk::read_file(disk, &version)?)));
    }
    for (path, _) in repo.head_files(OWN_COMPONENTS)?.files() {
        let path = format!("{OWN_COMPONENTS}/{path}");
        if disk::entry(disk, &root.join(&path))?.is_none() {
            entries.push((path, None));
        }
    }
    Ok(entries)
}

/// The default message: which clusters, and which of their units change.
fn default_message(clusters: &[(&str, BTreeMap<String, Counts>)]) -> String {
    let changed = || clusters.iter().filter(|(_, units)| !units.is_empty());
    let names: Vec<&str> = changed().map(|(name, _)| *name).collect();
    let subject = match names.as_slice() {
        [] => "Render".to_owned(),
        few if few.len() <= 3 => format!("Render {}", few.join(", ")),
        many => format!("Render {} clusters", many.len()),
    };
    let mut lines = vec![subject];
    for (name, units) in changed() {
        lines.extend([String::new(), format!("{name}:")]);
        lines.extend(units.iter().map(|(unit, counts)| format!("- {unit}: {}", counts.said(""))));
    }
    lines.join("\n") + "\n"
}
