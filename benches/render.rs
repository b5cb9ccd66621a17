//! What a render costs, part by part: `cargo bench`.
//!
//! Whole commands are timed from outside (the README says how); here is where the time goes inside of one.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use divan::Bencher;
use fluxwright::catalog::Catalog;
use fluxwright::cluster::{Allowed, Cluster};
use fluxwright::disk::LocalDisk;
use fluxwright::plan::Plan;
use fluxwright::problem::{Problems, Source};
use fluxwright::profile::Profile;

const MAELSTROM: &str = include_str!("../fixtures/clusters/maelstrom/profile.yaml");
const MINIMAL: &str = include_str!("../fixtures/clusters/minimal/profile.yaml");

fn main() {
    divan::main();
}

fn source(case: &str) -> Arc<Source> {
    Source::new("profile.yaml", if case == "maelstrom" { MAELSTROM } else { MINIMAL })
}

#[divan::bench(args = ["maelstrom", "minimal"])]
fn profile(case: &str) -> Profile {
    Profile::read(&source(case)).unwrap()
}

#[divan::bench]
fn catalog() -> Catalog {
    Catalog::new(BTreeMap::new()).unwrap()
}

#[divan::bench(args = ["maelstrom", "minimal"])]
fn plan(bencher: Bencher<'_, '_>, case: &str) {
    let (profile, catalog) = (Profile::read(&source(case)).unwrap(), Catalog::new(BTreeMap::new()).unwrap());
    bencher.bench_local(|| Plan::of(&profile, &catalog, &mut Problems::default()).unwrap().units.len());
}

#[divan::bench(args = ["maelstrom", "minimal"])]
fn plan_and_tree(bencher: Bencher<'_, '_>, case: &str) {
    let (profile, catalog) = (Profile::read(&source(case)).unwrap(), Catalog::new(BTreeMap::new()).unwrap());
    bencher.bench_local(|| fluxwright::rendered(&profile, &catalog, &BTreeSet::new()).unwrap());
}

fn cluster(root: &std::path::Path) -> Cluster {
    cluster_of(root, &source("maelstrom"))
}

fn cluster_of(root: &std::path::Path, source: &Arc<Source>) -> Cluster {
    let catalog = Catalog::new(BTreeMap::new()).unwrap();
    Cluster::read(&LocalDisk, root, &catalog, root.join("profile.yaml"), source, false).unwrap().0
}

#[divan::bench]
fn write_a_new_tree(bencher: Bencher<'_, '_>) {
    let prepared = || {
        let folder = tempfile::tempdir().unwrap();
        let cluster = cluster(folder.path());
        (folder, cluster)
    };
    bencher.with_inputs(prepared).bench_local_values(|(folder, cluster)| {
        cluster.write(&LocalDisk, folder.path()).unwrap();
        folder
    });
}

#[divan::bench]
fn compare_with_an_equal_tree(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    cluster(folder.path()).write(&LocalDisk, folder.path()).unwrap();
    bencher.bench_local(|| assert!(cluster(folder.path()).changes.is_empty()));
}

/// What a change costs on top of rendering and comparing: the applied set of the folder, and of what would be written.
#[divan::bench]
fn what_would_be_lost_by_one_changed_value(bencher: Bencher<'_, '_>) {
    let (folder, catalog) = (tempfile::tempdir().unwrap(), Catalog::new(BTreeMap::new()).unwrap());
    cluster(folder.path()).write(&LocalDisk, folder.path()).unwrap();
    let changed = MAELSTROM.replace("size: 4Gi", "size: 5Gi");
    let cluster = cluster_of(folder.path(), &Source::new("profile.yaml", changed.as_str()));
    assert!(!cluster.changes.is_empty());
    let allowed = Allowed { prune_ok: &[], catalog: &catalog, head_follows: false };
    bencher
        .bench_local(|| assert!(cluster.lost_on_disk(&LocalDisk, folder.path(), allowed).unwrap().problems.is_empty()));
}
