//! What a cluster is given: every object that Flux applies from a repo, as it is after kustomize and substitution.
//!
//! In: the files of a repo, and where Flux begins ([`Start`]). Out: the objects, each with the Flux Kustomizations that lead to
//! it ([`Given`]); what is not resolved, as notes; what Flux would refuse, as mistakes.
//!
//! Source: kustomize-controller docs/spec/v1/kustomizations.md; fluxcd/pkg kustomize v1.44.0 (kustomize_generator.go,
//! kustomize_varsub.go).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::applied::{BOOTSTRAP, Owner, is_kustomization};
use super::files::Files;
use super::folder::path_from;
use super::kustomize::{self, Built, Fault, IdlePatch, Kustomization, Mistake, Note, Opaque, Parsed, limits};
use super::start::{Start, owner_of};
use super::substitute::{Variables, substitute};
use crate::error::Failure;
use crate::tree::{object_id, text_at};

/// An object that is applied.
#[derive(Debug, Clone)]
pub struct Given {
    /// The object.
    pub object: Value,
    /// The file that it stands in, or the kustomization that generates it.
    pub file: String,
    /// The line of that file; 0 if it is generated.
    pub line: usize,
    /// The Flux Kustomizations that lead to it, the first one first, the one that applies it last.
    pub chain: Vec<Owner>,
    /// Whether it is whole: nothing that is not resolved may have changed it.
    pub certain: bool,
    /// The object before its variables were replaced, if any were.
    pub before: Option<Box<Value>>,
}

impl Given {
    /// What was built.
    pub fn of(built: Built, chain: &[Owner]) -> Given {
        let Built { value, file, line, certain } = built;
        Given { object: value, file, line, chain: chain.to_vec(), certain, before: None }
    }
}

/// A Flux Kustomization that was found.
#[derive(Debug, Default)]
pub struct FluxKustomization {
    /// The file that it stands in.
    pub file: String,
    /// The line of that file; 0 if nothing stands there.
    pub line: usize,
    /// Itself.
    pub document: Value,
    /// The Kustomizations that lead to it, itself last.
    pub chain: Vec<Owner>,
    /// Its folder in this repo; none if it is elsewhere or not there.
    pub folder: Option<String>,
    /// Whether that folder has no kustomization, so that Flux applies all of it.
    pub whole: bool,
    /// Whether what it applies is not in this repo.
    pub elsewhere: bool,
    /// Every file that was read for it.
    pub files: BTreeSet<String>,
    /// Its variables, if it substitutes any.
    pub variables: Option<Variables>,
    /// Its own patches that change nothing, by their place in its list.
    pub idle: Vec<usize>,
}

/// What a cluster is given.
#[derive(Default)]
pub struct Everything {
    /// The objects.
    pub objects: Vec<Given>,
    /// What was not resolved.
    pub notes: BTreeSet<Note>,
    /// What is wrong.
    pub mistakes: BTreeSet<Mistake>,
    /// The Kustomizations that Flux would not get through, and that so give nothing.
    pub failing: BTreeSet<Owner>,
    /// The Flux Kustomizations that were found.
    pub kustomizations: BTreeMap<Owner, FluxKustomization>,
    /// Patches of kustomizations that change nothing.
    pub idle: BTreeSet<IdlePatch>,
    /// Objects that a folder has a second time, so that it cannot be built.
    pub repeated: Vec<Given>,
    /// What is known only by what is said of it, with the Kustomization that applies it.
    pub opaque: BTreeSet<(Owner, Opaque)>,
    /// The first object of each kind, namespace and name, by its place among the objects.
    known: BTreeMap<(String, Owner), usize>,
}

/// How many Flux Kustomizations of one cluster are followed, how many may stand below each other, and how many objects there may be
/// for more of them to be followed. A variable in its own name is enough to have one apply others without end.
const MAX_KUSTOMIZATIONS: usize = 2_000;
const MAX_CHAIN: usize = 24;
const MAX_OBJECTS: usize = 15_000;
/// About how many bytes may be variables, or come of substitution.
const MAX_REPLACED: usize = 96 * 1024 * 1024;

/// What is known of a ConfigMap or Secret.
enum Data {
    /// It is not in the repo, or was not found yet.
    Absent,
    /// SOPS encrypted it.
    Encrypted,
    /// What it holds.
    Known(BTreeMap<String, String>),
}

/// A source, by kind, namespace and name.
type SourceRef = (String, Owner);

/// What is to be known of a Kustomization while its folder is built.
#[derive(Clone)]
struct Open {
    owner: Owner,
    document: Value,
    chain: Vec<Owner>,
    file: String,
    line: usize,
}

/// Follows everything that Flux applies from where it begins.
///
/// # Errors
/// What the files' place says.
pub fn everything(files: &dyn Files, start: &Start, parsed: &Parsed) -> Result<Everything, Failure> {
    everything_and(files, start, &[], parsed)
}

/// The same; other Kustomizations are there, too, although nothing in the repo leads to them.
///
/// # Errors
/// What the files' place says.
pub fn everything_and(
    files: &dyn Files,
    start: &Start,
    others: &[(Owner, Value)],
    parsed: &Parsed,
) -> Result<Everything, Failure> {
    let owner = start.owner();
    let own = source_of(&start.kustomization, &owner);
    let begin = FluxKustomization {
        file: start.file.clone(),
        document: start.kustomization.clone(),
        chain: vec![owner.clone()],
        ..FluxKustomization::default()
    };
    let mut follower = Follower {
        files,
        parsed,
        own,
        strict: start.strict,
        open: vec![owner.clone()],
        count: 0,
        replaced: 0,
        found: Everything::default(),
    };
    follower.found.kustomizations.insert(owner, begin);
    follower.all()?;
    for document in &start.others {
        follower.add(&owner_of(document), document, &start.file);
    }
    for (owner, document) in others {
        follower.add(owner, document, "");
    }
    follower.all()?;
    Ok(follower.found)
}

struct Follower<'a> {
    files: &'a dyn Files,
    parsed: &'a Parsed,
    /// The source that is this repo.
    own: SourceRef,
    strict: bool,
    /// The Kustomizations whose folders are still to be built.
    open: Vec<Owner>,
    /// How many kustomizations were gone through.
    count: usize,
    /// About how many bytes were variables, or came of substitution.
    replaced: usize,
    found: Everything,
}

impl Follower<'_> {
    fn all(&mut self) -> Result<(), Failure> {
        while let Some(next) = self.next() {
            self.kustomization(&next)?;
        }
        Ok(())
    }

    /// One that nothing leads to.
    fn add(&mut self, owner: &Owner, document: &Value, file: &str) {
        if self.found.kustomizations.contains_key(owner) {
            return;
        }
        let (document, chain, file) = (document.clone(), vec![owner.clone()], file.to_owned());
        self.found
            .kustomizations
            .insert(owner.clone(), FluxKustomization { file, document, chain, ..FluxKustomization::default() });
        self.open.push(owner.clone());
    }

    /// The next one: the first whose source and variables are known, or the first, once nothing else brings them.
    fn next(&mut self) -> Option<Open> {
        let ready = self.open.iter().position(|owner| self.is_ready(owner)).unwrap_or(0);
        let owner = (ready < self.open.len()).then(|| self.open.remove(ready))?;
        let it = self.found.kustomizations.get(&owner)?;
        let (document, chain, file, line) = (it.document.clone(), it.chain.clone(), it.file.clone(), it.line);
        Some(Open { owner, document, chain, file, line })
    }

    fn is_ready(&self, owner: &Owner) -> bool {
        let Some(it) = self.found.kustomizations.get(owner) else { return true };
        let source = source_of(&it.document, owner);
        let source_known = source == self.own || self.source(&source).is_some();
        source_known && references(&it.document).all(|one| !matches!(self.data(owner, one), Data::Absent))
    }

    fn object(&self, kind: &str, owner: &Owner) -> Option<&Given> {
        let at = self.found.known.get(&(kind.to_owned(), owner.clone()))?;
        self.found.objects.get(*at)
    }

    fn source(&self, (kind, owner): &SourceRef) -> Option<&Value> {
        self.object(kind, owner).map(|given| &given.object)
    }

    /// Whether a source is this repo: the one where Flux begins, or another of the same address and reference.
    fn is_this_repo(&self, source: &SourceRef) -> bool {
        let address = |source: &SourceRef| {
            let spec = self.source(source)?.get("spec")?;
            let url = text_at(spec, &["url"])?.trim_end_matches('/').trim_end_matches(".git").to_owned();
            Some((url, spec.get("ref").cloned()))
        };
        *source == self.own || address(source).is_some_and(|there| address(&self.own) == Some(there))
    }

    /// Builds what a Kustomization applies, and keeps it.
    fn kustomization(&mut self, open: &Open) -> Result<(), Failure> {
        if self.found.objects.len() >= MAX_OBJECTS || self.replaced > MAX_REPLACED {
            let says = "the cluster would be given more than is looked at";
            self.fail(open, vec![Mistake::new(&open.file, open.line, says)]);
            return Ok(());
        }
        let source = source_of(&open.document, &open.owner);
        if !self.is_this_repo(&source) {
            let (kind, name) = &source;
            self.note(open, &format!("Kustomization {} reads {kind} {name}, which is not this repo", open.owner), true);
            self.keep(open, |it| it.elsewhere = true);
            return Ok(());
        }
        let said = text_at(&open.document, &["spec", "path"]).unwrap_or_default();
        let Some(folder) = self.folder(open, said) else { return Ok(()) };
        let mut kustomization = match kustomize::begin(self.files, &folder)? {
            Ok(kustomization) => kustomization,
            Err(mistakes) => {
                self.fail(open, mistakes);
                return Ok(());
            }
        };
        let whole = kustomization.is_made_up();
        let own = kustomization.list("patches").len();
        self.put_on_top(&mut kustomization, &open.document);
        let build = kustomize::build_after(self.files, &kustomization, self.parsed, &mut self.count)?;
        self.found.notes.extend(build.notes);
        self.fail(open, build.mistakes.into_iter().collect());
        let variables = self.variables(open);
        self.replaced += variables.as_ref().map_or(0, Variables::bytes);
        let is_on_top =
            |idle: &IdlePatch| idle.file == kustomization.file && idle.key == "patches" && idle.index >= own;
        let (on_top, idle): (Vec<_>, Vec<_>) = build.idle.into_iter().partition(is_on_top);
        self.found.idle.extend(idle);
        self.found.opaque.extend(build.opaque.into_iter().map(|opaque| (open.owner.clone(), opaque)));
        self.found.repeated.extend(build.repeated.into_iter().map(|built| Given::of(built, &open.chain)));
        for built in build.objects {
            self.give(open, Given::of(built, &open.chain), variables.as_ref());
        }
        self.keep(open, |it| {
            it.folder = Some(folder);
            it.whole = whole;
            it.files = build.files;
            it.variables = variables;
            it.idle = on_top.iter().map(|idle| idle.index - own).collect();
        });
        Ok(())
    }

    /// The folder that a Kustomization names, if it is there.
    fn folder(&mut self, open: &Open, said: &str) -> Option<String> {
        let path = path_from("", said);
        let (fault, what) = match &path {
            None => (Fault::Outside, "leads out of the repo"),
            Some(folder) if !self.is_there(folder) => (Fault::NoSuchPath, "is not there"),
            Some(_) => return path,
        };
        let why = path.and_then(|folder| self.files.why_not(&folder).ok()).unwrap_or_default();
        let says = format!("the path {said} of Kustomization {} {what}{why}", open.owner);
        self.fail(open, vec![Mistake::new(&open.file, open.line, &says).of(fault)]);
        None
    }

    /// Keeps what was found out of a Kustomization.
    fn keep(&mut self, open: &Open, change: impl FnOnce(&mut FluxKustomization)) {
        if let Some(it) = self.found.kustomizations.get_mut(&open.owner) {
            change(it);
        }
    }

    fn is_there(&self, folder: &str) -> bool {
        folder.is_empty() || self.files.below(folder).is_ok_and(|paths| !paths.is_empty())
    }

    fn fail(&mut self, open: &Open, mistakes: Vec<Mistake>) {
        if !mistakes.is_empty() {
            self.found.failing.insert(open.owner.clone());
            self.found.mistakes.extend(mistakes);
        }
    }

    fn note(&mut self, open: &Open, says: &str, hides: bool) {
        self.found.notes.insert(Note { file: open.file.clone(), line: open.line, says: says.to_owned(), hides });
    }

    /// What the Flux Kustomization says beside the folder; Flux writes it into the kustomization before it builds.
    fn put_on_top(&self, it: &mut Kustomization, document: &Value) {
        let Some(spec) = document.get("spec") else { return };
        for (from, to) in [("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")]
        {
            if let Some(text) = text_at(spec, &[from]) {
                it.says[to] = Value::from(text);
            }
        }
        let list = |key: &str| spec.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut components = list("components");
        if spec.get("ignoreMissingComponents") == Some(&Value::Bool(true)) {
            let there = |entry: &Value| path_from(&it.folder, entry.as_str()?).filter(|path| self.is_there(path));
            components.retain(|entry| there(entry).is_some());
        }
        let added = [("patches", list("patches")), ("components", components)];
        for (key, more) in added.into_iter().filter(|(_, more)| !more.is_empty()) {
            it.says[key] = it.list(key).into_iter().chain(more).collect();
        }
        let images = list("images");
        if !images.is_empty() {
            it.says["images"] = Value::Array(with_images(it.list("images"), images));
        }
    }

    /// The variables of a Kustomization; none if it substitutes nothing.
    fn variables(&mut self, open: &Open) -> Option<Variables> {
        let post_build = open.document.pointer("/spec/postBuild")?;
        let mut variables = Variables { strict: self.strict, ..Variables::default() };
        for reference in references(&open.document) {
            let why = match self.data(&open.owner, reference) {
                Data::Known(data) => {
                    data.iter().for_each(|(name, value)| variables.add(name, value));
                    continue;
                }
                Data::Encrypted => "is encrypted",
                Data::Absent => "is not in the repo",
            };
            variables.incomplete = true;
            let text = |key: &str| text_at(reference, &[key]).unwrap_or_default();
            let name = format!("{} {}/{}", text("kind"), open.owner.namespace, text("name"));
            self.note(open, &format!("{name} {why}: the variables in it are not known"), false);
        }
        let inline = post_build.get("substitute").and_then(Value::as_object);
        for (name, value) in inline.into_iter().flatten() {
            variables.add(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str());
        }
        if let Some(name) = variables.bad_name() {
            let says = format!("the variable `{name}` of Kustomization {} has a name that Flux refuses", open.owner);
            self.fail(open, vec![Mistake::new(&open.file, open.line, &says)]);
            return None;
        }
        let always = text_at(post_build, &["substituteStrategy"]) == Some("Always");
        (always || variables.incomplete || !variables.values.is_empty()).then_some(variables)
    }

    /// What a ConfigMap or Secret that is substituted from holds.
    fn data(&self, owner: &Owner, reference: &Value) -> Data {
        let text = |key: &str| text_at(reference, &[key]).unwrap_or_default();
        let (kind, name) = (text("kind"), text("name").to_owned());
        let Some(given) = self.object(kind, &Owner { namespace: owner.namespace.clone(), name }) else {
            return Data::Absent;
        };
        let object = &given.object;
        if is_encrypted(object) {
            return Data::Encrypted;
        }
        let mut data = BTreeMap::new();
        for (key, is_base64) in [("data", kind == "Secret"), ("stringData", false)] {
            for (name, value) in object.get(key).and_then(Value::as_object).into_iter().flatten() {
                let text = value.as_str().unwrap_or_default();
                let text = if is_base64 { from_base64(text) } else { Some(text.to_owned()) };
                data.insert(name.clone(), text.unwrap_or_default());
            }
        }
        Data::Known(data)
    }

    /// Keeps an object, with its variables replaced; a Kustomization is followed.
    fn give(&mut self, open: &Open, mut given: Given, variables: Option<&Variables>) {
        if is_encrypted(&given.object) {
            given.certain = false;
        } else if let Some(variables) = variables {
            let room = self.replaced <= MAX_REPLACED;
            match if room { substitute(&given.object, variables) } else { Ok(None) } {
                Ok(Some(object)) => {
                    self.replaced += limits::weight(&object, MAX_REPLACED);
                    given.before = Some(Box::new(std::mem::replace(&mut given.object, object)));
                }
                Ok(None) => {}
                Err(refusal) => {
                    self.fail(open, vec![Mistake::new(&given.file, given.line, &refusal.says).of(refusal.fault)]);
                    given.before = Some(Box::new(given.object.clone()));
                }
            }
            given.certain &= !variables.incomplete || !given.object.to_string().contains("${");
        }
        common_metadata(&mut given.object, &open.document);
        if let Some(id) = object_id(&given.object) {
            let owner = Owner::of(&id);
            if is_kustomization(&id) {
                self.follow(open, owner.clone(), &given);
            }
            self.found.known.entry((id.kind, owner)).or_insert(self.found.objects.len());
        }
        self.found.objects.push(given);
    }

    fn follow(&mut self, open: &Open, owner: Owner, given: &Given) {
        if self.found.kustomizations.contains_key(&owner) {
            // Where Flux begins it stands in the repo, too, and there it has a line.
            if owner == open.owner && open.line == 0 && given.file == open.file {
                self.keep(open, |it| it.line = given.line);
            }
            return;
        }
        if self.found.kustomizations.len() >= MAX_KUSTOMIZATIONS
            || open.chain.len() >= MAX_CHAIN
            || self.found.objects.len() >= MAX_OBJECTS
        {
            let says = format!(
                "more than {MAX_KUSTOMIZATIONS} Kustomizations, or {MAX_CHAIN} below each other, are not followed"
            );
            return self.fail(open, vec![Mistake::new(&given.file, given.line, &says)]);
        }
        let elsewhere = given.object.pointer("/spec/kubeConfig").is_some();
        let chain = open.chain.iter().cloned().chain([owner.clone()]).collect();
        let (document, file, line) = (given.object.clone(), given.file.clone(), given.line);
        let it = FluxKustomization { file, line, document, chain, elsewhere, ..FluxKustomization::default() };
        self.found.kustomizations.insert(owner.clone(), it);
        if elsewhere {
            self.note(open, &format!("Kustomization {owner} is for another cluster and is not followed"), false);
        } else {
            self.open.push(owner);
        }
    }
}

fn source_of(kustomization: &Value, owner: &Owner) -> SourceRef {
    let text = |key: &str| text_at(kustomization, &["spec", "sourceRef", key]);
    let namespace = text("namespace").unwrap_or(&owner.namespace).to_owned();
    let name = text("name").unwrap_or(BOOTSTRAP).to_owned();
    (text("kind").unwrap_or("GitRepository").to_owned(), Owner { namespace, name })
}

/// What a Kustomization substitutes from.
fn references(kustomization: &Value) -> impl Iterator<Item = &Value> {
    kustomization.pointer("/spec/postBuild/substituteFrom").and_then(Value::as_array).into_iter().flatten()
}

/// Whether an object is encrypted by SOPS.
pub fn is_encrypted(object: &Value) -> bool {
    object.pointer("/sops/mac").is_some() || object.pointer("/sops/lastmodified").is_some()
}

/// The images of a kustomization with those of a Flux Kustomization: one of the same name is changed.
fn with_images(mut images: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    for new in more {
        let said = |key: &str| new.get(key).filter(|value| value.as_str() != Some("")).cloned();
        match images.iter_mut().find(|old| old.get("name") == new.get("name")) {
            None => images.push(new),
            Some(old) => {
                if let Some(name) = said("newName") {
                    old["newName"] = name;
                }
                if said("newTag").is_some() || said("digest").is_some() {
                    for key in ["newTag", "digest"] {
                        old[key] = said(key).unwrap_or_else(|| json!(""));
                    }
                }
            }
        }
    }
    images
}

/// The labels and annotations that a Flux Kustomization gives to everything.
fn common_metadata(object: &mut Value, kustomization: &Value) {
    for key in ["labels", "annotations"] {
        let said = kustomization.pointer("/spec/commonMetadata").and_then(|all| all.get(key));
        let Some(said) = said.and_then(Value::as_object).filter(|said| !said.is_empty()) else { continue };
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { continue };
        let map = metadata.entry(key).or_insert_with(|| Value::Object(Map::new()));
        if let Some(map) = map.as_object_mut() {
            map.extend(said.clone());
        }
    }
}

/// The text that is written as base64, if it is one.
pub fn from_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut number, mut bits) = (0u32, 0);
    for sign in text.bytes().filter(|sign| !sign.is_ascii_whitespace() && *sign != b'=') {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        number = (number << 6 | u32::from(value)) & 0x00ff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(number >> bits & 0xff).unwrap_or_default());
        }
    }
    String::from_utf8(bytes).ok()
}
