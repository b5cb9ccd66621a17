//! What Flux's substitution of variables makes of an object.

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[];
