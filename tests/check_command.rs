//! The command `check`: its arguments and exit codes, what a comment does, what a broken file hides, and a commit instead of the disk.
//!
//! What each rule finds is in `tests/checks.rs`, the formats are in `tests/check_formats.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use repo_builder::{Repo, Run};
use serde_json::Value;

/// A ConfigMap without a namespace.
fn stray(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  colour: blue\n")
}

/// The same with one, and so nothing to find.
fn settled(name: &str) -> String {
    stray(name).replace("data:", "  namespace: apps\ndata:")
}

/// A repository on `main` with some files and no commit.
fn repo(files: &[(&str, &str)]) -> Repo {
    let repo = Repo::minimal();
    repo.remove("profiles");
    files.iter().for_each(|(path, text)| repo.write(path, text));
    repo
}

fn found(run: &Run) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    document["findings"].as_array().unwrap().iter().map(|it| (text(it, "name"), text(it, "file"))).collect()
}

/// Which files have an object without a namespace.
fn strays(repo: &Repo, arguments: &[&str]) -> Vec<String> {
    let run = repo.fluxwright(&[&["check", "--only", "no-namespace", "--format", "json"], arguments].concat());
    assert_eq!((run.code > 1, run.stderr.as_str()), (false, ""), "{}", run.stdout);
    found(&run).into_iter().map(|(_, file)| file).collect()
}

#[test]
fn the_exit_code_says_whether_something_as_bad_is_found() {
    let stale = "# fluxwright: ignore no-namespace: no more\n";
    let repo = repo(&[
        ("wrong/a.yaml", &stray("a")),
        ("stale/a.yaml", &format!("{stale}{}", settled("a"))),
        ("right/a.yaml", &settled("a")),
    ]);
    let code = |arguments: &[&str]| {
        let only = ["check", "--only", "no-namespace", "--only", "unused-ignore"];
        let run = repo.fluxwright(&[&only, arguments].concat());
        assert_eq!(run.stderr, "");
        run.code
    };
    assert_eq!((code(&["wrong"]), code(&["stale"]), code(&["right"])), (1, 0, 0));
    assert_eq!((code(&["stale", "--fail-on", "warning"]), code(&["stale", "--fail-on", "note"])), (1, 1));
    assert_eq!((code(&["right", "--fail-on", "note"]), code(&["wrong", "--fail-on", "warning"])), (0, 1));
    assert_eq!((code(&["right", "stale", "wrong"]), code(&["--entry", "wrong"])), (1, 1));
    for format in ["json", "github", "sarif", "markdown"] {
        assert_eq!((code(&["wrong", "--format", format]), code(&["right", "--format", format])), (1, 0), "{format}");
    }
}

#[test]
fn rules_are_chosen_by_code_and_by_name() {
    let stale = "# fluxwright: ignore FW712: no more\n";
    let repo = repo(&[("a/a.yaml", &stray("a")), ("a/b.yaml", &format!("{stale}{}", settled("b")))]);
    let names = |arguments: &[&str]| {
        let run = repo.fluxwright(&[&["check", "a", "--format", "json"], arguments].concat());
        found(&run).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--only", "no-namespace"]), ["no-namespace"]);
    assert_eq!(names(&["--only", "fw712", "--only", "FW796"]), ["no-namespace", "unused-ignore"]);
    assert_eq!(names(&["--only", "FW712", "--skip", "no-namespace"]), [""; 0]);
    // What is not looked for is not missed by its comment.
    let skipped = names(&["--skip", "no-namespace"]);
    assert!(!skipped.contains(&"no-namespace".to_owned()) && !skipped.contains(&"unused-ignore".to_owned()));
}

#[test]
fn what_cannot_be_used_is_said_as_text_and_ends_with_2() {
    let repo = repo(&[("a/a.yaml", &settled("a"))]);
    for format in ["text", "github", "sarif", "markdown"] {
        let refused = |arguments: &[&str]| repo.refuses(&[&["check", "--format", format], arguments].concat());
        let says = refused(&["--only", "no-namespce"]);
        assert!(says.starts_with("error FW601 bad-argument: there is no rule `no-namespce`\n"), "{says}");
        assert!(says.contains("hint: did you mean `no-namespace`?"), "{says}");
        assert!(refused(&["--skip", "FW999"]).contains("there is no rule `FW999`"));
        assert!(refused(&["b"]).contains("there is no folder `b`"));
        assert!(refused(&["--entry", "../elsewhere"]).contains("there is no folder `../elsewhere`"));
    }
    let run = repo.fluxwright(&["check", "--only", "x", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, document["findings"][0]["code"].as_str()), (2, Some("FW601")));
}

#[test]
fn a_comment_with_a_reason_has_a_finding_ignored() {
    let repo = repo(&[
        ("a/document.yaml", &format!("# fluxwright: ignore no-namespace: set by hand\n{}", stray("a"))),
        ("a/line.yaml", &stray("b").replace("name: b", "name: b # fluxwright: ignore fw712: set by hand")),
        ("a/other.yaml", &format!("# fluxwright: ignore unguarded: set by hand\n{}", stray("c"))),
        ("a/bare.yaml", &format!("# fluxwright: ignore no-namespace\n{}", stray("d"))),
    ]);
    assert_eq!(strays(&repo, &["a"]), ["a/bare.yaml", "a/other.yaml"]);
    let run = repo.fluxwright(&["check", "a", "--only", "ignore-without-reason", "--format", "json"]);
    assert_eq!(found(&run), [("ignore-without-reason".to_owned(), "a/bare.yaml".to_owned())]);
}

#[test]
fn a_broken_file_does_not_hide_what_is_in_the_others() {
    let repo = repo(&[
        ("a/broken.yaml", "apiVersion: v1\nkind: [ConfigMap\n"),
        ("a/binary.yaml", "\u{0}\u{1}\u{2}"),
        ("a/stray.yaml", &stray("a")),
        ("b/stray.yaml", &stray("b")),
    ]);
    std::fs::write(repo.path("a/latin.yaml"), b"apiVersion: v1\nkind: ConfigMap\n# gr\xfc\xdfe\n").unwrap();
    let strays = strays(&repo, &["a", "b"]);
    assert!(strays.contains(&"a/stray.yaml".to_owned()) && strays.contains(&"b/stray.yaml".to_owned()), "{strays:?}");
    for format in ["text", "json", "github", "sarif", "markdown"] {
        assert_eq!(repo.fluxwright(&["check", "a", "b", "--format", format]).code, 1, "{format}");
    }
}

#[test]
fn a_commit_is_read_and_not_the_disk() {
    let repo = repo(&[("clusters/x/a.yaml", &stray("a"))]);
    repo.save();
    repo.git(&["tag", "v1"]);
    repo.git(&["tag", "-a", "-m", "first", "v1-annotated"]);
    repo.write("clusters/x/b.yaml", &stray("b"));
    repo.write("clusters/x/a.yaml", &settled("a"));
    repo.save();
    repo.git(&["branch", "side"]);
    // The tree is dirty, a merge of nothing is under way, and what is asked for is gone from the disk.
    repo.remove("clusters");
    repo.write("clusters/y/c.yaml", &stray("c"));
    repo.write(".git/MERGE_HEAD", &repo.id("HEAD"));
    let before = repo.state();
    let (first, second) = (["clusters/x/a.yaml"], ["clusters/x/b.yaml"]);
    let short = &repo.id("v1")[..10];
    for name in ["v1", "v1-annotated", "HEAD~1", "main^", "side~", short, "refs/tags/v1"] {
        assert_eq!(strays(&repo, &["--at", name]), first, "{name}");
    }
    for name in ["main", "HEAD", "side", "@"] {
        assert_eq!(strays(&repo, &["--at", name, "clusters/x"]), second, "{name}");
    }
    assert_eq!(strays(&repo, &["--at", "HEAD", "--entry", "clusters/x"]), second);
    assert_eq!(strays(&repo, &["--at", "HEAD", repo.path("clusters/x").to_str().unwrap()]), second);
    assert_eq!(strays(&repo, &["-C", "clusters/y", "--at", "HEAD", "../x"]), ["../../clusters/x/b.yaml"]);
    assert_eq!(strays(&repo, &[]), ["clusters/y/c.yaml"]);
    assert!(before == repo.state(), "something was written");
}

#[test]
fn a_commit_that_is_not_there_is_said_with_what_to_type() {
    let repo = repo(&[("clusters/x/a.yaml", &settled("a"))]);
    let refused = |arguments: &[&str]| repo.refuses(&[&["check"], arguments].concat());
    assert!(refused(&["--at", "HEAD"]).contains("nothing is committed yet"));
    repo.save();
    repo.git(&["branch", "feature/network"]);
    repo.git(&["update-ref", "refs/remotes/origin/release", "HEAD"]);
    for (name, says, hint) in [
        ("mian", "there is no commit `mian` in this clone", "hint: --at main"),
        ("feature/netwrk", "there is no commit `feature/netwrk` in this clone", "hint: --at feature/network"),
        ("release", "there is no commit `release` in this clone", "hint: --at origin/release"),
        ("v9.9.9-unknown", "there is no commit `v9.9.9-unknown` in this clone", "hint: git fetch --tags origin"),
        ("HEAD~7", "there is no commit `HEAD~7` in this clone", "git branch --all"),
        ("a..b", "`a..b`", "git branch --all"),
        ("HEAD:clusters/x/a.yaml", "`HEAD:clusters/x/a.yaml` is a blob and no commit", "hint: --at HEAD"),
    ] {
        let says_all = refused(&["--at", name]);
        assert!(says_all.contains("error FW601 bad-argument: ") && says_all.contains(says), "{name}: {says_all}");
        assert!(says_all.contains(hint), "{name}: {says_all}");
    }
    assert!(refused(&["--at", "HEAD", "clusters/y"]).contains("there is no folder `clusters/y` in `HEAD`"));
    assert!(refused(&["--at", "HEAD", "../.."]).contains("is outside of the repo"));
    assert!(refused(&["--at", "HEAD", "clusters/x/a.yaml"]).contains("there is no folder"));
}

#[test]
fn without_a_repository_there_is_no_commit() {
    let repo = repo(&[("a/a.yaml", &stray("a"))]);
    repo.remove(".git");
    let says = repo.fluxwright(&["check", "--at", "HEAD"]).refused();
    assert!(says.contains("FW501 no-repository"), "{says}");
}

/// A shallow clone, a detached HEAD, a worktree, a bare repository and one without any file on the disk.
#[test]
fn a_commit_is_read_wherever_git_has_it() {
    let repo = repo(&[("clusters/x/a.yaml", &stray("a"))]);
    repo.save();
    repo.write("clusters/x/b.yaml", &stray("b"));
    repo.save();
    repo.git(&["switch", "--quiet", "--detach"]);
    let both = ["clusters/x/a.yaml", "clusters/x/b.yaml"];
    assert_eq!(strays(&repo, &["--at", "main"]), both);
    let around = |name: &str| repo.beside(name).to_str().unwrap().to_owned();
    repo.git(&["worktree", "add", "--quiet", &around("tree"), "main"]);
    repo.git(&["clone", "--quiet", "--bare", ".", &around("bare.git")]);
    repo.git(&["clone", "--quiet", "--no-checkout", ".", &around("empty")]);
    repo.git(&["clone", "--quiet", "--depth", "1", &format!("file://{}", repo.root.display()), &around("shallow")]);
    for folder in ["tree", "bare.git", "empty", "shallow"] {
        let seen = repo.at(repo.beside(folder));
        let run = seen.fluxwright(&["check", "--only", "no-namespace", "--format", "json", "--at", "HEAD", "clusters"]);
        let files: Vec<String> = found(&run).into_iter().map(|(_, file)| file).collect();
        assert_eq!((files.as_slice(), run.code), (&both.map(str::to_owned)[..], 1), "{folder}: {}", run.stderr);
    }
    let says = repo.at(repo.beside("shallow")).fluxwright(&["check", "--at", "HEAD~1"]).refused();
    assert!(says.contains("git fetch --unshallow"), "{says}");
}

#[test]
#[cfg(unix)]
fn links_and_submodules_of_a_commit_are_not_followed() {
    let repo = repo(&[("clusters/x/a.yaml", &settled("a")), ("elsewhere/b.yaml", &stray("b"))]);
    std::os::unix::fs::symlink("../../elsewhere/b.yaml", repo.path("clusters/x/b.yaml")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere", repo.path("clusters/x/c")).unwrap();
    repo.save();
    let id = repo.id("HEAD");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},clusters/x/sub")]);
    repo.git(&["commit", "--quiet", "-m", "a submodule"]);
    assert_eq!(strays(&repo, &["--at", "HEAD", "clusters/x"]), [""; 0]);
    assert_eq!(strays(&repo, &["--at", "HEAD", "elsewhere"]), ["elsewhere/b.yaml"]);
}

#[test]
fn a_commit_brings_its_own_components() {
    let repo = repo(&[("clusters/x/a.yaml", &stray("a"))]);
    repo.write(".fluxwright/components/mine/component.yaml", repo_builder::OWN_COMPONENT);
    repo.save();
    // Of the same name as a built-in one.
    repo.write(".fluxwright/components/longhorn/component.yaml", repo_builder::OWN_COMPONENT);
    assert!(repo.fluxwright(&["check", "clusters"]).refused().contains("FW206 shadowed-component"));
    assert_eq!(strays(&repo, &["--at", "HEAD"]), ["clusters/x/a.yaml"]);
}

#[test]
fn an_object_that_is_not_in_the_clone_is_said() {
    let repo = repo(&[("clusters/x/a.yaml", &stray("a"))]);
    repo.save();
    let blob = repo.id("HEAD:clusters/x/a.yaml");
    repo.remove(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    let says = repo.fluxwright(&["check", "--at", "main"]).refused();
    assert!(says.contains("FW507 missing-object: main has `clusters/x/a.yaml`"), "{says}");
    assert!(says.contains("git archive main clusters/x/a.yaml > /dev/null"), "{says}");
}
