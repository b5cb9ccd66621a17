//! What Flux reaches in a repo, what it does not, and what it reaches twice.

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[];
