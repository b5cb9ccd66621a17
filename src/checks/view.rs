//! What rules look at: one cluster of a repo with everything that it is given, and how its Flux Kustomizations wait for each other.
//!
//! In: what `flux` found. Out: the same, by kind, by name and by what it makes possible. Nothing is judged here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::finding::Finding;
use super::known::{Brings, Known};
use crate::catalog::apis::Scope;
use crate::flux::applied::{Owner, is_kustomization};
use crate::flux::files::Files;
use crate::flux::given::{Everything, FluxKustomization, Given};
use crate::flux::kustomize::Fault;
use crate::flux::start::Start;
use crate::plan::needs::provides_of;
use crate::tree::{ObjectId, object_id, text_at};

/// An object with its identity.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// What is applied.
    pub given: &'a Given,
    /// Who it is.
    pub id: &'a ObjectId,
}

impl<'a> Object<'a> {
    /// The object itself.
    pub fn value(&self) -> &'a Value {
        &self.given.object
    }

    /// The Flux Kustomization that applies it.
    pub fn by(&self) -> &'a Owner {
        // A chain is never empty: it begins with where Flux begins.
        self.given.chain.last().unwrap_or(&NOBODY)
    }

    /// Its namespace; empty if it says none.
    pub fn namespace(&self) -> &'a str {
        self.id.namespace.as_deref().unwrap_or_default()
    }

    /// A text of it.
    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        text_at(self.value(), path)
    }

    /// A list of it; an empty one if there is none.
    pub fn list(&self, pointer: &str) -> &'a [Value] {
        self.value().pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Whether it is of a kind, in any version of its group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.id.kind == kind && self.id.group == group
    }
}

static NOBODY: Owner = Owner { namespace: String::new(), name: String::new() };

/// What makes something possible.
#[derive(Debug, Clone, Copy)]
pub struct Provider<'a> {
    /// The object that does, or that brings it: a CRD, a HelmRelease, a Flux Kustomization of another repository.
    pub object: Object<'a>,
    /// The Flux Kustomization that it comes with: one that waits for it has it.
    pub by: &'a Owner,
    /// Whether it is an object of its own, and not something that a chart or another repository brings.
    pub itself: bool,
}

/// How a Flux Kustomization stands to another one that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// They are one and the same.
    Same,
    /// It waits for the other one, itself or because one above or before it does.
    Waits,
    /// It is applied by the other one, so that its objects begin to be there before.
    Below,
    /// It may come first.
    Open,
}

/// One cluster.
pub struct ClusterView<'a> {
    /// Where Flux begins.
    pub start: &'a Start,
    /// What it finds from there.
    pub found: &'a Everything,
    /// The files of the repo.
    pub files: &'a (dyn Files + Sync),
    /// What charts and repositories bring.
    pub known: &'a Known,
    objects: Vec<(usize, ObjectId)>,
    by_kind: BTreeMap<String, Vec<usize>>,
    capabilities: BTreeMap<String, Vec<(usize, Option<Owner>)>>,
    before: Before,
}

impl<'a> ClusterView<'a> {
    /// Of what was found.
    pub fn new(
        start: &'a Start,
        found: &'a Everything,
        files: &'a (dyn Files + Sync),
        known: &'a Known,
    ) -> ClusterView<'a> {
        let objects: Vec<(usize, ObjectId)> =
            found.objects.iter().enumerate().filter_map(|(at, given)| Some((at, object_id(&given.object)?))).collect();
        let mut by_kind: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, (_, id)) in objects.iter().enumerate() {
            by_kind.entry(id.kind.clone()).or_default().push(at);
        }
        let before = before(found);
        let mut view =
            ClusterView { start, found, files, known, objects, by_kind, capabilities: BTreeMap::new(), before };
        view.capabilities = view.all_capabilities();
        view
    }

    /// Every object, in the order in which they were found.
    pub fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        (0..self.objects.len()).filter_map(|at| self.object(at))
    }

    fn object(&self, at: usize) -> Option<Object<'_>> {
        let (place, id) = self.objects.get(at)?;
        Some(Object { given: self.found.objects.get(*place)?, id })
    }

    /// The objects of a kind, whatever its group.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = Object<'_>> {
        self.by_kind.get(kind).into_iter().flatten().filter_map(|at| self.object(*at))
    }

    /// The objects of a kind of a group, in any version.
    pub fn of(&self, group: &str, kind: &str) -> impl Iterator<Item = Object<'_>> {
        self.of_kind(kind).filter(move |object| object.id.group == group)
    }

    /// An object by kind, namespace (empty for objects of the cluster) and name, whatever its group.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Object<'_>> {
        self.of_kind(kind).find(|object| object.id.name == name && object.namespace() == namespace)
    }

    /// The objects that a Flux Kustomization applies.
    pub fn applied_by(&self, owner: &Owner) -> impl Iterator<Item = Object<'_>> {
        self.objects().filter(move |object| object.by() == owner)
    }

    /// The Flux Kustomizations that were found, by name.
    pub fn kustomizations(&self) -> impl Iterator<Item = (&'a Owner, &'a FluxKustomization)> {
        self.found.kustomizations.iter()
    }

    /// One of them.
    pub fn kustomization(&self, owner: &Owner) -> Option<&'a FluxKustomization> {
        self.found.kustomizations.get(owner)
    }

    /// Whether a chart is installed of which nothing is known.
    pub fn has_unknown_charts(&self) -> bool {
        self.of_kind("HelmRelease").any(|release| self.brought_by_chart(release.value()).is_none())
    }

    /// What makes a capability possible, in the words of `plan::needs`: `crd:<group>/<kind>`, `secret:<namespace>/<name>` …
    pub fn providers(&self, capability: &str) -> Vec<Provider<'_>> {
        let provider = |(at, by): &(usize, Option<Owner>)| {
            let object = self.object(*at)?;
            let elsewhere = by.as_ref().and_then(|by| self.found.kustomizations.get_key_value(by)).map(|(by, _)| by);
            Some(Provider { object, by: elsewhere.unwrap_or(object.by()), itself: makes_itself(object, capability) })
        };
        self.capabilities.get(capability).into_iter().flatten().filter_map(provider).collect()
    }

    /// What kustomize or Flux refuses, of a kind, as findings.
    pub fn mistakes(&self, fault: Fault) -> Vec<Finding> {
        let finding = |mistake| {
            let finding = Finding::of_mistake(mistake);
            let chain = self.chain_to(&finding.file);
            finding.through(chain)
        };
        self.found.mistakes.iter().filter(|mistake| mistake.fault == fault).map(finding).collect()
    }

    /// Whether a file is read because Flux applies all of the folder that it stands in.
    pub fn is_applied_whole(&self, file: &str) -> bool {
        self.found.kustomizations.values().any(|it| it.whole && it.files.contains(file))
    }

    /// The Flux Kustomizations that lead to a file, by the first of those that read it.
    pub fn chain_to(&self, file: &str) -> &'a [Owner] {
        let reads = self.found.kustomizations.values().find(|it| it.files.contains(file));
        reads.map_or(&[], |it| &it.chain)
    }

    /// How `later` stands to `first`.
    pub fn order(&self, first: &Owner, later: &Owner) -> Order {
        if first == later {
            return Order::Same;
        }
        if self.before.waits(later, first) {
            return Order::Waits;
        }
        let below = self.kustomization(later).is_some_and(|it| it.chain.contains(first));
        if below { Order::Below } else { Order::Open }
    }

    /// Whether Flux calls a Kustomization ready only once what it applied works: it waits for all, or looks at some.
    pub fn waits_for_health(&self, owner: &Owner) -> bool {
        self.kustomization(owner).is_some_and(|it| {
            it.document.pointer("/spec/wait") == Some(&Value::Bool(true))
                || it
                    .document
                    .pointer("/spec/healthChecks")
                    .and_then(Value::as_array)
                    .is_some_and(|all| !all.is_empty())
        })
    }

    /// Whether objects of a kind live in a namespace: as the table of kinds says, or a CRD of the repo; nothing if neither does.
    pub fn is_namespaced(&self, id: &ObjectId) -> Option<bool> {
        let row = self.known.apis.kind(&id.group, &id.kind).map(|row| row.scope == Scope::Namespaced);
        let of_kind = |crd: &Object<'_>| {
            crd.text(&["spec", "group"]) == Some(&id.group) && crd.text(&["spec", "names", "kind"]) == Some(&id.kind)
        };
        let crd = || self.of_kind("CustomResourceDefinition").find(of_kind);
        row.or_else(|| crd().map(|crd| crd.text(&["spec", "scope"]) == Some("Namespaced")))
    }

    /// What the chart of a HelmRelease is called; nothing if it cannot be seen.
    pub fn chart_of(&self, release: &Value) -> Option<String> {
        if let Some(chart) = text_at(release, &["spec", "chart", "spec", "chart"]) {
            return Some(chart.rsplit('/').next().unwrap_or(chart).to_owned());
        }
        let kind = text_at(release, &["spec", "chartRef", "kind"])?;
        let name = text_at(release, &["spec", "chartRef", "name"])?;
        let own = text_at(release, &["metadata", "namespace"]).unwrap_or_default();
        let namespace = text_at(release, &["spec", "chartRef", "namespace"]).unwrap_or(own);
        let source = self.get(kind, namespace, name)?;
        let said = source.text(&["spec", "url"]).or_else(|| source.text(&["spec", "chart"]))?;
        Some(said.trim_end_matches('/').rsplit('/').next().unwrap_or(said).to_owned())
    }

    /// What the chart of a HelmRelease brings, if it is known.
    pub fn brought_by_chart(&self, release: &Value) -> Option<&'a Brings> {
        self.known.chart(&self.chart_of(release)?)
    }

    fn all_capabilities(&self) -> BTreeMap<String, Vec<(usize, Option<Owner>)>> {
        let mut all: BTreeMap<String, Vec<(usize, Option<Owner>)>> = BTreeMap::new();
        for (at, (place, id)) in self.objects.iter().enumerate() {
            let Some(given) = self.found.objects.get(*place) else { continue };
            for capability in provides_of(id, &given.object) {
                all.entry(capability).or_default().push((at, None));
            }
            let (brings, by) = match id.kind.as_str() {
                "HelmRelease" => (self.brought_by_chart(&given.object), None),
                "Kustomization" if is_kustomization(id) => (self.brought_from_elsewhere(id), Some(Owner::of(id))),
                _ => (None, None),
            };
            for capability in brings.into_iter().flat_map(|brings| &brings.capabilities) {
                all.entry(capability.clone()).or_default().push((at, by.clone()));
            }
        }
        all
    }

    /// What a Flux Kustomization of another repository brings, if that is known.
    pub fn brought_from_elsewhere(&self, id: &ObjectId) -> Option<&'a Brings> {
        let it = self.kustomization(&Owner::of(id)).filter(|it| it.elsewhere)?;
        let text = |path: &[&str]| text_at(&it.document, path);
        let namespace = text(&["spec", "sourceRef", "namespace"]).or(id.namespace.as_deref()).unwrap_or_default();
        let source =
            self.get(text(&["spec", "sourceRef", "kind"])?, namespace, text(&["spec", "sourceRef", "name"])?)?;
        self.known.folder(source.text(&["spec", "url"])?, text(&["spec", "path"]).unwrap_or_default())
    }
}

fn makes_itself(object: Object<'_>, capability: &str) -> bool {
    provides_of(object.id, object.value()).iter().any(|own| own == capability)
}

/// For each Flux Kustomization all that it waits for: what it names, what those wait for, and what the ones above it wait for.
fn before(found: &Everything) -> Before {
    let places: BTreeMap<Owner, usize> =
        found.kustomizations.keys().cloned().enumerate().map(|(at, owner)| (owner, at)).collect();
    let place = |owner: &Owner| places.get(owner).copied();
    let named: Vec<Vec<usize>> = found
        .kustomizations
        .iter()
        .map(|(owner, it)| depends_on(owner, &it.document).iter().filter_map(place).collect())
        .collect();
    // A chain is of those above, and each of these has its own.
    let above: Vec<Option<usize>> =
        found.kustomizations.values().map(|it| it.chain.iter().rev().nth(1).and_then(place)).collect();
    let sets = (0..named.len()).map(|start| {
        let (mut seen, mut looked_at) = (vec![false; named.len()], vec![false; named.len()]);
        let mut open = vec![start];
        while let Some(next) = open.pop() {
            if std::mem::replace(&mut looked_at[next], true) {
                continue;
            }
            for first in &named[next] {
                seen[*first] = true;
                open.push(*first);
            }
            open.extend(above[next]);
        }
        seen[start] = false;
        seen
    });
    let sets = sets.collect();
    Before { places, sets }
}

/// Which Flux Kustomizations wait for which, by their places.
struct Before {
    places: BTreeMap<Owner, usize>,
    sets: Vec<Vec<bool>>,
}

impl Before {
    fn waits(&self, later: &Owner, first: &Owner) -> bool {
        let places = self.places.get(later).zip(self.places.get(first));
        places.is_some_and(|(later, first)| self.sets[*later][*first])
    }
}

/// What a Flux Kustomization names as what it depends on, in its own namespace if it says none.
pub fn depends_on(owner: &Owner, document: &Value) -> Vec<Owner> {
    let named = document.pointer("/spec/dependsOn").and_then(Value::as_array).into_iter().flatten();
    let one = |entry: &Value| {
        let namespace = text_at(entry, &["namespace"]).unwrap_or(&owner.namespace).to_owned();
        Some(Owner { namespace, name: text_at(entry, &["name"])?.to_owned() })
    };
    named.filter_map(one).collect()
}
