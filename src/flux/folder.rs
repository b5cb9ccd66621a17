//! What Flux does with a folder by the names in it: which file is its kustomization, and what it lists where there is none.
//!
//! In: the paths below a folder. Out: paths. Not here: what stands in the files (`kustomize`).

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
    let below = paths.iter().filter_map(|path| rest_below(path, folder)).filter(|rest| !left_out(rest));
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

/// What source-controller leaves out of every artifact, as far as it ends like a manifest: git's own and CI's files, and
/// those of tools (fluxcd/pkg sourceignore/sourceignore.go). Other hidden folders, `.gitlab` too, do reach Flux. What a repo's own
/// `.sourceignore` names is left out before (`artifact`).
fn left_out(path: &str) -> bool {
    const FILES: &[&str] = &[
        ".travis.yml",
        ".gitlab-ci.yml",
        "appveyor.yml",
        ".drone.yml",
        "cloudbuild.yaml",
        "codeship-services.yml",
        "codeship-steps.yml",
        ".goreleaser.yml",
        ".goreleaser.yaml",
        ".sops.yaml",
        ".flux.yaml",
    ];
    const FOLDERS: &[&str] = &[".git", ".github", ".circleci"];
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    FILES.contains(&name) || folders.split('/').any(|part| FOLDERS.contains(&part))
}

fn rest_below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// A path of a folder and what is in it; an empty folder is the root.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder that a path is in; empty for the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A relative path, seen from a folder; nothing if it leaves the repo.
pub fn path_from(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_reaches_flux_is_not_walked() {
        let paths = [".github/workflows/x.yaml", "a/.sops.yaml", "a/.gitlab-ci.yml", "a/x.yaml", ".gitops/x.yaml"];
        let paths: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(generated_resources(&paths, ""), [".gitops/x.yaml", "a/x.yaml"]);
    }

    #[test]
    fn a_folder_without_kustomization_is_walked_and_one_with_is_taken_whole() {
        let paths = ["a/x.yaml", "a/b/kustomization.yaml", "a/b/y.yaml", "a/c/z.yml", "a/README.md", "ab/no.yaml"];
        let paths: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(generated_resources(&paths, "a"), ["a/b", "a/c/z.yml", "a/x.yaml"]);
        assert!(has_kustomization(&paths, "a/b") && !has_kustomization(&paths, "a"));
    }
}
