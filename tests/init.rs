//! `init`: what a new repository holds, what a repository that is there keeps, and where none may begin.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use repo_builder::{AUTHOR, Repo};

/// An empty folder, and nothing of the machine's configuration.
fn empty() -> Repo {
    let repo = Repo::without_git("minimal");
    repo.remove("profiles");
    repo
}

fn init(repo: &Repo, arguments: &[&str]) -> repo_builder::Run {
    repo.fluxwright(&[&["init"], arguments, &AUTHOR[..]].concat())
}

fn git_in(repo: &Repo, folder: &str, arguments: &[&str]) -> String {
    repo.git(&[&["-C", folder], arguments].concat())
}

#[test]
fn a_new_repository_holds_the_cluster_and_what_is_around_it() {
    let repo = empty();
    let said = init(&repo, &["new", "--name", "alpha"]).done();
    let id = git_in(&repo, "new", &["rev-parse", "--short=12", "HEAD"]);
    let files = git_in(&repo, "new", &["ls-tree", "-r", "--name-only", "HEAD"]);
    let expected = format!(
        "alpha: {} files in new, committed {} on main
next:
  1. cd new, edit profiles/alpha.yaml, then: fluxwright render --commit
  2. git remote add origin ssh://git@git.example.com/platform/infra && git push -u origin main
  3. the steps of clusters/alpha/README.md, among them: flux bootstrap git --url=ssh://git@git.example.com/platform/infra --branch=main --path=clusters/alpha --version=v2.9.4
",
        files.lines().count(),
        id.trim()
    );
    assert_eq!(said, expected);
    assert_eq!(git_in(&repo, "new", &["status", "--porcelain", "--ignored"]), "");
    assert_eq!(git_in(&repo, "new", &["fsck", "--strict", "--no-dangling"]), "");
    assert_eq!(git_in(&repo, "new", &["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    let others: BTreeSet<&str> = files.lines().filter(|file| !file.starts_with("clusters/")).collect();
    let around = [
        ".fluxwright/profile.schema.json",
        ".fluxwright/version",
        ".gitattributes",
        ".gitignore",
        "README.md",
        "apps/alpha/kustomization.yaml",
        "profiles/alpha.yaml",
        "renovate.json",
    ];
    assert!(around.iter().all(|file| others.contains(file)), "{others:?}");
    // What it wrote is what render would write, and the name is the user's wherever the example's stood.
    assert_eq!(repo.fluxwright(&["-C", "new", "render", "--check"]).done(), "alpha: up to date\n");
    let profile = repo.read("new/profiles/alpha.yaml");
    assert!(profile.contains("  name: alpha\n") && profile.contains("path: apps/alpha\n"), "{profile}");
    assert!(!repo.read("new/README.md").contains("alpha"));
}

#[test]
fn the_same_words_give_the_same_commit() {
    let repo = empty();
    init(&repo, &["one", "--name", "alpha"]).done();
    init(&repo, &["two", "--name", "alpha"]).done();
    assert_eq!(git_in(&repo, "one", &["rev-parse", "HEAD"]), git_in(&repo, "two", &["rev-parse", "HEAD"]));
}

#[test]
fn every_example_is_rendered_and_committed() {
    let examples = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/examples")).unwrap();
    for example in examples.map(|entry| entry.unwrap().path()) {
        let example = example.file_stem().unwrap().to_str().unwrap();
        let repo = empty();
        let run = init(&repo, &["new", "--name", "alpha", "--example", example]);
        assert_eq!(run.code, 0, "{example}: {}", run.stderr);
        let next: Vec<&str> = run.stdout.lines().skip_while(|line| *line != "next:").skip(1).collect();
        assert_eq!(next.len(), 3, "{example}: {}", run.stdout);
        assert_eq!(git_in(&repo, "new", &["status", "--porcelain", "--ignored"]), "");
        let check = repo.fluxwright(&["-C", "new", "render", "--check"]);
        assert_eq!((check.code, check.stdout.as_str()), (0, "alpha: up to date\n"), "{example}");
    }
}

#[test]
fn a_repository_that_is_there_is_extended_and_nothing_in_it_touched() {
    let repo = empty();
    repo.git(&["init", "--quiet", "-b", "trunk"]);
    repo.write("README.md", "mine\n");
    repo.write(".gitignore", "/target/\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "mine"]);
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("README.md", "modified\n");
    let said = init(&repo, &["--name", "alpha"]).done();
    assert!(said.contains("\nkept as they are: .gitignore, README.md\n"), "{said}");
    let next = "\n  1. edit profiles/alpha.yaml, then: fluxwright render --commit\n  2. git remote add origin ";
    assert!(said.contains(next), "{said}");
    assert!(said.contains(" && git push -u origin trunk\n") && said.contains(" --branch=trunk "), "{said}");
    assert!(repo.read("profiles/alpha.yaml").contains("\n  branch: trunk\n"));
    assert_eq!(repo.git(&["status", "--porcelain"]), " M README.md\nA  staged.txt\n");
    assert_eq!(repo.git(&["rev-list", "--count", "trunk"]), "2\n");
    assert_eq!((repo.read("README.md").as_str(), repo.read(".gitignore").as_str()), ("modified\n", "/target/\n"));
    // One more cluster.
    init(&repo, &["--name", "beta", "--example", "maelstrom"]).done();
    assert_eq!(repo.git(&["status", "--porcelain"]), " M README.md\nA  staged.txt\n");
    assert!(repo.exists("clusters/alpha") && repo.exists("clusters/beta"));
}

/// What Flux applies from the folder of the cluster already is included, so that nothing is cut off.
#[test]
fn a_cluster_that_flux_applies_already_keeps_what_is_beside_its_tree() {
    let repo = empty();
    repo.git(&["init", "--quiet", "-b", "main"]);
    repo.git(&["remote", "add", "origin", "git@git.example.com:me/fleet.git"]);
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: default\n";
    repo.write("clusters/alpha/apps.yaml", map);
    repo.write("clusters/alpha/#odd/b.yaml", &map.replace("name: a\n", "name: b\n"));
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "mine"]);
    let said = init(&repo, &["--name", "alpha"]).done();
    assert!(
        said.contains(
            "\n  2. git push -u origin main\n  3. the steps of clusters/alpha/README.md, among them: flux bootstrap git --url=ssh://git@git.example.com/me/fleet.git "
        ),
        "{said}"
    );
    let profile = repo.read("profiles/alpha.yaml");
    assert!(profile.contains("  include:\n    - \"#odd\"\n    - apps.yaml\n"), "{profile}");
    let root = repo.read("clusters/alpha/kustomization.yaml");
    assert!(root.contains("- apps.yaml\n"), "{root}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

/// The address of `origin` decides what Flux is bootstrapped with; what is secret in it stays out of the profile.
#[test]
fn the_bootstrap_is_that_of_the_repositorys_host() {
    let next = |origin: &str, branch: &str| {
        let repo = empty();
        repo.git(&["init", "--quiet", "-b", branch]);
        repo.git(&["remote", "add", "origin", origin]);
        let run = init(&repo, &["--name", "alpha", "--example", "homelab"]);
        (run.stdout.lines().skip_while(|line| !line.starts_with("  2. ")).collect::<Vec<_>>().join("\n"), run.stderr)
    };
    let end = "--branch=main --path=clusters/alpha --version=v2.9.4";
    let script = "  2. git push -u origin main\n  3. the steps of clusters/alpha/README.md, among them: flux bootstrap";
    let of = |rest: &str| format!("{script} {rest}");
    assert_eq!(
        next("https://ghp_token@github.com/me/infra.git", "main").0,
        of(&format!("github --owner=me --repository=infra {end} --personal --token-auth"))
    );
    assert_eq!(
        next("git@gitlab.com:me/infra.git", "main").0,
        of(&format!("gitlab --owner=me --repository=infra {end} --personal --token-auth"))
    );
    let own = "ssh://git@git.example:2222/me/infra.git";
    assert_eq!(next(own, "main").0, of(&format!("git --url={own} {end}")));
    let (said, told) = next("/srv/git/infra.git", "a&b");
    assert!(said.starts_with("  2. git push -u origin 'a&b'\n") && said.contains(" '--branch=a&b' "), "{said}");
    assert!(told.contains("warning FW125 bad-url: Flux cannot read from the address of `origin`"), "{told}");
}

#[test]
fn a_cluster_that_flux_reads_already_is_not_bootstrapped_again() {
    let repo = empty();
    repo.git(&["init", "--quiet", "-b", "main"]);
    let sync = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: flux-system\n  namespace: \
                flux-system\nspec:\n  interval: 10m\n  path: ./clusters/alpha\n  prune: true\n  sourceRef:\n    kind: \
                GitRepository\n    name: flux-system\n";
    repo.write("clusters/alpha/flux-system/gotk-sync.yaml", sync);
    repo.write("clusters/alpha/flux-system/kustomization.yaml", "resources:\n  - gotk-sync.yaml\n");
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "flux"]);
    let said = init(&repo, &["--name", "alpha"]).done();
    let end =
        "\n  3. the steps of clusters/alpha/README.md; Flux reads clusters/alpha already: it applies what is pushed\n";
    assert!(said.ends_with(end), "{said}");
}

#[test]
fn nothing_is_written_through_a_link() {
    for (link, path) in
        [("profiles", "profiles"), (".fluxwright", ".fluxwright"), ("apps", "apps"), ("clusters", "clusters")]
    {
        let repo = empty();
        let outside = repo.beside("outside");
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(&repo.root).unwrap();
        std::os::unix::fs::symlink(&outside, repo.path(link)).unwrap();
        let says = repo.refuses(&["init", "--name", "alpha", AUTHOR[0], AUTHOR[1]]);
        assert!(says.starts_with("error FW405 leaves-the-repo: "), "{says}");
        assert!(says.contains(&format!("{path}` is a link, or not what the tree has there\n")), "{says}");
        assert!(!repo.exists(".git") && fs::read_dir(&outside).unwrap().next().is_none());
    }
}

#[test]
fn no_repository_begins_in_a_folder_of_gits_own() {
    let repo = empty();
    repo.git(&["init", "--quiet", "--bare", "bare.git"]);
    for folder in ["bare.git", "bare.git/refs/x"] {
        let says = repo.refuses(&["init", folder, "--name", "alpha", AUTHOR[0], AUTHOR[1]]);
        let first = format!("error FW416 inside-a-repository: `{folder}` is inside of a folder of git's own, ");
        assert!(says.starts_with(&first), "{says}");
    }
}

#[test]
fn a_folder_with_files_and_no_repository_keeps_them() {
    let repo = empty();
    repo.write("notes.txt", "mine\n");
    repo.write("clusters/alpha/notes.txt", "mine\n");
    init(&repo, &["--name", "alpha"]).done();
    assert_eq!(repo.git(&["status", "--porcelain"]), "?? clusters/alpha/notes.txt\n?? notes.txt\n");
}

/// Flux walks the folder for a cluster that is there: an empty kustomization in it would have Flux delete all of that.
#[test]
fn a_folder_of_manifests_that_is_there_gets_no_kustomization() {
    let repo = empty();
    repo.write("apps/alpha/web.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: web, namespace: default}\n");
    let said = init(&repo, &["--name", "alpha"]).done();
    assert!(said.contains("\nkept as they are: apps/alpha\n"), "{said}");
    assert!(!repo.exists("apps/alpha/kustomization.yaml"));
    assert_eq!(repo.git(&["status", "--porcelain"]), "?? apps/\n");
}

#[test]
fn a_profile_or_a_tree_that_exists_is_never_touched() {
    let repo = empty();
    init(&repo, &["--name", "alpha"]).done();
    let says = "error FW415 would-touch: `profiles/alpha.yaml` is there already
--> profiles/alpha.yaml
 = because: init begins a cluster, and touches nothing that exists
 = hint: take another --name; a cluster that is there is changed by its profile, and: fluxwright render

";
    assert_eq!(repo.refuses(&["init", "--name", "alpha", AUTHOR[0], AUTHOR[1]]), says);
    repo.write("clusters/beta/kustomization.yaml", "mine: true\n");
    let says = repo.refuses(&["init", "--name", "beta", AUTHOR[0], AUTHOR[1]]);
    assert!(says.starts_with("error FW401 foreign-file: `clusters/beta/kustomization.yaml` stands"), "{says}");
    let last = "\
error FW415 would-touch: `clusters/beta` is in use, and init cannot adopt, keep or let go what is there
--> clusters/beta
 = because: that takes a profile which says so, and `render`; what to say in it stands above
 = hint: take the profile of a repository that is made for it only, and go on with render:
         fluxwright init /tmp/beta --name beta --example minimal
         mkdir -p profiles
         cp /tmp/beta/profiles/beta.yaml profiles
\n";
    assert!(says.ends_with(last), "{says}");
}

#[test]
fn inside_of_another_repository_one_begins_only_where_it_is_ignored() {
    let repo = empty();
    repo.git(&["init", "--quiet", "-b", "main"]);
    repo.write(".gitignore", "/target/\n");
    let real = fs::canonicalize(&repo.root).unwrap();
    let says = format!(
        "error FW416 inside-a-repository: `infra` is inside of the repository {0}, which does not ignore it
--> infra
 = because: the outer repository would take the inner one for a submodule that nobody registered, and hold none of its files
 = hint: take the repository's root for DIR, or a folder elsewhere; or let it ignore the folder:
         printf '/%s/\\n' infra >> {0}/.gitignore

",
        real.display()
    );
    assert_eq!(repo.refuses(&["init", "infra", "--name", "alpha", AUTHOR[0], AUTHOR[1]]), says);
    init(&repo, &["target/infra", "--name", "alpha"]).done();
    assert_eq!(repo.git(&["status", "--porcelain"]), "?? .gitignore\n");
    // A link from elsewhere leads inside all the same.
    fs::create_dir(repo.path("sub")).unwrap();
    std::os::unix::fs::symlink(repo.path("sub"), repo.beside("link")).unwrap();
    let says = repo.refuses(&["init", "../link/infra", "--name", "alpha", AUTHOR[0], AUTHOR[1]]);
    assert!(says.starts_with("error FW416 inside-a-repository: "), "{says}");
    assert_eq!(git_in(&repo, "target/infra", &["status", "--porcelain"]), "");
}

#[test]
fn without_an_author_nothing_is_made() {
    let repo = empty();
    let says = repo.refuses(&["init", "new", "--name", "alpha"]);
    assert!(says.starts_with("error FW503 no-author: nothing says who the author of the commit is\n"), "{says}");
    assert!(!repo.exists("new"));
}

/// The lines of the hint begin the repository, and leave the signing to git.
#[test]
fn where_commits_are_to_be_signed_the_hint_begins_all_the_same() {
    let repo = empty();
    fs::write(repo.beside("home/.gitconfig"), "[commit]\n\tgpgsign = true\n").unwrap();
    let run = init(&repo, &["new", "--name", "alpha"]);
    assert_eq!(run.code, 2);
    let says = "\
error FW502 git-state: commits are to be signed (commit.gpgsign, with openpgp)
--> ./new
 = because: fluxwright does not sign yet, and an unsigned commit is not what you asked for
 = hint: let git sign the commit after it was made:
         git -C ./new config commit.gpgsign false
         fluxwright init ./new --name alpha --example minimal
         git -C ./new config commit.gpgsign true
         git -C ./new commit --amend --no-edit --gpg-sign
\n";
    assert_eq!(run.stderr, says);
    git_in(&repo, "./new", &["config", "commit.gpgsign", "false"]);
    init(&repo, &["./new", "--name", "alpha"]).done();
    git_in(&repo, "./new", &["config", "commit.gpgsign", "true"]);
    assert_eq!(git_in(&repo, "new", &["rev-list", "--count", "HEAD"]), "1\n");
}

#[test]
fn a_wrong_name_or_example_is_said_before_anything_is_made() {
    let repo = empty();
    let cases = [
        (&["new", "--name", "Alpha"][..], "error FW601 bad-argument: `Alpha` is no name"),
        (
            &["new", "--name", "alpha", "--example", "minimol"],
            "error FW601 bad-argument: there is no example `minimol`\n |\n = hint: did you mean `minimal`?\n",
        ),
        (&["file", "--name", "alpha"], "error FW601 bad-argument: `file` is a file\n"),
        (&["link", "--name", "alpha"], "error FW601 bad-argument: `link` is a link that leads nowhere\n"),
        (
            &["new", "--name", "alpha", "--author", "me"],
            "error FW601 bad-argument: `me` is no author: write 'NAME <MAIL>'\n",
        ),
    ];
    repo.write("file", "mine\n");
    std::os::unix::fs::symlink("nowhere", repo.path("link")).unwrap();
    for (arguments, says) in cases {
        let said = repo.refuses(&[&["init"], arguments].concat());
        assert!(said.starts_with(says), "{said}");
        assert!(!repo.exists("new"));
    }
}

#[test]
fn what_is_next_is_told_as_json_too() {
    let repo = empty();
    let said = init(&repo, &["new", "--name", "alpha", "--format", "json"]).done();
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["cluster"], "alpha");
    assert_eq!(json["commit"]["branch"], "main");
    assert_eq!(json["next"].as_array().unwrap().len(), 3);
}
