//! What objects name that has to be there: sources, secrets, classes, namespaces.

mod lookup;
mod missing_source;

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[
    &missing_source::RULE,
];
