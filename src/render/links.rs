//! Who waits for whom: what the units' objects and their components require, held against what all provide.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::contents::{self, Contents};
use super::tainted;
use crate::decode::At;
use crate::plan::Plan;
use crate::plan::needs::{INITIALIZED, Need, described, described_whole, needs_of, provides_of};
use crate::plan::order::{self, Edge, Reason, Waits};
use crate::plan::unit::{Content, Unit};
use crate::problem::{Code, Problem, Problems, nearest};
use crate::texts::Name;
use crate::tree::object_id;

/// Something that a unit uses and nothing in the profile brings, though the cluster may have it from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    /// The capability.
    pub capability: String,
    /// What uses it.
    pub what: String,
    /// The capability in words.
    pub words: String,
}

/// Who waits for whom, and why.
pub struct Links {
    /// As few waits as say the same.
    pub waits: Waits,
    /// Every wait with every reason, also those that go through another unit.
    pub edges: Vec<Edge>,
    /// What is used and brought by nothing.
    pub unmet: BTreeSet<Unmet>,
}

/// The units that have a Flux Kustomization each.
pub fn kustomizations<'a>(plan: &'a Plan<'_>, contents: &Contents) -> Vec<&'a Unit> {
    plan.units.iter().filter(|unit| unit.is_kustomization() && contents.has(unit)).collect()
}

/// Orders the units, or reports what is missing and which circles there are.
pub fn links(plan: &Plan<'_>, contents: &Contents, problems: &mut Problems) -> Option<Links> {
    let units = kustomizations(plan, contents);
    let mut providers: BTreeMap<String, &str> = BTreeMap::new();
    for unit in &units {
        let objects = contents.objects(&unit.name).flat_map(|(id, object)| provides_of(&id, object));
        for capability in unit.provides.iter().cloned().chain(objects) {
            providers.entry(capability).or_insert(&unit.name);
        }
    }
    problems.extend(made_twice(&units, contents));
    let (mut edges, mut unmet) = (Vec::new(), BTreeSet::new());
    for unit in &units {
        let there = |need: &At<Name>| {
            let needed = plan.units.iter().find(|unit| unit.name == need.as_str())?;
            // A unit that renders nothing is as if the one before it were named.
            if contents.has(needed) {
                Some(needed.name.clone())
            } else {
                before(plan, contents, needed).map(str::to_owned)
            }
        };
        let needs = unit.needs.iter().filter_map(there);
        edges.extend(needs.map(|need| edge(unit, &need, Reason::Said)));
        edges.extend(before(plan, contents, unit).map(|before| edge(unit, before, Reason::Component)));
        for need in all_needs(plan, contents, unit) {
            match providers.get(&need.capability) {
                Some(provider) => {
                    let needed = described_whole(&need.capability);
                    edges.push(edge(unit, provider, Reason::Needs { what: need.what, needed }));
                }
                None if plan.given.contains(&need.capability) => {}
                None if need.optional => {
                    problems.extend(mistyped(unit, &need, &providers));
                    // With `needs` the profile says what brings it; what a component can do without is said by the component.
                    let of_objects = unit.needs.is_empty() && !unit.requires.contains(&need);
                    unmet.extend(of_objects.then(|| Unmet {
                        words: described_whole(&need.capability),
                        capability: need.capability,
                        what: need.what,
                    }));
                }
                None => problems.extend(missing(plan, unit, &need)),
            }
        }
    }
    let names: Vec<String> = units.iter().map(|unit| unit.name.clone()).collect();
    edges.retain(|edge| names.contains(&edge.to));
    match order::order(&names, &edges) {
        Ok(waits) => {
            tainted::check(plan, contents, &edges, problems);
            Some(Links { waits, edges, unmet })
        }
        Err(circle) => {
            problems.push(explain(plan, &circle));
            None
        }
    }
}

fn edge(unit: &Unit, to: &str, because: Reason) -> Edge {
    Edge { from: unit.name.clone(), to: to.to_owned(), because }
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

/// What nothing in the profile provides: an error where Flux would surely fail or the catalog has what is missing, a
/// warning where something that cannot be seen from here may well bring it.
fn missing(plan: &Plan<'_>, unit: &Unit, need: &Need) -> Option<Problem> {
    let (kind, name) = need.capability.split_once(':').unwrap_or((&need.capability, ""));
    if kind == "namespace" {
        let says = format!("{} is in namespace `{name}`, which nothing makes", need.what);
        let problem = Problem::new(Code::NAMESPACE_MISSING, says).at(unit.place.clone());
        let hint = format!("namespaces:\n  - name: {name}");
        return Some(problem.because("Flux makes no namespaces by itself").hint(hint));
    }
    let says = format!("{} needs {}, and nothing in the profile brings it", need.what, described(kind, name));
    if kind == "store" {
        let problem = Problem::new(Code::MISSING_CAPABILITY, says).at(unit.place.clone());
        return Some(
            problem
                .hint("a SecretStore is for its own namespace; a store without `namespace:` is for all that it lists"),
        );
    }
    if !unit.needs.is_empty() {
        // The profile says what the unit waits for; that may be what brings it.
        return None;
    }
    let providers = plan.catalog.providers_of(&need.capability);
    // Who made the cluster may have brought its cloud controller; `kubeletExternal` says where nothing did.
    let of_cluster = kind == INITIALIZED;
    let surely = !may_be_unseen(plan) && (kind == "crd" || !(providers.is_empty() || of_cluster));
    let problem = if surely { Problem::new } else { Problem::warning }(Code::MISSING_CAPABILITY, says);
    let hint = match providers.as_slice() {
        [] => "if a release or path brings it, say which with `needs:`".to_owned(),
        names => format!(
            "add one of these components: {}\n# to let one go for good, take out what needs it first, and the component in a later commit",
            names.join(", ")
        ),
    };
    Some(problem.at(unit.place.clone()).hint(hint))
}

/// Whether the profile has units whose objects cannot be seen from here, so that they may bring anything.
pub fn may_be_unseen(plan: &Plan<'_>) -> bool {
    let foreign =
        |unit: &Unit| !unit.infrastructure && (unit.folder.is_none() || matches!(unit.content, Content::Chart(_)));
    plan.units.iter().any(foreign)
}

/// Classes that one unit renders and another component makes where nobody sees it, by a chart or from another repository.
fn made_twice(units: &[&Unit], contents: &Contents) -> Vec<Problem> {
    let mut found = Vec::new();
    for unit in units {
        for (id, object) in contents.objects(&unit.name).filter(|(id, _)| id.kind.ends_with("Class")) {
            let made = provides_of(&id, object);
            let makes = |other: &&&Unit| other.key != unit.key && other.provides.iter().any(|it| made.contains(it));
            if let Some(other) = units.iter().find(makes) {
                let says = format!("{id} is rendered by unit `{}`, and `{}` makes it, too", unit.name, other.name);
                let problem = Problem::new(Code::DUPLICATE_OBJECT, says).at(unit.place.clone());
                found.push(
                    problem
                        .because("two that own one object undo each other's changes")
                        .hint("give yours another name"),
                );
            }
        }
    }
    found
}

/// A class that is nearly one of the profile's is one of them, mistyped.
fn mistyped(unit: &Unit, need: &Need, providers: &BTreeMap<String, &str>) -> Option<Problem> {
    let (kind, name) = need.capability.split_once(':').filter(|(kind, _)| kind.ends_with("class"))?;
    let known = providers.keys().filter_map(|known| known.split_once(':')).filter(|(other, _)| *other == kind);
    let near = nearest(name, known.map(|(_, name)| name))?;
    let says = format!("{} needs {}, which the profile does not have", need.what, described(kind, name));
    let problem = Problem::warning(Code::MISSING_CAPABILITY, says).at(unit.place.clone());
    Some(problem.hint(format!("did you mean `{near}`?")))
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
