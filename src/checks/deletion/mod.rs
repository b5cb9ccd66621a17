//! What Flux would delete one day, with all that hangs on it.

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[];
