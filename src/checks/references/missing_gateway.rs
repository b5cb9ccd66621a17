//! FW753 `missing-gateway`: a route of a Gateway, or a Gateway of a class, that nothing in the repo makes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::classes::{Class, is_made_by_chart, missing, named};
use super::lookup::{Names, Reference, at_places, by_name, full_name, hides, is_name, no_worse, walk};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW753",
        name: "missing-gateway",
        about: "A parentRef or a gatewayClassName to something that nothing in the repo makes.",
    },
    severity: Severity::Warning,
    because: "a route without its Gateway is not served, and no controller takes up a Gateway of a class that is not there \
              (gateway-api.sigs.k8s.io, API reference, ParentReference and GatewayClass)",
    explains: "A Gateway is looked for in the namespace of the route, unless the parentRef has a `namespace`. Parents of other kinds, such \
               as a Service of a mesh, do not count. If a chart is installed of which nothing is known, it may bring the Gateway or its \
               class, and this is a note. Each Gateway and class is said once.",
    wrong: "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: podinfo
  namespace: apps
spec:
  parentRefs:
    - name: public # which is in the namespace gateways
",
    right: "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: podinfo
  namespace: apps
spec:
  parentRefs:
    - name: public
      namespace: gateways
",
    check: Check::Cluster(find),
};

const GROUP: &str = "gateway.networking.k8s.io";
const ROUTES: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];
const PARENTS: [&str; 2] = ["Gateway", "ListenerSet"];
const CLASS: Class = Class { called: "gateway class", kind: "GatewayClass", capability: "gatewayclass" };

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let gateways = view.of(GROUP, "Gateway").flat_map(|gateway| named(gateway, "spec/gatewayClassName"));
    let mut found = missing(view, &CLASS, gateways.collect());
    let mut by_kind: BTreeMap<&'static str, Vec<Reference<'_>>> = BTreeMap::new();
    for (kind, reference) in ROUTES.iter().flat_map(|kind| view.of(GROUP, kind)).flat_map(parents) {
        by_kind.entry(kind).or_default().push(reference);
    }
    for (kind, named) in by_kind {
        let there = Names::of(view.of(GROUP, kind));
        let missing = by_name(named.into_iter().filter(|one| !there.has(&one.namespace, &one.name)).collect());
        let not_of_a_chart = missing.values().filter(|(first, _)| !is_made_by_chart(view, &first.name));
        found.extend(not_of_a_chart.map(|(first, count)| finding(view, kind, first, *count, &there)));
    }
    found
}

/// The Gateways and their like that a route names.
fn parents(route: Object<'_>) -> Vec<(&'static str, Reference<'_>)> {
    let parent = |(pointer, value): (String, &Value)| {
        let text = |key: &str| text_at(value, &[key]);
        let said = text("kind").unwrap_or("Gateway");
        let kind = PARENTS.into_iter().find(|kind| *kind == said && text("group").unwrap_or(GROUP) == GROUP)?;
        let namespace = text("namespace").unwrap_or(route.namespace());
        let name = text("name").filter(|name| is_name(name) && is_name(namespace))?;
        let (namespace, name, pointer) = (namespace.to_owned(), name.to_owned(), format!("{pointer}/name"));
        Some((kind, Reference { object: route, pointer, namespace, name }))
    };
    walk(route.value(), "spec/parentRefs[]").into_iter().filter_map(parent).collect()
}

fn finding(view: &ClusterView<'_>, kind: &str, first: &Reference<'_>, count: usize, there: &Names) -> Finding {
    let Reference { object, pointer, namespace, name } = first;
    let what = full_name(namespace, name);
    let says =
        format!("{} is for {kind} {what}, which nothing in the repo makes{}", title(object.id), at_places(count));
    let hint = match (there.namespace_of(name), there.nearest(namespace, name)) {
        (Some(other), _) => format!("parentRefs:\n  - name: {name}\n    namespace: {other}"),
        (None, Some(near)) => format!("parentRefs:\n  - name: {near}"),
        (None, None) => format!("kubectl --namespace {namespace} get {} {name}   # is it there?", kind.to_lowercase()),
    };
    let less_is_known = hides(view) || view.has_unknown_charts() || !object.given.certain;
    no_worse(Finding::on(object.given, says).at(pointer).hint(hint), less_is_known, Severity::Note)
}
