//! The rendered trees, judged by what will read them: kustomize, the API server, Flux.
//!
//! `fixtures.rs` compares bytes with bytes that somebody once found right. Here every `fixtures/clusters/<case>/expected`
//! is built with kustomize, each object in it is held against the schemas in `../shared/crds` (or `$FLUXWRIGHT_CRDS`),
//! and the Flux Kustomizations against each other. Profiles are rendered for old releases too, and held against the
//! CRDs of those: Flux applies server-side, so one field too new blocks a whole Kustomization.
//!
//! No case is named here; a new one is judged like the others. Where kustomize or the schemas are missing, the tests
//! say how much they skipped and pass; with `CI=true` they fail. CEL rules are not evaluated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

// ── trees ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A repo's root folder with one rendered cluster in it.
struct Tree {
    /// What to call it in a message.
    name: String,
    /// The repo's root, which every path here is relative to.
    repo: PathBuf,
    /// The folder of the cluster: the one whose kustomization stands above all others.
    cluster: String,
    profile: Value,
}

impl Tree {
    fn read(name: &str, repo: PathBuf, profile: Value) -> Self {
        let mut tree = Tree { name: name.to_owned(), repo, cluster: String::new(), profile };
        let folders = tree.folders();
        let within = |inner: &String, outer: &String| inner.starts_with(&format!("{outer}/"));
        let tops: Vec<&String> =
            folders.iter().filter(|inner| !folders.iter().any(|outer| within(inner, outer))).collect();
        let [top] = tops[..] else { panic!("{name}: one kustomization should stand above all others, not {tops:?}") };
        tree.cluster.clone_from(top);
        tree
    }

    /// Every file, in order.
    fn files(&self) -> Vec<String> {
        let entries = walkdir::WalkDir::new(&self.repo).sort_by_file_name().into_iter().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().is_file());
        files.map(|file| file.path().strip_prefix(&self.repo).unwrap().to_str().unwrap().to_owned()).collect()
    }

    /// Every folder with a kustomization.
    fn folders(&self) -> Vec<String> {
        let ends = |file: String| file.strip_suffix("/kustomization.yaml").map(ToOwned::to_owned);
        self.files().into_iter().filter_map(ends).collect()
    }

    fn documents(&self, file: &str) -> Vec<Value> {
        documents(&fs::read_to_string(self.repo.join(file)).unwrap())
    }

    /// Every object for the cluster, so not what kustomize reads for itself.
    fn objects(&self) -> Vec<Object> {
        let yaml = self.files().into_iter().filter(|file| is_yaml(file));
        let objects = yaml.flat_map(|file| {
            let documents = self.documents(&file).into_iter();
            documents.map(|value| Object { file: file.clone(), value }).collect::<Vec<_>>()
        });
        objects.filter(|object| !(named(&object.file, "kustomization.yaml") && object.is_for_kustomize())).collect()
    }

    fn flux_kustomizations(&self) -> Vec<Object> {
        let is_one = |object: &Object| object.is("kustomize.toolkit.fluxcd.io", "Kustomization");
        self.objects().into_iter().filter(is_one).collect()
    }

    /// What a folder's kustomization lists, or nothing where it has none.
    fn listed(&self, folder: &str) -> Option<Vec<String>> {
        let file = format!("{folder}/kustomization.yaml");
        let kustomization = self.repo.join(&file).exists().then(|| self.documents(&file).remove(0))?;
        Some(list(&kustomization, "/resources").iter().map(|entry| entry.as_str().unwrap().to_owned()).collect())
    }

    /// The files that Flux applies from a folder: what its kustomization lists, folders in turn. Without one Flux makes
    /// one that lists every YAML file.
    fn applied(&self, folder: &str) -> Vec<String> {
        let Some(listed) = self.listed(folder) else {
            let below = |file: &String| file.starts_with(&format!("{folder}/")) && is_yaml(file);
            return self.files().into_iter().filter(below).collect();
        };
        let paths = listed.iter().map(|entry| format!("{folder}/{entry}"));
        let files =
            paths.map(|path| if self.repo.join(&path).is_dir() { self.applied(&path) } else { vec![path.clone()] });
        files.flatten().collect()
    }

    /// The folder of this tree that a Flux Kustomization applies; none where it reads another repo, or a folder that
    /// is not part of the tree.
    fn applied_folder(&self, kustomization: &Object) -> Option<String> {
        let source = |field: &str| kustomization.text(&format!("/spec/sourceRef/{field}"));
        let is_ours = source("kind") == "GitRepository" && source("name") == "flux-system";
        let path = kustomization.text("/spec/path").trim_start_matches("./").trim_end_matches('/');
        let is_within = path == self.cluster || path.starts_with(&format!("{}/", self.cluster));
        (is_ours && is_within).then(|| path.to_owned())
    }
}

/// One object, and the file that it stands in.
struct Object {
    file: String,
    value: Value,
}

impl Object {
    fn text(&self, pointer: &str) -> &str {
        text(&self.value, pointer)
    }

    fn group(&self) -> &str {
        self.text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group)
    }

    fn is(&self, group: &str, kind: &str) -> bool {
        self.group() == group && self.text("/kind") == kind
    }

    fn is_for_kustomize(&self) -> bool {
        self.group() == "kustomize.config.k8s.io"
    }

    fn is_for_flux(&self) -> bool {
        self.group().ends_with(".toolkit.fluxcd.io")
    }

    /// What makes it the same object for the API server, whichever version it is written in.
    fn id(&self) -> String {
        let [kind, namespace, name] = ["/kind", "/metadata/namespace", "/metadata/name"].map(|at| self.text(at));
        format!("{}/{kind} {namespace}/{name}", self.group())
    }

    /// Another object by a reference's fields, in the namespace that Flux takes where the reference has none.
    fn referenced(&self, group: &str, kind: &str, reference: &Value) -> String {
        let namespace = reference.pointer("/namespace").and_then(Value::as_str);
        let namespace = namespace.unwrap_or_else(|| self.text("/metadata/namespace"));
        format!("{group}/{kind} {namespace}/{}", text(reference, "/name"))
    }

    /// Every source that it reads from.
    fn sources(&self) -> Vec<String> {
        let pointers = ["/spec/sourceRef", "/spec/chart/spec/sourceRef", "/spec/chartRef"];
        let references = pointers.iter().filter_map(|pointer| self.value.pointer(pointer));
        references.map(|found| self.referenced("source.toolkit.fluxcd.io", text(found, "/kind"), found)).collect()
    }

    /// Every Flux Kustomization that it waits for.
    fn waits(&self) -> Vec<String> {
        let references = list(&self.value, "/spec/dependsOn").iter();
        references.map(|found| self.referenced(self.group(), "Kustomization", found)).collect()
    }
}

/// Every tree that is expected of a case.
fn trees() -> Vec<Tree> {
    let cases = sorted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters"));
    let trees: Vec<Tree> = cases
        .iter()
        .filter(|case| case.join("expected").exists())
        .map(|case| Tree::read(file_name(case), case.join("expected"), profile(case)))
        .collect();
    assert!(!trees.is_empty(), "there is no tree to judge");
    trees
}

fn profile(case: &Path) -> Value {
    documents(&fs::read_to_string(case.join("profile.yaml")).unwrap()).remove(0)
}

/// The documents of a YAML file without the empty ones. By way of `serde_yaml`'s own value, which refuses a key that is
/// there twice.
fn documents(yaml: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(yaml).map(|one| serde_yaml::Value::deserialize(one).unwrap());
    documents.map(|one| serde_json::to_value(one).unwrap()).filter(|one| !one.is_null()).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_yaml(file: &str) -> bool {
    file.ends_with(".yaml") || file.ends_with(".yml")
}

fn named(file: &str, name: &str) -> bool {
    file.rsplit('/').next() == Some(name)
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The entries of a folder, in order.
fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// Says what was not looked at, past the test harness, which swallows what a passing test prints.
fn skip(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true, so nothing may be skipped: {what}");
    let mut stderr = std::io::stderr();
    writeln!(stderr, "skipped {what}").unwrap();
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

// ── kustomize ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// The command that builds a folder, or none where there is no kustomize 5: the one in Debian's kubectl is too old.
fn kustomize() -> Option<Vec<String>> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/kustomize");
    let candidates: [(&str, &[&str], &str); 3] = [
        (ours.to_str().unwrap(), &["version"], "build"),
        ("kustomize", &["version"], "build"),
        ("kubectl", &["version", "--client"], "kustomize"),
    ];
    let found = candidates.iter().find(|(program, version, _)| {
        let output = Command::new(program).args(*version).output();
        output.is_ok_and(|output| kustomize_major(&String::from_utf8_lossy(&output.stdout)).is_some_and(|it| it >= 5))
    });
    found.map(|(program, _, build)| vec![(*program).to_owned(), (*build).to_owned()])
}

/// The major version in what kustomize or kubectl says of itself; kubectl tells its own version too.
fn kustomize_major(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.starts_with("Kustomize")).or_else(|| said.lines().last())?;
    let words = line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.'));
    let version = words.filter_map(|word| word.strip_prefix('v')).find(|word| word.starts_with(char::is_numeric))?;
    version.split('.').next()?.parse().ok()
}

#[test]
fn every_folder_builds_with_kustomize() {
    let trees = trees();
    let folders: Vec<PathBuf> =
        trees.iter().flat_map(|tree| tree.folders().into_iter().map(|folder| tree.repo.join(folder))).collect();
    let Some(command) = kustomize() else {
        skip(&format!("{} folders: no kustomize v5 in target/tools or on PATH, nor in kubectl", folders.len()));
        return;
    };
    let mut faults = Vec::new();
    for folder in folders {
        let output = Command::new(&command[0]).args(&command[1..]).arg(&folder).output().unwrap();
        if !output.status.success() {
            faults.push(format!("{}: {}", folder.display(), String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert_none(&faults);
}

#[test]
fn an_old_kustomize_is_told_from_a_new_one() {
    assert_eq!(kustomize_major("v5.8.1\n"), Some(5));
    assert_eq!(kustomize_major("{Version:kustomize/v4.5.7 GitCommit:56d82a8 GoOs:linux}\n"), Some(4));
    assert_eq!(kustomize_major("Client Version: v1.20.2\n"), Some(1), "kubectl before 1.24 does not tell");
    assert_eq!(kustomize_major("Client Version: v1.32.4\nKustomize Version: v5.5.0\n"), Some(5));
    assert_eq!(kustomize_major(""), None);
}

// ── schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Kinds that may stand in a tree without a schema to hold them against: group, kind, reason.
const WITHOUT_SCHEMA: [(&str, &str, &str); 0] = [];

/// `2.9.4` as numbers, to be compared.
type Release = Vec<u64>;

/// The release that a group's objects are meant for; of groups that are not in here, the newest will do.
type Pins = BTreeMap<String, Release>;

/// One version of one kind, as one release of its project has it.
struct Definition {
    group: String,
    version: String,
    kind: String,
    release: Release,
    schema: Value,
    validator: OnceLock<jsonschema::Validator>,
}

impl Definition {
    /// What is wrong with an object of this kind.
    fn faults(&self, object: &Value) -> Vec<String> {
        let mut object = object.clone();
        fill(&self.schema, &mut object);
        let validator = self.validator.get_or_init(|| jsonschema::validator_for(&self.schema).expect("a schema"));
        validator.iter_errors(&object).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

/// Everything that a cluster could know.
struct Schemas(Vec<Definition>);

/// The schemas, or none where the folder is missing.
fn schemas() -> Option<&'static Schemas> {
    static SCHEMAS: OnceLock<Option<Schemas>> = OnceLock::new();
    SCHEMAS
        .get_or_init(|| {
            let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/crds");
            let folder = std::env::var_os("FLUXWRIGHT_CRDS").map_or_else(beside, PathBuf::from);
            folder.is_dir().then(|| Schemas::read(&folder))
        })
        .as_ref()
}

impl Schemas {
    fn read(folder: &Path) -> Self {
        let groups = sorted(folder).into_iter().filter(|path| path.is_dir());
        let (built_in, others): (Vec<_>, Vec<_>) = groups.partition(|path| file_name(path) == "builtin");
        let documents = built_in.iter().flat_map(|folder| sorted(folder));
        let documents: Vec<Value> = documents.map(|path| read_json(&path)).collect();
        let metadata = documents.iter().find_map(object_meta).expect("a document with ObjectMeta");
        let mut definitions: Vec<Definition> = documents.iter().flat_map(built_in_kinds).collect();
        for file in others.iter().flat_map(|folder| sorted(folder)) {
            definitions.extend(custom_kinds(&file, &metadata));
        }
        Schemas(definitions)
    }

    /// What an object may be held against, the best first. Without a pin that is the newest; with one, the CRDs of
    /// exactly that release. Where they are not here, those of the next and of the last before: a field or version that
    /// neither has, none in between has.
    fn definitions(&self, object: &Object, pins: &Pins) -> Vec<&Definition> {
        let (group, kind) = (object.group(), object.text("/kind"));
        let version = object.text("/apiVersion").rsplit('/').next().unwrap_or_default();
        let fits = |it: &&Definition| it.group == group && it.kind == kind && it.version == version;
        let fitting = self.0.iter().filter(fits);
        let Some(pin) = pins.get(group) else {
            return fitting.max_by(|one, other| one.release.cmp(&other.release)).into_iter().collect();
        };
        let releases = self.releases(group);
        let around = [releases.iter().find(|it| *it >= pin), releases.iter().rfind(|it| *it <= pin)];
        let at = |release: &Release| fitting.clone().find(|it| it.release == *release);
        around.into_iter().flatten().filter_map(at).collect()
    }

    /// What is wrong with an object.
    fn faults(&self, object: &Object, pins: &Pins) -> Vec<String> {
        if WITHOUT_SCHEMA.iter().any(|(group, kind, _)| object.is(group, kind)) {
            return Vec::new();
        }
        let place = format!("{} ({})", object.file, object.id());
        let verdicts = self.definitions(object, pins).into_iter().map(|definition| definition.faults(&object.value));
        let mut verdicts: Vec<Vec<String>> = verdicts.collect();
        if verdicts.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        if verdicts.is_empty() {
            let release = pins.get(object.group()).map_or_else(|| "any release".to_owned(), dotted);
            return vec![format!("{place}: no schema of {release} for {}", object.text("/apiVersion"))];
        }
        verdicts.swap_remove(0).into_iter().map(|fault| format!("{place}: {fault}")).collect()
    }

    /// The releases that a group's CRDs are here of.
    fn releases(&self, group: &str) -> BTreeSet<Release> {
        self.0.iter().filter(|definition| definition.group == group).map(|found| found.release.clone()).collect()
    }
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The schema of every object's metadata. A CRD says only that it is an object; the API server knows more.
fn object_meta(document: &Value) -> Option<Value> {
    let schemas = document.pointer("/components/schemas")?;
    let schema = schemas.get("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")?;
    Some(json_schema(schema, Some(document), true))
}

/// The kinds of one OpenAPI document of Kubernetes.
fn built_in_kinds(document: &Value) -> Vec<Definition> {
    let release = release(text(document, "/info/version"));
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).unwrap();
    let kinds = schemas.values().flat_map(|schema| {
        let kinds = list(schema, "/x-kubernetes-group-version-kind").iter();
        kinds.map(move |kind| (kind, schema))
    });
    kinds.map(|(kind, schema)| definition(kind, &release, json_schema(schema, Some(document), true))).collect()
}

/// The versions that a CustomResourceDefinition serves.
fn custom_kinds(file: &Path, metadata: &Value) -> Vec<Definition> {
    let crd = documents(&fs::read_to_string(file).unwrap()).remove(0);
    let (_, at) = file.file_stem().unwrap().to_str().unwrap().split_once('@').expect("<plural>@<release>.yaml");
    let served = list(&crd, "/spec/versions").iter().filter(|version| version["served"] == true);
    let versions = served.map(|version| {
        let kind =
            json!({ "group": crd["spec"]["group"], "version": version["name"], "kind": crd["spec"]["names"]["kind"] });
        let mut schema = json_schema(&version["schema"]["openAPIV3Schema"], None, true);
        schema["properties"]["apiVersion"] = json!({ "type": "string" });
        schema["properties"]["kind"] = json!({ "type": "string" });
        schema["properties"]["metadata"] = metadata.clone();
        definition(&kind, &release(at), schema)
    });
    versions.collect()
}

fn definition(kind: &Value, release: &Release, schema: Value) -> Definition {
    let [group, version, kind] = ["/group", "/version", "/kind"].map(|at| text(kind, at).to_owned());
    Definition { group, version, kind, release: release.clone(), schema, validator: OnceLock::new() }
}

/// `flux-v2.9.4`, `v2.9.4` and `2.9.4` are the same release.
fn release(name: &str) -> Release {
    let number = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    number.split('.').map(|part| part.parse().unwrap_or_else(|_| panic!("{name} is no release"))).collect()
}

/// A schema of Kubernetes as the JSON Schema that means the same: references put in place, `nullable` and
/// int-or-string said as types, and unknown fields refused.
///
/// They are refused in structural nodes only: the branches of `allOf`, `anyOf` and `oneOf` name just the fields that
/// they are about. `document` is where a built-in schema's references lead; a CRD has none.
fn json_schema(schema: &Value, document: Option<&Value>, structural: bool) -> Value {
    let mut schema = resolved(schema, document);
    let Some(keys) = schema.as_object_mut() else { return schema };
    for (key, inner) in keys.iter_mut() {
        match (key.as_str(), inner) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(|one| *one = json_schema(one, document, structural));
            }
            ("items" | "additionalProperties", inner) => *inner = json_schema(inner, document, structural),
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                branches.iter_mut().for_each(|one| *one = json_schema(one, document, false));
            }
            ("not", inner) => *inner = json_schema(inner, document, false),
            _ => {}
        }
    }
    widen_types(keys);
    if structural {
        close(keys, document.is_some());
    }
    if document.is_some() && keys.get("default").is_some_and(is_zero) {
        keys.shift_remove("default");
    }
    schema
}

/// A schema with its reference put in place. OpenAPI wraps a reference that has siblings in an `allOf` of one; that is
/// still the structural node itself.
fn resolved(schema: &Value, document: Option<&Value>) -> Value {
    let wrapped = match list(schema, "/allOf") {
        [one] => one.get("$ref"),
        _ => None,
    };
    let Some(reference) = schema.get("$ref").or(wrapped).and_then(Value::as_str) else { return schema.clone() };
    let pointer = reference.trim_start_matches('#');
    let mut target = document.and_then(|document| document.pointer(pointer)).expect(reference).clone();
    if let Some(default) = schema.get("default") {
        target["default"] = default.clone();
    }
    target
}

/// The two keys of Kubernetes that allow more types than `type` says.
fn widen_types(keys: &mut Map<String, Value>) {
    if keys.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        keys.insert("type".to_owned(), json!(["integer", "string"]));
    }
    if keys.get("nullable") == Some(&json!(true)) {
        if let Some(Value::String(one)) = keys.get("type") {
            let types = json!([one, "null"]);
            keys.insert("type".to_owned(), types);
        }
        if let Some(Value::Array(values)) = keys.get_mut("enum") {
            values.push(Value::Null);
        }
    }
}

/// Refuses what a node does not name. The API server drops such fields of a custom resource without a word, and Flux's
/// server-side apply refuses them. A built-in object without properties is a raw one, such as FieldsV1.
fn close(keys: &mut Map<String, Value>, built_in: bool) {
    let is_object = keys.contains_key("properties") || (!built_in && keys.get("type") == Some(&json!("object")));
    let is_open = keys.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
    if is_object && !is_open {
        keys.entry("additionalProperties").or_insert(json!(false));
    }
}

/// The zero values of Go: the built-in documents call them defaults, but the API server does not fill them in, and a
/// StorageClass without `provisioner` would pass.
fn is_zero(default: &Value) -> bool {
    [json!({}), json!(""), json!(0), json!(false)].contains(default)
}

/// Fills in defaults as the API server does before it looks at an object: where a field is missing, and where it is
/// null and may not be.
fn fill(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => fill_fields(schema, fields),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(&schema["items"], item)),
        _ => {}
    }
}

fn fill_fields(schema: &Value, fields: &mut Map<String, Value>) {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    for (name, schema) in properties {
        let is_missing = match fields.get(name) {
            None => true,
            Some(value) => value.is_null() && schema["nullable"] != true,
        };
        if let (true, Some(default)) = (is_missing, schema.get("default")) {
            fields.insert(name.clone(), default.clone());
        }
    }
    for (name, value) in fields.iter_mut() {
        fill(properties.get(name).unwrap_or(&schema["additionalProperties"]), value);
    }
}

/// Pins every group of Flux to a release.
fn flux(schemas: &Schemas, version: &str) -> Pins {
    let groups = schemas.0.iter().map(|definition| &definition.group);
    let groups = groups.filter(|group| group.ends_with(".toolkit.fluxcd.io"));
    groups.map(|group| (group.clone(), release(version))).collect()
}

/// What is wrong with the objects of a tree.
fn tree_faults(schemas: &Schemas, tree: &Tree, pins: &Pins) -> Vec<String> {
    let faults = tree.objects().into_iter().flat_map(|object| schemas.faults(&object, pins));
    faults.map(|fault| format!("{}: {fault}", tree.name)).collect()
}

#[test]
fn every_object_fits_its_schema() {
    let trees = trees();
    let Some(schemas) = schemas() else {
        let objects: usize = trees.iter().map(|tree| tree.objects().len()).sum();
        return skip(&format!("{objects} objects: no schemas in ../shared/crds or $FLUXWRIGHT_CRDS"));
    };
    let faults: Vec<String> = trees
        .iter()
        .flat_map(|tree| tree_faults(schemas, tree, &flux(schemas, text(&tree.profile, "/flux/version"))))
        .collect();
    assert_none(&faults);
}

/// A good object of each sort, for the tests to break.
const GOOD: &str = "
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: app, namespace: flux-system, labels: { team: platform } }
spec:
  interval: 1h
  path: ./app
  prune: true
  dependsOn: [{ name: before }]
  sourceRef: { kind: GitRepository, name: flux-system }
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: secret, namespace: app }
spec:
  refreshInterval: null # filled with its default
  secretStoreRef: { kind: ClusterSecretStore, name: store }
  data: [{ secretKey: password, remoteRef: { key: app } }]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: app, namespace: flux-system }
spec:
  interval: 1h
  chart: { spec: { chart: app, sourceRef: { kind: HelmRepository, name: charts } } }
  values: { whatever: [{ it: holds }, null] }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: csi.example.com
parameters: { type: ssd }
---
apiVersion: batch/v1
kind: Job
metadata: { name: once, namespace: app }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: once, image: example.com/once:1.0.0, resources: { limits: { memory: 64Mi, cpu: 1 } } }]
---
apiVersion: v1
kind: Service
metadata: { name: app, namespace: app }
spec: { ports: [{ port: 80, targetPort: http }, { name: other, port: 81, targetPort: 8081 }] }
";

/// How to break them: kind, where, the new value (`None` takes it out), what the fault has to speak of.
fn breakages() -> Vec<(&'static str, &'static str, Option<Value>, &'static str)> {
    vec![
        ("Kustomization", "/prune", Some(json!(true)), "'prune' was unexpected"),
        ("Kustomization", "/spec/purge", Some(json!(true)), "'purge' was unexpected"),
        ("Kustomization", "/spec/dependsOn/0/kind", Some(json!("X")), "'kind' was unexpected"),
        ("Kustomization", "/spec/prune", Some(json!("yes")), "/spec/prune: "),
        ("Kustomization", "/spec/prune", None, "\"prune\" is a required property"),
        ("Kustomization", "/spec/sourceRef/kind", Some(json!("Folder")), "/spec/sourceRef/kind: "),
        ("Kustomization", "/spec/interval", Some(json!("an hour")), "/spec/interval: "),
        ("Kustomization", "/spec/path", Some(Value::Null), "/spec/path: null"),
        ("Kustomization", "/metadata/label", Some(json!({})), "'label' was unexpected"),
        ("Kustomization", "/metadata/labels/team", Some(json!(1)), "/metadata/labels/team: "),
        ("Kustomization", "/apiVersion", Some(json!("kustomize.toolkit.fluxcd.io/v1beta2")), "no schema of 2.9.4"),
        ("Kustomization", "/kind", Some(json!("Kustomisation")), "no schema of 2.9.4"),
        ("ExternalSecret", "/apiVersion", Some(json!("external-secrets.io/v1alpha9")), "no schema of any release"),
        ("ExternalSecret", "/spec/data/0/remoteRef/key", None, "\"key\" is a required property"),
        ("ExternalSecret", "/spec/target", Some(json!({ "creationPolicy": "Own" })), "/spec/target/creationPolicy: "),
        ("HelmRelease", "/spec/value", Some(json!({})), "'value' was unexpected"),
        ("StorageClass", "/reclaim", Some(json!("Delete")), "'reclaim' was unexpected"),
        ("StorageClass", "/provisioner", None, "\"provisioner\" is a required property"),
        ("StorageClass", "/provisioner", Some(Value::Null), "/provisioner: null"),
        ("StorageClass", "/parameters/type", Some(json!(true)), "/parameters/type: "),
        ("StorageClass", "/reclaimPolicy", Some(json!("Forget")), "/reclaimPolicy: "),
        ("Job", "/spec/template/spec/containers/0/comand", Some(json!([])), "'comand' was unexpected"),
        ("Job", "/spec/template/spec/containers", None, "\"containers\" is a required property"),
        ("Job", "/spec/template/spec/restartPolicy", Some(json!("Sometimes")), "/spec/template/spec/restartPolicy: "),
        ("Job", "/spec/backoffLimit", Some(json!("3")), "/spec/backoffLimit: "),
        ("Job", "/spec/template/spec/containers/0/resources/limits/cpu", Some(json!(true)), "/limits/cpu: "),
        ("Service", "/spec/ports/0/targetPort", Some(json!(true)), "/spec/ports/0/targetPort: "),
        ("Service", "/spec/ports/0/port", Some(json!("http")), "/spec/ports/0/port: "),
    ]
}

fn good_objects() -> Vec<Object> {
    documents(GOOD).into_iter().map(|value| Object { file: "good.yaml".to_owned(), value }).collect()
}

/// Sets a field of an object, or takes it out.
fn set(object: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let fields = object.pointer_mut(parent).and_then(Value::as_object_mut).expect(pointer);
    match value {
        Some(value) => fields.insert(name.to_owned(), value),
        None => fields.shift_remove(name),
    };
}

#[test]
fn a_broken_object_is_caught_and_a_good_one_is_not() {
    let breakages = breakages();
    let Some(schemas) = schemas() else {
        return skip(&format!("{} broken objects: no schemas", breakages.len()));
    };
    let pins = flux(schemas, "2.9.4");
    let mut wrong: Vec<String> = good_objects().iter().flat_map(|object| schemas.faults(object, &pins)).collect();
    for (kind, pointer, value, expected) in breakages {
        let mut object = good_objects().into_iter().find(|object| object.text("/kind") == kind).expect(kind);
        set(&mut object.value, pointer, value.clone());
        let faults = schemas.faults(&object, &pins);
        if !matches!(&faults[..], [fault] if fault.contains(expected)) {
            wrong.push(format!("{kind} with {pointer} = {value:?} should be told {expected:?}, not {faults:?}"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn a_kind_without_a_schema_is_a_fault() {
    let Some(schemas) = schemas() else { return skip("an object without schema: no schemas") };
    let value = json!({ "apiVersion": "example.com/v1", "kind": "Unknown", "metadata": { "name": "it" } });
    let object = Object { file: "it.yaml".to_owned(), value };
    let faults = schemas.faults(&object, &Pins::new());
    assert_eq!(faults, ["it.yaml (example.com/Unknown /it): no schema of any release for example.com/v1"]);
}

// ── who applies what, and in which order ────────────────────────────────────────────────────────────────────────────

/// What the root's kustomization applies itself, so that no Flux Kustomization has to. EKS Anywhere's own Flux stands beside
/// the tree, and its root applies the cluster's objects.
fn applied_by_root(tree: &Tree) -> [&'static str; 3] {
    let by_eks_anywhere = text(&tree.profile, "/flux/bootstrap/with") == "eks-anywhere";
    [if by_eks_anywhere { "eksa-system" } else { "flux-system" }, "sources", "kustomizations"]
}

/// Whether people run or apply what is below a folder of the tree, not Flux.
fn is_by_hand(tree: &Tree, top: &str) -> bool {
    top == "bootstrap" || (top == "eksa-system" && text(&tree.profile, "/eksAnywhere/apply") == "cli")
}

/// Unit → units that it waits for.
type Waits = BTreeMap<String, Vec<String>>;

/// Everything that a unit waits for directly or through others, itself too if there is a circle.
fn behind<'a>(waits: &'a Waits, unit: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = vec![unit];
    while let Some(unit) = open.pop() {
        let next = waits.get(unit).into_iter().flatten().map(String::as_str);
        open.extend(next.filter(|next| found.insert(*next)));
    }
    found
}

/// What is wrong with an order: circles, units that are not there, and waits that follow from others.
fn order_faults(waits: &Waits) -> Vec<String> {
    let mut faults = Vec::new();
    for (unit, direct) in waits {
        if behind(waits, unit).contains(unit.as_str()) {
            faults.push(format!("{unit} waits for itself"));
        }
        for (place, one) in direct.iter().enumerate() {
            if !waits.contains_key(one) {
                faults.push(format!("{unit} waits for {one}, which is not there"));
            }
            let mut others = direct.iter().enumerate().filter(|(other, _)| *other != place);
            if let Some((_, other)) = others.find(|(_, other)| *other == one || behind(waits, other).contains(&**one)) {
                faults.push(format!("{unit} need not say that it waits for {one}: it waits for {other}"));
            }
        }
    }
    faults
}

#[test]
fn flux_kustomizations_wait_for_each_other_without_circle_or_excess() {
    let mut faults = Vec::new();
    for tree in trees() {
        let waits: Waits = tree.flux_kustomizations().iter().map(|one| (one.id(), one.waits())).collect();
        faults.extend(order_faults(&waits).into_iter().map(|fault| format!("{}: {fault}", tree.name)));
    }
    assert_none(&faults);
}

#[test]
fn a_wrong_order_is_caught() {
    let faults = |waits: &[(&str, &[&str])]| {
        let direct = |direct: &[&str]| direct.iter().map(ToString::to_string).collect();
        order_faults(&waits.iter().map(|(unit, waits)| ((*unit).to_owned(), direct(waits))).collect())
    };
    assert_none(&faults(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])]));
    assert_eq!(faults(&[("a", &["x"])]), ["a waits for x, which is not there"]);
    assert_eq!(faults(&[("a", &["b"]), ("b", &["a"])]), ["a waits for itself", "b waits for itself"]);
    let excess = faults(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &["a", "c"])]);
    assert_eq!(excess, ["d need not say that it waits for a: it waits for c"]);
}

#[test]
fn every_folder_of_manifests_is_the_path_of_one_flux_kustomization() {
    let mut faults = Vec::new();
    for tree in trees() {
        let kustomizations = tree.flux_kustomizations();
        let mut paths: Vec<String> = kustomizations.iter().filter_map(|one| tree.applied_folder(one)).collect();
        let other = |object: &Object| unit_folder(&tree, &object.file);
        let mut folders: Vec<String> = tree.objects().iter().filter_map(other).collect();
        paths.sort();
        folders.sort();
        folders.dedup();
        if paths != folders {
            faults.push(format!("{}: Flux applies {paths:?}, manifests stand in {folders:?}", tree.name));
        }
    }
    assert_none(&faults);
}

/// The folder of a file, if it is one that needs a Flux Kustomization of its own.
fn unit_folder(tree: &Tree, file: &str) -> Option<String> {
    let (folder, _) = file.strip_prefix(&tree.cluster)?.trim_start_matches('/').rsplit_once('/')?;
    let top = folder.split('/').next().unwrap_or_default();
    let is_unit = !applied_by_root(tree).contains(&top) && !is_by_hand(tree, top);
    is_unit.then(|| format!("{}/{folder}", tree.cluster))
}

#[test]
fn the_root_applies_no_units() {
    let mut faults = Vec::new();
    for tree in trees() {
        let included: Vec<&str> = list(&tree.profile, "/flux/include").iter().filter_map(Value::as_str).collect();
        let own = applied_by_root(&tree);
        let entries = tree.listed(&tree.cluster).unwrap();
        let lacks = own.iter().filter(|own| !entries.iter().any(|entry| entry == *own));
        faults.extend(lacks.map(|own| format!("{}: the root does not list {own}", tree.name)));
        for entry in entries {
            if !own.contains(&entry.as_str()) && !included.contains(&entry.as_str()) {
                faults.push(format!("{}: the root lists {entry}", tree.name));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn every_object_is_applied_by_exactly_one_kustomization() {
    let mut faults = Vec::new();
    for tree in trees() {
        let appliers = appliers(&tree);
        let by_hand = |object: &Object| {
            let below = object.file.strip_prefix(&format!("{}/", tree.cluster)).unwrap_or_default();
            is_by_hand(&tree, below.split('/').next().unwrap_or_default())
        };
        let mut applied: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for object in tree.objects().iter().filter(|object| !by_hand(object)) {
            let by = appliers.get(&object.file).into_iter().flatten();
            applied.entry(object.id()).or_default().extend(by.map(|who| format!("{who} from {}", object.file)));
        }
        let wrong = applied.into_iter().filter(|(_, by)| by.len() != 1);
        faults.extend(wrong.map(|(id, by)| format!("{}: {id} is applied by {by:#?}", tree.name)));
    }
    assert_none(&faults);
}

/// File → who applies it. The root is applied by what `flux bootstrap` writes.
fn appliers(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let mut appliers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let kustomizations = tree.flux_kustomizations();
    let ours = kustomizations.iter().filter_map(|one| Some((one.id(), tree.applied_folder(one)?)));
    for (who, folder) in ours.chain([("the root".to_owned(), tree.cluster.clone())]) {
        for file in tree.applied(&folder) {
            appliers.entry(file).or_default().push(who.clone());
        }
    }
    appliers
}

#[test]
fn every_source_that_is_read_is_in_sources() {
    let mut faults = Vec::new();
    for tree in trees() {
        let sources = format!("{}/sources/", tree.cluster);
        let objects = tree.objects();
        let there = objects.iter().filter(|object| object.file.starts_with(&sources)).map(Object::id);
        let bootstrapped = "source.toolkit.fluxcd.io/GitRepository flux-system/flux-system".to_owned();
        let there: BTreeSet<String> = there.chain([bootstrapped]).collect();
        for object in objects.iter().filter(|object| object.is_for_flux()) {
            let missing = object.sources().into_iter().filter(|source| !there.contains(source));
            faults.extend(missing.map(|source| format!("{}: {} reads from {source}", tree.name, object.id())));
        }
    }
    assert_none(&faults);
}

#[test]
fn a_kustomization_lists_exactly_the_files_beside_it() {
    let mut faults = Vec::new();
    for tree in trees() {
        for folder in tree.folders() {
            let listed = tree.listed(&folder).unwrap();
            let missing = listed.iter().filter(|entry| !is_resource(&tree.repo.join(&folder).join(entry)));
            faults.extend(missing.map(|entry| format!("{}: {folder} lists {entry}, which is not there", tree.name)));
            let beside = sorted(&tree.repo.join(&folder)).into_iter().filter(|path| path.is_file());
            // The README is for people.
            let beside = beside.filter(|path| !file_name(path).starts_with('.') && file_name(path) != "README.md");
            let unlisted = beside.filter(|path| !listed.iter().any(|entry| entry == file_name(path)));
            let unlisted = unlisted.filter(|path| file_name(path) != "kustomization.yaml");
            faults.extend(unlisted.map(|path| format!("{}: {} is listed nowhere", tree.name, path.display())));
        }
    }
    assert_none(&faults);
}

/// Whether kustomize can read what a kustomization lists: a file, or a folder with a kustomization.
fn is_resource(path: &Path) -> bool {
    path.is_file() || path.join("kustomization.yaml").is_file()
}

// ── old releases ────────────────────────────────────────────────────────────────────────────────────────────────────

/// A profile with other versions: what follows `version:` below each of these keys.
fn with_versions(profile: &str, versions: &[(&str, &str)]) -> String {
    let mut below = None;
    let mut lines = Vec::new();
    for line in profile.lines() {
        let key = line.trim().trim_end_matches(':');
        below = versions.iter().find(|(name, _)| *name == key).or(below);
        match (below, line.split_once("version: ")) {
            (Some((_, version)), Some((indent, _))) if indent.trim().is_empty() => {
                lines.push(format!("{indent}version: {version}"));
                below = None;
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// Renders a case for other releases; what the tool says where it refuses.
fn rendered_for(case: &Path, flux: &str, external_secrets: &str) -> Result<(tempfile::TempDir, Tree), String> {
    let folder = tempfile::tempdir().unwrap();
    let versions = [("flux", flux), ("external-secrets", external_secrets)];
    let profile = with_versions(&fs::read_to_string(case.join("profile.yaml")).unwrap(), &versions);
    fs::write(folder.path().join("profile.yaml"), &profile).unwrap();
    let profile = documents(&profile).remove(0);
    assert_eq!(text(&profile, "/flux/version"), flux);
    assert_eq!(text(&profile, "/components/external-secrets/version"), external_secrets);
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxwright"));
    let command = command.args(["render", "profile.yaml", "--out", "out"]).current_dir(&folder);
    let output = command.output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let name = format!("{} with Flux {flux} and External Secrets {external_secrets}", file_name(case));
    let tree = Tree::read(&name, folder.path().join("out"), profile);
    Ok((folder, tree))
}

/// Cases to render for old releases: those with secrets from a store, since they have most kinds whose fields and
/// versions depend on a release.
fn cases_with_secrets() -> Vec<PathBuf> {
    let cases = sorted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters"));
    let has_secrets = |case: &PathBuf| profile(case).pointer("/components/external-secrets").is_some();
    cases.into_iter().filter(has_secrets).collect()
}

fn dotted(release: &Release) -> String {
    release.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

#[test]
fn every_release_gets_only_what_its_crds_know() {
    let cases = cases_with_secrets();
    let Some(schemas) = schemas() else {
        return skip(&format!("{} cases at old releases: no schemas", cases.len()));
    };
    let mut faults = Vec::new();
    for flux_release in schemas.releases("kustomize.toolkit.fluxcd.io") {
        for secrets_release in schemas.releases("external-secrets.io") {
            let mut pins = flux(schemas, &dotted(&flux_release));
            pins.insert("external-secrets.io".to_owned(), secrets_release.clone());
            let render = |case| rendered_for(case, &dotted(&flux_release), &dotted(&secrets_release));
            let (trees, refusals): (Vec<_>, Vec<_>) = cases.iter().map(|case| render(case)).partition(Result::is_ok);
            if trees.is_empty() {
                faults.extend(refusals.into_iter().filter_map(Result::err));
            }
            faults.extend(trees.iter().flatten().flat_map(|(_folder, tree)| tree_faults(schemas, tree, &pins)));
        }
    }
    assert_none(&faults);
}

#[test]
fn a_tree_for_the_newest_flux_does_not_fit_older_crds() {
    let Some(schemas) = schemas() else { return skip("trees at wrong releases: no schemas") };
    let mut releases = schemas.releases("kustomize.toolkit.fluxcd.io");
    let newest = dotted(&releases.pop_last().unwrap());
    assert!(!releases.is_empty(), "there is no older Flux to compare with");
    let secrets = dotted(&schemas.releases("external-secrets.io").pop_last().unwrap());
    let cases = cases_with_secrets();
    let (_folder, tree) = cases.iter().find_map(|case| rendered_for(case, &newest, &secrets).ok()).expect("a tree");
    for older in releases.iter().map(dotted) {
        let faults = tree_faults(schemas, &tree, &flux(schemas, &older));
        assert!(!faults.is_empty(), "nothing tells the tree for Flux {newest} from one for {older}");
    }
}

#[test]
fn only_the_versions_that_are_asked_for_change() {
    let profile =
        "version: 1\nflux:\n  # renovate: version\n  version: 2\n  url: x\ncomponents:\n  app:\n    version: 3";
    let expected =
        "version: 1\nflux:\n  # renovate: version\n  version: 9\n  url: x\ncomponents:\n  app:\n    version: 3";
    assert_eq!(with_versions(profile, &[("flux", "9")]), expected);
}
