//! FW723 `missing-path`: a Flux Kustomization whose path is not there.

use std::collections::BTreeSet;

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity, nearest};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code { id: "FW723", name: "missing-path", about: "A Flux Kustomization whose path is not there." },
    severity: Severity::Error,
    because: "the Kustomization fails and applies nothing, and what it applied before stays as it was (kustomize-controller docs/spec/v1/kustomizations.md, Path)",
    explains: "The path is that in the git repository, from its root, with or without `./`. A folder that has no files is not there for git.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  path: ./aps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let mistakes = view.mistakes(Fault::NoSuchPath);
    let folders = if mistakes.is_empty() { BTreeSet::new() } else { folders(view) };
    let finding = |finding: Finding| {
        let said = view.kustomizations().find(|(_, it)| it.file == finding.file && it.line == finding.line);
        let path = said.and_then(|(_, it)| it.document.pointer("/spec/path")?.as_str()).unwrap_or_default();
        let path = path.trim_start_matches("./").trim_matches('/');
        let finding = finding.through(said.map_or(&[], |(_, it)| &it.chain[..])).at("/spec/path");
        match nearest(path, folders.iter().map(String::as_str)) {
            Some(near) => finding.hint(format!("path: ./{near}")),
            None => finding.hint("take the Kustomization out, or commit the folder"),
        }
    };
    mistakes.into_iter().map(finding).collect()
}

/// Every folder that has files.
fn folders(view: &ClusterView<'_>) -> BTreeSet<String> {
    let paths = view.files.below("").unwrap_or_default();
    paths.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned())).collect()
}
