//! What Flux objects name in `dependsOn`: Kustomizations other Kustomizations, and HelmReleases other HelmReleases.

use std::collections::{BTreeMap, VecDeque};

use super::lookup::{Names, is_name, walk};
use crate::checks::view::{ClusterView, Object};
use crate::tree::text_at;

/// The kinds that depend on others of their own kind, with their groups.
const KINDS: [(&str, &str); 2] =
    [("Kustomization", "kustomize.toolkit.fluxcd.io"), ("HelmRelease", "helm.toolkit.fluxcd.io")];

/// An entry of `dependsOn`.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The object that has it.
    pub object: Object<'a>,
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// The namespace that it names, or that of the object.
    pub namespace: &'a str,
    /// The name.
    pub name: &'a str,
}

impl Entry<'_> {
    /// Whether it is the object itself.
    pub fn is_itself(&self) -> bool {
        self.name == self.object.id.name && self.namespace == self.object.namespace()
    }
}

/// The objects of one of the kinds.
pub struct Dependents<'a> {
    /// The kind.
    pub kind: &'static str,
    /// Those that are there.
    pub there: Names,
    /// All that they name.
    pub entries: Vec<Entry<'a>>,
}

/// Both kinds.
pub fn both<'a>(view: &'a ClusterView<'_>) -> [Dependents<'a>; 2] {
    KINDS.map(|(kind, group)| {
        let mut there = Names::of(view.of(group, kind));
        if kind == "Kustomization" {
            view.kustomizations().for_each(|(owner, _)| there.add(&owner.namespace, &owner.name));
        }
        let holders = view.of(group, kind).filter(|object| object.given.certain && !object.namespace().is_empty());
        Dependents { kind, there, entries: holders.flat_map(entries).collect() }
    })
}

fn entries(object: Object<'_>) -> Vec<Entry<'_>> {
    let entry = |(pointer, value)| {
        let namespace = text_at(value, &["namespace"]).unwrap_or(object.namespace());
        let name = text_at(value, &["name"]).filter(|name| is_name(name) && is_name(namespace))?;
        Some(Entry { object, pointer: format!("{pointer}/name"), namespace, name })
    };
    walk(object.value(), "spec/dependsOn[]").into_iter().filter_map(entry).collect()
}

/// The circles among them, each once and from its first member on: the entries that lead around.
pub fn circles<'a, 'b>(of: &'b Dependents<'a>) -> Vec<Vec<&'b Entry<'a>>> {
    let edges = edges_in_circles(of);
    let mut seen = vec![false; edges.len()];
    let mut circles = Vec::new();
    for from in 0..edges.len() {
        if seen.get(from) == Some(&true) {
            continue;
        }
        let Some((members, circle)) = way_around(&edges, from) else { continue };
        for member in members {
            if let Some(seen) = seen.get_mut(member) {
                *seen = true;
            }
        }
        circles.push(circle.into_iter().filter_map(|at| of.entries.get(at)).collect());
    }
    circles
}

/// For each member by its place, the places that it leads to, with the entry that does.
type Edges = Vec<Vec<(usize, usize)>>;

/// What depends on what, without those that lead to the end of all waiting: they are in no circle.
fn edges_in_circles(of: &Dependents<'_>) -> Edges {
    let key = |object: Object<'_>| (object.namespace().to_owned(), object.id.name.clone());
    let mut places: BTreeMap<(String, String), usize> = of.entries.iter().map(|entry| (key(entry.object), 0)).collect();
    places.values_mut().enumerate().for_each(|(at, place)| *place = at);
    let mut edges: Edges = vec![Vec::new(); places.len()];
    for (at, entry) in of.entries.iter().enumerate().filter(|(_, entry)| !entry.is_itself()) {
        let to = places.get(&(entry.namespace.to_owned(), entry.name.to_owned()));
        let from = places.get(&key(entry.object)).and_then(|from| edges.get_mut(*from));
        if let (Some(from), Some(to)) = (from, to) {
            from.push((*to, at));
        }
    }
    peeled(edges)
}

/// Takes away, again and again, what leads nowhere.
fn peeled(mut edges: Edges) -> Edges {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (from, to) in edges.iter().enumerate().flat_map(|(from, all)| all.iter().map(move |(to, _)| (from, *to))) {
        if let Some(before) = before.get_mut(to) {
            before.push(from);
        }
    }
    let mut open: Vec<usize> = edges.iter().enumerate().filter(|(_, all)| all.is_empty()).map(|(at, _)| at).collect();
    while let Some(done) = open.pop() {
        for from in before.get(done).into_iter().flatten() {
            let Some(all) = edges.get_mut(*from).filter(|all| !all.is_empty()) else { continue };
            all.retain(|(to, _)| *to != done);
            if all.is_empty() {
                open.push(*from);
            }
        }
    }
    edges
}

/// The shortest way from a member back to itself: the members, and the entries that lead to the next.
fn way_around(edges: &Edges, from: usize) -> Option<(Vec<usize>, Vec<usize>)> {
    let mut came: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(next) = open.pop_front() {
        for (to, entry) in edges.get(next)? {
            if came.contains_key(to) {
                continue;
            }
            came.insert(*to, (next, *entry));
            if *to == from {
                return Some(way_back(&came, from));
            }
            open.push_back(*to);
        }
    }
    None
}

fn way_back(came: &BTreeMap<usize, (usize, usize)>, from: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut members, mut entries) = (Vec::new(), Vec::new());
    let mut at = from;
    while let Some((before, entry)) = came.get(&at) {
        members.push(*before);
        entries.push(*entry);
        at = *before;
        if at == from {
            break;
        }
    }
    members.reverse();
    entries.reverse();
    (members, entries)
}
