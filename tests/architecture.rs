//! Rules of taste that matter: the picture of imports, one door to each outside thing, a header on every file, and no
//! component's name in the code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The room of a file below `src/`: its first folder, or its own name.
fn room(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// A file's code: without comments, and without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The rooms that some code names behind `crate::`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let names = rest.strip_prefix('{').map_or(rest, |group| group.split('}').next().unwrap());
        let several = rest.starts_with('{');
        for name in names.split(if several { ',' } else { ';' }).take(if several { usize::MAX } else { 1 }) {
            let name: String = name.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            rooms.insert(name);
        }
    }
    rooms
}

/// The picture in docs/ARCHITECTURE.md.
fn picture() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let block = text.split("<!-- imports -->").nth(1).unwrap().split("```").nth(1).unwrap();
    let line = |line: &str| {
        let (room, may) = line.split_once('→')?;
        Some((room.trim().to_owned(), may.split_whitespace().map(str::to_owned).collect()))
    };
    block.lines().filter_map(line).collect()
}

#[test]
fn imports_are_those_of_the_picture() {
    let rooms: BTreeSet<String> = rust_files(&root().join("src")).iter().map(|path| room(path)).collect();
    let mut actual: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in rust_files(&root().join("src")) {
        let own = room(&path);
        if ["lib", "main"].contains(&own.as_str()) {
            continue;
        }
        let named = imports(&code(&path)).into_iter().filter(|name| rooms.contains(name) && *name != own);
        actual.entry(own.clone()).or_default().extend(named);
    }
    assert_eq!(actual, picture());
}

#[test]
fn imports_go_one_way() {
    let picture = picture();
    let mut below: BTreeSet<&String> = BTreeSet::new();
    for _ in 0..picture.len() {
        let free =
            picture.iter().filter(|(_, may)| may.iter().all(|other| below.contains(other))).map(|(room, _)| room);
        below = free.collect();
    }
    assert_eq!(below.len(), picture.len(), "there is a circle among the rooms outside of {below:?}");
}

#[test]
fn every_outside_thing_has_one_door() {
    let doors = [
        ("granit_parser", "yaml"),
        ("serde_saphyr", "yaml"),
        ("minijinja", "template"),
        ("include_dir", "catalog"),
        ("jsonschema", "plan"),
        ("json_patch", "render"),
        ("similar::", "compare"),
        ("std::fs", "disk"),
        ("fs::", "disk"),
        ("walkdir", "disk"),
        ("sha2::", "tree"),
        ("regex::", "flux"),
        ("ignore::", "flux"),
        ("git2", "repo"),
        ("clap", "cli"),
        ("annotate_snippets", "cli"),
        ("anstream", "cli"),
        ("println!", "cli"),
        ("eprint", "cli"),
        ("std::env", "cli"),
        ("env::var", "cli"),
        ("ExitCode", "cli"),
        ("SystemTime", "nowhere"),
        ("Instant", "cli"),
        ("HashSet", "nowhere"),
    ];
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("src")).iter().filter(|path| room(path) != "main") {
        let code = code(path);
        for (thing, door) in doors {
            if code.contains(thing) && room(path) != door {
                wrong.push(format!("{}: {thing}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_components_name_stands_in_the_code() {
    let names = |folder: &str| {
        let folders = fs::read_dir(root().join("templates").join(folder)).unwrap();
        folders.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut names: Vec<String> = names("components").into_iter().chain(names("stores")).collect();
    // What one store reads is what every profile has a section of.
    names.retain(|name| name != "kubernetes");
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("src")) {
        let code = code(&path);
        let quoted = |name: &&String| code.contains(&format!("\"{name}\"")) || code.contains(&format!("/{name}"));
        wrong.extend(names.iter().filter(quoted).map(|name| format!("{}: {name}", path.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests", "benches"] {
        for path in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            // A module's tests are a part of its file and have no job of their own.
            let tests = path.file_name().unwrap() == "tests.rs";
            assert!(text.starts_with("//! ") || tests, "{} has no header", path.display());
        }
    }
}

#[test]
fn no_file_is_a_drawer() {
    let drawers = ["util", "utils", "common", "helper", "helpers", "misc", "core", "manager"];
    for path in rust_files(&root().join("src")) {
        let below = path.strip_prefix(root()).unwrap().with_extension("");
        let drawer = below.components().any(|part| drawers.contains(&part.as_os_str().to_str().unwrap()));
        assert!(!drawer, "{}", path.display());
    }
}
