//! The command `graph`: the order of every example cluster, in each of its forms, held against the `dependsOn` of its tree.
//!
//! `tests/graph/maelstrom.*` are the forms of one cluster; `FLUXWRIGHT_BLESS=1 cargo test --test graph` writes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use repo_builder::{Repo, below};
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn cases() -> Vec<String> {
    let cases = fs::read_dir(root().join("fixtures/clusters")).unwrap();
    let mut cases: Vec<String> = cases.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    cases.sort();
    cases
}

/// A repo with `profile.yaml` of a case, whose cluster may have another name, and what else the case has below `.fluxwright/`.
fn repo(case: &str) -> Repo {
    let repo = Repo::without_git(case);
    repo.remove("profiles");
    repo.write("profile.yaml", &repo_builder::profile(case));
    for (path, bytes) in own_files(case) {
        repo.write(&format!(".fluxwright/{path}"), &String::from_utf8(bytes).unwrap());
    }
    repo
}

fn own_files(case: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = root().join("fixtures/clusters").join(case).join(".fluxwright");
    if folder.exists() { below(&folder) } else { BTreeMap::new() }
}

/// What the command prints; warnings of the profile may stand beside it.
fn graph(repo: &Repo, format: &str) -> String {
    let profile = repo.exists("profile.yaml").then_some("profile.yaml");
    let run = repo.fluxwright(&[&["graph", "--format", format][..], profile.as_slice()].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout
}

fn units(repo: &Repo) -> Vec<Value> {
    let document: Value = serde_json::from_str(&graph(repo, "json")).unwrap();
    document["units"].as_array().unwrap().clone()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Who waits for whom, as pairs of what comes first and what waits.
type Edges = BTreeSet<(String, String)>;

/// The units and edges of a tree that was rendered: one Flux Kustomization each, and its `dependsOn`.
fn of_the_tree(case: &str) -> (BTreeSet<String>, Edges) {
    let (mut units, mut edges) = (BTreeSet::new(), BTreeSet::new());
    let expected = root().join("fixtures/clusters").join(case).join("expected");
    for (path, bytes) in below(&expected) {
        let of_flux = Path::new(&path).parent().is_some_and(|folder| folder.ends_with("kustomizations"));
        if !of_flux || path.ends_with("/kustomization.yaml") {
            continue;
        }
        let object: serde_yaml::Value = serde_yaml::from_slice(&bytes).unwrap();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        for on in object["spec"]["dependsOn"].as_sequence().into_iter().flatten() {
            edges.insert((on["name"].as_str().unwrap().to_owned(), name.clone()));
        }
        assert!(units.insert(name));
    }
    (units, edges)
}

/// The nodes and edges of a text whose lines are one or the other; an id is as good as a name.
fn drawn(text: &str, arrow: &str, node: impl Fn(&str) -> Option<(String, String)>) -> (Vec<String>, Edges) {
    let (mut names, mut ids, mut edges) = (Vec::new(), BTreeMap::new(), Edges::new());
    for line in text.lines().filter(|line| line.starts_with("  ") && !line.starts_with("  %%")) {
        let line = line.trim().trim_end_matches(';');
        if let Some((first, then)) = line.split_once(arrow) {
            let name = |id: &str| ids.get(id).cloned().unwrap_or_else(|| panic!("{id} is not there yet"));
            assert!(edges.insert((name(first), name(then))), "{line} stands twice");
        } else {
            let (id, name) = node(line).unwrap_or_else(|| panic!("{line:?} is neither node nor edge"));
            assert!(ids.insert(id, name.clone()).is_none(), "{line} stands twice");
            names.push(name);
        }
    }
    (names, edges)
}

/// `unit_x["x"]`, or with other brackets that close as they open.
fn mermaid_node(line: &str) -> Option<(String, String)> {
    let (before, rest) = line.split_once('"')?;
    let (name, behind) = rest.split_once('"')?;
    let id = before.trim_end_matches(['[', '(', '{']);
    let opened: String = before[id.len()..].chars().rev().collect();
    assert_eq!(opened.replace('[', "]").replace('(', ")").replace('{', "}"), behind, "{line}");
    assert!(id.starts_with("unit_") && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{line}");
    Some((id.to_owned(), name.to_owned()))
}

fn dot_node(line: &str) -> Option<(String, String)> {
    let (quoted, shape) = line.split_once(" [shape=")?;
    assert!(["box]", "ellipse]", "hexagon]"].contains(&shape), "{line}");
    Some((quoted.to_owned(), quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned()))
}

#[test]
fn most_clusters_have_units_that_wait() {
    let waiting = cases().into_iter().filter(|case| !of_the_tree(case).1.is_empty()).count();
    assert!(waiting > cases().len() / 2, "{waiting}");
}

#[test]
fn every_unit_stands_once_behind_all_that_it_waits_for() {
    for case in cases() {
        let units = units(&repo(&case));
        let mut steps: BTreeMap<&str, u64> = BTreeMap::new();
        let mut edges = Edges::new();
        for unit in &units {
            let (name, step) = (unit["unit"].as_str().unwrap(), unit["step"].as_u64().unwrap());
            let (waits, because) = (texts(&unit["waits"]), texts(&unit["because"]));
            assert_eq!(waits.len(), because.len(), "{case}: {name}");
            assert!(because.iter().all(|why| !why.is_empty()), "{case}: {name}");
            let after = waits.iter().map(|on| steps.get(on).unwrap_or_else(|| panic!("{case}: {on} is behind {name}")));
            assert_eq!(step, after.max().unwrap_or(&0) + 1, "{case}: {name}");
            edges.extend(waits.iter().map(|on| ((*on).to_owned(), name.to_owned())));
            assert!(steps.insert(name, step).is_none(), "{case}: {name} stands twice");
        }
        let names = steps.keys().map(|name| (*name).to_owned()).collect();
        assert_eq!((names, edges), of_the_tree(&case), "{case}");
        assert!(units.is_sorted_by_key(|unit| (unit["step"].as_u64(), unit["unit"].as_str().map(str::to_owned))));
    }
}

#[test]
fn pictures_have_every_unit_and_every_edge_once() {
    for case in cases() {
        let (repo, (units, edges)) = (repo(&case), of_the_tree(&case));
        let mermaid = graph(&repo, "mermaid");
        assert!(mermaid.starts_with("flowchart TD\n"), "{mermaid}");
        assert!(mermaid.lines().all(|line| line.matches('"').count() % 2 == 0), "{mermaid}");
        let dot = graph(&repo, "dot");
        assert!(dot.starts_with("digraph \"") && dot.ends_with("\n}\n"), "{dot}");
        for (names, drawn) in [drawn(&mermaid, " --> ", mermaid_node), drawn(&dot, " -> ", dot_node)] {
            assert_eq!(names.len(), units.len(), "{case}");
            assert_eq!((names.into_iter().collect(), drawn), (units.clone(), edges.clone()), "{case}");
        }
    }
}

#[test]
fn the_story_has_every_unit_and_every_edge_once() {
    for case in cases() {
        let (mut names, mut edges) = (Vec::new(), Edges::new());
        for line in graph(&repo(&case), "text").lines().filter(|line| *line != "There are no units.") {
            if let Some((_, after)) = line.split_once(" after ") {
                let (on, why) = after.split_once(", ").unwrap();
                assert!(!why.is_empty(), "{case}: {line}");
                let name: &String = names.last().unwrap();
                assert!(edges.insert((on.to_owned(), name.clone())), "{case}: {line}");
            } else {
                names.push(line.rsplit_once(' ').unwrap().1.to_owned());
            }
        }
        let (units, expected) = of_the_tree(&case);
        assert_eq!(names.len(), units.len(), "{case}");
        assert_eq!((names.into_iter().collect::<BTreeSet<_>>(), edges), (units, expected), "{case}");
    }
}

#[test]
fn the_runbook_of_a_cluster_has_the_same_picture_and_story() {
    for case in cases() {
        let repo = repo(&case);
        let files = below(&root().join("fixtures/clusters").join(&case).join("expected"));
        let readme = files.iter().find(|(path, _)| path.ends_with("README.md")).expect(&case).1;
        let readme = std::str::from_utf8(readme).unwrap();
        for format in ["mermaid", "text"] {
            let block = format!("```{format}\n{}```\n", graph(&repo, format));
            assert!(readme.contains(&block), "{case} lacks:\n{block}");
        }
    }
}

/// Words that begin something else in Mermaid, and letters that make another arrow of the one before them.
#[test]
fn a_name_that_means_something_to_mermaid_is_a_name() {
    let words = ["end", "graph", "subgraph", "class", "click", "default", "end-user", "o", "x", "style", "flowchart"];
    let repo = Repo::minimal();
    let release = |name: &&str| {
        format!(
            "  - name: {name}\n    namespace: podinfo\n    url: oci://ghcr.io/stefanprodan/charts\n    chart: podinfo\n    version: 6.9.2\n"
        )
    };
    let releases: String = words.iter().map(release).collect();
    repo.replace("profiles/minimal.yaml", "releases:\n", &format!("releases:\n{releases}"));
    let (names, edges) = drawn(&graph(&repo, "mermaid"), " --> ", mermaid_node);
    for word in words {
        assert!(names.contains(&word.to_owned()), "{names:?}");
        assert!(edges.contains(&("namespaces".to_owned(), word.to_owned())), "{edges:?}");
    }
}

#[test]
fn one_cluster_in_all_forms() {
    let repo = Repo::new();
    for (format, ending) in [("text", "txt"), ("mermaid", "mmd"), ("dot", "dot"), ("json", "json")] {
        let (path, printed) = (root().join("tests/graph/maelstrom").with_extension(ending), graph(&repo, format));
        if std::env::var_os("FLUXWRIGHT_BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &printed).unwrap();
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(known, printed, "{} is out of date; FLUXWRIGHT_BLESS=1 writes it", path.display());
    }
    assert_eq!(repo.fluxwright(&["graph"]).done(), graph(&repo, "text"));
    assert_eq!(repo.fluxwright(&["graph", "maelstrom"]).done(), graph(&repo, "text"));
    assert!(!repo.exists("clusters"));
}

#[test]
fn of_several_profiles_one_is_named() {
    let repo = Repo::new();
    repo.write("profiles/minimal.yaml", &repo_builder::profile("minimal"));
    let expected = "\
error FW601 bad-argument: there are several profiles, and a graph is of one
 |
 = hint: fluxwright graph maelstrom
         fluxwright graph minimal

";
    assert_eq!(repo.refuses(&["graph"]), expected);
    assert!(repo.fluxwright(&["graph", "minimal"]).done().starts_with("1. namespaces\n2. podinfo\n"));
    assert!(repo.refuses(&["graph", "minmal"]).contains("did you mean `minimal`?"));
}

#[test]
fn what_is_wrong_is_told_in_the_form_that_was_asked_for() {
    let repo = Repo::minimal();
    repo.replace("profiles/minimal.yaml", "      - podinfo\n", "      - podinof\n");
    assert!(repo.refuses(&["graph", "--format", "mermaid"]).starts_with("error FW211 unknown-need: "));
    let run = repo.fluxwright(&["graph", "--format", "json"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, run.stderr.as_str(), &json["findings"][0]["code"]), (2, "", &Value::from("FW211")));
}

#[test]
fn a_picture_is_a_form_of_this_command_only() {
    let repo = Repo::minimal();
    let says = repo.refuses(&["render", "--format", "dot"]);
    assert!(says.contains("[possible values: text, json]"), "{says}");
}
