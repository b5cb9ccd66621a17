//! States of a repository, each made by git itself: a commit is right there, or it is refused with these words.
//!
//! Not here: what a commit holds (`commit.rs`), what is refused about a path (`git_paths.rs`), programs that a
//! configuration names (`git_hostile.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::fs;
use std::os::unix::fs::{chown, symlink};

use repo_builder::{AUTHOR, Repo};

/// A refusal with FW502, with nothing written.
fn git_state(repo: &Repo, what: &str, because: &str, hint: &str) {
    let hint = hint.replace('\n', "\n         ");
    let expected = format!("error FW502 git-state: {what}\n--> .\n = because: {because}\n = hint: {hint}\n\n");
    assert_eq!(repo.refuses_commit(), expected);
    assert!(!repo.exists("clusters"));
}

const UNDER_WAY: &str = "a commit now would become a part of it";
const NOT_YET: &str = "fluxwright does not commit to such a repository yet";
const BY_HAND: &str = "render without --commit, then:\ngit add clusters/minimal profiles/minimal.yaml\ngit commit";

/// A repo where `main` and `side` change one file each in its own way.
fn forked() -> Repo {
    let repo = Repo::minimal();
    repo.write("file", "a\n");
    repo.git(&["add", "file"]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    repo.git(&["switch", "--quiet", "-c", "side"]);
    repo.write("file", "side\n");
    repo.git(&["commit", "--quiet", "-am", "side"]);
    repo.git(&["switch", "--quiet", "main"]);
    repo.write("file", "main\n");
    repo.git(&["commit", "--quiet", "-am", "main"]);
    repo
}

#[test]
fn a_detached_head_is_refused() {
    let repo = Repo::minimal();
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "before"]);
    repo.git(&["checkout", "--quiet", "--detach"]);
    let because = "a commit would be on no branch, and lost at the next checkout";
    git_state(&repo, "HEAD is detached", because, "git switch -c my-branch");
}

#[test]
fn a_merge_under_way_is_refused() {
    let repo = forked();
    repo.try_git(&["merge", "side"]);
    git_state(&repo, "a merge is under way", UNDER_WAY, "git merge --continue\n# or\ngit merge --abort");
}

#[test]
fn a_rebase_under_way_is_refused() {
    for how in ["--merge", "--apply", "--interactive"] {
        let mut repo = forked();
        repo.set("GIT_SEQUENCE_EDITOR", "true");
        repo.try_git(&["rebase", how, "side"]);
        git_state(&repo, "a rebase is under way", UNDER_WAY, "git rebase --continue\n# or\ngit rebase --abort");
    }
}

#[test]
fn a_cherry_pick_under_way_is_refused() {
    let repo = forked();
    repo.try_git(&["cherry-pick", "side"]);
    let hint = "git cherry-pick --continue\n# or\ngit cherry-pick --abort";
    git_state(&repo, "a cherry-pick is under way", UNDER_WAY, hint);
}

#[test]
fn a_revert_under_way_is_refused() {
    let repo = forked();
    repo.try_git(&["revert", "--no-edit", "side"]);
    git_state(&repo, "a revert is under way", UNDER_WAY, "git revert --continue\n# or\ngit revert --abort");
}

#[test]
fn a_bisect_is_refused() {
    let repo = Repo::minimal();
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "before"]);
    repo.git(&["bisect", "start"]);
    git_state(&repo, "a bisect is under way", UNDER_WAY, "git bisect reset");
}

#[test]
fn a_bare_repository_is_refused() {
    let repo = Repo::minimal();
    repo.git(&["config", "core.bare", "true"]);
    git_state(&repo, "the repository is bare", NOT_YET, "clone it, and work in the clone");
}

#[test]
fn a_repository_with_sha256_is_refused() {
    let repo = Repo::without_git("minimal");
    repo.git(&["init", "--quiet", "-b", "main", "--object-format=sha256"]);
    git_state(&repo, "the repository uses SHA-256", NOT_YET, BY_HAND);
}

#[test]
fn a_repository_with_reftable_is_refused() {
    let repo = Repo::minimal();
    let config = repo.read(".git/config").replace("repositoryformatversion = 0", "repositoryformatversion = 1");
    repo.write(".git/config", &format!("{config}[extensions]\n\trefstorage = reftable\n"));
    git_state(&repo, "the repository keeps its branches as reftable", NOT_YET, BY_HAND);
}

#[test]
fn a_work_tree_that_the_configuration_sends_elsewhere_is_refused() {
    let repo = Repo::minimal();
    fs::create_dir(repo.beside("elsewhere")).unwrap();
    repo.git(&["config", "core.worktree", repo.beside("elsewhere").to_str().unwrap()]);
    let says = "the repository's work tree is elsewhere (core.worktree)";
    git_state(&repo, says, NOT_YET, "git config --unset core.worktree");
}

#[test]
fn a_mailbox_under_way_is_refused() {
    let repo = forked();
    let patch = repo.git(&["format-patch", "--stdout", "-1", "side"]);
    fs::write(repo.beside("patch"), patch).unwrap();
    repo.try_git(&["am", repo.beside("patch").to_str().unwrap()]);
    git_state(&repo, "a mailbox is under way", UNDER_WAY, "git am --continue\n# or\ngit am --abort");
}

#[test]
fn unmerged_files_of_ours_are_refused() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.git(&["stash", "--quiet"]);
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 4");
    repo.commit(&[]).done();
    repo.try_git(&["stash", "pop"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "UU profiles/minimal.yaml\n");
    repo.write("profiles/minimal.yaml", &repo_builder::profile("minimal"));
    let says = "error FW502 git-state: the index has unmerged files
--> .
 = because: a commit would leave them half solved
 = hint: git status

";
    assert_eq!(repo.refuses_commit(), says);
}

#[test]
fn a_linked_worktree_commits_to_its_own_branch_and_index() {
    for bare in [false, true] {
        let repo = Repo::minimal();
        repo.save();
        let main = (repo.id("main"), fs::read(repo.path(".git/index")).unwrap());
        if bare {
            repo.git(&["config", "core.bare", "true"]);
        }
        let tree = repo.at(repo.beside("tree"));
        repo.git(&["worktree", "add", "--quiet", tree.root.to_str().unwrap()]);
        tree.write("staged.txt", "staged\n");
        tree.git(&["add", "staged.txt"]);
        assert!(tree.commit(&[]).done().ends_with(" on tree\n"));
        assert_eq!(tree.git(&["status", "--porcelain", "-uall"]), "A  staged.txt\n");
        assert_eq!(tree.git(&["rev-parse", "tree^"]).trim(), main.0);
        assert_eq!(main, (repo.id("main"), fs::read(repo.path(".git/index")).unwrap()));
        assert!(!repo.exists("clusters"));
        assert_eq!(tree.git(&["fsck", "--strict", "--no-dangling"]), "");
    }
}

#[test]
fn a_worktree_s_own_lock_stops_its_commit_only() {
    let repo = Repo::minimal();
    repo.save();
    let tree = repo.at(repo.beside("tree"));
    repo.git(&["worktree", "add", "--quiet", tree.root.to_str().unwrap()]);
    repo.write(".git/worktrees/tree/index.lock", "");
    let lock = repo.path(".git/worktrees/tree/index.lock").display().to_string();
    let says = format!(
        "error FW502 git-state: another git is at work here, or was stopped: there is an index.lock
--> {lock}
 = hint: wait for it; if no git is running:
         rm {lock}

"
    );
    assert_eq!(tree.commit(&[]).refused(), says);
    assert!(!tree.root.join("clusters").exists());
    repo.commit(&[]).done();
    repo.is_whole();
}

#[test]
fn a_worktree_whose_repository_is_gone_is_refused() {
    let repo = Repo::minimal();
    repo.remove(".git");
    repo.write(".git", "gitdir: ../gone/.git/worktrees/x\n");
    let says = "error FW501 no-repository: `./.git` leads to no repository
--> .
 = because: there is no HEAD in ./../gone/.git/worktrees/x
 = hint: git worktree repair
         # or, for a submodule, in the repository around it:
         git submodule update --init

";
    assert_eq!(repo.refuses_commit(), says);
}

#[test]
fn a_submodule_commits_to_its_own_repository() {
    let (repo, inner) = (Repo::minimal(), Repo::minimal());
    inner.save();
    repo.git(&["submodule", "--quiet", "add", inner.root.to_str().unwrap(), "inner"]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    let head = repo.id("HEAD");
    let seen = repo.at(repo.path("inner"));
    seen.commit(&[]).done();
    seen.is_whole();
    assert_eq!((repo.id("HEAD"), repo.exists("clusters")), (head, false));
    assert_eq!(repo.git(&["status", "--porcelain", "inner"]), " M inner\n");
}

#[test]
fn the_innermost_repository_counts_also_in_an_ignored_folder() {
    let repo = Repo::minimal();
    repo.write(".gitignore", "inner/\n");
    repo.save();
    let inner = repo.at(repo.path("inner"));
    inner.write("profiles/minimal.yaml", &repo_builder::profile("minimal"));
    inner.git(&["init", "--quiet", "-b", "main"]);
    inner.commit(&[]).done();
    inner.is_whole();
    repo.is_whole();
    assert!(!repo.exists("clusters"));
}

#[test]
fn paths_are_said_from_where_the_user_stands() {
    let repo = Repo::minimal();
    repo.write("docs/deep/page.md", "mine\n");
    repo.save();
    repo.replace("profiles/minimal.yaml", "metadata:", "metadate:");
    let (deep, root) = (repo.at(repo.path("docs/deep")), repo.root.to_str().unwrap());
    let says = deep.fluxwright(&["render"]).refused();
    assert!(says.contains("--> ../../profiles/minimal.yaml:"), "{says}");
    let says = repo.fluxwright(&["-C", "docs/deep", "render"]).refused();
    assert!(says.contains("--> ../../profiles/minimal.yaml:"), "{says}");
    assert!(!says.contains(root), "{says}");
}

#[test]
fn a_profile_named_from_a_folder_below_is_committed() {
    let repo = Repo::minimal();
    repo.write("docs/deep/page.md", "mine\n");
    fs::rename(repo.path("profiles/minimal.yaml"), repo.path("docs/minimal.yaml")).unwrap();
    repo.at(repo.path("docs/deep")).commit(&["../minimal.yaml"]).done();
    assert!(repo.git(&["ls-tree", "-r", "--name-only", "HEAD"]).contains("docs/minimal.yaml\n"));
    assert_eq!(repo.git(&["status", "--porcelain", "-uall"]), "?? docs/deep/page.md\n");
}

#[test]
fn a_repository_that_is_reached_through_links_is_right() {
    let repo = Repo::minimal();
    symlink(&repo.root, repo.beside("link")).unwrap();
    fs::create_dir(repo.path("docs")).unwrap();
    symlink(repo.path("docs"), repo.beside("below")).unwrap();
    for folder in ["link", "below"] {
        repo.fluxwright(&[&["-C", repo.beside(folder).to_str().unwrap(), "render", "--commit"], &AUTHOR[..]].concat())
            .done();
        repo.is_whole();
        repo.write("profiles/minimal.yaml", &(repo.read("profiles/minimal.yaml") + "# more\n"));
    }
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), "2\n");
}

#[test]
fn a_linked_git_folder_is_right() {
    let repo = Repo::minimal();
    fs::rename(repo.path(".git"), repo.beside("store")).unwrap();
    symlink("../store", repo.path(".git")).unwrap();
    repo.write(".gitignore", ".git\n");
    repo.commit(&[]).done();
    assert_eq!(repo.git(&["status", "--porcelain"]), "?? .gitignore\n");
    repo.has_no_fault();
}

#[test]
fn variables_that_send_git_elsewhere_are_refused() {
    let other = Repo::minimal();
    other.save();
    for (name, value) in [
        ("GIT_DIR", other.path(".git")),
        ("GIT_WORK_TREE", other.root.clone()),
        ("GIT_INDEX_FILE", other.path(".git/index")),
        ("GIT_OBJECT_DIRECTORY", other.path(".git/objects")),
        ("GIT_NAMESPACE", "x".into()),
    ] {
        let mut repo = Repo::minimal();
        repo.set(name, value.to_str().unwrap());
        let run = repo.commit(&[]);
        let says = format!(
            "error FW514 git-environment: {name} has git work elsewhere: {}
 |
 = because: fluxwright commits to the repository that it stands in, and git would look at another
 = hint: unset {name}
         # or cd to where it leads

",
            value.display()
        );
        assert_eq!(run.refused(), says);
        assert!(!repo.exists("clusters") && !repo.exists(".git/refs/heads/main"));
    }
    other.is_whole();
}

#[test]
fn variables_that_lead_here_are_no_trouble() {
    let mut repo = Repo::minimal();
    repo.save();
    repo.set("GIT_DIR", ".git");
    repo.set("GIT_WORK_TREE", ".");
    repo.set("GIT_INDEX_FILE", ".git/index");
    repo.commit(&[]).done();
    repo.is_whole();
}

#[test]
fn a_shallow_clone_is_right() {
    let (source, repo) = (forked(), Repo::without_git("minimal"));
    let url = format!("file://{}", source.root.display());
    repo.git(&["init", "--quiet", "-b", "main"]);
    repo.git(&["fetch", "--quiet", "--depth=1", &url, "main"]);
    repo.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), "1\n");
    repo.commit(&[]).done();
    repo.is_whole();
}

/// A clone without the blobs of the commits before: what is checked out is there, and what is not stays behind.
#[test]
fn a_partial_clone_that_lacks_what_is_compared_is_refused_until_git_has_fetched_it() {
    let source = Repo::minimal();
    source.commit(&[]).done();
    source.git(&["config", "uploadpack.allowFilter", "true"]);
    source.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let repo = Repo::without_git("minimal");
    let clone = repo.at(repo.beside("clone"));
    let url = format!("file://{}", source.root.display());
    repo.git(&["clone", "--quiet", "--filter=blob:none", "--no-checkout", &url, clone.root.to_str().unwrap()]);
    clone.write(
        "profiles/minimal.yaml",
        &repo_builder::profile("minimal").replace("replicaCount: 2", "replicaCount: 3"),
    );
    clone.git(&["read-tree", "HEAD"]);
    let head = clone.git(&["rev-parse", "HEAD"]);
    let says = "error FW507 missing-object: HEAD has `clusters/minimal`, and not all of it is in this clone
--> clusters/minimal
 = because: fluxwright fetches nothing, and what it cannot read it cannot compare with
 = hint: in a partial clone, let git fetch what is missing:
         git archive HEAD clusters/minimal > /dev/null
         # in any other, see what is broken:
         git fsck

";
    assert_eq!(clone.commit(&[]).refused(), says);
    assert_eq!((clone.git(&["rev-parse", "HEAD"]), clone.root.join("clusters").exists()), (head, false));
    clone.git(&["archive", "--output=/dev/null", "HEAD", "clusters/minimal"]);
    clone.commit(&[]).done();
    clone.is_whole();
}

#[test]
fn a_promisor_in_the_extensions_is_refused_with_where_it_may_stand() {
    let repo = Repo::minimal();
    repo.git(&["config", "core.repositoryformatversion", "1"]);
    repo.git(&["config", "extensions.partialClone", "origin"]);
    let hint = "the promisor is said by the remote too, and git needs no more:\ngit config remote.origin.promisor true\ngit config --unset extensions.partialClone";
    git_state(&repo, "the repository says `extensions.partialClone`", NOT_YET, hint);
}

#[test]
fn a_missing_object_of_head_is_never_taken_for_an_absent_file() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    let blob = repo.id("HEAD:clusters/minimal/kustomization.yaml");
    repo.remove(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    let head = repo.id("HEAD");
    let says = repo.refuses_commit();
    assert!(says.starts_with("error FW507 missing-object: HEAD has `clusters/minimal`, and not all"), "{says}");
    assert_eq!(repo.id("HEAD"), head);
}

#[test]
fn formats_and_extensions_that_are_unknown_are_refused() {
    let repo = Repo::minimal();
    repo.write(".git/config", &repo.read(".git/config").replace("version = 0", "version = 2"));
    git_state(&repo, "the repository has the format 2, which is unknown", NOT_YET, BY_HAND);
    repo.write(
        ".git/config",
        &(repo.read(".git/config").replace("version = 2", "version = 1") + "[extensions]\n\tnewFangled = true\n"),
    );
    git_state(&repo, "the repository has the extension `newfangled`, which is unknown", NOT_YET, BY_HAND);
}

#[test]
fn an_empty_or_broken_head_is_refused() {
    for head in ["", "nonsense\n"] {
        let repo = Repo::minimal();
        repo.write(".git/HEAD", head);
        let says = repo.refuses_commit();
        assert!(says.starts_with("error FW502 git-state: HEAD cannot be read: "), "{says}");
        let hint =
            "hint: put the branch that you were on into it:\n         echo 'ref: refs/heads/main' > ./.git/HEAD\n";
        assert!(says.contains(hint), "{says}");
    }
}

#[test]
fn a_head_that_is_no_branch_is_refused() {
    let repo = Repo::minimal();
    repo.save();
    repo.write(".git/HEAD", "ref: refs/remotes/origin/main\n");
    let because = "Flux and people look for commits on branches";
    git_state(&repo, "HEAD is at `refs/remotes/origin/main`, which is no branch", because, "git switch -c my-branch");
}

/// `commit.gpgsign` in the repo, in the user's own file, and in a file that is included by it.
#[test]
fn commits_that_are_to_be_signed_are_refused_with_what_to_type() {
    let because = "fluxwright does not sign yet, and an unsigned commit is not what you asked for";
    let key = "tell git the key:\ngit config user.signingkey ~/.ssh/id_ed25519.pub\n# and ";
    let says = |format: &str| format!("commits are to be signed (commit.gpgsign, with {format})");
    let repo = Repo::minimal();
    repo.git(&["config", "commit.gpgsign", "true"]);
    git_state(&repo, &says("openpgp"), because, BY_HAND);
    repo.git(&["config", "gpg.format", "ssh"]);
    git_state(&repo, &says("ssh"), because, &format!("{key}{BY_HAND}"));
    repo.git(&["config", "user.signingkey", "/key.pub"]);
    git_state(&repo, &says("ssh"), because, BY_HAND);
    repo.git(&["config", "gpg.format", "x509"]);
    git_state(&repo, &says("x509"), because, BY_HAND);

    let repo = Repo::minimal();
    fs::write(repo.beside("home/signing"), "[commit]\n\tgpgSign\n").unwrap();
    fs::write(repo.beside("home/.gitconfig"), "[include]\n\tpath = signing\n").unwrap();
    git_state(&repo, &says("openpgp"), because, BY_HAND);
    repo.git(&["config", "commit.gpgsign", "false"]);
    repo.git(&["config", "tag.gpgsign", "true"]);
    repo.commit(&[]).done();
}

#[test]
fn a_hint_says_where_git_is_to_work() {
    let repo = Repo::minimal();
    repo.save();
    repo.git(&["checkout", "-q", "--detach"]);
    fs::create_dir(repo.path("docs")).unwrap();
    let says = repo.at(repo.path("docs")).commit(&[]).refused();
    assert!(says.ends_with("= hint: git -C .. switch -c my-branch\n\n"), "{says}");
}

/// The lines of a hint make the commit that it speaks of.
#[test]
fn what_a_hint_says_to_type_makes_the_commit() {
    let repo = Repo::minimal();
    repo.write(".fluxwright/version", "0.1.0\n");
    fs::create_dir(repo.path("docs")).unwrap();
    repo.git(&["config", "commit.gpgsign", "true"]);
    let docs = repo.at(repo.path("docs"));
    let says = docs.commit(&[]).refused();
    let line = "git -C .. add clusters/minimal profiles/minimal.yaml .fluxwright/version\n         git -C .. commit\n";
    assert!(says.contains(line), "{says}");
    repo.git(&["config", "commit.gpgsign", "false"]);
    docs.fluxwright(&["render"]).done();
    docs.git(&["-C", "..", "add", "clusters/minimal", "profiles/minimal.yaml", ".fluxwright/version"]);
    docs.git(&["-C", "..", "commit", "--quiet", "-m", "by hand"]);
    repo.is_whole();
    assert!(docs.commit(&[]).done().ends_with("nothing to commit: HEAD holds all of it\n"));
}

/// A lock that stays is waited for, and then named; nothing is written then.
#[test]
fn a_lock_that_stays_is_refused() {
    let locks =
        [("index.lock", "an index.lock"), ("HEAD.lock", "a HEAD.lock"), ("refs/heads/main.lock", "a main.lock")];
    for (lock, name) in locks {
        let repo = Repo::minimal();
        repo.commit(&[]).done();
        repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
        repo.write(&format!(".git/{lock}"), "");
        let says = format!(
            "error FW502 git-state: another git is at work here, or was stopped: there is {name}
--> ./.git/{lock}
 = hint: wait for it; if no git is running:
         rm ./.git/{lock}

"
        );
        assert_eq!(repo.refuses_commit(), says);
        assert!(repo.exists(&format!(".git/{lock}")));
        repo.remove(&format!(".git/{lock}"));
        repo.commit(&[]).done();
        repo.is_whole();
    }
}

#[test]
fn a_lock_that_goes_is_waited_for() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    for lock in [".git/index.lock", ".git/refs/heads/main.lock"] {
        repo.write(lock, "");
        let mut command = repo.program(&[&["render", "--commit"], &AUTHOR[..]].concat());
        let mut run = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(run.try_wait().unwrap().is_none(), "{lock}: it waits");
        repo.remove(lock);
        assert!(run.wait().unwrap().success());
        repo.is_whole();
        repo.write("profiles/minimal.yaml", &(repo.read("profiles/minimal.yaml") + "# more\n"));
    }
}

/// Root may write everywhere, so a file stands where a folder has to be made.
#[test]
fn an_object_store_that_takes_nothing_stops_the_commit() {
    let repo = Repo::minimal();
    repo.save();
    let head = repo.id("HEAD");
    let index = fs::read(repo.path(".git/index")).unwrap();
    for number in 0..256 {
        let folder = format!(".git/objects/{number:02x}");
        if !repo.exists(&folder) {
            repo.write(&folder, "");
        }
    }
    let says = repo.commit(&[]).refused();
    assert!(says.starts_with("error: git cannot write a file's content in .: "), "{says}");
    assert_eq!((repo.id("HEAD"), fs::read(repo.path(".git/index")).unwrap()), (head, index));
    assert!(!repo.exists(".git/index.lock") && !repo.exists(".git/refs/heads/main.lock"));
}

/// The log of the branch is a folder: the branch cannot move, and then the index must not either.
#[test]
fn a_branch_that_cannot_move_leaves_the_index() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    let (head, index) = (repo.id("HEAD"), fs::read(repo.path(".git/index")).unwrap());
    repo.remove(".git/logs/refs/heads/main");
    repo.write(".git/logs/refs/heads/main/in-the-way", "");
    let says = repo.commit(&[]).refused();
    assert!(says.starts_with("error: git cannot move the branch in .: "), "{says}");
    assert_eq!((repo.id("HEAD"), fs::read(repo.path(".git/index")).unwrap()), (head, index));
    for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock", "index.fluxwright-tmp"] {
        assert!(!repo.exists(&format!(".git/{lock}")), "{lock}");
    }
}

#[test]
fn a_repository_of_another_user_is_refused_until_it_is_trusted() {
    let repo = Repo::minimal();
    repo.save();
    if chown(&repo.root, Some(12345), None).is_err() {
        eprintln!("skipped: only root can give a folder away");
        return;
    }
    let real = fs::canonicalize(&repo.root).unwrap();
    let says = format!(
        "error FW513 foreign-owner: the repository belongs to another user
--> .
 = because: its configuration is somebody else's, and git does not work in it either
 = hint: if you trust it:
         git config --global --add safe.directory {}

",
        real.display()
    );
    assert_eq!(repo.commit(&[]).refused(), says);
    assert!(!repo.exists("clusters"));
    repo.git(&["config", "--global", "--add", "safe.directory", real.to_str().unwrap()]);
    repo.commit(&[]).done();
    repo.is_whole();
}

#[test]
fn a_split_or_sparse_index_is_refused() {
    let repo = Repo::minimal();
    repo.save();
    repo.git(&["update-index", "--split-index"]);
    let because = "fluxwright reads a whole index only";
    let hint = "git config core.splitIndex false\ngit update-index --no-split-index";
    git_state(&repo, "the index is split (core.splitIndex)", because, hint);
    repo.git(&["config", "core.splitIndex", "false"]);
    repo.git(&["update-index", "--no-split-index"]);
    repo.commit(&[]).done();

    let repo = Repo::minimal();
    repo.write("other/deep/file", "1\n");
    repo.save();
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "profiles", "clusters"]);
    let hint = "git sparse-checkout reapply --no-sparse-index";
    git_state(&repo, "the index is sparse (index.sparse)", because, hint);
    repo.git(&["sparse-checkout", "reapply", "--no-sparse-index"]);
    repo.commit(&[]).done();
    repo.is_whole();
}

/// A file that was changed in the second in which the index was written, to another text of the same length: git sees
/// that by the time of the index, and must see it afterwards too.
#[test]
fn a_change_that_is_as_young_as_the_index_stays_seen() {
    let repo = Repo::minimal();
    repo.git(&["config", "core.trustCtime", "false"]);
    // Long enough ago that no later index is as young.
    let moment = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let written_then = |path: &str| {
        fs::File::options().write(true).open(repo.path(path)).unwrap().set_modified(moment).unwrap();
    };
    repo.write("file", "one\n");
    written_then("file");
    repo.save();
    repo.write("file", "two\n");
    written_then("file");
    written_then(".git/index");
    repo.commit(&[]).done();
    assert_eq!(repo.git(&["status", "--porcelain"]), " M file\n");
}
