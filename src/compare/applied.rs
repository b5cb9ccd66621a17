//! The applied set: which objects of a tree Flux applies, by which Flux Kustomization, and which of them would drop out.
//!
//! An object that leaves its Kustomization is deleted from the cluster, volumes and all, unless it was guarded before: by
//! the annotation on itself, or by `prune: false` on its Kustomization, in the tree that is applied today. A guard that
//! comes with the very commit that removes the object comes too late.
//!
//! In: trees that fluxwright wrote. What else Flux applies from a repo is not seen here yet; `disk` and `cli` refuse where
//! that would matter.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::tree::{self, ObjectId, Tree, object_id, text_at};

/// The Flux Kustomization that applies the root.
const ROOT: &str = "flux-system";
const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// What Flux applies of a tree.
#[derive(Debug, Default)]
pub struct Applied {
    /// Objects by the Kustomization that applies them, and whether each is guarded.
    objects: BTreeMap<(String, ObjectId), bool>,
    /// Kustomizations that prune and apply what cannot be seen here: name → source and folder.
    unseen: BTreeMap<String, (String, String)>,
    /// What the root lists.
    listed: BTreeSet<String>,
}

/// An object that would not be applied any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drop {
    /// The object as `--prune-ok` takes it, or the path of a file whose objects are not looked at.
    pub what: String,
    /// The Kustomization that applies it.
    pub by: String,
    /// The Kustomization that would apply it instead, if one would.
    pub moves_to: Option<String>,
}

impl Applied {
    /// What Flux applies of a tree that stands at `path` in the repo.
    pub fn of(tree: &Tree, path: &str) -> Applied {
        let mut applied = Applied::default();
        let units = units(tree, path);
        for (file, bytes) in tree.files().filter(|(file, _)| file.as_str().ends_with(".yaml")) {
            let (folder, name) = file.as_str().rsplit_once('/').unwrap_or(("", file.as_str()));
            let owner = match folder {
                "sources" | "kustomizations" => (ROOT.to_owned(), true),
                _ => units.get(folder).cloned().unwrap_or_default(),
            };
            for document in tree::documents(file.as_str(), &bytes.bytes) {
                match (folder, name, owner.0.as_str()) {
                    ("", "kustomization.yaml", _) => applied.list(&document),
                    (_, _, "") => {}
                    _ => applied.add(&document, &owner, path),
                }
            }
        }
        applied
    }

    fn list(&mut self, root: &Value) {
        let resources = root.get("resources").and_then(Value::as_array).into_iter().flatten();
        self.listed.extend(resources.filter_map(Value::as_str).map(str::to_owned));
    }

    fn add(&mut self, document: &Value, (by, prunes): &(String, bool), path: &str) {
        let Some(id) = object_id(document).filter(|id| id.group != "kustomize.config.k8s.io") else { return };
        let prune = |part: &str| document.pointer(&format!("/metadata/{part}")).and_then(|map| text_at(map, &[PRUNE]));
        let disabled =
            ["annotations", "labels"].into_iter().filter_map(prune).any(|value| value.eq_ignore_ascii_case("disabled"));
        let mut guarded = disabled || !prunes;
        if is_kustomization(&id) {
            // A Kustomization that prunes takes its objects along; what it applies is looked at object by object where it
            // stands in the tree, and is not known where it does not.
            let prunes = document.pointer("/spec/prune") == Some(&Value::Bool(true));
            guarded |= !prunes;
            let source = text_at(document, &["spec", "sourceRef", "name"]).unwrap_or_default();
            let folder = text_at(document, &["spec", "path"]).unwrap_or_default().trim_start_matches("./");
            let in_tree = source == ROOT && folder.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            if prunes && !in_tree {
                self.unseen.insert(id.name.clone(), (source.to_owned(), folder.to_owned()));
            }
        }
        self.objects.insert((by.clone(), id), guarded);
    }

    /// What `after` does not apply by the same Kustomization, and what is not guarded here.
    pub fn drops(&self, after: &Applied) -> Vec<Drop> {
        let gone = self.objects.iter().filter(|(key, guarded)| !**guarded && !after.objects.contains_key(key));
        let gone: Vec<&(String, ObjectId)> = gone.map(|(key, _)| key).collect();
        let owners: BTreeSet<&String> = gone.iter().map(|(by, _)| by).collect();
        // A Kustomization of which every object is guarded deletes nothing more by its own going.
        let harmless =
            |id: &ObjectId| is_kustomization(id) && !owners.contains(&id.name) && !self.unseen.contains_key(&id.name);
        let elsewhere = |id: &ObjectId| after.objects.keys().find(|(_, other)| other == id).map(|(by, _)| by.clone());
        let objects = gone.iter().filter(|(_, id)| !harmless(id)).map(|(by, id)| Drop {
            what: id.to_string(),
            by: by.clone(),
            moves_to: elsewhere(id),
        });
        let root = |what: String| Drop { what, by: ROOT.to_owned(), moves_to: None };
        let moved =
            |(name, what): &(&String, &(String, String))| after.unseen.get(*name).is_some_and(|now| now != *what);
        let moved = self.unseen.iter().filter(moved).map(|(name, _)| root(kustomization(name)));
        let ours = ["flux-system", "sources", "kustomizations"];
        let listed =
            self.listed.difference(&after.listed).filter(|entry| !ours.contains(&entry.as_str())).cloned().map(root);
        let mut drops: Vec<Drop> = objects.chain(moved).chain(listed).collect();
        drops.sort();
        drops
    }
}

/// A Flux Kustomization as `--prune-ok` takes it.
fn kustomization(name: &str) -> String {
    format!("Kustomization.{FLUX_GROUP}/{ROOT}/{name}")
}

/// Whether naming `ok` allows a drop: it is the object, or the Kustomization that applies it.
pub fn allows(ok: &str, drop: &Drop) -> bool {
    ok == drop.what || ok == kustomization(&drop.by)
}

fn is_kustomization(id: &ObjectId) -> bool {
    id.kind == "Kustomization" && id.group == FLUX_GROUP
}

/// The folders of the tree that Flux Kustomizations apply: folder → Kustomization and whether it prunes.
fn units(tree: &Tree, path: &str) -> BTreeMap<String, (String, bool)> {
    let mut units = BTreeMap::new();
    for (file, bytes) in tree.files().filter(|(file, _)| file.as_str().starts_with("kustomizations/")) {
        for document in tree::documents(file.as_str(), &bytes.bytes) {
            let folder = text_at(&document, &["spec", "path"]).map(|path| path.trim_start_matches("./"));
            let folder = folder.and_then(|folder| folder.strip_prefix(path)?.strip_prefix('/'));
            let name = text_at(&document, &["metadata", "name"]);
            if let (Some(folder), Some(name)) = (folder, name) {
                let prunes = document.pointer("/spec/prune") == Some(&Value::Bool(true));
                units.insert(folder.to_owned(), (name.to_owned(), prunes));
            }
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{File, TreePath};

    const UNIT: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: flux-system}\nspec: {path: ./clusters/x/app, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n";
    const GUARDED: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a, namespace: b, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}\n";

    fn applied(files: &[(&str, &str)]) -> Applied {
        let file = |text: &str| File { bytes: text.into(), executable: false };
        let tree = files.iter().map(|(path, text)| (TreePath::new(path).unwrap(), file(text))).collect();
        Applied::of(&tree, "clusters/x")
    }

    fn drops(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
        applied(before).drops(&applied(after)).into_iter().map(|drop| drop.what).collect()
    }

    #[test]
    fn an_object_that_leaves_is_named_and_a_guarded_one_is_not() {
        let before = [("kustomizations/app.yaml", UNIT), ("app/a.yaml", MAP), ("app/b.yaml", GUARDED)];
        assert_eq!(drops(&before, &before[..1]), ["ConfigMap/b/a"]);
        assert!(drops(&before, &before).is_empty());
    }

    #[test]
    fn a_kustomization_goes_with_what_it_applies() {
        let before = [("kustomizations/app.yaml", UNIT), ("app/a.yaml", MAP)];
        assert_eq!(drops(&before, &[]), ["ConfigMap/b/a", "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/app"]);
        let guarded = [("kustomizations/app.yaml", UNIT), ("app/b.yaml", GUARDED)];
        assert!(drops(&guarded, &[]).is_empty());
        let kept = UNIT.replace("prune: true", "prune: false");
        assert!(drops(&[("kustomizations/app.yaml", &kept), ("app/a.yaml", MAP)], &[]).is_empty());
    }

    #[test]
    fn what_a_kustomization_of_another_repo_applies_is_not_seen_so_it_is_named() {
        let unit = UNIT.replace("name: flux-system}}", "name: other}}");
        assert_eq!(drops(&[("kustomizations/app.yaml", &unit)], &[]).len(), 1);
    }

    #[test]
    fn an_object_that_moves_counts_as_dropped() {
        let other = UNIT.replace("name: app", "name: other");
        let before = [("kustomizations/app.yaml", UNIT), ("app/a.yaml", MAP)];
        let after = [("kustomizations/app.yaml", other.as_str()), ("app/a.yaml", MAP)];
        let drops = applied(&before).drops(&applied(&after));
        assert_eq!(drops[0].moves_to.as_deref(), Some("other"));
    }
}
