//! `check`: what in a Flux repo would not work, or would hurt.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::build::folder;
use super::workspace::{Workspace, argument};
use super::{Done, Format, Global, report};
use crate::checks::known::Known;
use crate::checks::{self, Asked, Report, Rule, rule, rules};
use crate::disk::files::Snapshot;
use crate::error::Failure;
use crate::flux::start::{Start, starts};
use crate::flux::walk::Files;
use crate::problem::{Problem, Severity, nearest};

/// Find what in a Flux repo would not work, or would hurt
///
/// Reads any repo, also one that fluxwright never wrote, as Flux and kustomize read it, offline. Where Flux begins is found: what `flux
/// bootstrap` or EKS Anywhere wrote, a FluxInstance, a folder that is prepared for bootstrap. Where there is none, each PATH is taken for
/// such a place. What is not resolved is said in a note, and what may be among it is no error.
///
/// A comment in a file has a finding ignored: `# fluxwright: ignore NAME: reason`. `fluxwright explain NAME` says what a rule is about.
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
}

impl Check {
    /// How what stands in the way is said.
    pub fn says(&self) -> Format {
        if self.format == CheckFormat::Text { Format::Text } else { Format::Json }
    }

    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let begun = Instant::now();
        let workspace = Workspace::find(global)?;
        let (only, skip) = (named(&self.only)?, named(&self.skip)?);
        let files = Snapshot::of(&workspace.disk, &workspace.root);
        let (starts, paths) = self.places(&workspace, &files)?;
        let known = Known::of(&workspace.catalog()?);
        let shown = |path: &str| workspace.shown(&workspace.root.join(path));
        let asked = Asked {
            files: &files,
            paths: &paths,
            starts: &starts,
            known: &known,
            only: &only,
            skip: &skip,
            shown: &shown,
        };
        let report = checks::check(&asked)?;
        match self.format {
            CheckFormat::Text => {
                report::findings(&report.problems);
                report::say(&format!("{} ({:.1} s)", closing(&report), begun.elapsed().as_secs_f32()));
            }
            CheckFormat::Json => report::say(&format!(
                "{:#}",
                json!({ "findings": report::list(&report.problems), "counts": counts(&report) })
            )),
        }
        let fails = report.problems.iter().any(|problem| problem.severity >= self.fail_on.severity());
        Ok(if fails { Done::Differences } else { Done::Same })
    }

    /// Where Flux begins, and the paths that are looked at.
    fn places(&self, workspace: &Workspace, files: &dyn Files) -> Result<(Vec<Start>, BTreeSet<String>), Failure> {
        let asked: Vec<&Path> = match &self.entry {
            Some(entry) => vec![entry],
            None => self.paths.iter().map(PathBuf::as_path).collect(),
        };
        let mut begin: Vec<Start> = Vec::new();
        let mut paths = BTreeSet::new();
        for path in asked {
            let folder = folder(workspace, path)?;
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

fn closing(report: &Report) -> String {
    let found: Vec<String> = by_severity(&report.problems)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| plural(count, &severity.to_string()))
        .collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let (files, objects) = (plural(report.files, "file"), plural(report.objects, "object"));
    format!("{found} in {files}, {objects}, {}", plural(report.kustomizations, "Kustomization"))
}

fn counts(report: &Report) -> serde_json::Value {
    let [(_, errors), (_, warnings), (_, notes)] = by_severity(&report.problems);
    json!({
        "errors": errors, "warnings": warnings, "notes": notes,
        "files": report.files, "objects": report.objects, "kustomizations": report.kustomizations,
    })
}
