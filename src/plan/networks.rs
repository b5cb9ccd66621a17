//! Addresses that components give away, load balancers above all: nobody else may have them.
//!
//! Which option holds addresses is said by its schema in component.yaml, with `format: address-range`; the rule knows no
//! component. What the profile's own sections give away is compared among itself in `profile::rules::networks`.

use serde_json::Value;

use super::Planner;
use crate::catalog::component::Options;
use crate::problem::{Code, Place, Problem};
use crate::profile::rules::networks::{BECAUSE_SHARED, claims};
use crate::texts::{AddressRange, Covers as _};
use crate::yaml::{Kind, Node};

/// The format of a schema whose texts are ranges of addresses.
pub(super) const ADDRESS_RANGE: &str = "address-range";

/// Addresses that a component gives away.
pub(super) struct Pool {
    component: String,
    range: AddressRange,
    place: Place,
}

impl Planner<'_> {
    /// Notes the addresses among a component's options. A text that is no range has been reported with the options.
    pub(super) fn pools(&mut self, component: &str, said: &Node, options: Option<&Options>) {
        let holds = |schema: &Value| schema.get("format").and_then(Value::as_str) == Some(ADDRESS_RANGE);
        let schemas = options.and_then(|options| options.properties.as_object()).into_iter().flatten();
        let options = schemas.filter(|(_, schema)| holds(schema) || schema.get("items").is_some_and(holds));
        for node in options.filter_map(|(name, _)| said.get(name)) {
            let items = match &node.kind {
                Kind::List(items) => items.iter().collect(),
                _ => vec![node],
            };
            for item in items {
                if let Some(range) = item.text().and_then(|text| AddressRange::parse(text).ok()) {
                    let place = self.profile.place(&item.span);
                    self.pools.push(Pool { component: component.to_owned(), range, place });
                }
            }
        }
    }

    /// Compares what components give away with what the profile's sections do, and with each other.
    pub(super) fn networks(&mut self) {
        let profile = self.profile;
        let claims = claims(profile);
        let mut found = Vec::new();
        for (index, pool) in self.pools.iter().enumerate() {
            // Addresses of the nodes' network are the right ones: the nodes answer for them there.
            let taken = claims.iter().filter(|claim| claim.what != "nodes" && claim.covers.overlaps(&pool.range));
            found.extend(taken.map(|claim| pool.shared(claim.what, claim.text)));
            let twice = self.pools[..index].iter().filter(|other| other.range.overlaps(&pool.range));
            found.extend(twice.map(|other| pool.shared(&format!("`{}`", other.component), other.range.as_str())));
            let nodes = profile.network.as_ref().and_then(|network| network.nodes.as_ref());
            found.extend(nodes.filter(|nodes| !nodes.contains(&pool.range)).map(|nodes| pool.outside(nodes.as_str())));
        }
        self.problems.extend(found);
    }
}

impl Pool {
    fn shared(&self, what: &str, text: &str) -> Problem {
        let says = format!("`{}` {} and {what} {text} share addresses", self.component, self.range);
        let problem = Problem::new(Code::OVERLAPPING_NETWORKS, says).at(self.place.clone()).because(BECAUSE_SHARED);
        problem.hint(format!("take addresses outside of {text}"))
    }

    fn outside(&self, nodes: &str) -> Problem {
        let says = format!("`{}` {} is not in the nodes' network {nodes}", self.component, self.range);
        let problem = Problem::warning(Code::ADDRESS_OUTSIDE, says).at(self.place.clone());
        problem
            .because("the nodes answer for these addresses on their own network; from elsewhere a router has to know the way")
            .hint(format!("take free addresses of {nodes}"))
    }
}
