//! The JSON Schema of a repo's profiles, for editors: the keys of a profile with the options of all components and stores.
//!
//! In: what each type of a profile says of itself (`decode::schema`), and the catalog of the repo. Out: one document of
//! draft 7. Every profile that it refuses, `render` refuses; what only `render` can see stands in [`ONLY_RENDER`].
//!
//! Not here: writing the file (`cli`), and checking a profile by it: `render` reads profiles by their types.

mod only_render;

use serde_json::{Map, Value, json};

use crate::catalog::component::{Component, Options, VersionRow};
use crate::catalog::{Catalog, Folder};
use crate::decode::Decode;
use crate::decode::schema::{Definitions, Fields, described, words};
use crate::plan::{options, versions};
use crate::problem::{Place, Problem, Problems};
use crate::profile::secrets::Store;
use crate::profile::vsphere::Credentials;
use crate::profile::{Document, workloads};
use crate::texts::ChartVersion;

pub use only_render::ONLY_RENDER;

/// Where a repo keeps the schema of its profiles.
pub const FILE: &str = ".fluxwright/profile.schema.json";

/// What makes a file known as one that fluxwright wrote.
const WRITTEN_BY: &str = "Written by `fluxwright schema --write`; do not edit";

/// Whether a text is a schema that fluxwright wrote, whichever version of it, with or without conflict markers.
pub fn is_ours(text: &str) -> bool {
    text.contains(&format!("\"$comment\": {}", json!(WRITTEN_BY)))
}

/// The schema of a repo's profiles as its file holds it.
///
/// # Errors
/// What is wrong with components of the catalog, all of it.
pub fn text(catalog: &Catalog) -> Result<String, Vec<Problem>> {
    document(catalog).map(|document| format!("{document:#}\n"))
}

/// The schema of a repo's profiles.
///
/// # Errors
/// What is wrong with components of the catalog, all of it.
pub fn document(catalog: &Catalog) -> Result<Value, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut definitions = Definitions::default();
    let mut profile = Document::schema(&mut definitions);
    let components = components(catalog, &mut definitions, &mut problems);
    profile["properties"]["components"]["properties"] = Value::Object(components);
    profile["properties"]["components"]["additionalProperties"] = json!(false);
    let store = store(catalog, &mut definitions, &mut problems);
    definitions.0.insert(Store::NAME.to_owned(), store);
    let mut document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#", "$comment": WRITTEN_BY, "title": "ClusterProfile of fluxwright",
    });
    if let (Some(document), Value::Object(profile)) = (document.as_object_mut(), profile) {
        document.extend(profile);
        document.insert("definitions".to_owned(), Value::Object(definitions.0));
    }
    problems.finish(Some(document)).map(|(document, _)| document)
}

/// A schema for each component that there is.
fn components(catalog: &Catalog, definitions: &mut Definitions, problems: &mut Problems) -> Map<String, Value> {
    let mut components = Map::new();
    for name in catalog.component_names() {
        let Some(folder) = problems.keep(catalog.component(&name, &Place::file(""))) else { continue };
        problems.extend(broken_options(&name, &folder));
        components.insert(name.clone(), component(&name, &folder.spec, definitions));
    }
    components
}

/// Options that are no schema would break the whole document. Ours are tested.
fn broken_options(name: &str, folder: &Folder<Component>) -> Option<Problem> {
    let own = folder.spec.options.as_ref().filter(|_| folder.own)?;
    let problem = options::broken(&format!("the component `{name}`"), own)?;
    Some(problem.at(Place::new(&folder.source, own.span.clone())))
}

fn component(name: &str, spec: &Component, definitions: &mut Definitions) -> Value {
    let mut fields = workloads::Component::fields(definitions);
    if spec.versions.is_empty() {
        fields.properties["version"] = nothing("The component has no version; each image that it runs is an option.");
    } else {
        fields.required.push("version".to_owned());
        fields.properties["version"] = version(&spec.versions, definitions);
    }
    if spec.units.iter().any(|unit| unit.git.is_some()) {
        fields.properties["namespace"] = nothing("The component's manifests say their namespace themselves.");
    }
    add_options(&mut fields, spec.options.as_ref(), &format!("/properties/components/properties/{name}"), definitions);
    let retired = spec.retired.as_ref().map(|retired| format!(" Retired as of {}: {}.", retired.date, retired.because));
    let mut schema = fields.object(&format!("{}{}", spec.about, retired.unwrap_or_default()), true);
    schema["title"] = json!(spec.title);
    schema
}

/// A key that every component has, and that this one has no use for.
fn nothing(why: &str) -> Value {
    json!({ "description": why, "type": "null" })
}

/// A version, with what is known of each range.
fn version(rows: &[VersionRow], definitions: &mut Definitions) -> Value {
    let line = |row: &VersionRow| {
        let need = |(name, range): &(_, crate::catalog::ranges::Range)| format!(", needs {name} {}", range.as_str());
        match &row.refused {
            Some(why) => format!("`{}`: cannot be used: {why}", row.matches.as_str()),
            None => format!(
                "`{}`: newest {}{}",
                row.matches.as_str(),
                row.newest,
                row.needs.0.iter().map(need).collect::<String>()
            ),
        }
    };
    let known: Vec<String> = rows.iter().map(line).collect();
    let mut schema = ChartVersion::schema(definitions);
    schema["description"] = json!(format!("Its version, as its source writes it.\n\n{}", known.join("\n")));
    if let Some(row) = versions::newest(rows) {
        schema["examples"] = json!([row.newest]);
    }
    schema
}

/// A store by its provider: the keys that every store has, and those that only its provider knows.
fn store(catalog: &Catalog, definitions: &mut Definitions, problems: &mut Problems) -> Value {
    let mut schema = Store::schema(definitions);
    let (mut kinds, mut rules) = (Vec::new(), Vec::new());
    for name in catalog.provider_names() {
        let Some(folder) = problems.keep(catalog.provider(&name, &Place::file(""))) else { continue };
        let root = format!("/definitions/{}/allOf/{}/then", Store::NAME, rules.len());
        let properties = Store::KEYS.iter().map(|key| ((*key).to_owned(), json!(true))).collect();
        let mut fields = Fields { properties, required: Vec::new() };
        add_options(&mut fields, folder.spec.options.as_ref(), &root, definitions);
        rules.push(json!({
            "if": { "properties": { "provider": { "const": name } }, "required": ["provider"] },
            "then": fields.object(&folder.spec.about, true),
        }));
        kinds.push((name, folder.spec.about.clone()));
    }
    let kinds: Vec<(&str, &str)> = kinds.iter().map(|(name, about)| (name.as_str(), about.as_str())).collect();
    let provider = &mut schema["properties"]["provider"];
    let doc = provider["description"].as_str().and_then(|text| text.split("\n\n").next()).unwrap_or_default();
    *provider = described(words(&kinds), doc);
    schema["allOf"] = json!(rules);
    schema
}

/// Adds options, as far as no key of every component or store has their name. References in them are to what is at `root`.
fn add_options(fields: &mut Fields, options: Option<&Options>, root: &str, definitions: &mut Definitions) {
    let Some(options) = options else { return };
    for (name, schema) in options.properties.as_object().into_iter().flatten() {
        if fields.properties.contains_key(name) {
            continue;
        }
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let schema = if options.is_credentials(name) {
            described(Credentials::schema(definitions), about)
        } else {
            in_the_document(schema, root)
        };
        fields.properties.insert(name.clone(), schema);
    }
    fields.required.extend(options.required.iter().cloned());
}

/// An option's schema as a part of the document: references lead there, and formats that only we know are expressions.
fn in_the_document(schema: &Value, root: &str) -> Value {
    let rules = match schema {
        Value::Object(rules) => rules,
        Value::Array(items) => return items.iter().map(|item| in_the_document(item, root)).collect(),
        other => return other.clone(),
    };
    let mut here = Map::new();
    for (rule, value) in rules {
        let format = value.as_str().and_then(options::format);
        match (rule.as_str(), value) {
            ("$ref", Value::String(to)) if to.starts_with('#') => {
                here.insert(rule.clone(), json!(format!("#{root}{}", &to[1..])));
            }
            ("format", _) if format.is_some() => {
                let pattern = format.and_then(|format| format.pattern);
                here.extend(
                    pattern.filter(|_| !rules.contains_key("pattern")).map(|p| ("pattern".to_owned(), json!(p))),
                );
            }
            // What stands here is data, whatever its keys are called.
            ("default" | "const" | "enum" | "examples", _) => {
                here.insert(rule.clone(), value.clone());
            }
            _ => {
                here.insert(rule.clone(), in_the_document(value, root));
            }
        }
    }
    Value::Object(here)
}
