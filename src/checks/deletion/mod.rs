//! What Flux would delete one day, with all that hangs on it.

mod operator_with_its_kinds;
mod pruned;
mod unguarded;

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[&unguarded::RULE, &operator_with_its_kinds::RULE];
