//! The schema of profiles says what `render` says, as far as a schema can.
//!
//! The profiles of all fixtures, and thousands of changes to them, are held against the schema of their repo and rendered
//! by the library. What the schema refuses, the render refuses, without exception; what only the render refuses has a code
//! of `ONLY_RENDER`. A part of the changes is tried each time; `FLUXWRIGHT_EVERY_CHANGE=1` tries them all. Not here: the
//! command and its file (`schema_command.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fluxwright::catalog::{Catalog, OWN_COMPONENTS};
use fluxwright::decode::Decode as _;
use fluxwright::decode::schema::Definitions;
use fluxwright::disk::{LocalDisk, own_components};
use fluxwright::problem::{Code, Problem, Problems, Severity, Source};
use fluxwright::profile::{Document, Profile};
use fluxwright::schema::{self, ONLY_RENDER};
use fluxwright::texts;
use fluxwright::yaml;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

/// A repo of the fixtures: its profile, its catalog and its schema.
struct Case {
    name: String,
    text: String,
    catalog: Catalog,
    schema: jsonschema::Validator,
}

fn folders(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind);
    let mut folders: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn catalog(folder: &Path) -> Result<Catalog, Vec<Problem>> {
    Catalog::new(own_components(&LocalDisk, &folder.join(OWN_COMPONENTS)).unwrap())
}

fn compiled(document: &Value) -> jsonschema::Validator {
    jsonschema::options().with_draft(jsonschema::Draft::Draft7).build(document).unwrap()
}

/// The case of a folder; nothing where a broken component leaves no schema to hold a profile against.
fn case(folder: &Path) -> Option<Case> {
    let catalog = catalog(folder).ok()?;
    let schema = compiled(&schema::document(&catalog).ok()?);
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(folder.join("profile.yaml")).unwrap();
    Some(Case { name, text, catalog, schema })
}

/// The profile as JSON, as the program's own reader sees it, if it can be read at all.
fn json_of(text: &str) -> Option<Value> {
    let (source, mut problems) = (Source::new("profile.yaml", text), Problems::default());
    yaml::read(&source, &mut problems).map(|node| node.value(&source, &mut problems))
}

/// When a profile that can be read is rendered, too, which takes most of the time.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Always,
    /// Only to see whether it refuses what the schema refuses.
    Asked,
}

/// The errors that a profile is refused with, as far as it is rendered.
fn refused(case: &Case, source: &Arc<Source>, render: bool) -> Vec<Problem> {
    let rendered = |profile: Profile| fluxwright::rendered(&profile, &case.catalog, &BTreeSet::new()).map(|_| ());
    let read = Profile::read(source);
    let done = if render { read.and_then(rendered) } else { read.map(|_| ()) };
    let mut found = done.err().unwrap_or_default();
    found.retain(|problem| problem.severity == Severity::Error);
    found
}

/// What there is to say when schema and render differ on a text; the codes that only the render has go to `seen`.
fn compare(case: &Case, text: &str, render: When, seen: &mut BTreeSet<Code>) -> Option<String> {
    let source = Source::new("profile.yaml", text);
    let refusal = json_of(text).and_then(|value| case.schema.validate(&value).err().map(|error| error.to_string()));
    let render = render == When::Always || refusal.is_some();
    let refused = refused(case, &source, render);
    if let Some(says) = refusal {
        // A part of the profile that is not rendered yet is refused whatever it holds; that is no answer.
        let refuses = refused.iter().any(|problem| problem.code != Code::NOT_YET);
        return (!refuses).then(|| format!("{}: only the schema refuses it: {says}\n{text}", case.name));
    }
    let listed = |code: Code| ONLY_RENDER.iter().any(|(listed, _)| *listed == code);
    let surprise = refused.iter().find(|problem| !listed(problem.code) || !is_beyond_a_schema(problem));
    seen.extend(refused.iter().map(|problem| problem.code));
    surprise.map(|problem| format!("{}: {}: {} passes the schema\n{text}", case.name, problem.code, problem.says))
}

/// A wrong type is nothing that a schema should let pass, but for one: to it, `3.0` is a whole number.
fn is_beyond_a_schema(problem: &Problem) -> bool {
    let Some(place) = problem.place.as_ref().filter(|_| problem.code == Code::WRONG_TYPE) else { return true };
    let text = &place.source.text[place.start..place.end];
    text.ends_with(".0") && text.parse::<f64>().is_ok()
}

/// Values that stand in the place of each one, in turn; in the place of a scalar, also those of [`TEXTS`] and [`PLAIN`].
fn odd_values() -> Vec<Value> {
    let mut values = vec![json!(null), json!(true), json!("x"), json!([]), json!([null]), json!(["x"]), json!({})];
    values.extend([json!([{}]), json!({ "x": null }), json!({ "x": "y" }), json!(1)]);
    values
}

/// Texts that one rule or another takes.
const TEXTS: &[&str] = &[
    "",
    "X_y",
    "..",
    "/a",
    "a/../b",
    "a b",
    "a\nb",
    "ä",
    "latest",
    "ask",
    "1.2",
    "1.2.3",
    "v1.2.3",
    "1.30",
    "yes",
    "10.0.0.5/24",
    "10.0.0.9-10.0.0.1",
    "90m",
    "https://u:p@example.com/x",
    "https://example.com",
    "ghp_0123456789abcdefghij0123456789abcdef",
    "5Gi",
    "example.com/team",
    "name@example.com",
    "a:1",
    "Delete",
];

/// Scalars without quotes that are read in one way or another; each stands where the word `PLAIN` is written.
const PLAIN: &[&str] =
    &["1.30", "yes", "True", "0o17", "2026-11-21", "-1", "0", "1.5", "3.0", "70000", "5000000000", "!!str x", "*a"];

/// Every change of one place in a value.
fn changes(value: &Value) -> Vec<Value> {
    let mut changed = Vec::new();
    let mut steps = Vec::new();
    walk(value, value, &mut steps, &mut changed);
    changed
}

fn walk(root: &Value, value: &Value, steps: &mut Vec<String>, changed: &mut Vec<Value>) {
    let escaped = steps.iter().flat_map(|step| ["/".to_owned(), step.replace('~', "~0").replace('/', "~1")]);
    let pointer: String = escaped.collect();
    let mut with = |new: Value| {
        let mut root = root.clone();
        *root.pointer_mut(&pointer).unwrap() = new;
        changed.push(root);
    };
    match value {
        Value::Object(entries) => {
            let mut more = entries.clone();
            more.insert("unknownKey".to_owned(), json!("x"));
            with(Value::Object(more));
            for key in entries.keys() {
                with(Value::Object(entries.iter().filter(|(name, _)| *name != key).map(owned).collect()));
                for new in [format!("{key}X"), "a..b/x".to_owned()] {
                    let renamed = |(name, value)| owned((if name == key { &new } else { name }, value));
                    with(Value::Object(entries.iter().map(renamed).collect::<Map<_, _>>()));
                }
            }
        }
        Value::Array(items) => {
            with(Value::Array(items.iter().chain(items.last()).cloned().collect()));
            with(Value::Array(items.iter().skip(1).cloned().collect()));
        }
        _ => {}
    }
    odd_values().into_iter().for_each(&mut with);
    if !value.is_array() && !value.is_object() {
        let long = "x".repeat(300);
        TEXTS.iter().copied().chain([long.as_str(), "PLAIN"]).for_each(|text| with(json!(text)));
    }
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (step, inner) in inner {
        steps.push(step);
        walk(root, inner, steps, changed);
        steps.pop();
    }
}

fn owned<K: ToString>((key, value): (K, &Value)) -> (String, Value) {
    (key.to_string(), value.clone())
}

/// The texts of a changed profile: one, or several where a scalar stands without quotes.
fn written(changed: &Value) -> Vec<String> {
    let text = yaml::write("changed", std::slice::from_ref(changed));
    if text.contains("PLAIN") { PLAIN.iter().map(|plain| text.replace("PLAIN", plain)).collect() } else { vec![text] }
}

#[test]
fn the_profile_of_every_cluster_passes() {
    for folder in folders("clusters") {
        let case = case(&folder).unwrap();
        case.schema.validate(&json_of(&case.text).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}

/// The repos whose profiles are changed: those of the clusters, and two with every key that there is.
fn clusters() -> Vec<Case> {
    let cases: Vec<Case> = folders("clusters").iter().filter_map(|folder| case(folder)).collect();
    let full = [("full", include_str!("schema/full.yaml")), ("eks", include_str!("schema/eks.yaml"))];
    cases.into_iter().chain(full.map(|(name, text)| without_own_components(name, text))).collect()
}

fn without_own_components(name: &str, text: &str) -> Case {
    let catalog = Catalog::new(BTreeMap::new()).unwrap();
    let schema = compiled(&schema::document(&catalog).unwrap());
    Case { name: name.to_owned(), text: text.to_owned(), catalog, schema }
}

#[test]
fn the_schema_refuses_nothing_that_render_takes_and_render_nothing_that_is_not_listed() {
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for case in folders("invalid").iter().filter_map(|folder| case(folder)) {
        wrong.extend(compare(&case, &case.text, When::Always, &mut seen));
    }
    let cases = clusters();
    for (from, to) in BY_HAND {
        let full = cases.iter().find(|case| case.name == "full").unwrap();
        assert!(full.text.contains(from), "full.yaml has no {from:?}");
        wrong.extend(compare(full, &full.text.replacen(from, to, 1), When::Always, &mut seen));
    }
    let all = |case: &Case| changes(&json_of(&case.text).unwrap()).into_iter().step_by(step(case));
    let tried: Vec<(&Case, String)> = cases
        .iter()
        .flat_map(|case| all(case).map(move |changed| (case, changed)))
        .flat_map(|(case, changed)| written(&changed).into_iter().map(move |text| (case, text)))
        .collect();
    assert!(tried.len() > 3000, "{} changes", tried.len());
    let compared = |(index, (case, text)): (usize, &(&Case, String))| {
        let mut seen = BTreeSet::new();
        let render = if every() || index % RENDERED == 0 { When::Always } else { When::Asked };
        let wrong = compare(case, text, render, &mut seen);
        (seen, wrong)
    };
    let results: Vec<(BTreeSet<Code>, Option<String>)> = tried.par_iter().enumerate().map(compared).collect();
    for (codes, problem) in results {
        seen.extend(codes);
        wrong.extend(problem);
    }
    let firsts = wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} are wrong, the first of them:\n{firsts}", wrong.len());
    seen.extend(of_the_file());
    let listed: BTreeSet<Code> = ONLY_RENDER.iter().map(|(code, _)| *code).collect();
    let never: Vec<&Code> = listed.difference(&seen).collect();
    assert!(never.is_empty(), "these stand in ONLY_RENDER, and nothing shows that they belong there: {never:?}");
}

/// Changes whose codes no fixture shows on a profile that fits its schema.
const BY_HAND: &[(&str, &str)] = &[
    ("controlPlaneNodes: 3", "controlPlaneNodes: 3.0"),
    ("branch: main", "branch: a..b"),
    ("team: platform", "a..b/team: platform"),
    ("server: vcsa.lab.example", "server: vcsa..example"),
];

/// Of so many changes that pass the schema, one is rendered.
const RENDERED: usize = 7;

/// Whether every change is tried and rendered, which takes minutes.
fn every() -> bool {
    std::env::var_os("FLUXWRIGHT_EVERY_CHANGE").is_some()
}

/// Of so many changes of a profile, one is tried. What those with every key have covers most of what the others have.
fn step(case: &Case) -> usize {
    match case.name.as_str() {
        _ if every() => 1,
        "full" | "eks" => 4,
        _ => 15,
    }
}

/// What is refused for the file, and not for what stands in it.
fn of_the_file() -> BTreeSet<Code> {
    let case = case(&folders("clusters")[0]).unwrap();
    let large = format!("{}# {}\n", case.text, "x".repeat(yaml::MAX_BYTES));
    let sources = [Source::new("profile.yaml", large), Source::new("profiles/other.yaml", case.text.as_str())];
    sources.iter().flat_map(|source| refused(&case, source, true)).map(|problem| problem.code).collect()
}

#[test]
fn the_profiles_that_are_changed_render_and_have_every_key() {
    fn keys(value: &Value, wanted: bool, found: &mut BTreeSet<String>) {
        let Some(entries) = value.as_object() else { return };
        for (key, value) in entries {
            found.extend(wanted.then(|| key.clone()));
            keys(value, key == "properties" && !wanted, found);
        }
    }
    fn used(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(entries) => entries.iter().for_each(|(key, value)| {
                found.insert(key.clone());
                used(value, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| used(item, found)),
            _ => {}
        }
    }
    let (mut known, mut there, mut definitions) = (BTreeSet::new(), BTreeSet::new(), Definitions::default());
    keys(&Document::schema(&mut definitions), false, &mut known);
    keys(&Value::Object(definitions.0), false, &mut known);
    for case in clusters() {
        let codes: BTreeSet<Code> =
            refused(&case, &Source::new("profile.yaml", case.text.as_str()), true).iter().map(|p| p.code).collect();
        assert!(codes.is_subset(&BTreeSet::from([Code::NOT_YET])), "{}: {codes:?}", case.name);
        used(&json_of(&case.text).unwrap(), &mut there);
    }
    let missing: Vec<&String> = known.difference(&there).collect();
    assert!(known.len() > 100 && missing.is_empty(), "add them to tests/schema/full.yaml: {missing:?}");
}

/// Every place in a schema with the schema that stands there; data is no schema.
fn places(pointer: &str, value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    match value {
        Value::Object(rules) => {
            let schemas =
                rules.iter().filter(|(rule, _)| !["default", "enum", "examples", "const"].contains(&rule.as_str()));
            schemas.for_each(|(rule, value)| places(&format!("{pointer}/{rule}"), value, visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(&format!("{pointer}/{index}"), item, visit));
        }
        _ => {}
    }
}

#[test]
fn the_document_is_a_schema_whose_references_lead_somewhere_and_whose_keys_are_described() {
    for case in folders("clusters") {
        let document = schema::document(&catalog(&case).unwrap()).unwrap();
        assert!(jsonschema::draft7::meta::is_valid(&document));
        let (mut described, mut examples) = (0, 0);
        places("", &document, &mut |pointer, value| {
            if let Some(to) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(to.strip_prefix('#').unwrap()).is_some(), "{pointer}: {to}");
            }
            if value.get("type").is_some() {
                for example in value.get("examples").and_then(Value::as_array).into_iter().flatten() {
                    assert!(compiled(value).is_valid(example), "{pointer}: {example}");
                    examples += 1;
                }
            }
            let of_a_key = pointer.rsplit('/').nth(1) == Some("properties");
            // In a condition, `true` stands for what was described before it.
            if of_a_key && *value != json!(true) && !pointer.contains("/if/") {
                let text = value.get("description").and_then(Value::as_str).unwrap_or_default();
                assert!(!text.is_empty() && !text.contains("[`"), "{pointer}: {text:?}");
                described += 1;
            }
        });
        assert!(described > 200 && examples > 100, "{described} keys, {examples} examples");
        assert_eq!(schema::text(&catalog(&case).unwrap()), schema::text(&catalog(&case).unwrap()));
    }
}

#[test]
fn the_schema_has_the_options_of_the_repos_own_components() {
    let folder = &folders("clusters").into_iter().find(|folder| folder.ends_with("own-component")).unwrap();
    let document = schema::document(&catalog(folder).unwrap()).unwrap();
    let banner = &document["properties"]["components"]["properties"]["banner"];
    assert_eq!(
        (&banner["title"], &banner["description"], &banner["required"], &banner["additionalProperties"]),
        (&json!("Banner"), &json!("Greets whoever asks."), &json!(["greeting"]), &json!(false))
    );
    assert_eq!(banner["properties"]["greeting"], json!({ "type": "string", "description": "What to say." }));
    assert_eq!(banner["properties"]["version"]["type"], json!("null"));
    let names: Vec<&String> = banner["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["version", "namespace", "values", "needs", "patches", "greeting", "loud"]);
    let others = schema::document(&Catalog::new(BTreeMap::new()).unwrap()).unwrap();
    assert!(others["properties"]["components"]["properties"].get("banner").is_none());
}

/// A catalog with one component of the repo's own that has these options.
fn with_options(options: &str) -> Catalog {
    let text = format!(
        "name: mine\ntitle: Mine\nabout: Mine.\nhomepage: https://example.com\noptions:\n  properties:\n{options}units:\n  - name: app\n    \
         templates: app\n"
    );
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine\n  namespace: default\n";
    let files = [("component.yaml", text.as_str()), ("app/mine.yaml.j2", template)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into_iter().collect();
    Catalog::new(BTreeMap::from([("mine".to_owned(), files)])).unwrap()
}

#[test]
fn an_options_references_formats_and_data_mean_the_same_in_the_document() {
    let options = "    first: {type: string, format: image, description: An image.}\n    second: {$ref: '#/properties/first', description: Another.}\n    \
                   third: {type: object, default: {format: image, $ref: '#'}, description: Data.}\n";
    let document = schema::document(&with_options(options)).unwrap();
    let properties = &document["properties"]["components"]["properties"]["mine"]["properties"];
    assert!(properties["first"].get("format").is_none() && properties["first"]["pattern"].is_string());
    assert_eq!(properties["second"]["$ref"], json!("#/properties/components/properties/mine/properties/first"));
    assert_eq!(properties["third"]["default"], json!({ "format": "image", "$ref": "#" }));
    let schema = compiled(&document);
    let profile = |option: &str| {
        let text = include_str!("../fixtures/clusters/minimal/profile.yaml");
        json_of(&format!("{text}components:\n  mine:\n    {option}\n")).unwrap()
    };
    assert!(schema.is_valid(&profile("second: example.com/a:1")));
    assert!(!schema.is_valid(&profile("second: example.com/a")));
}

#[test]
fn options_that_are_no_schema_are_told_with_their_place() {
    let problems = schema::document(&with_options("    first: {type: txt, description: A text.}\n")).unwrap_err();
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(problem.code, Code::BROKEN_COMPONENT);
    assert!(problem.says.starts_with("the options of the component `mine` are no JSON Schema: "), "{}", problem.says);
    let place = problem.place.as_ref().unwrap();
    assert_eq!(place.source.name, ".fluxwright/components/mine/component.yaml");
    assert_eq!(place.source.line_column(place.start), (6, 3));
}

/// A text with a rule: its name, its example, its expression, and whether the rule takes a text.
type Rule = (&'static str, &'static str, Option<&'static str>, fn(&str) -> bool);

macro_rules! rules {
    ($($name:ident)*) => {
        &[$((stringify!($name), texts::$name::EXAMPLE, texts::$name::PATTERN, |text| texts::$name::parse(text).is_ok())),*]
    };
}

const RULES: &[Rule] = rules! {
    EksaVersion SshKey TagUrn Name ObjectName LabelKey LabelValue DataKey Version ReleaseName ChartVersion KubernetesVersion FluxVersion Cidr AddressRange Address Duration GitUrl ChartUrl IssuerUrl RepoPath TreeFolder RoleArn DatastoreUrl Thumbprint VcenterUser Host Image Quantity Branch ConfigText Datacenter
};

/// Every text that differs from `text` by one character.
fn neighbours(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for at in 0..=characters.len() {
        let (before, after) = (characters[..at].iter(), characters[at..].iter());
        found.push(before.clone().chain(after.clone().skip(1)).collect());
        for new in "aZg019-._/:@+,*~ \\\n\t\u{e9}\u{2028}=v".chars() {
            found.push(before.clone().chain([&new]).chain(after.clone()).collect());
            found.push(before.clone().chain([&new]).chain(after.clone().skip(1)).collect());
        }
    }
    found
}

#[test]
fn the_expression_of_a_text_takes_every_text_that_its_rule_takes() {
    let declared = include_str!("../src/texts.rs").matches("\ntext! {").count();
    assert_eq!(RULES.len(), declared, "a text of src/texts.rs is not among the rules here");
    for (name, example, pattern, takes) in RULES {
        let schema = compiled(&json!({ "pattern": pattern.unwrap_or_default() }));
        let near = neighbours(example.trim_matches('"'));
        let further = near.iter().step_by(41).flat_map(|text| neighbours(text));
        let texts: Vec<String> = further.chain(near.iter().cloned()).filter(|text| takes(text)).collect();
        assert!(texts.len() > 10, "{name}: {texts:?}");
        let refused: Vec<&String> = texts.iter().filter(|text| !schema.is_valid(&json!(text))).collect();
        assert!(refused.is_empty(), "{name}: {refused:?}");
    }
}
