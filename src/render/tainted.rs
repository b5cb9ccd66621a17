//! Clusters whose nodes start tainted: who initializes the nodes, and what that waits for.
//!
//! A kubelet with `--cloud-provider=external` taints its node, and the node takes no pod that does not tolerate that until
//! a cloud controller has taken the taint away. So whatever initializes nodes must not wait for what runs pods: a chart, or
//! a secret store, which is nothing without its operator. That those pods tolerate the taint would not do: DNS does not, nor
//! what else the way to a store needs. What manifests of other repos run cannot be seen, and nothing is said of them.
//!
//! Not here: what Flux and components tolerate (`profile`, the values in their folders).

use std::collections::{BTreeMap, VecDeque};

use super::contents::Contents;
use crate::decode::At;
use crate::plan::Plan;
use crate::plan::needs::{INITIALIZED, provides_of};
use crate::plan::order::Edge;
use crate::plan::unit::{Content, Unit};
use crate::problem::{Code, Problem, Problems};
use crate::profile::cluster::UNINITIALIZED;

/// Checks a cluster whose nodes start tainted, if they do.
pub fn check(plan: &Plan<'_>, contents: &Contents, edges: &[Edge], problems: &mut Problems) {
    let Some(said) = plan.profile.kubernetes.starts_tainted() else { return };
    if plan.given.contains(INITIALIZED) {
        problems.push(contradiction(plan, said));
        return;
    }
    let initializes = |unit: &&Unit| unit.provides.iter().any(|provided| provided == INITIALIZED);
    let mut initializers = plan.units.iter().filter(initializes).peekable();
    if initializers.peek().is_none() {
        problems.push(nobody(plan, said));
    }
    problems.extend(initializers.filter_map(|unit| deadlock(plan, contents, unit, edges)));
}

fn contradiction(plan: &Plan<'_>, said: &At<bool>) -> Problem {
    let says = "nodes start tainted by `kubeletExternal`, and the distribution initializes them itself";
    let because =
        "its own cloud controller is there before Flux comes; what is said here is for clusters that have none yet";
    let problem = Problem::new(Code::CONTRADICTION, says).at(plan.profile.place(&said.span));
    problem.because(because).hint("take the line `kubeletExternal` out")
}

fn nobody(plan: &Plan<'_>, said: &At<bool>) -> Problem {
    let problem = if plan.may_be_unseen() { Problem::warning } else { Problem::new };
    let hint = format!(
        "add one of these components: {}\n# if whatever makes the cluster initializes its nodes before Flux comes:\nkubeletExternal: false",
        plan.catalog.providers_of(INITIALIZED).join(", ")
    );
    problem(Code::MISSING_CAPABILITY, "nodes start tainted, and nothing in the profile initializes them")
        .at(plan.profile.place(&said.span))
        .because(format!(
            "a node takes no pod while it has the taint {UNINITIALIZED}, and a cloud controller takes it away"
        ))
        .hint(hint)
}

/// That a unit that initializes nodes waits for one that needs initialized nodes, with the way from one to the other.
fn deadlock(plan: &Plan<'_>, contents: &Contents, unit: &Unit, edges: &[Edge]) -> Option<Problem> {
    let named = |name: &str| plan.units.iter().find(|unit| unit.name == name);
    let way = |to: fn(&Unit, &Contents) -> bool| {
        way_to(&unit.name, edges, |name| named(name).is_some_and(|unit| to(unit, contents)))
    };
    // A store is waited for together with its operator's chart, and says more.
    let to_store = way(provides_store);
    let hint = match unit.key.split_once('.').filter(|_| to_store.is_some()) {
        Some((section, name)) => {
            format!("{section}:\n  {name}:\n    # a script makes the Secret before Flux comes\n    credentials: ask")
        }
        None => "take out one of the `needs`, or what makes one of the other edges".to_owned(),
    };
    let way = to_store.or_else(|| way(|unit, _| matches!(unit.content, Content::Chart(_))))?;
    let last = &way.last()?.to;
    let says = format!("`{}` initializes the nodes, and waits for `{last}`, which needs initialized nodes", unit.name);
    let because = format!(
        "a node with the taint {UNINITIALIZED} does not take the pods behind it, DNS among them; neither would ever be Ready"
    );
    let steps: Vec<String> =
        way.iter().map(|edge| format!("{} waits for {}: {}", edge.from, edge.to, edge.because)).collect();
    let problem = Problem::new(Code::DEADLOCK, says).at(unit.place.clone());
    Some(problem.because(because).hint(hint).detail(steps.join("\n")))
}

fn provides_store(unit: &Unit, contents: &Contents) -> bool {
    let mut provided = contents.objects(&unit.name).flat_map(|(id, object)| provides_of(&id, object));
    provided.any(|capability| capability.starts_with("store:"))
}

/// The shortest way from a unit along what it waits for to one that is looked for.
fn way_to<'e>(from: &str, edges: &'e [Edge], wanted: impl Fn(&str) -> bool) -> Option<Vec<&'e Edge>> {
    let mut came_by: BTreeMap<&str, &Edge> = BTreeMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(unit) = next.pop_front() {
        for edge in edges.iter().filter(|edge| edge.from == unit && edge.to != from) {
            if came_by.contains_key(edge.to.as_str()) {
                continue;
            }
            came_by.insert(&edge.to, edge);
            if wanted(&edge.to) {
                return Some(back(&came_by, edge, from));
            }
            next.push_back(&edge.to);
        }
    }
    None
}

/// The edges that led to the last one, in their order.
fn back<'e>(came_by: &BTreeMap<&str, &'e Edge>, last: &'e Edge, from: &str) -> Vec<&'e Edge> {
    let mut way = vec![last];
    while let Some(edge) = way.last().filter(|edge| edge.from != from).and_then(|edge| came_by.get(edge.from.as_str()))
    {
        way.push(edge);
    }
    way.reverse();
    way
}
