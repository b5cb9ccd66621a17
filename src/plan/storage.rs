//! Storage of the profile becomes a unit: classes, snapshot classes, claims, each with its driver and defaults.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Planner;
use super::sections::{Origin, is_set, mapping};
use super::unit::Unit;
use crate::catalog::Folder;
use crate::catalog::component::Component;
use crate::decode::At;
use crate::problem::{Code, Place, Problem};
use crate::profile::storage::{AccessMode, Binding, ReclaimPolicy, StorageClass};

impl Planner<'_> {
    pub(super) fn storage(&mut self) {
        let profile = self.profile;
        let Some(storage) = &profile.storage else { return };
        let classes: Vec<Value> = storage
            .classes
            .iter()
            .map(|class| {
                json!({
                    "name": class.name, "default": is_set(class.default.as_ref()),
                    "provisioner": self.driver(class.provisioner.as_ref(), &class.name.span, "provisioner"),
                    "policy": class.policy, "datastore": class.datastore, "fsType": class.fs_type,
                    "reclaimPolicy": class.reclaim_policy.unwrap_or(ReclaimPolicy::Delete),
                    "binding": class.binding.unwrap_or(Binding::Immediate),
                    "expandable": class.expandable.unwrap_or(false),
                    "topology": mapping(&class.topology), "parameters": mapping(&class.parameters),
                })
            })
            .collect();
        let snapshot_classes: Vec<Value> = storage
            .snapshot_classes
            .iter()
            .map(|class| {
                json!({
                    "name": class.name, "default": is_set(class.default.as_ref()),
                    "driver": self.driver(class.driver.as_ref(), &class.name.span, "driver"),
                    "deletionPolicy": class.deletion_policy, "parameters": mapping(&class.parameters),
                })
            })
            .collect();
        for (class, rendered) in storage.classes.iter().zip(&classes) {
            self.parameters(class, rendered["provisioner"].as_str().unwrap_or_default());
        }
        for claim in &storage.claims {
            self.namespace(claim.namespace.as_str(), None, claim.name.as_str());
        }
        let claims: Vec<Value> = storage
            .claims
            .iter()
            .map(|claim| {
                let modes = if claim.access_modes.is_empty() { vec![AccessMode::ReadWriteOnce] } else { claim.access_modes.clone() };
                json!({ "name": claim.name, "namespace": claim.namespace, "class": claim.class, "size": claim.size, "accessModes": modes })
            })
            .collect();
        self.storage_unit("storage", "storage", &json!({ "classes": classes, "snapshotClasses": snapshot_classes }));
        // A claim may wait for its first pod, which may wait for the classes: Flux must not wait for the claim.
        if let Some(unit) = self.storage_unit("storage-claims", "claims", &json!({ "claims": claims })) {
            unit.wait = false;
        }
    }

    /// Parameters that the class's driver refuses, or that it cannot do without, as its component says it.
    fn parameters(&mut self, class: &StorageClass, driver: &str) {
        let place = Place::file("");
        let mut folders =
            self.profile.components.0.iter().filter_map(|(name, _)| self.catalog.component(name.as_str(), &place).ok());
        let of_driver = |folder: &std::sync::Arc<Folder<Component>>| {
            folder.spec.class_parameters.as_ref().is_some_and(|known| known.driver == driver)
        };
        let Some(folder) = folders.find(of_driver) else { return };
        let Some(known) = &folder.spec.class_parameters else { return };
        let mut found = Vec::new();
        let refused =
            |name: &str| known.allowed.as_ref().is_some_and(|allowed| !allowed.contains(&name.to_lowercase()));
        for (name, _) in class.parameters.0.iter().filter(|(name, _)| refused(name.as_str())) {
            let says = format!("{driver} takes no parameter `{name}`");
            let taken = format!("it takes: {}", known.allowed.iter().flatten().cloned().collect::<Vec<_>>().join(", "));
            found.push(Problem::new(Code::CLASS_PARAMETER, says).at(self.profile.place(&name.span)).hint(taken));
        }
        let there = |needed: &String| class.parameters.0.iter().any(|(name, _)| name.as_str() == needed);
        for needed in known.required.iter().filter(|needed| !there(needed)) {
            let says = format!("a class of {driver} needs the parameter `{needed}`");
            let hint = format!("parameters:\n  {needed}: …");
            found.push(Problem::new(Code::CLASS_PARAMETER, says).at(self.profile.place(&class.name.span)).hint(hint));
        }
        self.problems.extend(found.into_iter().map(|problem| problem.because(&known.because)));
    }

    fn storage_unit(&mut self, name: &str, section: &str, context: &Value) -> Option<&mut Unit> {
        let storage = self.profile.storage.as_ref()?;
        let content = self.section(section, context)?;
        let origin = Origin {
            name: name.to_owned(),
            folder: Some(name.to_owned()),
            key: "storage".to_owned(),
            span: storage.span.clone(),
            patches: storage.patches.clone(),
        };
        Some(self.push(origin, content))
    }

    /// The driver that a class names, or the one that the profile provides.
    fn driver(&mut self, said: Option<&At<String>>, span: &std::ops::Range<usize>, key: &str) -> String {
        if let Some(driver) = said {
            return driver.value.clone();
        }
        let there = self.provided.keys().chain(&self.given).filter_map(|name| name.strip_prefix("csi:"));
        let drivers: Vec<String> = there.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect();
        match drivers.as_slice() {
            [one] => one.clone(),
            none_or_more => {
                let (says, hint) = match none_or_more.first() {
                    None => (
                        "this class names no driver, and no component of the profile brings one".to_owned(),
                        format!("{key}: csi.example.com"),
                    ),
                    Some(first) => (
                        format!("this class names no driver, and the profile has {}", none_or_more.join(" and ")),
                        format!("{key}: {first}"),
                    ),
                };
                let place = self.profile.place(span);
                self.report(Problem::new(Code::NO_PROVISIONER, says).at(place).hint(format!("add the line `{hint}`")));
                String::new()
            }
        }
    }
}
