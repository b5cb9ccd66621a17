//! What the simple keys of a kustomization do to every object: namespace, prefix and suffix, labels, annotations, replicas,
//! images.
//!
//! Source: kubernetes-sigs/kustomize api/internal/builtins and api/filters at api v0.21.1.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};

use super::fields::{Field, Made, fields_of, rename, set, set_key, set_scalar};
use super::limits;
use super::resource::{Gvk, Resource, scalar_text};

/// Sets the namespace of every object that has one, and of what names a namespace beside it.
///
/// # Errors
/// What stands in the way; two objects that become one.
pub fn namespace(objects: &mut [Resource], namespace: &str) -> Result<(), String> {
    let mut known = BTreeSet::new();
    for object in objects {
        object.remember();
        set_namespace(object, namespace)?;
        let id = object.id();
        if !known.insert(id.clone()) {
            return Err(format!("namespace {namespace}: more than one object becomes {id}"));
        }
    }
    Ok(())
}

fn set_namespace(object: &mut Resource, namespace: &str) -> Result<(), String> {
    let text = || Value::String(namespace.to_owned());
    let scalar = &mut |value: &mut Value| set_scalar(value, text());
    if !object.id().is_of_the_cluster() {
        set(&mut object.value, &Field::new(Gvk::default(), "metadata/namespace", true), Made::Scalar, scalar)?;
    }
    if matches!(object.id().gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
        subjects(&mut object.value, namespace);
    }
    for field in fields_of("namespace") {
        // A kind Namespace of another API is none.
        if field.path != ["metadata", "name"] || object.value.get("apiVersion") == Some(&Value::from("v1")) {
            set(&mut object.value, field, Made::Scalar, scalar)?;
        }
    }
    Ok(())
}

/// Of the subjects of a role binding only those called `default` follow; the others follow their ServiceAccount.
fn subjects(binding: &mut Value, namespace: &str) {
    let subjects = binding.get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
        if subject.get("name") == Some(&Value::from("default")) {
            subject.insert("namespace".to_owned(), Value::from(namespace));
        }
    }
}

/// Puts a text before or behind the name of every object, but of those whose name is not free.
///
/// # Errors
/// What stands in the way.
pub fn affix(objects: &mut [Resource], text: &str, is_prefix: bool) -> Result<(), String> {
    let keeps = |gvk: &Gvk| {
        matches!(gvk.kind.as_str(), "CustomResourceDefinition" | "Namespace")
            || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io")
    };
    let name = Field::new(Gvk::default(), "metadata/name", false);
    for object in objects.iter_mut().filter(|object| !keeps(&object.original().gvk)) {
        let affixes = if is_prefix { &mut object.prefixes } else { &mut object.suffixes };
        affixes.push(text.to_owned());
        object.remember();
        let new = |old: &str| if is_prefix { format!("{text}{old}") } else { format!("{old}{text}") };
        set(&mut object.value, &name, Made::Nothing, &mut |value| rename(value, new))?;
    }
    Ok(())
}

/// Sets labels or annotations in the fields that hold such.
///
/// # Errors
/// What stands in the way.
pub fn pairs(objects: &mut [Resource], pairs: &Map<String, Value>, fields: &[Field]) -> Result<(), String> {
    for (key, text) in pairs {
        limits::text(key)?;
        limits::text(&scalar_text(text))?;
    }
    fields.iter().try_for_each(|field| limits::path(field.path.len()))?;
    for object in objects.iter_mut() {
        for (key, text) in pairs {
            let text = Value::String(scalar_text(text));
            for field in fields {
                let put = &mut |value: &mut Value| set_key(value, key, text.clone());
                set(&mut object.value, field, Made::Map, put)
                    .map_err(|says| format!("{} of {}: {says}", object.id(), object.file))?;
            }
        }
    }
    Ok(())
}

/// The fields of an entry of `labels`: those of its own, and what it includes.
///
/// # Errors
/// Two fields that contradict each other.
pub fn label_fields(own: Vec<Field>, selectors: bool, templates: bool) -> Result<Vec<Field>, String> {
    let mut more = Vec::new();
    if selectors {
        more.extend(fields_of("selector-label").iter().cloned());
    } else if templates {
        more.extend(fields_of("template-label").iter().cloned());
    }
    if !selectors {
        more.push(Field::new(Gvk::default(), "metadata/labels", true));
    }
    let mut fields = own;
    for field in more {
        match fields.iter().find(|known| known.covers(&field)) {
            Some(known) if known.create != field.create => {
                return Err(format!("labels: the field {} is said twice, once to be made", field.path.join("/")));
            }
            Some(_) => {}
            None => fields.push(field),
        }
    }
    Ok(fields)
}

/// Sets the replicas of the workloads of a name.
///
/// # Errors
/// There is no such workload.
pub fn replicas(objects: &mut [Resource], name: &str, count: &Value) -> Result<(), String> {
    let mut found = false;
    for field in fields_of("replicas") {
        for object in objects.iter_mut() {
            if object.was(|id| id.name == name && id.gvk.is_selected(&field.of)) {
                found = true;
                set(&mut object.value, field, Made::Scalar, &mut |value| set_scalar(value, count.clone()))?;
            }
        }
    }
    if found { Ok(()) } else { Err(format!("replicas: there is no workload {name} to scale")) }
}

/// An entry of `images`.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// The image that is meant, without a tag.
    pub name: String,
    /// What it becomes.
    pub new_name: String,
    /// Its tag.
    pub new_tag: String,
    /// What is put behind the tag that it has.
    pub tag_suffix: String,
    /// Its digest.
    pub digest: String,
}

impl Image {
    /// Of an entry.
    pub fn of(entry: &Value) -> Image {
        let text = |key: &str| entry.get(key).map(scalar_text).unwrap_or_default();
        Image {
            name: text("name"),
            new_name: text("newName"),
            new_tag: text("newTag"),
            tag_suffix: text("tagSuffix"),
            digest: text("digest"),
        }
    }

    /// Changes the image wherever it runs.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn apply(&self, objects: &mut [Resource]) -> Result<(), String> {
        [&self.name, &self.new_name, &self.new_tag, &self.digest, &self.tag_suffix]
            .into_iter()
            .try_for_each(|text| limits::text(text))?;
        // The name is a pattern to kustomize, too.
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", self.name);
        let pattern = Regex::new(&pattern).map_err(|_| format!("images: the name {} is no pattern", self.name))?;
        for object in objects.iter_mut().filter(|object| object.id().gvk.kind != "CustomResourceDefinition") {
            self.everywhere(&mut object.value, &pattern)?;
            for field in fields_of("image") {
                let put = &mut |value: &mut Value| self.change(value, &pattern);
                set(&mut object.value, field, Made::Nothing, put)?;
            }
        }
        Ok(())
    }

    /// In whatever is called `containers` or `initContainers`, at any depth of any kind (api/filters/imagetag/legacy.go).
    fn everywhere(&self, value: &mut Value, pattern: &Regex) -> Result<(), String> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.everywhere(item, pattern)),
            Value::Object(map) => map.iter_mut().try_for_each(|(key, value)| {
                self.everywhere(value, pattern)?;
                let items = value.as_array_mut().filter(|_| matches!(key.as_str(), "containers" | "initContainers"));
                let images = items.into_iter().flatten().filter_map(|item| item.get_mut("image"));
                images.filter(|image| !image.is_null()).try_for_each(|image| self.change(image, pattern))
            }),
            _ => Ok(()),
        }
    }

    fn change(&self, value: &mut Value, pattern: &Regex) -> Result<(), String> {
        let old = scalar_text(value);
        if !pattern.is_match(&old) {
            return Ok(());
        }
        let (name, mut tag, mut digest) = split(&old);
        match (self.new_tag.as_str(), self.digest.as_str()) {
            ("", "") if !self.tag_suffix.is_empty() => {
                tag = format!("{tag}{}", self.tag_suffix);
                digest = String::new();
            }
            ("", "") => {}
            (new_tag, new_digest) => (tag, digest) = (new_tag.to_owned(), new_digest.to_owned()),
        }
        let mut new = if self.new_name.is_empty() { name } else { self.new_name.clone() };
        for (sign, part) in [(':', tag), ('@', digest)] {
            if !part.is_empty() {
                new.push(sign);
                new.push_str(&part);
            }
        }
        set_scalar(value, Value::String(new))
    }
}

/// Name, tag and digest of an image; a `:` before the first `/` is that of a port.
fn split(image: &str) -> (String, String, String) {
    let from = image.find('/').unwrap_or(0);
    let (rest, digest) = match image[from..].find('@') {
        Some(at) => (&image[..from + at], &image[from + at + 1..]),
        None => (image, ""),
    };
    let (name, tag) = match rest[from..].find(':') {
        Some(at) => (&rest[..from + at], &rest[from + at + 1..]),
        None => (rest, ""),
    };
    (name.to_owned(), tag.to_owned(), digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_name_a_tag_and_a_digest() {
        let parts = |image: &str| split(image);
        let of = |name: &str, tag: &str, digest: &str| (name.to_owned(), tag.to_owned(), digest.to_owned());
        assert_eq!(parts("nginx"), of("nginx", "", ""));
        assert_eq!(parts("r.io:5000/a/b:1.2"), of("r.io:5000/a/b", "1.2", ""));
        assert_eq!(parts("a/b:1@sha256:ab"), of("a/b", "1", "sha256:ab"));
        assert_eq!(parts("nginx@sha256:ab"), of("nginx", "", "sha256:ab"));
    }
}
