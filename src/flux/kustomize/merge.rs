//! The strategic merge of a patch into an object, as kustomize does it.
//!
//! A mapping is merged key by key and null takes a key away; a list is replaced, unless `merge_keys.txt` says that its items
//! are told apart by a key. `$patch` in a mapping or in a list says otherwise. This follows kustomize to the letter, where it
//! surprises, too: new items go in front, and an item that is replaced is not.
//!
//! Source: kubernetes-sigs/kustomize kyaml/yaml/merge2 and kyaml/yaml/walk at kyaml v0.21.1.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::limits;
use super::resource::{Gvk, rows, scalar_text};

const DIRECTIVE: &str = "$patch";

/// The table of merge keys.
#[derive(Default)]
struct Schema {
    kinds: BTreeMap<Gvk, &'static str>,
    fields: BTreeMap<(&'static str, &'static str), Place>,
}

/// What is known of the type at a place of an object.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// The type of a mapping, or of the items of a list.
    of: Option<&'static str>,
    /// The keys of a list that is merged.
    keys: Option<&'static str>,
}

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema = Schema::default();
        let said = |column: &'static str| Some(column).filter(|column| *column != "-");
        for row in rows(include_str!("merge_keys.txt")) {
            let columns: Vec<&'static str> = row.split(' ').collect();
            match columns[..] {
                ["kind", _, _, _, of] => drop(schema.kinds.insert(Gvk::of_columns(&columns[1..4]), of)),
                ["field", of, field, items, keys] => {
                    schema.fields.insert((of, field), Place { of: said(items), keys: said(keys) });
                }
                _ => {}
            }
        }
        schema
    })
}

/// The place below a mapping.
fn below(place: Place, key: &str) -> Place {
    place.of.and_then(|of| schema().fields.get(&(of, key))).copied().unwrap_or_default()
}

/// What became of a value.
#[derive(Debug)]
enum Outcome {
    /// It goes.
    Gone,
    /// It is the one that was there, changed.
    Kept(Value),
    /// It is the patch's.
    New(Value),
}

impl Outcome {
    fn value(self) -> Option<Value> {
        match self {
            Outcome::Gone => None,
            Outcome::Kept(value) | Outcome::New(value) => Some(value),
        }
    }
}

/// An object with a patch merged into it; nothing if the patch deletes it.
///
/// # Errors
/// What does not fit together.
pub fn merge(object: Value, patch: &Value) -> Result<Option<Value>, String> {
    walk(Some(object), Some(patch), Place::default()).map(Outcome::value)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Map,
    List,
    Scalar,
}

fn shape(value: &Value) -> Option<Shape> {
    match value {
        Value::Null => None,
        Value::Object(_) => Some(Shape::Map),
        Value::Array(_) => Some(Shape::List),
        _ => Some(Shape::Scalar),
    }
}

fn walk(dest: Option<Value>, patch: Option<&Value>, place: Place) -> Result<Outcome, String> {
    let place = if place.of.is_some() || place.keys.is_some() { place } else { own_place(dest.as_ref(), patch) };
    let shapes = [dest.as_ref(), patch].map(|value| value.and_then(shape));
    if let [Some(one), Some(other)] = shapes
        && one != other
    {
        return Err("the patch has another kind of value (mapping, list or scalar) than what it patches".to_owned());
    }
    match shapes[0].or(shapes[1]) {
        Some(Shape::Map) | None => walk_map(dest, patch, place),
        Some(Shape::List) => match place.keys {
            Some(keys) => walk_list(dest, patch, place, keys),
            None => Ok(replaced(dest, patch)),
        },
        Some(Shape::Scalar) => Ok(replaced(dest, patch)),
    }
}

/// The type of a whole object, wherever it stands.
fn own_place(dest: Option<&Value>, patch: Option<&Value>) -> Place {
    let object = |value: &Value| value.get("kind").is_some() && value.get("apiVersion").is_some();
    let mut of = [dest, patch].into_iter().flatten().filter(|value| object(value));
    let of = of.find_map(|value| schema().kinds.get(&Gvk::of(value)).copied());
    Place { of, keys: None }
}

fn replaced(dest: Option<Value>, patch: Option<&Value>) -> Outcome {
    match (dest, patch) {
        (_, Some(Value::Null)) | (None, None) => Outcome::Gone,
        (_, Some(patch)) => Outcome::New(patch.clone()),
        (Some(dest), None) => Outcome::Kept(dest),
    }
}

enum Directive {
    Merge,
    Replace,
    Delete,
}

fn directive(text: &Value) -> Result<Directive, String> {
    match text.as_str() {
        Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        _ => Err(format!("{DIRECTIVE}: {} is none of merge, replace and delete", scalar_text(text))),
    }
}

/// The directive of a mapping, and the mapping without it.
fn of_map(patch: &Map<String, Value>) -> Result<(Directive, Map<String, Value>), String> {
    let mut rest = patch.clone();
    let said = rest.shift_remove(DIRECTIVE).map_or(Ok(Directive::Merge), |said| directive(&said))?;
    Ok((said, rest))
}

fn walk_map(dest: Option<Value>, patch: Option<&Value>, place: Place) -> Result<Outcome, String> {
    let (mut map, patch) = match (dest, patch) {
        (Some(Value::Null), None) => return Ok(Outcome::Kept(Value::Null)),
        (Some(Value::Object(map)), None) => (map, Map::new()),
        (_, Some(Value::Null)) | (None, None) => return Ok(Outcome::Gone),
        (dest, Some(Value::Object(patch))) => match (dest, of_map(patch)?) {
            (_, (Directive::Delete, _)) => return Ok(Outcome::Gone),
            (Some(Value::Object(map)), (Directive::Merge, patch)) => (map, patch),
            (_, (_, patch)) => return Ok(Outcome::New(Value::Object(adopted_fields(patch, place)?))),
        },
        (dest, _) => return Ok(dest.map_or(Outcome::Gone, Outcome::Kept)),
    };
    let keys: BTreeSet<String> = map.keys().chain(patch.keys()).cloned().collect();
    for key in keys {
        let old = map.get_mut(&key).map(Value::take);
        match walk(old, patch.get(&key), below(place, &key))?.value() {
            Some(value) => drop(map.insert(key, value)),
            None => drop(map.shift_remove(&key)),
        }
    }
    Ok(Outcome::Kept(Value::Object(map)))
}

/// What a patch brings where there was nothing: kustomize merges it with itself, so that nulls and directives go.
fn adopted(value: Value, place: Place) -> Result<Option<Value>, String> {
    let place = if place.of.is_some() || place.keys.is_some() { place } else { own_place(Some(&value), None) };
    match (value, place.keys) {
        (Value::Null, _) => Ok(None),
        (Value::Object(map), _) => match of_map(&map)? {
            (Directive::Delete, _) => Ok(None),
            (_, map) => adopted_fields(map, place).map(|map| Some(Value::Object(map))),
        },
        (Value::Array(items), Some(keys)) => match of_list(&items)? {
            (Directive::Delete, _) => Ok(None),
            (_, items) => merged_items(items, None, keys, place).map(Some),
        },
        (value, _) => Ok(Some(value)),
    }
}

fn adopted_fields(map: Map<String, Value>, place: Place) -> Result<Map<String, Value>, String> {
    let mut adopted_map = Map::new();
    for (key, value) in map {
        if let Some(value) = adopted(value, below(place, &key))? {
            adopted_map.insert(key, value);
        }
    }
    Ok(adopted_map)
}

/// The directive of a whole list: an item that holds nothing else.
fn of_list(patch: &[Value]) -> Result<(Directive, Vec<Value>), String> {
    let said = patch.iter().find_map(|item| item.get(DIRECTIVE).map(|said| (item, said)));
    let Some((_, said)) = said.filter(|(item, _)| item.as_object().is_some_and(|map| map.len() == 1)) else {
        return Ok((Directive::Merge, patch.to_vec()));
    };
    let rest = patch.iter().filter(|item| item.get(DIRECTIVE) != Some(said));
    Ok((directive(said)?, rest.cloned().collect()))
}

fn walk_list(dest: Option<Value>, patch: Option<&Value>, place: Place, keys: &str) -> Result<Outcome, String> {
    match (dest, patch) {
        (Some(Value::Array(dest)), None) => merged_items(dest, Some(&[]), keys, place).map(Outcome::Kept),
        (_, Some(Value::Null)) => Ok(Outcome::Gone),
        (Some(Value::Array(dest)), Some(Value::Array(patch))) => match of_list(patch)? {
            (Directive::Delete, _) => Ok(Outcome::Gone),
            (Directive::Replace, patch) => merged_items(patch, None, keys, place).map(Outcome::New),
            (Directive::Merge, patch) => merged_items(dest, Some(&patch), keys, place).map(Outcome::Kept),
        },
        // A directive for the whole list is not looked at where there is no list.
        (_, Some(Value::Array(patch))) => merged_items(patch.clone(), None, keys, place).map(Outcome::New),
        (dest, _) => Ok(dest.map_or(Outcome::Gone, Outcome::Kept)),
    }
}

/// The values of an item's keys, empty where it lacks one.
type Values = Vec<String>;

fn values_of(item: &Value, keys: &[&str]) -> Values {
    if keys == [""] {
        return vec![scalar_text(item)];
    }
    keys.iter().map(|key| item.get(*key).map(scalar_text).unwrap_or_default()).collect()
}

/// The items of a list with those of a patch; without a patch it is merged with itself.
fn merged_items(mut dest: Vec<Value>, patch: Option<&[Value]>, keys: &str, place: Place) -> Result<Value, String> {
    let count = patch.map_or(0, <[Value]>::len) + dest.len();
    limits::lists(count, count)?;
    let place = Place { of: place.of, keys: None };
    let keys: &[&str] = &if keys == "=" { vec![""] } else { keys.split(',').collect::<Vec<_>>() };
    let mut all: Vec<Values> = Vec::new();
    for values in patch.unwrap_or_default().iter().chain(&dest).map(|item| values_of(item, keys)) {
        if !all.contains(&values) {
            all.push(values);
        }
    }
    if keys.len() > 1 {
        completed(&mut all);
    }
    let valid = valid_keys(&all, keys);
    let mut items: Vec<Value> = Vec::new();
    for values in all.clone() {
        let values: Values = valid.iter().filter_map(|(at, _)| values.get(*at).cloned()).collect();
        let names: Vec<&str> = valid.iter().map(|(_, key)| *key).collect();
        let at = find(&dest, &names, &values);
        let old = at.and_then(|at| dest.get(at)).cloned();
        let outcome = match (patch, old) {
            (None, Some(old)) => adopted(old, place)?.map_or(Outcome::Gone, Outcome::Kept),
            (patch, old) => {
                let patch = patch.unwrap_or_default();
                walk(old, find(patch, &names, &values).and_then(|at| patch.get(at)), place)?
            }
        };
        let kept = matches!(outcome, Outcome::Kept(_));
        let Some(mut value) = outcome.value().filter(|value| !is_empty(value)) else {
            // Where the keys do not find it again, only its directive is gone.
            if let Some(old) = at.and_then(|at| dest.get_mut(at)?.as_object_mut()).filter(|_| patch.is_none()) {
                old.shift_remove(DIRECTIVE);
            }
            set_item(&mut dest, None, &names, &values);
            continue;
        };
        for (name, text) in names.iter().zip(&values) {
            if let Some(map) = value.as_object_mut()
                && !map.contains_key(*name)
                && !text.is_empty()
            {
                map.insert((*name).to_owned(), number_or_text(text));
            }
        }
        if let Some(old) = at.and_then(|at| dest.get_mut(at)).filter(|_| kept) {
            *old = value.clone();
        }
        set_item(&mut items, Some(value), &names, &values);
    }
    let names: Vec<&str> = valid.iter().map(|(_, key)| *key).collect();
    Ok(Value::Array(if all.is_empty() { dest } else { appended(items, dest, &names) }))
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn number_or_text(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
}

/// Gives items that may be the same, one of which lacks a key, the values of both.
fn completed(all: &mut [Values]) {
    for one in 0..all.len() {
        let values = all[one].clone();
        for other in 0..all.len() {
            if let Some(both) = of_both(&values, &all[other]) {
                all[one].clone_from(&both);
                all[other] = both;
            }
        }
    }
}

fn of_both(one: &Values, other: &Values) -> Option<Values> {
    let pairs = || one.iter().zip(other);
    let contradict = pairs().any(|(one, other)| one != other && !one.is_empty() && !other.is_empty());
    let alike = pairs().any(|(one, other)| one == other);
    let both = || pairs().map(|(one, other)| if one.is_empty() { other.clone() } else { one.clone() }).collect();
    (alike && !contradict).then(both)
}

/// The keys that some item has, with their places; all of them if none has any.
fn valid_keys<'a>(all: &[Values], keys: &[&'a str]) -> Vec<(usize, &'a str)> {
    let has = |at: usize| all.iter().any(|values| values.get(at).is_some_and(|value| !value.is_empty()));
    let keyed = || keys.iter().copied().enumerate();
    let valid: Vec<_> = keyed().filter(|(at, _)| has(*at)).collect();
    if valid.is_empty() { keyed().collect() } else { valid }
}

/// The item of these values; a value that is not said is not asked for.
fn find(items: &[Value], keys: &[&str], values: &Values) -> Option<usize> {
    let said: Vec<_> = keys.iter().zip(values).filter(|(_, value)| !value.is_empty()).collect();
    if said.is_empty() {
        return None;
    }
    let fits = |item: &Value| {
        said.iter().all(|(key, value)| match **key {
            "" => shape(item) == Some(Shape::Scalar) && scalar_text(item) == **value,
            key => item.get(key).is_some_and(|have| scalar_text(have) == **value),
        })
    };
    items.iter().position(fits)
}

/// Replaces, appends or, without an item, removes what has these values; a value that is not there fits any
/// (kyaml/yaml/fns.go, ElementSetter).
fn set_item(items: &mut Vec<Value>, new: Option<Value>, keys: &[&str], values: &[String]) {
    let mut found = false;
    let fits = |item: &Value| {
        keys.iter().enumerate().all(|(at, key)| match (*key, values.get(at)) {
            ("", Some(value)) => shape(item) == Some(Shape::Scalar) && scalar_text(item) == *value,
            (_, None) => true,
            (key, Some(value)) => item.get(key).is_some_and(|have| value.is_empty() || scalar_text(have) == *value),
        })
    };
    let mut kept = Vec::with_capacity(items.len() + 1);
    for item in items.drain(..).filter(|item| !is_empty(item)) {
        if !fits(&item) {
            kept.push(item);
        } else if let Some(new) = &new {
            found = true;
            kept.push(new.clone());
        }
    }
    if let Some(new) = new.filter(|_| !found) {
        kept.push(new);
    }
    *items = kept;
}

/// The items that the patch has, and behind them those that were there (kyaml/yaml/walk/associative_sequence.go,
/// appendListNode).
fn appended(mut items: Vec<Value>, dest: Vec<Value>, keys: &[&str]) -> Vec<Value> {
    for item in dest {
        if keys == [""] {
            let values = [scalar_text(&item)];
            set_item(&mut items, Some(item), keys, &values);
            continue;
        }
        let mut values = Vec::new();
        for key in keys {
            match item.get(*key).filter(|value| !value.is_null()) {
                Some(value) => values.push(scalar_text(value)),
                None => items.push(item.clone()),
            }
        }
        if values.is_empty() {
            // An item without any of the keys takes the place of all of them.
            items = vec![item];
            continue;
        }
        if keys.len() > 1 {
            set_item(&mut items, None, keys, &values);
        }
        set_item(&mut items, Some(item), keys, &values);
    }
    items
}
