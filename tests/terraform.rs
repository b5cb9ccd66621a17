//! What Terraform would make in vCenter is what the scripts make: `bootstrap/terraform/main.tf.json` of every example cluster that has
//! one, against the calls of `govc` in its `calls.txt`, which `tests/scripts.rs` records.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A cluster: its Terraform, and what its scripts call `govc` with.
struct Case {
    name: String,
    terraform: Value,
    calls: Vec<Vec<String>>,
}

fn cases() -> Vec<Case> {
    let clusters = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters");
    let folders = fs::read_dir(clusters).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<Case> = folders.filter_map(|folder| case(&folder)).collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn case(folder: &Path) -> Option<Case> {
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let files = walkdir::WalkDir::new(folder.join("expected")).into_iter().map(|entry| entry.unwrap().into_path());
    let file: PathBuf = files.into_iter().find(|file| file.ends_with("terraform/main.tf.json"))?;
    let terraform = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let calls = fs::read_to_string(folder.join("calls.txt")).unwrap();
    let calls = calls.lines().filter_map(|line| line.strip_prefix("govc ")).map(words).collect();
    Some(Case { name, terraform, calls })
}

/// The words of a line of a shell, as far as the stand-ins quote.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        let word = words.last_mut().unwrap();
        match c {
            '\'' => is_quoted = !is_quoted,
            '\\' if !is_quoted => word.push(characters.next().unwrap()),
            ' ' if !is_quoted => words.push(String::new()),
            c => word.push(c),
        }
    }
    words
}

/// A text of Terraform that is no template, as it comes out.
fn plain(text: &str) -> String {
    let (dollar, percent) = (text.matches("${").count(), text.matches("%{").count());
    assert_eq!((dollar, percent), (text.matches("$${").count(), text.matches("%%{").count()), "a template: {text}");
    text.replace("$${", "${").replace("%%{", "%{")
}

fn entries(value: &Value) -> impl Iterator<Item = (String, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (plain(key), value))
}

fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or_else(|| panic!("no text: {value}")))
}

impl Case {
    fn local(&self, name: &str) -> &Value {
        &self.terraform["locals"][name]
    }

    /// The arguments of the calls of a command, without its name.
    fn called(&self, command: &str) -> impl Iterator<Item = &[String]> {
        self.calls.iter().filter(move |call| call[0] == command).map(|call| &call[1..])
    }
}

/// A user as vCenter writes it, with the domain in front.
fn listed(user: &str) -> String {
    user.split_once('@').map_or(user.to_owned(), |(name, domain)| format!("{domain}\\{name}"))
}

#[test]
fn there_are_clusters_with_both() {
    let names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    assert!(names.len() >= 3 && names.contains(&"vsphere-roles".to_owned()), "{names:?}");
}

#[test]
fn the_roles_have_the_same_privileges() {
    for case in cases() {
        let by_script =
            case.called("role.create").map(|words| (words[0].clone(), words[1..].iter().cloned().collect()));
        let by_script: BTreeMap<String, BTreeSet<String>> = by_script.collect();
        let privileges = |value: &Value| value.as_array().unwrap().iter().map(text).collect();
        let by_terraform = entries(case.local("roles")).map(|(name, value)| (name, privileges(value)));
        assert_eq!(by_terraform.collect::<BTreeMap<String, BTreeSet<String>>>(), by_script, "{}", case.name);
    }
}

#[test]
fn the_same_user_has_the_same_roles_on_the_same_objects() {
    for case in cases() {
        let by_script = case.called("permissions.set").map(|words| {
            let [_, user, _, role, propagate, path] = words else { panic!("{words:?}") };
            (path.clone(), (listed(user), role.clone(), propagate.clone()))
        });
        let by_script: BTreeMap<String, (String, String, String)> = by_script.collect();
        let by_terraform = entries(case.local("permissions")).map(|(path, one)| {
            let propagate = format!("-propagate={}", one["propagate"].as_bool().unwrap());
            (path, (text(case.local("principal")), text(&one["role"]), propagate))
        });
        assert_eq!(by_terraform.collect::<BTreeMap<_, _>>(), by_script, "{}", case.name);
    }
}

/// The type of an object by its path among others: `/<datacenter>/<folder of a kind>/…`.
fn kind(path: &str, paths: &BTreeSet<String>) -> &'static str {
    const KINDS: [&str; 3] = ["/datastore/", "/vm/", "/host/"];
    if KINDS.iter().any(|kind| paths.iter().any(|other| other.starts_with(&format!("{path}{kind}")))) {
        return "Datacenter";
    }
    match KINDS.into_iter().find_map(|kind| Some((kind, path.split_once(kind)?.1))) {
        Some(("/datastore/", _)) => "Datastore",
        Some(("/host/", below)) if below.contains('/') => "HostSystem",
        Some(("/host/", _)) => "ClusterComputeResource",
        _ => "Folder",
    }
}

#[test]
fn each_object_is_looked_up_as_what_its_path_says() {
    for case in cases() {
        let paths: BTreeSet<String> = entries(case.local("permissions")).map(|(path, _)| path).collect();
        for (path, one) in entries(case.local("permissions")) {
            assert_eq!(one["entity"], kind(&path, &paths), "{} {path}", case.name);
        }
    }
}

#[test]
fn the_policies_ask_for_the_same_tags_of_the_same_categories() {
    for case in cases() {
        let by_script = case.called("storage.policy.create").map(|words| {
            let [_, category, _, tag, name] = words else { panic!("{words:?}") };
            (name.clone(), (category.clone(), tag.clone()))
        });
        let by_script: BTreeMap<String, (String, String)> = by_script.collect();
        let by_terraform = entries(case.local("policies"));
        let by_terraform: BTreeMap<String, (String, String)> =
            by_terraform.map(|(name, one)| (name, (text(&one["category"]), text(&one["tag"])))).collect();
        assert_eq!(by_terraform, by_script, "{}", case.name);
        let made: BTreeSet<_> = case.called("tags.create").map(|words| (words[1].clone(), words[2].clone())).collect();
        assert_eq!(by_terraform.values().cloned().collect::<BTreeSet<_>>(), made, "{}", case.name);
        let categories: BTreeSet<_> = case.called("tags.category.create").map(|words| words.join(" ")).collect();
        let expected = made.iter().map(|(category, _)| format!("-t Datastore -m {category}")).collect();
        assert_eq!(categories, expected, "{}", case.name);
    }
}

#[test]
fn what_is_made_comes_from_what_is_compared() {
    for case in cases() {
        for (name, resources) in [
            ("roles", ["vsphere_role", "vsphere_entity_permissions"].as_slice()),
            ("policies", ["vsphere_tag_category", "vsphere_tag", "vsphere_vm_storage_policy"].as_slice()),
        ] {
            let made = |kind: &&&str| case.terraform["resource"][**kind].is_object();
            let is_said = case.local(name).is_object();
            assert_eq!(
                resources.iter().filter(made).count(),
                if is_said { resources.len() } else { 0 },
                "{}",
                case.name
            );
        }
        for (_, of_a_kind) in entries(&case.terraform["resource"]) {
            for (_, one) in of_a_kind.as_object().unwrap() {
                let from = one["for_each"].as_str().unwrap();
                let known = ["local.roles", "local.permissions", "local.policies"];
                assert!(known.iter().any(|name| from.contains(name)), "{}: {from}", case.name);
            }
        }
    }
}

#[test]
fn what_others_have_on_an_object_is_left_to_them() {
    for case in cases() {
        let permissions = &case.terraform["resource"]["vsphere_entity_permissions"];
        for (_, one) in permissions.as_object().into_iter().flatten() {
            assert_eq!(one["lifecycle"]["ignore_changes"][0], "permissions", "{}", case.name);
            assert_eq!(one["lifecycle"]["prevent_destroy"], true, "{}", case.name);
        }
    }
}

#[test]
fn a_value_that_looks_like_a_template_is_none() {
    let cases = cases();
    let case = cases.iter().find(|case| case.name == "vsphere-roles").unwrap();
    let written: Vec<&String> = ["permissions", "policies"]
        .into_iter()
        .flat_map(|name| case.local(name).as_object().unwrap().keys())
        .filter(|key| key.contains('{'))
        .collect();
    assert_eq!(
        written,
        ["/sites/Edge/datastore/%%{edge}", "/Main/vm/it's $${k8s}", "k8s \"fast\" $${x}"],
        "doubled, the first character stands for itself"
    );
}
