//! What Flux would delete, or apply twice, if a cluster's tree were written: the applied set before and after, compared.
//!
//! In: the repo's files as they stand, or as HEAD has them. Out: refusals, each object named as `--prune-ok` takes it.

use std::collections::BTreeSet;
use std::path::Path;

use super::state::{InHead, Written};
use super::{Cluster, lock_of};
use crate::catalog::Catalog;
use crate::compare::applied::{Double, Dropped, Fate, doubles, drops, left_behind};
use crate::disk::Disk;
use crate::disk::files::OnDisk;
use crate::disk::lock::Lock;
use crate::error::Failure;
use crate::flux;
use crate::flux::applied::{Applied, is_kustomization};
use crate::flux::files::Files;
use crate::flux::kustomize::Parsed;
use crate::flux::start::Start;
use crate::problem::{Code, Place, Problem, shell_word, yaml_word};
use crate::repo::Repo;
use crate::tree::{File, ObjectId, Tree, TreePath, is_in};

/// What the user lets go, and what there is to know of components.
#[derive(Clone, Copy)]
pub struct Allowed<'a> {
    /// Each `--prune-ok`.
    pub prune_ok: &'a [String],
    /// The catalog, for what each operator brings.
    pub catalog: &'a Catalog,
    /// Whether HEAD is compared, too. A file that is listed and was taken away on disk is lost there, with what it holds.
    pub head_follows: bool,
}

/// What would be lost, and which of it the user has named.
#[derive(Debug, Default)]
pub struct Lost {
    /// The refusals.
    pub problems: Vec<Problem>,
    /// What is not lost, and should be known.
    pub told: Vec<Problem>,
    /// The files that hold an object that would be lost.
    pub files: BTreeSet<String>,
    /// Each `--prune-ok` that lets something go.
    pub used: BTreeSet<String>,
}

impl Lost {
    /// Adds what else would be lost.
    pub fn extend(&mut self, other: Lost) {
        self.problems.extend(other.problems);
        self.told.extend(other.told);
        self.files.extend(other.files);
        self.used.extend(other.used);
    }
}

impl Cluster {
    /// What would be lost if the tree were written to the folder as it stands.
    ///
    /// # Errors
    /// What the system says.
    pub fn lost_on_disk(&self, disk: &dyn Disk, root: &Path, allowed: Allowed<'_>) -> Result<Lost, Failure> {
        if self.changes.count() == 0 && self.changes.foreign.is_empty() {
            return Ok(Lost::default());
        }
        let cut = cut_off(self);
        let losses = Losses::of(self, &OnDisk { disk, root }, &self.today.lock, &cut, allowed)?;
        let problems = walked(self, &cut).into_iter().chain(losses.refusals(self, "today")).collect();
        // Of a commit it is HEAD's guards that count.
        let told = if allowed.head_follows { Vec::new() } else { losses.told(self) };
        Ok(Lost { problems, told, files: losses.files, used: losses.used })
    }

    /// What would be lost if the tree were committed on top of HEAD, whose files of the tree are `head`.
    ///
    /// # Errors
    /// What git says.
    pub fn lost_in_head(&self, repo: &Repo<'_>, head: &Tree, allowed: Allowed<'_>) -> Result<Lost, Failure> {
        let lock = lock_of(head);
        let same = |(path, file): (&TreePath, &File)| {
            lock.has(path) && head.get(path.as_str()).is_some_and(|there| there.bytes == file.bytes)
        };
        if self.ours().all(same) && lock.paths().count() == self.ours().count() {
            return Ok(Lost::default());
        }
        let allowed = Allowed { head_follows: false, ..allowed };
        let losses = Losses::of(self, &InHead { repo }, &lock, &BTreeSet::new(), allowed)?;
        let missing = losses.missing.iter().map(|path| not_in_commit(path, &repo.git_here()));
        let problems = losses.refusals(self, "in HEAD").into_iter().chain(missing).collect();
        let told = losses.told(self);
        Ok(Lost { problems, told, files: losses.files, used: losses.used })
    }

    /// Whether a file of the repo is one that we write.
    pub(super) fn is_ours(&self, path: &str) -> bool {
        let ours = |path: &str| self.rendered.tree.get(path).is_some() && !self.rendered.unmanaged.contains(path);
        self.below(path).is_some_and(ours)
    }

    /// What a root lists to have a file of the tree's folder applied: the file, or the folder with a kustomization that it is in.
    fn taken_with<'p>(&self, file: &'p str) -> &'p str {
        let paths: BTreeSet<String> = self.today.entries.keys().cloned().collect();
        let folders = file.match_indices('/').map(|(at, _)| &file[..at]);
        folders.into_iter().find(|folder| flux::has_kustomization(&paths, folder)).unwrap_or(file)
    }

    /// Whether a file of the repo is ours as the folder stands.
    fn is_ours_today(&self, path: &str) -> bool {
        self.below(path).and_then(TreePath::new).is_some_and(|path| self.today.lock.has(&path))
    }
}

/// What would be lost, with what there is to say of it.
struct Losses {
    drops: Vec<Dropped>,
    operators: Vec<Operator>,
    doubles: Vec<Double>,
    /// Those that are there today already.
    known_doubles: Vec<Double>,
    /// What stays in the cluster.
    left_behind: BTreeSet<ObjectId>,
    /// Files that a file of ours lists, and that would not be there.
    missing: Vec<String>,
    /// Whether EKS Anywhere has not made the folder yet in which the tree would stand.
    too_early: bool,
    files: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl Losses {
    fn of(
        cluster: &Cluster,
        before: &dyn Files,
        lock: &Lock,
        cut: &BTreeSet<String>,
        allowed: Allowed<'_>,
    ) -> Result<Losses, Failure> {
        let parsed = Parsed::of_several_states();
        let start = Start::of_tree(before, &cluster.rendered.path)?;
        let today = Applied::of(before, &start, None, &parsed)?;
        let after = Applied::of(&Written { before, cluster, lock }, &start, Some(&today), &parsed)?;
        let all = drops(&today, &after);
        let operators = operators(cluster, allowed.catalog, &all);
        let names = |drop: &Dropped| allowed.prune_ok.iter().filter(|ok| drop.is_allowed_by(ok)).cloned().collect();
        let used: Vec<BTreeSet<String>> = all.iter().map(names).collect();
        // What is cut off, with all that it applies, and a file that stands where ours would be, are told already.
        let foreign = |file: &str| cluster.changes.foreign.iter().any(|path| cluster.in_repo(path.as_str()) == file);
        let is_cut = |file: &str| cut.iter().any(|entry| is_in(file, &cluster.in_repo(entry)));
        let by_cut = |drop: &Dropped| drop.by.iter().filter_map(|owner| today.file_of(owner)).any(is_cut);
        let later = |drop: &Dropped| allowed.head_follows && drop.is_missing_file();
        let told = |drop: &Dropped| {
            is_cut(&drop.file) || by_cut(drop) || (drop.id.is_none() && foreign(&drop.file)) || later(drop)
        };
        let open = all.into_iter().zip(&used).filter(|(drop, used)| used.is_empty() && !told(drop));
        let drops: Vec<Dropped> = open.map(|(drop, _)| drop).collect();
        let listed = after.opaque.difference(&today.opaque).filter(|entry| entry.is_missing_file());
        let missing =
            listed.filter(|entry| cluster.is_ours(&entry.listed_in)).map(|entry| entry.entry.clone()).collect();
        let ours = |path: &str| cluster.is_ours(path);
        let known = doubles(&today, ours);
        let (known_doubles, doubles) = doubles(&after, ours).into_iter().partition(|double| known.contains(double));
        Ok(Losses {
            files: drops.iter().map(|drop| drop.file.clone()).collect(),
            drops,
            operators,
            doubles,
            known_doubles,
            left_behind: left_behind(&today, &after),
            missing,
            too_early: is_too_early(cluster, before)?,
            used: used.into_iter().flatten().collect(),
        })
    }

    fn refusals(&self, cluster: &Cluster, when: &str) -> Vec<Problem> {
        let dropped = (!self.drops.is_empty()).then(|| would_drop(cluster, &self.drops, when));
        let operators = self.operators.iter().flat_map(|operator| operator.refusals(cluster));
        let twice = self.doubles.iter().map(|double| twice(double, when));
        dropped.into_iter().chain(operators).chain(twice).collect()
    }

    /// What stays as it is, good or not.
    fn told(&self, cluster: &Cluster) -> Vec<Problem> {
        let left_behind = (!self.left_behind.is_empty()).then(|| stay(cluster, &self.left_behind));
        let twice = self.known_doubles.iter().map(|double| twice(double, "today").as_warning());
        let early = cluster.rendered.gitops_root.as_ref().filter(|_| self.too_early);
        left_behind.into_iter().chain(twice).chain(early.map(|root| before_the_cluster(cluster, root))).collect()
    }
}

/// Whether EKS Anywhere is to make a folder in which the tree stands, and has not.
fn is_too_early(cluster: &Cluster, files: &dyn Files) -> Result<bool, Failure> {
    let Some(root) = &cluster.rendered.gitops_root else { return Ok(false) };
    Ok(files.read(&format!("{root}/flux-system/gotk-sync.yaml"))?.is_none())
}

fn before_the_cluster(cluster: &Cluster, root: &str) -> Problem {
    let name = cluster.name();
    Problem::warning(Code::BEFORE_THE_CLUSTER, format!("`{root}` would be there before EKS Anywhere has made the cluster"))
        .at(Place::file(&cluster.rendered.path))
        .because("`eksctl anywhere create cluster` refuses a folder that the branch has already (aws/eks-anywhere pkg/gitops/flux/cluster.go)")
        .hint(format!(
            "push nothing of it yet; first let EKS Anywhere make the cluster and the folder:\nfluxwright render {name} --stdout eksa-system/eksa-cluster.yaml > \
             /tmp/{name}.yaml\neksctl anywhere create cluster -f /tmp/{name}.yaml\ngit pull --rebase"
        ))
}

fn stay(cluster: &Cluster, objects: &BTreeSet<ObjectId>) -> Problem {
    let says = match objects.iter().collect::<Vec<_>>().as_slice() {
        [one] => format!("{one} would stay in the cluster, and nothing would apply it any more"),
        many => format!("{} objects would stay in the cluster, and nothing would apply them any more", many.len()),
    };
    Problem::warning(Code::LEFT_BEHIND, says)
        .at(Place::file(&cluster.rendered.path))
        .because("they are guarded today, so that Flux leaves them when they leave the repo")
        .hint("to have them applied again, put them back; when nothing uses them any more, delete them with kubectl")
        .detail(objects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn would_drop(cluster: &Cluster, drops: &[Dropped], when: &str) -> Problem {
    let line = |drop: &Dropped| {
        let by = drop.by.first().map(ToString::to_string).unwrap_or_default();
        match &drop.fate {
            Fate::Goes => format!("{}  (applied by {by})", drop.what),
            Fate::MovesTo(to) => format!("{}  (applied by {by}, would move to {to})", drop.what),
            Fate::StartsAnew => format!("{}  (applied by {by}, would delete what it made and make it anew)", drop.what),
        }
    };
    let says = match drops {
        [Dropped { what, fate: Fate::StartsAnew, .. }] => {
            format!("{what} would delete what it has made, and make it anew")
        }
        [Dropped { what, fate: Fate::MovesTo(to), .. }] => {
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
fn ways_out(cluster: &Cluster, drops: &[Dropped]) -> String {
    let names = names_to_let_go(drops);
    let seen: Vec<&Dropped> = drops.iter().filter(|drop| drop.id.is_some()).collect();
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
        seen.iter().map(|drop| drop.file.as_str()).filter(|file| !cluster.is_ours_today(file)).collect();
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
    // A file of the user's that stands beside the tree can go on being listed.
    let beside: BTreeSet<&str> =
        theirs.iter().filter_map(|file| cluster.below(file)).map(|file| cluster.taken_with(file)).collect();
    let beside: Vec<String> = beside.into_iter().map(|entry| format!("#     - {}\n", yaml_word(entry))).collect();
    let include = match beside.as_slice() {
        [] => String::new(),
        entries => {
            format!("# to go on applying it, let the root list it:\n# flux:\n#   include:\n{}", entries.concat())
        }
    };
    format!(
        "to let them be deleted:\n{names}\n{include}# to keep an object in the cluster, first commit only the guard, {place}:\n#   \
         kustomize.toolkit.fluxcd.io/prune: disabled\n# let Flux apply it, then make this change"
    )
}

/// The flags that let all of it go. Naming a Kustomization covers all that it applies, so what goes with it need not be named
/// again; unless they apply each other.
fn names_to_let_go(drops: &[Dropped]) -> String {
    let covers = |other: &&Dropped, drop: &Dropped| other.what != drop.what && drop.is_allowed_by(&other.what);
    let uncovered = |drop: &&Dropped| !drops.iter().any(|other| covers(&other, drop) && !covers(drop, other));
    let mut names: Vec<&String> = drops.iter().filter(uncovered).map(|drop| &drop.what).collect();
    names.dedup();
    names.iter().map(|name| format!("--prune-ok {}", shell_word(name))).collect::<Vec<_>>().join(" \\\n")
}

/// An operator whose Kustomization would go while something needs it.
struct Operator {
    component: String,
    /// Objects of the kinds that it brings, that would go in the same commit.
    objects: Vec<String>,
    /// What stays, and uses what it brings.
    users: Vec<String>,
}

/// The operators whose Kustomization goes, and what needs them: objects that go with them, units that stay.
fn operators(cluster: &Cluster, catalog: &Catalog, drops: &[Dropped]) -> Vec<Operator> {
    let going = |drop: &&Dropped| drop.fate == Fate::Goes;
    let ids = drops.iter().filter(going).filter_map(|drop| drop.id.as_ref());
    let units: BTreeSet<&str> = ids.filter(|id| is_kustomization(id)).map(|id| id.name.as_str()).collect();
    let mut operators = Vec::new();
    for component in catalog.component_names() {
        let Some(brought) = catalog.brought_by(&component, &units) else { continue };
        let is_of = |drop: &&Dropped| {
            let kind = drop.id.as_ref().map(|id| format!("crd:{}/{}", id.group, id.kind));
            // Objects that its own units hold cannot be taken out one by one.
            let own = drop.by.first().is_some_and(|owner| brought.units.contains(&owner.name));
            kind.is_some_and(|kind| brought.capabilities.contains(&kind)) && !own
        };
        let objects: Vec<String> = drops.iter().filter(going).filter(is_of).map(|drop| drop.what.clone()).collect();
        let unmet = cluster.rendered.unmet.iter().filter(|unmet| brought.capabilities.contains(&unmet.capability));
        let users: Vec<String> = unmet.map(|unmet| format!("{} needs {}", unmet.what, unmet.words)).collect();
        operators.push(Operator { component, objects, users });
    }
    operators
}

impl Operator {
    fn refusals(&self, cluster: &Cluster) -> Vec<Problem> {
        let together = (!self.objects.is_empty()).then(|| self.together(cluster));
        let used = (!self.users.is_empty()).then(|| self.still_used(cluster));
        together.into_iter().chain(used).collect()
    }

    fn together(&self, cluster: &Cluster) -> Problem {
        let (name, count) = (&self.component, self.objects.len());
        let objects = if count == 1 { "an object".to_owned() } else { format!("{count} objects") };
        Problem::new(Code::OPERATOR_WITH_ITS_OBJECTS, format!("`{name}` would go together with {objects} of the kinds that it brings"))
            .at(Place::file(&cluster.rendered.path))
            .because("Flux deletes both in no order, and without their operator the objects hang in their finalizers, and what they stand for is never cleaned up")
            .hint(format!(
                "in two steps:\n# 1. keep `{name}` in the profile and take out only what makes these objects; commit, and let Flux delete them\n# 2. \
                 then take out `{name}`"
            ))
            .detail(self.objects.join("\n"))
    }

    fn still_used(&self, cluster: &Cluster) -> Problem {
        let name = &self.component;
        Problem::new(Code::STILL_USED, format!("`{name}` would go, and what it brings is still used"))
            .at(Place::file(&cluster.rendered.path))
            .because("what uses it would go on waiting for it")
            .hint(format!(
                "in two steps:\n# 1. take out what uses it, or let it use something else; commit, and let Flux apply that\n# 2. then take out \
                 `{name}`\n# if a release or path brings it from now on, say which, where it is used:\nneeds:\n  - my-release"
            ))
            .detail(self.users.join("\n"))
    }
}

fn twice(double: &Double, when: &str) -> Problem {
    let Double { id, one: (file, by), ours: (our_file, our_by) } = double;
    let says = if file == our_file {
        format!("{id} of `{file}` is applied by {by} {when}, and would be by {our_by}, too")
    } else {
        format!("{id} is applied from `{file}` {when}, and would be from `{our_file}`, too")
    };
    let because = if by == our_by {
        "kustomize refuses to build a list with the same object twice"
    } else {
        "two Kustomizations that apply one object undo each other's changes, and one of them deletes it when it leaves there"
    };
    Problem::new(Code::APPLIED_TWICE, says)
        .at(Place::file(file))
        .because(because)
        .hint(format!(
            "let only one of the two apply it; before it leaves {by}, commit only the guard on it:\nmetadata:\n  annotations:\n    \
             kustomize.toolkit.fluxcd.io/prune: disabled"
        ))
}

fn not_in_commit(path: &str, git: &str) -> Problem {
    let word = shell_word(path);
    Problem::new(Code::NOT_IN_COMMIT, format!("the tree lists `{path}`, and the commit would not hold it"))
        .at(Place::file(path))
        .because("a commit holds what fluxwright writes and the profile; a root that lists a file that is not there cannot be built")
        .hint(format!("commit it first:\n{git} add {word}\n{git} commit -m 'Add {}'", path.rsplit('/').next().unwrap_or(path)))
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
    let lines: Vec<String> = cluster.cut_off().iter().map(|entry| format!("    - {}", yaml_word(entry))).collect();
    let all: Vec<String> = cut.iter().map(|path| cluster.in_repo(path)).collect();
    Some(
        Problem::new(Code::WALKED_FOLDER, format!("{path} has files that Flux may apply today, and would not any more"))
            .at(Place::file(path))
            .because("a folder without kustomization.yaml is applied whole; the one that fluxwright adds lists what is applied, and Flux deletes the rest")
            .hint(format!("to keep applying them, add to the profile:\nflux:\n  include:\n{}\n# to let Flux delete them, take them out of the folder in a commit of their own first", lines.join("\n")))
            .detail(all.join("\n")),
    )
}
