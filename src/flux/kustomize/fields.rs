//! The fields that kustomize changes: how a path is followed through an object, and which path stands for what.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::resource::{Gvk, rows, scalar_text};

/// A field of some kinds.
#[derive(Debug, Clone)]
pub struct Field {
    /// The kinds that have it.
    pub of: Gvk,
    /// Its path; `[]` behind a name says that it is a list.
    pub path: Vec<String>,
    /// Whether it is made where it is missing.
    pub create: bool,
}

impl Field {
    /// Of a path with `/`; `\/` is a slash in a name (kubernetes-sigs/kustomize kyaml/utils/pathsplitter.go).
    pub fn new(of: Gvk, path: &str, create: bool) -> Field {
        let mut parts: Vec<String> = Vec::new();
        let path = path.strip_prefix('/').unwrap_or(path);
        for part in path.split('/') {
            match parts.last_mut() {
                Some(last) if last.ends_with('\\') => {
                    last.pop();
                    *last = format!("{last}/{part}");
                }
                _ => parts.push(part.to_owned()),
            }
        }
        Field { of, path: parts, create }
    }

    /// Whether it is the field of another one: kustomize takes the two for the same.
    pub fn covers(&self, other: &Field) -> bool {
        self.of.is_selected(&other.of) && self.path == other.path
    }
}

/// What `fields.txt` has under a name.
pub fn fields_of(what: &str) -> &'static [Field] {
    static FIELDS: OnceLock<BTreeMap<String, Vec<Field>>> = OnceLock::new();
    let read = || {
        let mut all: BTreeMap<String, Vec<Field>> = BTreeMap::new();
        for row in rows(include_str!("fields.txt")) {
            let columns: Vec<&str> = row.split(' ').collect();
            if let [what, .., create, path] = columns[..] {
                let field = Field::new(Gvk::of_columns(&columns[1..4]), path, create == "create");
                all.entry(what.to_owned()).or_default().push(field);
            }
        }
        all
    };
    FIELDS.get_or_init(read).get(what).map_or(&[], Vec::as_slice)
}

/// What is made where a field is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Nothing, whatever the field says.
    Nothing,
    /// A mapping.
    Map,
    /// A scalar.
    Scalar,
}

/// What is done to the value that a path leads to.
pub type Set<'a> = dyn FnMut(&mut Value) -> Result<(), String> + 'a;

/// Sets a field of an object, if the object is of its kinds, as often as lists on the way have items.
///
/// # Errors
/// What stands in the way.
pub fn set(object: &mut Value, field: &Field, made: Made, set: &mut Set<'_>) -> Result<(), String> {
    if !field.of.selects(object) {
        return Ok(());
    }
    let made = if field.create { made } else { Made::Nothing };
    follow(object, &field.path, made, set).map_err(|says| format!("field {}: {says}", field.path.join("/")))
}

fn follow(value: &mut Value, path: &[String], made: Made, set: &mut Set<'_>) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else { return set(value) };
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| follow(item, path, made, set)),
        Value::Object(map) => {
            let (name, is_list) = name.strip_suffix("[]").map_or((name.as_str(), false), |name| (name, true));
            let made_here = if is_list { Made::Nothing } else { made };
            if made_here != Made::Nothing && map.get(name).is_none_or(Value::is_null) {
                let empty = if rest.is_empty() && made == Made::Scalar {
                    Value::String(String::new())
                } else {
                    Value::Object(Map::new())
                };
                map.insert(name.to_owned(), empty);
            }
            match map.get_mut(name) {
                Some(Value::Null) | None => Ok(()),
                Some(next) => follow(next, rest, made, set),
            }
        }
        _ => Err("a mapping or a list is expected on the way to it".to_owned()),
    }
}

/// Sets a scalar.
///
/// # Errors
/// What is there is none.
pub fn set_scalar(value: &mut Value, new: Value) -> Result<(), String> {
    if value.is_object() || value.is_array() {
        return Err("a mapping or a list stands where one value is expected".to_owned());
    }
    *value = new;
    Ok(())
}

/// Sets a key of a mapping.
///
/// # Errors
/// What is there is none.
pub fn set_key(value: &mut Value, key: &str, new: Value) -> Result<(), String> {
    let map = value.as_object_mut().ok_or("a mapping is expected")?;
    map.insert(key.to_owned(), new);
    Ok(())
}

/// A text that is made of the one that is there.
pub fn rename(value: &mut Value, new: impl Fn(&str) -> String) -> Result<(), String> {
    let text = new(&scalar_text(value));
    set_scalar(value, Value::String(text))
}
