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
use crate::flux::kustomize::{Fault, Manifest};

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
