//! What the rules of this group share: names that are there, what stands at a path of an object, and how sure one may be that
//! something is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::flux::applied::is_kustomization;
use crate::problem::{Severity, nearest};
use crate::tree::{each_below, pointer_step, text_at};

/// Names that are there, each with its namespaces.
#[derive(Debug, Default)]
pub struct Names {
    by_name: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    /// Of objects.
    pub fn of<'a>(objects: impl Iterator<Item = Object<'a>>) -> Names {
        let mut names = Names::default();
        objects.for_each(|object| names.add(object.namespace(), &object.id.name));
        names
    }

    /// One more.
    pub fn add(&mut self, namespace: &str, name: &str) {
        let namespaces = self.by_name.entry(name.to_owned()).or_default();
        namespaces.insert(namespace.to_owned());
    }

    /// Whether one is there.
    pub fn has(&self, namespace: &str, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|namespaces| namespaces.contains(namespace))
    }

    /// A namespace that has one of this name.
    pub fn namespace_of(&self, name: &str) -> Option<&str> {
        self.by_name.get(name)?.first().map(String::as_str)
    }

    /// The name of a namespace that this one may be meant for.
    pub fn nearest(&self, namespace: &str, name: &str) -> Option<&str> {
        let own = self.by_name.iter().filter(|(_, namespaces)| namespaces.contains(namespace));
        nearest(name, own.map(|(name, _)| name.as_str()))
    }

    /// The names of a namespace that begin with a text.
    pub fn beginning_with<'a>(&'a self, namespace: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
        let from = self.by_name.range(text.to_owned()..).take_while(move |(name, _)| name.starts_with(text));
        from.filter(move |(_, namespaces)| namespaces.contains(namespace)).map(|(name, _)| name.as_str())
    }
}

/// Something that an object names.
#[derive(Debug, Clone)]
pub struct Reference<'a> {
    /// The object.
    pub object: Object<'a>,
    /// Where in it, as a JSON pointer.
    pub pointer: String,
    /// The namespace of what is named; empty if it has none, or none is known.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Reference<'_> {
    /// Where it stands, so that the first place of several can be told.
    fn place(&self) -> (&str, usize, &str) {
        (&self.object.given.file, self.object.given.line, &self.pointer)
    }
}

/// References by what they name: the first place of each, and how many there are.
pub fn by_name(references: Vec<Reference<'_>>) -> BTreeMap<(String, String), (Reference<'_>, usize)> {
    let mut all: BTreeMap<(String, String), (Reference<'_>, usize)> = BTreeMap::new();
    for reference in references {
        let key = (reference.namespace.clone(), reference.name.clone());
        match all.get_mut(&key) {
            None => drop(all.insert(key, (reference, 1))),
            Some((first, count)) => {
                *count += 1;
                if reference.place() < first.place() {
                    *first = reference;
                }
            }
        }
    }
    all
}

/// How many places there are, as the end of a sentence; nothing of one.
pub fn at_places(count: usize) -> String {
    if count > 1 { format!(" (named at {count} places)") } else { String::new() }
}

/// A name with its namespace, if it has one.
pub fn full_name(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// Whether a text is a name, and not something of which one comes only in the cluster.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && !["${", "{{", "$("].iter().any(|mark| text.contains(mark))
}

/// What stands at a path of keys, with its JSON pointer: `spec/valuesFrom[]` is each item of that list.
pub fn walk<'a>(value: &'a Value, path: &str) -> Vec<(String, &'a Value)> {
    let mut found = vec![(String::new(), value)];
    for step in path.split('/').filter(|step| !step.is_empty()) {
        let (key, each) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
        let into = |(pointer, value): (String, &'a Value)| {
            let Some(value) = value.get(key) else { return Vec::new() };
            let pointer = format!("{pointer}/{}", pointer_step(key));
            let items = || value.as_array().into_iter().flatten().enumerate();
            if each {
                items().map(|(at, item)| (format!("{pointer}/{at}"), item)).collect()
            } else {
                vec![(pointer, value)]
            }
        };
        found = found.into_iter().flat_map(into).collect();
    }
    found
}

/// Every mapping in a value, itself included, with its JSON pointer.
pub fn mappings<'a>(pointer: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    let mut all = Vec::new();
    each_below(value, &mut pointer.to_owned(), &mut |pointer, value| {
        if value.is_object() {
            all.push((pointer.to_owned(), value));
        }
    });
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// No worse than that, if it holds that less is known.
pub fn no_worse(finding: Finding, less_is_known: bool, severity: Severity) -> Finding {
    if less_is_known { finding.as_bad_as(severity) } else { finding }
}

/// Whether objects may be there that are not seen: something is fetched from elsewhere of which nothing is known, or a controller
/// makes whatever it is told. What the Kustomizations at `but` would bring does not count.
pub fn hides_more(view: &ClusterView<'_>, but: &BTreeSet<(&str, usize)>) -> bool {
    if !view.found.failing.is_empty() || view.of("fluxcd.controlplane.io", "ResourceSet").next().is_some() {
        return true;
    }
    let notes: Vec<_> = view.found.notes.iter().filter(|note| note.hides).collect();
    if notes.is_empty() {
        return false;
    }
    let is_known = |object: &Object<'_>| view.brought_from_elsewhere(object.id).is_some();
    let fetched = view.of_kind("Kustomization").filter(|object| is_kustomization(object.id)).filter(is_known);
    let known: BTreeSet<(&str, usize)> =
        fetched.map(|object| (object.given.file.as_str(), object.given.line)).chain(but.iter().copied()).collect();
    notes.iter().any(|note| !known.contains(&(note.file.as_str(), note.line)))
}

/// The same, whatever hides it.
pub fn hides(view: &ClusterView<'_>) -> bool {
    hides_more(view, &BTreeSet::new())
}

/// Where the chart of a HelmRelease is installed; nothing if that is in another cluster.
pub fn target_of(release: Object<'_>) -> Option<&str> {
    let elsewhere = release.value().pointer("/spec/kubeConfig").is_some();
    let target = release.text(&["spec", "targetNamespace"]).unwrap_or(release.namespace());
    (!elsewhere && !target.is_empty()).then_some(target)
}

/// Whether the values of a HelmRelease have a text.
pub fn values_have(release: &Value, text: &str) -> bool {
    let values = release.pointer("/spec/values");
    values.is_some_and(|values| values.to_string().contains(&Value::from(text).to_string()))
}

/// Whether a HelmRelease or its chart is what something is called after.
pub fn is_called_after(view: &ClusterView<'_>, release: Object<'_>, name: &str) -> bool {
    let chart = view.chart_of(release.value());
    let release_name = text_at(release.value(), &["spec", "releaseName"]);
    let all = [Some(release.id.name.as_str()), chart.as_deref(), release_name];
    all.into_iter().flatten().any(|known| name == known || name.starts_with(&format!("{known}-")))
}
