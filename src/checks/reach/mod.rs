//! What Flux reaches in a repo, what it does not, and what it reaches twice.

mod applied_twice_over;
mod applied_whole;
mod cannot_build;
mod flux_not_listed;
mod missing_path;
mod missing_resource;
mod not_a_manifest;
mod not_resolved;
mod outside_repo;
mod unreached_file;

use super::Rule;

/// The rules.
pub const RULES: &[&Rule] = &[
    &unreached_file::RULE,
    &applied_twice_over::RULE,
    &missing_path::RULE,
    &missing_resource::RULE,
    &applied_whole::RULE,
    &flux_not_listed::RULE,
    &outside_repo::RULE,
    &not_a_manifest::RULE,
    &cannot_build::RULE,
    &not_resolved::RULE,
];
