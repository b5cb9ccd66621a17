//! The command `components`: the list, the page of each component and store, and the same as data.
//!
//! Not here: the pages word for word, which are those of `docs/components/` and `docs/stores/` (`docs.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use repo_builder::{OWN_COMPONENT, Repo};
use serde_json::Value;

/// The folders of the catalog of a kind, with the text of the file that each has.
fn folders(kind: &str, file: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(kind);
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path.join(file)).unwrap())
    };
    let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap().path())).collect();
    folders.sort();
    folders
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Everything that has a page: what `components --format json` has of each.
fn subjects(repo: &Repo) -> Vec<Value> {
    let all = json(&repo.fluxwright(&["components", "--format", "json"]).done());
    ["components", "stores"].iter().flat_map(|kind| all[kind].as_array().unwrap().clone()).collect()
}

/// No line is longer than a terminal of 100 columns, but for what is to be pasted and words that are.
fn assert_fits(text: &str) {
    let mut pasted = false;
    for line in text.lines() {
        pasted ^= line.starts_with("```");
        let words = line.split_whitespace().count();
        assert!(pasted || line.chars().count() <= 100 || words <= 2, "{line}");
    }
}

fn with_own_component() -> Repo {
    let repo = Repo::minimal();
    repo.write(".fluxwright/components/mine/component.yaml", OWN_COMPONENT);
    repo
}

#[test]
fn the_list_has_everything_with_its_newest_version_that_can_be_used() {
    let list = with_own_component().fluxwright(&["components"]).done();
    assert_fits(&list);
    let names = |kind, file| folders(kind, file).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let mut expected = [names("components", "component.yaml"), vec!["mine".to_owned()]].concat();
    expected.sort();
    expected.extend(names("stores", "store.yaml"));
    let listed: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()).collect();
    assert_eq!(listed, expected);
    assert!(list.contains("\n- `mine` 1.0.0, this repo's own: Something of this repo's own.\n"), "{list}");
    assert!(list.contains("\n- `snapshot-controller` 8."), "{list}");
}

#[test]
fn a_page_has_what_its_data_has() {
    let repo = with_own_component();
    for data in subjects(&repo) {
        let name = data["name"].as_str().unwrap();
        let page = repo.fluxwright(&["components", name]).done();
        assert_fits(&page);
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let has = |text: &str| {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(&text), "{name} lacks {text:?}:\n{page}");
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for key in ["title", "about", "homepage"] {
            has(&text(&data[key]));
        }
        assert!(page.contains(&format!("```yaml\n{}```\n", text(&data["profile"]))), "{page}");
        for (option, schema) in data["options"]["properties"].as_object().into_iter().flatten() {
            has(&format!("- `{option}` ("));
            has(&text(&schema["description"]));
        }
        for version in list(&data["versions"]) {
            has(&format!("`{}`", text(&version["match"])));
            has(&text(&version["source"]));
            version["needs"].as_object().into_iter().flatten().for_each(|(_, range)| has(&text(range)));
            has(version["refused"].as_str().unwrap_or_default());
        }
        for unit in list(&data["units"]) {
            has(&text(&unit["name"]).replace("app", name));
            let places = [&unit["chart"]["url"], &unit["git"]["url"], &unit["git"]["path"]];
            // A text with an expression stands there as it is by default.
            places.iter().filter_map(|place| place.as_str()).filter(|place| !place.contains("<{")).for_each(has);
            assert!(unit["prune"] != Value::Bool(false) || flat.contains("never deleted"), "{page}");
        }
        list(&data["notes"]).iter().for_each(|note| has(&text(&note["text"])));
        list(&data["conflicts"]).iter().for_each(|conflict| has(conflict["because"].as_str().unwrap_or_default()));
        list(&data["sources"]).iter().for_each(|source| has(&text(source)));
        has(data["retired"]["because"].as_str().unwrap_or_default());
        has(data["namespace"]["podSecurity"].as_str().unwrap_or_default());
    }
}

#[test]
fn the_data_is_what_the_file_says() {
    let repo = Repo::minimal();
    let all = json(&repo.fluxwright(&["components", "--format", "json"]).done());
    for (kind, file) in [("components", "component.yaml"), ("stores", "store.yaml")] {
        let folders = folders(kind, file);
        assert_eq!(all[kind].as_array().unwrap().len(), folders.len());
        for ((name, text), data) in folders.iter().zip(all[kind].as_array().unwrap()) {
            let mut data = data.clone();
            let keys = data.as_object_mut().unwrap();
            assert_eq!(keys.remove("own"), Some(Value::Bool(false)));
            assert!(keys.remove("profile").is_some());
            assert_eq!(data, serde_yaml::from_str::<Value>(text).unwrap(), "{name}");
        }
    }
    let one = json(&repo.fluxwright(&["components", "metallb", "--format", "json"]).done());
    let of_all = all["components"].as_array().unwrap().iter().find(|data| data["name"] == "metallb");
    assert_eq!(&one["components"][0], of_all.unwrap());
    assert_eq!((one["components"].as_array().unwrap().len(), one["stores"].as_array().unwrap().len()), (1, 0));
}

/// What to type for the component that brings what a store needs.
fn operator(subjects: &[Value], store: &Value) -> String {
    let capability = &store["requires"][0];
    let brings = |data: &&Value| data["provides"].as_array().is_some_and(|provides| provides.contains(capability));
    subjects.iter().find(brings).unwrap()["profile"].as_str().unwrap().to_owned()
}

/// What a profile lacks for a component (a section, a driver) is another matter; every line itself is right.
#[test]
fn what_a_page_has_people_type_is_right() {
    let subjects = subjects(&Repo::minimal());
    for data in &subjects {
        let (repo, mut typed) = (Repo::minimal(), data["profile"].as_str().unwrap().to_owned());
        if data["units"].is_null() {
            typed += &operator(&subjects, data);
        }
        assert!(!typed.contains('…'), "give each required option of {} `examples` in its file:\n{typed}", data["name"]);
        repo.write("profiles/minimal.yaml", &format!("{}\n{typed}", repo.read("profiles/minimal.yaml")));
        let run = repo.fluxwright(&["render", "--format", "json"]);
        let findings = json(&run.stdout)["findings"].as_array().cloned().unwrap_or_default();
        let wrong = |finding: &&Value| {
            let code = finding["code"].as_str().unwrap();
            code < "FW201" || ["FW201", "FW202", "FW203", "FW213"].contains(&code)
        };
        let wrong: Vec<&Value> = findings.iter().filter(wrong).collect();
        assert!(wrong.is_empty(), "{typed}\n{wrong:#?}");
    }
}

/// The expression in renovate.json takes its parts in this order only.
#[test]
fn renovate_finds_each_version_that_is_to_be_typed() {
    let order = ["datasource", "depName", "packageName", "versioning", "extractVersion", "registryUrl"];
    for data in subjects(&Repo::minimal()).iter().filter(|data| data["renovate"].is_object()) {
        let lines: Vec<&str> = data["profile"].as_str().unwrap().lines().collect();
        let at = lines.iter().position(|line| line.starts_with("    version: ")).unwrap();
        let parts = lines[at - 1].strip_prefix("    # renovate: ").unwrap().split(' ');
        let parts: Vec<(&str, &str)> = parts.map(|part| part.split_once('=').unwrap()).collect();
        let places = parts.iter().map(|(key, _)| order.iter().position(|known| known == key).unwrap());
        assert!(places.clone().is_sorted() && places.take(2).eq([0, 1]), "{parts:?}");
        let said: BTreeSet<(&str, &str)> = data["renovate"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        assert_eq!(parts.into_iter().collect::<BTreeSet<_>>(), said);
    }
}

#[test]
fn an_own_component_has_a_page() {
    let repo = with_own_component();
    let expected = "\
# Mine

Something of this repo's own.

In a profile it is `mine`. Its makers are at https://example.com

It is this repo's own, from `.fluxwright/components/mine/`.

## What to type

```yaml
components:
  mine:
    version: 1.0.0
```

## What it renders

1. `mine`: `deploy` of https://github.com/example/mine, at tag `v<version>`.

## Options

It has none of its own. As every component it takes:

- `needs`: Units that it waits for, beyond what is computed.
- `patches`: Changes to what is rendered.

## Versions

- 1.0.0, the newest of `>=1 <2`. Source: example.

## Sources

- example
";
    assert_eq!(repo.fluxwright(&["components", "mine"]).done(), expected);
    repo.remove("profiles");
    assert_eq!(repo.fluxwright(&["components", "mine"]).done(), expected);
}

#[test]
fn a_name_of_two_things_has_two_pages() {
    let repo = Repo::minimal();
    let (store, _) = folders("stores", "store.yaml").remove(0);
    let own = OWN_COMPONENT.replace("name: mine\n", &format!("name: {store}\n"));
    repo.write(&format!(".fluxwright/components/{store}/component.yaml"), &own);
    let pages = repo.fluxwright(&["components", &store]).done();
    assert_eq!(pages.lines().filter(|line| line.starts_with("# ")).count(), 2, "{pages}");
}

#[test]
fn a_name_of_nothing_is_told_with_the_nearest() {
    let repo = Repo::minimal();
    let expected = "\
error FW201 unknown-component: there is no component or kind of store `metalb`
 |
 = hint: did you mean `metallb`?

";
    assert_eq!(repo.refuses(&["components", "metalb"]), expected);
    assert!(repo.refuses(&["components", "aws-secret-manager"]).contains("did you mean `aws-secrets-manager`?"));
    let run = repo.fluxwright(&["components", "metalb", "--format", "json"]);
    assert_eq!((run.code, &json(&run.stdout)["findings"][0]["code"]), (2, &Value::from("FW201")));
}

#[test]
fn a_broken_component_is_told_and_hides_no_other() {
    let repo = Repo::minimal();
    repo.write(".fluxwright/components/mine/component.yaml", &OWN_COMPONENT.replace("title:", "titel:"));
    for arguments in [&["components"][..], &["components", "mine"]] {
        assert!(repo.refuses(arguments).starts_with("error FW204 broken-component: "));
    }
    assert!(repo.fluxwright(&["components", "metallb"]).done().starts_with("# MetalLB\n"));
}
