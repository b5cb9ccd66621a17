//! A file of manifests, and a kustomization: documents with the lines that they begin at.
//!
//! In: bytes. Out: values as Flux reads them, or what is wrong with the file. Not here: what a key does (`mod.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::limits::MAX_MISTAKES;
use super::resource::{metadata_text, scalar_text};
use super::shape::Shape;
use super::{Fault, Mistake};
use crate::problem::{Code, Problem, Problems, Source};
use crate::tree::pointer_step;
use crate::yaml::{self, Kind, Meaning, Node, go, plain_meaning};

/// A document of a file.
#[derive(Debug, Clone)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// The line at which it begins.
    pub line: usize,
}

/// The nodes of a text, without empty documents.
fn nodes(file: &str, bytes: &[u8]) -> Result<(Arc<Source>, Vec<Node>), Vec<Mistake>> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| vec![Mistake::new(file, 0, "the file is not UTF-8").of(Fault::NotYaml)])?;
    let source = Source::new(file, text.trim_start_matches('\u{feff}'));
    let mut problems = Problems::default();
    let nodes = yaml::read_manifest(&source, &mut problems);
    let mistake = |problem: Problem| {
        let fault = fault_of(&source, &problem);
        let span = problem.place.filter(|place| !place.source.text.is_empty()).map(|place| (place.start, place.end));
        let line = span.map_or(0, |(start, _)| source.line_column(start).0);
        Mistake { span, ..Mistake::new(file, line, &problem.says).of(fault) }
    };
    let mistakes: Vec<Mistake> = problems.sorted().into_iter().take(MAX_MISTAKES).map(mistake).collect();
    match nodes.filter(|_| mistakes.is_empty()) {
        Some(nodes) => Ok((source, nodes)),
        None => Err(mistakes),
    }
}

/// Of what kind a mistake of the reader is, by what it underlines.
fn fault_of(source: &Source, problem: &Problem) -> Fault {
    let underlined = problem.place.as_ref().and_then(|place| source.text.get(place.start..place.end));
    match underlined {
        _ if problem.code == Code::DUPLICATE_KEY => Fault::RepeatedKey,
        Some("\t") => Fault::Tab,
        Some(text) if text.starts_with("<<<<<<<") => Fault::ConflictMarkers,
        _ => Fault::NotYaml,
    }
}

/// The documents of a text, without empty ones.
///
/// # Errors
/// Where it is not YAML as kustomize reads it.
pub fn documents(file: &str, bytes: &[u8]) -> Result<Vec<Document>, Vec<Mistake>> {
    read(file, bytes, &mut |_, _| {})
}

/// The same; each node is shown with its line.
fn read(file: &str, bytes: &[u8], show: &mut dyn FnMut(&Node, usize)) -> Result<Vec<Document>, Vec<Mistake>> {
    let (source, nodes) = nodes(file, bytes)?;
    let (mut seen, mut line) = (0, 1);
    let document = |node: &Node| {
        let at = first_key(node);
        line += source.text.get(seen..at).unwrap_or_default().matches('\n').count();
        seen = at.max(seen);
        show(node, line);
        // A list is one of operations or replacements, which kustomize reads as kubectl does.
        let value =
            if matches!(node.kind, Kind::List(_)) { go::as_kubectl_reads(node) } else { go::as_flux_reads(node) };
        Document { value, line }
    };
    Ok(nodes.iter().map(document).filter(|document| !document.value.is_null()).collect())
}

/// Where the first key of a mapping stands.
fn first_key(node: &Node) -> usize {
    match &node.kind {
        Kind::Map(entries) => entries.first().map_or(node.span.start, |(key, _)| key.span.start),
        _ => node.span.start,
    }
}

/// A file of manifests that was read.
#[derive(Debug)]
pub struct Manifest {
    /// Its objects with the lines at which they begin, or what is wrong: what is no object, or one without a name.
    pub objects: Result<Vec<(Value, usize)>, Vec<Mistake>>,
    /// What readers of it disagree about.
    pub disputes: Vec<Dispute>,
}

/// A text without quotes that readers take for different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Where it stands in its document, as a JSON pointer.
    pub pointer: String,
    /// The text.
    pub text: String,
    /// What it is to some of them.
    pub what: &'static str,
    /// The line at which the document begins.
    pub line: usize,
}

impl Manifest {
    /// Of a file.
    pub fn of(file: &str, bytes: &[u8]) -> Manifest {
        let mut disputes = Vec::new();
        let documents =
            read(file, bytes, &mut |node, line| find_disputes(node, line, &mut String::new(), &mut disputes));
        let objects = documents.and_then(|documents| objects(file, documents));
        Manifest { objects, disputes }
    }
}

fn find_disputes(node: &Node, line: usize, pointer: &mut String, found: &mut Vec<Dispute>) {
    let mut below = |step: &str, node: &Node| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&pointer_step(step));
        find_disputes(node, line, pointer, found);
        pointer.truncate(length);
    };
    match &node.kind {
        Kind::Map(entries) => entries.iter().for_each(|(key, node)| below(&key.text, node)),
        Kind::List(items) => items.iter().enumerate().for_each(|(index, node)| below(&index.to_string(), node)),
        Kind::Scalar { text, plain: true } => {
            let what = match plain_meaning(text) {
                Meaning::Disputed(what) => what,
                Meaning::Number(_) if is_rewritten(node, text) => "another number when it is written",
                _ => return,
            };
            found.push(Dispute { pointer: pointer.clone(), text: text.clone(), what, line });
        }
        Kind::Scalar { .. } => {}
    }
}

/// Whether a number gets another form: to JSON, as Go writes it, 1.0 is 1.
fn is_rewritten(node: &Node, text: &str) -> bool {
    let written = go::as_flux_reads(node).to_string();
    written != text
}

/// The objects of documents, those of lists one by one, with their lines.
///
/// # Errors
/// What is no object, or one without a name.
fn objects(file: &str, documents: Vec<Document>) -> Result<Vec<(Value, usize)>, Vec<Mistake>> {
    let mut objects = Vec::new();
    let mut mistakes = Vec::new();
    let mut open: Vec<(Value, usize)> = documents.into_iter().map(|document| (document.value, document.line)).collect();
    open.reverse();
    while let Some((value, line)) = open.pop() {
        let kind = value.get("kind").map(scalar_text).unwrap_or_default();
        match value.get("items") {
            Some(Value::Null) if kind.ends_with("List") => continue,
            Some(Value::Array(items)) if kind.ends_with("List") => {
                open.extend(items.iter().rev().map(|item| (item.clone(), line)));
                continue;
            }
            _ => {}
        }
        let lacks = if !value.is_object() {
            Some("the document is no Kubernetes object")
        } else if kind.is_empty() {
            Some("the object has no kind")
        } else if metadata_text(&value, "name").is_empty() && !kind.ends_with("List") {
            Some("the object has no metadata.name")
        } else {
            None
        };
        match lacks {
            Some(says) => {
                let is_manifest = value.get("apiVersion").is_some() || !kind.is_empty();
                let fault = if is_manifest { Fault::NoObject } else { Fault::NoManifest };
                if mistakes.len() < MAX_MISTAKES {
                    mistakes.push(Mistake::new(file, line, says).of(fault));
                }
            }
            None if value.as_object().is_some_and(Map::is_empty) => {}
            None => objects.push((value, line)),
        }
    }
    if mistakes.is_empty() { Ok(objects) } else { Err(mistakes) }
}

/// A kustomization.
#[derive(Debug, Clone)]
pub struct Kustomization {
    /// The file that it stands in; the folder, if Flux makes one up for it.
    pub file: String,
    /// The folder that its paths are seen from.
    pub folder: String,
    /// What it says, with the names of its keys as they are written in the documentation.
    pub says: Value,
    /// The lines of its keys.
    pub lines: BTreeMap<String, usize>,
    /// What is wrong with it, although it can be read.
    pub mistakes: Vec<Mistake>,
}

impl Kustomization {
    /// Of a file.
    ///
    /// # Errors
    /// What kustomize does not read.
    pub fn of(file: &str, folder: &str, bytes: &[u8]) -> Result<Kustomization, Vec<Mistake>> {
        let wrong = |line: usize, says: &str| Err(vec![Mistake::new(file, line, says)]);
        let (source, nodes) = nodes(file, bytes)?;
        let node = match &nodes[..] {
            [node] if matches!(node.kind, Kind::Map(_)) => node,
            [] => return wrong(0, "the kustomization is empty"),
            _ => return wrong(1, "a kustomization is one document, and a mapping"),
        };
        let mut shape = Shape::new(&source);
        let says = shape.object(node, "");
        let mistakes = shape.mistakes;
        let line = |key: &str| {
            let Kind::Map(entries) = &node.kind else { return 0 };
            let found = entries.iter().find(|(written, _)| written.text.eq_ignore_ascii_case(key));
            found.map_or(0, |(key, _)| source.line_column(key.span.start).0)
        };
        let lines = says.keys().map(|key| (key.clone(), line(key))).collect();
        let (file, folder) = (file.to_owned(), folder.to_owned());
        let kustomization = Kustomization { file, folder, says: Value::Object(says), lines, mistakes };
        match kustomization.refusal() {
            Some(says) => wrong(1, &says),
            None => Ok(kustomization),
        }
    }

    /// The one that Flux makes up for a folder without.
    pub fn made_up(folder: &str, resources: &[String]) -> Kustomization {
        let below = |path: &String| path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').to_owned();
        let resources: Vec<String> = resources.iter().map(below).collect();
        let says = json!({"kind": "Kustomization", "resources": resources});
        Kustomization {
            file: folder.to_owned(),
            folder: folder.to_owned(),
            says,
            lines: BTreeMap::new(),
            mistakes: Vec::new(),
        }
    }

    /// Whether no file has it.
    pub fn is_made_up(&self) -> bool {
        self.file == self.folder
    }

    /// Whether it says nothing at all; kustomize does not build such a one, and Flux does.
    pub fn is_empty(&self) -> bool {
        let is_set = |(key, value): (&String, &Value)| {
            let empty = value.is_null() || value.as_str() == Some("");
            !matches!(key.as_str(), "apiVersion" | "kind") && !empty
        };
        self.mistakes.is_empty() && !self.says.as_object().into_iter().flatten().any(is_set)
    }

    fn refusal(&self) -> Option<String> {
        let kind = self.text("kind");
        if !matches!(kind.as_str(), "" | "Kustomization" | "Component") {
            return Some("the kind of a kustomization is Kustomization or Component".to_owned());
        }
        let version = if kind == "Component" { "v1alpha1" } else { "v1beta1" };
        let wanted = format!("kustomize.config.k8s.io/{version}");
        let said = self.text("apiVersion");
        (!said.is_empty() && said != wanted).then(|| format!("the apiVersion has to be {wanted}"))
    }

    /// Whether it is a component.
    pub fn is_component(&self) -> bool {
        self.text("kind") == "Component"
    }

    /// A text.
    pub fn text(&self, key: &str) -> String {
        self.says.get(key).map(scalar_text).unwrap_or_default()
    }

    /// A list; an empty one if there is none.
    pub fn list(&self, key: &str) -> Vec<Value> {
        self.says.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// A mapping; an empty one if there is none.
    pub fn map(&self, key: &str) -> Map<String, Value> {
        self.says.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The line of a key, or of the key that an entry stands below: `resources/0`.
    pub fn line(&self, key: &str) -> usize {
        let key = key.split('/').next().unwrap_or(key);
        self.lines.get(key).copied().unwrap_or(0)
    }
}
