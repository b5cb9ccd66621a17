//! A case is a folder, and the whole output is compared.
//!
//! `fixtures/clusters/<case>/`: `profile.yaml`, the whole tree in `expected/`, the warnings in `findings.txt`.
//! `fixtures/invalid/<case>/`: `profile.yaml` and whatever else the case needs, the exact output in `expected.txt`.
//! A new case is a folder and no Rust; `FLUXWRIGHT_BLESS=1 cargo test --test fixtures` writes what is expected, and the
//! diff is read like any other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn blessing() -> bool {
    std::env::var_os("FLUXWRIGHT_BLESS").is_some()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else if !["expected.txt", "findings.txt", "calls.txt"].contains(&name.to_str().unwrap()) {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// Every file below a folder with its text.
fn files(folder: &Path) -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    if folder.exists() {
        walk(folder, folder, &mut found);
    }
    found
}

/// Runs `render profile.yaml` in a copy of the case, and gives back exit code, standard output and standard error.
fn render(case: &Path, arguments: &[&str]) -> (tempfile::TempDir, i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    copy(case, folder.path());
    let output = Command::new(env!("CARGO_BIN_EXE_fluxwright"))
        .args(["render", "profile.yaml"])
        .args(arguments)
        .current_dir(&folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (folder, output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn compare(path: &Path, actual: &str, wrong: &mut Vec<String>) {
    if blessing() {
        fs::write(path, actual).unwrap();
    } else if fs::read_to_string(path).unwrap_or_default() != actual {
        wrong.push(format!("{} differs; it should be:\n{actual}", path.display()));
    }
}

#[test]
fn every_cluster_renders_to_its_expected_tree() {
    let mut wrong = Vec::new();
    for case in cases("clusters") {
        let (folder, code, _, stderr) = render(&case, &["--out", "out"]);
        assert_eq!(code, 0, "{}: {stderr}", case.display());
        compare(&case.join("findings.txt"), &stderr, &mut wrong);
        let actual = files(&folder.path().join("out"));
        let expected = case.join("expected");
        if blessing() {
            let _ = fs::remove_dir_all(&expected);
            for (path, text) in &actual {
                fs::create_dir_all(expected.join(path).parent().unwrap()).unwrap();
                fs::write(expected.join(path), text).unwrap();
            }
        }
        let known = files(&expected);
        for path in actual.keys().chain(known.keys()) {
            if actual.get(path) != known.get(path) {
                wrong.push(format!("{}/{path}: {:?}", case.display(), actual.get(path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_invalid_profile_says_what_is_wrong() {
    let mut wrong = Vec::new();
    for case in cases("invalid") {
        let (folder, code, stdout, stderr) = render(&case, &[]);
        assert_eq!(code, 2, "{}: {stdout}{stderr}", case.display());
        assert!(!folder.path().join("clusters").exists(), "{}: nothing is written", case.display());
        compare(&case.join("expected.txt"), &format!("{stdout}{stderr}"), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_enough_invalid_cases_and_codes() {
    let text: Vec<String> =
        cases("invalid").iter().filter_map(|case| fs::read_to_string(case.join("expected.txt")).ok()).collect();
    let codes: std::collections::BTreeSet<&str> =
        text.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("error FW")?.get(..3)).collect();
    assert!(text.len() >= 40, "{} cases", text.len());
    assert!(codes.len() >= 30, "{} codes", codes.len());
}

/// What is in the catalog goes together: the case `everything` has all of it, but for what excludes another of its components.
#[test]
fn everything_is_in_one_cluster() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("fixtures/clusters/everything/profile.yaml")).unwrap();
    let profile: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let stores = profile["secrets"]["stores"].as_sequence().unwrap();
    let has_store = |name: &str| stores.iter().any(|store| store["provider"].as_str() == Some(name));
    let has_component = |name: &str| profile["components"].get(name).is_some();
    let folders = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root.join("templates").join(folder)).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    };
    let described = |name: &str| -> serde_yaml::Value {
        let path = root.join(format!("templates/components/{name}/component.yaml"));
        serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let list = |component: &serde_yaml::Value, key: &str| component[key].as_sequence().cloned().unwrap_or_default();
    let provided: Vec<serde_yaml::Value> = folders("components")
        .iter()
        .filter(|name| has_component(name))
        .flat_map(|name| list(&described(name), "provides"))
        .collect();
    let missing: Vec<String> = folders("components").into_iter().filter(|name| !has_component(name)).collect();
    for name in &missing {
        let excluded = list(&described(name), "conflicts").iter().any(|capability| provided.contains(capability));
        assert!(excluded, "{name} could be in it");
    }
    assert!(missing.len() < 3, "{missing:?}");
    assert!(folders("stores").iter().all(|name| has_store(name)), "a kind of store is missing");
}
