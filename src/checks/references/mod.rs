//! What objects name that has to be there: sources, secrets, classes, namespaces.

mod classes;
mod dependencies;
mod dependency_circle;
mod dependency_kind;
mod dependency_on_itself;
mod idle_health_check;
mod idle_patch;
mod lookup;
mod missing_dependency;
mod missing_gateway;
mod missing_ingress_class;
mod missing_namespace;
mod missing_secret;
mod missing_service_account;
mod missing_snapshot_class;
mod missing_source;
mod missing_storage_class;
mod missing_store;
mod missing_values;
mod pods;
mod secrets_made;
mod secrets_named;

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[
    &missing_source::RULE,
    &missing_dependency::RULE,
    &dependency_on_itself::RULE,
    &dependency_circle::RULE,
    &dependency_kind::RULE,
    &missing_values::RULE,
    &missing_secret::RULE,
    &missing_service_account::RULE,
    &missing_store::RULE,
    &missing_storage_class::RULE,
    &missing_snapshot_class::RULE,
    &missing_ingress_class::RULE,
    &missing_gateway::RULE,
    &missing_namespace::RULE,
    &idle_health_check::RULE,
    &idle_patch::RULE,
];
