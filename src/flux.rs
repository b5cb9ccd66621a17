//! What Flux does with a folder, as far as rendering has to know it.
//!
//! In: the paths below a folder. Out: what Flux would apply of it. Not here: objects and their owners.

use std::collections::BTreeSet;

/// The names that make a folder one with a kustomization of its own, ours first (kubernetes-sigs/kustomize
/// api/konfig/general.go).
pub const KUSTOMIZATION_FILES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a folder has a kustomization of its own; an empty `folder` is the root of the paths.
pub fn has_kustomization(paths: &BTreeSet<String>, folder: &str) -> bool {
    KUSTOMIZATION_FILES.iter().any(|name| paths.contains(&join(folder, name)))
}

/// What Flux lists for a folder without a kustomization: every YAML file below, and each folder that has a kustomization
/// of its own as one (fluxcd/pkg kustomize/kustomize_generator.go).
pub fn generated_resources(paths: &BTreeSet<String>, folder: &str) -> Vec<String> {
    let below = paths.iter().filter_map(|path| rest_below(path, folder));
    let mut resources = BTreeSet::new();
    for rest in below {
        let parents = rest.match_indices('/').map(|(at, _)| &rest[..at]);
        let whole = parents.map(|parent| join(folder, parent)).find(|parent| has_kustomization(paths, parent));
        match whole {
            Some(parent) => resources.insert(parent),
            None if rest.ends_with(".yaml") || rest.ends_with(".yml") => resources.insert(join(folder, rest)),
            None => false,
        };
    }
    resources.into_iter().collect()
}

fn rest_below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_kustomization_is_walked_and_one_with_is_taken_whole() {
        let paths = ["a/x.yaml", "a/b/kustomization.yaml", "a/b/y.yaml", "a/c/z.yml", "a/README.md", "ab/no.yaml"];
        let paths: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(generated_resources(&paths, "a"), ["a/b", "a/c/z.yml", "a/x.yaml"]);
        assert!(has_kustomization(&paths, "a/b") && !has_kustomization(&paths, "a"));
    }
}
