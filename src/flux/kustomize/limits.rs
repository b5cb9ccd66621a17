//! How far a build may grow. A few lines of a kustomization can ask for more than any machine has: patches that copy an object into
//! itself, prefixes of a megabyte, bases that name each other twice. Nothing that a cluster takes comes near these limits.
//!
//! Source: a Kubernetes object has at most 1.5 MiB (etcd `--max-request-bytes`), a name 253 characters; the inventory of a Flux
//! Kustomization, which lists its objects, is an object itself.

use serde_json::Value;

/// How deep bases may stand in bases.
pub const MAX_DEPTH: usize = 64;
/// How many kustomizations all builds of one cluster may go through.
pub const MAX_FOLDERS: usize = 10_000;
/// How many one build may go through: bases that name each other twice multiply.
pub const MAX_FOLDERS_OF_A_BUILD: usize = 1_500;
/// How many objects a build may have.
pub const MAX_OBJECTS: usize = 20_000;
/// How many mistakes of one file or build are said.
pub const MAX_MISTAKES: usize = 100;
/// How many bytes of text an object may have.
pub const MAX_OBJECT: usize = 1536 * 1024;
/// How many bytes all objects of a build may have.
pub const MAX_BUILD: usize = 64 * 1024 * 1024;
/// How many bytes a name, a prefix or a label of a kustomization may have.
const MAX_TEXT: usize = 4096;
/// How many pairs of items two lists may have that are merged.
const MAX_PAIRS: usize = 4_000_000;
/// How many parts a path in an object may have.
const MAX_PARTS: usize = 256;
/// How many bytes a file may have that a generator takes.
pub const MAX_GENERATED: usize = 4 * 1024 * 1024;

/// About how many bytes of text a value is; counting ends a little above `most`.
pub fn weight(value: &Value, most: usize) -> usize {
    let mut open = vec![value];
    let mut weight = 0;
    while let Some(value) = open.pop() {
        weight += match value {
            Value::String(text) => text.len() + 4,
            Value::Object(map) => map.keys().map(|key| key.len() + 4).sum(),
            _ => 4,
        };
        if weight > most {
            break;
        }
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(map) => open.extend(map.values()),
            _ => {}
        }
    }
    weight
}

/// Refuses to put a value of so many bytes into an object that would then be larger than any cluster takes.
///
/// # Errors
/// It would be too large.
pub fn room(object: &Value, more: usize) -> Result<(), String> {
    let fits = weight(object, MAX_OBJECT) + more <= MAX_OBJECT;
    if fits { Ok(()) } else { Err(format!("the object grows beyond {} KiB", MAX_OBJECT / 1024)) }
}

/// Refuses a name, prefix, suffix or label that is none.
///
/// # Errors
/// It is too long.
pub fn text(text: &str) -> Result<(), String> {
    let fits = text.len() <= MAX_TEXT;
    if fits { Ok(()) } else { Err(format!("a text of {} bytes stands where a name is meant", text.len())) }
}

/// Refuses to merge lists that are both so long that each item of one would be looked for in all of the other.
///
/// # Errors
/// They are.
pub fn lists(one: usize, other: usize) -> Result<(), String> {
    let fits = one.saturating_mul(other) <= MAX_PAIRS;
    if fits { Ok(()) } else { Err(format!("lists of {one} and {other} items are too long to be merged")) }
}

/// Refuses a path that leads too deep.
///
/// # Errors
/// It has too many parts.
pub fn path(parts: usize) -> Result<(), String> {
    if parts <= MAX_PARTS { Ok(()) } else { Err(format!("the path has {parts} parts, more than {MAX_PARTS}")) }
}
