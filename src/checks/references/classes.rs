//! Classes that objects name, of storage, snapshots, Ingresses and Gateways: said once each, where nothing makes them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::lookup::{Reference, at_places, by_name, hides, is_called_after, is_name, no_worse, values_have, walk};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::flux::applied::title;
use crate::problem::{Severity, nearest};

/// A kind of class.
pub struct Class {
    /// How a person calls it.
    pub called: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// What begins its capability.
    pub capability: &'static str,
}

/// The class that an object names at a path; nothing if it names none.
pub fn named<'a>(object: Object<'a>, path: &str) -> Vec<Reference<'a>> {
    let reference = |(pointer, value): (String, &Value)| {
        let name = value.as_str().filter(|name| is_name(name))?.to_owned();
        Some(Reference { object, pointer, namespace: String::new(), name })
    };
    walk(object.value(), path).into_iter().filter_map(reference).collect()
}

/// The classes that nothing makes, each at the first place that names it.
pub fn missing(view: &ClusterView<'_>, class: &Class, named: Vec<Reference<'_>>) -> Vec<Finding> {
    let there: BTreeSet<&str> = view.of_kind(class.kind).map(|object| object.id.name.as_str()).collect();
    let is_there =
        |name: &str| there.contains(name) || !view.providers(&format!("{}:{name}", class.capability)).is_empty();
    let missing = by_name(named.into_iter().filter(|one| !is_there(&one.name)).collect());
    if missing.is_empty() {
        return Vec::new();
    }
    let less_is_known = hides(view) || view.has_unknown_charts();
    let not_of_a_chart = missing.values().filter(|(first, _)| !is_made_by_chart(view, &first.name));
    let finding = |(first, count): &(Reference<'_>, usize)| {
        let finding = finding(class, first, *count, nearest(&first.name, there.iter().copied()));
        no_worse(finding, less_is_known || !first.object.given.certain, Severity::Note)
    };
    not_of_a_chart.map(finding).collect()
}

/// Whether a chart that is known may make a class of a name: it is called so, or that stands in its values.
pub fn is_made_by_chart(view: &ClusterView<'_>, name: &str) -> bool {
    let may = |release: Object<'_>| {
        (values_have(release.value(), name) || is_called_after(view, release, name))
            && view.brought_by_chart(release.value()).is_some()
    };
    view.of_kind("HelmRelease").any(may)
}

fn finding(class: &Class, first: &Reference<'_>, count: usize, near: Option<&str>) -> Finding {
    let Reference { object, pointer, name, .. } = first;
    let Class { called, kind, .. } = class;
    let who = title(object.id);
    let says = format!("{who} wants the {called} {name}, which nothing in the repo makes{}", at_places(count));
    let field = pointer.rsplit('/').next().unwrap_or_default();
    let hint = match near {
        Some(near) => format!("{field}: {near}"),
        None => format!("kubectl get {} {name}   # is it in the cluster?", kind.to_lowercase()),
    };
    Finding::on(object.given, says).at(pointer).hint(hint)
}
