//! What stands in the way of writing a cluster's files: each is named, with what to type. What Flux would delete is in `losses`.

use super::Cluster;
use crate::compare;
use crate::problem::{Code, Place, Problem, shell_word};
use crate::tree::{Tree, TreePath};

/// How many lines of an edit are shown.
const EDIT_LINES: usize = 20;

impl Cluster {
    /// What is in the way of the files: a link, a file that is not ours.
    pub fn in_the_way(&self) -> Vec<Problem> {
        blocked(self).into_iter().chain(foreign(self)).collect()
    }

    /// Whether something is in the way that makes it idle to ask what would be lost.
    pub fn is_blocked(&self) -> bool {
        self.today.blocked.is_some() || !self.changes.blocked.is_empty() || !self.changes.missing.is_empty()
    }

    /// Files of ours that were edited by hand, with the edit.
    pub fn edited(&self) -> Vec<Problem> {
        edited(self)
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
