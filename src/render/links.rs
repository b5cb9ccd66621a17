//! Who waits for whom: what the units' objects and their components require, held against what all provide.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::contents::{self, Contents};
use crate::plan::Plan;
use crate::plan::needs::{Need, needs_of, provides_of};
use crate::plan::order::{self, Edge, Waits};
use crate::plan::unit::{Content, Unit};
use crate::problem::{Code, Problem, Problems};
use crate::tree::object_id;

/// Orders the units, or reports what is missing and which circles there are.
pub fn waits(plan: &Plan<'_>, contents: &Contents, problems: &mut Problems) -> Option<Waits> {
    let units: Vec<&Unit> = plan.units.iter().filter(|unit| contents.has(unit)).collect();
    let mut providers: BTreeMap<String, &str> = BTreeMap::new();
    for unit in &units {
        let objects = contents.objects(&unit.name).flat_map(|(id, object)| provides_of(&id, object));
        for capability in unit.provides.iter().cloned().chain(objects) {
            providers.entry(capability).or_insert(&unit.name);
        }
    }
    let mut edges = Vec::new();
    for unit in &units {
        edges.extend(unit.needs.iter().map(|need| edge(unit, need.as_str(), "the profile says so with `needs`")));
        edges.extend(
            before(plan, contents, unit).map(|before| edge(unit, before, "it comes after it in its component")),
        );
        for need in all_needs(plan, contents, unit) {
            match providers.get(&need.capability) {
                Some(provider) => edges.push(edge(unit, provider, &format!("{} needs {}", need.what, need.capability))),
                None if need.optional || plan.given.contains(&need.capability) => {}
                None => problems.push(missing(plan, unit, &need)),
            }
        }
    }
    let names: Vec<String> = units.iter().map(|unit| unit.name.clone()).collect();
    edges.retain(|edge| names.contains(&edge.to));
    match order::order(&names, &edges) {
        Ok(waits) => Some(waits),
        Err(circle) => {
            problems.push(explain(plan, &circle));
            None
        }
    }
}

fn edge(unit: &Unit, to: &str, because: &str) -> Edge {
    Edge { from: unit.name.clone(), to: to.to_owned(), because: because.to_owned() }
}

/// The nearest unit before this one in its component that applies anything.
fn before<'a>(plan: &'a Plan<'_>, contents: &Contents, unit: &'a Unit) -> Option<&'a str> {
    let mut before = unit.after.as_deref();
    while let Some(name) = before {
        let earlier = plan.units.iter().find(|unit| unit.name == name)?;
        if contents.has(earlier) {
            return Some(name);
        }
        before = earlier.after.as_deref();
    }
    None
}

fn all_needs(plan: &Plan<'_>, contents: &Contents, unit: &Unit) -> BTreeSet<Need> {
    let objects = contents.objects(&unit.name).flat_map(|(id, object)| needs_of(&id, object, &plan.apis));
    unit.requires.iter().cloned().chain(objects).collect()
}

fn missing(plan: &Plan<'_>, unit: &Unit, need: &Need) -> Problem {
    let capability = &need.capability;
    if let Some(namespace) = capability.strip_prefix("namespace:") {
        let says = format!("{} is in namespace `{namespace}`, which nothing makes", need.what);
        return Problem::new(Code::NAMESPACE_MISSING, says)
            .at(unit.place.clone())
            .because("Flux makes no namespaces by itself")
            .hint(format!("namespaces:\n  - name: {namespace}"));
    }
    let providers = plan.catalog.providers_of(capability);
    let hint = match (capability.strip_prefix("profile:"), providers.as_slice()) {
        (Some(section), _) => format!("add the section `{section}:`"),
        (None, []) => "if something else in the cluster brings it, say which unit with `needs:`".to_owned(),
        (None, names) => format!("add one of these components: {}", names.join(", ")),
    };
    let says = format!("{} needs {capability}, and nothing in the profile provides it", need.what);
    // What a chart or folder of somebody else brings cannot be seen; it may well be this.
    let unseen = plan
        .units
        .iter()
        .any(|unit| !unit.infrastructure && (unit.folder.is_none() || matches!(unit.content, Content::Chart(_))));
    let problem = if unseen && capability.starts_with("crd:") {
        Problem::warning(Code::MISSING_CAPABILITY, says)
    } else {
        Problem::new(Code::MISSING_CAPABILITY, says)
    };
    problem.at(unit.place.clone()).hint(hint)
}

fn explain(plan: &Plan<'_>, circle: &[Edge]) -> Problem {
    let names: Vec<&str> = circle.iter().map(|edge| edge.from.as_str()).collect();
    let first = plan.units.iter().find(|unit| names.first() == Some(&unit.name.as_str()));
    let steps: Vec<String> =
        circle.iter().map(|edge| format!("{} waits for {}: {}", edge.from, edge.to, edge.because)).collect();
    let says = format!("{} wait for each other", names.join(" and "));
    let problem = Problem::new(Code::DEPENDENCY_CYCLE, says)
        .because("Flux applies a Kustomization only once everything that it depends on is Ready, so none of them would ever be")
        .hint("take out one of the `needs`, or what makes one of the other edges")
        .detail(steps.join("\n"));
    match first {
        Some(unit) => problem.at(unit.place.clone()),
        None => problem,
    }
}

/// Fields of a Flux Kustomization are gated by the same table as those of every other object.
pub fn guard_too_new(plan: &Plan<'_>, unit: &Unit, documents: &mut [Value], problems: &mut Problems) {
    for document in documents {
        if let Some(id) = object_id(document) {
            contents::too_new(plan, unit, &id, document, problems);
        }
    }
}
