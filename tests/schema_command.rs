//! The command `schema`, the file that it writes, and what `render` says of that file.
//!
//! Not here: what the schema says (`schema.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::fs;
use std::path::Path;

use repo_builder::{Repo, below};
use serde_json::Value;

const FILE: &str = ".fluxwright/profile.schema.json";

/// What `render` says beside its work when the file is stale.
const STALE: &str = "\
warning FW417 stale-schema: `.fluxwright/profile.schema.json` is not what this fluxwright would write
--> .fluxwright/profile.schema.json
 = because: editors hold profiles against it; they miss new keys, and refuse what they have never heard of
 = hint: fluxwright schema --write

";

/// The repo with a component of its own.
fn with_own_component() -> Repo {
    let repo = Repo::of("own-component");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters/own-component/.fluxwright");
    for (path, bytes) in below(&folder) {
        repo.write(&format!(".fluxwright/{path}"), &String::from_utf8(bytes).unwrap());
    }
    repo
}

#[test]
fn what_is_printed_is_what_is_written_and_it_is_written_once() {
    let repo = Repo::minimal();
    let printed = repo.fluxwright(&["schema"]).done();
    assert!(
        printed.starts_with("{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n")
            && printed.ends_with("}\n")
    );
    assert!(serde_json::from_str::<Value>(&printed).unwrap()["properties"]["flux"].is_object());
    assert!(!repo.exists(FILE));
    assert_eq!(repo.fluxwright(&["schema", "--write"]).done(), format!("{FILE}: written\n"));
    assert_eq!(repo.read(FILE), printed);
    assert_eq!(repo.fluxwright(&["schema", "--write"]).done(), format!("{FILE}: up to date\n"));
    assert_eq!(repo.fluxwright(&["-C", "profiles", "schema"]).done(), printed);
    assert_eq!(
        repo.fluxwright(&["schema", "--write", "--format", "json"]).done(),
        format!("{{\n  \"path\": \"{FILE}\",\n  \"written\": false\n}}\n")
    );
}

#[test]
fn a_repo_without_profiles_has_a_schema_too() {
    let repo = Repo::minimal();
    repo.remove("profiles");
    assert_eq!(repo.fluxwright(&["schema", "--write"]).done(), format!("{FILE}: written\n"));
}

#[test]
fn an_own_component_is_in_the_schema_of_its_repo_and_makes_it_stale() {
    let repo = with_own_component();
    repo.fluxwright(&["schema", "--write"]).done();
    let schema: Value = serde_json::from_str(&repo.read(FILE)).unwrap();
    assert_eq!(schema["properties"]["components"]["properties"]["banner"]["properties"]["loud"]["type"], "boolean");
    repo.fluxwright(&["render"]).done();
    repo.replace(".fluxwright/components/banner/component.yaml", "Whether to say it loud.", "Whether it is loud.");
    let run = repo.fluxwright(&["render"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, STALE));
    repo.fluxwright(&["schema", "--write"]).done();
    repo.fluxwright(&["render"]).done();
}

#[test]
fn a_broken_component_that_no_profile_uses_stops_the_schema_and_no_render() {
    let repo = Repo::minimal();
    repo.fluxwright(&["schema", "--write"]).done();
    repo.write(
        ".fluxwright/components/mine/component.yaml",
        "name: mine\ntitle: Mine\nhomepage: https://example.com\n",
    );
    let says = repo.refuses(&["schema", "--write"]);
    assert!(says.starts_with("error FW204 broken-component: `about` is missing here\n"), "{says}");
    let run = repo.fluxwright(&["render"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, STALE));
}

#[test]
fn render_says_that_the_schema_is_stale_and_only_then() {
    let repo = Repo::minimal();
    repo.fluxwright(&["render"]).done();
    repo.fluxwright(&["schema", "--write"]).done();
    repo.fluxwright(&["render", "--check"]).done();
    repo.replace(FILE, "ClusterProfile of fluxwright", "ClusterProfile of yesterday");
    for arguments in [&["render"][..], &["render", "--check"], &["render", "--stdout", "kustomization.yaml"]] {
        let run = repo.fluxwright(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, STALE), "{arguments:?}");
    }
    let json: Value = serde_json::from_str(&repo.fluxwright(&["render", "--format", "json"]).done()).unwrap();
    assert_eq!(json["findings"][0]["code"], "FW417");
    for foreign in ["{}\n", "\u{0}\u{1}"] {
        repo.write(FILE, foreign);
        repo.fluxwright(&["render"]).done();
    }
}

#[test]
fn a_merge_conflict_in_the_file_is_written_over() {
    let repo = Repo::minimal();
    repo.fluxwright(&["schema", "--write"]).done();
    let whole = repo.read(FILE);
    repo.replace(FILE, "  \"type\": \"object\",\n", "<<<<<<< HEAD\n  \"type\": \"object\",\n=======\n>>>>>>> other\n");
    assert_eq!(repo.fluxwright(&["schema", "--write"]).done(), format!("{FILE}: written\n"));
    assert_eq!(repo.read(FILE), whole);
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let repo = Repo::minimal();
    repo.write(FILE, "{ \"type\": \"object\" }\n");
    let expected = "\
error FW401 foreign-file: `.fluxwright/profile.schema.json` stands where fluxwright would write, and it did not write it
--> .fluxwright/profile.schema.json
 = because: its own file says `Written by` in its `$comment`, and only that is overwritten
 = hint: move it away:
         git mv .fluxwright/profile.schema.json .fluxwright/profile.schema.json.mine

";
    assert_eq!(repo.refuses(&["schema", "--write"]), expected);
    repo.fluxwright(&["schema"]).done();
}

#[test]
#[cfg(unix)]
fn nothing_is_written_through_a_link() {
    let repo = Repo::minimal();
    fs::create_dir(repo.beside("elsewhere")).unwrap();
    std::os::unix::fs::symlink(repo.beside("elsewhere"), repo.path(".fluxwright")).unwrap();
    let expected = "\
error FW405 leaves-the-repo: `.fluxwright` is a link, or not what the tree has there
--> .fluxwright
 = because: fluxwright writes below the repo's root only, and a link could lead anywhere
 = hint: look at it, and if it can go: git rm .fluxwright

";
    assert_eq!(repo.refuses(&["schema", "--write"]), expected);
    assert_eq!(fs::read_dir(repo.beside("elsewhere")).unwrap().count(), 0);
    repo.remove(".fluxwright");
    repo.write("target.json", "{}\n");
    fs::create_dir(repo.path(".fluxwright")).unwrap();
    std::os::unix::fs::symlink("../target.json", repo.path(FILE)).unwrap();
    assert!(repo.refuses(&["schema", "--write"]).starts_with("error FW401 foreign-file: "));
}
