//! What readers of a file stumble over, and what Kubernetes refuses of an object by itself.

mod broken_yaml;
mod conflict_markers;
mod label_limit;
mod name_limit;
mod no_kind;
mod no_namespace;
mod release_name;
mod repeated_key;
mod repeated_object;
mod shapes;
mod stamped_name;
mod tab_indent;
pub mod text_places;
mod yaml_11_value;

use serde_json::Value;

use super::Rule;
use super::finding::Finding;
use super::view::ClusterView;
use crate::flux::kustomize::{Fault, Manifest, documents};

/// The rules.
pub const RULES: &[&Rule] = &[
    &broken_yaml::RULE,
    &repeated_key::RULE,
    &repeated_object::RULE,
    &tab_indent::RULE,
    &no_kind::RULE,
    &yaml_11_value::RULE,
    &conflict_markers::RULE,
    &name_limit::RULE,
    &label_limit::RULE,
    &stamped_name::RULE,
    &release_name::RULE,
    &no_namespace::RULE,
];

/// What kustomize refuses, of a kind, each with the same hint.
fn refused(view: &ClusterView<'_>, fault: Fault, hint: &str) -> Vec<Finding> {
    view.mistakes(fault).into_iter().map(|finding| finding.hint(hint)).collect()
}

/// Whether a document that is no object is meant to be one: it says an `apiVersion` or a `kind`. Others, like the values of a
/// chart, are no manifests at all.
pub fn looks_like_a_manifest(view: &ClusterView<'_>, file: &str, line: usize) -> bool {
    let Ok(Some(bytes)) = view.files.read(file) else { return false };
    let documents = documents(file, &bytes).unwrap_or_default();
    let says = |value: &Value| ["apiVersion", "kind"].into_iter().any(|key| value.get(key).is_some());
    documents.iter().any(|document| {
        // What stands in a list has the line of the list.
        let items = document.value.get("items").and_then(Value::as_array).is_some();
        document.line == line && (items || says(&document.value))
    })
}

/// Whether a file is read because Flux applies all of the folder that it stands in.
pub fn is_applied_whole(view: &ClusterView<'_>, file: &str) -> bool {
    view.found.kustomizations.values().any(|it| it.whole && it.files.contains(file))
}

/// The objects of a file with the lines of their documents, and the pointers to them there.
fn placed_objects(manifest: &Manifest) -> Vec<(&Value, usize, String)> {
    let mut placed: Vec<(&Value, usize, String)> = Vec::new();
    let objects = manifest.objects.as_deref().unwrap_or_default();
    for (at, (object, line)) in objects.iter().enumerate() {
        let before = placed.iter().rev().take_while(|(_, other, _)| other == line).count();
        // Those of a list have its line.
        let has_twin = before > 0 || objects.get(at + 1).is_some_and(|(_, next)| next == line);
        let prefix = if has_twin { format!("/items/{before}") } else { String::new() };
        placed.push((object, *line, prefix));
    }
    placed
}
