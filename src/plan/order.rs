//! The order in which a cluster comes up.
//!
//! In: units, each with what it requires and provides. Out: for each unit those that it waits for, as few as say the
//! same (transitively reduced), by name, so equal profiles give equal bytes.
//!
//! A circle is refused here because Flux does not refuse it: kustomize-controller waits until each dependency is Ready,
//! so two Kustomizations that need each other wait for ever (fluxcd/kustomize-controller docs/spec/v1/kustomizations.md).
//!
//! Not here: what units require (`needs`), and how `dependsOn` is written (`render`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Why one unit waits for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The unit that waits.
    pub from: String,
    /// The unit that it waits for.
    pub to: String,
    /// Why.
    pub because: Reason,
}

/// Why one unit waits for another; shown as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Something of it needs what the other brings.
    Needs {
        /// What needs it: an object or a component.
        what: String,
        /// What is needed, in words.
        needed: String,
    },
    /// Both are of one component, which says their order.
    Component,
    /// The profile says so.
    Said,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Needs { what, needed } => write!(f, "{what} needs {needed}"),
            Reason::Component => f.write_str("it comes after it in its component"),
            Reason::Said => f.write_str("the profile says so with `needs`"),
        }
    }
}

/// Who waits for whom, reduced.
pub type Waits = BTreeMap<String, BTreeSet<String>>;

/// Orders units by their edges.
///
/// # Errors
/// The edges of one circle, in its order, when units wait for each other.
pub fn order(units: &[String], edges: &[Edge]) -> Result<Waits, Vec<Edge>> {
    let mut waits: Waits = units.iter().map(|unit| (unit.clone(), BTreeSet::new())).collect();
    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
        waits.entry(edge.from.clone()).or_default().insert(edge.to.clone());
    }
    let sorted = sort(&waits).ok_or_else(|| circle(&waits, edges))?;
    Ok(reduce(&waits, &sorted))
}

/// The units, each behind all that it waits for; nothing if there is a circle.
fn sort(waits: &Waits) -> Option<Vec<&String>> {
    let mut done: BTreeSet<&String> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(waits.len());
    while sorted.len() < waits.len() {
        let ready: Vec<&String> = waits
            .iter()
            .filter(|(unit, on)| !done.contains(unit) && on.iter().all(|unit| done.contains(unit)))
            .map(|(unit, _)| unit)
            .collect();
        if ready.is_empty() {
            return None;
        }
        done.extend(&ready);
        sorted.extend(ready);
    }
    Some(sorted)
}

/// Leaves out what is waited for through another.
fn reduce(waits: &Waits, sorted: &[&String]) -> Waits {
    let mut all: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for unit in sorted {
        let direct = &waits[*unit];
        let through = direct.iter().flat_map(|on| all[on].iter().copied());
        let reached: BTreeSet<&String> = direct.iter().chain(through).collect();
        all.insert(unit, reached);
    }
    let needed = |unit: &String| {
        let direct = &waits[unit];
        direct
            .iter()
            .filter(|on| !direct.iter().any(|other| other != *on && all[other].contains(on)))
            .cloned()
            .collect()
    };
    sorted.iter().map(|unit| ((*unit).clone(), needed(unit))).collect()
}

fn circle(waits: &Waits, edges: &[Edge]) -> Vec<Edge> {
    // Every unit that is left when those without open waits are taken away waits for another that is left.
    let mut left: BTreeSet<&String> = waits.keys().collect();
    loop {
        let free: Vec<&String> =
            left.iter().copied().filter(|unit| !waits[*unit].iter().any(|on| left.contains(on))).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|unit| !free.contains(unit));
    }
    let Some(start) = left.iter().next().copied() else { return Vec::new() };
    let mut path: Vec<&String> = vec![start];
    loop {
        let last = path[path.len() - 1];
        let Some(next) = waits[last].iter().find(|on| left.contains(on)) else { return Vec::new() };
        if let Some(at) = path.iter().position(|unit| *unit == next) {
            let mut around: Vec<&String> = path[at..].to_vec();
            around.push(next);
            let edge =
                |pair: &[&String]| edges.iter().find(|edge| edge.from == *pair[0] && edge.to == *pair[1]).cloned();
            return around.windows(2).filter_map(edge).collect();
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str) -> Edge {
        Edge { from: from.to_owned(), to: to.to_owned(), because: Reason::Said }
    }

    fn ordered(units: &[&str], edges: &[(&str, &str)]) -> Result<Vec<(String, Vec<String>)>, Vec<String>> {
        let units: Vec<String> = units.iter().map(|unit| (*unit).to_owned()).collect();
        let edges: Vec<Edge> = edges.iter().map(|(from, to)| edge(from, to)).collect();
        let list = |waits: Waits| waits.into_iter().map(|(unit, on)| (unit, on.into_iter().collect())).collect();
        order(&units, &edges).map(list).map_err(|circle| circle.into_iter().map(|edge| edge.from).collect())
    }

    #[test]
    fn what_is_waited_for_through_another_is_left_out() {
        let waits = ordered(&["a", "b", "c"], &[("c", "b"), ("b", "a"), ("c", "a")]).unwrap();
        assert_eq!(waits[2], ("c".to_owned(), vec!["b".to_owned()]));
    }

    #[test]
    fn a_circle_is_told_in_its_order() {
        let circle = ordered(&["a", "b", "c", "d"], &[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]).unwrap_err();
        assert_eq!(circle, ["a", "b", "c"]);
    }

    #[test]
    fn a_unit_does_not_wait_for_itself() {
        assert!(ordered(&["a"], &[("a", "a")]).unwrap()[0].1.is_empty());
    }
}
