//! `diff` and `render --adopt`: what would change is shown as git writes it, and a file is only taken over if it says the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::io::Write as _;
use std::process::Stdio;

use repo_builder::{Repo, profile};

fn rendered() -> Repo {
    let repo = Repo::minimal();
    repo.fluxwright(&["render"]).done();
    repo
}

const NAMESPACES: &str = "clusters/minimal/namespaces/namespaces.yaml";

#[test]
fn a_tree_that_is_up_to_date_has_no_difference() {
    assert_eq!(rendered().fluxwright(&["diff"]).done(), "");
}

#[test]
fn a_change_of_the_profile_is_shown_and_nothing_is_written() {
    let repo = rendered();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    let before = repo.state();
    let expected = "\
diff --git a/clusters/minimal/releases/podinfo/helmrelease.yaml b/clusters/minimal/releases/podinfo/helmrelease.yaml
--- a/clusters/minimal/releases/podinfo/helmrelease.yaml
+++ b/clusters/minimal/releases/podinfo/helmrelease.yaml
@@ -25,4 +25,4 @@
       name: RetryOnFailure
       retryInterval: 2m
   values:
-    replicaCount: 2
+    replicaCount: 3
";
    assert_eq!(repo.fluxwright(&["diff"]).differs(), expected);
    assert_eq!(repo.fluxwright(&["diff", "--cluster", "minimal"]).differs(), expected);
    assert!(before == repo.state());
}

/// Files that come and go, and one that becomes executable: git makes of the difference what `render` writes.
#[test]
fn git_can_apply_the_difference() {
    let (repo, other) = (rendered(), rendered());
    for repo in [&repo, &other] {
        repo.git(&["add", "."]);
        let text =
            repo.read("profiles/minimal.yaml").replace("name: podinfo\n    podSecurity", "name: web\n    podSecurity");
        let ask = "externalSecrets:\n  - name: login\n    namespace: web\n    ask: true\n    keys:\n      - password\n";
        let text = text.replace("namespace: podinfo", "namespace: web") + ask;
        let (head, rest) = text.split_once("paths:\n").unwrap();
        let (_, tail) = rest.split_once("# Namespaces").unwrap();
        repo.write("profiles/minimal.yaml", &format!("{head}# Namespaces{tail}"));
    }
    let run = repo.fluxwright(&["diff"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.starts_with("warning FW403 would-drop: "), "{}", run.stderr);
    assert!(
        run.stdout
            .contains("\ndeleted file mode 100644\n--- a/clusters/minimal/kustomizations/apps.yaml\n+++ /dev/null\n")
    );
    assert!(
        run.stdout
            .contains("\nnew file mode 100755\n--- /dev/null\n+++ b/clusters/minimal/bootstrap/40-secrets-web.sh\n")
    );
    let mut git = repo.command("git").args(["apply", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    git.stdin.take().unwrap().write_all(run.stdout.as_bytes()).unwrap();
    assert!(git.wait().unwrap().success());
    let all = [
        "HelmRelease.helm.toolkit.fluxcd.io/flux-system/podinfo",
        "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/apps",
    ];
    other.fluxwright(&["render", "--prune-ok", all[0], "--prune-ok", all[1]]).done_telling("FW421");
    let without_lock = |repo: &Repo| {
        let mut files = repo.files();
        files.remove("clusters/minimal/.fluxwright.lock");
        files
    };
    assert_eq!(without_lock(&repo), without_lock(&other));
}

#[test]
fn an_edit_by_hand_is_shown_as_what_rendering_over_it_would_change() {
    let repo = rendered();
    repo.replace(NAMESPACES, "team: platform", "team: other");
    let run = repo.fluxwright(&["diff"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("\n-    team: other\n+    team: platform\n"), "{}", run.stdout);
    assert!(run.stderr.starts_with("warning FW402 edited-by-hand: "), "{}", run.stderr);
}

#[test]
fn what_stands_in_the_way_is_said_beside_the_difference() {
    let repo = Repo::minimal();
    repo.write(NAMESPACES, "mine: true\n");
    let run = repo.fluxwright(&["diff"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("warning FW401 foreign-file: "), "{}", run.stderr);
    assert!(!run.stdout.contains("namespaces/namespaces.yaml b/"), "{}", run.stdout);
}

#[test]
fn a_lock_that_differs_alone_is_shown() {
    let repo = rendered();
    let lock = "clusters/minimal/.fluxwright.lock";
    repo.write(lock, &format!("{}\n", repo.read(lock)));
    let said = repo.fluxwright(&["diff"]).differs();
    assert!(said.starts_with(&format!("diff --git a/{lock} b/{lock}\n")), "{said}");
}

#[test]
fn a_difference_is_told_as_json() {
    let repo = rendered();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    let said = repo.fluxwright(&["diff", "--format", "json"]).differs();
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["files"][0]["path"], "clusters/minimal/releases/podinfo/helmrelease.yaml");
    assert!(json["files"][0]["diff"].as_str().unwrap().ends_with("+    replicaCount: 3\n"));
}

#[test]
fn a_file_with_the_same_objects_is_taken_over() {
    // Another order of keys, another way to write them, a comment.
    let text = "# mine
apiVersion: v1
metadata:
    annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}
    labels:
        team: 'platform'
        pod-security.kubernetes.io/enforce: \"restricted\"
        pod-security.kubernetes.io/warn: restricted
        pod-security.kubernetes.io/audit: restricted
    name: podinfo
kind: Namespace
";
    for file in [NAMESPACES, "namespaces/namespaces.yaml"] {
        let repo = Repo::minimal();
        repo.write(NAMESPACES, text);
        assert!(repo.refuses(&["render"]).starts_with("error FW401 foreign-file: "));
        repo.fluxwright(&["render", "--adopt", file]).done();
        assert_eq!(repo.files(), rendered().files());
    }
    // As a shell completes it from a folder of the repo.
    let repo = Repo::minimal();
    repo.write(NAMESPACES, text);
    let below = repo.at(repo.path("clusters"));
    below.fluxwright(&["render", "--adopt", "minimal/namespaces/namespaces.yaml"]).done();
    let printed = below.fluxwright(&["render", "--stdout", "minimal/namespaces/namespaces.yaml"]).done();
    assert_eq!(printed, repo.read(NAMESPACES));
}

#[test]
fn a_file_with_other_objects_is_shown_and_not_taken_over() {
    let repo = Repo::minimal();
    repo.write(NAMESPACES, "kind: Namespace\napiVersion: v1\nmetadata: {name: podinfo, labels: {team: mine}}\n");
    let says = "error FW413 other-objects: the objects in `clusters/minimal/namespaces/namespaces.yaml` are not those that would be written
--> clusters/minimal/namespaces/namespaces.yaml
 = because: taking the file over would change what Flux applies; the difference is below, `+` is what would be written
 = hint: make the file the same and commit it, or say the difference in the profile with `patches:`, then again:
         fluxwright render --adopt clusters/minimal/namespaces/namespaces.yaml
    --- a/clusters/minimal/namespaces/namespaces.yaml
    +++ b/clusters/minimal/namespaces/namespaces.yaml
    @@ -2,5 +2,10 @@
     kind: Namespace
     metadata:
    +  annotations:
    +    kustomize.toolkit.fluxcd.io/prune: disabled
       labels:
    -    team: mine
    +    pod-security.kubernetes.io/audit: restricted
    +    pod-security.kubernetes.io/enforce: restricted
    +    pod-security.kubernetes.io/warn: restricted
    +    team: platform
       name: podinfo

";
    assert_eq!(repo.refuses(&["render", "--adopt", NAMESPACES]), says);
}

#[test]
fn a_file_that_is_not_there_cannot_be_taken_over() {
    let says =
        "error FW414 nothing-to-adopt: there is no file `clusters/minimal/namespaces/namespaces.yaml` to take over
--> clusters/minimal/namespaces/namespaces.yaml
 = hint: render without --adopt: it would be created

";
    assert_eq!(Repo::minimal().refuses(&["render", "--adopt", NAMESPACES]), says);
    let says = "error FW305 not-in-tree: the tree of minimal has no file `namespaces/namespace.yaml`
 |
 = hint: did you mean `namespaces/namespaces.yaml`?

";
    assert_eq!(Repo::minimal().refuses(&["render", "--adopt", "namespaces/namespace.yaml"]), says);
}

#[test]
fn a_file_that_was_only_written_otherwise_is_no_edit_when_it_is_taken_over() {
    let repo = rendered();
    repo.write(NAMESPACES, &format!("# mine\n{}", repo.read(NAMESPACES)));
    assert!(repo.refuses(&["render"]).starts_with("error FW402 edited-by-hand: "));
    repo.fluxwright(&["render", "--adopt", NAMESPACES]).done();
    repo.fluxwright(&["render", "--check"]).done();
}

#[test]
fn every_shell_is_completed() {
    let repo = Repo::minimal();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = repo.fluxwright(&["completions", shell]).done();
        assert!(script.contains("fluxwright") && script.contains("prune-ok"), "{shell}");
    }
    assert_eq!(repo.read("profiles/minimal.yaml"), profile("minimal"));
}
