//! `render`: writes the trees, only tells what it would write, or commits what it wrote.
//!
//! Everything is rendered and everything that stands in the way is found before the first file is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::commit::{self, Asked, Prepared};
use super::workspace::{Workspace, argument, each, lost_on_disk};
use super::{Done, Format, Global, report, who};
use crate::catalog::Catalog;
use crate::checks::known::Known;
use crate::cluster::{Allowed, Cluster, Counts, Verb, trees_without_profile};
use crate::disk::{self, Disk};
use crate::error::Failure;
use crate::problem::{Code, Problem, Severity, nearest};
use crate::repo::Committed;
use crate::texts::Branch;
use crate::tree::TreePath;

/// How many lines `render` says at most, unless asked for more.
const MOST_LINES: usize = 15;

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
    /// Commit what was written, with the profiles and the components of the repo it was made of, on top of HEAD
    #[arg(long, conflicts_with = "stdout")]
    commit: bool,
    /// The commit's message
    #[arg(short, long, value_name = "MSG", requires = "commit")]
    message: Option<String>,
    /// The branch to commit to: made at HEAD, or standing there; HEAD and the index stay as they are
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
    /// Take over a file that exists, if its objects equal ours; show the difference otherwise (can be repeated)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "stdout"])]
    adopt: Vec<String>,
    /// Let this object go, named as the refusal names it (can be repeated)
    #[arg(long, value_name = "OBJECT")]
    prune_ok: Vec<String>,
    /// Write the trees without looking for what `fluxwright check` finds in them
    #[arg(long)]
    no_check: bool,
    /// Say each file
    #[arg(short, long)]
    verbose: bool,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What there is to tell when the work is done.
struct Outcome<'a> {
    clusters: &'a [Cluster],
    committed: Option<&'a Committed>,
    warnings: &'a [Problem],
}

/// What was told on the way, and is told again in JSON.
struct Told {
    format: Format,
    problems: Vec<Problem>,
}

impl Told {
    fn tell(&mut self, problems: Vec<Problem>) {
        if self.format == Format::Text {
            report::warnings(&problems);
        }
        self.problems.extend(problems);
    }
}

impl Render {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let workspace = Workspace::find(global)?;
        let catalog = workspace.catalog()?;
        let disk: &dyn Disk = &workspace.disk;
        let root = self.out.as_ref().map_or(workspace.root.clone(), |out| workspace.start.join(out));
        let mut told = Told { format: self.format, problems: Vec::new() };
        let (clusters, warnings) = self.read(&workspace, &catalog, &root)?;
        told.tell(warnings);
        if !self.stdout.is_empty() {
            return self.print(&workspace, &root, &clusters);
        }
        let allowed = Allowed { prune_ok: &self.prune_ok, catalog: &catalog, head_follows: self.commit };
        let (warnings, used) = self.refuse(disk, &root, &clusters, allowed)?;
        told.tell(warnings);
        let (errors, found) = self.checked(&workspace, &root, &catalog, &clusters)?;
        if !errors.is_empty() && !self.check {
            return Err(Failure::Problems(errors));
        }
        // `--check` only tells; that `render` would refuse is a part of it.
        told.tell(errors.into_iter().map(Problem::as_warning).collect());
        let warnings = found.len();
        if self.check {
            told.problems.extend(found);
            let outcome = Outcome { clusters: &clusters, committed: None, warnings: &told.problems };
            return Ok(self.tell_stale(&outcome, self.format));
        }
        let (committed, more) = self.write(disk, &root, &clusters, allowed, used)?;
        told.tell(more);
        told.problems.extend(found);
        let outcome = Outcome { clusters: &clusters, committed: committed.as_ref(), warnings: &told.problems };
        self.tell_written(&outcome, warnings, self.format);
        Ok(Done::Same)
    }

    /// What `check` finds in the trees that are about to be written: errors, which are in the way, and warnings.
    fn checked(
        &self,
        workspace: &Workspace,
        root: &Path,
        catalog: &Catalog,
        clusters: &[Cluster],
    ) -> Result<(Vec<Problem>, Vec<Problem>), Failure> {
        if self.no_check || clusters.iter().all(|cluster| cluster.changes.count() == 0) {
            return Ok((Vec::new(), Vec::new()));
        }
        let known = Known::of(catalog);
        let found = each(clusters, |cluster| cluster.checked(&workspace.disk, root, &known))?;
        let found = found.into_iter().flatten().filter(|problem| problem.severity > Severity::Note);
        Ok(found.partition(|problem| problem.severity == Severity::Error))
    }

    /// The clusters as they would be written, with what there is to tell of the repo.
    fn read(
        &self,
        workspace: &Workspace,
        catalog: &Catalog,
        root: &Path,
    ) -> Result<(Vec<Cluster>, Vec<Problem>), Failure> {
        let sources = workspace.profiles(&self.profiles)?;
        // The schema is made of the whole catalog, and a profile reads a few components of it: beside each other they
        // take no longer than the profile.
        let (read, stale) = std::thread::scope(|threads| {
            let stale = threads.spawn(|| super::schema::stale(workspace, catalog));
            let read = workspace.clusters(catalog, root, &sources, self.discard_edits);
            (read, stale.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let (mut clusters, mut warnings) = read?;
        self.take_over(workspace, root, &mut clusters)?;
        if self.profiles.is_empty() {
            warnings.extend(trees_without_profile(&workspace.disk, root, &clusters)?);
        }
        warnings.extend(stale?);
        Ok((clusters, warnings))
    }

    /// Writes what differs, and commits it if that is asked; what is told of it.
    fn write(
        &self,
        disk: &dyn Disk,
        root: &Path,
        clusters: &[Cluster],
        allowed: Allowed<'_>,
        mut used: BTreeSet<String>,
    ) -> Result<(Option<Committed>, Vec<Problem>), Failure> {
        let asked = self.commit()?;
        let commit = asked.map(|asked| commit::prepare(disk, root, clusters, asked, allowed)).transpose()?;
        used.extend(commit.iter().flat_map(|commit| commit.used.clone()));
        let mut warnings: Vec<Problem> = commit.iter().flat_map(|commit| commit.told.clone()).collect();
        warnings.extend(self.unused(&used));
        each(clusters, |cluster| cluster.write(disk, root))?;
        let (committed, told) = commit.map(Prepared::make).transpose()?.unzip();
        warnings.extend(told.flatten());
        Ok((committed, warnings))
    }

    /// The files that the user hands over become ours, or it is said why not.
    fn take_over(&self, workspace: &Workspace, root: &Path, clusters: &mut [Cluster]) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for file in &self.adopt {
            let found = clusters
                .iter_mut()
                .find_map(|cluster| path_of(workspace, root, cluster, file).map(|path| (cluster, path)));
            problems.extend(match found {
                Some((cluster, path)) => cluster.adopt(&path).err(),
                None => Some(not_in_tree(file, clusters)),
            });
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems)) }
    }

    /// Prints files of one tree.
    fn print(&self, workspace: &Workspace, root: &Path, clusters: &[Cluster]) -> Result<Done, Failure> {
        let [cluster] = clusters else {
            return Err(
                argument("--stdout takes the files of one cluster, and there are several profiles".to_owned()).into()
            );
        };
        let mut bytes = Vec::new();
        for typed in &self.stdout {
            let path = path_of(workspace, root, cluster, typed);
            let Some(file) = path.and_then(|path| cluster.rendered.tree.get(path.as_str())) else {
                return Err(not_in_tree(typed, clusters).into());
            };
            bytes.extend_from_slice(&file.bytes);
        }
        report::data(&bytes);
        Ok(Done::Same)
    }

    /// Everything that stands in the way of writing, of all clusters at once; with each `--prune-ok` that was of use.
    fn refuse(
        &self,
        disk: &dyn Disk,
        root: &Path,
        clusters: &[Cluster],
        allowed: Allowed<'_>,
    ) -> Result<(Vec<Problem>, BTreeSet<String>), Failure> {
        // What would be lost is only known once it is known what would be written.
        let known = |cluster: &Cluster| !cluster.is_blocked() && cluster.changes.edited.is_empty();
        let known = if clusters.iter().all(known) { clusters } else { &[] };
        let lost = lost_on_disk(disk, root, known.iter(), allowed)?;
        let mut problems: Vec<Problem> = clusters.iter().flat_map(|cluster| cluster.in_the_way(&lost.files)).collect();
        if !self.check {
            problems.extend(clusters.iter().flat_map(Cluster::edited));
        }
        if self.check && problems.is_empty() {
            // `--check` only tells; that `render` would refuse is a part of it.
            let problems = lost.problems.into_iter().map(Problem::as_warning);
            return Ok((problems.chain(lost.told).collect(), lost.used));
        }
        problems.extend(lost.problems);
        if problems.is_empty() { Ok((lost.told, lost.used)) } else { Err(Failure::Problems(problems)) }
    }

    /// A `--prune-ok` that lets nothing go may have been meant for something else.
    fn unused(&self, used: &BTreeSet<String>) -> Vec<Problem> {
        let unused = self.prune_ok.iter().filter(|ok| !used.contains(*ok));
        let told = |ok: &String| {
            Problem::warning(Code::NOTHING_TO_PRUNE, format!("`--prune-ok {ok}` names nothing that is dropped"))
                .hint("names are taken as a refusal prints them: KIND[.GROUP]/[NAMESPACE/]NAME")
        };
        unused.map(told).collect()
    }

    /// What is asked of the commit, if one is.
    fn commit(&self) -> Result<Option<Asked<'_>>, Failure> {
        if !self.commit {
            return Ok(None);
        }
        let who = who::said(self.author.as_deref(), self.date.as_deref())?;
        if self.message.as_ref().is_some_and(|message| message.trim().is_empty()) {
            return Err(argument("the message is empty".to_owned()).into());
        }
        if let Some(branch) = &self.branch {
            Branch::parse(branch).map_err(|why| argument(format!("`{branch}` {why}")))?;
        }
        let (branch, message) = (self.branch.as_deref(), self.message.as_deref());
        Ok(Some(Asked { who, branch, message, more: Vec::new(), by_hand: None }))
    }

    fn tell_stale(&self, outcome: &Outcome<'_>, format: Format) -> Done {
        let mut lines = Vec::new();
        for cluster in outcome.clusters {
            if cluster.changes.is_empty() {
                lines.push(format!("{}: up to date", cluster.name()));
                continue;
            }
            lines.push(format!("{}: {}", cluster.name(), totals(cluster, "would be ")));
            lines.extend(
                cluster
                    .changes
                    .edited
                    .iter()
                    .map(|path| format!("  edited by hand   {}", cluster.in_repo(path.as_str()))),
            );
            lines.extend(file_lines(cluster, "would be "));
        }
        match format {
            Format::Text => self.say(lines, MOST_LINES),
            Format::Json => outcome.say_json(),
        }
        if outcome.clusters.iter().all(|cluster| cluster.changes.is_empty()) { Done::Same } else { Done::Differences }
    }

    fn tell_written(&self, outcome: &Outcome<'_>, warnings: usize, format: Format) {
        if format == Format::Json {
            return outcome.say_json();
        }
        let last = outcome.committed.map(|committed| match committed {
            Committed::Commit { id, branch } => format!("committed {} on {branch}", &id[..id.len().min(12)]),
            Committed::Nothing => "nothing to commit: HEAD holds all of it".to_owned(),
        });
        let found = match warnings {
            0 => None,
            1 => Some("1 warning of `fluxwright check`".to_owned()),
            count => Some(format!("{count} warnings of `fluxwright check`")),
        };
        let last = [found, last].into_iter().flatten().collect::<Vec<_>>();
        self.say(self.written_lines(outcome.clusters), MOST_LINES - last.len());
        last.iter().for_each(|line| report::say(line));
    }

    fn written_lines(&self, clusters: &[Cluster]) -> Vec<String> {
        let (changed, same): (Vec<&Cluster>, Vec<&Cluster>) =
            clusters.iter().partition(|cluster| cluster.changes.count() > 0);
        let mut lines = Vec::new();
        for cluster in &changed {
            lines.push(format!("{}: {} in {}", cluster.name(), totals(cluster, ""), cluster.rendered.path));
            if self.verbose {
                lines.extend(file_lines(cluster, ""));
            } else if clusters.len() == 1 {
                lines.extend(
                    cluster.counts_by_unit().iter().map(|(unit, counts)| format!("  {unit:26}  {}", counts.said(""))),
                );
            }
        }
        match same.as_slice() {
            [] => {}
            [one] => lines.push(format!("{}: up to date", one.name())),
            many => lines.push(format!("{} clusters: up to date", many.len())),
        }
        lines
    }

    fn say(&self, mut lines: Vec<String>, most: usize) {
        if !self.verbose && lines.len() > most {
            let more = lines.len() - (most - 1);
            lines.truncate(most - 1);
            lines.push(format!("  … {more} more lines; -v says all"));
        }
        lines.iter().for_each(|line| report::say(line));
    }
}

impl Outcome<'_> {
    fn say_json(&self) {
        let clusters: Vec<Value> = self.clusters.iter().map(cluster_json).collect();
        let commit = match self.committed {
            Some(Committed::Commit { id, branch }) => json!({ "id": id, "branch": branch }),
            _ => Value::Null,
        };
        report::say(&format!(
            "{:#}",
            json!({ "clusters": clusters, "commit": commit, "findings": report::list(self.warnings) })
        ));
    }
}

fn cluster_json(cluster: &Cluster) -> Value {
    let paths = |paths: &[TreePath]| paths.iter().map(|path| cluster.in_repo(path.as_str())).collect::<Vec<_>>();
    let file = |(path, verb): &(&TreePath, _)| json!({ "path": cluster.in_repo(path.as_str()), "change": Verb::as_str(*verb) });
    let unit = |(name, counts): (&String, &Counts)| json!({ "name": name, "created": counts.created, "changed": counts.changed, "deleted": counts.deleted });
    json!({
        "name": cluster.name(), "path": cluster.rendered.path, "upToDate": cluster.changes.is_empty(),
        "units": cluster.counts_by_unit().iter().map(unit).collect::<Vec<_>>(),
        "files": cluster.files().iter().map(file).collect::<Vec<_>>(),
        "edited": paths(&cluster.changes.edited),
    })
}

/// The file of a tree that the user means: as it is seen from where the user stands, or below the tree's folder.
fn path_of(workspace: &Workspace, root: &Path, cluster: &Cluster, typed: &str) -> Option<TreePath> {
    let seen = disk::below(&workspace.disk, root, &workspace.start.join(typed));
    seen.and_then(|path| cluster.path_of(&path)).or_else(|| cluster.path_of(typed))
}

/// A file that was named, and that no tree has.
fn not_in_tree(typed: &str, clusters: &[Cluster]) -> Problem {
    let trees: Vec<&str> = clusters.iter().map(Cluster::name).collect();
    let names = clusters.iter().flat_map(|cluster| cluster.rendered.tree.files().map(|(path, _)| path.as_str()));
    let hint = nearest(typed, names).map(|near| format!("did you mean `{near}`?"));
    let says = format!("the tree of {} has no file `{typed}`", trees.join(" and "));
    Problem::new(Code::NOT_IN_TREE, says).hint("paths are as below the tree's folder").maybe_hint(hint)
}

/// A line for each file that is written; `would` stands before each verb.
fn file_lines(cluster: &Cluster, would: &str) -> Vec<String> {
    let line =
        |(path, verb): (&TreePath, Verb)| format!("  {would}{}  {}", verb.as_str(), cluster.in_repo(path.as_str()));
    cluster.files().into_iter().map(line).collect()
}

fn totals(cluster: &Cluster, would: &str) -> String {
    let said = cluster.counts().said(would);
    let edited = match cluster.changes.edited.len() {
        0 => String::new(),
        count => format!("{count} edited by hand"),
    };
    match [said, edited].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ") {
        nothing if nothing.is_empty() => "only its lock differs".to_owned(),
        said => said,
    }
}
