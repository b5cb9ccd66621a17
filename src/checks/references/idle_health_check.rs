//! FW755 `idle-health-check`: an entry of `healthChecks` for something that never comes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lookup::{hides, is_called_after, is_name, no_worse, walk};
use super::secrets_made::{Made, is_unknown};
use crate::checks::finding::Finding;
use crate::checks::known::Brings;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, is_kustomization, title};
use crate::problem::{Code, Severity, nearest};
use crate::tree::{group_of, text_at};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW755",
        name: "idle-health-check",
        about: "An entry of `healthChecks` that fits nothing that comes into the cluster.",
    },
    severity: Severity::Warning,
    because: "Flux looks for the object until the timeout and then calls the Kustomization not ready, and so all that depends on it waits \
              (kustomize-controller docs/spec/v1/kustomizations.md, Health checks)",
    explains: "What is looked for may come of any Kustomization of the cluster, and of a chart of which it is known what it brings. Nothing \
               is said where the Kustomization installs a chart that is not known or applies a kind that is not known, since its \
               controller may make the object, and where `wait: true` has Flux ignore the list.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  path: ./apps # with Deployment apps/podinfo
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
  healthChecks:
    - apiVersion: apps/v1
      kind: Deployment
      name: podinfo
      namespace: default
",
    right: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  path: ./apps # with Deployment apps/podinfo
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
  healthChecks:
    - apiVersion: apps/v1
      kind: Deployment
      name: podinfo
      namespace: apps
",
    check: Check::Cluster(find),
};

/// An entry of the list.
struct Entry<'a> {
    group: Option<&'a str>,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

/// What may come into a cluster.
struct Coming<'a> {
    objects: BTreeMap<(&'a str, &'a str), Vec<Object<'a>>>,
    charts: Vec<(Object<'a>, &'a Brings)>,
    elsewhere: Vec<&'a Brings>,
    made: Made<'a>,
    /// The Kustomizations below which something is applied of which more may come than is known.
    open: BTreeSet<&'a Owner>,
}

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let waits = |object: &Object<'_>| object.value().pointer("/spec/wait") == Some(&Value::Bool(true));
    let holders = view.of_kind("Kustomization").filter(|object| is_kustomization(object.id) && !waits(object));
    let holders: Vec<_> = holders.filter(|object| !object.list("/spec/healthChecks").is_empty()).collect();
    if holders.is_empty() {
        return Vec::new();
    }
    let (coming, hides) = (coming(view), hides(view));
    let of_holder = |object: Object<'_>| -> Vec<Finding> {
        let entries = walk(object.value(), "spec/healthChecks[]").into_iter();
        let idle = entries.filter_map(|(at, value)| Some((at, entry(value)?)));
        let idle = idle.filter(|(_, entry)| is_idle(view, &coming, object, entry));
        let finding = |(at, entry): (String, Entry<'_>)| finding(object, &at, &entry, &coming);
        idle.map(finding).map(|it| no_worse(it, hides || !object.given.certain, Severity::Note)).collect()
    };
    holders.into_iter().flat_map(of_holder).collect()
}

fn entry(value: &Value) -> Option<Entry<'_>> {
    let text = |key: &str| text_at(value, &[key]);
    let (kind, name, namespace) = (text("kind")?, text("name")?, text("namespace").unwrap_or_default());
    let known = is_name(name) && (namespace.is_empty() || is_name(namespace));
    known.then(|| Entry { group: text("apiVersion").map(group_of), kind, namespace, name })
}

fn coming<'a>(view: &'a ClusterView<'_>) -> Coming<'a> {
    let (mut objects, mut open) = (BTreeMap::<(&str, &str), Vec<Object<'_>>>::new(), BTreeSet::new());
    let (mut charts, mut elsewhere) = (Vec::new(), Vec::new());
    for object in view.objects() {
        objects.entry((&object.id.kind, &object.id.name)).or_default().push(object);
        let mut is_open = is_unknown(view, object);
        if object.id.kind == "HelmRelease" {
            match view.brought_by_chart(object.value()) {
                Some(brings) => charts.push((object, brings)),
                None => is_open = true,
            }
        } else if is_kustomization(object.id) {
            elsewhere.extend(view.brought_from_elsewhere(object.id));
        }
        if is_open {
            open.extend(&object.given.chain);
        }
    }
    Coming { objects, charts, elsewhere, made: Made::of(view), open }
}

fn is_idle(view: &ClusterView<'_>, coming: &Coming<'_>, holder: Object<'_>, entry: &Entry<'_>) -> bool {
    let fits = |object: &Object<'_>| {
        let namespace =
            entry.namespace.is_empty() || object.namespace().is_empty() || object.namespace() == entry.namespace;
        namespace && entry.group.is_none_or(|group| group == object.id.group)
    };
    let there = coming.objects.get(&(entry.kind, entry.name)).is_some_and(|all| all.iter().any(fits));
    if there || (entry.kind == "Secret" && coming.made.has(entry.namespace, entry.name)) {
        return false;
    }
    let owner = Owner::of(holder.id);
    let fetched = view.kustomization(&owner).is_some_and(|it| it.elsewhere);
    // Objects of Flux stand in a repo; all else may come of a chart or a controller.
    let of_flux = entry.group.is_some_and(|group| group.ends_with(".toolkit.fluxcd.io"));
    let may_come = fetched || (!of_flux && (coming.open.contains(&owner) || may_be_brought(view, coming, entry)));
    !may_come
}

/// Whether a chart or a repository that is known brings it, or a chart may, since it is called after that.
fn may_be_brought(view: &ClusterView<'_>, coming: &Coming<'_>, entry: &Entry<'_>) -> bool {
    let object = format!("{}/{}", entry.kind.to_lowercase(), entry.name);
    let group = entry.name.split_once('.').map_or("", |(_, group)| group);
    let crds = format!("crd:{group}/");
    let brings = |brings: &Brings| {
        let crd =
            entry.kind == "CustomResourceDefinition" && brings.capabilities.iter().any(|it| it.starts_with(&crds));
        crd || brings.objects.contains(&object)
    };
    coming.elsewhere.iter().any(|it| brings(it))
        || coming.charts.iter().any(|(release, it)| brings(it) || is_called_after(view, *release, entry.name))
}

fn finding(holder: Object<'_>, at: &str, entry: &Entry<'_>, coming: &Coming<'_>) -> Finding {
    let Entry { kind, namespace, name, .. } = entry;
    let what = if namespace.is_empty() { (*name).to_owned() } else { format!("{namespace}/{name}") };
    let says = format!("{} waits for {kind} {what}, which nothing brings into the cluster", title(holder.id));
    let other = coming.objects.get(&(*kind, *name)).and_then(|all| all.first());
    let names = || coming.objects.keys().filter(|(known, _)| known == kind).map(|(_, name)| *name);
    let group = other.filter(|other| entry.group.is_some_and(|group| group != other.id.group));
    let (field, hint) = match (group, other) {
        (Some(other), _) => {
            let said = text_at(other.value(), &["apiVersion"]).unwrap_or_default();
            ("apiVersion", format!("apiVersion: {said}"))
        }
        (None, Some(other)) => ("namespace", format!("namespace: {}", other.namespace())),
        (None, None) => {
            let near = nearest(name, names()).or_else(|| the_only_one(holder, kind, coming));
            ("name", near.map_or("take the entry out".to_owned(), |near| format!("name: {near}")))
        }
    };
    Finding::on(holder.given, says).at(format!("{at}/{field}")).hint(hint)
}

/// The name of the only object of a kind that a Kustomization applies.
fn the_only_one<'a>(holder: Object<'_>, kind: &str, coming: &Coming<'a>) -> Option<&'a str> {
    let owner = Owner::of(holder.id);
    let of_kind = coming.objects.iter().filter(|((known, _), _)| *known == kind).flat_map(|(_, all)| all);
    let mut own = of_kind.filter(|object| *object.by() == owner).map(|object| object.id.name.as_str());
    own.next().filter(|_| own.next().is_none())
}
