//! How a profile's nodes become typed values: every mistake of a file is found, not the first only.
//!
//! A section is declared once with [`section!`]; its keys, their types and their order are read from that declaration,
//! by the reader here and by the schema of profiles ([`schema`]). A value that cannot be read is reported and left out, and its
//! section with it, so nothing downstream sees half a value.

mod macros;
pub mod schema;

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::problem::{Code, Place, Problem, Problems, Source, nearest};
use crate::yaml::{self, Key, Kind, Meaning, Node};
pub(crate) use macros::{choice, key, section, text};
use schema::Definitions;

/// A value and the bytes of the profile that said it.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// The bytes in the profile.
    pub span: Range<usize>,
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for At<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Serialize> Serialize for At<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// A file being read, and what was found in it so far.
pub struct Reading<'a> {
    /// The file.
    pub source: &'a Arc<Source>,
    /// What was found.
    pub problems: &'a mut Problems,
    /// The key that is being read, for what is missing behind it.
    pub owner: Range<usize>,
}

/// A value that a profile can hold.
pub trait Decode: Sized {
    /// What a hint shows in the value's place.
    const EXAMPLE: &'static str = "…";

    /// Reads the value, or reports why not.
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self>;

    /// What [`Decode::decode`] takes, as a JSON Schema that refuses nothing else than it does.
    fn schema(definitions: &mut Definitions) -> Value;

    /// The same for an item of a list.
    fn item_schema(definitions: &mut Definitions) -> Value {
        Self::schema(definitions)
    }

    /// The value when its key is not there; nothing where the key must be.
    fn absent() -> Option<Self> {
        None
    }
}

impl<'a> Reading<'a> {
    /// Begins to read a file.
    pub fn new(source: &'a Arc<Source>, problems: &'a mut Problems) -> Reading<'a> {
        Reading { source, problems, owner: 0..0 }
    }

    /// Reads something that stands behind a key or in a list.
    fn behind<T>(&mut self, owner: &Range<usize>, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.owner, owner.clone());
        let done = read(self);
        self.owner = outer;
        done
    }

    /// The place of some bytes.
    pub fn place(&self, span: Range<usize>) -> Place {
        Place::new(self.source, span)
    }

    /// Adds an error with a hint.
    pub fn report(&mut self, code: Code, span: Range<usize>, says: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::new(code, says).at(self.place(span)).hint(hint);
        self.problems.push(problem);
    }

    /// Adds the error that a node is of another type than `wanted`.
    pub fn wrong_type(&mut self, node: &Node, wanted: &str, example: &str) {
        let says = format!("{wanted} is meant here, not {}", node.described());
        self.report(Code::WRONG_TYPE, node.span.clone(), says, format!("write it like `{example}`"));
    }

    /// The entries of a mapping; anything else is reported, nothing at all is an empty mapping.
    pub fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [(Key, Node)]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            _ if node.meaning() == Some(Meaning::Null) => Some(&[]),
            _ => {
                self.wrong_type(node, "a mapping", "key: value");
                None
            }
        }
    }

    /// Reports the keys of a mapping that are none of `known`.
    pub fn only(&mut self, entries: &[(Key, Node)], known: &[&str]) {
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let hint = match nearest(&key.text, known.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("the keys here are: {}", known.join(", ")),
                };
                self.report(Code::UNKNOWN_KEY, key.span.clone(), format!("there is no key `{}` here", key.text), hint);
            }
        }
    }

    /// The value of a key of a mapping.
    pub fn field<T: Decode>(&mut self, section: &Node, key: &'static str) -> Option<T> {
        match section.entry(key) {
            Some((key, node)) => self.behind(&key.span, |reading| T::decode(node, reading)),
            None => T::absent().or_else(|| self.missing(key, section, T::EXAMPLE)),
        }
    }

    /// Reports that a key is missing.
    fn missing<T>(&mut self, key: &str, section: &Node, example: &str) -> Option<T> {
        let code = if key == "version" { Code::MISSING_VERSION } else { Code::MISSING_KEY };
        let hint = match example {
            "…" => format!("add `{key}:` with what belongs to it"),
            example => format!("add the line `{key}: {example}`"),
        };
        let place = if self.owner.is_empty() { section.span.clone() } else { self.owner.clone() };
        self.report(code, place, format!("`{key}` is missing here"), hint);
        None
    }

    /// A scalar that is a text to every reader.
    pub fn text<'n>(&mut self, node: &'n Node, example: &str) -> Option<&'n str> {
        match (node.text(), node.meaning()) {
            (Some(text), Some(Meaning::Text)) => Some(text),
            (Some(text), Some(meaning)) if meaning != Meaning::Null => {
                let what = match meaning {
                    Meaning::Disputed(_) => "no text to every reader",
                    Meaning::Bool(_) => "a truth value",
                    _ => "a number",
                };
                self.problems.push(
                    Problem::new(
                        Code::READ_AS_NUMBER,
                        format!("`{text}` without quotes is {what}, and a text is meant here"),
                    )
                    .at(self.place(node.span.clone()))
                    .hint(format!("write {}", yaml::quoted(text))),
                );
                None
            }
            _ => {
                self.wrong_type(node, "a text", example);
                None
            }
        }
    }
}

impl<T: Decode> Decode for At<T> {
    const EXAMPLE: &'static str = T::EXAMPLE;
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        T::decode(node, reading).map(|value| At { value, span: node.span.clone() })
    }
    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }
    fn item_schema(definitions: &mut Definitions) -> Value {
        T::item_schema(definitions)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        if node.meaning() == Some(Meaning::Null) {
            return Some(None);
        }
        T::decode(node, reading).map(Some)
    }
    fn schema(definitions: &mut Definitions) -> Value {
        schema::nullable(T::schema(definitions))
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        match &node.kind {
            Kind::List(items) => {
                let one = |item: &Node| reading.behind(&item.span, |reading| T::decode(item, reading));
                let read: Vec<_> = items.iter().map(one).collect();
                read.into_iter().collect()
            }
            _ if node.meaning() == Some(Meaning::Null) => Some(Vec::new()),
            _ => {
                reading.wrong_type(node, "a list", "- item");
                None
            }
        }
    }
    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": ["array", "null"], "items": T::item_schema(definitions) })
    }
    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl Decode for bool {
    const EXAMPLE: &'static str = "true";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        if let Some(Meaning::Bool(truth)) = node.meaning() {
            Some(truth)
        } else {
            reading.wrong_type(node, "`true` or `false`", "true");
            None
        }
    }
    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "boolean" })
    }
}

/// A number that is whole, not negative, and within the type's bounds.
fn whole_number<T: TryFrom<u64>>(node: &Node) -> Option<T> {
    match node.meaning() {
        Some(Meaning::Number(number)) => number.as_u64().and_then(|number| T::try_from(number).ok()),
        _ => None,
    }
}

impl Decode for u32 {
    const EXAMPLE: &'static str = "3";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        let number = whole_number(node);
        if number.is_none() {
            reading.wrong_type(node, "a whole number that is not negative", "3");
        }
        number
    }
    fn schema(_: &mut Definitions) -> Value {
        schema::whole_number(0, u32::MAX)
    }
}

impl Decode for String {
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        reading.text(node, "a text").map(str::to_owned)
    }
    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string" })
    }
}

/// A number that counts something that must be there: at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Count(pub u32);

impl Decode for Count {
    const EXAMPLE: &'static str = "3";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        let number = u32::decode(node, reading)?;
        if number == 0 {
            reading.report(Code::WRONG_TYPE, node.span.clone(), "at least 1 is meant here", "write it like `3`");
            return None;
        }
        Some(Count(number))
    }
    fn schema(_: &mut Definitions) -> Value {
        schema::whole_number(1, u32::MAX)
    }
}

/// A TCP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Port(pub u16);

impl Decode for Port {
    const EXAMPLE: &'static str = "443";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        let port = whole_number(node).filter(|number| *number != 0).map(Port);
        if port.is_none() {
            reading.wrong_type(node, "a port from 1 to 65535", "443");
        }
        port
    }
    fn schema(_: &mut Definitions) -> Value {
        schema::whole_number(1, u16::MAX.into())
    }
}

/// A mapping of the user's own, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Mapping(pub Value);

impl Decode for Mapping {
    const EXAMPLE: &'static str = "{ key: value }";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        reading.entries(node)?;
        match node.value(reading.source, reading.problems) {
            Value::Null => Some(Mapping(Value::Object(serde_json::Map::new()))),
            value => Some(Mapping(value)),
        }
    }
    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": ["object", "null"] })
    }
}

/// A value that may be `null`, which is not the same as one that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Said(pub Option<Value>);

impl Decode for Said {
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        Some(Said(Some(node.value(reading.source, reading.problems))))
    }
    fn schema(definitions: &mut Definitions) -> Value {
        Value::schema(definitions)
    }
    fn absent() -> Option<Self> {
        Some(Said(None))
    }
}

/// Any YAML, as JSON.
impl Decode for Value {
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        Some(node.value(reading.source, reading.problems))
    }
    fn schema(_: &mut Definitions) -> Value {
        json!({})
    }
}

/// A part of the profile that is read later, when it is known who it is for: a component's options.
impl Decode for Node {
    fn decode(node: &Node, _: &mut Reading<'_>) -> Option<Self> {
        Some(node.clone())
    }
    fn schema(definitions: &mut Definitions) -> Value {
        Value::schema(definitions)
    }
}

/// A mapping whose keys are the user's.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<K, T>(pub Vec<(At<K>, T)>);

impl<K, T> Default for Named<K, T> {
    fn default() -> Self {
        Named(Vec::new())
    }
}

impl<K: Decode, T: Decode> Decode for Named<K, T> {
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        let entries = reading.entries(node)?;
        let mut read = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let text = Node { span: key.span.clone(), kind: Kind::Scalar { text: key.text.clone(), plain: false } };
            let key = At::<K>::decode(&text, reading);
            let value = reading.behind(&text.span, |reading| T::decode(value, reading));
            read.push(key.zip(value));
        }
        read.into_iter().collect::<Option<Vec<_>>>().map(Named)
    }
    fn schema(definitions: &mut Definitions) -> Value {
        schema::named::<K, T>(definitions)
    }
    fn absent() -> Option<Self> {
        Some(Named(Vec::new()))
    }
}

/// A mapping without some of its keys: what is left is read by whoever knows it.
pub fn without(node: &Node, keys: &[&str]) -> Node {
    let left = |entry: &&(Key, Node)| !keys.contains(&entry.0.text.as_str());
    let entries = match &node.kind {
        Kind::Map(entries) => entries.iter().filter(left).cloned().collect(),
        _ => Vec::new(),
    };
    Node { span: node.span.clone(), kind: Kind::Map(entries) }
}
