//! `replacements`: a value of one object, put into fields of others.
//!
//! In: the entries, and the objects. What is not followed is a field within a text that is YAML or JSON itself.
//!
//! Source: kubernetes-sigs/kustomize api/filters/replacement/replacement.go and kyaml/yaml/match.go (PathMatcher).

use serde_json::{Map, Value};

use super::limits;
use super::resource::{Gvk, Id, Resource, scalar_text};
use super::select::Selector;

/// Does what one entry says.
///
/// # Errors
/// What it names is not there.
pub fn apply(objects: &mut [Resource], entry: &Value) -> Result<(), String> {
    let targets = entry.get("targets").and_then(Value::as_array).filter(|targets| !targets.is_empty());
    let targets = targets.ok_or("replacements: an entry has no target")?;
    let value = match (entry.get("source"), entry.get("sourceValue")) {
        (None, Some(value)) => value.clone(),
        (Some(source), None) => source_value(objects, source)?,
        _ => return Err("replacements: an entry has to have a source".to_owned()),
    };
    targets.iter().try_for_each(|target| put_all(objects, target, &value))
}

fn path_of(source: &Value) -> Vec<String> {
    let text = source.get("fieldPath").map(scalar_text).unwrap_or_default();
    parts(if text.is_empty() { "metadata.name" } else { &text })
}

/// The parts of a path with `.`; a part in brackets may have dots, and a backslash takes a dot's meaning away.
fn parts(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut escaped) = (0u32, false);
    for sign in path.chars() {
        let last = parts.len() - 1;
        match sign {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '.' if depth == 0 && !escaped => parts.push(String::new()),
            sign => {
                match sign {
                    '[' => depth += 1,
                    ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                parts[last].push(sign);
            }
        }
        escaped = false;
    }
    let plain = |part: String| match part.strip_prefix('[').and_then(|part| part.strip_suffix(']')) {
        Some(inner) if !inner.contains('=') => inner.to_owned(),
        _ => part,
    };
    parts.into_iter().map(plain).collect()
}

fn source_value(objects: &[Resource], source: &Value) -> Result<Value, String> {
    let text = |key: &str| source.get(key).map(scalar_text).unwrap_or_default();
    let gvk = Gvk { group: text("group"), version: text("version"), kind: text("kind") };
    let (name, namespace) = (text("name"), text("namespace"));
    let selected = |id: &Id| {
        id.gvk.is_selected(&gvk)
            && (name.is_empty() || id.name == name)
            && (namespace.is_empty() || id.namespace == namespace)
    };
    let mut found = objects.iter().filter(|object| object.was(selected));
    let (Some(object), None) = (found.next(), found.next()) else {
        return Err(format!("replacements: the source {} {name} is not exactly one object", gvk.kind));
    };
    let mut value = object.value.clone();
    let mut at = places(&mut value, &path_of(source), false);
    let found = at.pop().map(|value| value.clone()).filter(|value| !value.is_null());
    let found = found.ok_or_else(|| format!("replacements: the source {} {name} has no such field", gvk.kind))?;
    let delimiter = source.pointer("/options/delimiter").map(scalar_text).unwrap_or_default();
    if delimiter.is_empty() {
        return Ok(found);
    }
    let index = source.pointer("/options/index").and_then(Value::as_u64).unwrap_or(0);
    let text = scalar_text(&found);
    let part = usize::try_from(index).ok().and_then(|index| text.split(&delimiter).nth(index));
    part.map(Value::from).ok_or_else(|| format!("replacements: `{text}` has no part {index}"))
}

fn put_all(objects: &mut [Resource], target: &Value, value: &Value) -> Result<(), String> {
    let select = Selector::of(target.get("select").ok_or("replacements: a target has no select")?)?;
    let rejects = target.get("reject").and_then(Value::as_array).into_iter().flatten();
    let rejects = rejects.map(Selector::of).collect::<Result<Vec<_>, _>>()?;
    let options = target.get("options").unwrap_or(&Value::Null);
    let paths = target.get("fieldPaths").and_then(Value::as_array).filter(|paths| !paths.is_empty());
    let paths: Vec<String> =
        paths.map_or_else(|| vec!["metadata.name".to_owned()], |all| all.iter().map(scalar_text).collect());
    for object in objects.iter_mut() {
        let ids: Vec<Id> = std::iter::once(object.id()).chain(object.previous()).collect();
        let rejected = rejects
            .iter()
            .any(|reject| ids.iter().any(|id| reject.selects_id(id)) && reject.selects_by_metadata(&object.value));
        let selected = select.selects_by_metadata(&object.value) && ids.iter().any(|id| select.selects_id(id));
        if selected && !rejected {
            paths.iter().try_for_each(|path| put(object, path, value, options))?;
        }
    }
    Ok(())
}

fn put(object: &mut Resource, path: &str, value: &Value, options: &Value) -> Result<(), String> {
    let create = options.get("create") == Some(&Value::Bool(true));
    let id = object.id();
    let parts = parts(path);
    limits::path(parts.len())?;
    limits::room(&object.value, limits::weight(value, limits::MAX_OBJECT))?;
    let places = places(&mut object.value, &parts, create);
    if places.is_empty() {
        return Err(format!("replacements: {id} has no field {path}"));
    }
    for place in places {
        let new = delimited(place, value, options);
        // A scalar keeps its type: kustomize only changes its text.
        *place = match place {
            Value::String(_) if !new.is_object() && !new.is_array() => Value::String(scalar_text(&new)),
            Value::Number(_) | Value::Bool(_) => retyped(&new),
            _ => new,
        };
    }
    Ok(())
}

fn retyped(new: &Value) -> Value {
    let text = scalar_text(new);
    match (new, text.parse::<i64>(), text.parse::<bool>()) {
        (Value::Object(_) | Value::Array(_), ..) => new.clone(),
        (_, Ok(number), _) => Value::from(number),
        (_, _, Ok(truth)) => Value::Bool(truth),
        _ => Value::String(text),
    }
}

/// The value, or the text that is there with one of its parts replaced.
fn delimited(place: &Value, value: &Value, options: &Value) -> Value {
    let delimiter = options.get("delimiter").map(scalar_text).unwrap_or_default();
    if delimiter.is_empty() {
        return value.clone();
    }
    let (old, new) = (scalar_text(place), scalar_text(value));
    let mut parts: Vec<&str> = old.split(&delimiter).collect();
    let index = options.get("index").and_then(Value::as_i64).unwrap_or(0);
    match usize::try_from(index) {
        Err(_) => parts.insert(0, &new),
        Ok(index) => match parts.get_mut(index) {
            Some(part) => *part = &new,
            None => parts.push(&new),
        },
    }
    Value::String(parts.join(&delimiter))
}

/// The places that a path leads to: `*` is every item or key, `[key=value]` an item, a number an item or a key.
fn places<'a>(value: &'a mut Value, path: &[String], create: bool) -> Vec<&'a mut Value> {
    let Some((part, rest)) = path.split_first() else { return vec![value] };
    let wanted = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')?.split_once('='));
    let all = part == "*";
    match value {
        Value::Array(items) => {
            let at = part.parse::<usize>().ok();
            let fits = |(place, item): &(usize, &mut Value)| match wanted {
                Some(("", wanted)) => scalar_text(item) == wanted,
                Some((key, wanted)) => item.get(key).is_some_and(|have| scalar_text(have) == wanted),
                None => all || at == Some(*place),
            };
            let found = items.iter_mut().enumerate().filter(fits);
            found.flat_map(|(_, item)| places(item, rest, create)).collect()
        }
        Value::Object(map) => {
            if create && !all && !map.contains_key(part.as_str()) {
                let empty = if rest.is_empty() { Value::Null } else { Value::Object(Map::new()) };
                map.insert(part.clone(), empty);
            }
            let found = map.iter_mut().filter(|(key, _)| all || *key == part);
            found.flat_map(|(_, item)| places(item, rest, create)).collect()
        }
        _ => Vec::new(),
    }
}
