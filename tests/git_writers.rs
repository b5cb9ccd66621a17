//! Several programs that commit to one repository at the same time: nothing of anybody's is lost, and each is told how it
//! ended.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::thread;

use fluxwright::disk::LocalDisk;
use fluxwright::error::Failure;
use fluxwright::problem::Code;
use fluxwright::repo::{ByHand, Committed, Draft, Identity, Repo as Library};
use fluxwright::tree::File;
use repo_builder::{Repo, profile};

const ROUNDS: usize = 5;

/// A repo with the profiles `one` to `four`, committed with their trees.
fn four() -> Repo {
    let repo = Repo::minimal();
    repo.remove("profiles/minimal.yaml");
    for name in NAMES {
        repo.write(
            &format!("profiles/{name}.yaml"),
            &profile("minimal").replace("name: minimal", &format!("name: {name}")),
        );
    }
    repo.commit(&[]).done();
    repo.is_whole();
    repo
}

const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// Renders and commits one profile until it is in; says how often it was told to run again.
fn commit_until_it_is_in(repo: &Repo, name: &str) -> usize {
    for again in 0..50 {
        let run = repo.commit(&[name]);
        if run.code == 0 {
            assert!(run.stdout.contains("\ncommitted "), "{}", run.stdout);
            return again;
        }
        let told = ["error FW505 branch-moved: ", "error FW502 git-state: another git is at work here"];
        assert!(told.iter().any(|told| run.stderr.starts_with(told)), "{}", run.stderr);
    }
    panic!("{name} never got in");
}

#[test]
fn four_writers_lose_nothing() {
    let repo = four();
    let before: usize = repo.git(&["rev-list", "--count", "HEAD"]).trim().parse().unwrap();
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    thread::scope(|scope| {
        for name in NAMES {
            let repo = &repo;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let path = format!("profiles/{name}.yaml");
                    repo.write(
                        &path,
                        &format!("{}# round {round}\n", repo.read(&path))
                            .replace("replicaCount: 2", &format!("replicaCount: 2{round}")),
                    );
                    commit_until_it_is_in(repo, name);
                }
            });
        }
    });
    let after: usize = repo.git(&["rev-list", "--count", "HEAD"]).trim().parse().unwrap();
    assert_eq!(after - before, NAMES.len() * ROUNDS);
    for name in NAMES {
        for path in [format!("profiles/{name}.yaml"), format!("clusters/{name}/releases/podinfo/helmrelease.yaml")] {
            assert_eq!(repo.git(&["cat-file", "blob", &format!("HEAD:{path}")]), repo.read(&path), "{path}");
        }
        let commits = repo.git(&["rev-list", "--count", "HEAD", "--", &format!("profiles/{name}.yaml")]);
        assert_eq!(commits, format!("{}\n", ROUNDS + 1), "{name}");
    }
    assert_eq!(repo.git(&["status", "--porcelain", "-uall"]), "A  staged.txt\n");
    repo.git(&["rm", "--quiet", "--cached", "staged.txt"]);
    repo.remove("staged.txt");
    repo.is_whole();
    for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock", "index.fluxwright-tmp"] {
        assert!(!repo.exists(&format!(".git/{lock}")), "{lock}");
    }
}

/// Git stages and commits other files while we commit: what it staged and committed is all there.
#[test]
fn beside_git_itself_nothing_is_lost() {
    const FILES: usize = 30;
    let repo = four();
    let git = |arguments: &[&str]| (0..200).any(|_| repo.try_git(arguments).code == 0);
    thread::scope(|scope| {
        let repo = &repo;
        scope.spawn(move || {
            for number in 0..FILES {
                let (path, message) = (format!("mine/{number}.txt"), format!("mine {number}"));
                repo.write(&path, "mine\n");
                assert!(git(&["add", &path]));
                if number % 3 == 0 {
                    assert!(git(&["commit", "--quiet", "-m", &message, "--", &path]));
                }
            }
        });
        for name in ["one", "two"] {
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let path = format!("profiles/{name}.yaml");
                    repo.write(&path, &format!("{}# round {round}\n", repo.read(&path)));
                    commit_until_it_is_in(repo, name);
                }
            });
        }
    });
    assert_eq!(repo.git(&["ls-files", "mine"]).lines().count(), FILES);
    assert_eq!(repo.git(&["ls-tree", "-r", "HEAD", "mine"]).lines().count(), FILES / 3);
    let status = repo.git(&["status", "--porcelain", "-uall"]);
    assert!(
        status.lines().count() == FILES - FILES / 3 && status.lines().all(|line| line.starts_with("A  mine/")),
        "{status}"
    );
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), format!("{}\n", 1 + FILES / 3 + 2 * ROUNDS));
    repo.has_no_fault();
}

/// What a run has looked at, and would commit: one line more in the profile `one`.
fn draft(repo: &Library<'_>, text: &str) -> Draft {
    let who = Identity { name: "Ada".to_owned(), mail: "ada@example.com".to_owned() };
    Draft {
        target: repo.target(None).unwrap(),
        entries: vec![(
            "profiles/one.yaml".to_owned(),
            Some(File { bytes: text.as_bytes().to_vec(), executable: false }),
        )],
        compared: vec!["clusters/one".to_owned()],
        message: "ours\n".to_owned(),
        author: who.clone(),
        committer: who,
        date: None,
    }
}

#[test]
fn a_commit_of_other_files_that_came_first_is_built_upon() {
    let repo = four();
    let library =
        Library::open(&LocalDisk, &repo.root, ByHand { commit: String::new(), signed: String::new() }).unwrap();
    let draft = draft(&library, "ours\n");
    repo.write("mine.txt", "theirs\n");
    repo.save();
    let theirs = repo.id("HEAD");
    assert!(matches!(library.commit(&draft).unwrap(), Committed::Commit { branch, .. } if branch == "main"));
    assert_eq!(repo.id("HEAD^"), theirs);
    assert_eq!(repo.git(&["diff", "--name-only", "HEAD^", "HEAD"]), "profiles/one.yaml\n");
    assert_eq!(repo.git(&["diff", "--cached", "HEAD"]), "");
    repo.has_no_fault();
}

/// Theirs is of the same file, of a file in the folder that was compared, or on a branch that was switched to.
#[test]
fn what_came_first_and_was_compared_is_not_undone() {
    for theirs in ["profiles/one.yaml", "clusters/one/mine.yaml", "switch"] {
        let repo = four();
        let library =
            Library::open(&LocalDisk, &repo.root, ByHand { commit: String::new(), signed: String::new() }).unwrap();
        let draft = draft(&library, "ours\n");
        if theirs == "switch" {
            repo.git(&["switch", "--quiet", "-c", "side"]);
        } else {
            repo.write(theirs, "theirs\n");
            repo.save();
        }
        let before = repo.state();
        let Err(Failure::Problems(problems)) = library.commit(&draft) else { panic!("{theirs}: it was committed") };
        assert_eq!(problems.len(), 1);
        let (says, because) = (problems[0].says.as_str(), problems[0].because.as_deref());
        assert_eq!(problems[0].code, Code::BRANCH_MOVED);
        assert_eq!(says, "somebody moved refs/heads/main while the commit was made");
        assert_eq!(because, Some("the commit would undo theirs"));
        assert_eq!(problems[0].hint.as_deref(), Some("run the same command again"));
        assert!(before == repo.state(), "{theirs}");
        assert!(!repo.exists(".git/index.lock") && !repo.exists(".git/HEAD.lock"));
        repo.has_no_fault();
    }
}
