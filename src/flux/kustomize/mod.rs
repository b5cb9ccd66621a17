//! Our own `kustomize build`: what a folder of a repo becomes, object by object, with the file that each comes from.
//!
//! In: the files of a repo ([`Files`]), and where to begin ([`Kustomization`]). Out: a [`Build`]. It follows kustomize v5.8.1,
//! as Flux runs it: no plugins, and files outside of the folder may be named. What is not resolved (remote bases, charts,
//! plugins, vars) is a [`Note`] and never a mistake; what a user has wrong is a [`Mistake`], and the rest is built all the same.
//!
//! Not here: what Flux puts on top (`super`), and which folders it builds. `tests/kustomize.rs` holds all of this against the
//! real program.

mod fields;
mod file;
mod generate;
pub mod limits;
mod merge;
mod operations;
mod order;
mod patch;
mod references;
mod replace;
mod resource;
mod select;
mod shape;
mod transform;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

pub use file::{Dispute, Document, Kustomization, Manifest, documents};

use self::fields::{Field, fields_of};
use self::limits::{MAX_BUILD, MAX_DEPTH, MAX_FOLDERS, MAX_FOLDERS_OF_A_BUILD, MAX_MISTAKES, MAX_OBJECTS};
use self::patch::{Options, Patch};
use self::resource::{Gvk, Id, Resource, is_local, metadata_map, scalar_text, set_metadata_map};
use self::select::Selector;
use super::applied::is_remote;
use super::files::Files;
use super::folder::{KUSTOMIZATION_FILES, generated_resources, join, path_from};
use crate::error::Failure;

/// What is wrong in a user's files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line; 0 if it is the whole file.
    pub line: usize,
    /// What.
    pub says: String,
    /// Of what kind it is.
    pub fault: Fault,
    /// The bytes of the file that it is about, where they are known.
    pub span: Option<(usize, usize)>,
    /// Where in a kustomization it is, as a JSON pointer; empty if it is none.
    pub pointer: String,
}

impl Mistake {
    /// At a place.
    pub fn new(file: &str, line: usize, says: &str) -> Mistake {
        Mistake {
            file: file.to_owned(),
            line,
            says: says.to_owned(),
            fault: Fault::Other,
            span: None,
            pointer: String::new(),
        }
    }

    /// The same, of a kind.
    pub fn of(self, fault: Fault) -> Mistake {
        Mistake { fault, ..self }
    }
}

/// Of what kind a mistake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A file is not YAML.
    NotYaml,
    /// A merge has left its markers in a file.
    ConflictMarkers,
    /// A tab stands in an indentation.
    Tab,
    /// A mapping has a key twice.
    RepeatedKey,
    /// An object lacks a kind or a name.
    NoObject,
    /// A document is no manifest at all.
    NoManifest,
    /// An object is there twice.
    RepeatedObject,
    /// What a kustomization lists is not there.
    Missing,
    /// A path leads out of the repo.
    Outside,
    /// The path of a Flux Kustomization is not there.
    NoSuchPath,
    /// A variable is not known.
    Undefined,
    /// What stands between `${` and `}` is nothing that Flux knows.
    Unsubstitutable,
    /// Something else.
    Other,
}

/// What is not resolved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file.
    pub file: String,
    /// The line; 0 if it is the whole file.
    pub line: usize,
    /// What.
    pub says: String,
    /// Whether it may bring objects that are not seen here.
    pub hides: bool,
}

/// A patch with a target that nothing fits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdlePatch {
    /// The kustomization.
    pub file: String,
    /// The line of the list that it stands in.
    pub line: usize,
    /// The list.
    pub key: String,
    /// Which of the list it is, from 0.
    pub index: usize,
}

/// An object that comes out of a build.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The object.
    pub value: Value,
    /// The file that it stands in, or the kustomization that generates it.
    pub file: String,
    /// The line of that file; 0 if it is generated.
    pub line: usize,
    /// Whether it is whole: nothing that is not resolved may have changed it.
    pub certain: bool,
}

/// What a folder becomes.
#[derive(Debug, Default)]
pub struct Build {
    /// The objects, in the order in which kustomize prints them.
    pub objects: Vec<Built>,
    /// What was not resolved.
    pub notes: BTreeSet<Note>,
    /// What is wrong. Kustomize, and so Flux, builds nothing at all as long as there is something.
    pub mistakes: BTreeSet<Mistake>,
    /// Every file that was read, and what was not because the build is too large already.
    pub files: BTreeSet<String>,
    /// Patches that change nothing.
    pub idle: BTreeSet<IdlePatch>,
    /// Objects that are there already, so that the build fails.
    pub repeated: Vec<Built>,
    /// What is known only by what is said of it.
    pub opaque: BTreeSet<Opaque>,
}

/// What is not resolved, or cannot be: known only by what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opaque {
    /// The file, or the address of a remote one.
    pub entry: String,
    /// The file that lists it, or itself.
    pub listed_in: String,
    /// What stands there; nothing for what is remote or not there.
    pub content: String,
}

/// The kustomization of a folder, or the one that Flux makes up for it.
///
/// # Errors
/// What the files' place says; the inner one is what is wrong with the kustomization.
pub fn begin(files: &dyn Files, folder: &str) -> Result<Result<Kustomization, Vec<Mistake>>, Failure> {
    let mut found = Vec::new();
    for name in KUSTOMIZATION_FILES {
        let path = join(folder, name);
        if let Some(bytes) = files.read(&path)? {
            found.push((path, bytes));
        }
    }
    match &found[..] {
        [] => Ok(Ok(Kustomization::made_up(folder, &generated_resources(&files.below(folder)?, folder)))),
        [(path, bytes)] => Ok(Kustomization::of(path, folder, bytes)),
        [(path, _), (other, _), ..] => {
            let says = format!("{other} is there, too, and kustomize takes only one of them in a folder");
            Ok(Err(vec![Mistake::new(path, 0, &says)]))
        }
    }
}

/// Builds what a kustomization says.
///
/// # Errors
/// What the files' place says.
pub fn build(files: &dyn Files, begin: &Kustomization, parsed: &Parsed) -> Result<Build, Failure> {
    build_after(files, begin, parsed, &mut 0)
}

/// The same after others of the same cluster, which went through `count` kustomizations.
///
/// # Errors
/// What the files' place says.
pub fn build_after(
    files: &dyn Files,
    begin: &Kustomization,
    parsed: &Parsed,
    count: &mut usize,
) -> Result<Build, Failure> {
    let build = Build::default();
    let mut builder = Builder {
        files,
        parsed,
        full: false,
        count: *count,
        most: MAX_FOLDERS.min(*count + MAX_FOLDERS_OF_A_BUILD),
        around: Vec::new(),
        build,
    };
    let pile = builder.kustomization(begin, Pile::default())?;
    *count = builder.count;
    Ok(builder.finished(begin, pile))
}

/// The objects that have come together so far.
#[derive(Default)]
struct Pile {
    objects: Vec<Resource>,
    /// What they are, as long as nothing has changed them.
    known: Option<BTreeSet<Id>>,
    /// Whether something of it is elsewhere or not made here, so that nothing can be said to be missing.
    incomplete: bool,
}

/// The objects of a file, or nothing if there is no such file.
type FileObjects = Option<Arc<Manifest>>;

/// The files that were read already: a base may be built many times.
#[derive(Default)]
pub struct Parsed {
    read: Mutex<BTreeMap<String, (Vec<u8>, FileObjects)>>,
    /// Whether a file may have other bytes the next time.
    of_several: bool,
}

impl Parsed {
    /// For files in several states: what has the same bytes in two of them is read once.
    pub fn of_several_states() -> Parsed {
        Parsed { of_several: true, ..Parsed::default() }
    }

    /// The objects of a file, read if they were not yet.
    fn objects(&self, files: &dyn Files, path: &str) -> Result<FileObjects, Failure> {
        // A thread that panicked left the map as it was; what is in it is whole.
        let known = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.of_several
            && let Some((_, objects)) = known().get(path)
        {
            return Ok(objects.clone());
        }
        let bytes = files.read(path)?;
        if self.of_several
            && let Some(bytes) = &bytes
            && let Some((_, Some(manifest))) = known().get(path).filter(|(known, _)| known == bytes.as_ref())
        {
            return Ok(Some(Arc::clone(manifest)));
        }
        let objects = bytes.as_ref().map(|bytes| Arc::new(Manifest::of(path, bytes)));
        let bytes = bytes.filter(|_| self.of_several).map(Cow::into_owned).unwrap_or_default();
        known().insert(path.to_owned(), (bytes, objects.clone()));
        Ok(objects)
    }

    /// The files that were read as manifests, by path.
    pub fn manifests(&self) -> Vec<(String, Arc<Manifest>)> {
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter_map(|(path, (_, objects))| Some((path.clone(), Arc::clone(objects.as_ref()?)))).collect()
    }
}

struct Builder<'a> {
    files: &'a dyn Files,
    parsed: &'a Parsed,
    /// Whether there is no room for more.
    full: bool,
    /// How many kustomizations were gone through, by others before, too.
    count: usize,
    /// How many there may be.
    most: usize,
    /// The folders around the one that is being built, so that a circle ends.
    around: Vec<String>,
    build: Build,
}

impl Builder<'_> {
    /// Everything that a kustomization does to what is there and to what it lists.
    fn kustomization(&mut self, it: &Kustomization, mut pile: Pile) -> Result<Pile, Failure> {
        self.count += 1;
        if !it.is_made_up() {
            self.build.files.insert(it.file.clone());
        }
        self.build.mistakes.extend(it.mistakes.iter().cloned());
        if it.is_empty() && !self.around.is_empty() {
            self.mistake(it, "kind", "the kustomization is empty");
        }
        self.around.push(it.folder.clone());
        for (key, entry) in ["resources", "bases"].into_iter().flat_map(|key| entries(it, key)) {
            self.resource(it, &key, &scalar_text(&entry), &mut pile)?;
        }
        self.unresolved(it, &mut pile);
        pile.known = None;
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for (key, entry) in entries(it, key) {
                self.generate(it, &key, kind, &entry, &mut pile)?;
            }
        }
        for (key, entry) in entries(it, "components") {
            pile = self.component(it, &key, &scalar_text(&entry), pile)?;
        }
        self.transform(it, &mut pile)?;
        self.limit(it, &mut pile);
        pile.known = None;
        self.around.pop();
        Ok(pile)
    }

    /// Lets a build not grow without end.
    fn limit(&mut self, it: &Kustomization, pile: &mut Pile) {
        const FEW: usize = 16;
        if pile.objects.len() <= FEW {
            return;
        }
        let mut weight = 0;
        let fits = pile.objects.iter().position(|object| {
            weight += limits::weight(&object.value, MAX_BUILD);
            weight > MAX_BUILD
        });
        if let Some(at) = fits {
            pile.objects.truncate(at);
            self.full = true;
            let says = format!("the objects of the build have more than {} MiB", MAX_BUILD / 1024 / 1024);
            self.mistake(it, "resources", &says);
        }
    }

    /// What a list of resources has: a file, a folder, or an address.
    fn resource(&mut self, it: &Kustomization, key: &str, entry: &str, pile: &mut Pile) -> Result<(), Failure> {
        let Some(path) = path_from(&it.folder, entry).filter(|_| !is_remote(entry)) else {
            self.elsewhere(it, key, entry, pile);
            return Ok(());
        };
        if self.full {
            // It is a part of the build, though nobody looks at it any more.
            self.build.files.extend(self.files.below(&path)?);
            self.build.files.insert(path);
            return Ok(());
        }
        if let Some(objects) = self.objects(&path)? {
            match &objects.objects {
                Ok(objects) => self.append(
                    it,
                    key,
                    objects.iter().map(|(value, line)| Resource::new(value.clone(), &path, *line)),
                    pile,
                ),
                Err(mistakes) => {
                    pile.incomplete = true;
                    self.build.mistakes.extend(mistakes.iter().cloned());
                    self.opaque_file(&path)?;
                }
            }
            return Ok(());
        }
        let Some(base) = self.folder(it, key, &path, pile)? else { return Ok(()) };
        if base.is_component() {
            self.mistake(it, key, &format!("{entry} is a component; list it under `components`"));
            return Ok(());
        }
        let inner = self.kustomization(&base, Pile::default())?;
        pile.incomplete |= inner.incomplete;
        self.append(it, key, inner.objects.into_iter(), pile);
        Ok(())
    }

    fn component(&mut self, it: &Kustomization, key: &str, entry: &str, mut pile: Pile) -> Result<Pile, Failure> {
        let Some(path) = path_from(&it.folder, entry).filter(|_| !is_remote(entry)) else {
            self.elsewhere(it, key, entry, &mut pile);
            pile.objects.iter_mut().for_each(|object| object.certain = false);
            return Ok(pile);
        };
        let Some(component) = self.folder(it, key, &path, &mut pile)? else { return Ok(pile) };
        if !component.is_component() {
            self.mistake(it, key, &format!("{entry} is no component; list it under `resources`"));
            return Ok(pile);
        }
        self.kustomization(&component, pile)
    }

    /// What is not in this repo.
    fn elsewhere(&mut self, it: &Kustomization, key: &str, entry: &str, pile: &mut Pile) {
        pile.incomplete = true;
        self.opaque(it, entry, "");
        if is_remote(entry) {
            self.note(it, key, &format!("{entry} is elsewhere and is not fetched"), true);
        } else {
            self.fault(it, key, Fault::Outside, &format!("{entry} leads out of the repo"));
        }
    }

    /// The kustomization of a folder that is named, unless there is none, or it is one around it.
    fn folder(
        &mut self,
        it: &Kustomization,
        key: &str,
        path: &str,
        pile: &mut Pile,
    ) -> Result<Option<Kustomization>, Failure> {
        let found = KUSTOMIZATION_FILES.iter().map(|name| join(path, name));
        let mut there = false;
        for file in found {
            there |= self.files.read(&file)?.is_some();
        }
        let mut fault = Fault::Other;
        let says = if !there && self.files.below(path)?.is_empty() {
            fault = Fault::Missing;
            format!("there is no file or folder {path}{}", self.files.why_not(path)?)
        } else if !there {
            fault = Fault::Missing;
            format!("the folder {path} has no kustomization")
        } else if self.around.iter().any(|around| around == path) {
            format!("{path} contains itself: {} → {path}", self.around.join(" → "))
        } else if self.count >= self.most {
            format!(
                "the build goes through more than {MAX_FOLDERS_OF_A_BUILD} folders, or all through more than {MAX_FOLDERS}"
            )
        } else if self.around.len() >= MAX_DEPTH {
            format!("more than {MAX_DEPTH} folders stand in each other")
        } else {
            match begin(self.files, path)? {
                Ok(kustomization) => return Ok(Some(kustomization)),
                Err(mistakes) => {
                    pile.incomplete = true;
                    let broken: BTreeSet<String> = mistakes.iter().map(|mistake| mistake.file.clone()).collect();
                    self.build.mistakes.extend(mistakes);
                    broken.iter().try_for_each(|file| self.opaque_file(file))?;
                    return Ok(None);
                }
            }
        };
        pile.incomplete = true;
        self.opaque(it, path, "");
        self.fault(it, key, fault, &says);
        Ok(None)
    }

    fn opaque(&mut self, it: &Kustomization, entry: &str, content: &str) {
        let (entry, listed_in, content) = (entry.to_owned(), it.file.clone(), content.to_owned());
        self.build.opaque.insert(Opaque { entry, listed_in, content });
    }

    /// Keeps a file that cannot be read as it stands.
    fn opaque_file(&mut self, path: &str) -> Result<(), Failure> {
        let bytes = self.files.read(path)?.unwrap_or_default();
        let content = String::from_utf8_lossy(&bytes).into_owned();
        self.build.opaque.insert(Opaque { entry: path.to_owned(), listed_in: path.to_owned(), content });
        Ok(())
    }

    fn objects(&mut self, path: &str) -> Result<FileObjects, Failure> {
        let objects = self.parsed.objects(self.files, path)?;
        if objects.is_some() {
            self.build.files.insert(path.to_owned());
        }
        Ok(objects)
    }

    /// Puts objects to those that are there; the same one twice is a mistake.
    fn append(&mut self, it: &Kustomization, key: &str, new: impl Iterator<Item = Resource>, pile: &mut Pile) {
        let objects = &pile.objects;
        let mut known = pile.known.take().unwrap_or_else(|| objects.iter().map(Resource::id).collect());
        for object in new {
            let id = object.id();
            if pile.objects.len() >= MAX_OBJECTS {
                self.full = true;
                return self.mistake(it, key, &format!("the build has more than {MAX_OBJECTS} objects"));
            }
            if known.insert(id.clone()) {
                pile.objects.push(object);
            } else {
                let mistake = repeated(it, key, &object, pile.objects.iter().find(|first| first.id() == id));
                self.build.mistakes.insert(mistake);
                if self.build.repeated.len() < MAX_MISTAKES {
                    self.build.repeated.push(built(object));
                }
            }
        }
        pile.known = Some(known);
    }

    fn generate(
        &mut self,
        it: &Kustomization,
        key: &str,
        kind: &str,
        entry: &Value,
        pile: &mut Pile,
    ) -> Result<(), Failure> {
        let global = it.says.get("generatorOptions").unwrap_or(&Value::Null);
        let (files, folder) = (self.files, &it.folder);
        let (mut failed, mut read) = (None, BTreeSet::new());
        let made = generate::object(kind, entry, global, &it.file, &mut |file| {
            let path = path_from(folder, file).ok_or_else(|| format!("{file} leads out of the repo"))?;
            let bytes = match files.read(&path) {
                Ok(bytes) => bytes.map(Cow::into_owned),
                Err(failure) => {
                    failed = Some(failure);
                    None
                }
            };
            read.insert(path.clone());
            let bytes = bytes.ok_or_else(|| format!("there is no file {path}"))?;
            let fits = bytes.len() <= limits::MAX_GENERATED;
            if fits { Ok(bytes) } else { Err(format!("{path} is larger than any object may be")) }
        });
        if let Some(failure) = failed {
            return Err(failure);
        }
        self.build.files.extend(read);
        let done = made.and_then(|object| generate::absorb(&mut pile.objects, object));
        self.keep(it, key, pile.incomplete, done);
        Ok(())
    }

    /// What is not resolved here, with what that means for the objects.
    fn unresolved(&mut self, it: &Kustomization, pile: &mut Pile) {
        const MORE: &[(&str, &str)] = &[
            ("helmCharts", "charts are not rendered"),
            ("helmChartInflationGenerator", "charts are not rendered"),
            ("generators", "plugins are not run"),
        ];
        const CHANGED: &[(&str, &str)] = &[
            ("transformers", "plugins are not run"),
            ("vars", "vars are not replaced"),
            ("configurations", "rules of your own are not read"),
            ("crds", "types of your own are not read"),
            ("openapi", "types of your own are not read"),
            ("buildMetadata", "where objects come from is not written into them"),
        ];
        let is_set = |key: &str| {
            it.says.get(key).is_some_and(|value| !matches!(value, Value::Null) && *value != Value::Array(Vec::new()))
        };
        for (key, says) in MORE.iter().filter(|(key, _)| is_set(key)) {
            pile.incomplete = true;
            self.opaque(it, &it.file, &it.says[*key].to_string());
            self.note(it, key, &format!("{key}: {says}"), true);
        }
        for (key, says) in CHANGED.iter().filter(|(key, _)| is_set(key)) {
            pile.objects.iter_mut().for_each(|object| object.certain = false);
            self.opaque(it, &it.file, &it.says[*key].to_string());
            self.note(it, key, &format!("{key}: {says}"), false);
        }
    }

    /// What changes every object, in kustomize's order (api/internal/target/kusttarget_configplugin.go).
    fn transform(&mut self, it: &Kustomization, pile: &mut Pile) -> Result<(), Failure> {
        for (key, entry) in entries(it, "patchesStrategicMerge") {
            self.older_merge(it, &key, &scalar_text(&entry), pile)?;
        }
        self.patches(it, "patches", pile)?;
        let namespace = it.text("namespace");
        if !namespace.is_empty() {
            let done = limits::text(&namespace).and_then(|()| transform::namespace(&mut pile.objects, &namespace));
            self.keep(it, "namespace", false, done);
        }
        for (key, is_prefix) in [("namePrefix", true), ("nameSuffix", false)] {
            let text = it.text(key);
            if !text.is_empty() {
                let done = limits::text(&text).and_then(|()| transform::affix(&mut pile.objects, &text, is_prefix));
                self.keep(it, key, false, done);
            }
        }
        self.labels(it, pile);
        let done = transform::pairs(&mut pile.objects, &it.map("commonAnnotations"), fields_of("annotation"));
        self.keep(it, "commonAnnotations", false, done);
        self.patches(it, "patchesJson6902", pile)?;
        for entry in it.list("replicas") {
            let count = entry.get("count").cloned().unwrap_or_else(|| Value::from(0));
            let name = entry.get("name").map(scalar_text).unwrap_or_default();
            let done = transform::replicas(&mut pile.objects, &name, &count);
            self.keep(it, "replicas", pile.incomplete, done);
        }
        for key in ["images", "imageTags"] {
            for entry in it.list(key) {
                let done = transform::Image::of(&entry).apply(&mut pile.objects);
                self.keep(it, key, false, done);
            }
        }
        self.replacements(it, pile)
    }

    fn labels(&mut self, it: &Kustomization, pile: &mut Pile) {
        for entry in it.list("labels") {
            let says = |key: &str| entry.get(key) == Some(&Value::Bool(true));
            let own = entry.get("fields").and_then(Value::as_array).into_iter().flatten().map(own_field).collect();
            let pairs = entry.get("pairs").and_then(Value::as_object).cloned().unwrap_or_default();
            let fields = transform::label_fields(own, says("includeSelectors"), says("includeTemplates"));
            let done = fields.and_then(|fields| transform::pairs(&mut pile.objects, &pairs, &fields));
            self.keep(it, "labels", false, done);
        }
        let done = transform::pairs(&mut pile.objects, &it.map("commonLabels"), fields_of("selector-label"));
        self.keep(it, "commonLabels", false, done);
    }

    /// An entry of `patchesStrategicMerge`: a patch, or the path of one.
    fn older_merge(&mut self, it: &Kustomization, at: &str, entry: &str, pile: &mut Pile) -> Result<(), Failure> {
        let inline = documents(&it.file, entry.as_bytes());
        let is_inline = inline.is_ok_and(|all| all.iter().any(|document| document.value.is_object()));
        let key = if is_inline { "patch" } else { "path" };
        self.patch(it, at, &serde_json::json!({ key: entry }), Ok(None), pile)
    }

    fn patches(&mut self, it: &Kustomization, key: &str, pile: &mut Pile) -> Result<(), Failure> {
        for (index, entry) in it.list(key).iter().enumerate() {
            let target = entry.get("target").filter(|target| !target.is_null()).map(Selector::of).transpose();
            let idle = |target: &Selector| !pile.objects.iter().any(|object| target.selects(object));
            if !pile.incomplete && target.as_ref().is_ok_and(|target| target.as_ref().is_some_and(idle)) {
                let (file, line, key) = (it.file.clone(), it.line(key), key.to_owned());
                self.build.idle.insert(IdlePatch { file, line, key, index });
            }
            self.patch(it, &format!("{key}/{index}"), entry, target, pile)?;
        }
        Ok(())
    }

    fn patch(
        &mut self,
        it: &Kustomization,
        key: &str,
        entry: &Value,
        target: Result<Option<Selector>, String>,
        pile: &mut Pile,
    ) -> Result<(), Failure> {
        let text = |key: &str| entry.get(key).map(scalar_text).unwrap_or_default();
        let loaded = match (text("patch"), text("path")) {
            (patch, path) if patch.trim().is_empty() && !path.is_empty() => self.file_text(it, &path)?,
            (patch, path) if path.is_empty() && !patch.trim().is_empty() => Ok((it.file.clone(), patch.into_bytes())),
            _ => Err("an entry has to have either a patch or a path".to_owned()),
        };
        let options =
            |key: &str| entry.pointer("/options").and_then(|options| options.get(key)) == Some(&Value::Bool(true));
        let options =
            Options { name_may_change: options("allowNameChange"), kind_may_change: options("allowKindChange") };
        let done = loaded.and_then(|(file, bytes)| {
            let documents = documents(&file, &bytes)
                .map_err(|mistakes| mistakes.into_iter().map(|mistake| mistake.says).collect::<Vec<_>>().join("; "))?;
            let patch = Patch::of(documents.into_iter().map(|document| document.value).collect())?;
            patch.apply(&mut pile.objects, target?.as_ref(), &options)
        });
        self.keep(it, key, pile.incomplete, done.map_err(|says| named(&text("path"), says)));
        Ok(())
    }

    fn file_text(&mut self, it: &Kustomization, path: &str) -> Result<Result<(String, Vec<u8>), String>, Failure> {
        let Some(path) = path_from(&it.folder, path) else { return Ok(Err(format!("{path} leads out of the repo"))) };
        let bytes = self.files.read(&path)?.map(Cow::into_owned);
        self.build.files.insert(path.clone());
        Ok(bytes.map(|bytes| (path.clone(), bytes)).ok_or_else(|| format!("there is no file {path}")))
    }

    fn replacements(&mut self, it: &Kustomization, pile: &mut Pile) -> Result<(), Failure> {
        for entry in it.list("replacements") {
            let Some(path) = entry.get("path").map(scalar_text) else {
                let done = replace::apply(&mut pile.objects, &entry);
                self.keep(it, "replacements", pile.incomplete, done);
                continue;
            };
            let loaded = self.file_text(it, &path)?;
            let entries = loaded.and_then(|(file, bytes)| {
                let all = documents(&file, &bytes).map_err(|_| format!("{file} is not YAML"))?;
                let list = |document: Document| match document.value {
                    Value::Array(entries) => entries,
                    one => vec![one],
                };
                Ok(all.into_iter().flat_map(list).collect::<Vec<_>>())
            });
            let done = entries.and_then(|all| all.iter().try_for_each(|one| replace::apply(&mut pile.objects, one)));
            self.keep(it, "replacements", pile.incomplete, done.map_err(|says| named(&path, says)));
        }
        Ok(())
    }

    /// Keeps what went wrong; where something is not resolved, it may only be missing here.
    fn keep(&mut self, it: &Kustomization, key: &str, incomplete: bool, done: Result<(), String>) {
        match done {
            Ok(()) => {}
            Err(says) if incomplete => {
                self.note(it, key, &format!("{says}; it may be in what is not resolved"), false);
            }
            Err(says) => self.mistake(it, key, &says),
        }
    }

    fn mistake(&mut self, it: &Kustomization, key: &str, says: &str) {
        self.fault(it, key, Fault::Other, says);
    }

    fn fault(&mut self, it: &Kustomization, key: &str, fault: Fault, says: &str) {
        let mistake = Mistake::new(&it.file, it.line(key), says).of(fault);
        if self.build.mistakes.len() < MAX_MISTAKES * MAX_MISTAKES {
            self.build.mistakes.insert(Mistake { pointer: format!("/{key}"), ..mistake });
        }
    }

    fn note(&mut self, it: &Kustomization, key: &str, says: &str, hides: bool) {
        self.build.notes.insert(Note { file: it.file.clone(), line: it.line(key), says: says.to_owned(), hides });
    }

    /// What is only done once, to everything.
    fn finished(mut self, it: &Kustomization, pile: Pile) -> Build {
        let mut objects = pile.objects;
        generate::add_hashes(&mut objects);
        let done = references::rewrite(&mut objects);
        self.keep(it, "resources", false, done);
        objects.retain(|object| !is_local(&object.value));
        let options = it.says.get("sortOptions").filter(|options| !options.is_null());
        let done = order::sort(&mut objects, options);
        self.keep(it, "sortOptions", false, done);
        self.build.objects = objects.into_iter().map(built).collect();
        self.build
    }
}

/// The entries of a list, each with its place: `resources/0`.
fn entries(it: &Kustomization, key: &str) -> impl Iterator<Item = (String, Value)> + use<> {
    let key = key.to_owned();
    it.list(&key).into_iter().enumerate().map(move |(index, entry)| (format!("{key}/{index}"), entry))
}

/// The mistake of an object that is there twice: at the second one, unless that is only listed a second time.
fn repeated(it: &Kustomization, key: &str, second: &Resource, first: Option<&Resource>) -> Mistake {
    let id = second.id();
    let from = first.map_or_else(String::new, |first| match first.line {
        0 => first.file.clone(),
        line => format!("{}:{line}", first.file),
    });
    let mistake = match first {
        Some(first) if (&first.file, first.line) == (&second.file, second.line) => {
            let says = format!("{id} of {from} is listed twice");
            Mistake { pointer: format!("/{key}"), ..Mistake::new(&it.file, it.line(key), &says) }
        }
        _ => Mistake::new(&second.file, second.line, &format!("{id} is there already, at {from}")),
    };
    mistake.of(Fault::RepeatedObject)
}

fn named(path: &str, says: String) -> String {
    if path.is_empty() { says } else { format!("{path}: {says}") }
}

/// A field that an entry of `labels` names itself.
fn own_field(field: &Value) -> Field {
    let text = |key: &str| field.get(key).map(scalar_text).unwrap_or_default();
    let of = Gvk { group: text("group"), version: text("version"), kind: text("kind") };
    Field::new(of, &text("path"), field.get("create") == Some(&Value::Bool(true)))
}

fn built(mut object: Resource) -> Built {
    // Kustomize keeps notes of its own in the annotations; when it takes them out, the rest are texts.
    let mut annotations = metadata_map(&object.value, "annotations");
    let said = object.value.pointer("/metadata/annotations").and_then(Value::as_object);
    for (key, _) in said.into_iter().flatten().filter(|(_, value)| value.is_null()) {
        annotations.insert(key.clone(), Value::from("null"));
    }
    set_metadata_map(&mut object.value, "annotations", annotations);
    Built { value: object.value, file: object.file, line: object.line, certain: object.certain }
}
