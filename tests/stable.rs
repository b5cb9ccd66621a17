//! The same profile gives the same bytes, anywhere and again; and what the program prints while it does.
//!
//! In: rendered repos in temporary folders. Not here: whether the bytes are right (`fixtures.rs`), what is refused
//! (`refusals.rs`), commits (`commit.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Stdio;

use repo_builder::{Repo, below, profile};
use serde_json::Value;

/// A repo with many small clusters, `c01` and so on.
fn many(count: usize) -> Repo {
    let repo = Repo::minimal();
    repo.remove("profiles/minimal.yaml");
    for number in 1..=count {
        let text = profile("minimal").replace("  name: minimal\n", &format!("  name: c{number:02}\n"));
        repo.write(&format!("profiles/c{number:02}.yaml"), &text);
    }
    repo
}

/// Inode, time of change and length of each file.
fn marks(repo: &Repo) -> BTreeMap<String, (u64, i64, i64, u64)> {
    let mark = |path: &String| {
        let metadata = fs::symlink_metadata(repo.path(path)).unwrap();
        (metadata.ino(), metadata.ctime(), metadata.ctime_nsec(), metadata.len())
    };
    repo.files().into_keys().map(|path| (path.clone(), mark(&path))).collect()
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The paths of files that differ between two looks at a folder.
fn differing(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

#[test]
fn a_second_render_touches_no_file() {
    let repo = Repo::new();
    repo.fluxwright(&["render"]).done();
    let before = marks(&repo);
    assert_eq!(repo.fluxwright(&["render"]).done(), "maelstrom: up to date\n");
    assert_eq!(marks(&repo), before);
    repo.fluxwright(&["render", "--discard-edits"]).done();
    repo.fluxwright(&["render", "--check"]).done();
    assert_eq!(marks(&repo), before);
}

#[test]
fn only_the_files_that_differ_are_touched() {
    let repo = Repo::new();
    repo.fluxwright(&["render"]).done();
    let before = marks(&repo);
    repo.replace("profiles/maelstrom.yaml", "size: 4Gi", "size: 5Gi");
    repo.fluxwright(&["render"]).done();
    let after = marks(&repo);
    let touched: Vec<&str> =
        after.iter().filter(|(path, mark)| before[*path] != **mark).map(|(p, _)| p.as_str()).collect();
    let expected = [
        "clusters/maelstrom/.fluxwright.lock",
        "clusters/maelstrom/storage-tester/restore/app.yaml",
        "clusters/maelstrom/storage-tester/write/app.yaml",
        "profiles/maelstrom.yaml",
    ];
    assert_eq!(touched, expected);
}

#[test]
fn the_bytes_are_the_same_in_any_surroundings() {
    let expected = {
        let repo = Repo::new();
        repo.fluxwright(&["render"]).done();
        repo.files()
    };
    let surroundings: [&[(&str, &str)]; 5] = [
        &[("LC_ALL", "tr_TR.UTF-8"), ("LANG", "tr_TR.UTF-8")],
        &[("TZ", "Pacific/Kiritimati")],
        &[("RAYON_NUM_THREADS", "1")],
        &[("RAYON_NUM_THREADS", "8")],
        &[
            ("LC_ALL", "C"),
            ("SOURCE_DATE_EPOCH", "0"),
            ("USER", "somebody"),
            ("HOME", "/nonexistent"),
            ("COLUMNS", "20"),
        ],
    ];
    for surrounding in surroundings {
        let mut repo = Repo::new();
        surrounding.iter().for_each(|(name, value)| repo.set(name, value));
        repo.fluxwright(&["render"]).done();
        assert!(repo.files() == expected, "{surrounding:?}: {:?}", differing(&expected, &repo.files()));
    }
}

#[test]
fn the_bytes_are_the_same_with_another_umask_and_the_modes_follow_it() {
    let (one, other) = (Repo::new(), Repo::new());
    one.fluxwright(&["render"]).done();
    for (umask, mode) in [("077", 0o600), ("002", 0o664)] {
        let mut shell = other.command("sh");
        let line = format!("umask {umask}; exec \"$0\" \"$@\"");
        let output = shell.args(["-c", &line, env!("CARGO_BIN_EXE_fluxwright"), "render"]).output().unwrap();
        assert!(output.status.success());
        assert!(one.files() == other.files());
        let metadata = fs::metadata(other.path("clusters/maelstrom/kustomization.yaml")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
        other.remove("clusters");
    }
}

#[test]
fn the_bytes_are_the_same_from_another_folder() {
    let expected = {
        let repo = Repo::new();
        repo.fluxwright(&["render"]).done();
        repo.files()
    };
    let from_below = Repo::new();
    let mut command = from_below.program(&["render"]);
    assert!(command.current_dir(from_below.path("profiles")).output().unwrap().status.success());
    assert!(from_below.files() == expected);
    for root in ["../infra", "absolute"] {
        let repo = Repo::new();
        let absolute = repo.root.to_str().unwrap().to_owned();
        let root = if root == "absolute" { absolute.as_str() } else { root };
        let mut command = repo.program(&["-C", root, "render"]);
        assert!(command.current_dir(repo.beside("home")).output().unwrap().status.success());
        assert!(repo.files() == expected, "{root}");
        assert!(below(&repo.beside("home")).is_empty());
    }
}

#[test]
fn many_clusters_at_once_are_the_same_as_one_after_the_other() {
    let (at_once, in_turn) = (many(12), many(12));
    at_once.fluxwright(&["render"]).done();
    for number in (1..=12).rev() {
        in_turn.fluxwright(&["render", &format!("c{number:02}")]).done();
    }
    assert!(at_once.files() == in_turn.files());
}

#[test]
fn another_folder_can_be_the_root() {
    let repo = Repo::minimal();
    repo.fluxwright(&["render", "--out", "elsewhere"]).done();
    assert!(!repo.exists("clusters"));
    let written = below(&repo.path("elsewhere"));
    repo.fluxwright(&["render"]).done();
    assert!(written == below(&repo.root).into_iter().filter(|(path, _)| path.starts_with("clusters/")).collect());
    repo.fluxwright(&["render", "--out", "elsewhere", "--check"]).done();
}

#[test]
fn check_is_quiet_after_a_render_and_writes_nothing() {
    let repo = Repo::new();
    let before = repo.state();
    let said = repo.fluxwright(&["render", "--check"]).differs();
    assert!(said.starts_with("maelstrom: 52 would be created\n"), "{said}");
    assert!(before == repo.state());
    repo.fluxwright(&["render"]).done();
    assert_eq!(repo.fluxwright(&["render", "--check"]).done(), "maelstrom: up to date\n");
}

#[test]
fn one_changed_line_changes_only_what_it_is_about() {
    let cases: [(&str, &str, &[&str]); 3] = [
        (
            "size: 4Gi",
            "size: 5Gi",
            &[".fluxwright.lock", "storage-tester/restore/app.yaml", "storage-tester/write/app.yaml"],
        ),
        ("version: 2.9.0", "version: 2.8.0", &[".fluxwright.lock", "external-secrets/app/helmrelease.yaml"]),
        (
            "version: 8.2.1",
            "version: 8.2.0",
            &[
                ".fluxwright.lock",
                "kustomizations/snapshot-controller.yaml",
                "sources/kubernetes-csi-external-snapshotter.yaml",
            ],
        ),
    ];
    for (from, to, expected) in cases {
        let repo = Repo::new();
        repo.fluxwright(&["render"]).done();
        let before = below(&repo.path("clusters/maelstrom"));
        repo.replace("profiles/maelstrom.yaml", from, to);
        repo.fluxwright(&["render"]).done();
        assert_eq!(differing(&before, &below(&repo.path("clusters/maelstrom"))), expected, "{to}");
        repo.replace("profiles/maelstrom.yaml", to, from);
        repo.fluxwright(&["render"]).done();
        assert!(before == below(&repo.path("clusters/maelstrom")), "and back");
    }
}

#[test]
fn a_comment_in_the_profile_changes_nothing() {
    let repo = Repo::new();
    repo.fluxwright(&["render"]).done();
    repo.write("profiles/maelstrom.yaml", &format!("# mine\n{}", profile("maelstrom")));
    assert_eq!(repo.fluxwright(&["render"]).done(), "maelstrom: up to date\n");
}

#[test]
fn files_are_printed_as_they_would_be_written() {
    let repo = Repo::minimal();
    let paths = ["kustomization.yaml", "releases/podinfo/helmrelease.yaml"];
    let before = repo.state();
    let one = repo.fluxwright(&["render", "--stdout", paths[0]]).done();
    let full = repo.fluxwright(&["render", "--stdout", &format!("clusters/minimal/{}", paths[0])]).done();
    let two = repo.fluxwright(&["render", "--stdout", paths[1], "--stdout", paths[0]]).done();
    assert!(before == repo.state());
    repo.fluxwright(&["render"]).done();
    let read = |path: &str| repo.read(&format!("clusters/minimal/{path}"));
    assert_eq!((one, full), (read(paths[0]), read(paths[0])));
    assert_eq!(two, read(paths[1]) + &read(paths[0]));
}

#[test]
fn a_file_that_is_not_in_the_tree_is_refused_with_the_nearest_name() {
    let repo = Repo::minimal();
    let says = "error FW305 not-in-tree: the tree of minimal has no file `kustomization.yml`
 |
 = hint: did you mean `kustomization.yaml`?

";
    assert_eq!(repo.refuses(&["render", "--stdout", "kustomization.yml"]), says);
    let says = "error FW305 not-in-tree: the tree of minimal has no file `zzz`
 |
 = hint: paths are as below the tree's folder

";
    assert_eq!(repo.refuses(&["render", "--stdout", "zzz"]), says);
}

#[test]
fn nothing_is_printed_when_one_of_the_files_is_unknown() {
    let repo = Repo::minimal();
    repo.refuses(&["render", "--stdout", "kustomization.yaml", "--stdout", "zzz"]);
}

#[test]
fn files_of_several_clusters_are_not_printed() {
    let repo = many(2);
    let says = "error FW601 bad-argument: --stdout takes the files of one cluster, and there are several profiles
 |
 = hint: fluxwright render --help

";
    assert_eq!(repo.refuses(&["render", "--stdout", "kustomization.yaml"]), says);
    repo.fluxwright(&["render", "c01", "--stdout", "kustomization.yaml"]).done();
}

#[test]
fn without_a_profile_all_are_rendered() {
    let repo = many(3);
    repo.write("profiles/README.md", "mine\n");
    let said = repo.fluxwright(&["render"]).done();
    let expected = "c01: 19 created in clusters/c01
c02: 19 created in clusters/c02
c03: 19 created in clusters/c03
";
    assert_eq!(said, expected);
    assert_eq!(repo.fluxwright(&["render"]).done(), "3 clusters: up to date\n");
}

#[test]
fn a_profile_is_taken_by_name_and_by_path() {
    let repo = many(3);
    repo.fluxwright(&["render", "c02"]).done();
    assert!(repo.exists("clusters/c02") && !repo.exists("clusters/c01"));
    repo.fluxwright(&["render", "profiles/c03.yaml"]).done();
    assert!(repo.exists("clusters/c03") && !repo.exists("clusters/c01"));
    let absolute = repo.path("profiles/c01.yaml");
    repo.fluxwright(&["render", absolute.to_str().unwrap()]).done();
    assert!(repo.exists("clusters/c01"));
    let mut below = repo.program(&["render", "--check", "c03.yaml"]);
    assert!(below.current_dir(repo.path("profiles")).output().unwrap().status.success());
}

#[test]
fn a_profile_that_is_named_twice_is_rendered_once() {
    let repo = Repo::minimal();
    let said = repo.fluxwright(&["render", "minimal", "profiles/minimal.yaml"]).done();
    assert!(said.starts_with("minimal: 19 created in clusters/minimal\n"));
}

#[test]
fn an_unknown_profile_is_refused_with_the_nearest_name() {
    let repo = Repo::minimal();
    let says = "error FW407 nothing-to-render: there is no profile `nimimal`
--> profiles
 = hint: did you mean `minimal`?

";
    assert_eq!(repo.refuses(&["render", "nimimal"]), says);
    let says = "error FW407 nothing-to-render: there is no profile `zzz`
--> profiles
 = hint: the profiles are: minimal

";
    assert_eq!(repo.refuses(&["render", "zzz"]), says);
}

#[test]
fn a_repo_without_profiles_is_refused() {
    let repo = Repo::minimal();
    repo.remove("profiles");
    let says = "error FW407 nothing-to-render: there is no profile here
--> profiles
 = hint: put one into profiles/<name>.yaml, or name a file: fluxwright render path/to/profile.yaml

";
    assert_eq!(repo.refuses(&["render"]), says);
}

const CLUSTER: [&str; 6] = ["edited", "files", "name", "path", "units", "upToDate"];
const FINDING: [&str; 10] = ["because", "chain", "code", "column", "detail", "file", "hint", "line", "name", "says"];

#[test]
fn a_render_is_told_as_json() {
    let repo = Repo::minimal();
    let check = json(&repo.fluxwright(&["render", "--check", "--format", "json"]).differs());
    let told = json(&repo.fluxwright(&["render", "--format", "json"]).done());
    assert_eq!(check, told, "a check tells what a render would");
    assert_eq!(keys(&told), BTreeSet::from(["clusters", "commit", "findings"]));
    assert_eq!((&told["commit"], &told["findings"]), (&Value::Null, &Value::Array(Vec::new())));
    let cluster = &told["clusters"][0];
    assert_eq!(keys(cluster), BTreeSet::from(CLUSTER));
    assert_eq!((cluster["name"].as_str(), cluster["path"].as_str()), (Some("minimal"), Some("clusters/minimal")));
    assert_eq!(cluster["upToDate"], Value::Bool(false));
    let files = cluster["files"].as_array().unwrap();
    assert_eq!(files.len(), 19);
    for file in files {
        assert_eq!(keys(file), BTreeSet::from(["change", "path"]));
        assert!(repo.exists(file["path"].as_str().unwrap()) && file["change"] == "created");
    }
    let created: u64 = cluster["units"].as_array().unwrap().iter().map(|unit| unit["created"].as_u64().unwrap()).sum();
    assert_eq!(created, 19);
    assert_eq!(keys(&cluster["units"][0]), BTreeSet::from(["changed", "created", "deleted", "name"]));
    let check = json(&repo.fluxwright(&["render", "--check", "--format", "json"]).done());
    assert_eq!(check["clusters"][0]["upToDate"], Value::Bool(true));
    assert_eq!(check["clusters"][0]["files"], Value::Array(Vec::new()));
}

#[test]
fn an_edited_file_is_told_as_json() {
    let repo = Repo::minimal();
    repo.fluxwright(&["render"]).done();
    repo.write("clusters/minimal/kustomization.yaml", "mine: true\n");
    let check = json(&repo.fluxwright(&["render", "--check", "--format", "json"]).differs());
    assert_eq!(check["clusters"][0]["edited"][0], "clusters/minimal/kustomization.yaml");
    assert_eq!(check["clusters"][0]["upToDate"], Value::Bool(false));
}

#[test]
fn a_commit_is_told_as_json() {
    let repo = Repo::minimal();
    let told = json(&repo.commit(&["--format", "json"]).done());
    assert_eq!(told["commit"]["id"].as_str().unwrap(), repo.id("HEAD"));
    assert_eq!(told["commit"]["branch"], "main");
    let told = json(&repo.commit(&["--format", "json"]).done());
    assert_eq!(told["commit"], Value::Null);
}

#[test]
fn a_refusal_is_told_as_json() {
    let repo = Repo::minimal();
    repo.write("clusters/minimal/kustomization.yaml", "mine: true\n");
    repo.write("profiles/minimal.yaml", &(profile("minimal") + "nosuch: 1\n"));
    let run = repo.fluxwright(&["render", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    let told = json(&run.stdout);
    assert_eq!(keys(&told), BTreeSet::from(["findings"]));
    let finding = &told["findings"][0];
    assert_eq!(keys(finding), BTreeSet::from(FINDING).into_iter().chain(["severity"]).collect());
    assert_eq!((finding["code"].as_str(), finding["name"].as_str()), (Some("FW108"), Some("unknown-key")));
    assert_eq!(
        (finding["severity"].as_str(), finding["file"].as_str()),
        (Some("error"), Some("profiles/minimal.yaml"))
    );
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(47), Some(1)));
    repo.write("profiles/minimal.yaml", &profile("minimal"));
    let told = json(&repo.fluxwright(&["render", "--check", "--format", "json"]).stdout);
    assert_eq!(told["findings"][0]["code"], "FW401");
    assert_eq!((&told["findings"][0]["line"], &told["findings"][0]["column"]), (&Value::Null, &Value::Null));
}

#[test]
fn trouble_of_the_machine_is_told_as_json() {
    let repo = Repo::minimal();
    repo.git(&["init", "--quiet"]);
    repo.write(".git/refs/heads/main", "nonsense\n");
    let run = repo.commit(&["--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    assert!(json(&run.stdout)["error"].as_str().unwrap().starts_with("git cannot read HEAD in "));
}

#[test]
fn at_most_fifteen_lines_are_said() {
    for repo in [Repo::new(), many(40)] {
        let said = repo.fluxwright(&["render", "--check"]).differs();
        assert!(lines(&said) <= 15, "{said}");
        assert!(said.lines().last().unwrap().ends_with(" more lines; -v says all"), "{said}");
        let said = repo.fluxwright(&["render"]).done();
        assert!(lines(&said) <= 15, "{said}");
        let said = repo.commit(&["-m", "x"]).done();
        assert!(lines(&said) <= 15, "{said}");
    }
    for repo in [Repo::new(), many(40)] {
        let said = repo.commit(&[]).done();
        assert!(lines(&said) <= 15, "{said}");
        assert!(said.lines().last().unwrap().starts_with("committed "), "{said}");
    }
}

#[test]
fn the_lines_that_are_left_out_are_counted() {
    let repo = many(40);
    let whole = repo.fluxwright(&["render", "--check", "-v"]).differs();
    let said = repo.fluxwright(&["render", "--check"]).differs();
    let last = said.lines().last().unwrap();
    assert_eq!(last, format!("  … {} more lines; -v says all", lines(&whole) - 14));
}

#[test]
fn every_file_is_named_when_it_is_asked_for() {
    let repo = Repo::new();
    let said = repo.fluxwright(&["render", "-v"]).done();
    let named: BTreeSet<String> =
        said.lines().filter_map(|line| line.strip_prefix("  created  ")).map(str::to_owned).collect();
    let written: BTreeSet<String> =
        repo.files().into_keys().filter(|path| path.starts_with("clusters/") && !path.ends_with(".lock")).collect();
    assert_eq!(named, written);
    repo.replace("profiles/maelstrom.yaml", "size: 4Gi", "size: 5Gi");
    let said = repo.fluxwright(&["render", "--check", "--verbose"]).differs();
    let expected = "maelstrom: 2 would be changed
  would be changed  clusters/maelstrom/storage-tester/restore/app.yaml
  would be changed  clusters/maelstrom/storage-tester/write/app.yaml
";
    assert_eq!(said, expected);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let repo = many(40);
    let runs: [(&[&str], i32); 6] = [
        (&["render", "--check", "-v"], 1),
        (&["render", "--check", "--format", "json"], 1),
        (&["render", "c01", "--stdout", "kustomization.yaml"], 0),
        (&["render", "-v"], 0),
        (&["render", "--format", "json"], 0),
        (&["render", "nosuch", "--format", "json"], 2),
    ];
    for (arguments, code) in runs {
        let mut command = repo.program(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let says = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), says.as_str()), (Some(code), ""), "{arguments:?}");
    }
    let mut child = repo.program(&["render", "nosuch"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

/// `render --stdout x > file` says 0 and the file is empty.
#[test]
fn a_full_disk_below_standard_output_is_an_error_and_no_panic() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no /dev/full here");
        return;
    };
    let repo = Repo::minimal();
    for arguments in [&["render", "--stdout", "kustomization.yaml"][..], &["render"], &["render", "--format", "json"]] {
        let output = repo.program(arguments).stdout(full.try_clone().unwrap()).output().unwrap();
        let says = String::from_utf8(output.stderr).unwrap();
        assert!(!says.contains("panicked"), "{arguments:?}: {says}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn exit_codes_are_zero_one_and_two() {
    let repo = Repo::minimal();
    let code = |arguments: &[&str]| repo.fluxwright(arguments).code;
    assert_eq!(code(&["render", "--check"]), 1);
    assert_eq!(code(&["render"]), 0);
    assert_eq!(code(&["render", "--check"]), 0);
    assert_eq!(code(&["render", "nosuch"]), 2);
    assert_eq!(code(&["render", "--nosuch"]), 2);
    assert_eq!(code(&["nosuch"]), 2);
    assert_eq!(code(&[]), 2);
    assert_eq!(code(&["render", "--check", "--commit"]), 2);
    assert_eq!(code(&["render", "-m", "without a commit"]), 2);
    assert_eq!(code(&["-C", "nosuch", "render"]), 2);
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["--version"]), 0);
}

#[test]
fn a_folder_that_is_not_there_is_refused() {
    let repo = Repo::minimal();
    let says = "error FW601 bad-argument: there is no folder `nosuch`\n |\n = hint: fluxwright render --help\n\n";
    assert_eq!(repo.refuses(&["-C", "nosuch", "render"]), says);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_with_its_path() {
    let repo = Repo::minimal();
    if String::from_utf8(repo.command("id").arg("-u").output().unwrap().stdout).unwrap().trim() == "0" {
        eprintln!("skipped: root may write everywhere");
        return;
    }
    fs::create_dir_all(repo.path("clusters/minimal")).unwrap();
    let mode = |mode| fs::set_permissions(repo.path("clusters/minimal"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let run = repo.fluxwright(&["render"]);
    mode(0o755);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: cannot ") && run.stderr.contains("clusters/minimal"), "{}", run.stderr);
    assert!(below(&repo.path("clusters/minimal")).is_empty());
    repo.fluxwright(&["render"]).done();
}
