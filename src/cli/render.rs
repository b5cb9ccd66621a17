//! `render`: writes the trees, only tells what it would write, or commits what it wrote.
//!
//! Everything is rendered and everything that stands in the way is found before the first file is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::workspace::{VERSION_FILE, Workspace, argument};
use super::{Done, Format, Global, report};
use crate::catalog::OWN_COMPONENTS;
use crate::cluster::{Allowed, Cluster, Counts, Verb, trees_without_profile};
use crate::disk::{self, Disk};
use crate::error::{Error, Failure};
use crate::problem::{Code, Problem, Severity, nearest};
use crate::repo::{Committed, Draft, Entry, Identity, Moment, Repo, Who};
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
    /// Commit what was written, with the profiles it was made of, on top of HEAD
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
    /// Say each file
    #[arg(short, long)]
    verbose: bool,
}

/// What a commit needs to be known before anything is written.
struct Commit<'d> {
    repo: Repo<'d>,
    draft: Draft,
    hooks: Option<Problem>,
}

/// What there is to tell when the work is done.
struct Outcome<'a> {
    clusters: &'a [Cluster],
    committed: Option<&'a Committed>,
    warnings: &'a [Problem],
}

impl Commit<'_> {
    /// Makes it; with a warning if there are hooks that were not run.
    fn make(self) -> Result<(Committed, Option<Problem>), Failure> {
        let committed = self.repo.commit(&self.draft)?;
        let told = self.hooks.filter(|_| committed != Committed::Nothing);
        Ok((committed, told))
    }
}

impl Render {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let workspace = Workspace::find(global)?;
        let catalog = workspace.catalog()?;
        let disk: &dyn Disk = &workspace.disk;
        let root = self.out.as_ref().map_or(workspace.root.clone(), |out| workspace.start.join(out));
        let sources = workspace.profiles(&self.profiles)?;
        let (mut clusters, mut warnings) = workspace.clusters(&catalog, &root, sources, self.discard_edits)?;
        self.take_over(&workspace, &mut clusters)?;
        if self.profiles.is_empty() {
            warnings.extend(trees_without_profile(disk, &root, &clusters)?);
        }
        if global.format == Format::Text {
            report::warnings(&warnings);
        }
        if !self.stdout.is_empty() {
            return self.print(&clusters);
        }
        let allowed = Allowed { prune_ok: &self.prune_ok, catalog: &catalog };
        let told = self.refuse(disk, &root, &clusters, allowed)?;
        if global.format == Format::Text {
            report::warnings(&told);
        }
        let mut warnings = [warnings, told].concat();
        if self.check {
            return Ok(
                self.tell_stale(&Outcome { clusters: &clusters, committed: None, warnings: &warnings }, global.format)
            );
        }
        let commit = if self.commit { Some(self.prepare_commit(disk, &root, &clusters, allowed)?) } else { None };
        match clusters.as_slice() {
            [one] => one.write(disk, &root)?,
            many => many.par_iter().try_for_each(|cluster| cluster.write(disk, &root))?,
        }
        let (committed, told) = commit.map(Commit::make).transpose()?.unzip();
        let told: Vec<Problem> = told.flatten().into_iter().collect();
        if global.format == Format::Text {
            report::warnings(&told);
        }
        warnings.extend(told);
        self.tell_written(
            &Outcome { clusters: &clusters, committed: committed.as_ref(), warnings: &warnings },
            global.format,
        );
        Ok(Done::Same)
    }

    /// The files that the user hands over become ours, or it is said why not.
    fn take_over(&self, workspace: &Workspace, clusters: &mut [Cluster]) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for file in &self.adopt {
            let typed = [workspace.in_repo(file), file.clone()];
            let found = clusters.iter_mut().find_map(|cluster| {
                let path = typed.iter().find_map(|typed| cluster.path_of(typed))?;
                Some((cluster, path))
            });
            problems.extend(match found {
                Some((cluster, path)) => cluster.adopt(&path).err(),
                None => Some(not_in_tree(file, clusters)),
            });
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems)) }
    }

    /// Prints files of one tree.
    fn print(&self, clusters: &[Cluster]) -> Result<Done, Failure> {
        let [cluster] = clusters else {
            return Err(
                argument("--stdout takes the files of one cluster, and there are several profiles".to_owned()).into()
            );
        };
        let mut bytes = Vec::new();
        for typed in &self.stdout {
            let path = cluster.path_of(typed);
            let Some(file) = path.and_then(|path| cluster.rendered.tree.get(path.as_str())) else {
                return Err(not_in_tree(typed, clusters).into());
            };
            bytes.extend_from_slice(&file.bytes);
        }
        report::data(&bytes);
        Ok(Done::Same)
    }

    /// Everything that stands in the way of writing, of all clusters at once.
    fn refuse(
        &self,
        disk: &dyn Disk,
        root: &Path,
        clusters: &[Cluster],
        allowed: Allowed<'_>,
    ) -> Result<Vec<Problem>, Failure> {
        let mut problems: Vec<Problem> = clusters.iter().flat_map(Cluster::in_the_way).collect();
        if !self.check {
            problems.extend(clusters.iter().flat_map(Cluster::edited));
        }
        // What would be lost is only known once it is known what would be written.
        let known = |cluster: &Cluster| !cluster.is_blocked() && cluster.changes.edited.is_empty();
        let mut told = Vec::new();
        if clusters.iter().all(known) {
            for cluster in clusters {
                told.extend(cluster.lost_on_disk(disk, root, allowed)?);
            }
        }
        if self.check && problems.is_empty() {
            // `--check` only tells; that `render` would refuse is a part of it.
            return Ok(told.into_iter().map(|lost| Problem { severity: Severity::Warning, ..lost }).collect());
        }
        problems.extend(told);
        if problems.is_empty() { Ok(Vec::new()) } else { Err(Failure::Problems(problems)) }
    }

    /// Looks whether a commit could be made, before anything is written.
    fn prepare_commit<'d>(
        &self,
        disk: &'d dyn Disk,
        root: &Path,
        clusters: &[Cluster],
        allowed: Allowed<'_>,
    ) -> Result<Commit<'d>, Failure> {
        let who = self.who()?;
        if self.message.as_ref().is_some_and(|message| message.trim().is_empty()) {
            return Err(argument("the message is empty".to_owned()).into());
        }
        if let Some(branch) = &self.branch {
            Branch::parse(branch).map_err(|why| argument(format!("`{branch}` {why}")))?;
        }
        let repo = Repo::open(disk, root, &by_hand(disk, root, clusters)?)?;
        repo.refuse_environment(&git_variables())?;
        let (author, committer) = repo.identities(&who)?;
        let target = repo.target(self.branch.as_deref())?;
        let mut problems = Vec::new();
        let mut entries = own_component_entries(disk, &repo, root)?;
        let mut changed = Vec::new();
        for cluster in clusters {
            let head = cluster.head(&repo)?;
            problems.extend(cluster.lost_in_head(&repo, &head, allowed)?);
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
        let message = match &self.message {
            Some(message) => format!("{}\n", message.trim_end()),
            None => default_message(&changed),
        };
        let compared = clusters.iter().map(|cluster| cluster.rendered.path.clone());
        let compared = compared.chain([OWN_COMPONENTS.to_owned()]).collect();
        let hooks = repo.hooks_not_run(&target)?;
        let draft = Draft { target, entries, compared, message, author, committer, date: who.date };
        Ok(Commit { repo, draft, hooks })
    }

    /// Who commits, as far as the command line and the environment say it.
    fn who(&self) -> Result<Who, Failure> {
        let author = |text: &String| {
            Identity::parse(text).ok_or_else(|| argument(format!("`{text}` is no author: write 'NAME <MAIL>'")))
        };
        let environment = |who: &str| {
            let variable =
                |what: &str| std::env::var(format!("GIT_{who}_{what}")).ok().filter(|value| !value.is_empty());
            (variable("NAME"), variable("EMAIL"))
        };
        Ok(Who {
            explicit: self.author.as_ref().map(author).transpose()?,
            author: environment("AUTHOR"),
            committer: environment("COMMITTER"),
            date: self.date.as_deref().map(moment).transpose()?,
        })
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

    fn tell_written(&self, outcome: &Outcome<'_>, format: Format) {
        if format == Format::Json {
            return outcome.say_json();
        }
        let last = outcome.committed.map(|committed| match committed {
            Committed::Commit { id, branch } => format!("committed {} on {branch}", &id[..id.len().min(12)]),
            Committed::Nothing => "nothing to commit: HEAD holds all of it".to_owned(),
        });
        self.say(self.written_lines(outcome.clusters), MOST_LINES - usize::from(last.is_some()));
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

/// The variables of the environment that have git work elsewhere.
fn git_variables() -> Vec<(&'static str, PathBuf)> {
    let names =
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"];
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| (name, PathBuf::from(value)));
    names.into_iter().filter_map(set).collect()
}

/// How to make the same commit with git itself; the paths are what a commit may hold and is there.
fn by_hand(disk: &dyn Disk, root: &Path, clusters: &[Cluster]) -> Result<String, Error> {
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
    let quoted = |path: &String| {
        if path.contains(|c: char| c.is_whitespace() || "'\"\\$`&;()*?[]<>|".contains(c)) {
            format!("'{}'", path.replace('\'', "'\\''"))
        } else {
            path.clone()
        }
    };
    let paths: Vec<String> = paths.iter().map(quoted).collect();
    let git = if root == Path::new(".") { "git".to_owned() } else { format!("git -C {}", root.display()) };
    Ok(format!("render without --commit, then:\n{git} add {}\n{git} commit", paths.join(" ")))
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

/// A file that was named, and that no tree has.
fn not_in_tree(typed: &str, clusters: &[Cluster]) -> Problem {
    let trees: Vec<&str> = clusters.iter().map(Cluster::name).collect();
    let names = clusters.iter().flat_map(|cluster| cluster.rendered.tree.files().map(|(path, _)| path.as_str()));
    let hint = nearest(typed, names).map(|near| format!("did you mean `{near}`?"));
    let says = format!("the tree of {} has no file `{typed}`", trees.join(" and "));
    Problem::new(Code::NOT_IN_TREE, says).hint("paths are as below the tree's folder").maybe_hint(hint)
}

/// Git keeps seconds in 32 bits without a sign.
fn moment(text: &str) -> Result<Moment, Failure> {
    let date = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| argument(format!("`{text}` is no date: write it like 2026-11-21T13:00:00Z")))?;
    if u32::try_from(date.unix_timestamp()).is_err() {
        return Err(argument(format!("`{text}` is before 1970 or after 2105, which git cannot hold")).into());
    }
    Ok(Moment { seconds: date.unix_timestamp(), offset: i32::from(date.offset().whole_minutes()) })
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
