//! FW741 `missing-source`: a Flux object that reads a source that nothing makes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lookup::{Names, full_name, hides_more, is_name, no_worse, walk};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW741",
        name: "missing-source",
        about: "A sourceRef or chartRef to a source that nothing makes.",
    },
    severity: Severity::Error,
    because: "without its source Flux has nothing to apply or to install (kustomize-controller docs/spec/v1/kustomizations.md, Source \
              reference; helm-controller docs/spec/v2/helmreleases.md, Chart template)",
    explains: "A source is looked for in the namespace of the object that names it, unless the reference has a `namespace`. The source \
               of the root Kustomization counts as there, since `flux bootstrap` makes it, and so do a HelmChart that a HelmRelease \
               makes and an ExternalArtifact of an ArtifactGenerator. If something is fetched that is not looked into, the source may \
               be among it, and this is a warning.",
    wrong: "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: podinfo
  namespace: apps
spec:
  interval: 1h
  chart:
    spec:
      chart: podinfo
      sourceRef:
        kind: HelmRepository
        name: podinfo # which is in flux-system
",
    right: "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: podinfo
  namespace: apps
spec:
  interval: 1h
  chart:
    spec:
      chart: podinfo
      sourceRef:
        kind: HelmRepository
        name: podinfo
        namespace: flux-system
",
    check: Check::Cluster(find),
};

/// The kinds of sources, with the word of `flux create source`.
const SOURCES: [(&str, &str); 6] = [
    ("GitRepository", "git"),
    ("OCIRepository", "oci"),
    ("HelmRepository", "helm"),
    ("Bucket", "bucket"),
    ("HelmChart", "chart"),
    ("ExternalArtifact", ""),
];

/// Where sources are named: the kind, the path, the kind that is meant if none is said, and whether a namespace may be said.
const PLACES: [(&str, &str, &str, bool); 6] = [
    ("Kustomization", "spec/sourceRef", "GitRepository", true),
    ("HelmRelease", "spec/chart/spec/sourceRef", "HelmRepository", true),
    ("HelmRelease", "spec/chartRef", "OCIRepository", true),
    ("HelmChart", "spec/sourceRef", "HelmRepository", false),
    ("ImageUpdateAutomation", "spec/sourceRef", "GitRepository", true),
    ("GitRepository", "spec/include[]/repository", "GitRepository", false),
];

/// A source that is not there.
struct Missing<'a> {
    object: Object<'a>,
    pointer: String,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    crosses: bool,
}

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let there = sources(view);
    let missing: Vec<Missing<'_>> = PLACES.iter().flat_map(|place| missing_at(view, &there, place)).collect();
    let but: BTreeSet<(&str, usize)> =
        missing.iter().map(|one| (one.object.given.file.as_str(), one.object.given.line)).collect();
    let hides = !missing.is_empty() && hides_more(view, &but);
    missing.iter().map(|one| no_worse(finding(one, &there), hides, Severity::Warning)).collect()
}

fn missing_at<'a>(
    view: &'a ClusterView<'_>,
    there: &BTreeMap<&str, Names>,
    &(holder, path, usual, crosses): &(&str, &str, &'static str, bool),
) -> Vec<Missing<'a>> {
    let flux = view.of_kind(holder).filter(|object| is_flux(*object) && !object.namespace().is_empty());
    let named = flux.flat_map(|object| walk(object.value(), path).into_iter().map(move |at| (object, at)));
    let missing = |(object, (pointer, reference)): (Object<'a>, (String, &'a Value))| {
        let text = |key: &str| text_at(reference, &[key]);
        let (kind, name) = (text("kind").unwrap_or(usual), text("name")?);
        let namespace = text("namespace").filter(|_| crosses).unwrap_or(object.namespace());
        let certain = object.given.certain && is_name(name) && is_name(namespace);
        let lacks = there.get(kind).is_some_and(|names| !names.has(namespace, name));
        (certain && lacks).then_some(Missing { object, pointer, kind, namespace, name, crosses })
    };
    named.filter_map(missing).collect()
}

fn is_flux(object: Object<'_>) -> bool {
    object.id.group.ends_with(".toolkit.fluxcd.io")
}

/// The sources that are there, by kind.
fn sources(view: &ClusterView<'_>) -> BTreeMap<&'static str, Names> {
    let of = |kind| Names::of(view.of("source.toolkit.fluxcd.io", kind));
    let mut there: BTreeMap<&'static str, Names> = SOURCES.iter().map(|(kind, _)| (*kind, of(*kind))).collect();
    let mut add = |kind: &str, namespace: &str, name: &str| {
        if let Some(names) = there.get_mut(kind) {
            names.add(namespace, name);
        }
    };
    let (own, root) = (view.start.owner(), &view.start.kustomization);
    let said = |key: &str| text_at(root, &["spec", "sourceRef", key]);
    let namespace = said("namespace").unwrap_or(&own.namespace);
    add(said("kind").unwrap_or("GitRepository"), namespace, said("name").unwrap_or(&own.name));
    for release in view.of_kind("HelmRelease") {
        let namespace = release.text(&["spec", "chart", "spec", "sourceRef", "namespace"]);
        let name = format!("{}-{}", release.namespace(), release.id.name);
        add("HelmChart", namespace.unwrap_or(release.namespace()), &name);
    }
    for generator in view.of_kind("ArtifactGenerator") {
        let artifacts = generator.list("/spec/artifacts").iter().filter_map(|artifact| text_at(artifact, &["name"]));
        artifacts.for_each(|name| add("ExternalArtifact", generator.namespace(), name));
    }
    there
}

fn finding(one: &Missing<'_>, there: &BTreeMap<&str, Names>) -> Finding {
    let Missing { object, kind, namespace, name, .. } = one;
    let what = full_name(namespace, name);
    let says = format!("{} reads {kind} {what}, which nothing in the repo makes", title(object.id));
    Finding::on(object.given, says).at(format!("{}/name", one.pointer)).hint(hint(one, there))
}

/// What may be meant: the same in another namespace, of another kind, or of a name that is near.
fn hint(one: &Missing<'_>, there: &BTreeMap<&str, Names>) -> String {
    let Missing { kind, namespace, name, .. } = one;
    let same = there.get(kind);
    if let Some(other) = same.and_then(|names| names.namespace_of(name)) {
        return if one.crosses {
            format!("kind: {kind}\nname: {name}\nnamespace: {other}")
        } else {
            format!("{kind} {other}/{name} is there; a {} reads only what is in its own namespace", one.object.id.kind)
        };
    }
    if let Some((other, _)) = there.iter().find(|(_, names)| names.has(namespace, name)) {
        return format!("kind: {other}\nname: {name}");
    }
    if let Some(near) = same.and_then(|names| names.nearest(namespace, name)) {
        return format!("name: {near}");
    }
    match SOURCES.iter().find(|(source, _)| source == kind) {
        Some((_, word)) if !word.is_empty() => {
            format!("flux create source {word} {name} --namespace={namespace} … --export")
        }
        _ => format!("make {kind} {}", full_name(namespace, name)),
    }
}
