//! `check`: what in a Flux repo would not work, or would hurt.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::build::folder;
use super::formats::{github, markdown, sarif};
use super::workspace::{Workspace, argument};
use super::{Done, Format, Global, at, report};
use crate::catalog::Catalog;
use crate::checks::known::Known;
use crate::checks::{self, Asked, Report, Rule, rule, rules};
use crate::cluster::InCommit;
use crate::disk::files::Snapshot;
use crate::disk::{self, Disk, Entry, said};
use crate::error::{Error, Failure};
use crate::flux::artifact::Artifact;
use crate::flux::files::Files;
use crate::flux::start::{Start, starts};
use crate::problem::{Problem, Severity, nearest};
use crate::repo::{Ignored, Revision};

/// Find what in a Flux repo would not work, or would hurt
///
/// Reads any repo, also one that fluxwright never wrote, as Flux and kustomize read it, offline. Where Flux begins is found: what `flux
/// bootstrap` or EKS Anywhere wrote, a FluxInstance, a folder that is prepared for bootstrap. Where there is none, each PATH is taken for
/// such a place. What is not resolved is said in a note, and what may be among it is no error.
///
/// A comment in a file has a finding ignored: `# fluxwright: ignore NAME: reason`. `fluxwright explain NAME` says what a rule is about.
///
/// With --at, a commit is read as git has it; the work tree is not looked at, and PATH need not be there. Nothing is written.
///
/// Exit codes: 0 nothing found at --fail-on or above; 1 something; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Check {
    /// Folders to look for places where Flux begins
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Begin in this folder, as if `flux bootstrap` had been told so
    #[arg(long, value_name = "PATH", conflicts_with = "paths")]
    entry: Option<PathBuf>,
    /// Read this commit, and not the files as they stand: a branch, a tag, HEAD~1, an id
    #[arg(long, value_name = "REF")]
    at: Option<String>,
    /// Exit with 1 if something as bad as this is found
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Only this rule (can be repeated)
    #[arg(long, value_name = "CODE|NAME")]
    only: Vec<String>,
    /// Not this rule (can be repeated)
    #[arg(long, value_name = "CODE|NAME")]
    skip: Vec<String>,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
}

/// How bad a finding has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// What Flux or kustomize would refuse, or what would be lost
    Error,
    /// What may not be meant, too
    Warning,
    /// What was not looked at, too
    Note,
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Note => Severity::Note,
        }
    }
}

/// How to say what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// One JSON document on standard output
    Json,
    /// For a GitHub workflow: annotations, and a summary where $GITHUB_STEP_SUMMARY says
    Github,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For a comment on a pull request
    Markdown,
}

impl CheckFormat {
    /// Whether paths are said from the repo's root, as who reads them knows them, and not from where the user stands.
    fn is_from_root(self) -> bool {
        matches!(self, CheckFormat::Github | CheckFormat::Sarif | CheckFormat::Markdown)
    }
}

impl Check {
    /// How what stands in the way is said.
    pub fn says(&self) -> Format {
        if self.format == CheckFormat::Json { Format::Json } else { Format::Text }
    }

    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let begun = Instant::now();
        let workspace = Workspace::find(global)?;
        let (only, skip) = (named(&self.only)?, named(&self.skip)?);
        let report = match &self.at {
            None => {
                let files = Snapshot::of(&workspace.disk, &workspace.root);
                let place = |path: &Path| folder(&workspace, path);
                self.report(&workspace, &files, &place, &workspace.catalog()?, (&only, &skip))?
            }
            Some(name) => {
                let files = InCommit { revision: Revision::of(&workspace.disk, &workspace.root, name)? };
                let place = |path: &Path| at::folder(&workspace, &files, name, path);
                self.report(&workspace, &files, &place, &at::catalog(&files)?, (&only, &skip))?
            }
        };
        self.print(&workspace, &report, begun)?;
        let fails = report.problems.iter().any(|problem| problem.severity >= self.fail_on.severity());
        Ok(if fails { Done::Differences } else { Done::Same })
    }

    fn report(
        &self,
        workspace: &Workspace,
        files: &(dyn Files + Sync),
        place: &dyn Fn(&Path) -> Result<String, Failure>,
        catalog: &Catalog,
        (only, skip): (&[&'static Rule], &[&'static Rule]),
    ) -> Result<Report, Failure> {
        let files = &Artifact::of(files);
        let (starts, paths) = self.places(files, place)?;
        let shown = |path: &str| {
            let from_root = self.format.is_from_root();
            if from_root { path.to_owned() } else { workspace.shown(&workspace.root.join(path)) }
        };
        let known = Known::of(catalog);
        // Of a commit nothing is ignored: what is in it is in it.
        let of_disk = self.at.is_none().then(|| Ignored::of(&workspace.root));
        let ignored = |path: &str| of_disk.as_ref().is_some_and(|ignored| ignored.has(path));
        let (starts, paths) = (&starts[..], &paths);
        checks::check(&Asked { files, paths, starts, known: &known, only, skip, ignored: &ignored, shown: &shown })
    }

    fn print(&self, workspace: &Workspace, report: &Report, begun: Instant) -> Result<(), Failure> {
        let problems = &report.problems;
        let (found, scope) = (found(report), scope(report));
        let closing = format!("{found} in {scope} ({:.1} s)", begun.elapsed().as_secs_f32());
        match self.format {
            CheckFormat::Text => {
                report::findings(problems);
                report::say(&closing);
            }
            CheckFormat::Json => {
                let document = json!({ "findings": report::list(problems), "counts": counts(report) });
                report::say(&format!("{document:#}"));
            }
            CheckFormat::Github => {
                report::say(&github::text(problems, &closing));
                let summary = |most: usize| markdown::text(problems, &found, &scope, most);
                if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
                    append(&workspace.disk, Path::new(&path), summary)?;
                }
            }
            CheckFormat::Sarif => report::say(&format!("{:#}", sarif::document(problems))),
            CheckFormat::Markdown => {
                report::data(markdown::text(problems, &found, &scope, markdown::COMMENT).as_bytes());
            }
        }
        Ok(())
    }

    /// Where Flux begins, and the paths that are looked at.
    fn places(
        &self,
        files: &(dyn Files + Sync),
        place: &dyn Fn(&Path) -> Result<String, Failure>,
    ) -> Result<(Vec<Start>, BTreeSet<String>), Failure> {
        let asked: Vec<&Path> = match &self.entry {
            Some(entry) => vec![entry],
            None => self.paths.iter().map(PathBuf::as_path).collect(),
        };
        let mut begin: Vec<Start> = Vec::new();
        let mut paths = BTreeSet::new();
        for path in asked {
            let folder = place(path)?;
            let mut found = if self.entry.is_some() { Vec::new() } else { starts(files, &folder)? };
            if found.is_empty() {
                found.push(Start::in_folder(&folder));
            }
            begin.extend(
                found
                    .into_iter()
                    .filter(|start| !begin.iter().any(|known| known.file == start.file))
                    .collect::<Vec<_>>(),
            );
            paths.extend(files.below(&folder)?);
        }
        Ok((begin, paths))
    }
}

/// Writes a text of no more than fits behind what stands in a step's summary already.
fn append(disk: &dyn Disk, path: &Path, text: impl Fn(usize) -> String) -> Result<(), Error> {
    let known = match disk::entry(disk, path)? {
        Some(Entry::File) => said("read", path, disk.read(path))?.len(),
        _ => 0,
    };
    let text = text(markdown::SUMMARY.saturating_sub(known));
    said("write to", path, disk.append(path, text.as_bytes()))
}

/// The rules that are named.
fn named(names: &[String]) -> Result<Vec<&'static Rule>, Failure> {
    let one = |name: &String| {
        rule(name).ok_or_else(|| {
            let names: Vec<&str> = rules().iter().map(|rule| rule.code.name).collect();
            let near = nearest(name, names.iter().copied());
            let hint = near.map_or_else(
                || format!("the rules are: {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            Failure::from(argument(format!("there is no rule `{name}`")).hint(hint))
        })
    };
    names.iter().map(one).collect()
}

/// How many findings there are of each severity, the worst first.
fn by_severity(problems: &[Problem]) -> [(Severity, usize); 3] {
    let count = |severity: Severity| problems.iter().filter(|problem| problem.severity == severity).count();
    [Severity::Error, Severity::Warning, Severity::Note].map(|severity| (severity, count(severity)))
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn found(report: &Report) -> String {
    let found: Vec<String> = by_severity(&report.problems)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| plural(count, &severity.to_string()))
        .collect();
    if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") }
}

/// What was looked at.
fn scope(report: &Report) -> String {
    let (files, objects) = (plural(report.files, "file"), plural(report.objects, "object"));
    format!("{files}, {objects}, {}", plural(report.kustomizations, "Kustomization"))
}

fn counts(report: &Report) -> serde_json::Value {
    let [(_, errors), (_, warnings), (_, notes)] = by_severity(&report.problems);
    json!({
        "errors": errors, "warnings": warnings, "notes": notes,
        "files": report.files, "objects": report.objects, "kustomizations": report.kustomizations,
    })
}
