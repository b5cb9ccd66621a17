//! `render --commit`, looked at with git: what the commit holds, what stays as it was, and when there is none.
//!
//! Everything runs in repos in temporary folders (`repo_builder`). What `render` refuses without a commit is in
//! `refusals.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use repo_builder::{AUTHOR, OWN_COMPONENT, Repo};

const STORAGE_TESTER: [&str; 6] = [
    "--prune-ok",
    "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-write",
    "--prune-ok",
    "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-snapshot",
    "--prune-ok",
    "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-restore",
];

fn names(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}

fn is_ours(line: &str) -> bool {
    ["clusters/", "profiles/", ".fluxwright/"].iter().any(|ours| line.contains(ours))
}

/// What `git status` says of paths that are not ours; and whether it says something of ours.
fn status(repo: &Repo) -> (Vec<String>, bool) {
    let text = repo.git(&["status", "--porcelain=v2", "-uall"]);
    let (ours, others): (Vec<_>, Vec<_>) = text.lines().map(str::to_owned).partition(|line| is_ours(line));
    (others, !ours.is_empty())
}

/// After a commit: the branch's tree is the index's, nothing differs, and git finds no fault.
fn is_whole(repo: &Repo) {
    assert_eq!(repo.git(&["status", "--porcelain", "-uall"]), "");
    assert_eq!(repo.id("HEAD^{tree}"), repo.git(&["write-tree"]).trim());
    fsck(repo);
}

fn fsck(repo: &Repo) {
    let run = repo.try_git(&["fsck", "--strict", "--no-dangling"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
}

#[test]
fn the_first_commit_is_made_on_an_unborn_branch() {
    let repo = Repo::new();
    let said = repo.commit(&[]).done();
    assert_eq!(said.lines().last().unwrap(), format!("committed {} on main", &repo.id("HEAD")[..12]));
    assert_eq!(repo.git(&["rev-list", "--count", "main"]), "1\n");
    assert_eq!(repo.git(&["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    is_whole(&repo);
}

#[test]
fn a_second_commit_stands_on_the_first() {
    let repo = Repo::new();
    repo.commit(&[]).done();
    let first = repo.id("HEAD");
    repo.replace("profiles/maelstrom.yaml", "size: 4Gi", "size: 5Gi");
    repo.commit(&[]).done();
    assert_eq!(repo.id("HEAD^"), first);
    let expected = [
        "clusters/maelstrom/.fluxwright.lock",
        "clusters/maelstrom/storage-tester/restore/app.yaml",
        "clusters/maelstrom/storage-tester/write/app.yaml",
        "profiles/maelstrom.yaml",
    ];
    assert_eq!(repo.git(&["diff", "--name-only", "HEAD^", "HEAD"]).lines().collect::<Vec<_>>(), expected);
    is_whole(&repo);
}

#[test]
fn a_commit_holds_the_tree_the_lock_the_seeds_the_profile_and_the_components_and_nothing_else() {
    let repo = Repo::new();
    repo.write(".fluxwright/components/mine/component.yaml", OWN_COMPONENT);
    repo.write("README.md", "mine\n");
    repo.write("profiles/notes.txt", "mine\n");
    repo.write("clusters/other/mine.yaml", "a: 1\n");
    repo.write("clusters/maelstrom/notes.txt", "mine\n");
    repo.commit(&[]).done();
    let others = ["README.md", "profiles/notes.txt", "clusters/other/mine.yaml", "clusters/maelstrom/notes.txt"];
    let committed = names(&repo.git(&["ls-tree", "-r", "--name-only", "HEAD"]));
    let expected: BTreeSet<String> = repo.files().into_keys().filter(|path| !others.contains(&path.as_str())).collect();
    assert_eq!(committed, expected);
    for path in [
        ".fluxwright/components/mine/component.yaml",
        "clusters/maelstrom/.fluxwright.lock",
        "clusters/maelstrom/flux-system/gotk-sync.yaml",
        "clusters/maelstrom/flux-system/kustomization.yaml",
        "clusters/maelstrom/kustomization.yaml",
        "profiles/maelstrom.yaml",
    ] {
        assert!(committed.contains(path), "{path}");
    }
    for (path, bytes) in repo.files().into_iter().filter(|(path, _)| committed.contains(path)) {
        assert_eq!(repo.git(&["cat-file", "blob", &format!("HEAD:{path}")]).into_bytes(), bytes, "{path}");
    }
    fsck(&repo);
}

#[test]
fn a_commit_makes_only_scripts_executable() {
    let repo = Repo::new();
    repo.commit(&[]).done();
    for line in repo.git(&["ls-tree", "-r", "HEAD"]).lines() {
        let is_library = ["/lib.sh", "/govc.sh"].iter().any(|library| line.ends_with(library));
        let is_script = line.ends_with(".sh") && !is_library;
        assert!(line.starts_with(if is_script { "100755 blob " } else { "100644 blob " }), "{line}");
    }
    let mode = fs::metadata(repo.path("clusters/maelstrom/kustomization.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0);
}

#[test]
fn what_was_staged_changed_and_untracked_before_is_so_afterwards() {
    let repo = Repo::minimal();
    for path in ["staged.txt", "changed.txt", "deleted.txt", "both.txt", "gone.txt", "same.txt"] {
        repo.write(path, &format!("{path}\n"));
    }
    repo.git(&["add", "."]);
    repo.git(&["rm", "--quiet", "--cached", "-r", "profiles"]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    repo.write("new.txt", "a new one that is staged\n");
    repo.write("staged.txt", "staged, another text\n");
    repo.write("both.txt", "staged and changed, one\n");
    repo.git(&["add", "new.txt", "staged.txt", "both.txt"]);
    repo.write("both.txt", "staged and changed, two\n");
    repo.write("changed.txt", "changed, another text\n");
    repo.git(&["rm", "--quiet", "deleted.txt"]);
    repo.remove("gone.txt");
    repo.write("untracked.txt", "untracked\n");
    repo.write("intended.txt", "intended\n");
    repo.git(&["add", "-N", "intended.txt"]);
    let (before, _) = status(&repo);
    assert_eq!(before.len(), 8, "{before:?}");
    let index = |repo: &Repo| -> Vec<String> {
        let text = repo.git(&["ls-files", "--stage", "-v"]);
        text.lines().filter(|line| !is_ours(line)).map(str::to_owned).collect()
    };
    let (index_before, files_before) = (index(&repo), repo.files());
    repo.commit(&[]).done();
    assert_eq!(status(&repo), (before, false));
    assert_eq!(index(&repo), index_before);
    for (path, bytes) in files_before {
        assert_eq!(repo.files()[&path], bytes, "{path}");
    }
    let others: Vec<String> = repo
        .git(&["diff", "--name-only", "HEAD^", "HEAD"])
        .lines()
        .filter(|l| !is_ours(l))
        .map(str::to_owned)
        .collect();
    assert_eq!(others, Vec::<String>::new());
    fsck(&repo);
}

#[test]
fn staged_files_stay_staged_beside_the_first_commit() {
    let repo = Repo::minimal();
    repo.write("new.txt", "new\n");
    repo.git(&["add", "new.txt"]);
    repo.commit(&[]).done();
    assert_eq!(repo.git(&["status", "--porcelain", "-uall"]), "A  new.txt\n");
}

#[test]
fn marks_of_the_index_stay() {
    let repo = Repo::minimal();
    repo.write("assumed.txt", "a\n");
    repo.write("skipped.txt", "b\n");
    repo.git(&["add", "assumed.txt", "skipped.txt"]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    repo.git(&["update-index", "--assume-unchanged", "assumed.txt"]);
    repo.git(&["update-index", "--skip-worktree", "skipped.txt"]);
    repo.commit(&[]).done();
    assert_eq!(repo.git(&["ls-files", "-v", "assumed.txt", "skipped.txt"]), "h assumed.txt\nS skipped.txt\n");
}

#[test]
fn the_files_of_a_removed_component_leave_the_commit() {
    let repo = Repo::new();
    repo.commit(&[]).done();
    repo.cut("profiles/maelstrom.yaml", "  storage-tester:");
    let told = repo.commit(&STORAGE_TESTER);
    let says = "\
warning FW421 left-behind: 3 objects would stay in the cluster, and nothing would apply them any more
--> clusters/maelstrom
 = because: they are guarded today, so that Flux leaves them when they leave the repo
 = hint: to have them applied again, put them back; when nothing uses them any more, delete them with kubectl
    Namespace/storage-tester
    PersistentVolumeClaim/storage-tester/storage-tester
    PersistentVolumeClaim/storage-tester/storage-tester-restored
\n";
    assert_eq!(told.stderr, says);
    told.done_telling("FW421");
    let committed = repo.git(&["ls-tree", "-r", "-t", "--name-only", "HEAD"]);
    assert!(!committed.contains("storage-tester"), "{committed}");
    assert!(!repo.exists("clusters/maelstrom/storage-tester"));
    is_whole(&repo);
}

#[test]
fn a_commit_takes_along_what_an_earlier_render_removed() {
    let repo = Repo::new();
    repo.commit(&[]).done();
    repo.cut("profiles/maelstrom.yaml", "  storage-tester:");
    repo.fluxwright(&[&["render"], &STORAGE_TESTER[..]].concat()).done_telling("FW421");
    let says = repo.refuses_commit();
    assert!(says.starts_with("error FW403 would-drop: 6 objects are applied in HEAD and would not be any more\n"));
    repo.commit(&STORAGE_TESTER).done_telling("FW421");
    assert!(!repo.git(&["ls-tree", "-r", "--name-only", "HEAD"]).contains("storage-tester"));
    is_whole(&repo);
}

#[test]
fn nothing_is_committed_when_nothing_changed() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    let before = repo.state();
    assert_eq!(repo.commit(&[]).done(), "minimal: up to date\nnothing to commit: HEAD holds all of it\n");
    assert!(before == repo.state());
}

#[test]
fn the_same_words_give_the_same_commit_anywhere() {
    let first = Repo::new();
    first.commit(&[]).done();
    let mut second = Repo::new();
    for (name, value) in
        [("TZ", "Asia/Tokyo"), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "de_DE"), ("RAYON_NUM_THREADS", "1")]
    {
        second.set(name, value);
    }
    let line = "umask 077; exec \"$0\" \"$@\"";
    let mut shell = second.command("sh");
    shell.args(["-c", line, env!("CARGO_BIN_EXE_fluxwright"), "render", "--commit"]).args(AUTHOR);
    assert!(shell.output().unwrap().status.success());
    assert_eq!(first.id("HEAD"), second.id("HEAD"));
    assert_eq!(
        first.git(&["log", "-1", "--format=%an <%ae> %aI %cn <%ce> %cI"]),
        "Ada <ada@example.com> 2026-11-21T13:00:00+00:00 Ada <ada@example.com> 2026-11-21T13:00:00+00:00\n"
    );
}

#[test]
fn the_offset_of_a_date_is_kept() {
    let repo = Repo::minimal();
    repo.fluxwright(&["render", "--commit", "--author", "A <a@b>", "--date", "2026-11-21T13:00:00-05:30"]).done();
    assert_eq!(repo.git(&["log", "-1", "--format=%aI"]), "2026-11-21T13:00:00-05:30\n");
}

#[test]
fn a_date_that_git_cannot_hold_is_refused_or_kept() {
    for date in ["1960-01-01T00:00:00Z", "2200-01-01T00:00:00Z"] {
        let repo = Repo::minimal();
        let run = repo.fluxwright(&["render", "--commit", "--author", "A <a@b>", "--date", date]);
        if run.code == 0 {
            assert_eq!(repo.git(&["log", "-1", "--format=%ad", "--date=format:%Y"]).trim(), &date[..4]);
        } else {
            assert!(!repo.exists("clusters"));
        }
    }
}

#[test]
fn the_author_comes_from_the_command_line_first() {
    let mut repo = Repo::minimal();
    repo.git(&["config", "user.name", "Config"]);
    repo.git(&["config", "user.email", "config@example.com"]);
    for who in ["AUTHOR", "COMMITTER"] {
        repo.set(&format!("GIT_{who}_NAME"), "Environment");
        repo.set(&format!("GIT_{who}_EMAIL"), "environment@example.com");
    }
    repo.commit(&[]).done();
    let who = "Ada <ada@example.com>, Ada <ada@example.com>\n";
    assert_eq!(repo.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>"]), who);
}

#[test]
fn the_author_comes_from_the_environment_next() {
    let mut repo = Repo::minimal();
    repo.git(&["config", "user.name", "Config"]);
    repo.git(&["config", "user.email", "config@example.com"]);
    repo.set("GIT_AUTHOR_NAME", "Environment");
    repo.set("GIT_AUTHOR_EMAIL", "environment@example.com");
    repo.fluxwright(&["render", "--commit"]).done();
    let who = "Environment <environment@example.com>, Config <config@example.com>\n";
    assert_eq!(repo.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>"]), who);
}

#[test]
fn the_author_comes_from_git_s_configuration_last() {
    let repo = Repo::minimal();
    fs::write(repo.beside("home/.gitconfig"), "[user]\n\tname = Global\n\temail = global@example.com\n").unwrap();
    repo.git(&["config", "user.name", "Config"]);
    repo.fluxwright(&["render", "--commit"]).done();
    let who = "Config <global@example.com>, Config <global@example.com>\n";
    assert_eq!(repo.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>"]), who);
}

#[test]
fn without_an_author_nothing_is_written() {
    let repo = Repo::minimal();
    let says = "error FW503 no-author: nothing says who the author of the commit is
 |
 = because: neither --author nor GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL nor git's user.name and user.email are set
 = hint: git config user.name 'My Name'
         git config user.email me@example.com
         # or, for this commit only:
         --author 'My Name <me@example.com>'

";
    assert_eq!(repo.refuses(&["render", "--commit"]), says);
    assert!(!repo.exists("clusters"));
}

#[test]
fn an_author_or_a_date_that_is_none_is_refused() {
    let repo = Repo::minimal();
    let says = repo.refuses(&["render", "--commit", "--author", "nobody"]);
    assert_eq!(
        says,
        "error FW601 bad-argument: `nobody` is no author: write 'NAME <MAIL>'\n |\n = hint: fluxwright render --help\n\n"
    );
    let says = repo.refuses(&["render", "--commit", "--date", "yesterday"]);
    let expected = "error FW601 bad-argument: `yesterday` is no date: write it like 2026-11-21T13:00:00Z
 |
 = hint: fluxwright render --help

";
    assert_eq!(says, expected);
}

#[test]
fn a_new_branch_is_made_at_head_and_head_stays() {
    let repo = Repo::minimal();
    repo.write("README.md", "mine\n");
    repo.git(&["add", "README.md"]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    let (head, index) = (repo.id("HEAD"), fs::read(repo.path(".git/index")).unwrap());
    let said = repo.commit(&["--branch", "render/minimal"]).done();
    assert!(said.ends_with(&format!("committed {} on render/minimal\n", &repo.id("render/minimal")[..12])), "{said}");
    assert_eq!(repo.id("HEAD"), head);
    assert_eq!(repo.git(&["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    assert_eq!(fs::read(repo.path(".git/index")).unwrap(), index);
    assert_eq!(repo.id("render/minimal^"), head);
    assert!(repo.git(&["ls-tree", "-r", "--name-only", "render/minimal"]).contains("README.md\n"));
    fsck(&repo);
}

#[test]
fn a_branch_that_stands_at_head_is_taken() {
    let repo = Repo::minimal();
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "before"]);
    repo.git(&["branch", "side"]);
    let head = repo.id("HEAD");
    repo.commit(&["--branch", "side"]).done();
    assert_eq!((repo.id("HEAD"), repo.id("side^")), (head.clone(), head));
}

#[test]
fn the_branch_of_head_by_its_name_is_head_s() {
    let repo = Repo::minimal();
    repo.commit(&["--branch", "main"]).done();
    is_whole(&repo);
}

#[test]
fn a_branch_that_stands_elsewhere_is_refused() {
    let repo = Repo::minimal();
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "before"]);
    repo.git(&["switch", "--quiet", "-c", "side"]);
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "side"]);
    repo.git(&["switch", "--quiet", "main"]);
    let says = "error FW504 branch-elsewhere: the branch `side` is not where HEAD is
 |
 = because: the commit is made of HEAD's tree; on another branch it would undo what is there
 = hint: git switch side
         # or take a branch that does not exist yet

";
    assert_eq!(repo.refuses(&[&["render", "--commit", "--branch", "side"], &AUTHOR[..]].concat()), says);
}

#[test]
fn a_branch_that_is_no_name_is_refused() {
    let repo = Repo::minimal();
    let says = repo.refuses(&[&["render", "--commit", "--branch", "a..b"], &AUTHOR[..]].concat());
    let expected = "error FW601 bad-argument: `a..b` is no branch name\n |\n = hint: fluxwright render --help\n\n";
    assert_eq!(says, expected);
}

#[test]
fn a_branch_that_cannot_stand_beside_another_is_refused_before_anything_is_written() {
    let repo = Repo::minimal();
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "before"]);
    repo.git(&["branch", "x"]);
    repo.refuses(&[&["render", "--commit", "--branch", "x/y"], &AUTHOR[..]].concat());
}

#[test]
fn the_message_says_the_cluster_and_its_changed_units() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    let message = "Render minimal

minimal:
- apps: 1 created
- namespaces: 3 created
- podinfo: 3 created
- the cluster: 9 created
";
    let body = |repo: &Repo| {
        let text = repo.git(&["cat-file", "commit", "HEAD"]);
        text.split_once("\n\n").unwrap().1.to_owned()
    };
    assert_eq!(body(&repo), message);
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.commit(&[]).done();
    assert_eq!(body(&repo), "Render minimal\n\nminimal:\n- podinfo: 1 changed\n");
}

#[test]
fn a_message_of_one_s_own_is_taken_as_it_is() {
    let repo = Repo::minimal();
    repo.commit(&["-m", "Schließt #12\n\nmit Rumpf"]).done();
    assert_eq!(repo.git(&["log", "-1", "--format=%s|%b"]).trim_end(), "Schließt #12|mit Rumpf");
    assert_eq!(repo.git(&["reflog", "-1", "--format=%gs"]), "commit (fluxwright): Schließt #12\n");
    fsck(&repo);
}

#[test]
fn no_repository_at_all_is_refused() {
    let repo = Repo::without_git("minimal");
    let says = "error FW501 no-repository: this is not the root of a git repository
--> .
 = hint: git init --initial-branch=main .

";
    assert_eq!(repo.refuses_commit(), says);
    assert!(!repo.exists("clusters"));
}

#[test]
fn an_ignored_path_is_refused_by_its_name() {
    let repo = Repo::minimal();
    repo.write(".gitignore", "releases/\n");
    let says = "error FW506 ignored-path: git ignores 2 files that the commit would hold
--> clusters/minimal/releases/podinfo/helmrelease.yaml
 = because: a file that is committed and ignored is lost at the next `git clean -X`, and no `git add` takes its changes
 = hint: see which line does it:
         git check-ignore -v clusters/minimal/releases/podinfo/helmrelease.yaml
    clusters/minimal/releases/podinfo/helmrelease.yaml
    clusters/minimal/releases/podinfo/kustomization.yaml

";
    assert_eq!(repo.refuses_commit(), says);
    repo.write(".gitignore", ".fluxwright.lock\n");
    let says = repo.refuses_commit();
    assert!(says.starts_with("error FW506 ignored-path: git ignores `clusters/minimal/.fluxwright.lock`\n"), "{says}");
}

#[test]
fn a_file_that_git_has_already_may_be_ignored() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    repo.write(".gitignore", "clusters/\n");
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.commit(&[]).done();
    assert_eq!(status(&repo), (vec!["? .gitignore".to_owned()], false));
}

#[test]
fn an_ignored_profile_is_refused() {
    let repo = Repo::minimal();
    repo.write(".gitignore", "profiles/\n");
    assert!(repo.refuses_commit().starts_with("error FW506 ignored-path: git ignores `profiles/minimal.yaml`\n"));
}

#[test]
fn ignored_seeds_are_refused() {
    let repo = Repo::minimal();
    repo.write(".gitignore", "flux-system/\n");
    let says = repo.refuses_commit();
    assert!(says.starts_with("error FW506 ignored-path: git ignores 3 files that the commit would hold\n"), "{says}");
    assert!(says.contains("\n    clusters/minimal/flux-system/gotk-sync.yaml\n"), "{says}");
}

#[test]
fn an_ignored_file_beside_the_components_is_not_committed() {
    let repo = Repo::minimal();
    repo.write(".gitignore", "*.swp\n");
    repo.write(".fluxwright/components/mine/component.yaml", OWN_COMPONENT);
    repo.write(".fluxwright/components/mine/.component.yaml.swp", "x\n");
    repo.commit(&[]);
    assert!(!repo.git(&["ls-tree", "-r", "--name-only", "--full-tree", "HEAD"]).contains(".swp"));
}

#[test]
fn what_a_link_leads_to_is_not_committed() {
    let repo = Repo::minimal();
    repo.write(".fluxwright/components/mine/component.yaml", OWN_COMPONENT);
    fs::write(repo.beside("outside"), "outside of the repo\n").unwrap();
    symlink(repo.beside("outside"), repo.path(".fluxwright/components/mine/link")).unwrap();
    repo.commit(&[]);
    let held = repo.try_git(&["cat-file", "blob", "HEAD:.fluxwright/components/mine/link"]).stdout;
    assert!(!held.contains("outside of the repo"), "{held}");
}

#[test]
fn an_executable_file_of_a_component_stays_executable() {
    let repo = Repo::minimal();
    repo.write(".fluxwright/components/mine/component.yaml", OWN_COMPONENT);
    repo.write(".fluxwright/components/mine/test.sh", "#!/bin/sh\n");
    fs::set_permissions(repo.path(".fluxwright/components/mine/test.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    repo.commit(&[]).done();
    is_whole(&repo);
}

#[test]
fn a_profile_that_is_a_link_stays_one() {
    let repo = Repo::minimal();
    repo.write("shared/minimal.yaml", &repo_builder::profile("minimal"));
    repo.remove("profiles/minimal.yaml");
    symlink("../shared/minimal.yaml", repo.path("profiles/minimal.yaml")).unwrap();
    repo.git(&["add", "."]);
    repo.git(&["commit", "--quiet", "-m", "before"]);
    let head = repo.id("HEAD");
    let says =
        "error FW405 leaves-the-repo: `profiles/minimal.yaml` is a link, and a commit holds the profile that was read
--> profiles/minimal.yaml
 = hint: put the file itself there, or render without --commit

";
    assert_eq!(repo.commit(&[]).refused(), says);
    assert_eq!(repo.id("HEAD"), head);
    assert!(fs::symlink_metadata(repo.path("profiles/minimal.yaml")).unwrap().is_symlink());
    assert!(!repo.exists("clusters/minimal"));
}

#[test]
fn a_commit_is_made_from_a_folder_below_and_with_c() {
    let (below, from_elsewhere) = (Repo::minimal(), Repo::minimal());
    let mut command = below.program(&[&["render", "--commit"], &AUTHOR[..]].concat());
    assert!(command.current_dir(below.path("profiles")).output().unwrap().status.success());
    is_whole(&below);
    let root = from_elsewhere.root.to_str().unwrap();
    let mut command = from_elsewhere.program(&[&["-C", root, "render", "--commit"], &AUTHOR[..]].concat());
    assert!(command.current_dir(from_elsewhere.beside("home")).output().unwrap().status.success());
    is_whole(&from_elsewhere);
    assert_eq!(below.id("HEAD"), from_elsewhere.id("HEAD"));
}
