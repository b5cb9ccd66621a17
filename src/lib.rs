//! fluxwright: one cluster profile in; a complete, ordered, reviewable Flux tree out, committed to git.
//!
//! ```text
//! profiles/<name>.yaml ─▶ Profile ─▶ Plan ─▶ Tree ─┬▶ write to disk
//!                         typed      ordered  bytes ├▶ compare with disk or a commit
//!                         checked    units          └▶ commit
//! ```
//!
//! [`rendered`] is everything up to the tree, and every command goes through it. It is pure: no clock, no network, no
//! environment, no disk. Where each room's border is stands at the top of its file; the map is `docs/ARCHITECTURE.md`.

pub mod catalog;
pub mod checks;
pub mod cli;
pub mod cluster;
pub mod compare;
pub mod decode;
pub mod disk;
pub mod error;
pub mod flux;
pub mod pages;
pub mod plan;
pub mod problem;
pub mod profile;
pub mod render;
pub mod repo;
pub mod scaffold;
pub mod schema;
pub mod template;
pub mod texts;
pub mod tree;
pub mod yaml;

use std::collections::BTreeSet;

use catalog::Catalog;
use plan::Plan;
use problem::{Problem, Problems};
use profile::Profile;
use render::Rendered;

/// Renders a profile; `existing` are the paths of the files below its tree today, for what it includes.
///
/// # Errors
/// Everything that is wrong, by place. The warnings come with the tree.
pub fn rendered(
    profile: &Profile,
    catalog: &Catalog,
    existing: &BTreeSet<String>,
) -> Result<(Rendered, Vec<Problem>), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.extend(profile.warnings.iter().cloned());
    let plan = Plan::of(profile, catalog, &mut problems);
    // What is wrong with a plan would only be found again, in other words, in what is made of it.
    let plan = plan.filter(|_| !problems.any_error());
    let tree = plan.and_then(|plan| render::tree(&plan, existing, &mut problems));
    problems.finish(tree)
}
