//! The profile's own sections become units. Here is what they share, and the namespaces, which come from all of them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::unit::{AppliedBy, Content, Part, Unit};
use super::{Planner, defaults};
use crate::decode::{At, Named};
use crate::problem::{Code, Problem};
use crate::profile::cluster::PodSecurity;
use crate::profile::patch::Patch;
use crate::profile::rules::is_clusters_own;
use crate::template::{Context, Engine};

/// Where a unit comes from, for what is the same in all sections.
pub(super) struct Origin {
    pub(super) name: String,
    pub(super) folder: Option<String>,
    pub(super) key: String,
    pub(super) span: std::ops::Range<usize>,
    pub(super) patches: Vec<Patch>,
}

impl Planner<'_> {
    pub(super) fn sections(&mut self) {
        self.releases();
        self.paths();
        self.external_secrets();
        self.stores();
        self.storage();
        self.eks_anywhere();
        self.namespaces_unit();
    }

    pub(super) fn push(&mut self, origin: Origin, content: Content) -> &mut Unit {
        let index = self.units.len();
        self.units.push(Unit {
            name: origin.name,
            folder: origin.folder,
            key: origin.key,
            place: self.profile.place(&origin.span),
            content,
            needs: Vec::new(),
            after: None,
            requires: Vec::new(),
            provides: Vec::new(),
            timeout: defaults::UNIT_TIMEOUT,
            applied_by: AppliedBy::Itself,
            prune: true,
            wait: true,
            target_namespace: None,
            patches: origin.patches,
            health: Vec::new(),
            verify: Vec::new(),
            infrastructure: false,
            rewritten: false,
        });
        &mut self.units[index]
    }

    /// The templates of a built-in section, for a context.
    pub(super) fn section(&mut self, name: &str, context: &Value) -> Option<Content> {
        let engine = self.templates(&format!("sections/{name}"))?;
        let context = Context::of(context, &self.apis);
        Some(Content::Templates(vec![Part { engine, folder: String::new(), file: None, context }]))
    }

    /// The templates of a built-in folder.
    pub(super) fn templates(&mut self, folder: &str) -> Option<Arc<Engine>> {
        self.problems.keep(self.catalog.section(folder))
    }

    fn namespaces_unit(&mut self) {
        let profile = self.profile;
        for namespace in &profile.namespaces {
            self.namespaces.entry(namespace.name.to_string()).or_default();
        }
        let planned = self.namespaces.clone();
        let mut rendered = Vec::new();
        for (name, planned) in planned.iter().filter(|(name, _)| !is_clusters_own(name)) {
            let said = profile.namespaces.iter().find(|namespace| namespace.name.as_str() == name.as_str());
            let level = said.and_then(|namespace| namespace.pod_security.as_ref());
            if let (Some(level), Some((needed, who))) = (level, &planned.level)
                && level.value < *needed
            {
                self.too_strict(name, level, *needed, who);
            }
            let level = level.map(|level| level.value).or(planned.level.as_ref().map(|(level, _)| *level));
            let mut labels = Map::new();
            for mode in level.iter().flat_map(|_| ["enforce", "audit", "warn"]) {
                labels.insert(format!("pod-security.kubernetes.io/{mode}"), json!(level));
            }
            labels.extend(said.into_iter().flat_map(|namespace| mapping(&namespace.labels)));
            let annotations: Map<String, Value> =
                said.into_iter().flat_map(|namespace| mapping(&namespace.annotations)).collect();
            rendered.push(json!({ "name": name, "labels": labels, "annotations": annotations }));
        }
        if rendered.is_empty() {
            return;
        }
        let Some(content) = self.section("namespaces", &json!({ "namespaces": rendered })) else { return };
        let span = profile
            .namespaces
            .first()
            .map_or(profile.metadata.name.span.clone(), |namespace| namespace.name.span.clone());
        let origin = Origin {
            name: "namespaces".to_owned(),
            folder: Some("namespaces".to_owned()),
            key: "namespaces".to_owned(),
            span,
            patches: Vec::new(),
        };
        self.push(origin, content);
    }

    fn too_strict(&mut self, name: &str, level: &At<PodSecurity>, needed: PodSecurity, who: &str) {
        let says = format!(
            "`{who}` needs the level {} in namespace `{name}`, which would have {}",
            needed.as_str(),
            level.as_str()
        );
        let place = self.profile.place(&level.span);
        self.report(
            Problem::new(Code::POD_SECURITY, says)
                .at(place)
                .because("the API server would refuse its pods (kubernetes.io, Pod Security Standards)")
                .hint(format!("podSecurity: {}", needed.as_str())),
        );
    }
}

pub(super) fn is_set(flag: Option<&At<bool>>) -> bool {
    flag.is_some_and(|flag| flag.value)
}

/// A user's mapping as JSON, in the profile's order.
pub(super) fn mapping<K: std::fmt::Display, T: serde::Serialize>(named: &Named<K, T>) -> Map<String, Value> {
    named.0.iter().map(|(key, value)| (key.to_string(), json!(value))).collect()
}

/// An object of what is said.
pub(super) fn without_nothing<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let said = entries.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(said.map(|(key, value)| (key.to_owned(), value)).collect())
}
