//! FW756 `idle-patch`: a patch with a target that fits nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lookup::is_name;
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::Owner;
use crate::flux::folder::parent;
use crate::flux::given::FluxKustomization;
use crate::flux::kustomize::{Document, IdlePatch, documents};
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code { id: "FW756", name: "idle-patch", about: "A patch with a target that fits nothing." },
    severity: Severity::Warning,
    because: "kustomize changes nothing then, and says nothing (kubernetes-sigs/kustomize api/internal/builtins/PatchTransformer.go)",
    explains: "A patch sees what its own kustomization or Flux Kustomization builds, and not what the Kustomizations and HelmReleases \
               among that bring in turn. The parts of a target are regular expressions for the whole text. A target without a name \
               may be there for what is to come: that is a note. Nothing is said of a Component, which other kustomizations may use, nor \
               where something is not resolved or bootstrap has still to fill gotk-components.yaml.",
    wrong: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml # of Deployment podinfo
patches:
  - target:
      kind: Deployment
      name: frontend
    patch: |-
      - op: replace
        path: /spec/replicas
        value: 3
",
    right: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml # of Deployment podinfo
patches:
  - target:
      kind: Deployment
      name: podinfo
    patch: |-
      - op: replace
        path: /spec/replicas
        value: 3
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let unfilled = is_unfilled(view);
    let root = view.start.owner();
    let of_root = |file: &str| view.kustomization(&root).is_some_and(|root| root.files.contains(file));
    let mut files: BTreeMap<&str, Vec<Document>> = BTreeMap::new();
    let mut found = Vec::new();
    for idle in view.found.idle.iter().filter(|idle| !(unfilled && of_root(&idle.file))) {
        let all = files.entry(&idle.file).or_insert_with(|| {
            let bytes = view.files.read(&idle.file).ok().flatten().unwrap_or_default();
            documents(&idle.file, &bytes).unwrap_or_default()
        });
        found.extend(all.first().and_then(|document| of_kustomization(idle, document)));
    }
    for (owner, it) in view.kustomizations().filter(|(owner, _)| !(unfilled && **owner == root)) {
        found.extend(it.idle.iter().filter_map(|at| of_flux(owner, it, *at)));
    }
    found
}

fn of_flux(owner: &Owner, it: &FluxKustomization, at: usize) -> Option<Finding> {
    let pointer = format!("/spec/patches/{at}/target");
    let target = it.document.pointer(&pointer)?;
    let says = format!("a patch of Kustomization {owner} is for {}, and it builds none", described(target));
    Some(finding(Finding::on_kustomization(it, says), pointer, target, it.folder.as_deref().unwrap_or_default()))
}

fn of_kustomization(idle: &IdlePatch, document: &Document) -> Option<Finding> {
    let pointer = format!("/{}/{}/target", idle.key, idle.index);
    let target = document.value.pointer(&pointer)?;
    if text_at(&document.value, &["kind"]) == Some("Component") {
        return None;
    }
    let says = format!("a patch is for {}, and this kustomization builds none", described(target));
    let folder = parent(&idle.file);
    Some(finding(Finding::in_file(&idle.file, document.line, says), pointer, target, folder))
}

fn finding(found: Finding, pointer: String, target: &Value, folder: &str) -> Finding {
    let folder = if folder.is_empty() { "." } else { folder };
    let named = ["name", "namespace"].iter().any(|key| text_at(target, &[key]).is_some_and(is_name));
    let found = found.at(pointer).hint(format!("kubectl kustomize {folder}   # what there is to patch"));
    if named { found } else { found.as_bad_as(Severity::Note) }
}

/// A target in words.
fn described(target: &Value) -> String {
    let keys = ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
    let part =
        |key: &str| text_at(target, &[key]).filter(|text| !text.is_empty()).map(|text| format!("{key} `{text}`"));
    let parts: Vec<String> = keys.into_iter().filter_map(part).collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join(", ") }
}

/// Whether bootstrap has still to fill what is prepared for Flux itself.
fn is_unfilled(view: &ClusterView<'_>) -> bool {
    let Some(folder) = view.start.file.strip_suffix("gotk-sync.yaml") else { return false };
    let bytes = view.files.read(&format!("{folder}gotk-components.yaml")).ok().flatten();
    bytes.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace))
}
