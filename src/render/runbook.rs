//! The runbook of one cluster: `README.md`, and the files of `bootstrap/` for what git cannot hold.
//!
//! In: the files that components, stores and sections bring for `bootstrap/`, the units with their objects and their order.
//! Out: files. What can be told from them is: the steps of the README are the scripts, each with its own first comment, its tools
//! are what the scripts say they need, the checks of `verify.sh` and the list of what stays behind come from the objects.
//!
//! Not here: which files there are (`plan`), and their words (`templates/`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Writer;
use super::contents::{Contents, PRUNE};
use super::graph::{self, Graph};
use crate::plan::unit::{Check, Script, Unit};
use crate::problem::Problem;
use crate::template::Context;
use crate::tree::{ObjectId, text_at};

/// Where the files of the runbook stand.
const FOLDER: &str = "bootstrap";
/// The comment of a script before the library is read says what it is for.
const NEEDS: &str = "needs ";

impl Writer<'_> {
    /// Writes the runbook.
    pub(super) fn runbook(&mut self, contents: &Contents, graph: &Graph) {
        let plan = self.plan;
        let facts = self.facts(contents, graph);
        let mut steps = Vec::new();
        for script in &plan.scripts {
            let context = script.context.with([("runbook", facts.clone())]);
            let bytes = match rendered(script, &context) {
                Ok(bytes) => bytes,
                Err(found) => {
                    self.problems.extend(found);
                    continue;
                }
            };
            let Some(text) = bytes.filter(|text| !text.trim().is_empty()) else { continue };
            steps.extend(Step::of(&script.name, &text));
            let text = self.signed(text);
            let is_script = text.starts_with("#!");
            self.add(&format!("{FOLDER}/{}", script.name), None, text.into_bytes(), is_script);
        }
        self.readme(&facts, steps);
    }

    /// What the templates of the runbook may ask for, beyond what every template may.
    fn facts(&self, contents: &Contents, graph: &Graph) -> Value {
        let plan = self.plan;
        let profile = plan.profile;
        let order: Vec<&str> = graph.nodes.iter().map(|node| node.unit.as_str()).collect();
        let units = order.iter().filter_map(|name| plan.units.iter().find(|unit| unit.name == **name));
        let units: Vec<Value> =
            units.map(|unit| json!({ "name": unit.name, "checks": self.checks(unit, contents) })).collect();
        let bootstrap = profile.flux.bootstrap.as_ref();
        json!({
            "units": units, "names": order,
            "mermaid": graph::mermaid(graph), "order": graph::text(graph),
            "remote": remote(contents, plan.units.iter()),
            "kept": kept(contents, plan.units.iter()),
            "flux": {
                "command": profile.flux_command(), "with": bootstrap.map(|bootstrap| bootstrap.with),
                "personal": bootstrap.and_then(|bootstrap| bootstrap.personal), "tokenInCluster": profile.token_in_cluster(),
            },
            "notes": plan.notes.iter().map(|(of, text)| json!({ "of": of, "text": text })).collect::<Vec<_>>(),
        })
    }

    /// How a person sees that a unit works: by its objects whose kinds say how, and by what its component adds.
    fn checks(&self, unit: &Unit, contents: &Contents) -> BTreeSet<Check> {
        let late = classes_that_wait(contents, self.plan.units.iter());
        let mut checks: BTreeSet<Check> = unit.verify.iter().cloned().collect();
        for (id, object) in contents.objects(&unit.name) {
            let Some(expect) = self.plan.apis.kind(&id.group, &id.kind).and_then(|kind| kind.expect.clone()) else {
                continue;
            };
            // Such a claim is only bound once a pod uses it.
            let class = text_at(object, &["spec", "storageClassName"]).unwrap_or_default();
            if id.kind == "PersistentVolumeClaim" && late.contains(class) {
                continue;
            }
            checks.insert(Check { object: kubectl_name(&id), namespace: id.namespace, expect });
        }
        checks
    }

    /// A text with a line on what wrote it, where its kind has comments.
    fn signed(&self, text: String) -> String {
        let name = self.plan.profile.name();
        match text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#!") => {
                format!("{first}\n# Written by fluxwright from profiles/{name}.yaml.\n{rest}")
            }
            _ if text.starts_with('#') => format!("# Written by fluxwright from profiles/{name}.yaml.\n{text}"),
            _ => text,
        }
    }

    fn readme(&mut self, facts: &Value, mut steps: Vec<Step>) {
        let plan = self.plan;
        steps.sort();
        let needed: BTreeSet<&str> = steps.iter().flat_map(|step| step.needs.iter().map(String::as_str)).collect();
        let mut facts = facts.clone();
        facts["steps"] = steps.iter().map(|step| json!({ "file": step.file, "about": step.about })).collect();
        facts["needed"] = json!(needed);
        let Some(engine) = self.problems.keep(plan.catalog.section("runbook")) else { return };
        match engine.text("README.md.j2", &plan.context.with([("runbook", facts)])) {
            Ok(text) => self.add("README.md", None, text.into_bytes(), false),
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// The text of a file of the runbook; nothing where its template gives none.
fn rendered(script: &Script, context: &Context) -> Result<Option<String>, Vec<Problem>> {
    if !script.name.ends_with(".json") {
        return script.engine.text(&script.template, context).map(Some).map_err(|problem| vec![problem]);
    }
    let documents = script.engine.documents(&script.template, context)?;
    let text = documents.first().and_then(|document| serde_json::to_string_pretty(document).ok());
    Ok(text.map(|text| text + "\n"))
}

/// A script of the runbook, as the README lists it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    file: String,
    about: String,
    needs: BTreeSet<String>,
}

impl Step {
    /// What a script says of itself: its first comment, and the tools that it needs. Other files are no steps.
    fn of(file: &str, text: &str) -> Option<Step> {
        let lines = text.lines().skip_while(|line| line.starts_with("#!"));
        let comment = lines.take_while(|line| line.starts_with("# ")).filter_map(|line| line.strip_prefix("# "));
        let about = comment.map(str::trim).collect::<Vec<_>>().join(" ");
        let needs = text.lines().filter_map(|line| line.strip_prefix(NEEDS)).flat_map(str::split_whitespace);
        let is_script = text.starts_with("#!");
        is_script.then(|| Step { file: file.to_owned(), about, needs: needs.map(str::to_owned).collect() })
    }
}

/// An object as `kubectl` names it, with its group where it has one.
fn kubectl_name(id: &ObjectId) -> String {
    let kind = id.kind.to_lowercase();
    if id.group.is_empty() { format!("{kind}/{}", id.name) } else { format!("{kind}.{}/{}", id.group, id.name) }
}

/// What is read from outside: by the store's name, remote secret → properties; a secret that is read whole has none.
fn remote<'a>(contents: &Contents, units: impl Iterator<Item = &'a Unit>) -> BTreeMap<String, Value> {
    let mut remote: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let secrets = units.flat_map(|unit| contents.objects(&unit.name)).filter(|(id, _)| id.kind == "ExternalSecret");
    for (_, object) in secrets {
        let Some(store) = text_at(object, &["spec", "secretStoreRef", "name"]) else { continue };
        let spec = &object["spec"];
        let data = spec["data"].as_array().into_iter().flatten().map(|item| &item["remoteRef"]);
        let whole = spec["dataFrom"].as_array().into_iter().flatten().map(|item| &item["extract"]);
        for reference in data.chain(whole) {
            let Some(key) = text_at(reference, &["key"]) else { continue };
            let properties = remote.entry(store.to_owned()).or_default().entry(key.to_owned()).or_default();
            properties.extend(text_at(reference, &["property"]).map(str::to_owned));
        }
    }
    let secret = |(key, properties): (String, BTreeSet<String>)| json!({ "key": key, "properties": properties });
    remote.into_iter().map(|(store, secrets)| (store, secrets.into_iter().map(secret).collect())).collect()
}

/// What Flux leaves in the cluster when its unit goes, as `kubectl` names it; not what a unit leaves as a whole.
fn kept<'a>(contents: &Contents, units: impl Iterator<Item = &'a Unit>) -> Vec<Value> {
    let objects = units.filter(|unit| unit.prune).flat_map(|unit| contents.objects(&unit.name));
    let guarded =
        objects.filter(|(_, object)| text_at(object, &["metadata", "annotations", PRUNE]) == Some("disabled"));
    let kept = guarded.map(|(id, _)| (id.namespace.clone(), kubectl_name(&id)));
    let kept: BTreeSet<(Option<String>, String)> = kept.collect();
    kept.into_iter().map(|(namespace, object)| json!({ "namespace": namespace, "object": object })).collect()
}

/// Storage classes whose volumes are only made for a pod.
fn classes_that_wait<'a>(contents: &Contents, units: impl Iterator<Item = &'a Unit>) -> BTreeSet<String> {
    let classes = units.flat_map(|unit| contents.objects(&unit.name)).filter(|(id, _)| id.kind == "StorageClass");
    let waiting = classes.filter(|(_, class)| class["volumeBindingMode"] == "WaitForFirstConsumer");
    waiting.map(|(id, _)| id.name).collect()
}
