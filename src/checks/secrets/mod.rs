//! Secret values that can be read in the repo.
//!
//! `shapes` knows how tokens of well-known services look, `keys` under which names secrets stand, `literals` which texts are no value
//! of their own, `texts` the lines of configuration files, scripts and arguments, and `generated` where a kustomization takes its
//! values from. Nothing of a value gets into a finding: it points to the name beside it, and hides the rest ([`Finding::hiding`]).
//!
//! [`Finding::hiding`]: super::finding::Finding::hiding

mod generated;
mod keys;
mod literals;
mod plain_secret;
mod secret_in_the_open;
mod shapes;
mod texts;

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[&plain_secret::RULE, &secret_in_the_open::RULE];

/// What looks like a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// What it is, for a sentence: `a GitHub token`.
    pub what: &'static str,
    /// Whether it alone opens nothing, or is what everybody would try first.
    pub mild: bool,
}

impl Secret {
    const fn new(what: &'static str) -> Secret {
        Secret { what, mild: false }
    }

    const fn mild(what: &'static str) -> Secret {
        Secret { what, mild: true }
    }
}
