//! What a Flux Kustomization waits for, and how to make it wait.
//!
//! In: Kustomizations. Out: which of its own objects it looks at before it calls itself ready, and what to paste. Not here: which
//! others it depends on (`view`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::checks::view::{ClusterView, Object, Order, depends_on};
use crate::flux::applied::Owner;
use crate::flux::given::FluxKustomization;
use crate::tree::text_at;

/// The objects of a cluster by the Kustomization that applies them.
pub fn by_owner<'v>(view: &'v ClusterView<'_>) -> BTreeMap<&'v Owner, Vec<Object<'v>>> {
    let mut all: BTreeMap<&Owner, Vec<Object<'_>>> = BTreeMap::new();
    for object in view.objects() {
        all.entry(object.by()).or_default().push(object);
    }
    all
}

/// Whether a Kustomization waits for everything that it applies.
pub fn waits_for_all(it: &FluxKustomization) -> bool {
    it.document.pointer("/spec/wait") == Some(&Value::Bool(true))
}

/// Whether a Kustomization is ready only once an object of its own works.
pub fn looks_at(owner: &Owner, it: &FluxKustomization, object: Object<'_>) -> bool {
    let checks = it.document.pointer("/spec/healthChecks").and_then(Value::as_array).into_iter().flatten();
    let is_it = |check: &Value| {
        let text = |key: &str| text_at(check, &[key]);
        text("kind") == Some(&object.id.kind)
            && text("name") == Some(&object.id.name)
            && [text("namespace").unwrap_or(&owner.namespace), ""].contains(&object.namespace())
    };
    waits_for_all(it) || checks.into_iter().any(is_it)
}

/// Whether a Kustomization waits for something that is not seen here, and that may bring what is asked for.
pub fn waits_for_unseen(view: &ClusterView<'_>, later: &Owner) -> bool {
    let hidden = view.kustomizations().filter(|(owner, it)| it.elsewhere || view.found.failing.contains(*owner));
    let named = view.kustomization(later).map(|it| depends_on(later, &it.document)).unwrap_or_default();
    hidden.into_iter().any(|(owner, _)| view.order(owner, later) == Order::Waits)
        || named.iter().any(|owner| view.kustomization(owner).is_none())
}

/// What makes one Kustomization wait for another.
pub fn wait_for(first: &Owner, later: &Owner) -> String {
    let namespace = if first.namespace == later.namespace {
        String::new()
    } else {
        format!("\n      namespace: {}", first.namespace)
    };
    format!("# in Kustomization {later}\nspec:\n  dependsOn:\n    - name: {}{namespace}", first.name)
}
