//! What readers of a file stumble over, and what Kubernetes refuses of an object by itself.

mod broken_yaml;
mod conflict_markers;
mod no_kind;
mod no_namespace;
mod repeated_key;
mod repeated_object;
mod tab_indent;

use serde_json::Value;

use super::Rule;
use super::finding::Finding;
use super::view::ClusterView;
use crate::flux::kustomize::{Fault, documents};

/// The rules.
pub const RULES: &[&Rule] = &[
    &broken_yaml::RULE,
    &repeated_key::RULE,
    &repeated_object::RULE,
    &tab_indent::RULE,
    &no_kind::RULE,
    &conflict_markers::RULE,
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
