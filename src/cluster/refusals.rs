//! What stands in the way of writing a cluster's files: each is named, with what to type. What Flux would delete is in `losses`.

use std::collections::BTreeSet;

use super::Cluster;
use crate::compare;
use crate::flux::KUSTOMIZATION_FILES;
use crate::flux::folder::join;
use crate::problem::{Code, Place, Problem, shell_word, yaml_word};
use crate::tree::TreePath;

/// How many lines of an edit are shown.
const EDIT_LINES: usize = 20;

impl Cluster {
    /// What is in the way of the files: a link, a file that is not ours.
    ///
    /// `lost` are files with objects that would be lost with them.
    pub fn in_the_way(&self, lost: &BTreeSet<String>) -> Vec<Problem> {
        blocked(self).into_iter().chain(foreign(self, lost)).collect()
    }

    /// Whether something is in the way that makes it idle to ask what would be lost.
    pub fn is_blocked(&self) -> bool {
        self.today.blocked.is_some() || !self.changes.blocked.is_empty() || !self.changes.missing.is_empty()
    }

    /// Files of ours that were edited by hand, with the edit.
    pub fn edited(&self) -> Vec<Problem> {
        edited(self, &self.changes.edited)
    }

    /// The same of those whose edits would be discarded.
    pub fn discarded(&self) -> Vec<Problem> {
        edited(self, &self.changes.discarded)
    }
}

/// Something that is no folder, or a link, on the way to a file that would be written.
pub fn leaves_the_repo(path: &str) -> Problem {
    Problem::new(Code::LEAVES_THE_REPO, format!("`{path}` is a link, or not what the tree has there"))
        .at(Place::file(path))
        .because("fluxwright writes below the repo's root only, and a link could lead anywhere")
        .hint(format!("look at it, and if it can go: git rm {}", shell_word(path)))
}

fn blocked(cluster: &Cluster) -> Vec<Problem> {
    let mut problems = Vec::new();
    let way = cluster.today.blocked.iter().map(|path| path.display().to_string());
    let inside = cluster.changes.blocked.iter().map(|path| cluster.in_repo(path));
    for path in way.chain(inside) {
        problems.push(leaves_the_repo(&path));
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

fn foreign(cluster: &Cluster, lost: &BTreeSet<String>) -> Vec<Problem> {
    let one = |path: &TreePath| {
        let shown = cluster.in_repo(path.as_str());
        let says = format!("`{shown}` stands where fluxwright would write, and it did not write it");
        Problem::new(Code::FOREIGN_FILE, says)
            .at(Place::file(&shown))
            .because("only files in .fluxwright.lock are overwritten")
            .hint(for_foreign(cluster, path, &shown, lost.contains(&shown)))
    };
    cluster.changes.foreign.iter().map(one).collect()
}

/// What to do with a file that stands in the way; one whose objects would be lost must not simply be moved.
fn for_foreign(cluster: &Cluster, path: &TreePath, shown: &str, would_lose: bool) -> String {
    let word = shell_word(shown);
    let adopt = adopting(cluster, path);
    if cluster.rendered.tree.get(path.as_str()).is_none() {
        let (folder, name) = shown.rsplit_once('/').unwrap_or(("", shown));
        return match KUSTOMIZATION_FILES {
            [ours, others @ ..] if others.contains(&name) => {
                format!(
                    "kustomize takes one file of these names; give yours the usual one, and render again:\ngit mv {word} {}",
                    shell_word(&join(folder, ours))
                )
            }
            _ => format!("some file systems take the two names for one; move yours:\ngit mv {word} {word}.mine"),
        };
    }
    if would_lose {
        return format!(
            "first keep what it holds from being deleted, as would-drop below says; then take the file over:\n{adopt}"
        );
    }
    if cluster.rendered.rewritten.contains(path.as_str()) {
        return format!(
            "EKS Anywhere writes such a file, too; take over what it has written, if the objects are the same:\n{adopt}"
        );
    }
    let listing = match path.as_str() {
        "kustomization.yaml" => {
            let ours = cluster.rendered.root.iter().filter(|entry| *entry != "flux-system");
            let lines: Vec<String> = ours.map(|entry| format!("\n  - {entry}")).collect();
            format!("\n# and list ours in it, or nothing of the tree is applied:\nresources:{}", lines.concat())
        }
        _ => String::new(),
    };
    format!(
        "to keep it as it is, add to the profile:\nunmanaged:\n  - {}{listing}\n# or take it over, if its objects are the same:\n{adopt}\n# or move \
         it away:\ngit mv {word} {word}.mine",
        yaml_word(path.as_str())
    )
}

/// The command that takes a file over; with all that another program writes beside it, since it takes one step.
fn adopting(cluster: &Cluster, path: &TreePath) -> String {
    let rewritten = |path: &TreePath| cluster.rendered.rewritten.contains(path.as_str());
    let together = |other: &&TreePath| *other == path || (rewritten(path) && rewritten(other));
    let all = cluster.changes.foreign.iter().filter(together);
    let files: Vec<String> =
        all.map(|path| format!(" --adopt {}", shell_word(&cluster.in_repo(path.as_str())))).collect();
    format!("fluxwright render{}", files.concat())
}

fn edited(cluster: &Cluster, paths: &[TreePath]) -> Vec<Problem> {
    let one = |path: &TreePath| {
        let shown = cluster.in_repo(path.as_str());
        let Some(wanted) = cluster.rendered.tree.get(path.as_str()) else {
            return Problem::new(Code::EDITED_BY_HAND, format!("`{shown}` would be deleted, and was edited by hand"))
                .at(Place::file(&shown))
                .because("the profile has no use for it any more, and the edit would be lost")
                .hint(format!("look at the edit: git diff HEAD -- {}\n# to keep it, move it out of the tree; to let it go:\nfluxwright render --discard-edits", shell_word(&shown)));
        };
        let now = as_it_stands(cluster, path);
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
                "to keep the file as it is, add to the profile:\nunmanaged:\n  - {}\n# to keep the change, say it in the profile with \
                 `patches:`, then\n# to write over it:\nfluxwright render --discard-edits",
                yaml_word(path.as_str())
            ))
            .detail(compare::unified(&shown, &String::from_utf8_lossy(&wanted.bytes), &now, EDIT_LINES))
    };
    paths.iter().map(one).collect()
}

/// The text of a file, in our form where another program writes it, too: its quotes and its order are no edit.
fn as_it_stands(cluster: &Cluster, path: &TreePath) -> String {
    let Some(there) = cluster.today.files.get(path.as_str()) else { return String::new() };
    let bytes = cluster.in_our_form(path, there).unwrap_or_else(|| there.bytes.clone());
    String::from_utf8_lossy(&bytes).into_owned()
}
