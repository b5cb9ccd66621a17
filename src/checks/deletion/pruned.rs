//! Whether Flux deletes an object that leaves the repo.

use crate::checks::view::{ClusterView, Object};
use crate::flux::applied::{is_kept, prunes};

/// Whether Flux deletes the object when it leaves: its Kustomization prunes, and nothing keeps it.
pub fn is_pruned(view: &ClusterView<'_>, object: Object<'_>) -> bool {
    view.kustomization(object.by()).is_some_and(|it| prunes(&it.document)) && !is_kept(object.value())
}
