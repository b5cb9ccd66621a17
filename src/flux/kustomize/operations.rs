//! RFC 6902 as kustomize applies it: an index may count from the end, and what a path leads to has to be there.
//!
//! Source: evanphx/json-patch v4, which kustomize uses (kubernetes-sigs/kustomize api/filters/patchjson6902).

use serde_json::Value;

use super::limits;
use super::resource::scalar_text;
use crate::tree::pointer_key;

/// Applies operations in their order.
///
/// # Errors
/// The first operation that cannot be applied, and why.
pub fn apply(object: &mut Value, operations: &[Value]) -> Result<(), String> {
    operations.iter().try_for_each(|operation| {
        let path = operation.get("path").map(scalar_text).unwrap_or_default();
        let op = operation.get("op").map(scalar_text).unwrap_or_default();
        let done = limits::path(path.matches('/').count()).and_then(|()| one(object, operation, &op, &path));
        done.map_err(|says| format!("operation {op} at {path}: {says}"))
    })
}

fn one(object: &mut Value, operation: &Value, op: &str, path: &str) -> Result<(), String> {
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    let from = || operation.get("from").map(scalar_text).ok_or_else(|| "from is missing".to_owned());
    match op {
        "add" => add(object, path, value()),
        "remove" => remove(object, path).map(drop),
        "replace" => {
            let there = find(object, path).ok_or("there is nothing to replace")?;
            *there = value();
            Ok(())
        }
        "move" => {
            let moved = remove(object, &from()?)?;
            add(object, path, moved)
        }
        "copy" => {
            let from = from()?;
            let nothing = "there is nothing to copy";
            let weight = limits::weight(find(object, &from).ok_or(nothing)?, limits::MAX_OBJECT);
            limits::room(object, weight)?;
            let copied = find(object, &from).cloned().ok_or(nothing)?;
            add(object, path, copied)
        }
        "test" => {
            let there = find(object, path).map_or(Value::Null, |value| value.clone());
            if there == value() { Ok(()) } else { Err("the value is another one".to_owned()) }
        }
        _ => Err("there is no such operation".to_owned()),
    }
}

/// The container of a path, and the last part of it.
fn container<'a>(object: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let (above, last) = path.rsplit_once('/').ok_or("the path begins without a slash")?;
    let there = find(object, above).ok_or_else(|| format!("{above} is not there"))?;
    Ok((there, pointer_key(last)))
}

fn find<'a>(object: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let mut parts = path.split('/');
    if !parts.next()?.is_empty() {
        return None;
    }
    parts.try_fold(object, |value, part| match value {
        Value::Object(map) => map.get_mut(&pointer_key(part)),
        Value::Array(items) => {
            let at = index(part, items.len())?;
            items.get_mut(at)
        }
        _ => None,
    })
}

fn index(part: &str, length: usize) -> Option<usize> {
    match part.strip_prefix('-') {
        Some(back) => length.checked_sub(back.parse().ok()?),
        None => part.parse().ok(),
    }
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    let (there, last) = container(object, path)?;
    match there {
        Value::Object(map) => drop(map.insert(last, value)),
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            // One more than there are is the end, and counting back begins there, too.
            let at = index(&last, items.len() + 1).filter(|at| *at <= items.len());
            items.insert(at.ok_or_else(|| format!("the list has no place {last}"))?, value);
        }
        _ => return Err("what holds it is neither a mapping nor a list".to_owned()),
    }
    Ok(())
}

fn remove(object: &mut Value, path: &str) -> Result<Value, String> {
    let (there, last) = container(object, path)?;
    let removed = match there {
        Value::Object(map) => map.shift_remove(&last),
        Value::Array(items) => index(&last, items.len()).filter(|at| *at < items.len()).map(|at| items.remove(at)),
        _ => None,
    };
    removed.ok_or_else(|| "there is nothing to remove".to_owned())
}
