//! What `render` refuses to write over or to drop, in its exact words, and what it takes without a word.
//!
//! Each refusal leaves the work tree as it was (`Repo::refuses` looks). What only a commit refuses is in `commit.rs`;
//! what is wrong with a profile is in `fixtures/invalid/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use repo_builder::{Repo, below, profile};

const ROOT: &str = "clusters/minimal/kustomization.yaml";
const LOCK: &str = "clusters/minimal/.fluxwright.lock";

/// A repo with the smaller cluster, rendered.
fn rendered() -> Repo {
    let repo = Repo::minimal();
    repo.fluxwright(&["render"]).done();
    repo
}

fn foreign(path: &str) -> String {
    let listing = match path {
        "kustomization.yaml" => {
            "
         # and list ours in it, or nothing of the tree is applied:
         resources:
           - sources
           - kustomizations"
        }
        _ => "",
    };
    format!(
        "error FW401 foreign-file: `clusters/minimal/{path}` stands where fluxwright would write, and it did not write it
--> clusters/minimal/{path}
 = because: only files in .fluxwright.lock are overwritten
 = hint: to keep it as it is, add to the profile:
         unmanaged:
           - {path}{listing}
         # or take it over, if its objects are the same:
         fluxwright render --adopt clusters/minimal/{path}
         # or move it away:
         git mv clusters/minimal/{path} clusters/minimal/{path}.mine

"
    )
}

fn link(path: &str) -> String {
    format!(
        "error FW405 leaves-the-repo: `{path}` is a link, or not what the tree has there
--> {path}
 = because: fluxwright writes below the repo's root only, and a link could lead anywhere
 = hint: look at it, and if it can go: git rm {path}

"
    )
}

#[test]
fn a_foreign_file_is_not_written_over() {
    let repo = Repo::minimal();
    repo.write(ROOT, "mine: true\n");
    for arguments in [&["render"][..], &["render", "--check"], &["render", "--discard-edits"]] {
        assert_eq!(repo.refuses(arguments), foreign("kustomization.yaml"));
    }
}

/// kustomize takes one file of the three names; the hint can be followed.
#[test]
fn a_kustomization_of_another_name_is_to_be_renamed() {
    let repo = Repo::minimal();
    repo.write("clusters/minimal/kustomization.yml", "mine: true\n");
    let says = "error FW401 foreign-file: `clusters/minimal/kustomization.yml` stands where fluxwright would write, and it did not write it
--> clusters/minimal/kustomization.yml
 = because: only files in .fluxwright.lock are overwritten
 = hint: kustomize takes one file of these names; give yours the usual one, and render again:
         git mv clusters/minimal/kustomization.yml clusters/minimal/kustomization.yaml

";
    assert_eq!(repo.refuses(&["render"]), says);
}

#[test]
fn every_foreign_file_is_named_at_once() {
    let repo = Repo::minimal();
    repo.write(ROOT, "mine: true\n");
    repo.write("clusters/minimal/namespaces/namespaces.yaml", "mine: true\n");
    let expected = [foreign("kustomization.yaml"), foreign("namespaces/namespaces.yaml")].concat();
    assert_eq!(repo.refuses(&["render"]), expected);
}

#[test]
fn a_foreign_file_with_the_same_bytes_is_taken_over() {
    let (other, repo) = (rendered(), Repo::minimal());
    repo.write(ROOT, &other.read(ROOT));
    let said = repo.fluxwright(&["render"]).done();
    assert!(said.starts_with("minimal: 18 created in clusters/minimal\n"), "{said}");
    assert_eq!(repo.files(), other.files());
    assert!(repo.read(LOCK).contains("  kustomization.yaml\n"));
}

#[test]
fn a_foreign_file_in_a_folder_of_ours_is_only_a_foreign_file() {
    let repo = Repo::minimal();
    repo.write("clusters/minimal/sources/kustomization.yaml", "mine: true\n");
    assert_eq!(repo.refuses(&["render"]), foreign("sources/kustomization.yaml"));
}

#[test]
fn what_the_hints_say_makes_a_root_that_lists_everything_once() {
    let repo = Repo::minimal();
    repo.write("clusters/minimal/sources/kustomization.yaml", "resources: []\n");
    let text = profile("minimal") + "unmanaged:\n  - sources/kustomization.yaml\n";
    repo.write("profiles/minimal.yaml", &text);
    if repo.fluxwright(&["render"]).code != 0 {
        repo.replace("profiles/minimal.yaml", "flux:\n", "flux:\n  include:\n    - sources\n");
        repo.fluxwright(&["render"]).done();
    }
    let root = repo.read(ROOT);
    let listed: Vec<&str> = root.lines().filter(|line| line.starts_with("- ")).collect();
    let once: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), once.len(), "{root}");
}

const EDITED: &str = "error FW402 edited-by-hand: `clusters/minimal/kustomization.yaml` was edited by hand
--> clusters/minimal/kustomization.yaml
 = because: fluxwright would write over the edit, which is shown below
 = hint: to keep the file as it is, add to the profile:
         unmanaged:
           - kustomization.yaml
         # to keep the change, say it in the profile with `patches:`, then
         # to write over it:
         fluxwright render --discard-edits
    --- a/clusters/minimal/kustomization.yaml
    +++ b/clusters/minimal/kustomization.yaml
    @@ -6,2 +6,3 @@
     - sources
     - kustomizations
    +- mine.yaml

";

#[test]
fn a_file_edited_by_hand_is_shown_and_not_written_over() {
    let repo = rendered();
    let before = repo.read(ROOT);
    repo.write(ROOT, &format!("{before}- mine.yaml\n"));
    assert_eq!(repo.refuses(&["render"]), EDITED);
    let said = repo.fluxwright(&["render", "--check"]).differs();
    assert_eq!(said, "minimal: 1 edited by hand\n  edited by hand   clusters/minimal/kustomization.yaml\n");
    // What the edit made Flux apply would be dropped with it.
    let says = repo.refuses(&["render", "--discard-edits"]);
    assert!(
        says.starts_with(
            "error FW403 would-drop: clusters/minimal/mine.yaml is applied today and would not be any more\n"
        ),
        "{says}"
    );
    let said = repo.fluxwright(&["render", "--discard-edits", "--prune-ok", "clusters/minimal/mine.yaml"]).done();
    assert_eq!(said, "minimal: 1 changed in clusters/minimal\n  the cluster                 1 changed\n");
    assert_eq!(repo.read(ROOT), before);
}

/// The smaller profile without its folder of this repo.
fn without_paths() -> String {
    let text = profile("minimal");
    let (head, rest) = text.split_once("paths:\n").unwrap();
    let (_, tail) = rest.split_once("namespaces:\n").unwrap();
    format!("{head}namespaces:\n{tail}")
}

#[test]
fn an_edited_file_that_would_be_deleted_is_named() {
    let repo = rendered();
    let path = "clusters/minimal/kustomizations/apps.yaml";
    repo.write(path, &format!("{}# mine\n", repo.read(path)));
    repo.write("profiles/minimal.yaml", &without_paths());
    let says = repo.refuses(&["render"]);
    let first = format!("error FW402 edited-by-hand: `{path}` would be deleted, and was edited by hand\n");
    assert!(says.starts_with(&first), "{says}");
    let arguments = ["render", "--discard-edits", "--prune-ok"];
    let name = ["Kustomization.kustomize.toolkit.fluxcd.io/flux-system/apps"];
    repo.fluxwright(&[&arguments[..], &name].concat()).done();
    assert!(!repo.exists(path));
}

/// not have; and what is shown as the edit is the whole file.
#[test]
fn the_hint_for_an_edited_file_that_would_be_deleted_can_be_followed() {
    let repo = rendered();
    let path = "clusters/minimal/kustomizations/apps.yaml";
    repo.write(path, &format!("{}# mine\n", repo.read(path)));
    repo.write("profiles/minimal.yaml", &without_paths());
    let says = repo.refuses(&["render"]);
    if says.contains("unmanaged:\n           - kustomizations/apps.yaml\n") {
        repo.write("profiles/minimal.yaml", &(without_paths() + "unmanaged:\n  - kustomizations/apps.yaml\n"));
        assert_eq!(repo.fluxwright(&["render"]).stderr, "");
    }
}

#[test]
fn a_file_of_ours_deleted_by_hand_is_restored() {
    let repo = rendered();
    let before = repo.files();
    repo.remove(ROOT);
    repo.remove("clusters/minimal/releases");
    let said = repo.fluxwright(&["render", "--check"]).differs();
    let expected = "minimal: 3 would be created
  would be created  clusters/minimal/kustomization.yaml
  would be created  clusters/minimal/releases/podinfo/helmrelease.yaml
  would be created  clusters/minimal/releases/podinfo/kustomization.yaml
";
    assert_eq!(said, expected);
    repo.fluxwright(&["render"]).done();
    assert_eq!(repo.files(), before);
}

#[test]
fn an_unmanaged_file_is_never_written_again_and_still_listed() {
    let repo = rendered();
    let path = "clusters/minimal/releases/podinfo/helmrelease.yaml";
    repo.write(path, "mine: true\n");
    let text = profile("minimal") + "unmanaged:\n  - releases/podinfo/helmrelease.yaml\n";
    repo.write("profiles/minimal.yaml", &text);
    assert_eq!(repo.fluxwright(&["render", "--check"]).differs(), "minimal: only its lock differs\n");
    repo.fluxwright(&["render"]).done();
    assert!(!repo.read(LOCK).contains("helmrelease.yaml"));
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    assert_eq!(repo.fluxwright(&["render", "--discard-edits"]).done(), "minimal: up to date\n");
    assert_eq!(repo.read(path), "mine: true\n");
    assert!(repo.read("clusters/minimal/releases/podinfo/kustomization.yaml").contains("- helmrelease.yaml\n"));
}

#[test]
fn an_unmanaged_file_that_is_not_there_is_refused() {
    let repo = Repo::minimal();
    repo.write("profiles/minimal.yaml", &(profile("minimal") + "unmanaged:\n  - sources/kustomization.yaml\n"));
    let says = "error FW406 unmanaged-missing: `clusters/minimal/sources/kustomization.yaml` is yours by `unmanaged`, and it is not there
--> clusters/minimal/sources/kustomization.yaml
 = because: the tree refers to it, so Flux would fail
 = hint: put the file back, or take it out of `unmanaged` in the profile

";
    assert_eq!(repo.refuses(&["render"]), says);
    assert_eq!(repo.refuses(&["render", "--check"]), says);
}

#[test]
fn an_unmanaged_file_that_the_tree_does_not_have_is_refused() {
    let repo = Repo::minimal();
    repo.write("profiles/minimal.yaml", &(profile("minimal") + "unmanaged:\n  - nosuch.yaml\n"));
    let says = "error FW305 not-in-tree: the tree has no file `nosuch.yaml`
  --> profiles/minimal.yaml:48:5
   |
48 |   - nosuch.yaml
   |     ^^^^^^^^^^^
   |
   = hint: paths are written as below the tree's folder; take the line out if the file is gone

";
    assert_eq!(repo.refuses(&["render"]), says);
}

/// Without the storage tester; its PersistentVolumeClaims and its Namespace are guarded, so they are not among the six.
const DROPS: &str = "error FW403 would-drop: 6 objects are applied today and would not be any more
--> clusters/maelstrom
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: to let them be deleted:
         --prune-ok Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-restore \\
         --prune-ok Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-snapshot \\
         --prune-ok Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-write
         # to keep an object in the cluster, first commit only the guard, by a patch in the profile:
         #   kustomize.toolkit.fluxcd.io/prune: disabled
         # let Flux apply it, then make this change
    Job.batch/storage-tester/storage-tester-restore  (applied by storage-tester-restore)
    Job.batch/storage-tester/storage-tester-write  (applied by storage-tester-write)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-restore  (applied by flux-system)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-snapshot  (applied by flux-system)
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-write  (applied by flux-system)
    VolumeSnapshot.snapshot.storage.k8s.io/storage-tester/storage-tester  (applied by storage-tester-snapshot)

";

/// The larger cluster, rendered, and then its profile without the storage tester.
fn without_storage_tester() -> Repo {
    let repo = Repo::new();
    repo.fluxwright(&["render"]).done();
    repo.cut("profiles/maelstrom.yaml", "  storage-tester:");
    repo
}

#[test]
fn objects_that_would_be_dropped_are_named_and_nothing_is_written() {
    let repo = without_storage_tester();
    assert_eq!(repo.refuses(&["render"]), DROPS);
    for guarded in ["PersistentVolumeClaim", "Namespace/", "StorageClass"] {
        assert!(!DROPS.contains(guarded), "{guarded}");
    }
}

#[test]
fn check_says_what_would_be_refused_without_a_refusal() {
    let repo = without_storage_tester();
    let before = repo.state();
    let run = repo.fluxwright(&["render", "--check"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("maelstrom: 5 would be changed, 9 would be deleted\n"), "{}", run.stdout);
    let (drops, stays) =
        run.stderr.split_once("warning FW421 left-behind: 3 objects would stay in the cluster").unwrap();
    assert_eq!(drops, DROPS.replacen("error", "warning", 1));
    assert!(stays.contains("\n    Namespace/storage-tester\n"), "{stays}");
    assert!(before == repo.state());
}

#[test]
fn the_names_as_they_are_printed_let_the_objects_go() {
    let repo = without_storage_tester();
    let says = repo.refuses(&["render"]);
    let pasted: Vec<&str> = says
        .lines()
        .filter(|line| line.trim_start().starts_with("--prune-ok "))
        .flat_map(|line| line.trim_end_matches('\\').split_whitespace())
        .collect();
    assert_eq!(pasted.len(), 6);
    repo.fluxwright(&[&["render"], &pasted[..]].concat()).done_telling("FW421");
    assert!(!repo.exists("clusters/maelstrom/storage-tester"));
    repo.fluxwright(&["render", "--check"]).done();
}

#[test]
fn one_name_lets_one_object_go() {
    let repo = without_storage_tester();
    let says = repo.refuses(&["render", "--prune-ok", "Job.batch/storage-tester/storage-tester-write"]);
    assert!(!says.contains("Job.batch/storage-tester/storage-tester-write"), "{says}");
    assert!(
        says.starts_with("error FW403 would-drop: 5 objects are applied today and would not be any more\n"),
        "{says}"
    );
    let says = repo.refuses(&["render", "--prune-ok", "Job.batch/storage-tester"]);
    assert_eq!(says, DROPS);
}

#[test]
fn the_name_of_a_kustomization_covers_all_that_it_applies() {
    let repo = without_storage_tester();
    let mut arguments = vec!["render".to_owned()];
    for part in ["write", "snapshot", "restore"] {
        arguments.push("--prune-ok".to_owned());
        arguments.push(format!("Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-{part}"));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    repo.fluxwright(&arguments[..]).done_telling("FW421");
    assert!(!repo.exists("clusters/maelstrom/storage-tester"));
}

#[test]
fn one_object_that_would_be_dropped_is_named_in_the_first_line() {
    let repo = without_storage_tester();
    let arguments = [
        "render",
        "--prune-ok",
        "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-write",
        "--prune-ok",
        "Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-restore",
        "--prune-ok",
        "VolumeSnapshot.snapshot.storage.k8s.io/storage-tester/storage-tester",
    ];
    let says = "error FW403 would-drop: Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-snapshot is applied today and would not be any more
--> clusters/maelstrom
 = because: Flux deletes what leaves a Kustomization that prunes, volumes and all
 = hint: to let them be deleted:
         --prune-ok Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-snapshot
         # to keep an object in the cluster, first commit only the guard, by a patch in the profile:
         #   kustomize.toolkit.fluxcd.io/prune: disabled
         # let Flux apply it, then make this change
    Kustomization.kustomize.toolkit.fluxcd.io/flux-system/storage-tester-snapshot  (applied by flux-system)

";
    assert_eq!(repo.refuses(&arguments), says);
}

/// nothing is said: it counts as seen, because its source is `flux-system`, though its folder is not looked at.
#[test]
fn a_path_that_leaves_the_profile_is_named() {
    let repo = Repo::minimal();
    repo.write("apps/minimal/volume.yaml", "a: 1\n");
    repo.fluxwright(&["render"]).done();
    repo.write("profiles/minimal.yaml", &without_paths());
    let says = repo.refuses(&["render"]);
    assert!(
        says.contains("Kustomization.kustomize.toolkit.fluxcd.io/flux-system/apps  (applied by flux-system)"),
        "{says}"
    );
}

#[test]
fn a_path_that_goes_to_another_folder_is_named() {
    let repo = Repo::minimal();
    repo.write("apps/minimal/volume.yaml", "a: 1\n");
    repo.fluxwright(&["render"]).done();
    repo.replace("profiles/minimal.yaml", "path: apps/minimal", "path: apps/other");
    assert!(repo.refuses(&["render"]).contains("FW403"));
}

#[test]
fn a_file_that_leaves_the_includes_is_named() {
    let repo = Repo::minimal();
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: b\n";
    repo.write("clusters/minimal/apps.yaml", object);
    repo.replace("profiles/minimal.yaml", "flux:\n", "flux:\n  include:\n    - apps.yaml\n");
    repo.fluxwright(&["render"]).done();
    repo.write("profiles/minimal.yaml", &profile("minimal"));
    repo.refuses(&["render"]);
}

#[test]
fn a_namespace_that_leaves_is_guarded_and_told() {
    let repo = Repo::minimal();
    repo.write("profiles/minimal.yaml", &(profile("minimal") + "  - name: extra\n    podSecurity: restricted\n"));
    repo.fluxwright(&["render"]).done();
    assert!(repo.read("clusters/minimal/namespaces/namespaces.yaml").contains("name: extra\n"));
    repo.write("profiles/minimal.yaml", &profile("minimal"));
    repo.fluxwright(&["render"]).done_telling("FW421");
    assert!(!repo.read("clusters/minimal/namespaces/namespaces.yaml").contains("name: extra\n"));
}

#[test]
fn a_storage_class_that_leaves_is_guarded_and_told() {
    let repo = Repo::new();
    repo.cut("profiles/maelstrom.yaml", "  storage-tester:");
    repo.fluxwright(&["render"]).done();
    let text = repo.read("profiles/maelstrom.yaml");
    let (head, rest) = text.split_once("storage:\n").unwrap();
    let (_, tail) = rest.split_once("components:\n").unwrap();
    repo.write("profiles/maelstrom.yaml", &format!("{head}components:\n{tail}"));
    repo.fluxwright(&["render"]).done_telling("FW421");
    assert!(!repo.exists("clusters/maelstrom/storage"));
}

#[test]
fn a_guard_that_was_taken_away_by_hand_makes_the_object_named() {
    let repo = without_storage_tester();
    let path = "clusters/maelstrom/storage-tester/write/app.yaml";
    repo.replace(path, "  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n", "");
    let says = repo.refuses(&["render", "--discard-edits"]);
    let claim = "PersistentVolumeClaim/storage-tester/storage-tester  (applied by storage-tester-write)";
    assert!(says.contains(claim), "{says}");
}

/// A folder that Flux applies today: `flux bootstrap` was here, and EKS Anywhere, and somebody.
fn walked() -> Repo {
    let repo = Repo::minimal();
    for file in ["gotk-components.yaml", "gotk-sync.yaml", "kustomization.yaml"] {
        repo.write(&format!("clusters/minimal/flux-system/{file}"), "filled: true\n");
    }
    repo.write("clusters/minimal/apps.yaml", "a: 1\n");
    repo.write("clusters/minimal/eksa-system/eksa-cluster.yaml", "a: 1\n");
    repo.write("clusters/minimal/eksa-system/kustomization.yaml", "resources:\n- eksa-cluster.yaml\n");
    repo
}

#[test]
fn files_that_flux_applies_today_are_not_cut_off() {
    let repo = walked();
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
    let include = "flux:\n  include:\n    - apps.yaml\n    - eksa-system\n";
    repo.replace("profiles/minimal.yaml", "flux:\n", include);
    repo.fluxwright(&["render"]).done();
    let root = repo.read(ROOT);
    assert!(root.contains("- apps.yaml\n") && root.contains("- eksa-system\n"), "{root}");
    repo.fluxwright(&["render", "--check"]).done();
    assert_eq!(repo.read("clusters/minimal/apps.yaml"), "a: 1\n");
}

#[test]
fn the_files_of_an_included_folder_without_a_kustomization_are_listed_one_by_one() {
    let repo = walked();
    repo.remove("clusters/minimal/eksa-system/kustomization.yaml");
    let says = repo.refuses(&["render"]);
    assert!(
        says.ends_with("    clusters/minimal/apps.yaml\n    clusters/minimal/eksa-system/eksa-cluster.yaml\n\n"),
        "{says}"
    );
    let include = "flux:\n  include:\n    - apps.yaml\n    - eksa-system\n";
    repo.replace("profiles/minimal.yaml", "flux:\n", include);
    repo.fluxwright(&["render"]).done();
    let root = repo.read(ROOT);
    assert!(root.ends_with("- kustomizations\n- apps.yaml\n- eksa-system/eksa-cluster.yaml\n"), "{root}");
}

#[test]
fn only_some_of_the_includes_are_not_enough() {
    let repo = walked();
    repo.replace("profiles/minimal.yaml", "flux:\n", "flux:\n  include:\n    - apps.yaml\n");
    let says = repo.refuses(&["render"]);
    assert!(says.ends_with("    clusters/minimal/eksa-system\n\n") && !says.contains("- apps.yaml"), "{says}");
}

#[test]
fn what_flux_does_not_apply_is_in_nobody_s_way() {
    let repo = Repo::minimal();
    repo.write("clusters/minimal/notes.md", "mine\n");
    repo.fluxwright(&["render"]).done();
    assert_eq!(repo.read("clusters/minimal/notes.md"), "mine\n");
}

#[test]
fn a_folder_that_bootstrap_filled_is_never_touched() {
    let repo = walked();
    repo.remove("clusters/minimal/apps.yaml");
    repo.remove("clusters/minimal/eksa-system");
    repo.write("clusters/minimal/flux-system/mine.yaml", "mine: true\n");
    let filled = below(&repo.path("clusters/minimal/flux-system"));
    repo.fluxwright(&["render"]).done();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.fluxwright(&["render", "--discard-edits"]).done();
    assert!(repo.refuses_commit().contains("FW419 not-in-commit: the tree lists `clusters/minimal/flux-system`"));
    repo.git(&["add", "clusters/minimal/flux-system"]);
    repo.git(&["commit", "-qm", "bootstrap"]);
    repo.commit(&[]).done();
    assert_eq!(below(&repo.path("clusters/minimal/flux-system")), filled);
    assert!(!repo.git(&["show", "--name-only", "--format=", "HEAD"]).contains("flux-system/"));
}

#[test]
fn seeds_that_bootstrap_fills_later_are_no_edits() {
    let repo = rendered();
    repo.write("clusters/minimal/flux-system/gotk-sync.yaml", "filled: true\n");
    repo.write("clusters/minimal/flux-system/kustomization.yaml", "filled: true\n");
    assert_eq!(repo.fluxwright(&["render", "--check"]).done(), "minimal: up to date\n");
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.fluxwright(&["render", "--discard-edits"]).done();
    assert_eq!(repo.read("clusters/minimal/flux-system/gotk-sync.yaml"), "filled: true\n");
    assert_eq!(repo.read("clusters/minimal/flux-system/kustomization.yaml"), "filled: true\n");
}

#[test]
fn a_link_on_the_way_to_the_tree_is_refused() {
    for path in ["clusters", "clusters/minimal"] {
        let repo = Repo::minimal();
        let outside = repo.beside("outside");
        fs::create_dir(&outside).unwrap();
        fs::create_dir_all(repo.path(path).parent().unwrap()).unwrap();
        symlink(&outside, repo.path(path)).unwrap();
        let says = link(&format!("./{path}"));
        assert_eq!(repo.refuses(&["render"]), says);
        assert_eq!(repo.refuses(&["render", "--check"]), says);
        assert!(below(&outside).is_empty());
    }
}

#[test]
fn a_link_inside_the_tree_is_refused() {
    let repo = Repo::minimal();
    let outside = repo.beside("outside");
    fs::create_dir(&outside).unwrap();
    repo.write("clusters/minimal/notes.md", "mine\n");
    symlink(&outside, repo.path("clusters/minimal/releases")).unwrap();
    symlink(outside.join("root"), repo.path(ROOT)).unwrap();
    let says = [link(ROOT), link("clusters/minimal/releases")].concat();
    assert_eq!(repo.refuses(&["render"]), says);
    assert_eq!(repo.refuses(&["render", "--discard-edits"]), says);
    assert!(below(&outside).is_empty());
}

#[test]
fn a_link_that_comes_after_a_render_is_refused() {
    let repo = rendered();
    let outside = repo.beside("outside");
    fs::rename(repo.path("clusters/minimal/releases"), &outside).unwrap();
    symlink(&outside, repo.path("clusters/minimal/releases")).unwrap();
    let before = below(&outside);
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    assert_eq!(repo.refuses(&["render"]), link("clusters/minimal/releases"));
    assert_eq!(below(&outside), before);
}

#[test]
fn nothing_is_deleted_through_a_link() {
    let repo = Repo::new();
    repo.fluxwright(&["render"]).done();
    let outside = repo.beside("outside");
    fs::rename(repo.path("clusters/maelstrom/storage-tester"), &outside).unwrap();
    symlink(&outside, repo.path("clusters/maelstrom/storage-tester")).unwrap();
    let before = below(&outside);
    repo.cut("profiles/maelstrom.yaml", "  storage-tester:");
    repo.fluxwright(&["render", "--discard-edits"]);
    assert_eq!(below(&outside), before);
}

#[test]
fn a_link_as_the_lock_is_not_written_through() {
    let repo = rendered();
    let outside = repo.beside("lock");
    fs::rename(repo.path(LOCK), &outside).unwrap();
    symlink(&outside, repo.path(LOCK)).unwrap();
    let before = fs::read(&outside).unwrap();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    repo.fluxwright(&["render", "--discard-edits"]);
    assert_eq!(fs::read(&outside).unwrap(), before);
}

#[test]
fn a_folder_where_a_file_goes_is_refused() {
    let repo = Repo::minimal();
    repo.write("clusters/minimal/kustomization.yaml/README.md", "mine\n");
    assert_eq!(repo.refuses(&["render"]), link(ROOT));
}

#[test]
fn both_sides_of_a_conflict_in_the_lock_are_known() {
    let repo = Repo::new();
    let (write, restore) =
        ("clusters/maelstrom/storage-tester/write/app.yaml", "clusters/maelstrom/storage-tester/restore/app.yaml");
    let lock = "clusters/maelstrom/.fluxwright.lock";
    repo.fluxwright(&["render"]).done();
    let (ours, old) = (repo.read(lock), repo.read(write));
    repo.replace("profiles/maelstrom.yaml", "size: 4Gi", "size: 5Gi");
    repo.fluxwright(&["render"]).done();
    let (theirs, new) = (repo.read(lock), repo.files());
    repo.write(write, &old);
    repo.write(lock, &format!("<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> side\n"));
    repo.fluxwright(&["render"]).done();
    assert!(repo.files() == new);
    assert_eq!(repo.read(lock), theirs);
    repo.replace(restore, "5Gi", "6Gi");
    repo.write(lock, &format!("<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> side\n"));
    let says = repo.refuses(&["render"]);
    assert!(says.starts_with(&format!("error FW402 edited-by-hand: `{restore}` was edited by hand\n")), "{says}");
}

#[test]
fn a_lock_that_was_deleted_is_written_again() {
    let repo = rendered();
    let before = repo.files();
    repo.remove(LOCK);
    assert_eq!(repo.fluxwright(&["render", "--check"]).differs(), "minimal: only its lock differs\n");
    repo.fluxwright(&["render"]).done();
    assert_eq!(repo.files(), before);
}

#[test]
fn without_the_lock_a_file_that_differs_is_foreign() {
    let repo = rendered();
    repo.remove(LOCK);
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    assert_eq!(repo.refuses(&["render"]), foreign("releases/podinfo/helmrelease.yaml"));
}

#[test]
fn leftovers_of_a_stop_are_removed() {
    let repo = rendered();
    let before = repo.files();
    repo.write("clusters/minimal/.kustomization.yaml.fluxwright-tmp", "half");
    repo.write("clusters/minimal/sources/.x.fluxwright-tmp", "half");
    repo.fluxwright(&["render", "--check"]).done();
    assert_eq!(repo.files().len(), before.len() + 2, "--check writes nothing");
    assert_eq!(repo.fluxwright(&["render"]).done(), "minimal: up to date\n");
    assert_eq!(repo.files(), before);
    repo.write("clusters/minimal/x.fluxwright-tmp", "mine");
    repo.fluxwright(&["render"]).done();
    assert_eq!(repo.read("clusters/minimal/x.fluxwright-tmp"), "mine");
}

#[test]
fn two_profiles_for_one_folder_are_refused() {
    for (path, shown) in [("clusters/minimal", "clusters/minimal"), ("clusters/minimal/in", "clusters/minimal/in")] {
        let repo = Repo::minimal();
        let text = profile("minimal")
            .replace("  name: minimal\n", "  name: other\n")
            .replace("flux:\n", &format!("flux:\n  path: {path}\n"));
        repo.write("profiles/other.yaml", &text);
        let says = format!(
            "error FW304 path-clash: the trees of `minimal` and `other` would stand in one folder, {shown}
--> profiles/other.yaml
 = hint: give one of them another `flux.path` or name

"
        );
        assert_eq!(repo.refuses(&["render"]), says);
        assert_eq!(repo.refuses(&["render", "--check"]), says);
    }
}

/// That is how a cluster gets another name: its tree stays where Flux looks for it.
#[test]
fn a_cluster_whose_path_is_written_down_can_be_renamed() {
    let repo = rendered();
    let text = profile("minimal")
        .replace("  name: minimal\n", "  name: other\n")
        .replace("flux:\n", "flux:\n  path: clusters/minimal\n");
    repo.write("profiles/other.yaml", &text);
    repo.fluxwright(&["render", "other"]).done();
}

#[test]
fn a_repo_for_a_newer_fluxwright_is_refused() {
    let repo = Repo::minimal();
    repo.write(".fluxwright/version", "9.0.0\n");
    let says = format!(
        "error FW409 newer-repo: the repo asks for fluxwright 9.0.0 and this is {}
--> .fluxwright/version
 = because: an older one could undo what a newer one wrote
 = hint: update fluxwright

",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(repo.refuses(&["render"]), says);
    assert_eq!(repo.refuses(&["render", "--check"]), says);
    for version in [env!("CARGO_PKG_VERSION"), "0.0.1"] {
        repo.write(".fluxwright/version", version);
        repo.fluxwright(&["render"]).done();
    }
}

#[test]
fn one_refused_cluster_keeps_the_others_from_being_written() {
    let repo = Repo::minimal();
    let text = profile("minimal").replace("  name: minimal\n", "  name: other\n");
    repo.write("profiles/other.yaml", &text);
    repo.write(ROOT, "mine: true\n");
    assert_eq!(repo.refuses(&["render"]), foreign("kustomization.yaml"));
    assert!(!repo.exists("clusters/other"));
}

#[test]
fn a_repo_that_asks_for_no_version_is_refused() {
    let repo = rendered();
    repo.write(".fluxwright/version", "latest\n");
    let run = repo.fluxwright(&["render"]);
    assert_eq!(run.code, 2);
    let says = "error FW121 bad-version: `latest` is no version of fluxwright\n--> .fluxwright/version\n";
    assert!(run.stderr.starts_with(says), "{}", run.stderr);
}

#[test]
fn a_tree_without_a_profile_is_told() {
    let repo = rendered();
    repo.write("profiles/other.yaml", &profile("minimal").replace("  name: minimal\n", "  name: other\n"));
    repo.remove("profiles/minimal.yaml");
    let run = repo.fluxwright(&["render"]);
    assert_eq!(run.code, 0);
    let says = "warning FW410 tree-without-profile: `clusters/minimal` is a tree of fluxwright's, and no profile belongs to it\n";
    assert!(run.stderr.starts_with(says), "{}", run.stderr);
    assert!(repo.exists("clusters/minimal/kustomization.yaml"));
}

#[test]
fn a_tree_that_was_moved_by_the_profile_is_told_with_how_flux_follows() {
    let repo = rendered();
    repo.write("profiles/minimal.yaml", &profile("minimal").replace("flux:\n", "flux:\n  path: deploy/minimal\n"));
    let run = repo.fluxwright(&["render"]);
    assert_eq!(run.code, 0);
    let says = "\
warning FW410 tree-without-profile: `clusters/minimal` is a tree of fluxwright's, and no profile belongs to it
--> clusters/minimal
 = because: the profile's `flux.path` is deploy/minimal now; Flux reads clusters/minimal until its own Kustomization is told so
 = hint: write `flux.path: clusters/minimal` to stay; to move, let deploy/minimal hold all that clusters/minimal does, then change `path` in flux-system/gotk-sync.yaml; git rm -r clusters/minimal only when Flux reads deploy/minimal

";
    assert_eq!(run.stderr, says);
}
