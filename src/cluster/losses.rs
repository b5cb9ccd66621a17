//! What Flux would delete, or apply twice, if a cluster's tree were written: the applied set before and after, compared.
//!
//! In: the repo's files as they stand, or as HEAD has them. Out: refusals, each object named as `--prune-ok` takes it.

use std::collections::BTreeSet;
use std::path::Path;

use super::state::{InHead, OnDisk, Written};
use super::{Cluster, lock_of};
use crate::catalog::Catalog;
use crate::compare::applied::{Double, Drop, Fate, doubles, drops};
use crate::disk::Disk;
use crate::disk::lock::Lock;
use crate::error::Failure;
use crate::flux;
use crate::flux::applied::{Applied, Entry, Files, Parsed, is_kustomization};
use crate::problem::{Code, Place, Problem};
use crate::repo::Repo;
use crate::tree::{File, Tree, TreePath, is_in};

/// What the user lets go, and what there is to know of components.
#[derive(Clone, Copy)]
pub struct Allowed<'a> {
    /// Each `--prune-ok`.
    pub prune_ok: &'a [String],
    /// The catalog, for what each operator brings.
    pub catalog: &'a Catalog,
}

impl Cluster {
    /// What would be lost if the tree were written to the folder as it stands.
    ///
    /// # Errors
    /// What the system says.
    pub fn lost_on_disk(&self, disk: &dyn Disk, root: &Path, allowed: Allowed<'_>) -> Result<Vec<Problem>, Failure> {
        if self.changes.count() == 0 && self.changes.foreign.is_empty() {
            return Ok(Vec::new());
        }
        let cut = cut_off(self);
        let before = OnDisk { disk, root };
        let losses = self.losses(&before, &self.today.lock, &cut, allowed)?;
        Ok(walked(self, &cut).into_iter().chain(losses.refusals(self, "today")).collect())
    }

    /// What would be lost if the tree were committed on top of HEAD, whose files of the tree are `head`.
    ///
    /// # Errors
    /// What git says.
    pub fn lost_in_head(&self, repo: &Repo<'_>, head: &Tree, allowed: Allowed<'_>) -> Result<Vec<Problem>, Failure> {
        let lock = lock_of(head);
        let same = |(path, file): (&TreePath, &File)| {
            lock.has(path) && head.get(path.as_str()).is_some_and(|there| there.bytes == file.bytes)
        };
        if self.ours().all(same) && lock.paths().count() == self.ours().count() {
            return Ok(Vec::new());
        }
        let losses = self.losses(&InHead { repo }, &lock, &BTreeSet::new(), allowed)?;
        Ok(losses.refusals(self, "in HEAD"))
    }

    fn losses(
        &self,
        before: &dyn Files,
        lock: &Lock,
        cut: &BTreeSet<String>,
        allowed: Allowed<'_>,
    ) -> Result<Losses, Failure> {
        let mut parsed = Parsed::default();
        let entry = Entry::of(before, &self.rendered.path)?;
        let today = Applied::of(before, &entry, None, &mut parsed)?;
        let written = Written { before, cluster: self, lock };
        let after = Applied::of(&written, &entry, Some(&today), &mut parsed)?;
        let all = drops(&today, &after);
        let operators = operators(allowed.catalog, &all);
        let named = |drop: &Drop| allowed.prune_ok.iter().any(|ok| drop.is_allowed_by(ok));
        // What is cut off, with all that it applies, and a file that stands where ours would be, are told already.
        let foreign = |file: &str| self.changes.foreign.iter().any(|path| self.in_repo(path.as_str()) == file);
        let is_cut = |file: &str| cut.iter().any(|entry| is_in(file, &self.in_repo(entry)));
        let by_cut = |drop: &Drop| drop.by.iter().filter_map(|owner| today.file_of(owner)).any(is_cut);
        let told = |drop: &Drop| is_cut(&drop.file) || by_cut(drop) || (drop.id.is_none() && foreign(&drop.file));
        let drops = all.into_iter().filter(|drop| !named(drop) && !told(drop)).collect();
        Ok(Losses { drops, operators, doubles: doubles(&after, |path| self.is_ours(path)) })
    }

    /// Whether a file of the repo is one that we write.
    fn is_ours(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.rendered.path.as_str()).and_then(|path| path.strip_prefix('/'));
        below.is_some_and(|path| self.rendered.tree.get(path).is_some() && !self.rendered.unmanaged.contains(path))
    }
}

/// What would be lost.
struct Losses {
    drops: Vec<Drop>,
    operators: Vec<Operator>,
    doubles: Vec<Double>,
}

/// An operator that would go together with objects of its kinds.
struct Operator {
    component: String,
    objects: Vec<String>,
}

impl Losses {
    fn refusals(&self, cluster: &Cluster, when: &str) -> Vec<Problem> {
        let dropped = (!self.drops.is_empty()).then(|| would_drop(cluster, &self.drops, when));
        let together = self.operators.iter().map(|operator| together(cluster, operator));
        let twice = self.doubles.iter().map(twice);
        dropped.into_iter().chain(together).chain(twice).collect()
    }
}

fn would_drop(cluster: &Cluster, drops: &[Drop], when: &str) -> Problem {
    let line = |drop: &Drop| {
        let by = drop.by.first().map(ToString::to_string).unwrap_or_default();
        match &drop.fate {
            Fate::Goes => format!("{}  (applied by {by})", drop.what),
            Fate::MovesTo(to) => format!("{}  (applied by {by}, would move to {to})", drop.what),
            Fate::StartsAnew => format!("{}  (applied by {by}, would delete what it made and make it anew)", drop.what),
        }
    };
    let says = match drops {
        [Drop { what, fate: Fate::StartsAnew, .. }] => {
            format!("{what} would delete what it has made, and make it anew")
        }
        [Drop { what, fate: Fate::MovesTo(to), .. }] => {
            format!("{what} is applied {when} by another Kustomization than {to}, which would apply it")
        }
        [one] => format!("{} is applied {when} and would not be any more", one.what),
        many => {
            let anew = many.iter().any(|drop| drop.fate == Fate::StartsAnew);
            let or = if anew { ", or not as before" } else { "" };
            let moves = many.iter().all(|drop| matches!(drop.fate, Fate::MovesTo(_)));
            let would = if moves { "would move to another Kustomization" } else { "would not be any more" };
            format!("{} objects are applied {when} and {would}{or}", many.len())
        }
    };
    Problem::new(Code::WOULD_DROP, says)
        .at(Place::file(&cluster.rendered.path))
        .because("Flux deletes what leaves a Kustomization that prunes, volumes and all")
        .hint(ways_out(cluster, drops))
        .detail(drops.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// What to type to let objects go, and how to keep them.
fn ways_out(cluster: &Cluster, drops: &[Drop]) -> String {
    // Naming a Kustomization covers all that it applies, so what goes with it need not be named again.
    let covered = |drop: &&Drop| !drops.iter().any(|other| other.what != drop.what && drop.is_allowed_by(&other.what));
    let names: Vec<String> = drops.iter().filter(covered).map(|drop| format!("--prune-ok {}", drop.what)).collect();
    let names = names.join(" \\\n");
    let seen: Vec<&Drop> = drops.iter().filter(|drop| drop.id.is_some()).collect();
    if seen.is_empty() {
        return format!(
            "to let what they apply be deleted:\n{names}\n# to keep it, let the root list them again:\n#   flux.include in the profile"
        );
    }
    if drops.iter().all(|drop| drop.fate == Fate::StartsAnew) {
        return format!(
            "to let it be deleted and made anew:\n{names}\n# a guard on it is of no help: it stays, and what it made is deleted"
        );
    }
    let theirs: BTreeSet<&str> =
        seen.iter().map(|drop| drop.file.as_str()).filter(|file| !cluster.today_is_ours(file)).collect();
    let place = match theirs.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => "by a patch in the profile".to_owned(),
        files => format!("in {}", files.join(", ")),
    };
    if drops.iter().any(|drop| matches!(drop.fate, Fate::MovesTo(_))) {
        return format!(
            "an object that moves is deleted by one Kustomization and made again by the other; to move it in two steps:\n# 1. put the guard \
             on each object, {place}; commit only that, and let Flux apply it:\nmetadata:\n  annotations:\n    \
             kustomize.toolkit.fluxcd.io/prune: disabled\n# 2. then make this change\n# to let them be deleted:\n{names}"
        );
    }
    format!(
        "to let them be deleted:\n{names}\n# to keep an object in the cluster, first commit only the guard, {place}:\n#   \
         kustomize.toolkit.fluxcd.io/prune: disabled\n# let Flux apply it, then make this change"
    )
}

impl Cluster {
    /// Whether a file of the repo is ours as the folder stands.
    fn today_is_ours(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.rendered.path.as_str()).and_then(|path| path.strip_prefix('/'));
        below.and_then(TreePath::new).is_some_and(|path| self.today.lock.has(&path))
    }
}

/// The operators whose Kustomization goes together with objects of the kinds that they bring.
fn operators(catalog: &Catalog, drops: &[Drop]) -> Vec<Operator> {
    let going = |drop: &&Drop| drop.fate == Fate::Goes;
    let kustomizations =
        drops.iter().filter(going).filter_map(|drop| drop.id.as_ref()).filter(|id| is_kustomization(id));
    let units: BTreeSet<&str> = kustomizations.map(|id| id.name.as_str()).collect();
    let mut operators = Vec::new();
    for component in catalog.component_names() {
        let kinds = catalog.kinds_of(&component, &units);
        let is_of =
            |drop: &&Drop| drop.id.as_ref().is_some_and(|id| kinds.contains(&format!("{}/{}", id.group, id.kind)));
        let objects: Vec<String> = drops.iter().filter(going).filter(is_of).map(|drop| drop.what.clone()).collect();
        if !objects.is_empty() {
            operators.push(Operator { component, objects });
        }
    }
    operators
}

fn together(cluster: &Cluster, operator: &Operator) -> Problem {
    let (name, count) = (&operator.component, operator.objects.len());
    let objects = if count == 1 { "an object".to_owned() } else { format!("{count} objects") };
    Problem::new(Code::OPERATOR_WITH_ITS_OBJECTS, format!("`{name}` would go together with {objects} of the kinds that it brings"))
        .at(Place::file(&cluster.rendered.path))
        .because("Flux deletes both in no order, and without their operator the objects hang in their finalizers, and what they stand for is never cleaned up")
        .hint(format!(
            "in two steps:\n# 1. keep `{name}` in the profile and take out only what makes these objects; commit, and let Flux delete them\n# 2. \
             then take out `{name}`"
        ))
        .detail(operator.objects.join("\n"))
}

fn twice(double: &Double) -> Problem {
    let Double { id, foreign: (theirs, by_theirs), ours: (ours, by_ours) } = double;
    let because = if by_theirs == by_ours {
        "kustomize refuses to build a list with the same object twice"
    } else {
        "two Kustomizations that apply one object undo each other's changes, and one of them deletes it when it leaves there"
    };
    Problem::new(Code::APPLIED_TWICE, format!("{id} is applied from `{theirs}` already, and would be from `{ours}`, too"))
        .at(Place::file(theirs))
        .because(because)
        .hint(format!(
            "take the object out of {theirs}; if another Kustomization than {by_ours} applied it, first commit only the guard in it:\nmetadata:\n  \
             annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled"
        ))
}

impl Cluster {
    /// The files and folders beside the tree that Flux applies today by walking its folder, and would not any more.
    pub fn cut_off(&self) -> BTreeSet<String> {
        let entry = |path: &String| path.split('/').next().unwrap_or(path).to_owned();
        cut_off(self).iter().map(entry).collect()
    }
}

/// What Flux walks of the tree's folder today and would not reach any more, below the tree: a folder without a kustomization
/// is applied whole, and ours would cut off what else is in it.
fn cut_off(cluster: &Cluster) -> BTreeSet<String> {
    let rendered = &cluster.rendered;
    let paths: BTreeSet<String> = cluster.today.entries.keys().cloned().collect();
    let ours = TreePath::new("kustomization.yaml").is_some_and(|root| cluster.today.lock.has(&root));
    if ours || flux::has_kustomization(&paths, "") {
        return BTreeSet::new();
    }
    let reached = |path: &str| {
        let listed = rendered.included.iter().any(|include| is_in(path, include));
        let ours = rendered.tree.files().any(|(ours, _)| is_in(ours.as_str(), path));
        listed || ours || is_in(path, "flux-system")
    };
    flux::generated_resources(&paths, "").into_iter().filter(|path| !reached(path)).collect()
}

fn walked(cluster: &Cluster, cut: &BTreeSet<String>) -> Option<Problem> {
    if cut.is_empty() {
        return None;
    }
    let path = &cluster.rendered.path;
    let lines: Vec<String> = cluster.cut_off().iter().map(|entry| format!("    - {entry}")).collect();
    let all: Vec<String> = cut.iter().map(|path| cluster.in_repo(path)).collect();
    Some(
        Problem::new(Code::WALKED_FOLDER, format!("{path} has files that Flux may apply today, and would not any more"))
            .at(Place::file(path))
            .because("a folder without kustomization.yaml is applied whole; the one that fluxwright adds lists what is applied, and Flux deletes the rest")
            .hint(format!("to keep applying them, add to the profile:\nflux:\n  include:\n{}\n# or move them out of the folder first", lines.join("\n")))
            .detail(all.join("\n")),
    )
}
