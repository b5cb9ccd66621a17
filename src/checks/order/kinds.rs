//! Where the CRD of an object comes from, and whether it is there before the object.
//!
//! In: an object. Out: what brings its kind, and how that stands to the Kustomization of the object. Not here: what is said of it.

use serde_json::Value;

use crate::checks::view::{ClusterView, Object, Order, Provider};
use crate::flux::applied::Owner;

/// Where the groups of Flux end: its own kinds are there before it reads a repo.
const FLUX: &str = ".toolkit.fluxcd.io";
/// The values by which charts are told to leave their CRDs out.
const SWITCHES: [&str; 5] =
    ["/installCRDs", "/crds/enabled", "/crds/create", "/crds/install", "/customResourceDefinitions/create"];

/// What brings the CRD of an object; nothing if Kubernetes or Flux has its kind, or nobody knows.
pub fn brought_by<'v>(view: &'v ClusterView<'_>, object: Object<'_>) -> Vec<Provider<'v>> {
    if object.id.group.ends_with(FLUX) {
        return Vec::new();
    }
    let mut providers = view.providers(&format!("crd:{}/{}", object.id.group, object.id.kind));
    providers.retain(|provider| provider.itself || brings_crds(provider.object.value()));
    providers
}

/// Whether a release brings the CRDs of its chart into this cluster, as far as it says.
fn brings_crds(release: &Value) -> bool {
    let Some(spec) = release.get("spec") else { return true };
    let off =
        |pointer: &str| spec.get("values").and_then(|values| values.pointer(pointer)) == Some(&Value::Bool(false));
    let skips = spec.pointer("/install/crds").and_then(Value::as_str) == Some("Skip");
    spec.get("kubeConfig").is_none() && !skips && !SWITCHES.iter().any(|pointer| off(pointer))
}

/// Whether a kind is there before a Kustomization is applied. Of one folder Flux applies CRDs before the objects of their kinds, and
/// waits for them (fluxcd/pkg ssa/manager_apply.go, `ApplyAllStaged`); what a chart brings comes when the chart is installed.
pub fn is_there_first(view: &ClusterView<'_>, provider: &Provider<'_>, later: &Owner) -> bool {
    match view.order(provider.by, later) {
        Order::Waits => true,
        Order::Same | Order::Below => provider.itself,
        Order::Open => false,
    }
}

/// What brings the kind of an object in the same Kustomization and is not there before it: a chart; nothing if the kind comes from
/// elsewhere in time.
pub fn operator_beside<'v>(view: &'v ClusterView<'_>, object: Object<'_>) -> Option<Provider<'v>> {
    let providers = brought_by(view, object);
    let late = !providers.iter().any(|provider| is_there_first(view, provider, object.by()));
    providers.into_iter().find(|provider| late && provider.by == object.by())
}
