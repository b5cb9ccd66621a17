//! What git says of single paths: ignored, filtered, with other line ends, not checked out, another repository's. Each is
//! right in a commit, or refused by its name with these words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::fs;

use repo_builder::{OWN_COMPONENT, Repo};

const BY_HAND: &str = "# or render without --commit, then:
         git add clusters/minimal profiles/minimal.yaml
         git commit
";

#[test]
fn ignored_paths_are_found_wherever_git_says_it() {
    let files = ["clusters/.gitignore", ".git/info/exclude", "../home/git/ignore", "../home/excludes"];
    for file in files {
        let repo = Repo::minimal();
        repo.git(&[
            "config",
            "core.excludesFile",
            if file.ends_with("excludes") { "~/excludes" } else { "~/git/ignore" },
        ]);
        repo.write(file, "/minimal/releases/\nreleases/\n");
        let says = repo.refuses_commit();
        assert!(
            says.starts_with("error FW506 ignored-path: git ignores 2 files that the commit would hold\n"),
            "{file}"
        );
    }
    let repo = Repo::minimal();
    repo.write("../home/git/ignore", "releases/\n");
    assert!(repo.refuses_commit().starts_with("error FW506 "), "git's own default is read too");
}

#[test]
fn a_path_that_a_filter_would_change_is_refused() {
    for (attribute, name) in [("filter=lfs", "filter"), ("working-tree-encoding=UTF-16", "working-tree-encoding")] {
        let repo = Repo::minimal();
        repo.write(".gitattributes", &format!("/profiles/* {attribute}\n"));
        let says = format!(
            "error FW510 filtered-path: `profiles/minimal.yaml` has the attribute `{attribute}`
--> profiles/minimal.yaml
 = because: git would keep it changed, and fluxwright starts no filter
 = hint: see which line does it:
         git check-attr {name} profiles/minimal.yaml
         # and take these paths out, at the end of .gitattributes:
         profiles/** -{name}
         {BY_HAND}
"
        );
        assert_eq!(repo.refuses_commit(), says);
        repo.write(".gitattributes", &format!("/profiles/* {attribute}\nprofiles/** -{name}\n"));
        repo.commit(&[]).done();
    }
}

#[test]
fn all_paths_that_a_filter_would_change_are_named() {
    let repo = Repo::minimal();
    repo.write(".gitattributes", "[attr]crypt filter=git-crypt\nhelmrelease.yaml crypt\nprofiles/* crypt\n");
    let says = "error FW510 filtered-path: 2 files of the commit have the attribute `filter=git-crypt`
--> clusters/minimal/releases/podinfo/helmrelease.yaml
 = because: git would keep it changed, and fluxwright starts no filter
 = hint: see which line does it:
         git check-attr filter clusters/minimal/releases/podinfo/helmrelease.yaml
         # and take these paths out, at the end of .gitattributes:
         clusters/minimal/releases/podinfo/** -filter
         profiles/** -filter
";
    let said = repo.refuses_commit();
    assert!(said.starts_with(says), "{said}");
    assert!(
        said.ends_with("    clusters/minimal/releases/podinfo/helmrelease.yaml\n    profiles/minimal.yaml\n\n"),
        "{said}"
    );
}

#[test]
fn ident_is_refused_only_where_it_would_write() {
    let repo = Repo::minimal();
    repo.write(".gitattributes", "* ident\n");
    repo.save();
    repo.commit(&[]).done();
    repo.is_whole();
    repo.write("profiles/minimal.yaml", &format!("# $Id$\n{}", repo_builder::profile("minimal")));
    let says = repo.refuses_commit();
    assert!(
        says.starts_with("error FW510 filtered-path: `profiles/minimal.yaml` has the attribute `ident`\n"),
        "{says}"
    );
}

#[test]
fn attributes_that_change_nothing_are_fine() {
    let repo = Repo::minimal();
    let lines = "* export-ignore linguist-generated diff=yaml merge=ours -text whitespace=fix\n/profiles/* linguist-language=YAML\n";
    repo.write(".gitattributes", lines);
    repo.save();
    repo.commit(&[]).done();
    repo.is_whole();
}

/// Makes CRLF of the files of ours, as a checkout does: everything is taken out and put back.
fn checked_out_anew(repo: &Repo) {
    for path in repo.files().keys() {
        repo.remove(path);
    }
    repo.git(&["checkout", "--quiet", "HEAD", "--", "."]);
}

#[test]
fn a_checkout_with_crlf_is_up_to_date_and_its_blobs_have_lf() {
    let attributes = [
        ("", "true"),
        ("* text=auto\n", "true"),
        ("* text=auto eol=crlf\n", "false"),
        ("*.yaml text eol=crlf\n", "input"),
    ];
    for (lines, autocrlf) in attributes {
        let repo = Repo::minimal();
        repo.git(&["config", "core.autocrlf", autocrlf]);
        repo.write(".gitattributes", lines);
        repo.write(".fluxwright/components/mine/component.yaml", OWN_COMPONENT);
        repo.write(".fluxwright/version", "0.1.0\n");
        repo.save();
        repo.commit(&[]).done();
        checked_out_anew(&repo);
        for path in ["clusters/minimal/kustomization.yaml", "profiles/minimal.yaml"] {
            assert!(repo.read(path).contains("\r\n"), "{lines}: {path}");
        }
        assert_eq!(repo.fluxwright(&["render", "--check"]).done(), "minimal: up to date\n");
        let before = repo.state();
        assert_eq!(repo.commit(&[]).done(), "minimal: up to date\nnothing to commit: HEAD holds all of it\n");
        assert!(before == repo.state());
        repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
        let component = repo.read(".fluxwright/components/mine/component.yaml");
        repo.write(".fluxwright/components/mine/component.yaml", &component.replace("this repo's", "our"));
        assert!(component.contains("\r\n") && component.contains("this repo's"));
        repo.commit(&[]).done();
        repo.is_whole();
        let held = repo.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
        for path in held.lines() {
            assert!(!repo.git(&["cat-file", "blob", &format!("HEAD:{path}")]).contains('\r'), "{lines}: {path}");
        }
        assert_eq!(
            repo.git(&["diff", "--name-only", "HEAD^", "HEAD"]).lines().collect::<Vec<_>>(),
            [
                ".fluxwright/components/mine/component.yaml",
                "clusters/minimal/.fluxwright.lock",
                "clusters/minimal/releases/podinfo/helmrelease.yaml",
                "profiles/minimal.yaml"
            ]
        );
    }
}

#[test]
fn an_edit_in_a_file_with_crlf_is_still_an_edit() {
    let repo = Repo::minimal();
    repo.git(&["config", "core.autocrlf", "true"]);
    repo.commit(&[]).done();
    checked_out_anew(&repo);
    repo.replace("clusters/minimal/kustomization.yaml", "sources\r\n", "sources\r\n  - mine.yaml\r\n");
    let says = repo.fluxwright(&["render"]).refused();
    assert!(says.starts_with("error FW402 edited-by-hand: `clusters/minimal/kustomization.yaml` was edited"), "{says}");
}

#[test]
fn crlf_that_git_would_keep_is_refused_and_can_be_written_anew() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    for path in ["clusters/minimal/kustomization.yaml", "clusters/minimal/.fluxwright.lock"] {
        repo.replace(path, "\n", "\r\n");
    }
    assert_eq!(repo.fluxwright(&["render", "--check"]).done(), "minimal: up to date\n");
    repo.write("profiles/minimal.yaml", &(repo.read("profiles/minimal.yaml") + "# more\n"));
    let says = "error FW515 not-converted: 2 files of the tree have CRLF, and git would keep it
--> clusters/minimal/kustomization.yaml
 = because: the commit holds what was rendered, with LF, and the files would differ from it
 = hint: to write them with LF:
         fluxwright render --discard-edits --commit
    clusters/minimal/kustomization.yaml
    clusters/minimal/.fluxwright.lock

";
    assert_eq!(repo.refuses_commit(), says);
    repo.commit(&["--discard-edits"]).done();
    repo.is_whole();
}

#[test]
fn without_file_modes_a_file_keeps_the_one_that_git_has() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    repo.git(&["config", "core.fileMode", "false"]);
    let text = repo.read("profiles/minimal.yaml") + "# more\n";
    repo.script("profiles/minimal.yaml", &text);
    repo.commit(&[]).done();
    assert!(repo.git(&["ls-tree", "HEAD", "profiles/minimal.yaml"]).starts_with("100644 "));
    repo.is_whole();
}

/// A sparse checkout of one cluster's profile and tree beside others.
fn sparse(folders: &[&str]) -> Repo {
    let repo = Repo::minimal();
    repo.write("other/deep/file", "1\n");
    repo.save();
    repo.commit(&[]).done();
    // Git has a look at our files first, or it would leave them.
    repo.git(&["status"]);
    repo.git(&[&["sparse-checkout", "set", "--cone"], folders].concat());
    assert!(!repo.exists("other"));
    repo
}

#[test]
fn a_sparse_checkout_that_has_all_of_ours_is_right() {
    let repo = sparse(&["profiles", "clusters/minimal"]);
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.commit(&[]).done();
    repo.is_whole();
    assert_eq!(repo.git(&["ls-files", "-t", "other"]), "S other/deep/file\n");
    assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", "HEAD", "other"]), "other/deep/file\n");
}

#[test]
fn a_path_outside_of_the_sparse_checkout_is_refused() {
    let repo = sparse(&["profiles"]);
    let says = repo.refuses_commit();
    let first = "error FW511 skipped-path: 17 files of the commit are not checked out
--> clusters/minimal/.fluxwright.lock
 = because: git was told to leave these files alone (skip-worktree), so the commit could undo what nobody sees
 = hint: git sparse-checkout add clusters/minimal
    clusters/minimal/.fluxwright.lock
";
    assert!(says.starts_with(first), "{says}");
    repo.git(&["sparse-checkout", "add", "clusters/minimal"]);
    assert!(repo.commit(&[]).done().ends_with("nothing to commit: HEAD holds all of it\n"));
}

#[test]
fn components_outside_of_the_sparse_checkout_are_not_taken_for_deleted() {
    let repo = Repo::minimal();
    repo.write(".fluxwright/components/mine/component.yaml", OWN_COMPONENT);
    repo.save();
    repo.git(&["sparse-checkout", "set", "--cone", "profiles", "clusters"]);
    assert!(!repo.exists(".fluxwright"));
    let says = "error FW511 skipped-path: `.fluxwright/components/mine/component.yaml` is not checked out
--> .fluxwright/components/mine/component.yaml
 = because: git was told to leave these files alone (skip-worktree), so the commit could undo what nobody sees
 = hint: git sparse-checkout add .fluxwright/components/mine

";
    assert_eq!(repo.refuses_commit(), says);
}

#[test]
fn a_path_that_was_marked_by_hand_is_refused() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    repo.git(&["update-index", "--skip-worktree", "profiles/minimal.yaml"]);
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    let says = "error FW511 skipped-path: `profiles/minimal.yaml` is not checked out
--> profiles/minimal.yaml
 = because: git was told to leave these files alone (skip-worktree), so the commit could undo what nobody sees
 = hint: git update-index --no-skip-worktree profiles/minimal.yaml

";
    assert_eq!(repo.refuses_commit(), says);
    repo.git(&["update-index", "--no-skip-worktree", "profiles/minimal.yaml"]);
    repo.git(&["update-index", "--assume-unchanged", "profiles/minimal.yaml"]);
    repo.commit(&[]).done();
    assert_eq!(repo.git(&["ls-files", "-v", "profiles"]), "h profiles/minimal.yaml\n");
}

#[test]
fn a_tree_inside_of_a_submodule_is_refused() {
    let (repo, inner) = (Repo::minimal(), Repo::minimal());
    inner.save();
    repo.git(&["submodule", "--quiet", "add", inner.root.to_str().unwrap(), "clusters"]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    let says = repo.refuses_commit();
    let first =
        "error FW508 inside-a-submodule: `clusters` is another repository, and the commit would hold files of it
--> clusters
 = because: git keeps of a submodule only which commit it stands at
 = hint: with the profile inside of it, run there:
         fluxwright -C ./clusters render --commit
         # or render without --commit, and commit there by hand
    clusters/minimal/";
    assert!(says.starts_with(first), "{says}");
    // One that is not checked out is a submodule all the same, and so is a repository that git was not told of.
    repo.git(&["submodule", "--quiet", "deinit", "--force", "clusters"]);
    assert!(repo.refuses_commit().starts_with("error FW508 "));
    let repo = Repo::minimal();
    repo.git(&["init", "--quiet", "clusters"]);
    assert!(repo.refuses_commit().starts_with("error FW508 "));
}

#[test]
fn a_file_where_the_tree_has_a_folder_is_refused() {
    let repo = Repo::minimal();
    repo.write("clusters", "a file\n");
    repo.save();
    repo.remove("clusters");
    let says = "error FW508 inside-a-submodule: git has `clusters` as something else than it would be in the commit
--> clusters
 = because: a file and a folder cannot have one path
 = hint: first let go of what git has there:
         git rm -r --cached clusters
         git commit

";
    assert_eq!(repo.refuses_commit(), says);
    repo.git(&["rm", "--quiet", "-r", "--cached", "clusters"]);
    repo.git(&["commit", "--quiet", "-m", "gone"]);
    repo.commit(&[]).done();
    repo.is_whole();
}

#[test]
fn a_twin_in_case_is_refused_where_the_file_system_has_but_one() {
    let repo = Repo::minimal();
    repo.write("Profiles/other.txt", "1\n");
    repo.git(&["add", "Profiles"]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    repo.git(&["config", "core.ignoreCase", "true"]);
    let says = "error FW509 tracked-twin: git has `Profiles`, and the commit would add `profiles`
--> profiles
 = because: the file system takes both for one (core.ignorecase), so a checkout could hold only one of them
 = hint: git mv Profiles profiles.new
         git mv profiles.new profiles
         git commit
    Profiles  (ours: profiles)

";
    assert_eq!(repo.refuses_commit(), says);
    repo.git(&["config", "core.ignoreCase", "false"]);
    repo.commit(&[]).done();
    repo.is_whole();
}

#[test]
fn a_repository_that_ignores_case_is_right_without_twins() {
    let repo = Repo::minimal();
    repo.git(&["config", "core.ignoreCase", "true"]);
    for file in ["B.txt", "a.txt", "C/d.txt"] {
        repo.write(file, "1\n");
    }
    repo.save();
    repo.commit(&[]).done();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.commit(&[]).done();
    repo.is_whole();
}

#[test]
fn hooks_that_are_not_run_are_told_once_a_commit() {
    let hint = "to have git run them for this commit:
         git commit --amend --only --no-edit
         # or next time render without --commit, then:
         git add clusters/minimal profiles/minimal.yaml
         git commit
";
    let repo = Repo::minimal();
    repo.script(".git/hooks/pre-commit", "#!/bin/sh\n");
    let said = |names: &str, folder: &str| {
        format!(
            "warning FW512 hooks-not-run: {names} not run\n--> {folder}\n = because: fluxwright makes the commit itself, without git\n = hint: {hint}\n"
        )
    };
    let run = repo.commit(&[]);
    assert_eq!((run.code, run.stderr), (0, said("pre-commit was", "./.git/hooks")));
    assert_eq!(repo.commit(&[]).done(), "minimal: up to date\nnothing to commit: HEAD holds all of it\n");
    repo.script("hooks/commit-msg", "#!/bin/sh\n");
    repo.write("hooks/post-commit", "not one that can be run\n");
    std::os::unix::fs::symlink("../.git/hooks/pre-commit", repo.path("hooks/pre-commit")).unwrap();
    std::os::unix::fs::symlink("nowhere", repo.path("hooks/prepare-commit-msg")).unwrap();
    repo.git(&["config", "core.hooksPath", "hooks"]);
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    let run = repo.commit(&[]);
    assert_eq!((run.code, run.stderr), (0, said("pre-commit and commit-msg were", "./hooks")));
    fs::remove_dir_all(repo.path("hooks")).unwrap();
    repo.git(&["commit", "--quiet", "--amend", "--only", "--no-edit"]);
    repo.is_whole();
    repo.replace("profiles/minimal.yaml", "replicaCount: 3", "replicaCount: 4");
    repo.commit(&[]).done();
}

/// Two checkouts of one commit, one with CRLF, render to the same tree.
#[test]
fn a_component_with_crlf_renders_to_the_same_bytes() {
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/clusters/own-component/.fluxwright");
    let repo = Repo::of("own-component");
    let component = repo_builder::below(std::path::Path::new(case));
    let write = |end: &str| {
        for (path, bytes) in &component {
            repo.write(&format!(".fluxwright/{path}"), &std::str::from_utf8(bytes).unwrap().replace('\n', end));
        }
    };
    write("\r\n");
    repo.fluxwright(&["render"]).done();
    let is_ours = |path: &str| !path.starts_with(".fluxwright/") && !path.starts_with("profiles/");
    let ours: Vec<_> = repo.files().into_iter().filter(|(path, _)| is_ours(path)).collect();
    assert!(ours.len() > 10 && ours.iter().all(|(_, bytes)| !bytes.contains(&b'\r')));
    write("\n");
    assert_eq!(repo.fluxwright(&["render", "--check"]).done(), "own-component: up to date\n");
}
