//! Secret values that can be read in the repo.

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[];
