//! ConfigMaps and Secrets that a kustomization makes of literals and files, and the hash that goes into their names.
//!
//! Source: kubernetes-sigs/kustomize api/internal/generators, api/kv, api/hasher, kyaml/yaml/datamap.go.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::resource::{Behavior, Resource, metadata_map, metadata_text, scalar_text, set_metadata, set_metadata_map};
use crate::tree::sha256;

/// Reads a file that a generator names.
pub type ReadFile<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// Makes the object of one entry of a generator; `global` are the `generatorOptions`.
///
/// # Errors
/// What is wrong with the entry.
pub fn object(
    kind: &str,
    entry: &Value,
    global: &Value,
    file: &str,
    read: &mut ReadFile<'_>,
) -> Result<Resource, String> {
    let text = |key: &str| entry.get(key).map(scalar_text).unwrap_or_default();
    if text("name").is_empty() {
        return Err(format!("a generated {kind} has no name"));
    }
    let mut value = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": text("name")}});
    if !text("namespace").is_empty() {
        set_metadata(&mut value, "namespace", Some(Value::String(text("namespace"))));
    }
    if kind == "Secret" {
        let of = Some(text("type")).filter(|of| !of.is_empty()).unwrap_or_else(|| "Opaque".to_owned());
        value["type"] = Value::String(of);
    }
    put_data(&mut value, kind, pairs(entry, read)?);
    let options = [entry.get("options").unwrap_or(&Value::Null), global];
    for key in ["labels", "annotations"] {
        set_metadata_map(&mut value, key, option_map(options, key));
    }
    if said(options, "immutable") {
        value["immutable"] = Value::Bool(true);
    }
    let mut resource = Resource::new(value, file, 0);
    resource.hashed = !said(options, "disableNameSuffixHash");
    resource.behavior = match text("behavior").as_str() {
        "merge" => Behavior::Merge,
        "replace" => Behavior::Replace,
        _ => Behavior::Create,
    };
    Ok(resource)
}

fn said(options: [&Value; 2], key: &str) -> bool {
    options.iter().any(|options| options.get(key) == Some(&Value::Bool(true)))
}

/// What an entry says and, of what it does not, what all of them have.
fn option_map(options: [&Value; 2], key: &str) -> Map<String, Value> {
    let mut map = Map::new();
    for more in options.iter().filter_map(|options| options.get(key)?.as_object()) {
        for (name, text) in more {
            map.entry(name).or_insert_with(|| Value::String(scalar_text(text)));
        }
    }
    map
}

/// The data of an entry: of files of variables, of literals, of whole files.
fn pairs(entry: &Value, read: &mut ReadFile<'_>) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let list = |key: &str| entry.get(key).and_then(Value::as_array).into_iter().flatten().map(scalar_text);
    let single = entry.get("env").map(scalar_text).filter(|file| !file.is_empty());
    let mut pairs: Vec<(String, Vec<u8>)> = Vec::new();
    for file in list("envs").chain(single) {
        pairs.extend(variables(&read(&file)?)?);
    }
    for literal in list("literals") {
        let found = literal.split_once('=').filter(|(key, _)| !key.is_empty());
        let (key, text) = found.ok_or_else(|| format!("the literal {literal} is not KEY=VALUE"))?;
        pairs.push((key.to_owned(), without_quotes(text).as_bytes().to_vec()));
    }
    for source in list("files") {
        let (key, file) = file_source(&source)?;
        pairs.push((key, read(&file)?));
    }
    let mut data = BTreeMap::new();
    for (key, bytes) in pairs {
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
            return Err(format!("the key {key} has other signs than letters, digits, `-`, `_` and `.`"));
        }
        if data.insert(key.clone(), bytes).is_some() {
            return Err(format!("the key {key} is there twice"));
        }
    }
    Ok(data)
}

fn variables(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "a file of variables is not UTF-8".to_owned())?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_start);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        (key.to_owned(), value.as_bytes().to_vec())
    };
    Ok(lines.map(pair).collect())
}

fn without_quotes(text: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

fn file_source(source: &str) -> Result<(String, String), String> {
    match source.split_once('=') {
        None => Ok((source.rsplit('/').next().unwrap_or(source).to_owned(), source.to_owned())),
        Some((key, file)) if !key.is_empty() && !file.is_empty() && !file.contains('=') => {
            Ok((key.to_owned(), file.to_owned()))
        }
        Some(_) => Err(format!("the file {source} is neither PATH nor KEY=PATH")),
    }
}

fn put_data(value: &mut Value, kind: &str, pairs: BTreeMap<String, Vec<u8>>) {
    let (mut data, mut binary) = (Map::new(), Map::new());
    for (key, bytes) in pairs {
        match String::from_utf8(bytes) {
            Ok(text) if kind == "ConfigMap" => drop(data.insert(key, Value::String(text))),
            Ok(text) => drop(data.insert(key, Value::String(base64(text.as_bytes())))),
            Err(error) if kind == "ConfigMap" => drop(binary.insert(key, Value::String(base64(error.as_bytes())))),
            Err(error) => drop(data.insert(key, Value::String(base64(error.as_bytes())))),
        }
    }
    for (key, map) in [("data", data), ("binaryData", binary)] {
        if !map.is_empty() {
            value[key] = Value::Object(map);
        }
    }
}

/// Base64 in lines of 70, as kustomize breaks it.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let sign = SIGNS[(number >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= group.len() { sign as char } else { '=' });
        }
    }
    if out.len() < 70 {
        return out;
    }
    let lines = out.as_bytes().chunks(70).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    lines.collect()
}

/// Puts a generated object to those that are there, as its behavior says.
///
/// # Errors
/// There is one already, or none.
pub fn absorb(objects: &mut Vec<Resource>, new: Resource) -> Result<(), String> {
    let id = new.id();
    let mut found = objects.iter().enumerate().filter(|(_, old)| old.was(|was| *was == id)).map(|(at, _)| at);
    match (found.next(), found.next(), new.behavior) {
        (None, _, Behavior::Create) => objects.push(new),
        (None, _, _) => return Err(format!("there is no {id} to merge with or replace")),
        (Some(_), None, Behavior::Create) => {
            return Err(format!("{id} is there already; say behavior: merge or replace"));
        }
        (Some(at), None, behavior) => {
            if let Some(old) = objects.get_mut(at) {
                *old = joined(old, new, behavior);
            }
        }
        (Some(_), Some(_), _) => return Err(format!("more than one object could be merged with {id}")),
    }
    Ok(())
}

fn joined(old: &Resource, mut new: Resource, behavior: Behavior) -> Resource {
    let both = |key: &str, new: &Value| {
        let mut map = metadata_map(&old.value, key);
        map.extend(metadata_map(new, key));
        map
    };
    for key in ["labels", "annotations"] {
        let map = both(key, &new.value);
        set_metadata_map(&mut new.value, key, map);
    }
    set_metadata(&mut new.value, "name", Some(Value::String(metadata_text(&old.value, "name"))));
    let namespace = metadata_text(&old.value, "namespace");
    set_metadata(&mut new.value, "namespace", Some(Value::String(namespace)).filter(|text| *text != ""));
    if behavior == Behavior::Merge {
        for key in ["data", "binaryData"] {
            let of = |value: &Value| value.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
            let mut map = of(&old.value);
            map.extend(of(&new.value));
            if !map.is_empty() {
                new.value[key] = Value::Object(map);
            }
        }
    }
    Resource {
        hashed: new.hashed && old.hashed,
        behavior: old.behavior,
        previous: old.previous.clone(),
        prefixes: old.prefixes.clone(),
        suffixes: old.suffixes.clone(),
        ..new
    }
}

/// Puts the hash of its contents behind the name of each object that wants one.
pub fn add_hashes(objects: &mut [Resource]) {
    for object in objects.iter_mut().filter(|object| object.hashed) {
        let hash = hash_of(&object.value);
        object.remember();
        let name = metadata_text(&object.value, "name");
        set_metadata(&mut object.value, "name", Some(Value::String(format!("{name}-{hash}"))));
    }
}

fn hash_of(value: &Value) -> String {
    let kind = value.get("kind").map(scalar_text).unwrap_or_default();
    let or_empty = |key: &str| value.get(key).cloned().unwrap_or_else(|| Value::from(""));
    let mut hashed = BTreeMap::new();
    hashed.insert("kind", Value::from(kind.clone()));
    // Kustomize asks for a key `metadata/name`, and there is none: a name does not count.
    hashed.insert("name", Value::from(""));
    hashed.insert("data", or_empty("data"));
    let more = if kind == "Secret" { "stringData" } else { "binaryData" };
    if let Some(map) = value.get(more).filter(|map| map.is_object()) {
        hashed.insert(more, map.clone());
    }
    if kind == "Secret" {
        hashed.insert("type", or_empty("type"));
    }
    let sorted = hashed.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let text = go_json(&crate::tree::sorted(&Value::Object(sorted)));
    // No vowels and no look-alikes, so that no word comes of it.
    let sign = |sign: char| match sign {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    sha256(text.as_bytes()).chars().take(10).map(sign).collect()
}

/// JSON as Go's encoder writes it: with what HTML would read otherwise escaped.
fn go_json(value: &Value) -> String {
    let text = value.to_string();
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded_and_broken_into_lines() {
        assert_eq!(base64(b"a"), "YQ==");
        assert_eq!(base64(b"ab"), "YWI=");
        assert_eq!(base64(b"abc"), "YWJj");
        assert_eq!(base64(&[b'x'; 60]).lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
    }
}
