//! What to type to have something of the catalog: lines of a profile, in the style of profiles.

use serde_json::{Map, Value, json};

use super::options::required;
use crate::catalog::component::{Component, Renovate, StoreProvider};
use crate::plan::versions::newest;
use crate::yaml::{self, Meaning};

/// The store's name in its lines.
pub const STORE: &str = "my-store";

/// The lines that have a component: its newest version, as Renovate finds it, and the options that must be there.
pub fn component(spec: &Component) -> String {
    let mut below = Vec::new();
    if let Some(row) = newest(&spec.versions) {
        below.extend(spec.renovate.as_ref().map(comment));
        below.push(format!("version: {}", row.newest));
    }
    let options = required(spec.options.as_ref());
    if !options.is_empty() {
        below.extend(block(&Value::Object(options)));
    }
    let name = if below.is_empty() { format!("{}: {{}}", spec.name) } else { format!("{}:", spec.name) };
    let lines = std::iter::once(name).chain(indented(below));
    std::iter::once("components:".to_owned()).chain(indented(lines)).map(|line| line + "\n").collect()
}

/// The lines that have a store.
pub fn store(spec: &StoreProvider) -> String {
    let mut keys = Map::new();
    keys.insert("name".to_owned(), json!(STORE));
    keys.insert("provider".to_owned(), json!(spec.name));
    keys.extend(required(spec.options.as_ref()));
    let lines = block(&json!({ "secrets": { "stores": [keys] } }));
    lines.into_iter().map(|line| line + "\n").collect()
}

/// How Renovate finds new versions; the order is that of the expression in a repo's renovate.json.
fn comment(renovate: &Renovate) -> String {
    let more = [("extractVersion", &renovate.extract_version), ("registryUrl", &renovate.registry_url)];
    let more = more.into_iter().filter_map(|(key, value)| Some(format!(" {key}={}", value.as_ref()?)));
    format!("# renovate: datasource={} depName={}{}", renovate.datasource, renovate.dep_name, more.collect::<String>())
}

fn indented(lines: impl IntoIterator<Item = String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("  {line}"))
}

/// A value as people write it in a profile: block style, lists indented.
fn block(value: &Value) -> Vec<String> {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            entries.iter().flat_map(|(key, value)| entry(key, value)).collect()
        }
        Value::Array(items) if !items.is_empty() => items.iter().flat_map(item).collect(),
        Value::String(text) => vec![scalar(text)],
        other => vec![other.to_string()],
    }
}

fn entry(key: &str, value: &Value) -> Vec<String> {
    let nested =
        value.as_object().is_some_and(|map| !map.is_empty()) || value.as_array().is_some_and(|list| !list.is_empty());
    let (key, lines) = (scalar(key), block(value));
    if nested {
        std::iter::once(format!("{key}:")).chain(indented(lines)).collect()
    } else {
        vec![format!("{key}: {}", lines.join(" "))]
    }
}

fn item(value: &Value) -> Vec<String> {
    let marked = |(index, line): (usize, String)| format!("{} {line}", if index == 0 { '-' } else { ' ' });
    block(value).into_iter().enumerate().map(marked).collect()
}

/// A text, quoted where a reader could take it for something else.
fn scalar(text: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=…".contains(c);
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || "/…".contains(c));
    let plain = text.chars().all(inner) && edge(text.chars().next()) && edge(text.chars().last());
    if plain && yaml::plain_meaning(text) == Meaning::Text { text.to_owned() } else { yaml::quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_profiles_are_and_reads_as_itself() {
        let value = json!({
            "version": "3.8.0", "minor": "1.34", "no": "no", "on": true, "url": "https://example.com/a:b", "port": 80,
            "empty": [], "list": ["a b", { "name": "x", "keys": ["k"] }], "map": { "a": "#" },
        });
        let expected = "\
version: 3.8.0
minor: \"1.34\"
\"no\": \"no\"
\"on\": true
url: https://example.com/a:b
port: 80
empty: []
list:
  - \"a b\"
  - name: x
    keys:
      - k
map:
  a: \"#\"";
        let text = block(&value).join("\n");
        assert_eq!(text, expected);
        assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), value);
    }
}
