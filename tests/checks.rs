//! `fluxwright check`: each rule fires where it should, and is silent where something only looks like it.
//!
//! `fixtures/checks/<name>/fires/` and `…/silent/` are small repos, with all that `check` says of each in `findings.txt` beside them
//! (`fires.txt`, `silent.txt`). `fixtures/walkthroughs/<name>/repo/` is what a reader of a walkthrough ends up with; `defects.txt` says
//! what is wrong there, and `findings.txt` what is said of it. `FLUXWRIGHT_BLESS=1 cargo test --test checks` writes what is said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fluxwright::checks::{GROUPS, rules};
use serde_json::Value;

fn fixtures(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind)
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// What `check` says of a copy of a folder, with the exit code in the first line and without the time in the last.
fn said(repo: &Path, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    copy(repo, folder.path());
    fs::create_dir_all(folder.path().join(".git")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxwright"));
    let output = command.arg("check").args(arguments).current_dir(&folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let out = text(output.stdout);
    let out = out.rsplit_once(" (").filter(|_| arguments.is_empty()).map_or(out.as_str(), |(before, _)| before);
    format!("exit code {}\n{}{}\n", output.status.code().unwrap(), text(output.stderr), out.trim_end())
}

fn compare(path: &Path, actual: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("FLUXWRIGHT_BLESS").is_some() {
        fs::write(path, actual).unwrap();
    } else if fs::read_to_string(path).unwrap_or_default() != actual {
        wrong.push(format!("{} differs; it should be:\n{actual}", path.display()));
    }
}

#[test]
fn each_rule_fires_and_is_silent() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let case = fixtures("checks").join(rule.code.name);
        for (part, fires) in [("fires", true), ("silent", false)] {
            if !case.join(part).is_dir() {
                wrong.push(format!("{} has no case {part}", rule.code.name));
                continue;
            }
            let said = said(&case.join(part), &[]);
            compare(&case.join(format!("{part}.txt")), &said, &mut wrong);
            if said.contains(&format!(" {}: ", rule.code)) != fires {
                wrong.push(format!("{part} of {} does not fit:\n{said}", rule.code.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_case_is_without_a_rule() {
    let known: BTreeSet<String> = rules().iter().map(|rule| rule.code.name.to_owned()).collect();
    let unknown: Vec<String> = names(&fixtures("checks")).difference(&known).cloned().collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// A rule is one file, called after the rule, in the folder of its group.
#[test]
fn every_file_of_a_rule_has_its_row() {
    let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    for (group, rules) in GROUPS.iter().filter(|(group, _)| *group != "Comments") {
        let folder = checks.join(group.to_lowercase());
        let files: BTreeSet<String> =
            names(&folder).into_iter().filter(|name| name != "mod.rs" && name.ends_with(".rs")).collect();
        let rows: BTreeSet<String> =
            rules.iter().map(|rule| format!("{}.rs", rule.code.name.replace('-', "_"))).collect();
        let shared: BTreeSet<&String> = files.difference(&rows).collect();
        let without: Vec<&&String> = shared
            .iter()
            .filter(|name| fs::read_to_string(folder.join(name)).unwrap().contains("pub const RULE: Rule"))
            .collect();
        assert!(without.is_empty(), "{group}: {without:?} have no row");
        assert!(rows.is_subset(&files), "{group}: {:?} are no files", rows.difference(&files).collect::<Vec<_>>());
    }
}

#[test]
fn the_defects_of_the_walkthroughs_are_found() {
    let mut wrong = Vec::new();
    for name in names(&fixtures("walkthroughs")) {
        let case = fixtures("walkthroughs").join(&name);
        compare(&case.join("findings.txt"), &said(&case.join("repo"), &[]), &mut wrong);
        let json = said(&case.join("repo"), &["--format", "json"]);
        let document: Value = serde_json::from_str(json.split_once('\n').unwrap().1).unwrap();
        let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
        for finding in document["findings"].as_array().unwrap() {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            *found.entry((text("name"), text("file"))).or_default() += 1;
        }
        let mut expected: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (rule, file, _) in defects(&name) {
            *expected.entry((rule, file)).or_default() += 1;
        }
        for (defect, count) in expected {
            if found.get(&defect).copied().unwrap_or(0) < count {
                wrong.push(format!("{name}: {count} of {defect:?} should be found"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The defects of a walkthrough: rule, file, why.
fn defects(name: &str) -> Vec<(String, String, String)> {
    let text = fs::read_to_string(fixtures("walkthroughs").join(name).join("defects.txt")).unwrap();
    let defect = |line: &str| {
        let (what, why) = line.split_once('#')?;
        let (rule, file) = what.trim().split_once(' ')?;
        Some((rule.to_owned(), file.trim().to_owned(), why.trim().to_owned()))
    };
    text.lines().filter_map(defect).collect()
}

#[test]
fn the_page_of_the_walkthroughs_lists_their_defects() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/seeds.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut parts = page.split("\n## ").map(str::to_owned).collect::<Vec<_>>();
    for part in parts.iter_mut().skip(1) {
        let name = part.split(':').next().unwrap().to_owned();
        let (before, rest) = part.split_once("<!-- found -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- /found -->").unwrap();
        let line =
            |(rule, file, why): &(String, String, String)| format!("- [{rule}](checks/{rule}.md), `{file}`: {why}\n");
        let lines: String = defects(&name).iter().map(line).collect::<Vec<_>>().concat();
        *part = format!("{before}<!-- found -->\n{lines}<!-- /found -->{after}");
    }
    let mut wrong = Vec::new();
    compare(&path, &parts.join("\n## "), &mut wrong);
    assert!(wrong.is_empty(), "docs/seeds.md is out of date; FLUXWRIGHT_BLESS=1 writes it");
}

/// Makes the folders of the user's own that a profile names.
fn add_own_folders(profile: &Path, repo: &Path) {
    let profile: serde_yaml::Value = serde_yaml::from_str(&fs::read_to_string(profile).unwrap()).unwrap();
    for path in profile["paths"].as_sequence().into_iter().flatten().filter(|path| path.get("source").is_none()) {
        let folder = repo.join(path["path"].as_str().unwrap());
        fs::create_dir_all(&folder).unwrap();
        let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: own\n  namespace: default\n";
        fs::write(folder.join("own.yaml"), object).unwrap();
    }
}

/// What we render ourselves has no errors.
#[test]
fn our_own_trees_give_no_error() {
    let mut wrong = Vec::new();
    for name in names(&fixtures("clusters")) {
        let repo = tempfile::tempdir().unwrap();
        copy(&fixtures("clusters").join(&name).join("expected"), repo.path());
        add_own_folders(&fixtures("clusters").join(&name).join("profile.yaml"), repo.path());
        let said = said(repo.path(), &[]);
        if !said.starts_with("exit code 0\n") || said.contains("error FW") {
            wrong.push(format!("{name}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
