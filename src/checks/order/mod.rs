//! What has to be there before something else, and whether it is waited for.

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[];
