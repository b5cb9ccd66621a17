//! FW709 `label-limit`: a label or an annotation that Kubernetes refuses, or that kustomize drops.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::placed_objects;
use super::shapes::{LABEL_VALUE, wrong_key};
use super::text_places::WORKLOADS;
use crate::checks::finding::Finding;
use crate::checks::{Check, RepoView, Rule};
use crate::flux::applied::title;
use crate::flux::folder::KUSTOMIZATION_FILES;
use crate::flux::kustomize::{Dispute, Manifest, documents};
use crate::problem::{Code, Severity};
use crate::tree::{object_id, pointer_step};
use crate::yaml::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW709",
        name: "label-limit",
        about: "A label or an annotation that is too long, has signs that Kubernetes does not take, or is no text.",
    },
    severity: Severity::Error,
    because: "Kubernetes refuses the object, and the Flux Kustomization that applies it fails (apimachinery \
              pkg/util/validation/validation.go)",
    explains: "A key is `[prefix/]name`, where the prefix is a DNS name and the name has at most 63 letters, digits, `-`, `_` and `.`. The \
               value of a label is of the same signs, or empty; that of an annotation is any text, and all of them together have \
               at most 256 KiB.\n\nLabels and annotations of objects, of pod templates and of kustomizations are looked at as they \
               are written, and selectors of labels, too. Variables do not count. Annotations of an object may be numbers \
               or truth values, since kustomize makes texts of them; in a template it does not.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
  labels:
    branch: feature/colours
    generation: 3
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
  labels:
    branch: feature-colours
    generation: \"3\"
",
    check: Check::Repo(find),
};

/// How many bytes the annotations of an object may have.
const ANNOTATIONS: usize = 256 * 1024;

/// Where labels stand, by kind.
const PLACES: &[(&[&str], &[&str])] = &[
    (&[], &["/metadata/labels"]),
    (
        WORKLOADS,
        &[
            "/spec/selector/matchLabels",
            "/spec/nodeSelector",
            "/spec/template/metadata/labels",
            "/spec/template/spec/nodeSelector",
            "/spec/jobTemplate/metadata/labels",
            "/spec/jobTemplate/spec/template/metadata/labels",
            "/spec/jobTemplate/spec/template/spec/nodeSelector",
        ],
    ),
    (&["Service"], &["/spec/selector"]),
    (&["NetworkPolicy"], &["/spec/podSelector/matchLabels"]),
    (&["PodDisruptionBudget"], &["/spec/selector/matchLabels"]),
    (&["Kustomization", "HelmRelease"], &["/spec/commonMetadata/labels"]),
];

/// Where annotations stand.
const ANNOTATED: &[(&[&str], &[&str])] = &[
    (&[], &["/metadata/annotations"]),
    (
        WORKLOADS,
        &[
            "/spec/template/metadata/annotations",
            "/spec/jobTemplate/metadata/annotations",
            "/spec/jobTemplate/spec/template/metadata/annotations",
        ],
    ),
    (&["Kustomization", "HelmRelease"], &["/spec/commonMetadata/annotations"]),
];

/// What a mapping is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Labels,
    /// Those of an object, of which kustomize makes texts.
    OwnAnnotations,
    Annotations,
}

/// A mapping of labels or annotations, as it is written.
struct Place<'a> {
    file: &'a str,
    line: usize,
    pointer: String,
    of: Of,
    /// Whose it is.
    whose: String,
    /// What another rule says of the file.
    disputes: &'a [Dispute],
}

fn find(repo: &RepoView<'_>) -> Vec<Finding> {
    let of_file = |(path, manifest): &(String, Arc<Manifest>)| of_manifest(path, manifest);
    let mut found: Vec<Finding> = repo.manifests.iter().flat_map(of_file).collect();
    let is_kustomization = |path: &&String| KUSTOMIZATION_FILES.contains(&path.rsplit('/').next().unwrap_or_default());
    for path in repo.reached.iter().filter(is_kustomization) {
        found.extend(of_kustomization(repo, path));
    }
    found
}

fn of_manifest(path: &str, manifest: &Manifest) -> Vec<Finding> {
    let mut found = Vec::new();
    for (object, line, prefix) in placed_objects(manifest) {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        let disputes = manifest.disputes.as_slice();
        let whose = || object_id(object).map_or_else(|| kind.to_owned(), |id| title(&id));
        let mut look = |at: &str, of: Of| {
            if let Some(value) = object.pointer(at).filter(|value| !value.is_null()) {
                let place = Place { file: path, line, pointer: format!("{prefix}{at}"), of, whose: whose(), disputes };
                found.extend(place.findings(value));
            }
        };
        let pointers = |rows: &'static [(&[&str], &[&str])]| {
            let is_of = |(kinds, _): &&(&[&str], &'static [&str])| kinds.is_empty() || kinds.contains(&kind);
            rows.iter().filter(is_of).flat_map(|(_, pointers)| pointers.iter()).collect::<Vec<_>>()
        };
        pointers(PLACES).into_iter().for_each(|at| look(at, Of::Labels));
        for at in pointers(ANNOTATED) {
            look(at, if at.starts_with("/metadata") { Of::OwnAnnotations } else { Of::Annotations });
        }
    }
    found
}

/// What a kustomization gives to everything.
fn of_kustomization(repo: &RepoView<'_>, path: &str) -> Vec<Finding> {
    let Ok(Some(bytes)) = repo.files.read(path) else { return Vec::new() };
    let documents = documents(path, &bytes).unwrap_or_default();
    let Some(document) = documents.first() else { return Vec::new() };
    let entries = document.value.get("labels").and_then(Value::as_array).map_or(0, Vec::len);
    let pairs = (0..entries).map(|at| (format!("/labels/{at}/pairs"), Of::Labels));
    let common = [("/commonLabels", Of::Labels), ("/commonAnnotations", Of::OwnAnnotations)];
    let all = common.map(|(pointer, of)| (pointer.to_owned(), of)).into_iter().chain(pairs);
    let findings = |(pointer, of): (String, Of)| {
        let value = document.value.pointer(&pointer).filter(|value| value.is_object());
        let place = Place {
            file: path,
            line: document.line,
            pointer,
            of,
            whose: "the kustomization".to_owned(),
            disputes: &[],
        };
        value.map(|value| place.findings(value)).unwrap_or_default()
    };
    all.flat_map(findings).collect()
}

impl Place<'_> {
    fn what(&self) -> &'static str {
        match self.pointer.rsplit('/').next() {
            _ if self.of != Of::Labels => "annotation",
            Some("labels" | "commonLabels" | "pairs") => "label",
            _ => "selector",
        }
    }

    fn finding(&self, below: Option<&str>, says: String) -> Finding {
        Finding::in_file(self.file, self.line, says).at(self.below(below))
    }

    fn below(&self, key: Option<&str>) -> String {
        let step = key.map_or_else(String::new, |key| format!("/{}", pointer_step(key)));
        format!("{}{step}", self.pointer)
    }

    /// Whether a value is read as something else than what stands there, which `yaml-11-value` says.
    fn is_disputed(&self, key: &str, value: &Value) -> bool {
        let pointer = self.below(Some(key));
        !value.is_boolean() && self.disputes.iter().any(|one| one.line == self.line && one.pointer == pointer)
    }

    fn findings(&self, value: &Value) -> Vec<Finding> {
        let Some(map) = value.as_object() else { return vec![self.no_mapping(value)] };
        let mut found: Vec<Finding> = map.iter().filter_map(|(key, value)| self.entry(key, value)).collect();
        found.extend(self.too_much(map));
        found
    }

    /// A text where a mapping is meant, as `annotations: key=value`.
    fn no_mapping(&self, value: &Value) -> Finding {
        let key = self.pointer.rsplit('/').next().unwrap_or_default();
        let says = format!("`{key}` of {} is {} and no mapping", self.whose, named(value));
        let pair = value.as_str().and_then(|text| text.split_once('='));
        let (name, text) = pair.unwrap_or(("KEY", "…"));
        let finding = self.finding(None, says).hint(format!("{key}:\n  {name}: {}", quoted(text)));
        if self.of == Of::OwnAnnotations && value.is_string() {
            return finding.because("kustomize drops it without a word, and the object comes without annotations");
        }
        finding
    }

    fn entry(&self, key: &str, value: &Value) -> Option<Finding> {
        let (what, whose) = (self.what(), &self.whose);
        if let Some(wrong) = wrong_key(key).filter(|_| !key.contains("${")) {
            let says = format!("the {what} `{key}` of {whose} {wrong}");
            return Some(
                self.finding(Some(key), says).hint("a key is NAME or PREFIX/NAME: app, app.kubernetes.io/name"),
            );
        }
        let text = match value {
            _ if self.is_disputed(key, value) => return None,
            Value::String(text) => text,
            Value::Null => return None,
            Value::Bool(_) | Value::Number(_) if self.of == Of::OwnAnnotations => return None,
            other => {
                let says = format!("the {what} `{key}` of {whose} is {} and no text", named(other));
                let scalar = !other.is_array() && !other.is_object();
                let hint =
                    if scalar { format!("{key}: {}", quoted(&other.to_string())) } else { format!("{key}: \"…\"") };
                return Some(self.finding(Some(key), says).hint(hint));
            }
        };
        let is_known = !text.is_empty() && !text.contains("${") && !text.starts_with("ENC[");
        let wrong = LABEL_VALUE.wrong(text).filter(|_| self.of == Of::Labels && is_known)?;
        let hint = "an annotation takes any text; as a label:".to_owned();
        let near = LABEL_VALUE.nearest(text).filter(|near| !near.contains("--"));
        let hint =
            near.map_or_else(|| "an annotation takes any text".to_owned(), |near| format!("{hint}\n{key}: {near}"));
        Some(self.finding(Some(key), format!("the value of {what} `{key}` of {whose} {wrong}")).hint(hint))
    }

    fn too_much(&self, map: &Map<String, Value>) -> Option<Finding> {
        let bytes: usize = map.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
        let says = format!("the annotations of {} have {bytes} bytes, and at most {ANNOTATIONS} are taken", self.whose);
        let hint = "keep large texts in a ConfigMap";
        (self.of != Of::Labels && bytes > ANNOTATIONS).then(|| self.finding(None, says).hint(hint))
    }
}

/// What a value is, in a word.
fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
