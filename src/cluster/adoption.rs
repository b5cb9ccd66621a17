//! Taking over a file of somebody else's: only if its objects are the ones that would be written.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Cluster;
use crate::compare;
use crate::problem::{Code, Place, Problem, shell_word};
use crate::tree::{self, File, TreePath};

impl Cluster {
    /// Makes a file that stands in the way, or was edited, one of ours, if its objects equal ours.
    ///
    /// # Errors
    /// It is not there, it is no text that can be read, or its objects differ; then with the difference.
    pub fn adopt(&mut self, path: &TreePath) -> Result<(), Problem> {
        let (Some(theirs), Some(ours)) = (self.today.files.get(path.as_str()), self.rendered.tree.get(path.as_str()))
        else {
            let shown = self.in_repo(path.as_str());
            return Err(Problem::new(Code::NOTHING_TO_ADOPT, format!("there is no file `{shown}` to take over"))
                .at(Place::file(shown))
                .hint("render without --adopt: it would be created"));
        };
        if !self.says_the_same(path, theirs, ours) {
            return Err(self.differ(path, theirs, ours));
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

    /// Whether a file of somebody else's says what ours does.
    pub(super) fn says_the_same(&self, path: &TreePath, theirs: &File, ours: &File) -> bool {
        match self.in_our_form(path, theirs) {
            Some(theirs) => theirs == ours.bytes,
            None => same_objects(path, theirs, ours),
        }
    }

    /// A file that another program writes, too, as we would have written the same; nothing for any other file.
    pub(super) fn in_our_form(&self, path: &TreePath, theirs: &File) -> Option<Vec<u8>> {
        let ours = self.rendered.tree.get(path.as_str()).filter(|_| self.rendered.rewritten.contains(path.as_str()))?;
        tree::in_our_form(path.as_str(), &theirs.bytes, &ours.bytes)
    }

    fn differ(&self, path: &TreePath, theirs: &File, ours: &File) -> Problem {
        let shown = self.in_repo(path.as_str());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let lines = |theirs: &[u8]| compare::unified(&shown, &text(theirs), &text(&ours.bytes), usize::MAX);
        let difference = match self.in_our_form(path, theirs) {
            Some(theirs) => lines(&theirs),
            None => objects(path, theirs)
                .zip(objects(path, ours))
                .map_or_else(|| lines(&theirs.bytes), |(theirs, ours)| compare::objects(&shown, &theirs, &ours)),
        };
        Problem::new(Code::OTHER_OBJECTS, format!("the objects in `{shown}` are not those that would be written"))
            .at(Place::file(&shown))
            .because("taking the file over would change what Flux applies; the difference is below, `+` is what would be written")
            .hint(format!(
                "make the file the same and commit it, or say the difference in the profile with `patches:`, then again:\nfluxwright render --adopt {}",
                shell_word(&shown)
            ))
            .detail(difference)
    }
}

fn same_objects(path: &TreePath, theirs: &File, ours: &File) -> bool {
    if theirs.bytes == ours.bytes {
        return true;
    }
    let all_in = |some: &[Value], others: &[Value]| some.iter().all(|object| others.contains(object));
    objects(path, theirs)
        .zip(objects(path, ours))
        .is_some_and(|(theirs, ours)| theirs.len() == ours.len() && all_in(&theirs, &ours) && all_in(&ours, &theirs))
}

/// The objects of a file; nothing if it is no YAML.
fn objects(path: &TreePath, file: &File) -> Option<Vec<Value>> {
    let path = Some(path.as_str()).filter(|path| path.ends_with(".yaml"))?;
    tree::documents(path, &file.bytes)
}
