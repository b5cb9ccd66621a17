//! Which `apiVersion` and which fields a kind has, by the versions in the profile: `templates/apis.yaml`, with sources.
//!
//! Flux applies server-side, and a field that the installed CRD does not know blocks the whole Kustomization; so fields
//! are gated by the same table as versions, and nothing is rendered that the table does not allow.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::Value;

use crate::decode::{At, Named, choice, section};
use crate::template;
use crate::texts::{Version as VersionText, lenient};

choice! {
    /// Whether objects of a kind live in a namespace.
    pub enum Scope {
        /// They do.
        Namespaced = "Namespaced",
        /// They do not.
        Cluster = "Cluster",
    }
}

choice! {
    /// Which objects of a kind are kept from being pruned.
    pub enum Guard {
        /// All.
        Always = "always",
        /// Those that components of the catalog render.
        Components = "components",
    }
}

section! {
    /// A version of a kind.
    pub struct ApiRow {
        /// The first release that serves it.
        since: VersionText,
        /// The version.
        version: String,
    }
}

section! {
    /// A field that not all releases know.
    pub struct FieldRow {
        /// Its path from the root; `[]` after a list.
        path: String,
        /// The first release that knows it.
        since: VersionText,
    }
}

section! {
    /// A kind.
    pub struct KindRow {
        /// The kind.
        kind: String,
        /// Its API group; empty for the core group.
        group: String,
        /// Whether it lives in a namespace.
        scope: Scope,
        /// Its versions, oldest first.
        versions: Vec<ApiRow>,
        /// Fields that came later.
        fields: Vec<FieldRow>,
        /// Which of its objects are kept from being pruned.
        guard: Option<Guard>,
        /// A CEL expression that holds when an object is ready, where Flux cannot see that by itself.
        ready: Option<String>,
        /// How a person sees that an object is as it should be, as `expect` of component.yaml has it.
        expect: Option<String>,
    }
}

section! {
    /// The minors of Kubernetes that a release goes with.
    pub struct Minors {
        /// The oldest.
        from: VersionText,
        /// The newest, where there is one.
        to: Option<VersionText>,
    }
}

section! {
    /// Which Kubernetes the releases of an origin go with.
    pub struct OnKubernetes {
        /// Why no other will do, with the source.
        because: String,
        /// Releases, oldest first; each goes with these minors until the next.
        releases: Named<VersionText, Minors>,
    }
}

section! {
    /// Which releases their makers mend.
    pub struct Patched {
        /// How many of the newest minors.
        minors: u32,
        /// Where they say so.
        source: String,
    }
}

section! {
    /// The Flux that the releases of an origin install.
    pub struct InstalledFlux {
        /// Why no other will do, with the source.
        because: String,
        /// Releases, oldest first; each installs this Flux until the next.
        releases: Named<VersionText, VersionText>,
    }
}

section! {
    /// Kinds that come from one thing with a version.
    pub struct Origin {
        /// What brings them: `flux`, `kubernetes`, or a component's name.
        of: At<String>,
        /// The oldest release whose objects we can write.
        oldest: VersionText,
        /// The newest release that was known when the table was written.
        newest: VersionText,
        /// Where the rows are from.
        source: String,
        /// Which of its releases are mended, where its makers say so.
        patched: Option<Patched>,
        /// The Kubernetes that its releases go with, where that is known.
        kubernetes: Option<OnKubernetes>,
        /// The Flux that its releases bring along, where they do.
        flux: Option<InstalledFlux>,
        /// The kinds.
        kinds: Vec<KindRow>,
    }
}

section! {
    /// Something that a distribution brings along.
    pub struct Brought {
        /// The capability.
        capability: String,
        /// The first of the distribution's releases that does not bring it any more.
        before: Option<VersionText>,
    }
}

section! {
    /// The whole table.
    pub struct Table {
        /// Its origins.
        origins: Vec<Origin>,
        /// API groups that every Kubernetes has, beyond those of the kinds above.
        built_in_groups as "builtInGroups": Vec<String>,
        /// What a distribution brings along.
        distributions: Named<String, Vec<Brought>>,
    }
}

/// The table, seen from the versions of one profile.
#[derive(Debug, Clone)]
pub struct Apis {
    table: std::sync::Arc<Table>,
    versions: BTreeMap<String, Version>,
}

impl Apis {
    /// The table for the versions that a profile has; what it has no version of counts as the newest.
    pub fn new(table: std::sync::Arc<Table>, versions: BTreeMap<String, Version>) -> Apis {
        Apis { table, versions }
    }

    fn version(&self, origin: &Origin) -> Version {
        let newest = || lenient(origin.newest.as_str()).unwrap_or(Version::new(0, 0, 0));
        self.versions.get(&origin.of.value).cloned().unwrap_or_else(newest)
    }

    /// `Kind` or `group/Kind`; a bare kind is the first of that name in the table.
    fn row(&self, kind: &str) -> Option<(&Origin, &KindRow)> {
        let (group, kind) = kind.rsplit_once('/').map_or((None, kind), |(group, kind)| (Some(group), kind));
        let fits = |row: &&KindRow| row.kind == kind && group.is_none_or(|group| row.group == group);
        self.table.origins.iter().find_map(|origin| origin.kinds.iter().find(fits).map(|row| (origin, row)))
    }

    /// The row of an object's kind.
    pub fn kind(&self, group: &str, kind: &str) -> Option<&KindRow> {
        self.row(&format!("{group}/{kind}")).map(|(_, row)| row)
    }

    /// A kind of the group that differs from this one in case only.
    pub fn same_but_for_case(&self, group: &str, kind: &str) -> Option<&str> {
        let kinds = self.table.origins.iter().flat_map(|origin| &origin.kinds);
        kinds
            .filter(|row| row.group == group)
            .map(|row| row.kind.as_str())
            .find(|known| known.eq_ignore_ascii_case(kind))
    }

    /// What brings objects of a kind.
    pub fn origin(&self, group: &str, kind: &str) -> Option<&str> {
        self.row(&format!("{group}/{kind}")).map(|(origin, _)| origin.of.as_str())
    }

    /// Whether every Kubernetes has the group.
    pub fn is_built_in(&self, group: &str) -> bool {
        group.is_empty() || self.table.built_in_groups.iter().any(|known| known == group)
    }

    /// The fields of an object that the versions in the profile do not know, with the release that brought each.
    pub fn too_new(&self, group: &str, kind: &str, object: &Value) -> Vec<(String, String)> {
        let Some((origin, row)) = self.row(&format!("{group}/{kind}")) else { return Vec::new() };
        let version = self.version(origin);
        let later = row.fields.iter().filter(|field| later_than(&field.since, &version));
        later
            .filter(|field| is_set(object, &field.path))
            .map(|field| (field.path.clone(), format!("{} {}", origin.of.as_str(), field.since)))
            .collect()
    }
}

fn later_than(since: &VersionText, version: &Version) -> bool {
    since.number() > Version::new(version.major, version.minor, version.patch)
}

/// Whether an object has a field; a list's `[]` means any of its items.
fn is_set(object: &Value, path: &str) -> bool {
    let Some((step, rest)) = path.split_once('.') else { return step_into(object, path).next().is_some() };
    step_into(object, step).any(|inner| is_set(inner, rest))
}

fn step_into<'a>(object: &'a Value, step: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    match step.strip_suffix("[]") {
        Some(list) => Box::new(object.get(list).and_then(Value::as_array).into_iter().flatten()),
        None => Box::new(object.get(step).into_iter()),
    }
}

impl template::Apis for Apis {
    fn api(&self, kind: &str) -> Result<String, String> {
        let (origin, row) = self.row(kind).ok_or_else(|| format!("the table of API versions has no kind `{kind}`"))?;
        let version = self.version(origin);
        let served = row.versions.iter().rfind(|api| !later_than(&api.since, &version));
        let served = served.ok_or_else(|| format!("{} {version} has no `{kind}`", origin.of.as_str()))?;
        Ok(if row.group.is_empty() { served.version.clone() } else { format!("{}/{}", row.group, served.version) })
    }

    fn has(&self, kind: &str, field: &str) -> Result<bool, String> {
        let (origin, row) = self.row(kind).ok_or_else(|| format!("the table of API versions has no kind `{kind}`"))?;
        let found = row.fields.iter().find(|row| row.path == field);
        let found = found.ok_or_else(|| format!("the table of API versions has no field `{field}` of `{kind}`"))?;
        Ok(!later_than(&found.since, &self.version(origin)))
    }
}
