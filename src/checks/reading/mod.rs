//! What readers of a file stumble over, and what Kubernetes refuses of an object by itself.

mod no_namespace;

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[&no_namespace::RULE];
