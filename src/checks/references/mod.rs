//! What objects name that has to be there: sources, secrets, classes, namespaces.

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[];
