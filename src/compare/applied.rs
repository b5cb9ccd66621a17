//! The applied set: which objects of a tree Flux applies, by which Flux Kustomization, and which of them would drop out.
//!
//! An object that leaves its Kustomization is deleted from the cluster, volumes and all, unless it was guarded before: by
//! the annotation on itself, or by `prune: false` on its Kustomization, in the tree that is applied today. A guard that
//! comes with the very commit that removes the object comes too late. What applies something that cannot be seen here (a
//! folder of another place, a Helm chart) must also stay what it is: another source, folder or target namespace deletes
//! what it made before.
//!
//! In: trees that fluxwright wrote, with the user's files that they list. What else Flux applies from a repo is not seen
//! here yet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::tree::{self, ObjectId, ROOT_ENTRIES, Tree, is_below, is_in, object_id, text_at};

/// The Flux Kustomization that applies the root.
const ROOT: &str = "flux-system";
/// Flux's annotation or label that keeps an object when it leaves the tree.
const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// What Flux applies of a tree.
#[derive(Debug, Default)]
pub struct Applied {
    /// Objects by the Kustomization that applies them, and whether each is guarded.
    objects: BTreeMap<(String, ObjectId), bool>,
    /// What must stay as it is, or all that an object has made is deleted: object → that.
    fixed: BTreeMap<ObjectId, String>,
    /// What the root lists.
    listed: BTreeSet<String>,
}

/// An object that would not be applied as it is today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drop {
    /// The object as `--prune-ok` takes it, or the path of a file whose objects are not looked at.
    pub what: String,
    /// The Kustomization that applies it.
    pub by: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of an object that is not applied as it is today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing applies it any more.
    Goes,
    /// Another Kustomization applies it.
    MovesTo(String),
    /// It stays, and what it has made is deleted and made anew.
    StartsAnew,
}

impl Applied {
    /// What Flux applies of a tree that stands at `path` in the repo.
    pub fn of(tree: &Tree, path: &str) -> Applied {
        let documents: Vec<(&str, Value)> = tree
            .files()
            .filter(|(file, _)| [".yaml", ".yml", ".json"].iter().any(|ending| file.as_str().ends_with(ending)))
            .flat_map(|(file, bytes)| {
                tree::documents(file.as_str(), &bytes.bytes).into_iter().map(|it| (file.as_str(), it))
            })
            .collect();
        let units = units(&documents, path);
        let sources = sources(&documents);
        let mut applied = Applied::default();
        for (file, document) in &documents {
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            if folder.is_empty() {
                applied.list(document);
            } else if let Some((by, prunes)) = owner(folder, &units) {
                applied.add(document, &by, prunes, path, &sources);
            }
        }
        applied
    }

    fn list(&mut self, root: &Value) {
        let resources = root.get("resources").and_then(Value::as_array).into_iter().flatten();
        self.listed.extend(resources.filter_map(Value::as_str).map(str::to_owned));
    }

    fn add(&mut self, document: &Value, by: &str, prunes: bool, path: &str, sources: &BTreeMap<String, String>) {
        let Some(id) = object_id(document).filter(|id| id.group != "kustomize.config.k8s.io") else { return };
        let said = |part: &str| document.pointer(&format!("/metadata/{part}")).and_then(|map| text_at(map, &[PRUNE]));
        let disabled =
            ["annotations", "labels"].into_iter().filter_map(said).any(|it| it.eq_ignore_ascii_case("disabled"));
        // A Kustomization that does not prune leaves what it applied when it goes.
        let keeps = is_kustomization(&id) && document.pointer("/spec/prune") != Some(&Value::Bool(true));
        let guarded = disabled || !prunes || keeps;
        if !guarded && let Some(what) = fixed(&id, document, path, sources) {
            self.fixed.insert(id.clone(), what);
        }
        self.objects.insert((by.to_owned(), id), guarded);
    }

    /// What `after` does not apply by the same Kustomization or not as before, and what is not guarded here.
    pub fn drops(&self, after: &Applied) -> Vec<Drop> {
        let gone = self.objects.iter().filter(|(key, guarded)| !**guarded && !after.objects.contains_key(key));
        let gone: Vec<&(String, ObjectId)> = gone.map(|(key, _)| key).collect();
        let owners: BTreeSet<&String> = gone.iter().map(|(by, _)| by).collect();
        // A Kustomization of which every object is guarded deletes nothing more by its own going.
        let harmless =
            |id: &ObjectId| is_kustomization(id) && !owners.contains(&id.name) && !self.fixed.contains_key(id);
        let elsewhere = |id: &ObjectId| after.objects.keys().find(|(_, other)| other == id).map(|(by, _)| by.clone());
        let objects = gone.iter().filter(|(_, id)| !harmless(id)).map(|(by, id)| Drop {
            what: id.to_string(),
            by: by.clone(),
            fate: elsewhere(id).map_or(Fate::Goes, Fate::MovesTo),
        });
        let changed = self.objects.keys().filter(|(_, id)| match (self.fixed.get(id), after.fixed.get(id)) {
            (Some(was), Some(is)) => was != is,
            _ => false,
        });
        let anew = changed.map(|(by, id)| Drop { what: id.to_string(), by: by.clone(), fate: Fate::StartsAnew });
        let listed = self.listed.difference(&after.listed).filter(|entry| !ROOT_ENTRIES.contains(&entry.as_str()));
        let listed = listed.map(|entry| Drop { what: entry.clone(), by: ROOT.to_owned(), fate: Fate::Goes });
        let mut drops: Vec<Drop> = objects.chain(anew).chain(listed).collect();
        drops.sort();
        drops.dedup();
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

/// What of an object must stay as it is, if it applies something that cannot be seen here.
fn fixed(id: &ObjectId, document: &Value, path: &str, sources: &BTreeMap<String, String>) -> Option<String> {
    let at = |keys: &[&str]| text_at(document, keys).unwrap_or_default().to_owned();
    if is_kustomization(id) {
        let (source, folder) = (at(&["spec", "sourceRef", "name"]), at(&["spec", "path"]));
        let in_tree = source == ROOT && is_below(folder.trim_start_matches("./"), path);
        let patches = document.pointer("/spec/patches").map(Value::to_string).unwrap_or_default();
        let from = sources.get(&source).cloned().unwrap_or_default();
        return (!in_tree).then(|| [source, from, folder, at(&["spec", "targetNamespace"]), patches].join("\n"));
    }
    // Helm uninstalls and installs again when one of these changes (helm-controller docs/spec/v2/helmreleases.md@v1.6.3).
    let parts: [&[&str]; 5] = [
        &["spec", "releaseName"],
        &["spec", "targetNamespace"],
        &["spec", "storageNamespace"],
        &["spec", "chart", "spec", "chart"],
        &["spec", "chartRef", "name"],
    ];
    (id.kind == "HelmRelease").then(|| parts.map(at).join("\n"))
}

/// What of each source decides what is in it, but for its version: name → that.
fn sources(documents: &[(&str, Value)]) -> BTreeMap<String, String> {
    let of = |(file, document): &(&str, Value)| {
        let name = file.starts_with("sources/").then(|| text_at(document, &["metadata", "name"])).flatten()?;
        let part = |key: &str| document.pointer(&format!("/spec/{key}")).map(Value::to_string).unwrap_or_default();
        Some((name.to_owned(), ["url", "ignore", "sparseCheckout"].map(part).join("\n")))
    };
    documents.iter().filter_map(of).collect()
}

/// The Kustomization that applies a folder of the tree, and whether it prunes.
fn owner(folder: &str, units: &BTreeMap<String, (String, bool)>) -> Option<(String, bool)> {
    if matches!(folder, "sources" | "kustomizations") {
        return Some((ROOT.to_owned(), true));
    }
    let nearest = units.keys().filter(|unit| is_in(folder, unit)).max_by_key(|unit| unit.len())?;
    units.get(nearest).cloned()
}

/// The folders of the tree that Flux Kustomizations apply: folder → Kustomization and whether it prunes.
fn units(documents: &[(&str, Value)], path: &str) -> BTreeMap<String, (String, bool)> {
    let unit = |(file, document): &(&str, Value)| {
        let folder = file.starts_with("kustomizations/").then(|| text_at(document, &["spec", "path"])).flatten()?;
        let folder = folder.trim_start_matches("./").strip_prefix(path)?.strip_prefix('/')?;
        let prunes = document.pointer("/spec/prune") == Some(&Value::Bool(true));
        Some((folder.to_owned(), (text_at(document, &["metadata", "name"])?.to_owned(), prunes)))
    };
    documents.iter().filter_map(unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{File, TreePath};

    const UNIT: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: flux-system}\nspec: {path: ./clusters/x/app, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n";
    const GUARDED: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a, namespace: b, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}\n";
    const RELEASE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a, namespace: flux-system}\nspec: {targetNamespace: one}\n";

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
    fn an_object_in_a_folder_below_or_in_another_kind_of_file_is_seen_too() {
        for path in ["app/sub/a.yaml", "app/a.yml", "app/a.json"] {
            let before = [("kustomizations/app.yaml", UNIT), (path, MAP)];
            assert_eq!(drops(&before, &before[..1]), ["ConfigMap/b/a"], "{path}");
        }
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
    fn what_a_kustomization_of_another_place_applies_is_not_seen_so_it_must_stay_as_it_is() {
        let unit = UNIT.replace("name: flux-system}}", "name: other}}");
        let before = [("kustomizations/app.yaml", unit.as_str())];
        assert_eq!(drops(&before, &[]).len(), 1);
        for (from, to) in [("clusters/x/app", "deploy"), ("prune: true", "prune: true, targetNamespace: x")] {
            let moved = unit.replace(from, to);
            let drops = applied(&before).drops(&applied(&[("kustomizations/app.yaml", moved.as_str())]));
            assert_eq!(drops[0].fate, Fate::StartsAnew, "{to}");
        }
    }

    #[test]
    fn a_release_that_moves_is_installed_anew() {
        let moved = RELEASE.replace("one", "two");
        let before = [("kustomizations/app.yaml", UNIT), ("app/a.yaml", RELEASE)];
        let after = [("kustomizations/app.yaml", UNIT), ("app/a.yaml", moved.as_str())];
        assert_eq!(applied(&before).drops(&applied(&after))[0].fate, Fate::StartsAnew);
    }

    #[test]
    fn an_object_that_moves_counts_as_dropped() {
        let other = UNIT.replace("name: app", "name: other");
        let before = [("kustomizations/app.yaml", UNIT), ("app/a.yaml", MAP)];
        let after = [("kustomizations/app.yaml", other.as_str()), ("app/a.yaml", MAP)];
        let drops = applied(&before).drops(&applied(&after));
        assert_eq!(drops[0].fate, Fate::MovesTo("other".to_owned()));
    }
}
