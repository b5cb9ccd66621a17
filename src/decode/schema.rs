//! What a type of a profile is read from, as JSON Schema of draft 7, the one that editors read best.
//!
//! In: the declarations that read a profile ([`Decode`]). Out: a schema for each, never stricter than its reader: what a
//! schema refuses, the reader refuses. It may be looser; the reader has the last word.
//!
//! Not here: which components and stores there are (`crate::schema`).

use serde_json::{Map, Value, json};

use super::Decode;

/// Schemas that stand once and are referred to: those of the items of lists, by the names of their types.
#[derive(Debug, Default)]
pub struct Definitions(pub Map<String, Value>);

impl Definitions {
    /// A reference to a type's schema, which is made when it is first asked for.
    pub fn shared(&mut self, name: &str, make: fn(&mut Definitions) -> Value) -> Value {
        if !self.0.contains_key(name) {
            // The place is taken first, so that a type that holds itself ends, and the order is that of the profile.
            self.0.insert(name.to_owned(), Value::Null);
            let schema = make(self);
            self.0.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/definitions/{name}") })
    }
}

/// The keys of a section.
#[derive(Debug, Default)]
pub struct Fields {
    /// A schema for each key.
    pub properties: Map<String, Value>,
    /// The keys that must be there.
    pub required: Vec<String>,
}

impl Fields {
    /// Adds a key that is read as a `T`; `doc` is the field's comment.
    pub fn add<T: Decode>(&mut self, key: &str, doc: &str, definitions: &mut Definitions) {
        if T::absent().is_none() {
            self.required.push(key.to_owned());
        }
        self.properties.insert(key.to_owned(), described(T::schema(definitions), doc));
    }

    /// As the schema of a mapping; with `closed` it has no other keys. Nothing at all is an empty mapping, so it will do
    /// where no key must be there.
    pub fn object(self, about: &str, closed: bool) -> Value {
        let kind = if self.required.is_empty() { json!(["object", "null"]) } else { json!("object") };
        let mut schema = json!({ "description": prose(about), "type": kind, "properties": self.properties });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        if closed {
            schema["additionalProperties"] = json!(false);
        }
        schema
    }
}

/// The schema of a text, with an expression and an example if there are such.
pub fn text(about: &str, pattern: Option<&str>, example: Option<&str>) -> Value {
    let mut schema = json!({ "description": prose(about), "type": "string" });
    if let Some(pattern) = pattern {
        schema["pattern"] = json!(pattern);
    }
    if let Some(example) = example {
        schema["examples"] = json!([example]);
    }
    schema
}

/// The schema of a few words, each with its comment.
pub fn words(words: &[(&str, &str)]) -> Value {
    let line = |(word, doc): &(&str, &str)| format!("`{word}`: {}", prose(doc));
    let values: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    json!({ "description": words.iter().map(line).collect::<Vec<_>>().join("\n"), "type": "string", "enum": values })
}

/// The schema of a whole number.
pub fn whole_number(least: u32, most: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// The schema of a mapping whose keys are the user's: names read as a `K`, values as a `T`.
pub fn named<K: Decode, T: Decode>(definitions: &mut Definitions) -> Value {
    let mut schema = json!({ "type": ["object", "null"], "additionalProperties": T::schema(definitions) });
    if let Some(pattern) = K::schema(definitions).get("pattern") {
        schema["propertyNames"] = json!({ "pattern": pattern });
    }
    schema
}

/// The same, or nothing.
pub fn nullable(mut schema: Value) -> Value {
    let nothing = json!("null");
    match schema.get_mut("type") {
        Some(Value::Array(kinds)) if kinds.contains(&nothing) => {}
        Some(Value::Array(kinds)) => kinds.push(nothing),
        Some(kind) => *kind = json!([kind.take(), nothing]),
        None => {}
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.push(json!({ "type": "null" }));
    }
    schema
}

/// What one or the other will do for, where both are of different types, so that the rules of one do not touch the other.
pub fn either(about: &str, one: Value, other: Value) -> Value {
    let mut both = json!({ "description": about, "type": [] });
    for schema in [one, other] {
        let Value::Object(rules) = schema else { continue };
        for (rule, value) in rules {
            match (rule.as_str(), value) {
                ("description", _) => {}
                ("type", Value::Array(kinds)) => kinds.into_iter().for_each(|kind| add_kind(&mut both, kind)),
                ("type", kind) => add_kind(&mut both, kind),
                (_, value) => both[rule] = value,
            }
        }
    }
    both
}

fn add_kind(schema: &mut Value, kind: Value) {
    if let Some(kinds) = schema["type"].as_array_mut()
        && !kinds.contains(&kind)
    {
        kinds.push(kind);
    }
}

/// The schema with what a field's comment says in front of what its type says of itself.
pub fn described(mut schema: Value, doc: &str) -> Value {
    let (doc, own) = (prose(doc), schema.get("description").and_then(Value::as_str).unwrap_or_default());
    let text = if own.is_empty() || own == doc { doc } else { format!("{doc}\n\n{own}") };
    let Some(rules) = schema.as_object_mut() else { return schema };
    rules.shift_remove("description");
    rules.shift_insert(0, "description".to_owned(), json!(text));
    schema
}

/// A comment as people read it: without the brackets of links.
fn prose(doc: &str) -> String {
    doc.trim().replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{At, Named, choice, section, text};

    choice! {
        /// A colour.
        pub enum Colour {
            /// Like the sky.
            Blue = "blue",
            /// Like [`Colour::Blue`], but not.
            Red = "red",
        }
    }

    text! {
        /// A short text.
        pub struct Short: BAD_NAME like "\"12\"" matching "^.{0,3}$" by |text| Ok(text.to_owned());
    }

    section! {
        /// A wheel.
        pub struct Wheel {
            /// How large.
            size: u32,
        }
    }

    section! {
        /// A car.
        pub struct Car {
            /// Its name,
            /// in short.
            name: At<Short>,
            /// What it looks like.
            colour: Option<Colour>,
            /// What it stands on.
            wheels: Vec<Wheel>,
            /// What people call it.
            nick_names as "nickNames": Named<Short, bool>,
        }
    }

    #[test]
    fn a_schema_says_what_its_declaration_says() {
        let mut definitions = Definitions::default();
        let expected = json!({
            "description": "A car.",
            "type": "object",
            "properties": {
                "name": { "description": "Its name, in short.\n\nA short text.", "type": "string", "pattern": "^.{0,3}$", "examples": ["12"] },
                "colour": {
                    "description": "What it looks like.\n\n`blue`: Like the sky.\n`red`: Like `Colour::Blue`, but not.",
                    "type": ["string", "null"], "enum": ["blue", "red", null],
                },
                "wheels": {
                    "description": "What it stands on.",
                    "type": ["array", "null"], "items": { "$ref": "#/definitions/Wheel" },
                },
                "nickNames": {
                    "description": "What people call it.", "type": ["object", "null"],
                    "additionalProperties": { "type": "boolean" }, "propertyNames": { "pattern": "^.{0,3}$" },
                },
            },
            "required": ["name"],
            "additionalProperties": false,
        });
        assert_eq!(Car::schema(&mut definitions), expected);
        let size = json!({ "description": "How large.", "type": "integer", "minimum": 0, "maximum": u32::MAX });
        assert_eq!(definitions.0["Wheel"]["properties"]["size"], size);
        assert_eq!(Short::parse("12").map(|text| text.as_str() == "12"), Ok(true));
    }

    #[test]
    fn either_of_two_types_keeps_the_rules_of_both() {
        let text = text("A text.", Some("^a"), Some("a"));
        let list = json!({ "type": ["array", "null"], "items": {} });
        let expected = json!({ "description": "Both.", "type": ["string", "array", "null"], "pattern": "^a", "examples": ["a"], "items": {} });
        assert_eq!(either("Both.", text, list), expected);
    }
}
