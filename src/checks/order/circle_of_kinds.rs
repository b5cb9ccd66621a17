//! FW767 `circle-of-kinds`: Kustomizations that wait for each other, by what they depend on together with what their objects need.
//!
//! A Kustomization is a node twice: as applied and as ready. What it depends on has to be ready before it is applied; the one above it
//! only has to be applied. What its objects need in order to be applied (their CRD, their namespace) has to be applied by then, and
//! what they need in order to work has to be applied before it is ready, if it looks at them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::kinds::brought_by;
use super::needs::{Index, Sort};
use super::waiting::{looks_at, waits_for_unseen};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object, depends_on};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, is_kustomization, title};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW767",
        name: "circle-of-kinds",
        about: "Kustomizations that wait for each other, by `dependsOn` together with what their objects need.",
    },
    severity: Severity::Error,
    because: "none of them would ever be ready, since each waits for the next (kustomize-controller docs/spec/v1/kustomizations.md, \
              Dependencies)",
    explains: "Looked at is what an object needs in order to be applied (the CRD of its kind, its namespace) or, where its Kustomization \
               waits for it, in order to work (a store, a source, values, another release), and what a Kustomization waits for: what \
               it depends on, the one above it, and the Kustomizations that it applies and waits for. A circle of `dependsOn` alone \
               is `dependency-circle`'s. What several Kustomizations bring closes no circle, nor what may come from elsewhere. \
               Where the CRD or the namespace is in the cluster already, a circle is seen only in the next new one.",
    wrong: "# ./operators has the HelmRelease of cert-manager, ./base has a ClusterIssuer
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: operators
  namespace: flux-system
spec:
  dependsOn:
    - name: base
  interval: 1h
  path: ./operators
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "# ./operators has the HelmRelease of cert-manager, ./base has namespaces, ./issuers has the ClusterIssuer
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: issuers
  namespace: flux-system
spec:
  dependsOn:
    - name: operators
  interval: 1h
  path: ./issuers
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

/// How far a Kustomization has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Its objects are applied.
    Applied,
    /// They work, as far as it looks at them.
    Ready,
}

type Node<'v> = (&'v Owner, Stage);

/// Why one comes after another.
#[derive(Debug, Clone)]
enum Why<'v> {
    /// It is ready once it is applied.
    Itself,
    /// It names the other one.
    DependsOn,
    /// The other one applies it.
    Above,
    /// It applies the other one, and waits for it.
    Health,
    /// An object needs something, said at a place of it.
    Needs(Object<'v>, String, String),
}

type Edges<'v> = BTreeMap<Node<'v>, Vec<(Node<'v>, Why<'v>)>>;
/// An edge with where it begins.
type Step<'v> = (Node<'v>, Node<'v>, Why<'v>);

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let mut edges = edges(view);
    trim(&mut edges);
    let mut told: BTreeSet<Node<'_>> = BTreeSet::new();
    let mut findings = Vec::new();
    for node in edges.keys() {
        if told.contains(node) {
            continue;
        }
        if let Some(circle) = circle(&edges, *node) {
            // A circle of `dependsOn` alone is told by its own rule; once it is open, another one through it is found here.
            told.extend(circle.iter().map(|(from, _, _)| *from));
            findings.extend(finding(view, &circle).filter(|_| is_of_kinds(&circle)));
        }
    }
    findings
}

fn edges<'v>(view: &'v ClusterView<'v>) -> Edges<'v> {
    let mut edges: Edges<'v> = BTreeMap::new();
    for (owner, it) in view.kustomizations() {
        let all = edges.entry((owner, Stage::Applied)).or_default();
        let named = depends_on(owner, &it.document);
        let known = |owner: &Owner| view.found.kustomizations.get_key_value(owner).map(|(owner, _)| owner);
        all.extend(named.iter().filter_map(known).map(|first| ((first, Stage::Ready), Why::DependsOn)));
        let above = it.chain.iter().rev().find(|above| *above != owner).and_then(known);
        all.extend(above.map(|above| ((above, Stage::Applied), Why::Above)));
        edges.entry((owner, Stage::Ready)).or_default().push(((owner, Stage::Applied), Why::Itself));
    }
    let index = Index::new(view);
    for object in view.objects() {
        of_object(view, &index, object, &mut edges);
    }
    edges
}

/// What the Kustomization of an object waits for on account of it.
fn of_object<'v>(view: &'v ClusterView<'v>, index: &Index<'v>, object: Object<'v>, edges: &mut Edges<'v>) {
    let by = object.by();
    let Some(it) = view.kustomization(by) else { return };
    let looked_at = looks_at(by, it, object);
    let mut add =
        |stage: Stage, first: Node<'v>, why: Why<'v>| edges.entry((by, stage)).or_default().push((first, why));
    if is_kustomization(object.id) && looked_at {
        let child = view.found.kustomizations.get_key_value(&Owner::of(object.id));
        child.into_iter().for_each(|(child, _)| add(Stage::Ready, (child, Stage::Ready), Why::Health));
    }
    let kind: Vec<(&Owner, Object<'_>)> =
        brought_by(view, object).into_iter().map(|provider| (provider.by, provider.object)).collect();
    if let Some((first, maker)) = only_from(by, &kind) {
        let what = format!("its CRD, which comes with {}", title(maker.id));
        add(Stage::Applied, (first, Stage::Applied), Why::Needs(object, what, "/kind".to_owned()));
    }
    for need in index.needs(object) {
        let stage = if need.sort == Sort::Namespace { Stage::Applied } else { Stage::Ready };
        let Some((first, _)) = only_from(by, &need.makers).filter(|_| stage == Stage::Applied || looked_at) else {
            continue;
        };
        add(stage, (first, Stage::Applied), Why::Needs(object, need.what, need.pointer));
    }
}

/// The one other Kustomization that makes something, if there is no second.
fn only_from<'v>(own: &Owner, makers: &[(&'v Owner, Object<'v>)]) -> Option<(&'v Owner, Object<'v>)> {
    let first = *makers.first()?;
    makers.iter().all(|(owner, _)| *owner == first.0 && *owner != own).then_some(first)
}

/// Takes out, again and again, what waits for nothing that is left: no circle leads through it.
fn trim(edges: &mut Edges<'_>) {
    loop {
        let before = edges.len();
        let left: BTreeSet<Node<'_>> = edges.keys().copied().collect();
        for all in edges.values_mut() {
            all.retain(|(to, _)| left.contains(to));
        }
        edges.retain(|_, all| !all.is_empty());
        if edges.len() == before {
            return;
        }
    }
}

/// The shortest circle through a node.
fn circle<'v>(edges: &Edges<'v>, start: Node<'v>) -> Option<Vec<Step<'v>>> {
    let mut came_by: BTreeMap<Node<'v>, Step<'v>> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(from) = next.pop_front() {
        for (to, why) in edges.get(&from).into_iter().flatten() {
            if !came_by.contains_key(to) {
                came_by.insert(*to, (from, *to, why.clone()));
                next.push_back(*to);
            }
        }
        if came_by.contains_key(&start) {
            break;
        }
    }
    let mut way = vec![came_by.get(&start)?.clone()];
    while let Some(step) = way.last().filter(|(from, _, _)| *from != start).and_then(|(from, _, _)| came_by.get(from)) {
        way.push(step.clone());
    }
    way.reverse();
    Some(way)
}

fn is_of_kinds(circle: &[Step<'_>]) -> bool {
    circle.iter().any(|(_, _, why)| !matches!(why, Why::DependsOn | Why::Itself))
}

fn finding(view: &ClusterView<'_>, circle: &[Step<'_>]) -> Option<Finding> {
    let mut owners: Vec<&Owner> = Vec::new();
    for ((owner, _), _, _) in circle {
        if owners.last() != Some(owner) && owners.first() != Some(owner) {
            owners.push(owner);
        }
    }
    let names = owners.iter().map(ToString::to_string).collect::<Vec<_>>();
    let says = match &names[..] {
        [one, other] => format!("Kustomizations {one} and {other} wait for each other"),
        _ => format!("Kustomizations {} wait for each other in a circle", names.join(", ")),
    };
    let steps: Vec<String> = circle.iter().filter_map(step).collect();
    let because = format!("{}, so that none of them is ever ready", steps.join("; "));
    let objects = circle.iter().find_map(|(_, _, why)| match why {
        Why::Needs(object, _, pointer) => Some((object, pointer)),
        _ => None,
    });
    let finding = if let Some((object, pointer)) = objects {
        let hint = format!("# a Kustomization for {}, for which none of these waits", title(object.id));
        Finding::on(object.given, says).at(pointer).hint(hint)
    } else {
        let owner = circle.iter().find_map(|((owner, _), _, why)| matches!(why, Why::DependsOn).then_some(owner))?;
        Finding::on_kustomization(view.kustomization(owner)?, says)
            .at("/spec/dependsOn")
            .hint("take this dependency out")
    };
    let unsure = circle.iter().any(|(from, _, why)| match why {
        Why::Needs(object, _, _) => !object.given.certain || waits_for_unseen(view, from.0),
        _ => false,
    });
    let finding = finding.because(because);
    Some(if unsure { finding.as_bad_as(Severity::Warning) } else { finding })
}

/// A step in words; none for one that stays where it is.
fn step(((from, _), (to, _), why): &Step<'_>) -> Option<String> {
    Some(match why {
        Why::Itself => return None,
        Why::DependsOn => format!("{from} depends on {to}"),
        Why::Above => format!("{from} is applied by {to}"),
        Why::Health => format!("{from} applies {to} and waits for it"),
        Why::Needs(object, what, _) => format!("{} of {from} needs {what} of {to}", title(object.id)),
    })
}
