//! What has to be there before something else, and whether it is waited for.

mod circle_of_kinds;
mod cpi_deadlock;
mod kind_not_waited_for;
mod kind_with_its_operator;
pub mod kinds;
mod need_not_waited_for;
mod needs;
mod short_timeout;
mod status_not_checked;
pub mod waiting;
mod waits_for_nothing;

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[
    &kind_with_its_operator::RULE,
    &kind_not_waited_for::RULE,
    &need_not_waited_for::RULE,
    &waits_for_nothing::RULE,
    &status_not_checked::RULE,
    &short_timeout::RULE,
    &circle_of_kinds::RULE,
    &cpi_deadlock::RULE,
];
