//! The names of units, one name space for all, and what `needs:` of the profile means by them.
//!
//! Not here: what a unit needs by itself (`needs`), and the order (`order`).

use std::collections::BTreeMap;

use super::Planner;
use super::unit::{Content, Unit};
use crate::decode::At;
use crate::problem::{Code, Problem, nearest};
use crate::texts::Name;

/// Names that no unit may have: folders and units of fluxwright's own.
const RESERVED: &[&str] = &[
    "flux-system",
    "sources",
    "kustomizations",
    "namespaces",
    "secret-store",
    "secrets",
    "storage",
    "storage-claims",
    "releases",
    "paths",
    "eksa-system",
    "eksa-cluster",
    "bootstrap",
];

impl Planner<'_> {
    /// Checks the names: none reserved, none twice, none too long, and none needed that is not there.
    pub(super) fn names(&mut self) {
        let mut found: Vec<Problem> = self.units.iter().filter_map(reserved).collect();
        found.extend(twice(&self.units));
        found.extend(self.units.iter().filter_map(too_long));
        found.extend(self.reserved_components());
        // Nothing can wait for what has no Flux Kustomization of its own.
        let kustomizations = self.units.iter().filter(|unit| unit.is_kustomization());
        let names: Vec<String> = kustomizations.map(|unit| unit.name.clone()).collect();
        self.resolve_component_needs(&names);
        found.extend(self.unknown_needs(&names));
        self.problems.extend(found);
    }

    /// A component's folder stands in the tree even where none of its units has the name.
    fn reserved_components(&self) -> Vec<Problem> {
        let names = self.profile.components.0.iter().map(|(name, _)| name);
        let problem = |name: &At<Name>| {
            let says = format!("no component can be called `{name}`: fluxwright has a folder of that name");
            let problem = Problem::new(Code::RESERVED_NAME, says).at(self.profile.place(&name.span));
            problem.hint(format!("call it my-{name}"))
        };
        names.filter(|name| RESERVED.contains(&name.as_str())).map(problem).collect()
    }

    /// A component's name among `needs` means its last unit, even where that has another name.
    fn resolve_component_needs(&mut self, names: &[String]) {
        let mut last_of: BTreeMap<String, Name> = BTreeMap::new();
        for unit in &self.units {
            if let (Some(component), Ok(name)) = (unit.key.strip_prefix("components."), Name::parse(&unit.name)) {
                last_of.insert(component.to_owned(), name);
            }
        }
        for need in self.units.iter_mut().flat_map(|unit| &mut unit.needs) {
            if let Some(last) = last_of.get(need.as_str())
                && !names.iter().any(|name| name == need.as_str())
            {
                need.value = last.clone();
            }
        }
    }

    fn unknown_needs(&self, names: &[String]) -> Vec<Problem> {
        let needs = self.units.iter().flat_map(|unit| &unit.needs);
        let unknown = needs.filter(|need| !names.iter().any(|name| name == need.as_str()));
        let problem = |need: &At<Name>| {
            let hint = match nearest(need.as_str(), names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the units are: {}", names.join(", ")),
            };
            let place = self.profile.place(&need.span);
            Problem::new(Code::UNKNOWN_NEED, format!("there is no unit `{need}`")).at(place).hint(hint)
        };
        unknown.map(problem).collect()
    }
}

/// That a unit which the profile names has a name of ours.
fn reserved(unit: &Unit) -> Option<Problem> {
    let of_profile = ["components.", "releases.", "paths."].iter().any(|section| unit.key.starts_with(section));
    if !of_profile || !(RESERVED.contains(&unit.name.as_str()) || unit.name.starts_with("secrets-")) {
        return None;
    }
    let says = format!("no unit can be called `{}`: fluxwright has a folder or unit of that name", unit.name);
    let problem = Problem::new(Code::RESERVED_NAME, says).at(unit.place.clone());
    Some(problem.hint(format!("name: my-{}", unit.name)))
}

fn twice(units: &[Unit]) -> Vec<Problem> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for unit in units {
        if let Some(key) = seen.insert(&unit.name, &unit.key).filter(|key| *key != unit.key) {
            let says = format!("`{key}` and `{}` both make a unit called `{}`", unit.key, unit.name);
            let problem = Problem::new(Code::UNIT_CLASH, says).at(unit.place.clone());
            found.push(problem.hint("give one of the two another name"));
        }
    }
    found
}

fn too_long(unit: &Unit) -> Option<Problem> {
    let most = if matches!(unit.content, Content::Chart(_)) { 53 } else { 63 };
    if unit.name.len() <= most {
        return None;
    }
    let says = format!("the unit `{}` has a name of {} characters", unit.name, unit.name.len());
    let because = "Flux stamps it on every object as a label of at most 63 characters, and Helm takes 53 for a release";
    let problem = Problem::new(Code::BAD_NAME, says).at(unit.place.clone());
    Some(problem.because(because).hint("take a shorter name"))
}
