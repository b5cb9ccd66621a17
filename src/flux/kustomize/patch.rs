//! Patches of a kustomization: what they are, which objects they are for, and what they do to them.
//!
//! Source: kubernetes-sigs/kustomize api/internal/builtins/PatchTransformer.go and its older forms at api v0.21.1.

use serde_json::Value;

use super::merge::merge;
use super::operations;
use super::resource::{Gvk, Id, Resource, metadata_text, scalar_text, set_metadata};
use super::select::Selector;

/// What a patch holds.
#[derive(Debug)]
pub enum Patch {
    /// Objects to merge, each with the one of its name.
    Objects(Vec<Value>),
    /// Operations of RFC 6902.
    Operations(Vec<Value>),
}

/// What an entry of `patches` says beside the patch.
#[derive(Debug, Default)]
pub struct Options {
    /// Whether the name of the patch becomes that of the object.
    pub name_may_change: bool,
    /// Whether the kind of the patch becomes that of the object.
    pub kind_may_change: bool,
}

impl Patch {
    /// Of the documents of its text.
    ///
    /// # Errors
    /// They are neither objects nor operations.
    pub fn of(documents: Vec<Value>) -> Result<Patch, String> {
        if let [Value::Array(operations)] = &documents[..] {
            return if operations.iter().all(|one| one.get("op").is_some()) && !operations.is_empty() {
                Ok(Patch::Operations(operations.clone()))
            } else {
                Err("a patch that is a list has to be one of RFC 6902 operations".to_owned())
            };
        }
        for document in &documents {
            let has = |text: String, what: &str| {
                if text.is_empty() { Err(format!("a patch that is an object has to have a {what}")) } else { Ok(()) }
            };
            has(document.get("kind").map(scalar_text).unwrap_or_default(), "kind")?;
            has(metadata_text(document, "name"), "metadata.name")?;
        }
        if documents.is_empty() { Err("the patch is empty".to_owned()) } else { Ok(Patch::Objects(documents)) }
    }

    /// Applies it to what is selected; to what the patch itself names, if nothing says what that is.
    ///
    /// # Errors
    /// What it is for is not there, or it does not fit.
    pub fn apply(
        &self,
        objects: &mut Vec<Resource>,
        selector: Option<&Selector>,
        options: &Options,
    ) -> Result<(), String> {
        match (self, selector) {
            (Patch::Operations(_), None) => Err("a patch of RFC 6902 operations needs a target".to_owned()),
            (Patch::Operations(operations), Some(selector)) => {
                for object in objects.iter_mut().filter(|object| selector.selects(object)) {
                    object.remember();
                    operations::apply(&mut object.value, operations).map_err(|says| about(object, &says))?;
                }
                Ok(())
            }
            (Patch::Objects(patches), Some(selector)) => {
                let [patch] = &patches[..] else {
                    return Err("a patch with a target has to be one object".to_owned());
                };
                let selected: Vec<Id> =
                    objects.iter().filter(|object| selector.selects(object)).map(Resource::id).collect();
                change(objects, |object| selected.contains(&object.id()), patch, options)
            }
            (Patch::Objects(patches), None) => {
                for patch in patches {
                    let id = the_one(objects, patch)?;
                    change(objects, |object| object.id() == id, patch, options)?;
                }
                Ok(())
            }
        }
    }
}

/// The one object that a patch is for, by what it names.
fn the_one(objects: &[Resource], patch: &Value) -> Result<Id, String> {
    let id = Id::of(patch);
    let mut found = objects.iter().filter(|object| object.was(|was| *was == id));
    match (found.next(), found.next()) {
        (Some(object), None) => Ok(object.id()),
        (None, _) => Err(format!("there is no {id} to patch")),
        (Some(_), Some(_)) => Err(format!("more than one object is {id}, which is to be patched")),
    }
}

fn change(
    objects: &mut Vec<Resource>,
    selected: impl Fn(&Resource) -> bool,
    patch: &Value,
    options: &Options,
) -> Result<(), String> {
    let mut gone = Vec::new();
    for object in objects.iter_mut().filter(|object| selected(object)) {
        if !merged(object, patch, options).map_err(|says| about(object, &says))? {
            gone.push(object.id());
        }
    }
    objects.retain(|object| !gone.contains(&object.id()));
    Ok(())
}

/// Merges a patch into an object; whether anything is left of it.
fn merged(object: &mut Resource, patch: &Value, options: &Options) -> Result<bool, String> {
    let (name, namespace) = ["name", "namespace"].map(|key| metadata_text(&object.value, key)).into();
    let kind = object.id().gvk.kind;
    if options.name_may_change || options.kind_may_change {
        object.remember();
    }
    let mut patch = patch.clone();
    if let Some(map) = patch.as_object_mut() {
        map.insert("apiVersion".to_owned(), Value::String(Gvk::of(&object.value).api_version()));
    }
    let Some(value) = merge(object.value.clone(), &patch)? else { return Ok(false) };
    object.value = value;
    if !options.kind_may_change {
        object.value["kind"] = Value::String(kind);
    }
    if !options.name_may_change {
        set_metadata(&mut object.value, "name", Some(Value::String(name)));
    }
    set_metadata(&mut object.value, "namespace", Some(Value::String(namespace)).filter(|text| *text != ""));
    Ok(true)
}

fn about(object: &Resource, says: &str) -> String {
    format!("{}: {says}", object.id())
}
