//! FW754 `missing-namespace`: a namespace that objects are in and that nothing in the repo makes.

use std::collections::BTreeMap;

use super::lookup::{Names, hides, is_name, no_worse, target_of};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity, nearest};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW754",
        name: "missing-namespace",
        about: "A namespace that objects are in and that nothing in the repo makes.",
    },
    severity: Severity::Warning,
    because: "Flux does not make namespaces: nothing of a Kustomization is applied while one of its objects is in a namespace that is not \
              there (kustomize-controller docs/spec/v1/kustomizations.md, Target namespace)",
    explains: "What counts as there: a Namespace in the repo; `default`, `flux-system`, `eksa-system` and those that begin with `kube-`; \
               the target of a HelmRelease with `install.createNamespace: true`. The HelmRelease's own namespace has to be there before \
               it, whatever that says. Each namespace is said once, at the first object in it.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps # which nothing makes
data:
  colour: blue
",
    right: "apiVersion: v1
kind: Namespace
metadata:
  name: apps
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: blue
",
    check: Check::Cluster(find),
};

/// Where a HelmRelease says where its chart goes.
const TARGET: &str = "/spec/targetNamespace";
const NOT_INSTALLED: &str = "Helm installs nothing into a namespace that is not there, unless the HelmRelease has \
                             `install.createNamespace: true` (helm-controller docs/spec/v2/helmreleases.md)";

/// Whether every cluster has a namespace, or Flux or EKS Anywhere brings it.
fn is_clusters_own(namespace: &str) -> bool {
    matches!(namespace, "default" | "flux-system" | "eksa-system") || namespace.starts_with("kube-")
}

/// A namespace that is not there: the first object in it, where that says so, and how many there are.
type Missing<'a> = (Object<'a>, &'static str, usize);

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let there = namespaces(view);
    let flux = view.start.owner().namespace;
    let is_there = |name: &str| {
        name == flux
            || is_clusters_own(name)
            || there.has("", name)
            || !view.providers(&format!("namespace:{name}")).is_empty()
    };
    let mut missing: BTreeMap<&str, Missing<'_>> = BTreeMap::new();
    for (object, at, name) in view.objects().flat_map(places).filter(|(_, _, name)| !is_there(name)) {
        if at == "/metadata/namespace" && view.is_namespaced(object.id) == Some(false) {
            continue;
        }
        missing.entry(name).or_insert((object, at, 0)).2 += 1;
    }
    let hides = !missing.is_empty() && hides(view);
    let made: Vec<&str> = view.of("", "Namespace").map(|namespace| namespace.id.name.as_str()).collect();
    missing.into_iter().map(|(name, missing)| finding(name, missing, &made, hides)).collect()
}

/// The namespaces that an object has to find.
fn places(object: Object<'_>) -> Vec<(Object<'_>, &'static str, &str)> {
    let own = Some(object.namespace()).filter(|own| is_name(own));
    let mut places: Vec<_> = own.map(|own| (object, "/metadata/namespace", own)).into_iter().collect();
    if object.is("helm.toolkit.fluxcd.io", "HelmRelease") && target_of(object).is_some() {
        let target = object.text(&["spec", "targetNamespace"]).filter(|target| is_name(target) && Some(*target) != own);
        places.extend(target.map(|target| (object, TARGET, target)));
    }
    places
}

/// The namespaces that are there.
fn namespaces(view: &ClusterView<'_>) -> Names {
    let mut there = Names::of(view.of("", "Namespace"));
    let creates = |release: &Object<'_>| {
        release.value().pointer("/spec/install/createNamespace") == Some(&serde_json::Value::Bool(true))
    };
    for release in view.of("helm.toolkit.fluxcd.io", "HelmRelease").filter(creates) {
        let target = target_of(release).filter(|target| *target != release.namespace());
        target.into_iter().for_each(|target| there.add("", target));
    }
    there
}

fn finding(name: &str, (first, at, count): Missing<'_>, made: &[&str], hides: bool) -> Finding {
    let others = if count > 1 { format!(" (named by {count} objects)") } else { String::new() };
    let targeted = at == TARGET;
    let does = if targeted { "is installed into" } else { "is in" };
    let says = format!("{} {does} namespace {name}, which nothing in the repo makes{others}", title(first.id));
    let hint = match nearest(name, made.iter().copied()) {
        Some(near) if targeted => format!("targetNamespace: {near}"),
        Some(near) => format!("namespace: {near}"),
        None if targeted => "install:\n  createNamespace: true".to_owned(),
        None => format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}"),
    };
    let finding = Finding::on(first.given, says).at(at).hint(hint);
    let finding = if targeted { finding.because(NOT_INSTALLED) } else { finding };
    no_worse(finding, hides || !first.given.certain, Severity::Note)
}
