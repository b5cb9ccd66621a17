//! What Flux applies from a repo never shrinks silently: repos as people have them, with files that fluxwright did not write,
//! and the exact words of each refusal.
//!
//! What concerns only the tree's own files is in `refusals.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use repo_builder::{AUTHOR, Repo, profile};

const TREE: &str = "clusters/minimal";

const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// What `flux bootstrap` writes for a folder.
fn sync(path: &str) -> String {
    format!(
        "---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  ref:
    branch: main
  secretRef:
    name: flux-system
  url: ssh://git@git.example.com/platform/infra
---
{}",
        kustomization("flux-system", path).replace("prune: true", "prune: true\n  timeout: 1m0s")
    )
}

/// A Flux Kustomization of a folder of this repo.
fn kustomization(name: &str, path: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: {name}
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./{path}
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"
    )
}

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: default\n")
}

fn bootstrapped(repo: &Repo, folder: &str, path: &str) {
    repo.write(&format!("{folder}/flux-system/gotk-components.yaml"), "# Flux Version: v2.9.4\n");
    repo.write(&format!("{folder}/flux-system/gotk-sync.yaml"), &sync(path));
    let listed = "resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n";
    repo.write(&format!("{folder}/flux-system/kustomization.yaml"), &format!("{KUSTOMIZATION}{listed}"));
}

/// Everything but the profile is committed.
fn pushed(repo: &Repo) {
    repo.git(&["add", "."]);
    repo.git(&["reset", "-q", "profiles"]);
    repo.git(&["commit", "-qm", "as it was"]);
}

/// A repo that was bootstrapped and that Flux walks: a file of somebody's beside flux-system.
fn with_apps() -> Repo {
    let repo = Repo::minimal();
    bootstrapped(&repo, TREE, TREE);
    repo.write("clusters/minimal/apps.yaml", &kustomization("team", "team"));
    repo.write("team/first.yaml", &config_map("first"));
    repo.write("team/below/second.yaml", &config_map("second"));
    repo
}

fn include(repo: &Repo, entries: &[&str]) {
    let lines = entries.join("\n    - ");
    repo.replace("profiles/minimal.yaml", "flux:\n", &format!("flux:\n  include:\n    - {lines}\n"));
}

fn without_include(repo: &Repo) {
    repo.write("profiles/minimal.yaml", &profile("minimal"));
}

#[test]
fn a_repo_that_was_bootstrapped_keeps_what_it_applies() {
    let repo = with_apps();
    repo.write("clusters/minimal/eksa-system/eksa-cluster.yaml", &config_map("cluster"));
    let listed = format!("{KUSTOMIZATION}resources:\n- eksa-cluster.yaml\n");
    repo.write("clusters/minimal/eksa-system/kustomization.yaml", &listed);
    let says = "error FW404 walked-folder: clusters/minimal has files that Flux may apply today, and would not any more
--> clusters/minimal
 = because: a folder without kustomization.yaml is applied whole; the one that fluxwright adds lists what is applied, and Flux deletes the rest
 = hint: to keep applying them, add to the profile:
         flux:
           include:
             - apps.yaml
             - eksa-system
         # to let Flux delete them, take them out of the folder in a commit of their own first
    clusters/minimal/apps.yaml
    clusters/minimal/eksa-system

";
    assert_eq!(repo.refuses(&["render"]), says);
    include(&repo, &["apps.yaml", "eksa-system"]);
    repo.fluxwright(&["render"]).done();
    let says = repo.refuses_commit();
    let first = "error FW419 not-in-commit: the tree lists `clusters/minimal/apps.yaml`, and the commit would not hold it
--> clusters/minimal/apps.yaml
 = because: a commit holds what fluxwright writes and the profile; a root that lists a file that is not there cannot be built
 = hint: commit it first:
         git add clusters/minimal/apps.yaml
         git commit -m 'Add apps.yaml'
";
    assert!(says.starts_with(first), "{says}");
    repo.git(&["add", "clusters/minimal/apps.yaml", "clusters/minimal/eksa-system", "clusters/minimal/flux-system"]);
    repo.git(&["commit", "-qm", "as it was"]);
    repo.commit(&[]).done();
    repo.fluxwright(&["render", "--check"]).done();
}

/// In the repo as it was pushed the files are still there, though they were moved away on disk.
#[test]
fn what_was_moved_away_on_disk_is_still_in_head() {
    let repo = with_apps();
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "as it was"]);
    repo.remove("clusters/minimal/apps.yaml");
    let says = "error FW403 would-drop: 3 objects are applied in HEAD and would not be any more
--> clusters/minimal
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: to let them be deleted:
         --prune-ok Kustomization.kustomize.toolkit.fluxcd.io/flux-system/team
         # to go on applying it, let the root list it:
         # flux:
         #   include:
         #     - apps.yaml
         # to keep an object in the cluster, first commit only the guard, in clusters/minimal/apps.yaml, team/below/second.yaml, team/first.yaml:
         #   kustomize.toolkit.fluxcd.io/prune: disabled
         # let Flux apply it, then make this change
    ConfigMap/default/first  (applied by team)
    ConfigMap/default/second  (applied by team)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/team  (applied by flux-system)

";
    assert_eq!(repo.refuses_commit(), says);
    repo.fluxwright(&["render"]).done();
}

/// HEAD's lock says that the file is ours, and it is not there: Flux walks the folder.
#[test]
fn a_root_that_head_does_not_have_cuts_off_what_head_has() {
    let repo = with_apps();
    pushed(&repo);
    include(&repo, &["apps.yaml"]);
    repo.commit(&[]).done();
    repo.git(&["rm", "-q", "--cached", "clusters/minimal/kustomization.yaml"]);
    repo.write("clusters/minimal/loose.yaml", &config_map("loose"));
    repo.git(&["add", "clusters/minimal/loose.yaml"]);
    repo.git(&["commit", "-qm", "walked again"]);
    let says = repo.refuses_commit();
    assert!(says.contains("    ConfigMap/default/loose  (applied by flux-system)\n"), "{says}");
}

#[test]
fn a_nested_kustomization_that_leaves_takes_all_that_it_applies_with_it() {
    let repo = with_apps();
    repo.write("team/nested.yaml", &kustomization("inner", "inner"));
    repo.write("inner/third.yaml", &config_map("third"));
    include(&repo, &["apps.yaml"]);
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    let says = repo.refuses(&["render"]);
    let listed = "    ConfigMap/default/first  (applied by team)
    ConfigMap/default/second  (applied by team)
    ConfigMap/default/third  (applied by inner)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/inner  (applied by team)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/team  (applied by flux-system)

";
    assert!(says.ends_with(listed), "{says}");
    assert!(says.contains("error FW403 would-drop: 5 objects are applied today and would not be any more\n"), "{says}");
    let name = "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/team";
    repo.fluxwright(&["render", "--prune-ok", name]).done();
}

#[test]
fn a_nested_kustomization_that_is_guarded_goes_on() {
    let repo = with_apps();
    repo.replace(
        "clusters/minimal/apps.yaml",
        "  name: team\n",
        "  name: team\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n",
    );
    include(&repo, &["apps.yaml"]);
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    repo.fluxwright(&["render"]).done_telling("FW421");
}

#[test]
fn a_nested_kustomization_that_does_not_prune_leaves_everything() {
    let repo = with_apps();
    repo.replace("clusters/minimal/apps.yaml", "prune: true", "prune: false");
    include(&repo, &["apps.yaml"]);
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    repo.fluxwright(&["render"]).done_telling("FW421");
}

/// `prune` says what becomes of what leaves a Kustomization, `deletionPolicy` what becomes of it all when that goes itself.
#[test]
fn what_goes_with_a_kustomization_is_said_by_its_deletion_policy() {
    let team = "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/team  (applied by flux-system)\n";
    for (prune, policy, goes) in [
        ("false", "Delete", true),
        ("false", "WaitForTermination", true),
        ("false", "MirrorPrune", false),
        ("true", "MirrorPrune", true),
        ("true", "Orphan", false),
    ] {
        let repo = with_apps();
        let spec = format!("prune: {prune}\n  deletionPolicy: {policy}");
        repo.replace("clusters/minimal/apps.yaml", "prune: true", &spec);
        include(&repo, &["apps.yaml"]);
        repo.fluxwright(&["render"]).done();
        without_include(&repo);
        let run = repo.fluxwright(&["render"]);
        assert_eq!(run.code, if goes { 2 } else { 0 }, "{spec}: {}", run.stderr);
        assert_eq!(run.stderr.contains(team) && run.stderr.contains("ConfigMap/default/first"), goes, "{spec}");
    }
}

#[test]
fn an_included_folder_without_a_kustomization_is_applied_as_it_was_walked() {
    let repo = with_apps();
    repo.remove("clusters/minimal/apps.yaml");
    repo.write("clusters/minimal/loose/a.yaml", &config_map("a"));
    repo.write("clusters/minimal/loose/below/b.yaml", &config_map("b"));
    include(&repo, &["loose"]);
    repo.fluxwright(&["render"]).done();
    let root = repo.read("clusters/minimal/kustomization.yaml");
    assert!(root.ends_with("- kustomizations\n- loose/a.yaml\n- loose/below/b.yaml\n"), "{root}");
    // A file that comes later is listed at the next render, and one that goes is named by nobody: it is not there.
    repo.write("clusters/minimal/loose/c.yaml", &config_map("c"));
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    let says = repo.refuses(&["render"]);
    assert!(says.contains("ConfigMap/default/c  (applied by flux-system)\n"), "{says}");
}

#[test]
fn what_cannot_be_resolved_is_compared_as_itself() {
    let repo = with_apps();
    repo.remove("clusters/minimal/apps.yaml");
    let patched = format!("{KUSTOMIZATION}resources:\n- a.yaml\nnamePrefix: x-\n");
    repo.write("clusters/minimal/patched/kustomization.yaml", &patched);
    repo.write("clusters/minimal/patched/a.yaml", &config_map("a"));
    let remote = format!("{KUSTOMIZATION}resources:\n- https://github.com/example/base?ref=v1\n");
    repo.write("clusters/minimal/remote/kustomization.yaml", &remote);
    pushed(&repo);
    include(&repo, &["patched", "remote"]);
    repo.commit(&[]).done();
    without_include(&repo);
    // What a kustomization in the repo makes of its list is known; what is elsewhere only by its address.
    let says = "error FW403 would-drop: 2 objects are applied today and would not be any more
--> clusters/minimal
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: to let them be deleted:
         --prune-ok ConfigMap/default/x-a \\
         --prune-ok 'https://github.com/example/base?ref=v1'
         # to go on applying it, let the root list it:
         # flux:
         #   include:
         #     - patched
         # to keep an object in the cluster, first commit only the guard, in clusters/minimal/patched/a.yaml:
         #   kustomize.toolkit.fluxcd.io/prune: disabled
         # let Flux apply it, then make this change
    ConfigMap/default/x-a  (applied by flux-system)
    https://github.com/example/base?ref=v1  (applied by flux-system)

";
    assert_eq!(repo.refuses(&["render"]), says);
    let file = ["--prune-ok", "ConfigMap/default/x-a"];
    let remote = ["--prune-ok", "https://github.com/example/base?ref=v1"];
    repo.fluxwright(&[&["render"], &file[..], &remote].concat()).done();
}

/// A root of the user's that patches is built like any other.
#[test]
fn what_a_kustomization_lists_that_patches_does_not_shrink_without_a_word() {
    let repo = Repo::minimal();
    let kind = "kind: ClusterProfile\n";
    repo.replace("profiles/minimal.yaml", kind, &format!("{kind}unmanaged:\n  - kustomization.yaml\n"));
    let listed = "resources:\n- flux-system\n- sources\n- kustomizations\n";
    let patch = "patches:\n- target: {kind: Kustomization}\n  patch: '[{op: add, path: /spec/timeout, value: 1m}]'\n";
    repo.write("clusters/minimal/kustomization.yaml", &format!("{KUSTOMIZATION}{listed}{patch}"));
    repo.fluxwright(&["render"]).done();
    without_release(&repo);
    let says = repo.refuses(&["render"]);
    let lines = "    HelmRelease.helm.toolkit.fluxcd.io/flux-system/podinfo  (applied by podinfo)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/podinfo  (applied by flux-system)
    OCIRepository.source.toolkit.fluxcd.io/flux-system/ghcr-io-stefanprodan-charts-podinfo  (applied by flux-system)

";
    assert!(says.ends_with(lines), "{says}");
}

#[test]
fn a_list_of_objects_is_its_objects() {
    let repo = with_apps();
    let items = config_map("item").replace('\n', "\n    ").trim_end().to_owned();
    repo.write("clusters/minimal/apps.yaml", &format!("apiVersion: v1\nkind: List\nitems:\n  - {items}\n"));
    // A file of comments is no object, so it can go without a word.
    repo.write("clusters/minimal/comments.yaml", "# nothing yet\n---\n# nothing here either\n");
    include(&repo, &["apps.yaml", "comments.yaml"]);
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    let says = repo.refuses(&["render"]);
    let first = "error FW403 would-drop: ConfigMap/default/item is applied today and would not be any more\n";
    assert!(says.starts_with(first), "{says}");
}

/// Flux begins in a folder above the tree, which it walks: the tree takes the place of what it walked there.
#[test]
fn a_root_above_the_tree_is_followed_too() {
    let repo = Repo::minimal();
    bootstrapped(&repo, "clusters", "clusters");
    repo.write("clusters/other/apps.yaml", &config_map("other"));
    repo.write("clusters/minimal/apps.yaml", &config_map("mine"));
    let says = repo.refuses(&["render"]);
    assert!(says.starts_with("error FW404 walked-folder: clusters/minimal has files"), "{says}");
    include(&repo, &["apps.yaml"]);
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    let says = repo.refuses(&["render"]);
    assert!(says.contains("    ConfigMap/default/mine  (applied by flux-system)\n"), "{says}");
    assert!(!says.contains("default/other"), "{says}");
}

#[test]
fn an_object_of_ours_that_an_included_file_applies_is_named() {
    let repo = with_apps();
    repo.remove("clusters/minimal/apps.yaml");
    repo.write("clusters/minimal/mine.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: podinfo\n");
    include(&repo, &["mine.yaml"]);
    let says = "error FW403 would-drop: Namespace/podinfo is applied today by another Kustomization than namespaces, which would apply it
--> clusters/minimal
";
    let twice = "error FW411 applied-twice: Namespace/podinfo is applied from `clusters/minimal/mine.yaml` today, and would be from `clusters/minimal/namespaces/namespaces.yaml`, too
--> clusters/minimal/mine.yaml
 = because: two Kustomizations that apply one object undo each other's changes, and one of them deletes it when it leaves there
 = hint: let only one of the two apply it; before it leaves flux-system, commit only the guard on it:
         metadata:
           annotations:
             kustomize.toolkit.fluxcd.io/prune: disabled

";
    let said = repo.refuses(&["render"]);
    assert!(!said.contains(says), "it is still applied by the same: {said}");
    assert_eq!(said, twice);
}

#[test]
fn an_object_of_ours_that_another_kustomization_applies_is_named() {
    let repo = with_apps();
    repo.write("team/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: podinfo\n");
    include(&repo, &["apps.yaml"]);
    let says = repo.refuses(&["render"]);
    let first = "error FW411 applied-twice: Namespace/podinfo is applied from `team/namespace.yaml` today, and would be from `clusters/minimal/namespaces/namespaces.yaml`, too\n--> team/namespace.yaml\n";
    assert!(says.starts_with(first), "{says}");
    // A folder that the profile itself makes a unit of is looked at in the same way.
    let repo = Repo::minimal();
    repo.write("apps/minimal/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: podinfo\n");
    let says = repo.refuses(&["render"]);
    assert!(says.contains("is applied from `apps/minimal/namespace.yaml` today"), "{says}");
}

/// Flux applied it by its root; the tree would apply it by a Kustomization of its own.
#[test]
fn an_object_that_moves_to_a_kustomization_of_ours_is_refused_with_the_two_steps() {
    let repo = with_apps();
    repo.remove("clusters/minimal/apps.yaml");
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: podinfo\n";
    repo.write("clusters/minimal/namespaces/namespaces.yaml", namespace);
    let foreign = "error FW401 foreign-file: `clusters/minimal/namespaces/namespaces.yaml` stands where fluxwright would write, and it did not write it
--> clusters/minimal/namespaces/namespaces.yaml
 = because: only files in .fluxwright.lock are overwritten
";
    let moves = "error FW403 would-drop: Namespace/podinfo is applied today by another Kustomization than namespaces, which would apply it
--> clusters/minimal
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: an object that moves is deleted by one Kustomization and made again by the other; to move it in two steps:
         # 1. put the guard on each object, in clusters/minimal/namespaces/namespaces.yaml; commit only that, and let Flux apply it:
         metadata:
           annotations:
             kustomize.toolkit.fluxcd.io/prune: disabled
         # 2. then make this change
         # to let them be deleted:
         --prune-ok Namespace/podinfo
    Namespace/podinfo  (applied by flux-system, would move to namespaces)

";
    let says = repo.refuses(&["render"]);
    assert!(says.starts_with(foreign) && says.ends_with(moves), "{says}");
    // The guard is in the tree as it stands: nothing is lost any more, only the file is in the way.
    let guard = "  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n";
    repo.write("clusters/minimal/namespaces/namespaces.yaml", &format!("{namespace}{guard}"));
    let says = repo.refuses(&["render"]);
    assert!(says.starts_with(foreign) && !says.contains("FW403"), "{says}");
}

#[test]
fn a_release_that_is_renamed_is_named() {
    let repo = Repo::minimal();
    repo.fluxwright(&["render"]).done();
    repo.replace(
        "profiles/minimal.yaml",
        "  - name: podinfo\n    namespace: podinfo",
        "  - name: web\n    namespace: podinfo",
    );
    repo.replace("profiles/minimal.yaml", "      - podinfo\n", "      - web\n");
    let says = "error FW403 would-drop: 2 objects are applied today and would not be any more
--> clusters/minimal
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: to let them be deleted:
         --prune-ok Kustomization.kustomize.toolkit.fluxcd.io/flux-system/podinfo
         # to keep an object in the cluster, first commit only the guard, by a patch in the profile:
         #   kustomize.toolkit.fluxcd.io/prune: disabled
         # let Flux apply it, then make this change
    HelmRelease.helm.toolkit.fluxcd.io/flux-system/podinfo  (applied by podinfo)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/podinfo  (applied by flux-system)

";
    assert_eq!(repo.refuses(&["render"]), says);
}

#[test]
fn a_release_that_goes_to_another_namespace_is_named() {
    let repo = Repo::minimal();
    repo.fluxwright(&["render"]).done();
    repo.replace("profiles/minimal.yaml", "    namespace: podinfo", "    namespace: web");
    let says = repo.refuses(&["render"]);
    let anew = "error FW403 would-drop: HelmRelease.helm.toolkit.fluxcd.io/flux-system/podinfo would delete what it has made, and make it anew
--> clusters/minimal
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: to let it be deleted and made anew:
         --prune-ok HelmRelease.helm.toolkit.fluxcd.io/flux-system/podinfo
         # a guard on it is of no help: it stays, and what it made is deleted
    HelmRelease.helm.toolkit.fluxcd.io/flux-system/podinfo  (applied by podinfo, would delete what it made and make it anew)

";
    assert_eq!(says, anew);
    // Helm uninstalls the release all the same where its HelmRelease is guarded.
    let repo = Repo::minimal();
    guard_release(&repo);
    repo.fluxwright(&["render"]).done();
    repo.replace("profiles/minimal.yaml", "    namespace: podinfo\n    patches", "    namespace: web\n    patches");
    assert_eq!(repo.refuses(&["render"]), anew);
}

/// The chart's source, which deletes nothing in the cluster when it goes.
const SOURCE: [&str; 2] =
    ["--prune-ok", "OCIRepository.source.toolkit.fluxcd.io/flux-system/ghcr-io-stefanprodan-charts-podinfo"];

const RELEASE: &str = "HelmRelease.helm.toolkit.fluxcd.io/flux-system/podinfo";

/// The profile without its release, and without what waits for it.
fn without_release(repo: &Repo) {
    let text = repo.read("profiles/minimal.yaml");
    let (head, rest) = text.split_once("releases:\n").unwrap();
    let (_, tail) = rest.split_once("paths:\n").unwrap();
    repo.write(
        "profiles/minimal.yaml",
        &format!("{head}paths:\n{}", tail.replace("    needs:\n      - podinfo\n", "")),
    );
}

fn guard_release(repo: &Repo) {
    let patch = "    patches:
      - target:
          kind: HelmRelease
        merge:
          metadata:
            annotations:
              kustomize.toolkit.fluxcd.io/prune: disabled
";
    repo.replace(
        "profiles/minimal.yaml",
        "    namespace: podinfo\n    url",
        &format!("    namespace: podinfo\n{patch}    url"),
    );
}

#[test]
fn a_guard_that_comes_with_the_removal_comes_too_late() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    // On disk the guard was rendered, but no commit holds it: Flux has never seen it.
    guard_release(&repo);
    repo.fluxwright(&["render"]).done();
    without_release(&repo);
    let says = repo.refuses(&[&["render", "--commit"], &AUTHOR[..], &SOURCE].concat());
    assert!(
        says.starts_with("error FW403 would-drop: 2 objects are applied in HEAD and would not be any more\n"),
        "{says}"
    );
    assert!(says.contains(&format!("    {RELEASE}  (applied by podinfo)\n")), "{says}");
}

#[test]
fn a_guard_that_was_committed_before_keeps_the_object() {
    let repo = Repo::minimal();
    repo.commit(&[]).done();
    guard_release(&repo);
    repo.commit(&[]).done();
    without_release(&repo);
    repo.commit(&SOURCE).done_telling("FW421");
    assert!(!repo.exists("clusters/minimal/releases"));
}

#[test]
fn an_operator_does_not_go_together_with_its_objects() {
    let repo = Repo::new();
    repo.commit(&[]).done();
    repo.cut("profiles/maelstrom.yaml", "  storage-tester:");
    let text = repo.read("profiles/maelstrom.yaml");
    let (head, rest) = text.split_once("  snapshot-controller:\n").unwrap();
    let (_, tail) = rest.split_once("  vsphere-csi:\n").unwrap();
    let (classes, _) = head.split_once("  snapshotClasses:\n").unwrap();
    let (_, components) = head.split_once("components:\n").unwrap();
    repo.write("profiles/maelstrom.yaml", &format!("{classes}components:\n{components}  vsphere-csi:\n{tail}"));
    let says = repo.refuses_commit();
    let together = "error FW412 operator-with-its-objects: `snapshot-controller` would go together with an object of the kinds that it brings
--> clusters/maelstrom
 = because: Flux deletes both in no order, and without their operator the objects hang in their finalizers, and what they stand for is never cleaned up
 = hint: in two steps:
         # 1. keep `snapshot-controller` in the profile and take out only what makes these objects; commit, and let Flux delete them
         # 2. then take out `snapshot-controller`
    VolumeSnapshot.snapshot.storage.k8s.io/storage-tester/storage-tester

";
    assert!(says.contains(together), "{says}");
    // Naming everything does not make it one step.
    let names: Vec<&str> = says
        .lines()
        .filter(|line| line.trim_start().starts_with("--prune-ok "))
        .flat_map(|line| line.trim_end_matches('\\').split_whitespace())
        .collect();
    assert_eq!(repo.refuses(&[&["render"], &names[..]].concat()), together);
}

/// EKS Anywhere's own file as its command-line tool writes it: our objects without Flux's annotations.
fn by_eksctl() -> String {
    let ours = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/clusters/homelab/expected/clusters/homelab/eksa-system/eksa-cluster.yaml"
    );
    let text = std::fs::read_to_string(ours).unwrap();
    let plain = |line: &&str| {
        !line.contains("annotations:") && !line.contains("kustomize.toolkit.fluxcd.io/") && !line.starts_with('#')
    };
    text.lines().filter(plain).map(|line| line.to_owned() + "\n").collect()
}

const WITH_EKSA: [&str; 2] =
    ["clusters/homelab/eksa-system/eksa-cluster.yaml", "clusters/homelab/eksa-system/kustomization.yaml"];

/// A repo that was bootstrapped earlier, with the cluster's own file and somebody's beside flux-system.
fn with_eksa() -> Repo {
    let repo = Repo::of("homelab");
    bootstrapped(&repo, "clusters/homelab", "clusters/homelab");
    repo.write("clusters/homelab/apps.yaml", &config_map("apps"));
    repo.write(WITH_EKSA[0], &by_eksctl());
    repo.write(WITH_EKSA[1], &format!("{KUSTOMIZATION}resources:\n- eksa-cluster.yaml\n"));
    repo
}

#[test]
fn a_cluster_that_flux_applies_by_its_root_moves_to_its_own_kustomization_in_two_steps() {
    let repo = with_eksa();
    let kind = |kind: &str, name: &str| format!("{kind}.anywhere.eks.amazonaws.com/default/{name}");
    let objects = [
        kind("Cluster", "homelab"),
        kind("VSphereDatacenterConfig", "homelab"),
        kind("VSphereMachineConfig", "homelab"),
        kind("VSphereMachineConfig", "homelab-cp"),
        kind("VSphereMachineConfig", "homelab-etcd"),
    ];
    let names: Vec<String> = objects.iter().map(|object| format!("         --prune-ok {object}")).collect();
    let lines: Vec<String> = objects
        .iter()
        .map(|object| format!("    {object}  (applied by flux-system, would move to eksa-cluster)\n"))
        .collect();
    let moves = format!(
        "error FW403 would-drop: 5 objects are applied today and would move to another Kustomization
--> clusters/homelab
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: an object that moves is deleted by one Kustomization and made again by the other; to move it in two steps:
         # 1. put the guard on each object, in clusters/homelab/eksa-system/eksa-cluster.yaml; commit only that, and let Flux apply it:
         metadata:
           annotations:
             kustomize.toolkit.fluxcd.io/prune: disabled
         # 2. then make this change
         # to let them be deleted:
{}
{}
",
        names.join(" \\\n"),
        lines.concat()
    );
    let cut = "error FW404 walked-folder: clusters/homelab has files that Flux may apply today, and would not any more
--> clusters/homelab
 = because: a folder without kustomization.yaml is applied whole; the one that fluxwright adds lists what is applied, and Flux deletes the rest
 = hint: to keep applying them, add to the profile:
         flux:
           include:
             - apps.yaml
         # to let Flux delete them, take them out of the folder in a commit of their own first
    clusters/homelab/apps.yaml

";
    let says = repo.fluxwright(&["render"]);
    assert_eq!(says.code, 2);
    assert!(
        says.stderr.contains("error FW401 foreign-file: `clusters/homelab/eksa-system/eksa-cluster.yaml` stands"),
        "{}",
        says.stderr
    );
    assert!(says.stderr.ends_with(&format!("{cut}{moves}")), "{}", says.stderr);
    assert!(!repo.exists("clusters/homelab/kustomization.yaml"));
    // The first step, with the include, and the file made the same: it is taken over, and nothing is lost.
    repo.replace("profiles/homelab.yaml", "flux:\n", "flux:\n  include:\n    - apps.yaml\n");
    let guard = "  namespace: default\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n";
    repo.replace(WITH_EKSA[0], "  namespace: default\n", guard);
    let says = repo.fluxwright(&["render", "--adopt", WITH_EKSA[0]]).stderr;
    assert!(
        says.contains("error FW413 other-objects: ")
            && says.contains("\n    +    kustomize.toolkit.fluxcd.io/ssa: Merge\n"),
        "{says}"
    );
    let merge = "disabled\n    kustomize.toolkit.fluxcd.io/ssa: Merge\n";
    repo.replace(WITH_EKSA[0], "disabled\n", merge);
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "the guard"]);
    let run = repo.commit(&["--adopt", WITH_EKSA[0], "--adopt", WITH_EKSA[1]]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

/// With `apply: cli` the tree only holds the file: Flux would stop to apply the cluster that it applies today.
#[test]
fn a_cluster_that_flux_applies_does_not_become_a_file_only_without_a_word() {
    let repo = with_eksa();
    repo.replace("profiles/homelab.yaml", "  apply: flux\n", "  apply: cli\n");
    repo.replace("profiles/homelab.yaml", "flux:\n", "flux:\n  include:\n    - apps.yaml\n");
    let says = repo.fluxwright(&["render"]).stderr;
    assert!(says.contains("Cluster.anywhere.eks.amazonaws.com/default/homelab  (applied by flux-system)\n"), "{says}");
}

/// Another GitRepository of the same address and branch is this repo, too.
#[test]
fn this_repo_under_another_name_is_followed_too() {
    let repo = with_apps();
    let text = repo.read("clusters/minimal/apps.yaml").replace("    name: flux-system", "    name: infra");
    let source = sync("x")
        .split("---\n")
        .nth(1)
        .unwrap()
        .replace("  name: flux-system\n  namespace", "  name: infra\n  namespace");
    repo.write(
        "clusters/minimal/apps.yaml",
        &format!("{text}---\n{}", source.replace("platform/infra", "platform/infra.git")),
    );
    include(&repo, &["apps.yaml"]);
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    let says = repo.refuses(&["render"]);
    assert!(says.contains("    ConfigMap/default/second  (applied by team)\n"), "{says}");
}

#[test]
fn a_folder_that_two_kustomizations_apply_is_named() {
    let repo = with_apps();
    repo.write("clusters/minimal/apps.yaml", &kustomization("mine", "apps/minimal"));
    repo.write("apps/minimal/a.yaml", &config_map("a"));
    include(&repo, &["apps.yaml"]);
    let says = "error FW411 applied-twice: ConfigMap/default/a of `apps/minimal/a.yaml` is applied by mine today, and would be by apps, too
--> apps/minimal/a.yaml
 = because: two Kustomizations that apply one object undo each other's changes, and one of them deletes it when it leaves there
 = hint: let only one of the two apply it; before it leaves mine, commit only the guard on it:
         metadata:
           annotations:
             kustomize.toolkit.fluxcd.io/prune: disabled

";
    assert_eq!(repo.refuses(&["render"]), says);
    // With a namespace of its own, or in another cluster, it is another object there.
    for differs in ["targetNamespace: other", "kubeConfig: {secretRef: {name: spoke}}", "namePrefix: x-"] {
        repo.write("clusters/minimal/apps.yaml", &kustomization("mine", "apps/minimal"));
        repo.replace("clusters/minimal/apps.yaml", "  prune: true\n", &format!("  prune: true\n  {differs}\n"));
        repo.fluxwright(&["render", "--check"]).differs();
    }
    repo.fluxwright(&["render"]).done();
    // What is applied twice already is no change's fault.
    repo.write("clusters/minimal/apps.yaml", &kustomization("mine", "apps/minimal"));
    repo.replace("profiles/minimal.yaml", "version: 6.9.2", "version: 6.9.1");
    repo.fluxwright(&["render"]).done_telling("FW411");
}

/// A file that was taken away with its line: what it held is what HEAD's file holds, and is named once.
#[test]
fn a_file_that_is_taken_away_is_named_by_what_it_held() {
    let repo = with_apps();
    include(&repo, &["apps.yaml"]);
    repo.git(&["add", "."]);
    repo.git(&["commit", "-qm", "apps"]);
    repo.commit(&[]).done();
    repo.remove("clusters/minimal/apps.yaml");
    without_include(&repo);
    let says = repo.refuses_commit();
    let team = "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/team";
    assert!(says.contains(&format!("--prune-ok {team}\n")), "{says}");
    assert!(!says.contains("--prune-ok clusters/minimal/apps.yaml"), "{says}");
    repo.commit(&["--prune-ok", team]).done();
}

/// Each of the two covers the other, so that one of them has to be named all the same.
#[test]
fn a_kustomization_that_applies_itself_can_be_let_go() {
    let repo = with_apps();
    repo.write("clusters/minimal/apps.yaml", &kustomization("all", "clusters/minimal/mine"));
    repo.write("clusters/minimal/mine/again.yaml", &kustomization("all", "clusters/minimal/mine"));
    include(&repo, &["apps.yaml"]);
    let says = repo.refuses(&["render"]);
    assert!(says.contains("             - mine\n"), "{says}");
    repo.replace("profiles/minimal.yaml", "    - apps.yaml\n", "    - apps.yaml\n    - mine\n");
    repo.fluxwright(&["render"]).done();
    without_include(&repo);
    let says = repo.refuses(&["render"]);
    let name = "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/all";
    assert!(says.contains(&format!("         --prune-ok {name}\n")), "{says}");
    repo.fluxwright(&["render", "--prune-ok", name]).done();
}

#[test]
fn a_name_that_lets_nothing_go_is_told() {
    let repo = Repo::minimal();
    repo.fluxwright(&["render"]).done();
    let run = repo.fluxwright(&["render", "--prune-ok", "ConfigMap/loose"]);
    let says = "warning FW420 nothing-to-prune: `--prune-ok ConfigMap/loose` names nothing that is dropped
 |
 = hint: names are taken as a refusal prints them: KIND[.GROUP]/[NAMESPACE/]NAME

";
    assert_eq!((run.code, run.stderr.as_str()), (0, says));
}

/// The homelab without a component.
fn homelab_without(component: &str, next: &str) -> Repo {
    let repo = Repo::of("homelab");
    repo.git(&["init", "--quiet", "-b", "main"]);
    assert_eq!(repo.fluxwright(&["render"]).code, 0);
    let text = repo.read("profiles/homelab.yaml");
    let (head, rest) = text.split_once(&format!("  {component}:\n")).unwrap();
    let (_, tail) = rest.split_once(&format!("  {next}:\n")).unwrap();
    repo.write("profiles/homelab.yaml", &format!("{head}  {next}:\n{tail}"));
    repo
}

#[test]
fn a_component_that_others_still_use_does_not_go() {
    let repo = homelab_without("traefik", "sample-ingress");
    let says = repo.fluxwright(&["render"]).stderr;
    let used = "error FW418 still-used: `traefik` would go, and what it brings is still used
--> clusters/homelab
 = because: what uses it would go on waiting for it
 = hint: in two steps:
         # 1. take out what uses it, or let it use something else; commit, and let Flux apply that
         # 2. then take out `traefik`
         # if a release or path brings it from now on, say which, where it is used:
         needs:
           - my-release
    Ingress.networking.k8s.io/sample-ingress/sample-ingress needs the ingress class traefik

";
    assert!(says.ends_with(used), "{says}");
}

/// Its pool is a part of it: there is no way to take out only that.
#[test]
fn a_component_goes_with_the_objects_of_its_own_units() {
    let repo = homelab_without("metallb", "traefik");
    let says = repo.fluxwright(&["render"]).stderr;
    assert!(says.contains("IPAddressPool.metallb.io/metallb-system/default  (applied by metallb-config)\n"), "{says}");
    assert!(says.contains("FW403") && !says.contains("FW412"), "{says}");
}
