//! `render`: writes the trees, only tells what it would write, or commits what it wrote.
//!
//! Everything is rendered and everything that stands in the way is found before the first file is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::workspace::{Workspace, argument};
use super::{Done, Format, Global, report};
use crate::catalog::{Catalog, OWN_COMPONENTS};
use crate::compare;
use crate::compare::applied::{Applied, Drop, allows};
use crate::disk::changes::{Changes, Today, Wanted};
use crate::disk::lock::{self, Lock};
use crate::disk::{self, LocalDisk, said, write};
use crate::error::{Error, Failure};
use crate::flux;
use crate::problem::{Code, Place, Problem, Source};
use crate::profile::Profile;
use crate::render::Rendered;
use crate::repo::{Committed, Entry, Identity, Moment, Repo, Target, Who};
use crate::tree::{File, Tree, TreePath};

/// How many lines `render` says at most, unless asked for more.
const MOST_LINES: usize = 15;
/// How many lines of an edit are shown.
const EDIT_LINES: usize = 20;

/// Write the trees of the profiles, or tell what would be written
///
/// Reads profiles/<NAME>.yaml, renders clusters/<NAME>/ and writes what differs. Files that fluxwright did not write,
/// and files that were edited by hand, are never overwritten; nothing is written at all if one is in the way.
///
/// Exit codes: 0 done; 1 with --check: something is stale or edited by hand; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Render {
    /// Names of profiles under profiles/, or paths of profiles; all under profiles/ if none is given
    #[arg(value_name = "PROFILE")]
    profiles: Vec<String>,
    /// Take DIR for the repo's root: write there, compare with what is there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing; exit with 1 if something would be written or was edited by hand
    #[arg(long, conflicts_with_all = ["commit", "stdout", "discard_edits"])]
    check: bool,
    /// Commit what was written, with the profiles it was made of, on top of HEAD
    #[arg(long, conflicts_with = "stdout")]
    commit: bool,
    /// The commit's message
    #[arg(short, long, value_name = "MSG", requires = "commit")]
    message: Option<String>,
    /// The branch to commit to: made at HEAD, or standing there
    #[arg(long, value_name = "B", requires = "commit")]
    branch: Option<String>,
    /// Author and committer
    #[arg(long, value_name = "NAME <MAIL>", requires = "commit")]
    author: Option<String>,
    /// When the commit is made
    #[arg(long, value_name = "RFC3339", requires = "commit")]
    date: Option<String>,
    /// Print this file of the tree and write nothing (can be repeated)
    #[arg(long, value_name = "FILE")]
    stdout: Vec<String>,
    /// Write over files that were edited by hand
    #[arg(long)]
    discard_edits: bool,
    /// Let this object go, named as the refusal names it (can be repeated)
    #[arg(long, value_name = "OBJECT")]
    prune_ok: Vec<String>,
    /// Say each file
    #[arg(short, long)]
    verbose: bool,
}

/// A cluster on its way from profile to disk.
struct Cluster {
    profile_path: PathBuf,
    /// The profile as it was read.
    source: Arc<Source>,
    rendered: Rendered,
    today: Today,
    changes: Changes,
}

impl Cluster {
    fn wanted(rendered: &Rendered) -> Wanted<'_> {
        Wanted { path: &rendered.path, tree: &rendered.tree, seeds: &rendered.seeds, unmanaged: &rendered.unmanaged }
    }

    fn in_repo(&self, path: &str) -> String {
        format!("{}/{path}", self.rendered.path)
    }
}

/// What a commit needs to be known before anything is written.
struct Commit {
    repo: Repo,
    target: Target,
    author: Identity,
    committer: Identity,
    date: Option<Moment>,
}

impl Render {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let workspace = Workspace::find(global)?;
        let catalog = workspace.catalog()?;
        let out = self.out.as_ref().map_or(workspace.root.clone(), |out| workspace.start.join(out));
        let sources = workspace.profiles(&self.profiles)?;
        let (clusters, warnings) = self.read_all(&catalog, &workspace.disk, &out, sources)?;
        if global.format == Format::Text {
            report::warnings(&warnings);
        }
        if !self.stdout.is_empty() {
            return self.print(&clusters);
        }
        self.refuse(&clusters)?;
        if self.check {
            return Ok(self.tell_stale(&clusters, &warnings, global.format));
        }
        let commit = if self.commit { Some(self.prepare_commit(&workspace.disk, &out, &clusters)?) } else { None };
        for cluster in &clusters {
            write::apply(&workspace.disk, &out, &Cluster::wanted(&cluster.rendered), &cluster.today, &cluster.changes)?;
        }
        let committed = match &commit {
            Some(commit) => Some(self.commit(commit, &workspace.disk, &out, &clusters)?),
            None => None,
        };
        self.tell_written(&clusters, committed.as_ref(), &warnings, global.format);
        Ok(Done::Same)
    }

    /// Reads, renders and compares every cluster, and gathers what is wrong with any of them.
    fn read_all(&self, catalog: &Catalog, disk: &LocalDisk, out: &Path, sources: Vec<(PathBuf, Arc<Source>)>) -> Result<(Vec<Cluster>, Vec<Problem>), Failure> {
        let read = |(path, source): (PathBuf, Arc<Source>)| self.read(catalog, disk, out, path, &source);
        let results: Vec<Result<(Cluster, Vec<Problem>), Failure>> = match sources.len() {
            // One cluster is done sooner than threads are started.
            1 => sources.into_iter().map(read).collect(),
            _ => sources.into_par_iter().map(read).collect(),
        };
        let (mut clusters, mut warnings, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok((cluster, found)) => {
                    clusters.push(cluster);
                    warnings.extend(found);
                }
                Err(Failure::Problems(found)) => problems.extend(found),
                Err(error) => return Err(error),
            }
        }
        problems.extend(same_tree(&clusters));
        if problems.is_empty() { Ok((clusters, warnings)) } else { Err(Failure::Problems(problems)) }
    }

    fn read(&self, catalog: &Catalog, disk: &LocalDisk, out: &Path, path: PathBuf, source: &Arc<Source>) -> Result<(Cluster, Vec<Problem>), Failure> {
        let profile = Profile::read(source)?;
        let folder = out.join(profile.tree_path());
        // Only what is included by folder depends on what stands in the repo.
        let existing = if profile.flux.include.is_empty() { BTreeSet::new() } else { disk::paths_below(disk, &folder)? };
        let (rendered, warnings) = crate::rendered(&profile, catalog, &existing)?;
        let wanted = Cluster::wanted(&rendered);
        let today = Today::read(disk, out, &wanted)?;
        let changes = Changes::of(&wanted, &today, self.discard_edits);
        let source = Arc::clone(source);
        Ok((Cluster { profile_path: path, source, rendered, today, changes }, warnings))
    }

    /// Prints files of one tree.
    fn print(&self, clusters: &[Cluster]) -> Result<Done, Failure> {
        let [cluster] = clusters else {
            return Err(argument("--stdout takes the files of one cluster, and there are several profiles".to_owned()).into());
        };
        for path in &self.stdout {
            let below = path.strip_prefix(&format!("{}/", cluster.rendered.path)).unwrap_or(path);
            let Some(file) = cluster.rendered.tree.get(below) else {
                let names = cluster.rendered.tree.files().map(|(path, _)| path.as_str());
                let hint = crate::problem::nearest(below, names).map(|near| format!("did you mean `{near}`?"));
                let says = format!("the tree of {} has no file `{path}`", cluster.rendered.cluster);
                return Err(Problem::new(Code::NOT_IN_TREE, says).hint("paths are as below the tree's folder").maybe_hint(hint).into());
            };
            anstream::print!("{}", String::from_utf8_lossy(&file.bytes));
        }
        Ok(Done::Same)
    }

    /// Everything that stands in the way of writing, of all clusters at once.
    fn refuse(&self, clusters: &[Cluster]) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for cluster in clusters {
            problems.extend(blocked(cluster));
            problems.extend(foreign(cluster));
            problems.extend(walked(cluster));
            if !self.check {
                problems.extend(edited(cluster));
                let today = Applied::of(&cluster.today.ours(), &cluster.rendered.path);
                problems.extend(self.dropped(cluster, &today, "today"));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems)) }
    }

    /// Objects that Flux would stop to apply, unless they were named.
    fn dropped(&self, cluster: &Cluster, before: &Applied, when: &str) -> Option<Problem> {
        let after = Applied::of(&cluster.rendered.tree, &cluster.rendered.path);
        let drops: Vec<Drop> = before.drops(&after).into_iter().filter(|drop| !self.prune_ok.iter().any(|ok| allows(ok, drop))).collect();
        let first = drops.first()?;
        let moves = drops.iter().any(|drop| drop.moves_to.is_some());
        let line = |drop: &Drop| match &drop.moves_to {
            Some(to) => format!("{}  (applied by {}, would move to {to})", drop.id, drop.by),
            None => format!("{}  (applied by {})", drop.id, drop.by),
        };
        let says = match drops.len() {
            1 => format!("{} is applied {when} and would not be any more", first.id),
            n => format!("{n} objects are applied {when} and would not be any more"),
        };
        let names: Vec<String> = drops.iter().map(|drop| format!("--prune-ok {}", drop.id)).collect();
        let guard = "to keep an object in the cluster, first commit the guard alone, by a patch in the profile:\n  kustomize.toolkit.fluxcd.io/prune: disabled\nlet Flux apply it, then make this change";
        let hint = if moves {
            format!("an object that moves is deleted by one Kustomization and made again by another; {guard}\n# or, to let them be deleted:\n{}", names.join(" \\\n"))
        } else {
            format!("to let them be deleted:\n{}\n# {}", names.join(" \\\n"), guard.replace('\n', "\n# "))
        };
        Some(
            Problem::new(Code::WOULD_DROP, says)
                .at(Place::file(&cluster.rendered.path))
                .because("Flux deletes what leaves a Kustomization that prunes, volumes and all")
                .hint(hint)
                .detail(drops.iter().map(line).collect::<Vec<_>>().join("\n")),
        )
    }

    /// Looks whether a commit could be made, before anything is written.
    fn prepare_commit(&self, disk: &LocalDisk, root: &Path, clusters: &[Cluster]) -> Result<Commit, Failure> {
        let explicit = match &self.author {
            Some(text) => Some(Identity::parse(text).ok_or_else(|| argument(format!("`{text}` is no author: write 'NAME <MAIL>'")))?),
            None => None,
        };
        let date = self.date.as_deref().map(moment).transpose()?;
        let environment = |who: &str| {
            let variable = |what: &str| std::env::var(format!("GIT_{who}_{what}")).ok().filter(|value| !value.is_empty());
            (variable("NAME"), variable("EMAIL"))
        };
        let who = Who { explicit, author: environment("AUTHOR"), committer: environment("COMMITTER"), date };
        let repo = Repo::open(disk, root)?;
        let (author, committer) = repo.identities(&who)?;
        if let Some(branch) = &self.branch {
            crate::texts::Branch::parse(branch).map_err(|why| argument(format!("`{branch}` {why}")))?;
        }
        let target = repo.target(self.branch.as_deref())?;
        let mut problems = Vec::new();
        for cluster in clusters {
            let head = repo.head_files(&cluster.rendered.path)?;
            let lock = head.get(lock::NAME).map(|file| Lock::read(&String::from_utf8_lossy(&file.bytes))).unwrap_or_default();
            let ours: Tree = head.files().filter(|(path, _)| lock.has(path)).map(|(path, file)| (path.clone(), file.clone())).collect();
            problems.extend(self.dropped(cluster, &Applied::of(&ours, &cluster.rendered.path), "in HEAD"));
            let paths = cluster.rendered.tree.files().map(|(path, _)| cluster.in_repo(path.as_str()));
            let paths: Vec<String> = paths.chain([cluster.in_repo(lock::NAME)]).collect();
            repo.refuse_ignored(paths.iter().map(String::as_str))?;
        }
        if problems.is_empty() { Ok(Commit { repo, target, author, committer, date }) } else { Err(Failure::Problems(problems)) }
    }

    fn commit(&self, commit: &Commit, disk: &LocalDisk, root: &Path, clusters: &[Cluster]) -> Result<Committed, Failure> {
        let mut entries: BTreeMap<String, Option<File>> = BTreeMap::new();
        for cluster in clusters {
            cluster_entries(cluster, &commit.repo, &mut entries)?;
            // The profile is committed if it stands in the repo; one from elsewhere cannot be.
            if let Some(path) = below(root, &cluster.profile_path) {
                let bytes = cluster.source.text.clone().into_bytes();
                entries.insert(path, Some(File { bytes, executable: false }));
            }
        }
        for path in disk::paths_below(disk, &root.join(OWN_COMPONENTS))? {
            let path = format!("{OWN_COMPONENTS}/{path}");
            let at = root.join(&path);
            entries.insert(path, Some(File { bytes: said("read", &at, disk::Disk::read(disk, &at))?, executable: false }));
        }
        let entries: Vec<Entry> = entries.into_iter().collect();
        let message = self.message.clone().unwrap_or_else(|| message(clusters));
        commit.repo.commit(&commit.target, &entries, &message, &commit.author, &commit.committer, commit.date)
    }

    fn tell_stale(&self, clusters: &[Cluster], warnings: &[Problem], format: Format) -> Done {
        let stale = clusters.iter().any(|cluster| !cluster.changes.is_empty());
        if format == Format::Json {
            anstream::println!("{:#}", as_json(clusters, None, warnings));
            return if stale { Done::Differences } else { Done::Same };
        }
        let mut lines = Vec::new();
        for cluster in clusters {
            if cluster.changes.is_empty() {
                lines.push(format!("{}: up to date", cluster.rendered.cluster));
                continue;
            }
            lines.push(format!("{}: {}", cluster.rendered.cluster, totals(cluster, "would be ")));
            lines.extend(cluster.changes.edited.iter().map(|path| format!("  edited by hand  {}", cluster.in_repo(path.as_str()))));
            lines.extend(files(cluster).map(|(verb, path)| format!("  {verb:14}  {}", cluster.in_repo(path.as_str()))));
        }
        self.say(lines);
        if stale { Done::Differences } else { Done::Same }
    }

    fn tell_written(&self, clusters: &[Cluster], committed: Option<&Committed>, warnings: &[Problem], format: Format) {
        if format == Format::Json {
            anstream::println!("{:#}", as_json(clusters, committed, warnings));
            return;
        }
        let many = clusters.len() > 1 && !self.verbose;
        let mut lines = Vec::new();
        for cluster in clusters.iter().filter(|cluster| !many || cluster.changes.count() > 0) {
            if cluster.changes.count() == 0 {
                lines.push(format!("{}: up to date", cluster.rendered.cluster));
                continue;
            }
            lines.push(format!("{}: {} in {}", cluster.rendered.cluster, totals(cluster, ""), cluster.rendered.path));
            if self.verbose {
                lines.extend(files(cluster).map(|(verb, path)| format!("  {verb}  {}", cluster.in_repo(path.as_str()))));
            } else if !many {
                lines.extend(by_unit(cluster).into_iter().map(|(unit, [created, changed, deleted])| format!("  {unit:30}  {}", counts(created, changed, deleted, ""))));
            }
        }
        let same = clusters.iter().filter(|cluster| cluster.changes.count() == 0).count();
        if many && same > 0 {
            lines.push(format!("{same} clusters: up to date"));
        }
        let last = match committed {
            Some(Committed::Commit { id, branch }) => Some(format!("committed {} on {branch}", &id[..id.len().min(12)])),
            Some(Committed::Nothing) => Some("nothing to commit: HEAD holds all of it".to_owned()),
            None => None,
        };
        let keep = MOST_LINES - usize::from(last.is_some());
        self.say_at_most(lines, keep);
        last.into_iter().for_each(|line| anstream::println!("{line}"));
    }

    fn say(&self, lines: Vec<String>) {
        self.say_at_most(lines, MOST_LINES);
    }

    fn say_at_most(&self, mut lines: Vec<String>, most: usize) {
        if !self.verbose && lines.len() > most {
            let more = lines.len() - (most - 1);
            lines.truncate(most - 1);
            lines.push(format!("  … {more} more lines; -v says all"));
        }
        lines.iter().for_each(|line| anstream::println!("{line}"));
    }
}

/// Clusters that would be written into one folder, or one inside of the other.
fn same_tree(clusters: &[Cluster]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, cluster) in clusters.iter().enumerate() {
        let (path, name) = (&cluster.rendered.path, &cluster.rendered.cluster);
        let inside = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        if let Some(other) = clusters[..index].iter().find(|other| inside(path, &other.rendered.path) || inside(&other.rendered.path, path)) {
            let says = format!("the trees of `{}` and `{name}` would stand in one folder, {path}", other.rendered.cluster);
            problems.push(Problem::new(Code::PATH_CLASH, says).at(Place::file(&cluster.source.name)).hint("give one of them another `flux.path` or name"));
        }
    }
    problems
}

fn blocked(cluster: &Cluster) -> Vec<Problem> {
    let mut problems = Vec::new();
    let way = cluster.today.blocked.iter().map(|path| path.display().to_string());
    let inside = cluster.changes.blocked.iter().map(|path| cluster.in_repo(path));
    for path in way.chain(inside) {
        let says = format!("`{path}` is a link, or not what the tree has there");
        let because = "fluxwright writes below the repo's root only, and a link could lead anywhere";
        problems.push(Problem::new(Code::LEAVES_THE_REPO, says).at(Place::file(&path)).because(because).hint(format!("look at it, and if it can go: git rm {path}")));
    }
    for path in &cluster.changes.missing {
        let path = cluster.in_repo(path);
        let says = format!("`{path}` is yours by `unmanaged`, and it is not there");
        let because = "the tree refers to it, so Flux would fail";
        problems.push(Problem::new(Code::UNMANAGED_MISSING, says).at(Place::file(&path)).because(because).hint("put the file back, or take it out of `unmanaged` in the profile"));
    }
    problems
}

fn foreign(cluster: &Cluster) -> Vec<Problem> {
    let one = |path: &TreePath| {
        let shown = cluster.in_repo(path.as_str());
        Problem::new(Code::FOREIGN_FILE, format!("`{shown}` stands where fluxwright would write, and it did not write it"))
            .at(Place::file(&shown))
            .because("only files in .fluxwright.lock are overwritten")
            .hint(format!("to keep it as it is, add to the profile:\nunmanaged:\n  - {path}\n# or move it away:\ngit mv {shown} {shown}.mine"))
    };
    cluster.changes.foreign.iter().map(one).collect()
}

fn edited(cluster: &Cluster) -> Vec<Problem> {
    let one = |path: &TreePath| {
        let shown = cluster.in_repo(path.as_str());
        let text = |tree: &Tree| tree.get(path.as_str()).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        let (now, wanted) = (text(&cluster.today.files).unwrap_or_default(), text(&cluster.rendered.tree));
        let says = match wanted {
            Some(_) => format!("`{shown}` was edited by hand"),
            None => format!("`{shown}` would be deleted, and was edited by hand"),
        };
        Problem::new(Code::EDITED_BY_HAND, says)
            .at(Place::file(&shown))
            .because("fluxwright would write over the edit; what it would write is the second side below")
            .hint(format!("to keep the file as it is, add to the profile:\nunmanaged:\n  - {path}\n# to keep the change, say it in the profile with `patches:`, then\n# to write over it:\nfluxwright render --discard-edits"))
            .detail(compare::unified(&shown, &now, &wanted.unwrap_or_default(), EDIT_LINES))
    };
    cluster.changes.edited.iter().map(one).collect()
}

/// A folder without a kustomization is applied whole by Flux; ours would cut off what else is in it.
fn walked(cluster: &Cluster) -> Option<Problem> {
    let rendered = &cluster.rendered;
    let root = TreePath::new("kustomization.yaml")?;
    let paths: BTreeSet<String> = cluster.today.entries.keys().cloned().collect();
    if cluster.today.lock.has(&root) || flux::has_kustomization(&paths, "") {
        return None;
    }
    let reached = |path: &str| {
        let listed = rendered.included.iter().any(|include| path == include || path.starts_with(&format!("{include}/")));
        listed || path.starts_with("flux-system/") || path == "flux-system" || rendered.tree.get(path).is_some()
    };
    let cut: BTreeSet<String> = flux::generated_resources(&paths, "").into_iter().filter(|path| !reached(path)).collect();
    if cut.is_empty() {
        return None;
    }
    let entries: BTreeSet<&str> = cut.iter().map(|path| path.split('/').next().unwrap_or(path)).collect();
    let lines: Vec<String> = entries.iter().map(|entry| format!("    - {entry}")).collect();
    let all: Vec<String> = cut.iter().map(|path| cluster.in_repo(path)).collect();
    Some(
        Problem::new(Code::WALKED_FOLDER, format!("{} has files that Flux may apply today, and would not any more", rendered.path))
            .at(Place::file(&rendered.path))
            .because("a folder without kustomization.yaml is applied whole; the one that fluxwright adds lists what is applied, and Flux deletes the rest")
            .hint(format!("to keep applying them, add to the profile:\nflux:\n  include:\n{}\n# or move them out of the folder first", lines.join("\n")))
            .detail(all.join("\n")),
    )
}

/// What a commit holds of a cluster: its tree, its lock, what left it, and seeds that HEAD does not have.
fn cluster_entries(cluster: &Cluster, repo: &Repo, entries: &mut BTreeMap<String, Option<File>>) -> Result<(), Error> {
    let rendered = &cluster.rendered;
    let head = repo.head_files(&rendered.path)?;
    let lock = Lock::of(&rendered.tree, &rendered.unmanaged);
    let was_ours = head.get(lock::NAME).map(|file| Lock::read(&String::from_utf8_lossy(&file.bytes))).unwrap_or_default();
    for path in was_ours.paths().chain(cluster.today.lock.paths()) {
        let gone = rendered.tree.get(path.as_str()).is_none();
        if gone {
            entries.insert(cluster.in_repo(path.as_str()), None);
        }
    }
    for (path, file) in rendered.tree.files().filter(|(path, _)| lock.has(path)) {
        entries.insert(cluster.in_repo(path.as_str()), Some(file.clone()));
    }
    for (path, seed) in rendered.seeds.files().filter(|(path, _)| head.get(path.as_str()).is_none()) {
        let there = cluster.today.files.get(path.as_str());
        let ours = there.map_or(cluster.changes.seeded.contains(path), |there| there.bytes == seed.bytes);
        if ours {
            entries.insert(cluster.in_repo(path.as_str()), Some(seed.clone()));
        }
    }
    let bytes = lock.write().into_bytes();
    entries.insert(cluster.in_repo(lock::NAME), Some(File { bytes, executable: false }));
    Ok(())
}

/// A path below the root, with `/`; nothing if it is elsewhere.
fn below(root: &Path, path: &Path) -> Option<String> {
    let absolute = |path: &Path| std::path::absolute(path).ok();
    let path = absolute(path)?.strip_prefix(absolute(root)?).ok()?.to_string_lossy().replace('\\', "/");
    (!path.split('/').any(|part| part == "..")).then_some(path)
}

fn moment(text: &str) -> Result<Moment, Failure> {
    let date = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| argument(format!("`{text}` is no date: write it like 2026-11-21T13:00:00Z")))?;
    Ok(Moment { seconds: date.unix_timestamp(), offset: i32::from(date.offset().whole_minutes()) })
}

fn message(clusters: &[Cluster]) -> String {
    let changed: Vec<&Cluster> = clusters.iter().filter(|cluster| !by_unit(cluster).is_empty()).collect();
    let names: Vec<&str> = if changed.is_empty() { clusters } else { &[] }.iter().chain(changed.iter().copied()).map(|cluster| cluster.rendered.cluster.as_str()).collect();
    let subject = match names.as_slice() {
        few @ ([_] | [_, _] | [_, _, _]) => format!("Render {}", few.join(", ")),
        many => format!("Render {} clusters", many.len()),
    };
    let mut message = format!("{subject}\n");
    for cluster in changed {
        message.push_str(&format!("\n{}: {}\n", cluster.rendered.cluster, totals(cluster, "")));
        for (unit, [created, changed, deleted]) in by_unit(cluster) {
            message.push_str(&format!("- {unit}: {}\n", counts(created, changed, deleted, "")));
        }
    }
    message
}

/// The files that were written, with what was done to each, by path.
fn files(cluster: &Cluster) -> impl Iterator<Item = (&'static str, &TreePath)> {
    let changes = &cluster.changes;
    let mut all: Vec<(&'static str, &TreePath)> = Vec::new();
    all.extend(changes.created.iter().chain(&changes.seeded).map(|path| ("created", path)));
    all.extend(changes.changed.iter().map(|path| ("changed", path)));
    all.extend(changes.deleted.iter().map(|path| ("deleted", path)));
    all.sort_by_key(|(_, path)| *path);
    all.into_iter()
}

/// Created, changed and deleted files by unit; what belongs to none is the cluster's.
fn by_unit(cluster: &Cluster) -> BTreeMap<String, [usize; 3]> {
    let mut units: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for (verb, path) in files(cluster) {
        let unit = cluster.rendered.owners.get(path.as_str()).cloned();
        let folder = || path.as_str().split_once('/').map_or("the cluster", |(folder, _)| folder).to_owned();
        let counts = units.entry(unit.unwrap_or_else(folder)).or_default();
        counts[["created", "changed", "deleted"].iter().position(|known| *known == verb).unwrap_or(0)] += 1;
    }
    units
}

fn totals(cluster: &Cluster, would: &str) -> String {
    let changes = &cluster.changes;
    let mut text = counts(changes.created.len() + changes.seeded.len(), changes.changed.len(), changes.deleted.len(), would);
    match (text.as_str(), changes.edited.len()) {
        ("", 0) => text.push_str("only its lock differs"),
        (_, 0) => {}
        (said, edited) => text = [said, &format!("{edited} edited by hand")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
    }
    text
}

fn counts(created: usize, changed: usize, deleted: usize, would: &str) -> String {
    let parts = [(created, "created"), (changed, "changed"), (deleted, "deleted")];
    let said: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, verb)| format!("{count} {would}{verb}")).collect();
    said.join(", ")
}

fn as_json(clusters: &[Cluster], committed: Option<&Committed>, warnings: &[Problem]) -> Value {
    let paths = |cluster: &Cluster, paths: &[TreePath]| paths.iter().map(|path| cluster.in_repo(path.as_str())).collect::<Vec<_>>();
    let one = |cluster: &Cluster| {
        let changes = &cluster.changes;
        let unit = |(name, [created, changed, deleted]): (String, [usize; 3])| json!({ "name": name, "created": created, "changed": changed, "deleted": deleted });
        json!({
            "name": cluster.rendered.cluster, "path": cluster.rendered.path, "upToDate": changes.is_empty(),
            "created": paths(cluster, &changes.created.iter().chain(&changes.seeded).cloned().collect::<Vec<_>>()),
            "changed": paths(cluster, &changes.changed), "deleted": paths(cluster, &changes.deleted),
            "edited": paths(cluster, &changes.edited), "units": by_unit(cluster).into_iter().map(unit).collect::<Vec<_>>(),
        })
    };
    let commit = match committed {
        Some(Committed::Commit { id, branch }) => json!({ "id": id, "branch": branch }),
        _ => Value::Null,
    };
    json!({ "clusters": clusters.iter().map(one).collect::<Vec<_>>(), "commit": commit, "findings": report::list(warnings) })
}
