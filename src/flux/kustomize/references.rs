//! Names of objects in other objects: they follow when kustomize renames an object.
//!
//! Source: kubernetes-sigs/kustomize api/filters/nameref/nameref.go and api/internal/accumulator at api v0.21.1.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::fields::{Field, Made, set};
use super::resource::{Gvk, Id, NOWHERE, Resource, metadata_text, scalar_text};

/// A row of the table: what is named, and the field that names it.
struct Reference {
    to: Gvk,
    field: Field,
}

fn table() -> &'static [Reference] {
    static TABLE: OnceLock<Vec<Reference>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let row = |row: &str| {
            let columns: Vec<&str> = row.split(' ').collect();
            let field = Field::new(Gvk::of_columns(columns.get(3..6)?), columns.get(6)?, false);
            Some(Reference { to: Gvk::of_columns(columns.get(0..3)?), field })
        };
        super::resource::rows(include_str!("name_references.txt")).filter_map(row).collect()
    })
}

/// What is known of an object that may be named.
struct Candidate {
    now: Id,
    first: Id,
    previous: Vec<Id>,
    /// Its namespace as it says it.
    namespace: String,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Candidate {
    fn of(object: &Resource) -> Candidate {
        Candidate {
            now: object.id(),
            first: object.original(),
            previous: object.previous(),
            namespace: metadata_text(&object.value, "namespace"),
            prefixes: object.prefixes.clone(),
            suffixes: object.suffixes.clone(),
        }
    }

    /// Whether it can name another one: what is of the cluster, in its namespace, or in one of these.
    fn can_name(&self, other: &Candidate, namespaces: &BTreeSet<String>) -> bool {
        self.now.is_of_the_cluster()
            || other.now.is_of_the_cluster()
            || other.now.namespace == self.now.namespace
            || namespaces.contains(&other.namespace)
    }
}

/// Rewrites every name that is not right any more.
///
/// # Errors
/// A name that could be that of several objects.
pub fn rewrite(objects: &mut [Resource]) -> Result<(), String> {
    if objects.iter().all(|object| object.previous.is_empty()) {
        return Ok(());
    }
    let candidates: Vec<Candidate> = objects.iter().map(Candidate::of).collect();
    let renamed: Vec<&Candidate> = candidates.iter().filter(|other| !other.previous.is_empty()).collect();
    for (object, itself) in objects.iter_mut().zip(&candidates) {
        let rows = table().iter().filter(|row| itself.first.gvk.is_selected(&row.field.of));
        let rows: Vec<&Reference> = rows.collect();
        if rows.is_empty() {
            continue;
        }
        let namespaces = of_accounts(&object.value, itself);
        let is_near = |other: &&Candidate| itself.can_name(other, &namespaces);
        let near: Vec<&Candidate> = renamed.iter().copied().filter(is_near).collect();
        let other_namespaces: BTreeSet<&str> =
            candidates.iter().filter(is_near).map(|other| other.first.namespace.as_str()).collect();
        for row in rows {
            let role = role_of(&object.value, &row.field);
            let referrer = Referrer { itself, near: &near, first_namespaces: &other_namespaces, to: &row.to, role };
            let field = Field { of: Gvk::default(), ..row.field.clone() };
            set(&mut object.value, &field, Made::Nothing, &mut |value| referrer.rewrite(value))
                .map_err(|says| format!("{}: {says}", itself.now))?;
        }
    }
    Ok(())
}

/// The namespaces of the ServiceAccounts of a RoleBinding.
fn of_accounts(value: &Value, itself: &Candidate) -> BTreeSet<String> {
    let subjects = value.get("subjects").and_then(Value::as_array).filter(|_| itself.now.gvk.kind == "RoleBinding");
    let is_account = |subject: &&Value| subject.get("kind").and_then(Value::as_str) == Some("ServiceAccount");
    let namespace = |subject: &Value| subject.get("namespace").and_then(Value::as_str).map(str::to_owned);
    subjects.into_iter().flatten().filter(is_account).filter_map(namespace).collect()
}

/// The kind that a `roleRef` says.
fn role_of(value: &Value, field: &Field) -> Option<Gvk> {
    if !field.path.ends_with(&["roleRef".to_owned(), "name".to_owned()]) {
        return None;
    }
    let said = |key: &str| value.get("roleRef")?.get(key).map(scalar_text);
    Some(Gvk { group: said("apiGroup")?, version: String::new(), kind: said("kind")? })
}

/// An object that names others, at one of its fields.
struct Referrer<'a> {
    itself: &'a Candidate,
    /// What was renamed and can be named.
    near: &'a [&'a Candidate],
    /// The namespaces in which something that can be named was in the beginning, renamed or not.
    first_namespaces: &'a BTreeSet<&'a str>,
    to: &'a Gvk,
    role: Option<Gvk>,
}

impl Referrer<'_> {
    fn rewrite(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.rewrite(item)),
            Value::Object(map) => {
                let name = map.get("name").map(scalar_text).ok_or("a name is missing")?;
                let namespace = map.get("namespace").map(scalar_text);
                let Some(found) = self.find(&name, self.of_namespace(namespace.as_deref()), true)? else {
                    return Ok(());
                };
                if found.now.name == name && found.namespace.is_empty() {
                    return Ok(());
                }
                map.insert("name".to_owned(), Value::from(found.now.name.clone()));
                if !found.namespace.is_empty() {
                    map.insert("namespace".to_owned(), Value::from(found.namespace.clone()));
                }
                Ok(())
            }
            scalar => {
                let name = scalar_text(scalar);
                if let Some(found) = self.find(&name, self.near.to_vec(), false)?
                    && found.now.name != name
                {
                    *scalar = Value::from(found.now.name.clone());
                }
                Ok(())
            }
        }
    }

    /// The candidates that are or were in a namespace.
    fn of_namespace(&self, namespace: Option<&str>) -> Vec<&Candidate> {
        let Some(namespace) = namespace else { return self.near.to_vec() };
        let in_it = |of: fn(&Candidate) -> &Id| {
            self.near.iter().copied().filter(|one| of(one).namespace == namespace).collect::<Vec<_>>()
        };
        let began_there = namespace != NOWHERE && self.first_namespaces.contains(namespace);
        if began_there { in_it(|one| &one.first) } else { in_it(|one| &one.now) }
    }

    /// The one object that is named.
    fn find<'b>(
        &self,
        name: &str,
        mut found: Vec<&'b Candidate>,
        by_namespace: bool,
    ) -> Result<Option<&'b Candidate>, String> {
        found.retain(|one| one.previous.iter().any(|id| id.name == name));
        found.retain(|one| one.previous.iter().any(|id| id.gvk.is_selected(self.to)));
        if let Some(role) = &self.role {
            found.retain(|one| one.previous.iter().any(|id| id.gvk.is_selected(role)));
        }
        found.retain(|one| self.shares_a_namespace(one));
        if found.len() > 1 {
            found.retain(|one| self.same_affixes(one, true));
        }
        if found.len() > 1 {
            found.retain(|one| self.same_affixes(one, false));
        }
        let Some((first, others)) = found.split_first() else { return Ok(None) };
        let same = |other: &&Candidate| {
            other.now.name == first.now.name && (!by_namespace || other.namespace == first.namespace)
        };
        if others.iter().all(same) {
            Ok(Some(first))
        } else {
            Err(format!("the name {name} could be that of several objects of kind {}", self.to.kind))
        }
    }

    fn shares_a_namespace(&self, other: &Candidate) -> bool {
        self.itself.now.is_of_the_cluster()
            || other.now.is_of_the_cluster()
            || other.now.gvk.kind == "ServiceAccount"
            || other.now.namespace == self.itself.now.namespace
    }

    fn same_affixes(&self, other: &Candidate, none_fits_any: bool) -> bool {
        let same = |one: &[String], other: &[String]| {
            if one.is_empty() || other.is_empty() {
                none_fits_any || (one.is_empty() && other.is_empty())
            } else {
                one.ends_with(other) || other.ends_with(one)
            }
        };
        same(&other.prefixes, &self.itself.prefixes) && same(&other.suffixes, &self.itself.suffixes)
    }
}
