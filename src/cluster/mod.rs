//! One cluster of a repo: its profile, the tree that is rendered of it, and the folder as it stands.
//!
//! Here the pipeline meets the repo, the same way for writing, for `--check` and for a commit: read and render
//! ([`Cluster::read`]), find what stands in the way ([`refusals`]) and what Flux would delete ([`losses`]), say what a commit holds
//! ([`Cluster::commit_entries`]).
//!
//! Not here: printing and exit codes (`cli`), and every operation itself (`disk`, `repo`).

mod adoption;
mod checked;
mod losses;
mod refusals;
mod state;

pub use losses::{Allowed, Lost};
pub use refusals::leaves_the_repo;
pub use state::InCommit;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::disk::changes::{Changes, Today, Wanted};
use crate::disk::lock::{self, Lock};
use crate::disk::{self, Disk, Entry, said, write};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem, Source};
use crate::profile::Profile;
use crate::render::Rendered;
use crate::repo::Repo;
use crate::tree::{File, Tree, TreePath, is_in};

/// A cluster on its way from profile to disk.
pub struct Cluster {
    /// The profile's file.
    pub profile_path: PathBuf,
    /// The profile as it was read.
    pub source: Arc<Source>,
    /// What is rendered of it.
    pub rendered: Rendered,
    /// The folder as it stands.
    pub today: Today,
    /// What would have to be written.
    pub changes: Changes,
    /// Files of ours that another program has rewritten, as a commit holds them.
    rewritten: Tree,
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It was not there.
    Created,
    /// It was there, with other bytes.
    Changed,
    /// It is not wanted any more.
    Deleted,
}

impl Verb {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Created => "created",
            Verb::Changed => "changed",
            Verb::Deleted => "deleted",
        }
    }
}

/// Created, changed and deleted files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many were created.
    pub created: usize,
    /// How many were changed.
    pub changed: usize,
    /// How many were deleted.
    pub deleted: usize,
}

impl Counts {
    fn add(&mut self, verb: Verb) {
        match verb {
            Verb::Created => self.created += 1,
            Verb::Changed => self.changed += 1,
            Verb::Deleted => self.deleted += 1,
        }
    }

    /// As words: `2 created, 1 changed`; `would` stands before each verb.
    pub fn said(&self, would: &str) -> String {
        let parts = [(self.created, Verb::Created), (self.changed, Verb::Changed), (self.deleted, Verb::Deleted)];
        let said = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, verb)| format!("{count} {would}{}", verb.as_str()));
        said.collect::<Vec<_>>().join(", ")
    }
}

impl Cluster {
    /// Reads a profile, renders it, and compares it with what stands below `root`. The warnings come with it.
    ///
    /// # Errors
    /// What is wrong with the profile; what the system says.
    pub fn read(
        disk: &dyn Disk,
        root: &Path,
        catalog: &Catalog,
        profile_path: PathBuf,
        source: &Arc<Source>,
        discard_edits: bool,
    ) -> Result<(Cluster, Vec<Problem>), Failure> {
        let profile = Profile::read(source)?;
        let folder = root.join(profile.tree_path());
        // Only what is included by folder depends on what stands in the repo.
        let existing =
            if profile.flux.include.is_empty() { BTreeSet::new() } else { disk::paths_below(disk, &folder)? };
        let (rendered, warnings) = crate::rendered(&profile, catalog, &existing)?;
        let wanted = wanted(&rendered);
        let today = Today::read(disk, root, &wanted)?;
        let changes = Changes::of(&wanted, &today, discard_edits);
        let rewritten = rewritten(&today, &changes);
        Ok((Cluster { profile_path, source: Arc::clone(source), rendered, today, changes, rewritten }, warnings))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.rendered.cluster
    }

    /// A path of the tree as one of the repo.
    pub fn in_repo(&self, path: &str) -> String {
        format!("{}/{path}", self.rendered.path)
    }

    /// A path of the repo as one below the tree's folder; nothing if it is elsewhere.
    fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.rendered.path.as_str())?.strip_prefix('/')
    }

    /// A file of the tree by its path in the repo, or below the tree's folder.
    pub fn path_of(&self, path: &str) -> Option<TreePath> {
        let path = self.below(path).unwrap_or(path);
        self.rendered.tree.get(path).and_then(|_| TreePath::new(path))
    }

    /// Writes what differs.
    ///
    /// # Errors
    /// What the system says; every file is whole, and the next run finishes.
    pub fn write(&self, disk: &dyn Disk, root: &Path) -> Result<(), Error> {
        write::apply(disk, root, &wanted(&self.rendered), &self.today, &self.changes)
    }

    /// Whether `flux bootstrap` wrote into the tree's folder.
    pub fn is_bootstrapped(&self) -> bool {
        self.today.entries.contains_key("flux-system/gotk-sync.yaml")
    }

    /// The files that are written, with what is done to each, by path.
    pub fn files(&self) -> Vec<(&TreePath, Verb)> {
        let changes = &self.changes;
        let created = changes.created.iter().chain(&changes.seeded).map(|path| (path, Verb::Created));
        let changed = changes.changed.iter().map(|path| (path, Verb::Changed));
        let deleted = changes.deleted.iter().map(|path| (path, Verb::Deleted));
        let mut files: Vec<_> = created.chain(changed).chain(deleted).collect();
        files.sort();
        files
    }

    /// The same, counted.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.files().into_iter().for_each(|(_, verb)| counts.add(verb));
        counts
    }

    /// The same by unit.
    pub fn counts_by_unit(&self) -> BTreeMap<String, Counts> {
        let mut units: BTreeMap<String, Counts> = BTreeMap::new();
        for (path, verb) in self.files() {
            units.entry(self.unit_of(path, verb)).or_default().add(verb);
        }
        units
    }

    /// The tree as HEAD has it.
    ///
    /// # Errors
    /// What git says.
    pub fn head(&self, repo: &Repo<'_>) -> Result<Tree, Failure> {
        repo.head_files(&self.rendered.path)
    }

    /// The files of the tree that are ours to write: all but those that the profile leaves to the user. One that another
    /// program has rewritten stays as it stands.
    fn ours(&self) -> impl Iterator<Item = (&TreePath, &File)> {
        let Rendered { tree, unmanaged, .. } = &self.rendered;
        let ours = tree.files().filter(|(path, _)| !unmanaged.contains(path.as_str()));
        ours.map(|(path, file)| (path, self.rewritten.get(path.as_str()).unwrap_or(file)))
    }

    /// What a commit on top of `head` holds of the cluster: its tree, its lock, what left it, seeds that HEAD does not
    /// have, and the profile if it stands in the repo.
    ///
    /// # Errors
    /// What the system says of the profile's file.
    pub fn commit_entries(
        &self,
        disk: &dyn Disk,
        root: &Path,
        head: &Tree,
    ) -> Result<BTreeMap<String, Option<File>>, Error> {
        let rendered = &self.rendered;
        let mut entries = BTreeMap::new();
        let was_ours = lock_of(head);
        for path in
            was_ours.paths().chain(self.today.lock.paths()).filter(|path| rendered.tree.get(path.as_str()).is_none())
        {
            entries.insert(self.in_repo(path.as_str()), None);
        }
        for (path, file) in self.ours() {
            entries.insert(self.in_repo(path.as_str()), Some(file.clone()));
        }
        for (path, file) in self.seeds().into_iter().filter(|(path, _)| head.get(path.as_str()).is_none()) {
            entries.insert(self.in_repo(path.as_str()), Some(file.clone()));
        }
        let bytes = Lock::of(&rendered.tree, &rendered.unmanaged).write().into_bytes();
        entries.insert(self.in_repo(lock::NAME), Some(File { bytes, executable: false }));
        // The text is the one that was read, whatever became of the file since.
        if let Some(path) = self.profile_in_repo(disk, root) {
            let bytes = self.source.text.clone().into_bytes();
            // One that is only about to be written is an ordinary file.
            let there = disk::entry(disk, &self.profile_path)?.is_some();
            let executable = there && said("look at", &self.profile_path, disk.is_executable(&self.profile_path))?;
            entries.insert(path, Some(File { bytes, executable }));
        }
        Ok(entries)
    }

    /// The seeds that a commit brings where HEAD has none: the root lists them, also the one that the user has patched
    /// already. Once bootstrap has filled the empty ones, all of them are its own.
    fn seeds(&self) -> Vec<(&TreePath, &File)> {
        let seeds = &self.rendered.seeds;
        let there = |path: &TreePath| self.today.files.get(path.as_str());
        let filled =
            |(path, seed): (&TreePath, &File)| seed.bytes.is_empty() && there(path).is_some_and(|it| it != seed);
        if seeds.files().any(filled) {
            return Vec::new();
        }
        let file = |path, seed| there(path).or(self.changes.seeded.contains(path).then_some(seed));
        seeds.files().filter_map(|(path, seed)| Some((path, file(path, seed)?))).collect()
    }

    /// What a commit would change of the cluster's tree, by unit: against HEAD, whatever was written to disk before.
    pub fn counts_against(&self, head: &Tree) -> BTreeMap<String, Counts> {
        let mut units: BTreeMap<String, Counts> = BTreeMap::new();
        for (path, file) in self.ours() {
            let verb = match head.get(path.as_str()) {
                None => Verb::Created,
                Some(there) if there != file => Verb::Changed,
                Some(_) => continue,
            };
            units.entry(self.unit_of(path, verb)).or_default().add(verb);
        }
        for path in lock_of(head).paths().filter(|path| self.rendered.tree.get(path.as_str()).is_none()) {
            units.entry(self.unit_of(path, Verb::Deleted)).or_default().add(Verb::Deleted);
        }
        units
    }

    /// The unit of a file; files of the cluster as a whole stand under its own words, deleted ones under their folder.
    fn unit_of(&self, path: &TreePath, verb: Verb) -> String {
        match (self.rendered.owners.get(path.as_str()), path.as_str().split_once('/')) {
            (Some(unit), _) => unit.clone(),
            (None, Some((folder, _))) if verb == Verb::Deleted => format!("{folder}/"),
            _ => "the cluster".to_owned(),
        }
    }

    /// The profile's path below the root, with `/`; nothing if it is elsewhere.
    pub fn profile_in_repo(&self, disk: &dyn Disk, root: &Path) -> Option<String> {
        disk::below(disk, root, &self.profile_path)
    }

    /// The files of ours that stay on disk with CRLF, by their paths in the repo: their bytes, and those of the commit.
    pub fn with_crlf(&self) -> Vec<(String, Vec<u8>, Vec<u8>)> {
        let there =
            |path: &TreePath| self.today.files.get(path.as_str()).filter(|_| !self.changes.changed.contains(path));
        let files = self.ours().filter_map(|(path, file)| Some((path.as_str(), &there(path)?.bytes, &file.bytes)));
        let files = files.map(|(path, there, wanted)| (path, there.clone(), wanted.clone()));
        let lock = self.today.lock_text.iter().filter(|_| self.changes.lock.is_none());
        let lock = lock.map(|text| (lock::NAME, text.clone().into_bytes(), text.replace('\r', "").into_bytes()));
        let differ = files.chain(lock).filter(|(_, there, wanted)| there != wanted);
        differ.map(|(path, there, wanted)| (self.in_repo(path), there, wanted)).collect()
    }

    /// A profile that is a link cannot be committed as what was read.
    ///
    /// # Errors
    /// What the system says.
    pub fn profile_is_a_link(&self, disk: &dyn Disk, root: &Path) -> Result<Option<Problem>, Error> {
        let entry = disk::entry(disk, &self.profile_path)?;
        if entry != Some(Entry::Other) || self.profile_in_repo(disk, root).is_none() {
            return Ok(None);
        }
        let says = format!("`{}` is a link, and a commit holds the profile that was read", self.source.name);
        let problem = Problem::new(Code::LEAVES_THE_REPO, says).at(Place::file(&self.source.name));
        Ok(Some(problem.hint("put the file itself there, or render without --commit")))
    }
}

fn wanted(rendered: &Rendered) -> Wanted<'_> {
    let Rendered { path, tree, seeds, unmanaged, rewritten, .. } = rendered;
    Wanted { path, tree, seeds, unmanaged, rewritten }
}

/// The files that another program has rewritten, whatever a checkout made of their line ends.
fn rewritten(today: &Today, changes: &Changes) -> Tree {
    let file = |path: &TreePath| {
        let there = today.files.get(path.as_str())?;
        let bytes = lock::without_crlf(&there.bytes).unwrap_or_else(|| there.bytes.clone());
        Some((path.clone(), File { bytes, executable: there.executable }))
    };
    changes.rewritten.iter().filter_map(file).collect()
}

fn lock_of(tree: &Tree) -> Lock {
    tree.get(lock::NAME).map(|file| Lock::read(&String::from_utf8_lossy(&file.bytes))).unwrap_or_default()
}

/// Clusters that would be written into one folder, or one into what another's Flux applies.
pub fn in_one_folder(clusters: &[Cluster]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, cluster) in clusters.iter().enumerate() {
        let folder = folder_of(cluster);
        let clash = |other: &&Cluster| is_in(folder, folder_of(other)) || is_in(folder_of(other), folder);
        if let Some(other) = clusters[..index].iter().find(clash) {
            let says =
                format!("the trees of `{}` and `{}` would stand in one folder, {folder}", other.name(), cluster.name());
            problems.push(
                Problem::new(Code::PATH_CLASH, says)
                    .at(Place::file(&cluster.source.name))
                    .hint("give one of them another `flux.path` or name"),
            );
        }
    }
    problems
}

/// The folder that a cluster has for itself: its tree, or the one around it with which EKS Anywhere's own Flux begins.
fn folder_of(cluster: &Cluster) -> &str {
    cluster.rendered.gitops_root.as_ref().unwrap_or(&cluster.rendered.path)
}

/// Trees below `clusters/` that belong to none of these clusters: their profile was deleted, renamed or moved elsewhere,
/// and Flux applies them all the same. With EKS Anywhere's own Flux a tree is one folder deeper.
///
/// # Errors
/// What the system says.
pub fn trees_without_profile(disk: &dyn Disk, root: &Path, clusters: &[Cluster]) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    for (folder, name) in folders_in(disk, root, "clusters")? {
        let mut trees = vec![(folder.clone(), name)];
        trees.extend(folders_in(disk, root, &folder)?);
        for (path, name) in trees {
            let lock = root.join(&path).join(lock::NAME);
            let owned = clusters.iter().any(|cluster| cluster.rendered.path == path);
            if !owned && disk::entry(disk, &lock)?.is_some() {
                let namesake = clusters.iter().find(|cluster| cluster.name() == name);
                problems.push(without_profile(&path, namesake));
            }
        }
    }
    Ok(problems)
}

/// The paths and names of the folders in one.
fn folders_in(disk: &dyn Disk, root: &Path, folder: &str) -> Result<Vec<(String, String)>, Error> {
    let at = root.join(folder);
    let names = said("look through", &at, disk.folders_in(&at))?;
    Ok(names.into_iter().map(|name| (format!("{folder}/{name}"), name)).collect())
}

/// A tree that no profile belongs to; `namesake` is the cluster of its name, whose tree is elsewhere.
fn without_profile(path: &str, namesake: Option<&Cluster>) -> Problem {
    let says = format!("`{path}` is a tree of fluxwright's, and no profile belongs to it");
    let problem = Problem::warning(Code::TREE_WITHOUT_PROFILE, says).at(Place::file(path));
    match namesake.map(|cluster| &cluster.rendered.path) {
        None => problem
            .because("its profile was deleted or renamed, and Flux applies the tree as long as it stands there")
            .hint(format!(
                "to go on with it, put its profile back; to let the cluster go, first let Flux go: flux uninstall, then:\ngit rm -r {path}"
            )),
        Some(now) => problem
            .because(format!("the profile's `flux.path` is {now} now; Flux reads {path} until its own Kustomization is told so"))
            .hint(format!(
                "write `flux.path: {path}` to stay; to move, let {now} hold all that {path} does, then change `path` in flux-system/gotk-sync.yaml; git rm -r {path} only when Flux reads {now}"
            )),
    }
}
