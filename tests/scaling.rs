//! What a small change of a profile changes in the tree: no more than it says.
//!
//! A cluster of `fixtures/clusters` is rendered before and after one line of its profile is another, and the two trees are
//! compared file by file and object by object.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize as _;

/// The rendered files of a profile, by path; the lock, which has every file's hash, is left out.
fn rendered(profile: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("profile.yaml"), profile).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxwright"));
    let output = command.args(["render", "profile.yaml", "--out", "out"]).current_dir(&folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = folder.path().join("out");
    let entries = walkdir::WalkDir::new(&out).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file() && entry.file_name() != ".fluxwright.lock");
    let read = |path: &Path| {
        (path.strip_prefix(&out).unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    files.map(|entry| read(entry.path())).collect()
}

/// The documents of a file.
fn documents(text: &str) -> Vec<serde_yaml::Value> {
    serde_yaml::Deserializer::from_str(text).map(|one| serde_yaml::Value::deserialize(one).unwrap()).collect()
}

#[test]
fn one_more_worker_is_one_line_and_one_object() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters/homelab/profile.yaml");
    let before = fs::read_to_string(fixture).unwrap();
    let after = before.replace("      - name: md-0\n        count: 2\n", "      - name: md-0\n        count: 3\n");
    let lines = |one: &str, other: &str| one.lines().zip(other.lines()).filter(|(one, other)| one != other).count();
    assert_eq!(lines(&before, &after), 1);

    let (before, after) = (rendered(&before), rendered(&after));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let changed: Vec<&String> = before.keys().filter(|path| before[*path] != after[*path]).collect();
    assert_eq!(changed, ["clusters/homelab/eksa-system/eksa-cluster.yaml"]);

    let (before, after) = (&before[changed[0]], &after[changed[0]]);
    assert_eq!(before.lines().count(), after.lines().count());
    assert_eq!(lines(before, after), 1);
    let (before, after) = (documents(before), documents(after));
    let changed: Vec<&serde_yaml::Value> =
        after.iter().zip(&before).filter(|(one, other)| one != other).map(|(one, _)| one).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["kind"], "Cluster");
    assert_eq!(changed[0]["spec"]["workerNodeGroupConfigurations"][0]["count"], 3);
}

#[test]
fn a_group_that_comes_changes_no_other_groups_machines() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters/homelab/profile.yaml");
    let before = fs::read_to_string(fixture).unwrap();
    let group = "    workers:\n      - name: big\n        count: 1\n        numCPUs: 8\n";
    let after = before.replacen("    workers:\n", group, 1);
    let file = "clusters/homelab/eksa-system/eksa-cluster.yaml";
    let (before, after) = (documents(&rendered(&before)[file]), documents(&rendered(&after)[file]));
    let machines = |documents: &[serde_yaml::Value]| {
        let machines = documents.iter().filter(|one| one["kind"] == "VSphereMachineConfig");
        let named = |one: &serde_yaml::Value| (one["metadata"]["name"].as_str().unwrap().to_owned(), one.clone());
        machines.map(named).collect::<BTreeMap<_, _>>()
    };
    let (before, mut after) = (machines(&before), machines(&after));
    let new = after.remove("homelab-big").unwrap();
    assert_eq!(new["spec"]["numCPUs"], 8);
    assert_eq!(before, after);
}
