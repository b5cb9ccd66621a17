//! What people read of the catalog: a page of each component and each kind of store, and the list of them. And of each rule of `check`
//! ([`rules`]).
//!
//! In: what a folder of the catalog says of itself, and what else there is. Out: Markdown that reads as well on a terminal,
//! so `fluxwright components` prints it and `docs/` keeps it; and the same as data. A new folder has its page by itself.
//!
//! Not here: printing (`cli`), and what editors are told (`schema`).

mod goes_with;
mod layout;
mod options;
pub mod rules;
mod typed;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::apis::Apis;
use crate::catalog::component::{ChartSpec, Component, GitSpec, Note, Options, StoreProvider, UnitSpec, VersionRow};
use crate::catalog::{Catalog, Folder};
use crate::decode::schema::Definitions;
use crate::plan::stores::named_after;
use crate::plan::versions::newest;
use crate::problem::{Place, Problem, Problems};
use crate::profile::secrets::Store;
use crate::profile::workloads;
use crate::template::{self, Context, Engine};
use crate::yaml;
use layout::{Page, names};

/// Something that has a page.
pub enum Subject {
    /// A component.
    Component(Arc<Folder<Component>>),
    /// A kind of store.
    Store(Arc<Folder<StoreProvider>>),
}

/// Everything that has a page, by name: components first, then kinds of stores.
///
/// # Errors
/// What is wrong with their files, all of it.
pub fn all(catalog: &Catalog) -> Result<Vec<Subject>, Vec<Problem>> {
    let mut problems = Problems::default();
    let nowhere = Place::file("");
    let mut subjects = Vec::new();
    for name in catalog.component_names() {
        subjects.extend(problems.keep(catalog.component(&name, &nowhere)).map(Subject::Component));
    }
    for name in catalog.provider_names() {
        subjects.extend(problems.keep(catalog.provider(&name, &nowhere)).map(Subject::Store));
    }
    problems.finish(Some(subjects)).map(|(subjects, _)| subjects)
}

/// What has a name: a component, a kind of store, or one of each.
///
/// # Errors
/// There is nothing of that name; its file is broken.
pub fn called(catalog: &Catalog, name: &str) -> Result<Vec<Subject>, Vec<Problem>> {
    let nowhere = Place::file("");
    let mut subjects = Vec::new();
    if catalog.component_names().contains(name) {
        subjects.push(Subject::Component(catalog.component(name, &nowhere)?));
    }
    if catalog.provider_names().contains(name) {
        subjects.push(Subject::Store(catalog.provider(name, &nowhere)?));
    }
    if subjects.is_empty() { Err(vec![catalog.nothing_called(name)]) } else { Ok(subjects) }
}

impl Subject {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Subject::Component(folder) => folder.spec.name.as_str(),
            Subject::Store(folder) => folder.spec.name.as_str(),
        }
    }

    /// Its page.
    pub fn page(&self, catalog: &Catalog) -> String {
        match self {
            Subject::Component(folder) => component(catalog, folder),
            Subject::Store(folder) => store(catalog, folder),
        }
    }

    /// What its own file says, whether it is the repo's own, and what to type.
    pub fn data(&self) -> Value {
        let (source, own, typed) = match self {
            Subject::Component(folder) => (&folder.source, folder.own, typed::component(&folder.spec)),
            Subject::Store(folder) => (&folder.source, folder.own, typed::store(&folder.spec)),
        };
        // The file has been read before, so there is nothing more to find.
        let mut found = Problems::default();
        let mut data = yaml::read(source, &mut found).map_or(Value::Null, |node| node.value(source, &mut found));
        data["own"] = json!(own);
        data["profile"] = json!(typed);
        data
    }

    /// Its line in the list.
    fn line(&self) -> String {
        match self {
            Subject::Component(folder) => {
                let spec = &folder.spec;
                let version = newest(&spec.versions).map_or(String::new(), |row| format!(" {}", row.newest));
                let own = if folder.own { ", this repo's own" } else { "" };
                let retired =
                    spec.retired.as_ref().map_or(String::new(), |retired| format!(" Retired as of {}.", retired.date));
                format!("`{}`{version}{own}: {}{retired}", spec.name, spec.about)
            }
            Subject::Store(folder) => format!("`{}`: {}", folder.spec.name, folder.spec.about),
        }
    }
}

/// The list of what there is, with the newest version of each that can be used.
pub fn list(subjects: &[Subject]) -> String {
    let (components, stores): (Vec<&Subject>, Vec<&Subject>) =
        subjects.iter().partition(|subject| matches!(subject, Subject::Component(_)));
    let lines = |subjects: &[&Subject]| subjects.iter().map(|subject| subject.line()).collect::<Vec<_>>();
    let mut page = Page::new("Components");
    page.prose("What a profile can name under `components:`, with the newest version of each.");
    page.list(&lines(&components));
    page.part("Kinds of stores");
    page.prose("What a profile can name as `provider:` under `secrets.stores:`.");
    page.list(&lines(&stores));
    page.text()
}

fn component(catalog: &Catalog, folder: &Folder<Component>) -> String {
    let spec = &folder.spec;
    let mut page = Page::new(&spec.title);
    page.prose(&spec.about);
    page.prose(&format!("In a profile it is `{}`. Its makers are at {}", spec.name, spec.homepage));
    if folder.own {
        page.prose(&format!("It is this repo's own, from `{}/`.", folder.label));
    }
    if let Some(retired) = &spec.retired {
        page.prose(&format!("Retired as of {}: {}. Source: {}.", retired.date, retired.because, retired.source));
    }
    page.part("What to type");
    page.yaml(&typed::component(spec));
    let goes_with = goes_with::of_component(catalog, spec);
    if !goes_with.is_empty() {
        page.part("What goes with it");
        page.list(&goes_with);
    }
    page.part("What it renders");
    if let Some(namespace) = &spec.namespace {
        let level = namespace.pod_security.as_str();
        page.prose(&format!("In namespace `{}`, whose pods need pod-security level `{level}`:", namespace.name));
    }
    page.steps(&spec.units.iter().map(|unit| rendered(catalog, folder, unit)).collect::<Vec<_>>());
    scripts(&mut page, &folder.engine, str::to_owned);
    notes(&mut page, &spec.notes);
    let common = workloads::Component::fields(&mut Definitions::default());
    options_of(&mut page, spec.options.as_ref(), "component", &options::common_lines(&common, &of_no_use(spec)));
    page.part("Versions");
    if spec.versions.is_empty() {
        page.prose("It has none: what it runs is said by its options.");
    } else {
        page.list(&spec.versions.iter().map(version).collect::<Vec<_>>());
    }
    sources(&mut page, &spec.sources);
    page.text()
}

fn store(catalog: &Catalog, folder: &Folder<StoreProvider>) -> String {
    let spec = &folder.spec;
    let mut page = Page::new(&spec.title);
    page.prose(&spec.about);
    page.prose(&format!("In a profile it is the provider `{}`. Its documentation is at {}", spec.name, spec.homepage));
    page.part("What to type");
    page.yaml(&typed::store(spec));
    let goes_with = goes_with::of_store(catalog, &spec.requires);
    if !goes_with.is_empty() {
        page.part("What goes with it");
        page.list(&goes_with);
    }
    page.part("What it renders");
    page.steps(&[format!("`secret-store`: objects in `secret-store/{}.yaml`.", typed::STORE)]);
    scripts(&mut page, &folder.engine, |file| named_after(file, typed::STORE));
    notes(&mut page, &spec.notes);
    let common = Store::fields(&mut Definitions::default());
    options_of(&mut page, spec.options.as_ref(), "store", &options::common_lines(&common, &["name", "provider"]));
    sources(&mut page, &spec.sources);
    page.text()
}

/// Its own options, and the keys that all of its kind take.
fn options_of(page: &mut Page, options: Option<&Options>, kind: &str, common: &[String]) {
    page.part("Options");
    if let Some(options) = options {
        page.list(&options::lines(options));
        page.prose(&format!("Beside these, as every {kind}:"));
    } else {
        page.prose(&format!("It has none of its own. As every {kind} it takes:"));
    }
    page.list(common);
}

/// What stands in the cluster's README about it.
fn notes(page: &mut Page, notes: &[Note]) {
    if !notes.is_empty() {
        page.part("Good to know");
        let note = |note: &Note| match &note.when {
            Some(when) => format!("Where `{when}`: {}", layout::unfilled(&note.text)),
            None => layout::unfilled(&note.text),
        };
        page.list(&notes.iter().map(note).collect::<Vec<_>>());
    }
}

/// Scripts beside the tree; whether a cluster has one is for the script itself to say.
fn scripts(page: &mut Page, engine: &Engine, named: impl Fn(&str) -> String) {
    let names: Vec<String> =
        engine.below("bootstrap").iter().map(|path| named(path.strip_suffix(".j2").unwrap_or(path))).collect();
    if !names.is_empty() {
        let names = layout::listed(&layout::names(&names), "and");
        page.prose(&format!("For what git cannot hold, where the profile needs it: {names}."));
    }
}

fn sources(page: &mut Page, sources: &[String]) {
    if !sources.is_empty() {
        page.part("Sources");
        page.list(sources);
    }
}

/// The keys of every component that this one has no use for, or that are told elsewhere.
fn of_no_use(spec: &Component) -> Vec<&'static str> {
    let any = |is: fn(&UnitSpec) -> bool| spec.units.iter().any(is);
    let mut keys = vec!["version"];
    if any(|unit| unit.git.is_some()) {
        keys.push("namespace");
    }
    if !any(|unit| unit.chart.is_some()) {
        keys.push("values");
    }
    keys
}

/// A unit: its name, what it applies, and what is special about it.
fn rendered(catalog: &Catalog, folder: &Folder<Component>, unit: &UnitSpec) -> String {
    let what = match (&unit.templates, &unit.chart, &unit.git) {
        (Some(templates), _, _) => objects(folder, unit, templates.as_str()),
        (_, Some(chart), _) => of_chart(chart),
        (_, _, Some(git)) => of_git(catalog, folder, git),
        _ => "nothing".to_owned(),
    };
    let waits = unit.timeout.as_ref().map_or(String::new(), |timeout| format!(" It may take {timeout}."));
    let looked: Vec<String> = names(unit.verify.iter().map(|check| &check.object));
    let verify = if looked.is_empty() {
        String::new()
    } else {
        format!(" `bootstrap/verify.sh` looks at {}.", layout::listed(&looked, "and"))
    };
    let kept = if unit.prune == Some(false) { " What it has applied is never deleted." } else { "" };
    format!("`{}`: {what}.{waits}{kept}{verify}", folder.spec.unit_name(unit))
}

/// The objects of templates, by the files of the tree that they are in.
fn objects(folder: &Folder<Component>, unit: &UnitSpec, templates: &str) -> String {
    let name = |path: &String| path[templates.len()..].trim_start_matches('/').trim_end_matches(".j2").to_owned();
    let files: Vec<String> = folder.engine.below(templates).iter().map(name).collect();
    format!("objects in `{}/{}/`: {}", folder.spec.name, unit.name, layout::listed(&names(&files), "and"))
}

fn of_chart(chart: &ChartSpec) -> String {
    format!("the Helm chart `{}` of {}", chart.name, chart.url)
}

/// Manifests elsewhere. A folder that depends on options or version stands as it is without any said.
fn of_git(catalog: &Catalog, folder: &Folder<Component>, git: &GitSpec) -> String {
    let tag = git.tag.replace("<{ ", "<").replace(" }>", ">");
    let path = match with_defaults(catalog, folder, &git.path) {
        path if path == *git.path.value => format!("`{path}`"),
        path => format!("`{path}`, if nothing else is said,"),
    };
    format!("{path} of {}, at tag `{tag}`", git.url)
}

/// A text of component.yaml with the newest version and the defaults of all options.
fn with_defaults(catalog: &Catalog, folder: &Folder<Component>, text: &str) -> String {
    let apis: Arc<dyn template::Apis> = Arc::new(Apis::new(Arc::clone(&catalog.table), BTreeMap::new()));
    let version = newest(&folder.spec.versions).map(|row| &row.newest);
    let options = folder.spec.options.as_ref().map(options::defaults);
    let context = Context::of(&json!({ "version": version, "options": options }), &apis);
    let expanded = folder.engine.expand(&json!(text), &context).ok();
    expanded.as_ref().and_then(Value::as_str).unwrap_or(text).to_owned()
}

/// A range of versions, and what is known of it.
fn version(row: &VersionRow) -> String {
    let matches = row.matches.as_str();
    if let Some(why) = &row.refused {
        return format!("`{matches}` cannot be used: {why}. Source: {}.", row.source);
    }
    let needs: Vec<String> =
        row.needs.0.iter().map(|(name, range)| version_needed(name.as_str(), range.as_str())).collect();
    let needs = if needs.is_empty() { String::new() } else { format!(", needs {}", layout::listed(&needs, "and")) };
    format!("{}, the newest of `{matches}`{needs}. Source: {}.", row.newest, row.source)
}

fn version_needed(name: &str, range: &str) -> String {
    if name == "kubernetes" { format!("Kubernetes `{range}`") } else { format!("`{name}` `{range}`") }
}
