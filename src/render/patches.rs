//! A user's changes to what is rendered: applied here where the objects are ours, handed to Flux where they are not.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Files;
use crate::catalog::apis::Apis;
use crate::plan::Plan;
use crate::plan::unit::Unit;
use crate::problem::{Code, Problem, Problems};
use crate::profile::patch::{Op, Operation, Patch, Target};
use crate::tree::object_id;
use crate::yaml;

/// Applies a unit's patches to its objects; gives back those that changed one, by their place in the profile.
pub fn apply(plan: &Plan<'_>, unit: &Unit, files: &mut Files, problems: &mut Problems) -> BTreeSet<usize> {
    let mut applied = BTreeSet::new();
    for patch in &unit.patches {
        for document in files.values_mut().flatten().filter(|document| matches(&patch.target, document)) {
            applied.insert(patch.span.start);
            if let Err(problem) = change(document, patch) {
                let (says, span) = *problem;
                let hint = "look at the object in the tree; a path is a JSON pointer like /spec/replicas";
                problems.push(Problem::new(Code::PATCH_FAILS, says).at(plan.profile.place(&span)).hint(hint));
            }
        }
    }
    applied
}

fn matches(target: &Target, object: &Value) -> bool {
    let Some(id) = object_id(object) else { return false };
    id.kind == target.kind.value
        && target.name.as_ref().is_none_or(|name| name.as_str() == id.name)
        && target.group.as_ref().is_none_or(|group| *group == id.group)
        && target.namespace.as_ref().is_none_or(|namespace| Some(namespace.as_str()) == id.namespace.as_deref())
}

/// Why a patch cannot be applied, and the bytes of the profile that say so.
type Refused = Box<(String, std::ops::Range<usize>)>;

fn change(object: &mut Value, patch: &Patch) -> Result<(), Refused> {
    if let Some(merge) = &patch.merge {
        json_patch::merge(object, &merge.0);
    }
    for op in patch.ops.iter().flatten() {
        operate(object, op).map_err(|why| Box::new((why, op.span.clone())))?;
    }
    Ok(())
}

fn operate(object: &mut Value, op: &Op) -> Result<(), String> {
    let pointers = [Some(&op.path), op.from.as_ref()];
    if let Some(bare) = pointers.into_iter().flatten().find(|path| !path.is_empty() && !path.starts_with('/')) {
        return Err(format!("a path begins with `/`: `/{bare}`"));
    }
    let operations: json_patch::Patch = serde_json::from_value(operations(std::slice::from_ref(op)))
        .map_err(|_| format!("`{}` is no JSON pointer", op.path))?;
    json_patch::patch(object, &operations).map_err(|_| match op.op {
        Operation::Test => format!("the value at `{}` is another one", op.path),
        Operation::Add => format!("there is nothing that `{}` could be added to", op.path),
        Operation::Replace => format!("there is nothing at `{}`; `op: add` puts something there", op.path),
        Operation::Remove => format!("there is nothing at `{}`", op.path),
        Operation::Move | Operation::Copy => {
            format!("there is nothing at `{}`, or no place at `{}`", op.from.as_deref().unwrap_or_default(), op.path)
        }
    })
}

fn operations(ops: &[Op]) -> Value {
    let operation = |op: &Op| {
        let mut written = Map::new();
        written.insert("op".to_owned(), json!(op.op));
        written.insert("path".to_owned(), json!(op.path));
        written.extend(op.from.iter().map(|from| ("from".to_owned(), json!(from))));
        written.extend(op.value.0.iter().map(|value| ("value".to_owned(), value.clone())));
        Value::Object(written)
    };
    ops.iter().map(operation).collect()
}

/// A unit's patches that changed no object of ours, as Flux takes them.
pub fn for_flux(patches: &[Patch], applied: &BTreeSet<usize>, apis: &Apis) -> Vec<Value> {
    // One that names an object of ours is for that; one that names a kind only is for all of it.
    let ours = |patch: &&Patch| !applied.contains(&patch.span.start) || patch.target.name.is_none();
    patches.iter().filter(ours).map(|patch| as_flux_writes_it(&flux_patch(patch, apis))).collect()
}

fn flux_patch(patch: &Patch, apis: &Apis) -> Value {
    let Target { kind, name, group, namespace, .. } = &patch.target;
    let mut target = Map::new();
    target.extend(group.iter().map(|group| ("group".to_owned(), json!(group))));
    target.insert("kind".to_owned(), json!(kind));
    target.extend(name.iter().map(|name| ("name".to_owned(), json!(name))));
    target.extend(namespace.iter().map(|namespace| ("namespace".to_owned(), json!(namespace))));
    let change = match (&patch.merge, &patch.ops) {
        (_, Some(ops)) => operations(ops),
        (Some(merge), None) => {
            // kustomize reads a merge as an object, so it must have a kind and a name; the target says which it is for.
            let name = name.as_ref().map_or("any", |name| name.as_str());
            let api_version = super::api_version(apis, group.as_deref(), &kind.value);
            let mut object = json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
            overlay(&mut object, &merge.0);
            object
        }
        (None, None) => Value::Null,
    };
    json!({ "target": target, "patch": change })
}

/// A patch with its change as text, which is how Flux and kustomize take it.
pub fn as_flux_writes_it(patch: &Value) -> Value {
    let text = yaml::write("", std::slice::from_ref(&patch["patch"]));
    json!({ "target": patch["target"], "patch": text })
}

/// Lays a user's values over ours. Unlike an RFC 7386 merge it keeps every `null`: to Helm it takes a chart's default away.
pub fn overlay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                overlay(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
