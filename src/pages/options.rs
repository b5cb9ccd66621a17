//! What an option takes, in words, and a value to begin with: from its JSON Schema.

use serde_json::{Map, Value, json};

use super::layout::listed;
use crate::catalog::component::Options;
use crate::decode::schema::Fields;
use crate::plan::options::format;

/// A line for each option and each key below it: its name, what it takes, what it is for.
pub fn lines(options: &Options) -> Vec<String> {
    let line = |(name, schema): (&String, &Value)| {
        let must = options.required.contains(name);
        if options.is_credentials(name) {
            vec![line(name, &credentials(options), must, schema)]
        } else {
            described(name, must, schema)
        }
    };
    options.properties.as_object().into_iter().flatten().flat_map(line).collect()
}

/// What the option takes that says where vSphere credentials are kept, by the forms that its schema names.
fn credentials(options: &Options) -> String {
    let forms =
        [("ask", "`ask`"), ("keys", "`key`, `username` and `password` in a store"), ("file", "`file` in a store")];
    let taken = forms.into_iter().filter(|(form, _)| options.takes_credentials(form));
    taken.map(|(_, words)| words).collect::<Vec<_>>().join(", or ")
}

fn line(name: &str, takes: &str, must: bool, schema: &Value) -> String {
    let about = about(schema);
    let colon = if about.is_empty() { "" } else { ": " };
    format!("`{name}` ({takes}; {}){colon}{about}", unless_said(schema, must))
}

/// What is at a place below an option, and what is below that.
fn described(name: &str, must: bool, schema: &Value) -> Vec<String> {
    let mut lines = vec![line(name, &takes(schema, about(schema)), must, schema)];
    let (below, of) = match schema.get("items") {
        Some(items) => (format!("{name}[]"), items),
        None => (name.to_owned(), schema),
    };
    let required = |key: &String| of["required"].as_array().is_some_and(|required| required.contains(&json!(key)));
    for (key, schema) in of.get("properties").and_then(Value::as_object).into_iter().flatten() {
        lines.extend(described(&format!("{below}.{key}"), required(key), schema));
    }
    lines
}

fn about(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// A line for each key that every folder of a kind takes, but for some.
pub fn common_lines(fields: &Fields, but: &[&str]) -> Vec<String> {
    let keys = fields.properties.iter().filter(|(name, _)| !but.contains(&name.as_str()));
    let line = |(name, schema): (&String, &Value)| {
        format!("`{name}`: {}", about(schema).split("\n\n").next().unwrap_or_default())
    };
    keys.map(line).collect()
}

/// The options that must be there, each with a value to begin with.
pub fn required(options: Option<&Options>) -> Map<String, Value> {
    options.map(|options| to_begin_with(&options.schema())).unwrap_or_default()
}

/// The keys that a mapping must have, each with a value to begin with.
fn to_begin_with(schema: &Value) -> Map<String, Value> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let value = |name: &str| schema["properties"].get(name).map_or(json!("…"), example);
    required.map(|name| (name.to_owned(), value(name))).collect()
}

/// The options that have defaults, with those.
pub fn defaults(options: &Options) -> Map<String, Value> {
    let properties = options.properties.as_object().into_iter().flatten();
    properties.filter_map(|(name, schema)| Some((name.clone(), schema.get("default")?.clone()))).collect()
}

/// What holds where the option is missing.
fn unless_said(schema: &Value, must: bool) -> String {
    match schema.get("default") {
        _ if must => "required".to_owned(),
        None | Some(Value::Null) => "may be left out".to_owned(),
        Some(default) => format!("default `{}`", shown(default)),
    }
}

/// What a schema takes, with an example unless what is said about it has that.
fn takes(schema: &Value, about: &str) -> String {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> =
            words.iter().filter(|word| !word.is_null()).map(|word| format!("`{}`", shown(word))).collect();
        return listed(&words, "or");
    }
    let words: Vec<String> = kinds(schema).into_iter().map(|kind| of_kind(kind, schema, about)).collect();
    let words = if words.is_empty() { "any value".to_owned() } else { listed(&words, "or") };
    let such_as = schema.pointer("/examples/0").map(shown).or_else(|| Some(of_format(schema)?.to_owned()));
    match such_as.filter(|example| !about.contains(example.as_str())) {
        Some(example) => format!("{words} such as `{example}`"),
        None => words,
    }
}

/// The types of a schema, but for nothing at all.
fn kinds(schema: &Value) -> Vec<&str> {
    let kinds = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(kind)) => vec![kind.as_str()],
        _ => Vec::new(),
    };
    kinds.into_iter().filter(|kind| *kind != "null").collect()
}

fn of_kind(kind: &str, schema: &Value, about: &str) -> String {
    let limit = |rule: &str| schema.get(rule).map(Value::to_string);
    match kind {
        "string" => "a text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "object" => "a mapping".to_owned(),
        "array" => {
            schema.get("items").map_or("a list".to_owned(), |items| format!("a list, each {}", takes(items, about)))
        }
        number => {
            let number = if number == "integer" { "a whole number" } else { "a number" };
            match (limit("minimum"), limit("maximum")) {
                (Some(least), Some(most)) => format!("{number} from {least} to {most}"),
                (Some(least), None) => format!("{number}, at least {least}"),
                (None, Some(most)) => format!("{number}, at most {most}"),
                (None, None) => number.to_owned(),
            }
        }
    }
}

/// How a text of a format of ours is written.
fn of_format(schema: &Value) -> Option<&'static str> {
    schema.get("format").and_then(Value::as_str).and_then(format).map(|format| format.example)
}

/// A value that the schema takes, to begin with; `…` where nothing says one.
fn example(schema: &Value) -> Value {
    let said = ["/examples/0", "/default", "/const", "/enum/0"].into_iter().find_map(|at| schema.pointer(at));
    if let Some(said) = said.filter(|said| !said.is_null()) {
        return said.clone();
    }
    match kinds(schema).first().copied() {
        Some("array") => json!([schema.get("items").map_or(json!("…"), example)]),
        Some("boolean") => json!(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("object") => Value::Object(to_begin_with(schema)),
        _ => json!(of_format(schema).unwrap_or("…")),
    }
}

/// A value in a line of text.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
