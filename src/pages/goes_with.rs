//! What goes with a component or a store: what it needs and who brings that, what it brings and who needs that.

use std::collections::BTreeMap;

use super::layout::{listed, names};
use crate::catalog::Catalog;
use crate::catalog::component::{Capability, Component, Conflict};
use crate::plan::needs::described_whole;
use crate::problem::Place;

/// What a component needs, brings and excludes, a sentence each.
pub fn of_component(catalog: &Catalog, spec: &Component) -> Vec<String> {
    let brings: Vec<&Capability> =
        spec.provides.iter().chain(spec.units.iter().flat_map(|unit| &unit.provides)).collect();
    let requires = required(spec).filter(|need| !brings.iter().any(|own| own.name == need.name));
    let mut lines: Vec<String> = requires.map(|need| needed(catalog, need)).collect();
    lines.extend(brought(&brings));
    lines.extend(wanted_by(catalog, spec, &brings));
    let own = |conflict: &Conflict| brings.iter().any(|own| own.name == conflict.capability);
    lines.extend(spec.conflicts.iter().map(|conflict| excluded(catalog, spec, conflict, own(conflict))));
    lines
}

/// What a store needs.
pub fn of_store(catalog: &Catalog, requires: &[Capability]) -> Vec<String> {
    requires.iter().map(|need| needed(catalog, need)).collect()
}

fn required(spec: &Component) -> impl Iterator<Item = &Capability> {
    spec.requires.iter().chain(spec.units.iter().flat_map(|unit| &unit.requires))
}

fn needed(catalog: &Catalog, need: &Capability) -> String {
    let from = bringers(catalog, &need.name);
    let from = if from.is_empty() { String::new() } else { format!(" (from {})", listed(&from, "or")) };
    let (what, only) = (described_whole(&need.name), only(need.when.as_deref()));
    if need.optional {
        format!("It comes after {what}{from}, if the profile has that{only}.")
    } else {
        format!("It needs {what}{from}{only}.")
    }
}

/// The condition of something, as the end of a sentence.
pub fn only(when: Option<&str>) -> String {
    when.map_or(String::new(), |when| format!(", where `{when}`"))
}

/// Components and distributions that bring a capability.
fn bringers(catalog: &Catalog, capability: &str) -> Vec<String> {
    let mut from = names(&catalog.providers_of(capability));
    for (distribution, brought) in &catalog.table.distributions.0 {
        for brought in brought.iter().filter(|brought| brought.capability == capability) {
            let until = brought.before.as_ref().map_or(String::new(), |before| format!(" before {before}"));
            from.push(format!("the distribution {distribution}{until}"));
        }
    }
    from
}

/// What it brings, the CRDs of a group together.
fn brought(brings: &[&Capability]) -> Vec<String> {
    let (mut groups, mut lines): (BTreeMap<&str, Vec<String>>, Vec<String>) = (BTreeMap::new(), Vec::new());
    for capability in brings {
        let crd = capability.name.strip_prefix("crd:").and_then(|crd| crd.split_once('/'));
        match crd {
            Some((group, kind)) if capability.when.is_none() => groups.entry(group).or_default().push(kind.to_owned()),
            _ => lines.push(format!(
                "It brings {}{}.",
                described_whole(&capability.name),
                only(capability.when.as_deref())
            )),
        }
    }
    let crds = groups.into_iter().map(|(group, kinds)| format!("It brings the CRDs of {group}: {}.", kinds.join(", ")));
    crds.chain(lines).collect()
}

/// Who needs what it brings.
fn wanted_by(catalog: &Catalog, spec: &Component, brings: &[&Capability]) -> Option<String> {
    let wants = |need: &Capability| brings.iter().any(|own| own.name == need.name);
    let components = catalog.component_names().into_iter().filter(|name| {
        let other = catalog.component(name, &Place::file(""));
        name != spec.name.as_str() && other.is_ok_and(|other| required(&other.spec).any(wants))
    });
    let stores = catalog.provider_names().into_iter().filter(|name| {
        let store = catalog.provider(name, &Place::file(""));
        store.is_ok_and(|store| store.spec.requires.iter().any(wants))
    });
    let wanting: Vec<String> = components.chain(stores).collect();
    (!wanting.is_empty()).then(|| format!("It is of use to {}.", listed(&names(&wanting), "and")))
}

/// What it does not go with, and why.
fn excluded(catalog: &Catalog, spec: &Component, conflict: &Conflict, own: bool) -> String {
    let itself = format!("`{}`", spec.name);
    let others: Vec<String> =
        bringers(catalog, &conflict.capability).into_iter().filter(|name| *name != itself).collect();
    let (words, only) = (described_whole(&conflict.capability), only(conflict.when.as_deref()));
    let (says, joint) = match (own, others.as_slice()) {
        (true, []) => (format!("Nothing else in the cluster may bring {words}{only}"), ": "),
        (true, others) => (format!("It excludes {}{only}: only one may bring {words}", listed(others, "and")), "; "),
        (false, []) => (format!("It does not go with {words}{only}"), ": "),
        (false, others) => (format!("It does not go with {words} (from {}){only}", listed(others, "or")), ": "),
    };
    let because = conflict.because.as_ref().map_or(String::new(), |because| format!("{joint}{because}"));
    format!("{says}{because}.")
}
