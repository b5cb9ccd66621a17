//! FW721 `unreached-file`: a manifest that nothing applies.

use std::collections::{BTreeMap, BTreeSet};

use crate::checks::finding::Finding;
use crate::checks::{Check, RepoView, Rule};
use crate::flux::applied::title;
use crate::flux::folder::{KUSTOMIZATION_FILES, join, parent};
use crate::flux::kustomize::documents;
use crate::problem::{Code, Severity};
use crate::tree::{group_of, is_in, object_id, text_at};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW721",
        name: "unreached-file",
        about: "A manifest in the repo that no Flux Kustomization applies.",
    },
    severity: Severity::Warning,
    because: "whoever reads the repo takes it for a part of the cluster, and it is not: a file beside a kustomization.yaml is applied only \
              if it is listed there (fluxcd/pkg kustomize/kustomize_generator.go)",
    explains: "Only files with objects of Kubernetes are meant. What other tools read, charts with their templates, and what stands in \
               hidden folders is left out, and so is what git or a `.sourceignore` ignores. Of a folder whose kustomization \
               nothing names it is said once. Where another repository applies a folder of this one, ignore it with a comment.",
    wrong: "# apps/kustomization.yaml, beside web.yaml and forgotten.yaml\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- web.yaml\n",
    right: "# apps/kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- web.yaml\n- forgotten.yaml\n",
    check: Check::Repo(find),
};

/// Groups of files that programs read, and no cluster does.
const NO_OBJECTS: &[&str] = &[
    "kustomize.config.k8s.io",
    "fluxwright",
    "kubeadm.k8s.io",
    "kubelet.config.k8s.io",
    "kubeproxy.config.k8s.io",
    "kubescheduler.config.k8s.io",
    "apiserver.config.k8s.io",
    "audit.k8s.io",
    "kind.x-k8s.io",
    "eksctl.io",
    "skaffold",
    "client.authentication.k8s.io",
    "config.kubernetes.io",
];
/// Kinds of the core group that no cluster has.
const NO_KINDS: &[&str] = &["Config", "List"];

fn find(repo: &RepoView<'_>) -> Vec<Finding> {
    let mut by_folder: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    for path in candidates(repo) {
        let Ok(Some(bytes)) = repo.files.read(path) else { continue };
        if let Some(first) = first_object(path, &bytes) {
            let folder = parent(path);
            by_folder.entry(folder).or_default().push((path, first));
        }
    }
    by_folder.into_iter().map(|(folder, files)| finding(repo, folder, &files)).collect()
}

/// YAML files that nothing reads, and that could be manifests by where they stand.
fn candidates<'a>(repo: &'a RepoView<'_>) -> Vec<&'a str> {
    let charts: BTreeSet<&str> = repo.paths.iter().filter_map(|path| path.strip_suffix("/Chart.yaml")).collect();
    let hidden = |path: &str| path.split('/').any(|part| part.starts_with('.') && part.len() > 1);
    let is_open = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        (path.ends_with(".yaml") || path.ends_with(".yml"))
            && !repo.reached.contains(*path)
            && !repo.starts.iter().any(|start| start.file == **path)
            && !KUSTOMIZATION_FILES.contains(&name)
            && !hidden(path)
            && !charts.iter().any(|chart| is_in(path, chart))
            && !(repo.ignored)(path)
    };
    repo.paths.iter().map(String::as_str).filter(is_open).collect()
}

/// The first object of a file that consists of objects; nothing if something else stands in it.
fn first_object(path: &str, bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.contains("apiVersion") || !text.contains("kind") {
        return None;
    }
    let documents = documents(path, bytes).ok()?;
    let mut ids = Vec::new();
    for document in &documents {
        let group = group_of(text_at(&document.value, &["apiVersion"])?);
        let group = if group.is_empty() { text_at(&document.value, &["apiVersion"])? } else { group };
        let kind = text_at(&document.value, &["kind"])?;
        if NO_OBJECTS.contains(&group.split('/').next().unwrap_or(group)) || (group == "v1" && NO_KINDS.contains(&kind))
        {
            return None;
        }
        ids.push(object_id(&document.value)?);
    }
    ids.first().map(title)
}

fn finding(repo: &RepoView<'_>, folder: &str, files: &[(&str, String)]) -> Finding {
    let (first, object) = files.first().map_or(("", String::new()), |(path, id)| (*path, id.clone()));
    let more = match files.len() - 1 {
        0 => String::new(),
        1 => ", nor 1 other file of its folder".to_owned(),
        count => format!(", nor {count} other files of its folder"),
    };
    let kustomization =
        KUSTOMIZATION_FILES.iter().map(|name| join(folder, name)).find(|path| repo.paths.contains(path));
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let names: Vec<String> = files.iter().map(|(path, _)| format!("- {}", name(path))).collect();
    let hint = match kustomization {
        Some(kustomization) if repo.reached.contains(&kustomization) => {
            format!("# {kustomization}\nresources:\n{}", names.join("\n"))
        }
        Some(_) => format!(
            "let a Flux Kustomization have `path: ./{folder}`, or list the folder in a kustomization that is applied"
        ),
        None => "list it in a kustomization that is applied, or take it out of the repo".to_owned(),
    };
    Finding::in_file(first, 0, format!("nothing applies {object} of this file{more}")).hint(hint)
}
