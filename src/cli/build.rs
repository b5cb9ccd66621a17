//! `build`: what a cluster would be given, after kustomize and Flux's substitution.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::workspace::{Workspace, argument};
use super::{Done, Format, Global, report};
use crate::disk::files::Snapshot;
use crate::disk::{self, said};
use crate::error::Failure;
use crate::flux::applied::Owner;
use crate::flux::artifact::Artifact;
use crate::flux::files::Files;
use crate::flux::given::{Everything, Given, everything};
use crate::flux::kustomize::{self, Mistake, Parsed};
use crate::flux::start::{Start, starts};
use crate::problem::{Code, Place, Problem, Source, nearest};
use crate::yaml;

/// Print the objects that Flux would apply from a repo, after kustomize and substitution
///
/// Any repo will do, also one that fluxwright never wrote. Where Flux begins is found: what `flux bootstrap` or EKS Anywhere wrote, a
/// FluxInstance, a folder that is prepared for bootstrap. From there sources, paths and nested Kustomizations are followed. A
/// folder without such a place is built as `kustomize build` does. Nothing is fetched and no program is run; what is not resolved is
/// said. A Flux Kustomization that would fail gives nothing.
///
/// Exit codes: 0 done; 1 something would fail; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Build {
    /// Folders to look for places where Flux begins, or to build
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Only what this Flux Kustomization applies itself
    #[arg(long, value_name = "[NAMESPACE/]NAME")]
    kustomization: Option<String>,
    /// Begin in this folder, as if `flux bootstrap` had been told so
    #[arg(long, value_name = "PATH", conflicts_with = "paths")]
    entry: Option<PathBuf>,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What comes of one place.
struct Part {
    /// Where Flux begins; none for a folder that is only built.
    start: Option<String>,
    found: Everything,
}

impl Build {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let workspace = Workspace::find(global)?;
        let snapshot = Snapshot::of(&workspace.disk, &workspace.root);
        let files = Artifact::of(&snapshot);
        let parsed = Parsed::default();
        let mut parts = Vec::new();
        if let Some(entry) = &self.entry {
            let start = Start::in_folder(&folder(&workspace, entry)?);
            parts.push(from(&files, &start, &parsed)?);
        } else {
            for path in &self.paths {
                parts.extend(of_folder(&files, &folder(&workspace, path)?, &parsed)?);
            }
        }
        let only = self.kustomization.as_deref().map(owner);
        if let Some(owner) = &only {
            is_known(owner, &parts)?;
        }
        let findings = findings(&files, &workspace, &parts)?;
        self.print(&parts, only.as_ref(), &findings);
        let fails = parts.iter().any(|part| !part.found.mistakes.is_empty());
        Ok(if fails { Done::Differences } else { Done::Same })
    }

    fn print(&self, parts: &[Part], only: Option<&Owner>, findings: &[Problem]) {
        let wanted = |part: &Part, given: &&Given| {
            let applied = only.is_none() || given.chain.last() == only;
            applied && !given.chain.iter().any(|owner| part.found.failing.contains(owner))
        };
        let given = || {
            parts.iter().flat_map(|part| {
                part.found.objects.iter().filter(move |given| wanted(part, given)).map(move |given| (part, given))
            })
        };
        match self.format {
            Format::Json => {
                let objects: Value = given().map(|(part, given)| data(part, given)).collect();
                report::say(&format!("{:#}", json!({ "objects": objects, "findings": report::list(findings) })));
            }
            Format::Text => {
                report::warnings(findings);
                let text: Vec<String> = given().map(|(part, given)| text(part, given, parts.len() > 1)).collect();
                report::data(text.join("---\n").as_bytes());
            }
        }
    }
}

/// A folder, as a path below the repo's root.
///
/// # Errors
/// There is none, or it is elsewhere.
pub fn folder(workspace: &Workspace, path: &Path) -> Result<String, Failure> {
    let at = workspace.start.join(path);
    if disk::entry(&workspace.disk, &at)? != Some(disk::Entry::Folder) {
        return Err(argument(format!("there is no folder `{}`", path.display())).into());
    }
    let real = |path: &Path| said("follow", path, disk::Disk::real(&workspace.disk, path));
    let (root, at) = (real(&workspace.root)?, real(&at)?);
    let below = at.strip_prefix(&root);
    let below =
        below.map_err(|_| argument(format!("`{}` is outside of the repo `{}`", path.display(), root.display())))?;
    Ok(below.to_string_lossy().replace('\\', "/"))
}

fn from(files: &dyn Files, start: &Start, parsed: &Parsed) -> Result<Part, Failure> {
    Ok(Part { start: Some(start.file.clone()), found: everything(files, start, parsed)? })
}

/// What begins in a folder, or the folder itself.
fn of_folder(files: &(dyn Files + Sync), folder: &str, parsed: &Parsed) -> Result<Vec<Part>, Failure> {
    let starts = starts(files, folder)?;
    if !starts.is_empty() {
        return starts.iter().map(|start| from(files, start, parsed)).collect();
    }
    let mut found = Everything::default();
    match kustomize::begin(files, folder)? {
        Err(mistakes) => found.mistakes.extend(mistakes),
        Ok(begin) if begin.is_empty() => {
            found.mistakes.insert(Mistake::new(&begin.file, 0, "the kustomization is empty"));
        }
        Ok(begin) => {
            let build = kustomize::build(files, &begin, parsed)?;
            found.notes = build.notes;
            found.mistakes = build.mistakes;
            // As kustomize: all or nothing.
            let objects = if found.mistakes.is_empty() { build.objects } else { Vec::new() };
            found.objects = objects.into_iter().map(|built| Given::of(built, &[])).collect();
        }
    }
    Ok(vec![Part { start: None, found }])
}

/// The Kustomization that is meant; in Flux's own namespace, if none is said.
fn owner(text: &str) -> Owner {
    let (namespace, name) = text.split_once('/').unwrap_or(("flux-system", text));
    Owner { namespace: namespace.to_owned(), name: name.to_owned() }
}

fn is_known(owner: &Owner, parts: &[Part]) -> Result<(), Problem> {
    let known: Vec<String> =
        parts.iter().flat_map(|part| part.found.kustomizations.keys()).map(ToString::to_string).collect();
    if parts.iter().any(|part| part.found.kustomizations.contains_key(owner)) {
        return Ok(());
    }
    let says = format!("nothing leads to a Flux Kustomization {owner}");
    let near = nearest(&owner.to_string(), known.iter().map(String::as_str)).map(str::to_owned);
    let hint = near.map(|near| format!("--kustomization {near}")).or_else(|| {
        Some(if known.is_empty() {
            "there is none at all; leave --kustomization out".to_owned()
        } else {
            format!("there are: {}", known.join(", "))
        })
    });
    Err(Problem::new(Code::NO_SUCH_KUSTOMIZATION, says).maybe_hint(hint))
}

fn findings(files: &dyn Files, workspace: &Workspace, parts: &[Part]) -> Result<Vec<Problem>, Failure> {
    let mut findings = Vec::new();
    for mistake in parts.iter().flat_map(|part| &part.found.mistakes) {
        let place = place(files, workspace, &mistake.file, mistake.line)?;
        let because = "kustomize, and so Flux, builds nothing of a Kustomization in which something is wrong";
        findings.push(Problem::new(Code::CANNOT_BUILD, &mistake.says).at(place).because(because));
    }
    for note in parts.iter().flat_map(|part| &part.found.notes) {
        let place = place(files, workspace, &note.file, note.line)?;
        findings.push(Problem::warning(Code::NOT_RESOLVED, &note.says).at(place));
    }
    findings.dedup();
    Ok(findings)
}

fn place(files: &dyn Files, workspace: &Workspace, file: &str, line: usize) -> Result<Place, Failure> {
    let shown = workspace.shown(&workspace.root.join(file));
    let bytes = if line == 0 { None } else { files.read(file)? };
    let Some(bytes) = bytes else { return Ok(Place::file(shown)) };
    let source = Source::new(shown, String::from_utf8_lossy(&bytes).into_owned());
    let start = source.text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
    let text = source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let indent = text.len() - text.trim_start().len();
    Ok(Place::new(&source, start + indent..start + text.trim_end().len().max(indent)))
}

/// Where an object is from, with the line if there is one.
fn origin(given: &Given) -> String {
    if given.line == 0 { given.file.clone() } else { format!("{}:{}", given.file, given.line) }
}

fn text(part: &Part, given: &Given, many: bool) -> String {
    let chain = given.chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ");
    let start = part.start.as_ref().filter(|_| many).map(|start| format!("{start}: ")).unwrap_or_default();
    let from = if chain.is_empty() { origin(given) } else { format!("{start}{chain}, from {}", origin(given)) };
    let whole = if given.certain { "" } else { "\nnot whole: something that is not resolved may change it" };
    yaml::write(&format!("{from}{whole}"), std::slice::from_ref(&given.object))
}

fn data(part: &Part, given: &Given) -> Value {
    let owner = |owner: &Owner| format!("{}/{}", owner.namespace, owner.name);
    let line = Some(given.line).filter(|line| *line > 0);
    json!({
        "start": part.start, "chain": given.chain.iter().map(owner).collect::<Vec<_>>(), "file": given.file, "line": line,
        "certain": given.certain, "object": given.object,
    })
}
