//! What each unit contains: its objects, patched by the user, kept from being pruned where they must be, and checked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Files, patches};
use crate::catalog::apis::{Apis, Guard, Scope};
use crate::plan::Plan;
use crate::plan::defaults;
use crate::plan::unit::{AppliedBy, Chart, Content, Part, Unit};
use crate::problem::{Code, Problem, Problems};
use crate::template::Context;
use crate::tree::{ObjectId, object_id};

/// What the units contain.
#[derive(Debug, Default)]
pub struct Contents {
    files: BTreeMap<String, Files>,
    /// The patches that changed an object of ours, by their place in the profile.
    pub applied: BTreeSet<usize>,
}

/// Flux's annotation that keeps an object when it leaves the tree (kustomize-controller docs/spec/v1/kustomizations.md).
pub const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";

/// Renders all units.
pub fn of(plan: &Plan<'_>, problems: &mut Problems) -> Contents {
    let mut contents = Contents::default();
    for unit in &plan.units {
        let mut files = match &unit.content {
            Content::Templates(parts) => parts.iter().flat_map(|part| templates(part, problems)).collect(),
            Content::Chart(chart) => release(plan, unit, chart, problems),
            Content::Git { .. } => continue,
        };
        files.retain(|_, documents: &mut Vec<Value>| !documents.is_empty());
        if files.is_empty() {
            continue;
        }
        contents.applied.extend(patches::apply(plan, unit, &mut files, problems));
        for document in files.values_mut().flatten() {
            guard(unit, document, &plan.apis);
            check(plan, unit, document, problems);
        }
        contents.files.insert(unit.name.clone(), files);
    }
    report_unmatched(plan, &contents, problems);
    duplicates(plan, &contents, problems);
    contents
}

impl Contents {
    /// The files of a unit that has objects of ours.
    pub fn files(&self, unit: &str) -> Option<&Files> {
        self.files.get(unit)
    }

    /// Whether a unit applies anything; one whose templates gave nothing is left out.
    pub fn has(&self, unit: &Unit) -> bool {
        unit.folder.is_none() || self.files.contains_key(&unit.name)
    }

    /// The objects of a unit.
    pub fn objects<'a>(&'a self, unit: &str) -> impl Iterator<Item = (ObjectId, &'a Value)> {
        let documents = self.files.get(unit).into_iter().flat_map(|files| files.values().flatten());
        documents.filter_map(|document| object_id(document).map(|id| (id, document)))
    }

    /// The health checks of a unit: for each of its kinds whose objects Flux cannot judge by itself, when it is ready.
    pub fn health(&self, unit: &Unit, apis: &Apis) -> Vec<Value> {
        let mut checks = BTreeMap::new();
        for (id, object) in self.objects(&unit.name) {
            if let Some(ready) = apis.kind(&id.group, &id.kind).and_then(|kind| kind.ready.as_ref()) {
                checks.insert(
                    id.kind.clone(),
                    json!({ "apiVersion": object["apiVersion"], "kind": id.kind, "current": ready }),
                );
            }
        }
        checks.into_values().chain(unit.health.iter().cloned()).collect()
    }
}

fn templates(part: &Part, problems: &mut Problems) -> Files {
    let mut files = Files::new();
    for path in part.engine.below(&part.folder) {
        let name = path[part.folder.len()..].trim_start_matches('/').trim_end_matches(".j2").to_owned();
        // Files for text(…) stand beside the units' templates and are no manifests.
        if name.starts_with("files/") {
            continue;
        }
        if name == "kustomization.yaml" {
            let says = format!("a template is called `{path}`, and fluxwright writes the file of that name itself");
            problems.push(
                Problem::new(Code::BROKEN_COMPONENT, says)
                    .hint("give it another name; what it lists is what is in the folder"),
            );
            continue;
        }
        if let Some(documents) = problems.keep(part.engine.documents(&path, &part.context)) {
            files.entry(part.file.clone().unwrap_or(name)).or_default().extend(documents);
        }
    }
    files
}

fn release(plan: &Plan<'_>, unit: &Unit, chart: &Chart, problems: &mut Problems) -> Files {
    let template = chart.values_template.as_ref();
    let documents = template.and_then(|part| problems.keep(part.engine.documents(&part.folder, &part.context)));
    let mut values = documents.into_iter().flatten().next().unwrap_or(json!({}));
    if let Some(users) = &chart.values {
        patches::overlay(&mut values, users);
    }
    let context = json!({
        "name": unit.name, "interval": defaults::INTERVAL, "retryInterval": defaults::RETRY_INTERVAL,
        "timeout": chart.timeout, "namespace": chart.namespace, "source": chart.source, "chart": chart.chart,
        "version": chart.version, "release": chart.release, "crds": chart.crds, "valuesFrom": chart.values_from, "values": values,
    });
    let context = Context::of(&context, &plan.for_templates);
    let documents = problems.keep(plan.cluster.documents("helmrelease.yaml.j2", &context));
    documents.map(|documents| ("helmrelease.yaml".to_owned(), documents)).into_iter().collect()
}

/// Keeps an object from being pruned where its kind must be, unless the user's patch says otherwise.
fn guard(unit: &Unit, object: &mut Value, apis: &Apis) {
    let Some(id) = object_id(object) else { return };
    let guarded = match apis.kind(&id.group, &id.kind).and_then(|kind| kind.guard) {
        Some(Guard::Always) => true,
        Some(Guard::Components) => unit.infrastructure,
        None => false,
    };
    if !guarded || unit.applied_by == AppliedBy::People {
        return;
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.entry(PRUNE).or_insert_with(|| json!("disabled"));
    }
}

fn check(plan: &Plan<'_>, unit: &Unit, object: &Value, problems: &mut Problems) {
    let place = || unit.place.clone();
    let Some(id) = object_id(object) else {
        let says = format!("unit `{}` renders a document without apiVersion, kind or metadata.name", unit.name);
        problems.push(
            Problem::new(Code::BROKEN_OBJECT, says)
                .at(place())
                .hint("a template's every document is a Kubernetes object"),
        );
        return;
    };
    problems.extend(misnamed(plan, unit, &id, object));
    let scope = plan.apis.kind(&id.group, &id.kind).map(|kind| kind.scope);
    if scope == Some(Scope::Namespaced) && id.namespace.is_none() {
        let says = format!("{id} of unit `{}` has no namespace", unit.name);
        let because = "Flux refuses such an object (fluxcd/pkg ssa/errors/errors.go)";
        problems.push(
            Problem::new(Code::BROKEN_OBJECT, says).at(place()).because(because).hint("in the template: namespace: <{ namespace }>\nand in component.yaml: namespace: { name: …, podSecurity: restricted }"),
        );
    }
    if scope == Some(Scope::Cluster) && id.namespace.is_some() {
        let says = format!("{id} of unit `{}` has a namespace, and its kind lives in none", unit.name);
        problems.push(Problem::new(Code::BROKEN_OBJECT, says).at(place()).hint("take `metadata.namespace` out"));
    }
    too_new(plan, unit, &id, object, problems);
}

/// A kind or version that no API server has, or a name that it refuses.
fn misnamed(plan: &Plan<'_>, unit: &Unit, id: &ObjectId, object: &Value) -> Option<Problem> {
    let broken = |says: String, hint: String| Problem::new(Code::BROKEN_OBJECT, says).at(unit.place.clone()).hint(hint);
    if id.name.is_empty() || id.name.contains(['/', '%']) || id.name.chars().any(char::is_whitespace) {
        let says = format!("`{}` of unit `{}` is no name of an object", id.name, unit.name);
        return Some(broken(says, "metadata.name: my-object".to_owned()));
    }
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let version = api_version.rsplit('/').next().unwrap_or_default();
    match plan.apis.kind(&id.group, &id.kind) {
        Some(known) if !known.versions.iter().any(|row| row.version == version) => {
            let says =
                format!("{id} of unit `{}` has the apiVersion {api_version}, which no release serves", unit.name);
            Some(broken(says, format!("in the template: apiVersion: <{{ api(\"{}\") }}>", id.kind)))
        }
        Some(_) => None,
        None => plan.apis.same_but_for_case(&id.group, &id.kind).map(|kind| {
            let says = format!("unit `{}` renders a {}, and the kind is called {kind}", unit.name, id.kind);
            broken(says, format!("kind: {kind}"))
        }),
    }
}

/// Reports fields that the versions in the profile do not know.
pub fn too_new(plan: &Plan<'_>, unit: &Unit, id: &ObjectId, object: &Value, problems: &mut Problems) {
    for (field, since) in plan.apis.too_new(&id.group, &id.kind, object) {
        let says = format!("{id} has the field {field}, which came with {since}");
        // Our own templates ask first; what is left comes from a component's, or from the profile.
        let hint = if unit.infrastructure && unit.patches.is_empty() {
            format!("in the template: <% if has(\"{}\", \"{field}\") %>", id.kind)
        } else {
            format!("take it out of `{}`, or take {since} or newer", unit.key)
        };
        problems.push(
            Problem::new(Code::FIELD_TOO_NEW, says)
                .at(unit.place.clone())
                .because("Flux applies server-side, and an unknown field blocks the whole Kustomization")
                .hint(hint),
        );
    }
}

/// Reports patches that match no object, where all objects are ours; those of git units go to Flux, which can see them.
fn report_unmatched(plan: &Plan<'_>, contents: &Contents, problems: &mut Problems) {
    let applied = &contents.applied;
    let to_flux: BTreeSet<usize> = plan
        .units
        .iter()
        .filter(|unit| matches!(unit.content, Content::Git { .. }))
        .flat_map(|unit| unit.patches.iter().map(|patch| patch.span.start))
        .collect();
    let mut reported = BTreeSet::new();
    for (unit, patch) in plan.units.iter().flat_map(|unit| unit.patches.iter().map(move |patch| (unit, patch))) {
        let at = patch.span.start;
        if applied.contains(&at) || to_flux.contains(&at) || !reported.insert(at) {
            continue;
        }
        let name = patch.target.name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        let says = format!("this patch is for {}{name}, and `{}` renders no such object", patch.target.kind, unit.key);
        let place = plan.profile.place(&patch.target.span);
        let rendered: Vec<String> =
            contents.objects(&unit.name).map(|(id, _)| format!("{}/{}", id.kind, id.name)).collect();
        let hint = format!("it renders: {}", rendered.join(", "));
        problems.push(Problem::new(Code::PATCH_MATCHES_NOTHING, says).at(place).hint(hint));
    }
}

fn duplicates(plan: &Plan<'_>, contents: &Contents, problems: &mut Problems) {
    let mut owners: BTreeMap<ObjectId, &Unit> = BTreeMap::new();
    for unit in &plan.units {
        for (id, _) in contents.objects(&unit.name) {
            if let Some(other) = owners.insert(id.clone(), unit) {
                let (who, because) = if other.name == unit.name {
                    (format!("by unit `{}`", unit.name), "Flux and kustomize refuse to build it")
                } else {
                    (
                        format!("by unit `{}` and by unit `{}`", other.name, unit.name),
                        "two Kustomizations that own one object undo each other's changes, and one prunes it when it goes",
                    )
                };
                let says = format!("{id} is rendered twice, {who}");
                problems.push(
                    Problem::new(Code::DUPLICATE_OBJECT, says)
                        .at(unit.place.clone())
                        .because(because)
                        .hint("rename one of the two"),
                );
            }
        }
    }
}
