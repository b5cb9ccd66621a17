//! Whether Flux deletes an object that leaves the repo.
//!
//! Source: kustomize-controller docs/spec/v1/kustomizations.md (Prune), and its `prune`, which spares what is marked
//! `prune: disabled` or `reconcile: disabled`.

use serde_json::Value;

use crate::checks::view::{ClusterView, Object};
use crate::flux::applied::prunes;

/// The marks that keep an object, as an annotation or a label, in any case.
const KEPT: [&str; 2] = ["kustomize.toolkit.fluxcd.io/prune", "kustomize.toolkit.fluxcd.io/reconcile"];

/// Whether Flux deletes the object when it leaves: its Kustomization prunes, and nothing keeps it.
pub fn is_pruned(view: &ClusterView<'_>, object: Object<'_>) -> bool {
    view.kustomization(object.by()).is_some_and(|it| prunes(&it.document)) && !is_kept(object)
}

fn is_kept(object: Object<'_>) -> bool {
    let maps = ["annotations", "labels"].into_iter().filter_map(|part| object.value().get("metadata")?.get(part));
    let is_off = |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("disabled"));
    maps.into_iter().any(|map| KEPT.iter().any(|key| map.get(*key).is_some_and(is_off)))
}
