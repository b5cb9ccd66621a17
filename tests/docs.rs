//! The docs are held to the code: reference pages are written by these tests, and the README's command is run.
//!
//! `FLUXWRIGHT_BLESS=1 cargo test --test docs` writes the pages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fluxwright::catalog::Catalog;
use fluxwright::checks::{GROUPS, rules};
use fluxwright::pages::rules::{Explained, SPEAKERS};
use fluxwright::pages::{self, Subject};
use fluxwright::problem::CODES;
use fluxwright::schema::ONLY_RENDER;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a page with what it should be, or writes it.
fn page(path: &str, text: &str) {
    let path = root().join(path);
    if std::env::var_os("FLUXWRIGHT_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(known, text, "{} is out of date; FLUXWRIGHT_BLESS=1 writes it", path.display());
}

/// The cases that show a code, by their folders.
fn cases_with(code: &str) -> Vec<String> {
    let mut cases = Vec::new();
    for case in fs::read_dir(root().join("fixtures/invalid")).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(case.join("expected.txt")).unwrap_or_default();
        if text.contains(&format!("error {code} ")) || text.contains(&format!("warning {code} ")) {
            cases.push(case.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    cases.sort();
    cases
}

#[test]
fn the_page_of_findings_is_the_table_of_codes() {
    let speakers: Vec<String> = SPEAKERS.iter().map(|(digit, who)| format!("{digit} {who}")).collect();
    let mut text = format!(
        "# Findings\n\nEvery finding has a code that never changes. The first digit says who speaks: {}.\n`fluxwright explain` says the same \
         of one, and more of a rule of `check`. Written by `tests/docs.rs`.\n\n| code | name | what it means | examples |\n|---|---|---|---|\n",
        speakers.join(", ")
    );
    for code in CODES {
        let link = |case: &String| format!("[{case}](../fixtures/invalid/{case}/expected.txt)");
        let examples: Vec<String> = cases_with(code.id).iter().take(2).map(link).collect();
        writeln!(text, "| {} | {} | {} | {} |", code.id, code.name, code.about, examples.join(", ")).unwrap();
    }
    for code in rules().into_iter().map(|rule| rule.code) {
        writeln!(text, "| {} | {} | {} | [{}](checks/{}.md) |", code.id, code.name, code.about, code.name, code.name)
            .unwrap();
    }
    page("docs/findings.md", &text);
}

/// Removes the pages that nothing writes any more, or says that there are some.
fn no_other_pages(folder: &str, expected: &BTreeSet<String>) {
    for name in
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap())
    {
        if expected.contains(&name) {
            continue;
        }
        assert!(
            std::env::var_os("FLUXWRIGHT_BLESS").is_some(),
            "{folder}/{name} is of nothing; FLUXWRIGHT_BLESS=1 removes it"
        );
        fs::remove_file(root().join(folder).join(name)).unwrap();
    }
}

#[test]
fn the_page_of_a_rule_is_what_explain_prints() {
    let mut list = String::from(
        "# The rules of `check`\n\n`fluxwright check` reads any Flux repo as Flux and kustomize read it, and says what would not work, or would \
         hurt. A rule's\npage says why, what does not count, and how a finding is ignored; `fluxwright explain` prints it. Written by \
         `tests/docs.rs`.\n",
    );
    let mut expected = BTreeSet::from(["README.md".to_owned()]);
    for (group, rules) in GROUPS.iter().filter(|(_, rules)| !rules.is_empty()) {
        write!(list, "\n## {group}\n\n| code | name | usually | what it finds |\n|---|---|---|---|\n").unwrap();
        for rule in *rules {
            let (id, name) = (rule.code.id, rule.code.name);
            writeln!(
                list,
                "| {id} | [{name}]({name}.md) | {} | {} |",
                rule.severity,
                rule.code.about.replace('|', "\\|")
            )
            .unwrap();
            let note = format!(
                "Written by `tests/docs.rs` from the rule; `fluxwright explain {name}` prints it. [All rules](README.md)"
            );
            page(&format!("docs/checks/{name}.md"), &format!("{}\n{note}\n", Explained::Rule(rule).page()));
            expected.insert(format!("{name}.md"));
        }
    }
    page("docs/checks/README.md", &list);
    no_other_pages("docs/checks", &expected);
}

#[test]
fn the_page_of_the_schema_has_what_only_render_refuses() {
    let mut text = String::from(
        "# The schema of profiles\n\n`fluxwright schema --write` writes `.fluxwright/profile.schema.json`, the JSON Schema of a repo's profiles with \
         the options of\nits components and stores in it. Editors find it by the first line of a profile:\n\n```yaml\n# yaml-language-server: \
         $schema=../.fluxwright/profile.schema.json\n```\n\nEvery profile that it refuses, `render` refuses. What only `render` refuses has one of \
         these codes. Written by `tests/docs.rs`.\n\n| code | name | what a schema cannot see |\n|---|---|---|\n",
    );
    for (code, why) in ONLY_RENDER {
        writeln!(text, "| {} | {} | {why} |", code.id, code.name).unwrap();
    }
    page("docs/schema.md", &text);
}

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_fluxwright")).args(arguments).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that the program says it has.
fn commands() -> Vec<String> {
    let help = help(&[]);
    let listed = help.split("\nCommands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // A line that goes on from the one above is indented deeper.
    let name = |line: &str| {
        line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?.split(' ').next().map(str::to_owned)
    };
    listed.lines().filter_map(name).filter(|name| name != "help").collect()
}

#[test]
fn the_page_of_a_command_is_its_help() {
    let commands = commands();
    assert!(commands.contains(&"render".to_owned()), "{commands:?}");
    for command in &commands {
        let help = help(&[command]);
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let text = format!("# fluxwright {command}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
        page(&format!("docs/cli/{command}.md"), &text);
    }
    let pages = fs::read_dir(root().join("docs/cli")).unwrap().count();
    assert_eq!(pages, commands.len(), "a page of docs/cli is of no command");
}

/// Where the page of something in the catalog is, below `docs/`.
fn path_of(subject: &Subject) -> String {
    let folder = if matches!(subject, Subject::Store(_)) { "stores" } else { "components" };
    format!("{folder}/{}.md", subject.name())
}

/// The page that names all of them.
const LIST: &str = "components/README.md";

/// A page with links where it names what has a page; on a terminal there are none.
fn linked(text: &str, of: &str, subjects: &[Subject]) -> String {
    let mut text = text.to_owned();
    for subject in subjects.iter().filter(|subject| path_of(subject) != of) {
        let name = format!("`{}`", subject.name());
        let link = format!("[{name}](../{})", path_of(subject));
        text = text.replace(&name, &link);
        // A chart, a default or an option may have the same name, and is something else.
        for before in ["Helm chart ", "Helm chart\n   ", "default "] {
            text = text.replace(&format!("{before}{link}"), &format!("{before}{name}"));
        }
        if of != LIST {
            text = text.replace(&format!("\n- {link}"), &format!("\n- {name}"));
        }
    }
    text
}

#[test]
fn the_page_of_a_component_or_store_is_what_the_program_prints() {
    let catalog = Catalog::new(BTreeMap::new()).unwrap();
    let subjects = pages::all(&catalog).unwrap();
    for subject in &subjects {
        let path = path_of(subject);
        let text = linked(&subject.page(&catalog), &path, &subjects);
        let note = format!(
            "Written by `tests/docs.rs` from `templates/{}/`; `fluxwright components {}` prints it.",
            path.trim_end_matches(".md"),
            subject.name()
        );
        page(&format!("docs/{path}"), &format!("{text}\n{note}\n"));
    }
    let list = linked(&pages::list(&subjects), LIST, &subjects);
    let note = "Written by `tests/docs.rs` from `templates/`; `fluxwright components` prints it, with a repo's own components.";
    page("docs/components/README.md", &format!("{list}\n{note}\n"));
    let expected: BTreeSet<String> = subjects.iter().map(path_of).chain([LIST.to_owned()]).collect();
    let files = |folder: &str| {
        let entries = fs::read_dir(root().join("docs").join(folder)).unwrap();
        entries.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap())).collect::<Vec<_>>()
    };
    let there: BTreeSet<String> = ["components", "stores"].into_iter().flat_map(files).collect();
    assert_eq!(there, expected, "a page is of no component");
}

/// The first block of a kind in the README.
fn block(kind: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    readme.split(&format!("```{kind}\n")).nth(1).unwrap().split("```").next().unwrap().trim().to_owned()
}

#[test]
#[cfg(unix)]
fn the_readmes_first_command_leaves_a_repo_with_the_tree_committed() {
    let folder = tempfile::tempdir().unwrap();
    let command = block("sh").replace("cargo run -q --release --", env!("CARGO_BIN_EXE_fluxwright"));
    assert!(command.contains(env!("CARGO_BIN_EXE_fluxwright")), "{command}");
    let run = |program: &str, arguments: &[&str], at: &Path| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(at)
            .env("HOME", folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    };
    run("sh", &["-c", &command], folder.path());
    let repo = folder.path().join("target/infra");
    assert_eq!(run("git", &["status", "--porcelain"], &repo), "");
    let files = run("git", &["ls-tree", "-r", "--name-only", "HEAD"], &repo);
    assert!(files.lines().any(|file| file == "clusters/homelab/kustomizations/storage.yaml"), "{files}");
    assert!(files.lines().any(|file| file == "profiles/homelab.yaml"), "{files}");
    // One line of the profile, one object of the tree.
    let profile = fs::read_to_string(repo.join("profiles/homelab.yaml")).unwrap();
    let scaled = profile.replace("- name: md-0\n        count: 2", "- name: md-0\n        count: 3");
    assert_ne!(profile, scaled);
    fs::write(repo.join("profiles/homelab.yaml"), scaled).unwrap();
    run(env!("CARGO_BIN_EXE_fluxwright"), &["render", "--commit", "--author", "Me <me@example.com>"], &repo);
    assert_eq!(run("git", &["status", "--porcelain"], &repo), "");
    let changed = run("git", &["show", "--name-only", "--format=", "HEAD"], &repo);
    let tree: Vec<&str> = changed.lines().filter(|file| !file.ends_with(".lock")).collect();
    assert_eq!(tree, ["clusters/homelab/eksa-system/eksa-cluster.yaml", "profiles/homelab.yaml"]);
    run("sh", &["-c", &command], folder.path());
}

#[test]
fn the_readme_counts_right() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let profile = fs::read_to_string(root().join("fixtures/clusters/maelstrom/profile.yaml")).unwrap();
    let lines = profile.lines().count();
    assert!(readme.contains(&format!("profiles/maelstrom.yaml ({lines} lines)")), "{lines} lines");
    let tree = root().join("fixtures/clusters/maelstrom/expected/clusters/maelstrom");
    let lock = fs::read_to_string(tree.join(".fluxwright.lock")).unwrap();
    let seeds = fs::read_dir(tree.join("flux-system")).unwrap().count();
    assert!(
        readme.contains(&format!("({} files, yours", lock.lines().count() + seeds)),
        "{}",
        lock.lines().count() + seeds
    );
}
