//! Whether a kustomization has the keys and types that kustomize takes.
//!
//! In: the node of a file. Out: the value with the names of its keys as they are documented, and every mistake with its line.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::Mistake;
use super::limits::MAX_MISTAKES;
use super::resource::rows;
use crate::problem::Source;
use crate::yaml::go::as_kubectl_reads;
use crate::yaml::{Kind, Node};

/// The types, by the path of the key.
fn types() -> &'static BTreeMap<&'static str, &'static str> {
    static TYPES: OnceLock<BTreeMap<&'static str, &'static str>> = OnceLock::new();
    TYPES.get_or_init(|| rows(include_str!("shape.txt")).filter_map(|row| row.split_once(' ')).collect())
}

/// Reads a kustomization; a part that is wrong is left out.
pub struct Shape<'a> {
    source: &'a Arc<Source>,
    /// What is wrong.
    pub mistakes: Vec<Mistake>,
}

impl<'a> Shape<'a> {
    /// Of a file.
    pub fn new(source: &'a Arc<Source>) -> Shape<'a> {
        Shape { source, mistakes: Vec::new() }
    }

    /// A mapping, whose keys are those below a path.
    pub fn object(&mut self, node: &Node, path: &str) -> Map<String, Value> {
        let mut map = Map::new();
        let Kind::Map(entries) = &node.kind else {
            self.wrong(node, path, "a mapping");
            return map;
        };
        for (key, value) in entries {
            let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
            let wanted = format!("{prefix}{}", key.text);
            // Go's JSON takes a key in any case.
            let known = types().iter().find(|(known, _)| known.eq_ignore_ascii_case(&wanted));
            let Some((known, of)) = known else {
                self.mistake(key.span.start, &format!("a kustomization has no key `{wanted}`"));
                continue;
            };
            if let Some(value) = self.value(value, known, of) {
                map.insert(known.get(prefix.len()..).unwrap_or(known).to_owned(), value);
            }
        }
        map
    }

    fn value(&mut self, node: &Node, path: &str, of: &str) -> Option<Value> {
        let value = as_kubectl_reads(node);
        let fits = match of {
            _ if value.is_null() => true,
            "text" => value.is_string(),
            "truth" => value.is_boolean(),
            "number" => value.is_i64(),
            "any" => true,
            "object" => return Some(Value::Object(self.object(node, path))),
            "texts" | "list" => return self.items(node, path, of),
            _ => return self.map(node, path),
        };
        if fits {
            return Some(value);
        }
        let wanted = match of {
            "truth" => "`true` or `false`",
            "number" => "a whole number",
            _ => "a text; a number, a truth value or a date needs quotes to be one",
        };
        self.wrong(node, path, wanted);
        None
    }

    fn items(&mut self, node: &Node, path: &str, of: &str) -> Option<Value> {
        let Kind::List(items) = &node.kind else {
            self.wrong(node, path, "a list");
            return None;
        };
        let below = format!("{path}[]");
        let item = |item: &Node| match of {
            "texts" => self.value(item, &below, "text"),
            _ => Some(Value::Object(self.object(item, &below))),
        };
        Some(items.iter().filter_map(item).collect())
    }

    fn map(&mut self, node: &Node, path: &str) -> Option<Value> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong(node, path, "a mapping");
            return None;
        };
        let entry = |(key, value): &(crate::yaml::Key, Node)| {
            let below = format!("{path}.{}", key.text);
            let value = self.value(value, &below, "text")?;
            Some((key.text.clone(), if value.is_null() { Value::from("") } else { value }))
        };
        Some(Value::Object(entries.iter().filter_map(entry).collect()))
    }

    fn wrong(&mut self, node: &Node, path: &str, wanted: &str) {
        let path = if path.is_empty() { "a kustomization" } else { path };
        self.mistake(node.span.start, &format!("{path} has to be {wanted}"));
    }

    fn mistake(&mut self, at: usize, says: &str) {
        if self.mistakes.len() >= MAX_MISTAKES {
            return;
        }
        let line = self.source.line_column(at).0;
        self.mistakes.push(Mistake::new(&self.source.name, line, says));
    }
}
