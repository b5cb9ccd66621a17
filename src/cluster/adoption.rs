//! Taking over a file of somebody else's: only if its objects are the ones that would be written.

use std::collections::BTreeSet;

use super::Cluster;
use crate::compare;
use crate::problem::{Code, Place, Problem};
use crate::tree::{self, File, TreePath};

impl Cluster {
    /// Makes a file that stands in the way, or was edited, one of ours, if its objects equal ours.
    ///
    /// # Errors
    /// It is not there, it is no text that can be read, or its objects differ; then with the difference.
    pub fn adopt(&mut self, path: &TreePath) -> Result<(), Problem> {
        let shown = self.in_repo(path.as_str());
        let (Some(theirs), Some(ours)) = (self.today.files.get(path.as_str()), self.rendered.tree.get(path.as_str()))
        else {
            return Err(Problem::new(Code::NOTHING_TO_ADOPT, format!("there is no file `{shown}` to take over"))
                .at(Place::file(shown))
                .hint("render without --adopt: it would be created"));
        };
        if !same_objects(path, theirs, ours) {
            return Err(differ(&shown, path, theirs, ours));
        }
        let changes = &mut self.changes;
        let in_the_way = changes.foreign.iter().chain(&changes.edited).any(|other| other == path);
        changes.foreign.retain(|other| other != path);
        changes.edited.retain(|other| other != path);
        if in_the_way {
            let changed: BTreeSet<TreePath> = changes.changed.drain(..).chain([path.clone()]).collect();
            changes.changed.extend(changed);
        }
        Ok(())
    }
}

fn same_objects(path: &TreePath, theirs: &File, ours: &File) -> bool {
    if theirs.bytes == ours.bytes {
        return true;
    }
    let objects = |file: &File| tree::documents(path.as_str(), &file.bytes);
    let is_yaml = path.as_str().ends_with(".yaml");
    match (objects(theirs), objects(ours)) {
        (Some(theirs), Some(ours)) if is_yaml => {
            theirs.len() == ours.len() && theirs.iter().all(|object| ours.contains(object))
        }
        _ => false,
    }
}

fn differ(shown: &str, path: &TreePath, theirs: &File, ours: &File) -> Problem {
    let objects = |file: &File| tree::documents(path.as_str(), &file.bytes);
    let text = |file: &File| String::from_utf8_lossy(&file.bytes).into_owned();
    let difference = objects(theirs).zip(objects(ours)).map_or_else(
        || compare::unified(shown, &text(theirs), &text(ours), usize::MAX),
        |(theirs, ours)| compare::objects(shown, &theirs, &ours),
    );
    Problem::new(Code::OTHER_OBJECTS, format!("the objects in `{shown}` are not those that would be written"))
        .at(Place::file(shown))
        .because("taking the file over would change what Flux applies; the difference is below, `+` is what would be written")
        .hint(format!(
            "make the file the same and commit it, or say the difference in the profile with `patches:`, then again:\nfluxwright render --adopt {shown}"
        ))
        .detail(difference)
}
