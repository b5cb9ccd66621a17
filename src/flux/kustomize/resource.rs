//! An object on its way through a build: what it is by now, what it was called on the way, and where it comes from.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// The namespace of what has none.
pub const NOWHERE: &str = "_non_namespaceable_";
/// The namespace of what does not say one.
pub const DEFAULT: &str = "default";

/// Group, version and kind; in a selector an empty one is any.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gvk {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
}

impl Gvk {
    /// Those of an object.
    pub fn of(value: &Value) -> Gvk {
        let text = |key: &str| value.get(key).map(scalar_text).unwrap_or_default();
        let api_version = text("apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        Gvk { group: group.to_owned(), version: version.to_owned(), kind: text("kind") }
    }

    /// As three columns of a table have it, with `-` for any.
    pub fn of_columns(columns: &[&str]) -> Gvk {
        let column = |at: usize| columns.get(at).filter(|text| **text != "-").map(ToString::to_string);
        let [group, version, kind] = [0, 1, 2].map(|at| column(at).unwrap_or_default());
        Gvk { group, version, kind }
    }

    /// Whether a selector selects it.
    pub fn is_selected(&self, by: &Gvk) -> bool {
        let fits = |text: &str, by: &str| by.is_empty() || text == by;
        fits(&self.group, &by.group) && fits(&self.version, &by.version) && fits(&self.kind, &by.kind)
    }

    /// Whether it is a selector that selects an object.
    pub fn selects(&self, object: &Value) -> bool {
        // Most fields are of every kind, or of one kind.
        if !self.kind.is_empty() && object.get("kind").and_then(Value::as_str).is_some_and(|kind| kind != self.kind) {
            return false;
        }
        *self == Gvk::default() || Gvk::of(object).is_selected(self)
    }

    /// As `apiVersion` has it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    fn is_of_the_cluster(&self) -> bool {
        static KINDS: OnceLock<BTreeSet<String>> = OnceLock::new();
        let rows = || rows(include_str!("cluster_kinds.txt")).map(str::to_owned).collect();
        KINDS.get_or_init(rows).contains(&format!("{} {}", self.api_version(), self.kind))
    }
}

/// The rows of a table, without its head.
pub fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// What an object is, or was, to kustomize.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// Its name.
    pub name: String,
    /// Its namespace: [`DEFAULT`] if it does not say one, [`NOWHERE`] if its kind has none.
    pub namespace: String,
}

impl Id {
    /// Of an object as it is.
    pub fn of(value: &Value) -> Id {
        let gvk = Gvk::of(value);
        let said = metadata_text(value, "namespace");
        let namespace = if gvk.is_of_the_cluster() {
            NOWHERE.to_owned()
        } else if said.is_empty() {
            DEFAULT.to_owned()
        } else {
            said
        };
        Id { gvk, name: metadata_text(value, "name"), namespace }
    }

    /// Whether its kind has no namespace.
    pub fn is_of_the_cluster(&self) -> bool {
        self.namespace == NOWHERE
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.gvk.kind)?;
        if !self.gvk.group.is_empty() {
            write!(f, ".{}", self.gvk.group)?;
        }
        if !self.is_of_the_cluster() {
            write!(f, "/{}", self.namespace)?;
        }
        write!(f, "/{}", self.name)
    }
}

/// What a generator does where there is such an object already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Behavior {
    /// It is a mistake.
    #[default]
    Create,
    /// The old one goes.
    Replace,
    /// The data of both are kept.
    Merge,
}

/// An object in a build.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The object as it is by now.
    pub value: Value,
    /// The file that it stands in, or the kustomization that generates it.
    pub file: String,
    /// The line of that file; 0 if it is generated.
    pub line: usize,
    /// What it was before, the oldest first.
    pub previous: Vec<Id>,
    /// The prefixes of its name, the innermost first.
    pub prefixes: Vec<String>,
    /// The suffixes of its name.
    pub suffixes: Vec<String>,
    /// What a generator says of an older one.
    pub behavior: Behavior,
    /// Whether its name gets a hash of its contents.
    pub hashed: bool,
    /// Whether all that is done to it is known.
    pub certain: bool,
}

impl Resource {
    /// An object of a file.
    pub fn new(value: Value, file: &str, line: usize) -> Resource {
        Resource {
            value,
            file: file.to_owned(),
            line,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Create,
            hashed: false,
            certain: true,
        }
    }

    /// What it is now.
    pub fn id(&self) -> Id {
        Id::of(&self.value)
    }

    /// What it was in the beginning.
    pub fn original(&self) -> Id {
        self.previous.first().map_or_else(|| self.id(), |id| of_today(&Gvk::of(&self.value), id))
    }

    /// What it was before; group and version are always those of today.
    pub fn previous(&self) -> Vec<Id> {
        let gvk = Gvk::of(&self.value);
        self.previous.iter().map(|id| of_today(&gvk, id)).collect()
    }

    /// Whether it is or was one that fits.
    pub fn was(&self, fits: impl Fn(&Id) -> bool) -> bool {
        self.previous().iter().any(&fits) || fits(&self.id())
    }

    /// Keeps what it is now, before that changes.
    pub fn remember(&mut self) {
        let id = self.id();
        if self.previous.last() != Some(&id) {
            self.previous.push(id);
        }
    }
}

/// What an object was, with the group and version that it has now.
fn of_today(gvk: &Gvk, was: &Id) -> Id {
    Id { gvk: Gvk { kind: was.gvk.kind.clone(), ..gvk.clone() }, ..was.clone() }
}

/// The text of a scalar, whatever its type.
pub fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A text in an object's metadata; empty if there is none.
pub fn metadata_text(value: &Value, key: &str) -> String {
    value.pointer("/metadata").and_then(|metadata| metadata.get(key)).map(scalar_text).unwrap_or_default()
}

/// The labels or annotations of an object, as texts.
pub fn metadata_map(value: &Value, key: &str) -> Map<String, Value> {
    let map = value.get("metadata").and_then(|metadata| metadata.get(key)).and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| (key.clone(), Value::String(scalar_text(value)));
    map.map(|map| map.iter().map(text).collect()).unwrap_or_default()
}

/// Sets a key of an object's metadata; nothing takes it away.
pub fn set_metadata(value: &mut Value, key: &str, new: Option<Value>) {
    let Some(object) = value.as_object_mut() else { return };
    let metadata = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    let Some(metadata) = metadata.as_object_mut() else { return };
    match new {
        Some(new) => drop(metadata.insert(key.to_owned(), new)),
        None => drop(metadata.shift_remove(key)),
    }
}

/// The same for a map of texts, which goes when it is empty.
pub fn set_metadata_map(value: &mut Value, key: &str, map: Map<String, Value>) {
    if map.is_empty() && value.pointer("/metadata").is_none_or(|metadata| metadata.get(key).is_none()) {
        return;
    }
    set_metadata(value, key, if map.is_empty() { None } else { Some(Value::Object(map)) });
}

/// Whether an object is only for kustomize's own use and is not given to the cluster.
pub fn is_local(value: &Value) -> bool {
    let said = value.pointer("/metadata/annotations").and_then(|map| map.get("config.kubernetes.io/local-config"));
    said.is_some_and(|said| scalar_text(said) != "false")
}
