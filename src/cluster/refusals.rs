//! What stands in the way of writing a cluster. Nothing is lost silently: each file and object is named, with what to type.

use std::collections::BTreeSet;

use super::Cluster;
use crate::compare;
use crate::compare::applied::{Applied, Drop, Fate, allows};
use crate::flux;
use crate::problem::{Code, Place, Problem};
use crate::tree::{Tree, TreePath, is_in};

/// How many lines of an edit are shown.
const EDIT_LINES: usize = 20;

impl Cluster {
    /// What is in the way of the files: something that is not ours, a link, a folder that Flux walks.
    pub fn in_the_way(&self) -> Vec<Problem> {
        blocked(self).into_iter().chain(foreign(self)).chain(walked(self)).collect()
    }

    /// Files of ours that were edited by hand, with the edit.
    pub fn edited(&self) -> Vec<Problem> {
        edited(self)
    }

    /// Objects that Flux would stop to apply if `before`, the tree as it stands, became the rendered one, unless they were
    /// named in `prune_ok`.
    pub fn dropped(&self, before: &Tree, when: &str, prune_ok: &[String]) -> Option<Problem> {
        if before.is_empty() || same_bytes(before, &self.rendered.tree) {
            return None;
        }
        let after = Applied::of(&self.rendered.tree, &self.rendered.path);
        let drops = Applied::of(before, &self.rendered.path).drops(&after);
        let drops: Vec<Drop> = drops.into_iter().filter(|drop| !prune_ok.iter().any(|ok| allows(ok, drop))).collect();
        (!drops.is_empty()).then(|| would_drop(self, &drops, when))
    }
}

fn same_bytes(a: &Tree, b: &Tree) -> bool {
    let bytes = |tree: &Tree| tree.files().map(|(path, file)| (path.clone(), file.bytes.clone())).collect::<Vec<_>>();
    a.len() == b.len() && bytes(a) == bytes(b)
}

fn would_drop(cluster: &Cluster, drops: &[Drop], when: &str) -> Problem {
    let line = |drop: &Drop| match &drop.fate {
        Fate::Goes => format!("{}  (applied by {})", drop.what, drop.by),
        Fate::MovesTo(to) => format!("{}  (applied by {}, would move to {to})", drop.what, drop.by),
        Fate::StartsAnew => {
            format!("{}  (applied by {}, would delete what it made and make it anew)", drop.what, drop.by)
        }
    };
    let says = match drops {
        [Drop { what, fate: Fate::StartsAnew, .. }] => {
            format!("{what} would delete what it has made, and make it anew")
        }
        [one] => format!("{} is applied {when} and would not be any more", one.what),
        many => {
            let anew = many.iter().any(|drop| drop.fate == Fate::StartsAnew);
            let or = if anew { ", or not as before" } else { "" };
            format!("{} objects are applied {when} and would not be any more{or}", many.len())
        }
    };
    // Naming a Kustomization covers all that it applies, so what goes with it need not be named again.
    let covered = |drop: &&Drop| !drops.iter().any(|other| other.what != drop.what && allows(&other.what, drop));
    let names: Vec<String> = drops.iter().filter(covered).map(|drop| format!("--prune-ok {}", drop.what)).collect();
    let moves = if drops.iter().any(|drop| matches!(drop.fate, Fate::MovesTo(_))) {
        "an object that moves is deleted by one Kustomization and made again by the other\n"
    } else {
        ""
    };
    let hint = format!(
        "{moves}to let them be deleted:\n{}\n# to keep an object in the cluster, first commit only the guard, by a patch in the profile:\n#   \
         kustomize.toolkit.fluxcd.io/prune: disabled\n# let Flux apply it, then make this change",
        names.join(" \\\n")
    );
    Problem::new(Code::WOULD_DROP, says)
        .at(Place::file(&cluster.rendered.path))
        .because("Flux deletes what leaves a Kustomization that prunes, volumes and all")
        .hint(hint)
        .detail(drops.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn blocked(cluster: &Cluster) -> Vec<Problem> {
    let mut problems = Vec::new();
    let way = cluster.today.blocked.iter().map(|path| path.display().to_string());
    let inside = cluster.changes.blocked.iter().map(|path| cluster.in_repo(path));
    for path in way.chain(inside) {
        let says = format!("`{path}` is a link, or not what the tree has there");
        let because = "fluxwright writes below the repo's root only, and a link could lead anywhere";
        problems.push(
            Problem::new(Code::LEAVES_THE_REPO, says)
                .at(Place::file(&path))
                .because(because)
                .hint(format!("look at it, and if it can go: git rm {path}")),
        );
    }
    for path in &cluster.changes.missing {
        let path = cluster.in_repo(path);
        let says = format!("`{path}` is yours by `unmanaged`, and it is not there");
        let because = "the tree refers to it, so Flux would fail";
        problems.push(
            Problem::new(Code::UNMANAGED_MISSING, says)
                .at(Place::file(&path))
                .because(because)
                .hint("put the file back, or take it out of `unmanaged` in the profile"),
        );
    }
    problems
}

fn foreign(cluster: &Cluster) -> Vec<Problem> {
    let one = |path: &TreePath| {
        let shown = cluster.in_repo(path.as_str());
        let listing = match path.as_str() {
            "kustomization.yaml" => {
                "\n# and list ours in it, or nothing of the tree is applied:\nresources:\n  - sources\n  - kustomizations"
            }
            _ => "",
        };
        Problem::new(Code::FOREIGN_FILE, format!("`{shown}` stands where fluxwright would write, and it did not write it"))
            .at(Place::file(&shown))
            .because("only files in .fluxwright.lock are overwritten")
            .hint(format!("to keep it as it is, add to the profile:\nunmanaged:\n  - {path}{listing}\n# or move it away:\ngit mv {shown} {shown}.mine"))
    };
    cluster.changes.foreign.iter().map(one).collect()
}

fn edited(cluster: &Cluster) -> Vec<Problem> {
    let one = |path: &TreePath| {
        let shown = cluster.in_repo(path.as_str());
        let text = |tree: &Tree| tree.get(path.as_str()).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        let Some(wanted) = text(&cluster.rendered.tree) else {
            return Problem::new(Code::EDITED_BY_HAND, format!("`{shown}` would be deleted, and was edited by hand"))
                .at(Place::file(&shown))
                .because("the profile has no use for it any more, and the edit would be lost")
                .hint(format!("look at the edit: git diff HEAD -- {shown}\n# to keep it, move it out of the tree; to let it go:\nfluxwright render --discard-edits"));
        };
        let now = text(&cluster.today.files).unwrap_or_default();
        if now.lines().any(|line| line.starts_with("<<<<<<< ")) {
            return Problem::new(Code::EDITED_BY_HAND, format!("`{shown}` has conflict markers of a merge"))
                .at(Place::file(&shown))
                .because("the file is rendered: what both sides mean stands in the profile")
                .hint("solve the conflict in the profile, then:\nfluxwright render --discard-edits");
        }
        Problem::new(Code::EDITED_BY_HAND, format!("`{shown}` was edited by hand"))
            .at(Place::file(&shown))
            .because("fluxwright would write over the edit, which is shown below")
            .hint(format!(
                "to keep the file as it is, add to the profile:\nunmanaged:\n  - {path}\n# to keep the change, say it in the profile with \
                 `patches:`, then\n# to write over it:\nfluxwright render --discard-edits"
            ))
            .detail(compare::unified(&shown, &wanted, &now, EDIT_LINES))
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
        let listed = rendered.included.iter().any(|include| is_in(path, include));
        let ours = rendered.tree.files().any(|(ours, _)| is_in(ours.as_str(), path));
        listed || ours || is_in(path, "flux-system")
    };
    let cut: BTreeSet<String> =
        flux::generated_resources(&paths, "").into_iter().filter(|path| !reached(path)).collect();
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
