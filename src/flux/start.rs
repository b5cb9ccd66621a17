//! Where Flux begins to read a repo, for each cluster of it.
//!
//! In: the files of a repo. Out: the places, with the Flux that is there. Not here: what is applied from there (`given`).
//!
//! Source: what `flux bootstrap` writes (fluxcd/flux2 pkg/manifestgen/sync), what a FluxInstance says
//! (controlplaneio-fluxcd/flux-operator docs/api/v1/fluxinstance.md), and EKS Anywhere's FluxConfig (docs, gitOpsRef).

use rayon::prelude::*;
use serde_json::{Value, json};

use super::applied::{BOOTSTRAP, Owner, is_kustomization};
use super::files::Files;
use super::folder::{join, path_from};
use super::kustomize::{Document, documents};
use crate::error::Failure;
use crate::tree::{is_in, object_id, text_at};

/// The release from which an undefined variable without default is an error (kustomize-controller 1.9.0 CHANGELOG).
const STRICT_SINCE: u64 = 9;

/// Where Flux begins.
#[derive(Debug, Clone)]
pub struct Start {
    /// The Flux Kustomization that is there first.
    pub kustomization: Value,
    /// Others that are there with it, whether it leads to them or not.
    pub others: Vec<Value>,
    /// The file that says so; the folder, where only a folder is known.
    pub file: String,
    /// Whether an undefined variable is an error for the Flux that is there; for the newest, if nothing says which it is.
    pub strict: bool,
}

impl Start {
    /// In a folder, as `flux bootstrap` would make it.
    pub fn in_folder(folder: &str) -> Start {
        Start::of(folder, BOOTSTRAP, BOOTSTRAP, "GitRepository", folder)
    }

    fn of(file: &str, namespace: &str, name: &str, kind: &str, path: &str) -> Start {
        let kustomization = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"path": path, "prune": true, "sourceRef": {"kind": kind, "name": name}},
        });
        Start { kustomization, others: Vec::new(), file: file.to_owned(), strict: true }
    }

    /// What a `gotk-sync.yaml` says: one cluster, that begins with the Kustomization that applies this file, or with the first.
    fn of_sync(file: &str, documents: &[Document]) -> Option<Start> {
        let is_one = |document: &&Document| object_id(&document.value).is_some_and(|id| is_kustomization(&id));
        let mut all: Vec<Value> = documents.iter().filter(is_one).map(|document| document.value.clone()).collect();
        let first = all.iter().position(|one| covers(one, file)).unwrap_or(0);
        let kustomization = (first < all.len()).then(|| all.remove(first))?;
        Some(Start { kustomization, others: all, file: file.to_owned(), strict: true })
    }

    /// The Kustomization that bootstrap wrote for the folder `tree` or one around it; before bootstrap, the one that it
    /// will write for `tree`.
    ///
    /// # Errors
    /// What the files' place says.
    pub fn of_tree(files: &dyn Files, tree: &str) -> Result<Start, Failure> {
        let above = tree.match_indices('/').map(|(at, _)| &tree[..at]).rev();
        for folder in std::iter::once(tree).chain(above).chain([""]) {
            let sync = join(folder, &format!("{BOOTSTRAP}/gotk-sync.yaml"));
            let Some(bytes) = files.read(&sync)? else { continue };
            let covers_it =
                |start: &Start| covers(&start.kustomization, tree) || start.others.iter().any(|one| covers(one, tree));
            if let Some(start) = Start::of_sync(&sync, &documents(&sync, &bytes).unwrap_or_default()).filter(covers_it)
            {
                return Ok(start);
            }
        }
        Ok(Start::in_folder(tree))
    }

    /// The name of its Kustomization.
    pub fn owner(&self) -> Owner {
        owner_of(&self.kustomization)
    }

    /// The folder that it applies.
    pub fn folder(&self) -> Option<String> {
        folder_of(&self.kustomization)
    }
}

/// The name of a Flux Kustomization where Flux begins.
pub fn owner_of(kustomization: &Value) -> Owner {
    let text = |key: &str| text_at(kustomization, &["metadata", key]).unwrap_or(BOOTSTRAP).to_owned();
    Owner { namespace: text("namespace"), name: text("name") }
}

fn folder_of(kustomization: &Value) -> Option<String> {
    path_from("", text_at(kustomization, &["spec", "path"]).unwrap_or_default())
}

/// Whether a Flux Kustomization applies the folder of a path, or one around it.
fn covers(kustomization: &Value, path: &str) -> bool {
    folder_of(kustomization).is_some_and(|folder| folder.is_empty() || is_in(path, &folder))
}

/// Every place below a folder where Flux begins.
///
/// # Errors
/// What the files' place says.
pub fn starts(files: &(dyn Files + Sync), below: &str) -> Result<Vec<Start>, Failure> {
    let paths: Vec<String> = files.below(below)?.into_iter().collect();
    let found: Vec<Vec<Start>> = paths.par_iter().map(|path| in_file(files, path)).collect::<Result<_, _>>()?;
    let mut starts: Vec<Start> = found.into_iter().flatten().collect();
    // EKS Anywhere writes a gotk-sync.yaml, too; that one says more.
    let known: Vec<_> = starts.iter().filter(|one| one.file.ends_with("gotk-sync.yaml")).map(Start::folder).collect();
    starts.retain(|one| one.file.ends_with("gotk-sync.yaml") || !known.contains(&one.folder()));
    Ok(starts)
}

fn in_file(files: &dyn Files, path: &str) -> Result<Vec<Start>, Failure> {
    let is_sync = path.ends_with("/gotk-sync.yaml");
    if !is_sync && !path.ends_with(".yaml") && !path.ends_with(".yml") {
        return Ok(Vec::new());
    }
    let Some(bytes) = files.read(path)? else { return Ok(Vec::new()) };
    if !is_sync && !names(&bytes, "FluxInstance") && !names(&bytes, "FluxConfig") {
        return Ok(Vec::new());
    }
    let documents = documents(path, &bytes).unwrap_or_default();
    let in_documents = documents.iter().filter_map(|document| in_document(path, &document.value));
    let of_sync = Start::of_sync(path, &documents).filter(|_| is_sync);
    let mut found: Vec<Start> = in_documents.chain(of_sync).collect();
    if is_sync && bytes.iter().all(u8::is_ascii_whitespace) {
        found = path.rsplit('/').nth(1).map(|namespace| prepared(path, namespace)).into_iter().collect();
    }
    if is_sync {
        let components = path.replace("gotk-sync", "gotk-components");
        let text = files.read(&components)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        found.iter_mut().for_each(|start| start.strict = text.as_deref().is_none_or(is_strict));
    }
    Ok(found)
}

fn names(bytes: &[u8], word: &str) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.contains(word))
}

/// A folder that is prepared for `flux bootstrap`: its files are there and empty.
fn prepared(path: &str, namespace: &str) -> Start {
    let folder = path.strip_suffix(&format!("{namespace}/gotk-sync.yaml")).unwrap_or_default().trim_end_matches('/');
    Start::of(path, namespace, namespace, "GitRepository", folder)
}

fn in_document(path: &str, document: &Value) -> Option<Start> {
    let id = object_id(document)?;
    let text = |at: &[&str]| text_at(document, at);
    match (id.kind.as_str(), id.group.as_str()) {
        ("FluxInstance", "fluxcd.controlplane.io") => {
            document.pointer("/spec/sync")?;
            let namespace = id.namespace.as_deref().unwrap_or(BOOTSTRAP);
            let name = text(&["spec", "sync", "name"]).unwrap_or(namespace);
            let kind = text(&["spec", "sync", "kind"]).unwrap_or("GitRepository");
            let start = Start::of(path, namespace, name, kind, text(&["spec", "sync", "path"]).unwrap_or_default());
            let version = text(&["spec", "distribution", "version"]).unwrap_or("2.x");
            Some(Start { strict: minor(version).is_none_or(|minor| minor >= STRICT_SINCE), ..start })
        }
        ("FluxConfig", "anywhere.eks.amazonaws.com") => {
            let namespace = text(&["spec", "systemNamespace"]).unwrap_or(BOOTSTRAP);
            // Its file is <clusterConfigPath>/<cluster>/eksa-system/eksa-cluster.yaml.
            let above = path.rsplitn(4, '/').nth(3).unwrap_or_default();
            let folder = text(&["spec", "clusterConfigPath"]).unwrap_or(above);
            Some(Start::of(path, namespace, BOOTSTRAP, "GitRepository", folder))
        }
        _ => None,
    }
}

/// Whether what `flux install` wrote is of a strict release.
fn is_strict(components: &str) -> bool {
    let version = components.lines().take(10).find_map(|line| line.strip_prefix("# Flux Version: v"));
    version.and_then(minor).is_none_or(|minor| minor >= STRICT_SINCE)
}

/// The minor of a release 2; none if it is any.
fn minor(version: &str) -> Option<u64> {
    let digits = |part: &str| part.trim_start_matches(|sign: char| !sign.is_ascii_digit()).to_owned();
    digits(version).split('.').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_strict_from_2_9_on() {
        assert!(!is_strict("---\n# This manifest was generated by flux. DO NOT EDIT.\n# Flux Version: v2.8.8\n"));
        assert!(is_strict("# Flux Version: v2.9.1\n") && is_strict("") && is_strict("# Flux Version: v2.10.0\n"));
        assert_eq!((minor("2.x"), minor("=2.7.x"), minor("2.7.5")), (None, Some(7), Some(7)));
    }

    #[test]
    fn a_sync_file_is_one_cluster() {
        let unit = |name: &str, path: &str| {
            let api = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization";
            format!("{api}\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{path: {path}}}\n")
        };
        let text = format!("{}---\n{}", unit("apps", "./apps"), unit("flux-system", "./clusters/a"));
        let file = "clusters/a/flux-system/gotk-sync.yaml";
        let start = Start::of_sync(file, &documents(file, text.as_bytes()).unwrap()).unwrap();
        let others: Vec<_> = start.others.iter().map(owner_of).map(|owner| owner.name).collect();
        assert_eq!((start.owner().name.as_str(), &others[..]), ("flux-system", &["apps".to_owned()][..]));
    }
}
