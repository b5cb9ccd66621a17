//! Where a command works: the repo's root, its profiles, its own components.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::Global;
use crate::catalog::{Catalog, OWN_COMPONENTS};
use crate::cluster::{Allowed, Cluster, Lost, in_one_folder};
use crate::disk::{self, Disk, Entry, LocalDisk, said};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem, Source, nearest};
use crate::texts::lenient;

/// Where a repo says the oldest fluxwright that may write to it.
pub const VERSION_FILE: &str = ".fluxwright/version";

/// The folder that a command works in.
pub struct Workspace {
    /// The disk.
    pub disk: LocalDisk,
    /// Where the user stands.
    pub start: PathBuf,
    /// The repo's root.
    pub root: PathBuf,
}

impl Workspace {
    /// Finds the root: the git work tree around the start, else the folder around it that has profiles, else the start.
    ///
    /// # Errors
    /// The start is no folder.
    pub fn find(global: &Global) -> Result<Workspace, Failure> {
        let disk = LocalDisk;
        let start = global.directory.clone().unwrap_or_else(|| PathBuf::from("."));
        if matches!(disk::entry(&disk, &start)?, None | Some(Entry::File)) {
            return Err(argument(format!("there is no folder `{}`", start.display())).into());
        }
        // Links are followed, as by `cd`: what is around a folder is what is around the place that it really is.
        let here = said("follow", &start, disk.real(&start))?;
        let around = |name: &str| {
            here.ancestors().position(|folder| disk.entry(&folder.join(name)).is_ok_and(|entry| entry.is_some()))
        };
        // Names in findings are as the user would type them: relative to where the user stands.
        let root = match around(".git").or_else(|| around("profiles")) {
            None | Some(0) => start.clone(),
            Some(above) => {
                let up: PathBuf = std::iter::repeat_n("..", above).collect();
                if start == Path::new(".") { up } else { start.join(up) }
            }
        };
        Ok(Workspace { disk, start, root })
    }

    /// The built-in catalog with the repo's own components.
    ///
    /// # Errors
    /// A component that cannot be read, or has the name of a built-in one; a repo for a newer fluxwright.
    pub fn catalog(&self) -> Result<Catalog, Failure> {
        self.refuse_newer()?;
        let own = disk::own_components(&self.disk, &self.root.join(OWN_COMPONENTS))?;
        Catalog::new(own).map_err(Failure::from)
    }

    /// `.fluxwright/version` says the oldest fluxwright that may write here.
    fn refuse_newer(&self) -> Result<(), Failure> {
        let path = self.root.join(VERSION_FILE);
        let Some(text) = disk::read_text(&self.disk, &path)? else { return Ok(()) };
        let (text, at) = (text.trim(), Place::file(self.shown(&path)));
        let Some(asked) = lenient(text) else {
            return Err(Problem::new(Code::BAD_VERSION, format!("`{text}` is no version of fluxwright"))
                .at(at)
                .because("the file says the oldest fluxwright that may write here")
                .hint(env!("CARGO_PKG_VERSION"))
                .into());
        };
        if lenient(env!("CARGO_PKG_VERSION")).is_some_and(|ours| asked > ours) {
            let says = format!("the repo asks for fluxwright {text} and this is {}", env!("CARGO_PKG_VERSION"));
            return Err(Problem::new(Code::NEWER_REPO, says)
                .at(at)
                .because("an older one could undo what a newer one wrote")
                .hint("update fluxwright")
                .into());
        }
        Ok(())
    }

    /// The profiles that were asked for, or all of the repo.
    ///
    /// # Errors
    /// There is none; a file that cannot be read.
    pub fn profiles(&self, asked: &[String]) -> Result<Vec<(PathBuf, Arc<Source>)>, Failure> {
        let folder = self.root.join("profiles");
        let all = disk::profiles(&self.disk, &folder)?;
        if all.is_empty() && asked.is_empty() {
            return Err(Problem::new(Code::NOTHING_TO_RENDER, "there is no profile here")
                .at(Place::file(self.shown(&folder)))
                .hint("put one into profiles/<name>.yaml, or name a file: fluxwright render path/to/profile.yaml")
                .into());
        }
        let paths: Vec<PathBuf> = match asked {
            [] => all,
            asked => asked.iter().map(|asked| self.profile(asked, &all)).collect::<Result<_, _>>()?,
        };
        let mut seen = std::collections::BTreeSet::new();
        let new = |path: &PathBuf| {
            std::path::absolute(path).is_ok_and(|path| seen.insert(path.components().collect::<PathBuf>()))
        };
        let paths: Vec<PathBuf> = paths.into_iter().filter(new).collect();
        let source = |path: PathBuf| {
            let text = disk::read_text(&self.disk, &path)?.unwrap_or_default();
            let source = Source::new(self.shown(&path), text);
            Ok::<_, Error>((path, source))
        };
        Ok(paths.into_iter().map(source).collect::<Result<Vec<_>, _>>()?)
    }

    /// A profile by its name under `profiles/`, or by its path.
    fn profile(&self, asked: &str, all: &[PathBuf]) -> Result<PathBuf, Failure> {
        let named = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == asked);
        if let Some(path) = all.iter().find(named) {
            return Ok(path.clone());
        }
        let path = self.start.join(asked);
        if disk::entry(&self.disk, &path)?.is_some_and(|entry| entry != Entry::Folder) {
            return Ok(path);
        }
        let names: Vec<String> =
            all.iter().filter_map(|path| path.file_stem()).map(|stem| stem.to_string_lossy().into_owned()).collect();
        let hint = match nearest(asked, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "name the path of a file".to_owned(),
            None => format!("the profiles are: {}", names.join(", ")),
        };
        let says = format!("there is no profile `{asked}`");
        Err(Problem::new(Code::NOTHING_TO_RENDER, says)
            .at(Place::file(self.shown(&self.root.join("profiles"))))
            .hint(hint)
            .into())
    }

    /// Reads, renders and compares every cluster, and gathers what is wrong with any of them.
    ///
    /// # Errors
    /// What is wrong with the profiles, all of it; what the system says.
    pub fn clusters(
        &self,
        catalog: &Catalog,
        root: &Path,
        sources: &[(PathBuf, Arc<Source>)],
        discard_edits: bool,
    ) -> Result<(Vec<Cluster>, Vec<Problem>), Failure> {
        // What is wrong with one profile keeps no other from being read.
        let results = each(sources, |(path, source)| {
            Ok::<_, Error>(Cluster::read(&self.disk, root, catalog, path.clone(), source, discard_edits))
        })?;
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
        problems.extend(in_one_folder(&clusters));
        if problems.is_empty() { Ok((clusters, warnings)) } else { Err(Failure::Problems(problems)) }
    }

    /// A path as the user would type it.
    pub fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.start).unwrap_or(path);
        path.strip_prefix(".").unwrap_or(path).display().to_string()
    }

    /// The root as the user would type it.
    pub fn shown_root(&self) -> String {
        match self.shown(&self.root) {
            here if here.is_empty() => ".".to_owned(),
            shown => shown,
        }
    }
}

/// What would be lost by any of some clusters.
///
/// # Errors
/// What the system says.
pub fn lost_on_disk<'c>(
    disk: &dyn Disk,
    root: &Path,
    clusters: impl Iterator<Item = &'c Cluster>,
    allowed: Allowed<'_>,
) -> Result<Lost, Failure> {
    let clusters: Vec<&Cluster> = clusters.collect();
    let mut lost = Lost::default();
    for of_one in each(&clusters, |cluster| cluster.lost_on_disk(disk, root, allowed))? {
        lost.extend(of_one);
    }
    Ok(lost)
}

/// What is done for each of several things, side by side: one is done sooner than threads are started.
///
/// # Errors
/// The first that one of them has.
pub fn each<I: Sync, T: Send, E: Send>(
    items: &[I],
    of: impl Fn(&I) -> Result<T, E> + Send + Sync,
) -> Result<Vec<T>, E> {
    match items {
        [] | [_] => items.iter().map(of).collect(),
        many => many.par_iter().map(of).collect(),
    }
}

/// A command-line argument that cannot be used; its command's help is the hint, unless there is a better one.
pub fn argument(says: String) -> Problem {
    Problem::new(Code::BAD_ARGUMENT, says)
}
