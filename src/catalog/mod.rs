//! The catalog: what can be rendered. A component is a folder, built in under `templates/` or the repo's own under
//! `.fluxwright/components/`, in one format; adding one needs no Rust.
//!
//! In: the embedded folders and the files of the repo's own components. Out: a typed [`Component`] or [`StoreProvider`]
//! with its templates as text, read when it is asked for.
//!
//! Not here: rendering (`template`, `render`), and which components a cluster has (`profile`, `plan`).

pub mod apis;
pub mod component;
pub mod ranges;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use include_dir::{Dir, include_dir};

use crate::decode::{At, Decode, Reading};
use crate::problem::{Code, Place, Problem, Problems, Source, nearest};
use crate::template::{Engine, Files};
use crate::texts::Name;
use crate::yaml;
use apis::Table;
use component::{Component, StoreProvider};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Where a repo keeps its own components.
pub const OWN_COMPONENTS: &str = ".fluxwright/components";

/// The catalog of one repo.
pub struct Catalog {
    /// The repo's own components: name → path in the folder → text.
    own: BTreeMap<String, BTreeMap<String, String>>,
    /// What was read so far: a hundred clusters read a component once.
    components: Read<Folder<Component>>,
    providers: Read<Folder<StoreProvider>>,
    sections: Read<Engine>,
    /// Kinds, versions and fields.
    pub table: Arc<Table>,
}

/// Things by name that are read when they are first asked for.
type Read<T> = Mutex<BTreeMap<String, Arc<T>>>;

/// The thing of that name, read if it was not yet.
fn once<T>(
    read: &Read<T>,
    name: &str,
    first: impl FnOnce() -> Result<T, Vec<Problem>>,
) -> Result<Arc<T>, Vec<Problem>> {
    // A thread that panicked left the map as it was; what is in it is whole.
    let known = |read: &Read<T>| read.lock().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone);
    if let Some(known) = known(read) {
        return Ok(known);
    }
    let new = Arc::new(first()?);
    read.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::clone(&new));
    Ok(new)
}

/// A folder of the catalog that was read.
pub struct Folder<T> {
    /// How findings call it: `components/x`, or the path in the repo.
    pub label: String,
    /// What its own file says.
    pub spec: T,
    /// That file, for places.
    pub source: Arc<Source>,
    /// Its templates.
    pub engine: Arc<Engine>,
    /// Whether it is the repo's own.
    pub own: bool,
}

impl Catalog {
    /// The built-in catalog with the repo's own components.
    ///
    /// # Errors
    /// An own component that shadows a built-in one; a broken table of ours.
    pub fn new(own: BTreeMap<String, BTreeMap<String, String>>) -> Result<Catalog, Vec<Problem>> {
        let mut problems = Problems::default();
        for name in own.keys().filter(|name| TEMPLATES.get_dir(format!("components/{name}")).is_some()) {
            problems.push(
                Problem::new(
                    Code::SHADOWED_COMPONENT,
                    format!("the repo's own component `{name}` has the name of a built-in one"),
                )
                .at(Place::file(format!("{OWN_COMPONENTS}/{name}/component.yaml")))
                .because("a profile that names it could mean either")
                .hint(format!("git mv {OWN_COMPONENTS}/{name} {OWN_COMPONENTS}/my-{name}\n# and in its component.yaml:\nname: my-{name}")),
            );
        }
        let source = Source::new("apis.yaml", embedded_text("apis.yaml"));
        let table = read::<Table>(&source, &mut problems);
        problems.finish(table).map(|(table, _)| Catalog {
            own,
            components: Read::default(),
            providers: Read::default(),
            sections: Read::default(),
            table: Arc::new(table),
        })
    }

    /// The names of all components.
    pub fn component_names(&self) -> BTreeSet<String> {
        names_in("components").into_iter().chain(self.own.keys().cloned()).collect()
    }

    /// That nothing of the catalog has a name.
    pub fn nothing_called(&self, name: &str) -> Problem {
        let names = self.component_names().into_iter().chain(self.provider_names()).collect();
        unknown(Code::UNKNOWN_COMPONENT, "component or kind of store", name, &names)
    }

    /// The names of all kinds of stores.
    pub fn provider_names(&self) -> BTreeSet<String> {
        names_in("stores")
    }

    /// A component by name; `place` is where it was asked for.
    ///
    /// # Errors
    /// There is none, or its file is broken.
    pub fn component(&self, name: &str, place: &Place) -> Result<Arc<Folder<Component>>, Vec<Problem>> {
        once(&self.components, name, || {
            if let Some(files) = self.own.get(name) {
                let files = files.iter().map(|(path, text)| (path.clone(), Cow::Owned(text.clone()))).collect();
                return component_folder(format!("{OWN_COMPONENTS}/{name}"), files, true);
            }
            let label = format!("components/{name}");
            let Some(files) = embedded_files(&label) else {
                let names = self.component_names();
                return Err(vec![unknown(Code::UNKNOWN_COMPONENT, "component", name, &names).at(place.clone())]);
            };
            component_folder(label, files, false)
        })
    }

    /// A kind of store by name.
    ///
    /// # Errors
    /// There is none, or its file is broken.
    pub fn provider(&self, name: &str, place: &Place) -> Result<Arc<Folder<StoreProvider>>, Vec<Problem>> {
        once(&self.providers, name, || {
            let label = format!("stores/{name}");
            let Some(mut files) = embedded_files(&label) else {
                let names = self.provider_names();
                return Err(vec![unknown(Code::UNKNOWN_PROVIDER, "kind of store", name, &names).at(place.clone())]);
            };
            let (spec, source) = described::<StoreProvider>(&label, "store.yaml", &files)?;
            share(&spec.shares, &source, &mut files)?;
            folder(label, spec, source, &files, false)
        })
    }

    /// The templates of a built-in folder that is no component: `cluster`, `sections/storage`.
    ///
    /// # Errors
    /// A template of ours is broken.
    pub fn section(&self, name: &str) -> Result<Arc<Engine>, Vec<Problem>> {
        once(&self.sections, name, || Engine::new(name, &embedded_files(name).unwrap_or_default()))
    }

    /// The names of the components that provide a capability, whatever their conditions.
    pub fn providers_of(&self, capability: &str) -> Vec<String> {
        let provides = |name: &String| {
            let Ok(folder) = self.component(name, &Place::file("")) else { return false };
            let units = folder.spec.units.iter().flat_map(|unit| &unit.provides);
            folder.spec.provides.iter().chain(units).any(|provided| provided.name == capability)
        };
        self.component_names().into_iter().filter(provides).collect()
    }

    /// What a component brings, if one of these units is of it.
    pub fn brought_by(&self, component: &str, units: &BTreeSet<&str>) -> Option<Brought> {
        let may_be =
            |unit: &&str| unit.strip_prefix(component).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if !units.iter().any(may_be) {
            return None;
        }
        let folder = self.component(component, &Place::file("")).ok()?;
        let spec = &folder.spec;
        let own: BTreeSet<String> = spec.units.iter().map(|unit| spec.unit_name(unit)).collect();
        let provided = spec.provides.iter().chain(spec.units.iter().flat_map(|unit| &unit.provides));
        let capabilities = provided.map(|capability| capability.name.clone()).collect();
        own.iter().any(|unit| units.contains(unit.as_str())).then_some(Brought { units: own, capabilities })
    }
}

/// What a component brings into a cluster, whatever its conditions.
pub struct Brought {
    /// The names of its units.
    pub units: BTreeSet<String>,
    /// Its capabilities.
    pub capabilities: BTreeSet<String>,
}

/// The example profiles, by name.
pub fn examples() -> BTreeMap<String, &'static str> {
    let files = TEMPLATES.get_dir("examples").into_iter().flat_map(Dir::files);
    let example = |file: &'static include_dir::File<'_>| {
        let name = file.path().file_stem()?.to_string_lossy().into_owned();
        Some((name, file.contents_utf8()?))
    };
    files.filter_map(example).collect()
}

/// The files that a new repo begins with, beside its profiles: path → text. `dot_` stands for the dot of a name that git
/// would otherwise follow in our own repo.
pub fn repo_files() -> BTreeMap<String, &'static str> {
    let files = embedded_files("repo").unwrap_or_default();
    let dotted = |path: &str| path.strip_prefix("dot_").map_or(path.to_owned(), |rest| format!(".{rest}"));
    files.keys().map(|path| (dotted(path), embedded_text(&format!("repo/{path}")))).collect()
}

fn component_folder(label: String, mut files: Files, own: bool) -> Result<Folder<Component>, Vec<Problem>> {
    let (spec, source) = described::<Component>(&label, "component.yaml", &files)?;
    share(&spec.shares, &source, &mut files)?;
    folder(label, spec, source, &files, own)
}

/// Puts the files of shared folders to those of a component or store, whose own stand before.
fn share(shares: &[At<Name>], source: &Arc<Source>, files: &mut Files) -> Result<(), Vec<Problem>> {
    for shared in shares {
        let Some(more) = embedded_files(&format!("shared/{shared}")) else {
            let problem = unknown(Code::BROKEN_COMPONENT, "shared folder", shared.as_str(), &names_in("shared"));
            return Err(vec![problem.at(Place::new(source, shared.span.clone()))]);
        };
        for (path, text) in more {
            files.entry(path).or_insert(text);
        }
    }
    Ok(())
}

fn folder<T>(label: String, spec: T, source: Arc<Source>, files: &Files, own: bool) -> Result<Folder<T>, Vec<Problem>> {
    let engine = Arc::new(Engine::new(&label, files)?);
    Ok(Folder { label, spec, source, engine, own })
}

/// What the main file of a folder says.
fn described<T: Decode>(label: &str, main: &str, files: &Files) -> Result<(T, Arc<Source>), Vec<Problem>> {
    let mut problems = Problems::default();
    let source = Source::new(format!("{label}/{main}"), files.get(main).cloned().unwrap_or_default());
    let spec = read::<T>(&source, &mut problems);
    let as_component = |mut problem: Problem| {
        problem.code = Code::BROKEN_COMPONENT;
        problem
    };
    match problems.finish(spec) {
        Ok((spec, _)) => Ok((spec, source)),
        Err(found) => Err(found.into_iter().map(as_component).collect()),
    }
}

fn read<T: Decode>(source: &Arc<Source>, problems: &mut Problems) -> Option<T> {
    let root = yaml::read(source, problems)?;
    T::decode(&root, &mut Reading::new(source, problems))
}

fn unknown(code: Code, what: &str, name: &str, names: &BTreeSet<String>) -> Problem {
    let hint = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", names.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    Problem::new(code, format!("there is no {what} `{name}`")).hint(hint)
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let folders = TEMPLATES.get_dir(folder).into_iter().flat_map(Dir::dirs);
    folders.filter_map(|dir| dir.path().file_name()).map(|name| name.to_string_lossy().into_owned()).collect()
}

fn embedded_text(path: &str) -> &'static str {
    TEMPLATES.get_file(path).and_then(include_dir::File::contents_utf8).unwrap_or_default()
}

fn embedded_files(folder: &str) -> Option<Files> {
    let mut files = Files::new();
    collect(TEMPLATES.get_dir(folder)?, folder, &mut files);
    Some(files)
}

fn collect(dir: &'static Dir<'_>, root: &str, files: &mut Files) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        let path = path.strip_prefix(root).unwrap_or(&path).trim_start_matches('/').to_owned();
        files.insert(path, Cow::Borrowed(file.contents_utf8().unwrap_or_default()));
    }
    for dir in dir.dirs() {
        collect(dir, root, files);
    }
}
