//! Rendering: a [`Plan`] becomes a [`Tree`].
//!
//! In: the plan, and the names of the files that stand below the tree today (an included folder without a kustomization
//! is listed file by file). Out: every file with its bytes. Pure: the same input gives the same bytes on every machine.
//!
//! Here the order is computed too, since it follows from what the units turn out to contain. Not here: what is decided
//! (`plan`), how templates run (`template`), whether anything is written (`disk`).

mod contents;
pub mod graph;
mod links;
mod patches;
mod runbook;
mod tainted;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::flux;
use crate::plan::order::Waits;
use crate::plan::unit::{AppliedBy, Content, Unit};
use crate::plan::{Plan, defaults};
use crate::problem::{Code, Problem, Problems, nearest};
use crate::profile::Profile;
use crate::profile::gitops::around;
use crate::template::{Apis as _, Context};
use crate::tree::{self, File, Tree, TreePath, is_below, is_in};
use crate::yaml;
use contents::Contents;
use graph::Graph;
use links::Links;
pub use links::Unmet;

/// Files of a unit: name → documents.
type Files = BTreeMap<String, Vec<Value>>;

/// A rendered cluster.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The cluster's name.
    pub cluster: String,
    /// Where the tree stands in the repo.
    pub path: String,
    /// The files, by their path below [`Rendered::path`].
    pub tree: Tree,
    /// Files that are written where there is none, and never touched again: they belong to `flux bootstrap`.
    pub seeds: Tree,
    /// The unit that each file belongs to; files of the cluster as a whole have none.
    pub owners: BTreeMap<String, String>,
    /// Files that the profile says are the user's.
    pub unmanaged: BTreeSet<String>,
    /// Files that another program writes, too: as long as their objects are ours, they are.
    pub rewritten: BTreeSet<String>,
    /// What the root lists before what the user asks for.
    pub root: Vec<String>,
    /// The folder around the tree with which EKS Anywhere's own Flux begins; none if Flux is the user's own.
    pub gitops_root: Option<String>,
    /// Files and folders below [`Rendered::path`] that the root lists for the user.
    pub included: Vec<String>,
    /// What units use and nothing in the profile brings.
    pub unmet: BTreeSet<Unmet>,
    /// Who waits for whom, and why.
    pub graph: Graph,
}

/// Renders a plan. `existing` are the paths of the files below the tree today.
pub fn tree(plan: &Plan<'_>, existing: &BTreeSet<String>, problems: &mut Problems) -> Option<Rendered> {
    let contents = contents::of(plan, problems);
    let links = links::links(plan, &contents, problems);
    let mut writer = Writer {
        plan,
        tree: Tree::default(),
        owners: BTreeMap::new(),
        rewritten: BTreeSet::new(),
        gitops_root: gitops_root(plan.profile),
        problems,
    };
    writer.units(&contents);
    let Links { waits, edges, unmet } = links?;
    let graph = Graph::of(plan.profile.name(), &links::kustomizations(plan, &contents), &waits, &edges);
    writer.kustomizations(&contents, &waits);
    writer.sources();
    let root = writer.root_entries(&contents);
    writer.root(&root, existing);
    writer.runbook(&contents, &graph);
    let seeds = writer.seeds();
    let unmanaged = writer.unmanaged();
    let Writer { tree, owners, rewritten, gitops_root, .. } = writer;
    Some(Rendered {
        cluster: plan.profile.name().to_owned(),
        path: plan.profile.tree_path(),
        tree,
        seeds,
        owners,
        unmanaged,
        rewritten,
        root,
        gitops_root,
        unmet,
        graph,
        included: plan.profile.flux.include.iter().map(std::string::ToString::to_string).collect(),
    })
}

/// The folder that `eksctl anywhere` has its own Flux begin with.
fn gitops_root(profile: &Profile) -> Option<String> {
    profile.flux.of_eks_anywhere()?;
    around(&profile.tree_path()).map(|(folder, _)| folder.to_owned())
}

struct Writer<'a> {
    plan: &'a Plan<'a>,
    tree: Tree,
    owners: BTreeMap<String, String>,
    rewritten: BTreeSet<String>,
    gitops_root: Option<String>,
    problems: &'a mut Problems,
}

/// Seconds as Flux writes them.
fn duration(seconds: u64) -> String {
    if seconds.is_multiple_of(60) { format!("{}m", seconds / 60) } else { format!("{seconds}s") }
}

impl Writer<'_> {
    fn head(&self, key: &str) -> String {
        format!("Written by fluxwright. To change it, edit {key} in profiles/{}.yaml.", self.plan.profile.name())
    }

    fn add(&mut self, path: &str, unit: Option<&str>, bytes: Vec<u8>, executable: bool) {
        let Some(tree_path) = TreePath::new(path) else {
            let says = format!("`{path}` is no path of a tree: letters, digits, `.`, `_` and `-`");
            self.problems.push(Problem::new(Code::PATH_CLASH, says).hint("rename the template"));
            return;
        };
        if let Err(twin) = self.tree.insert(tree_path, File { bytes, executable }) {
            let says = format!("`{path}` and `{twin}` would be one file");
            self.problems.push(Problem::new(Code::PATH_CLASH, says).hint("rename one of the two templates"));
        }
        if let Some(unit) = unit {
            self.owners.insert(path.to_owned(), unit.to_owned());
        }
    }

    fn yaml(&mut self, path: &str, unit: Option<&str>, key: &str, documents: &[Value]) {
        let text = yaml::write(&self.head(key), documents);
        self.add(path, unit, text.into_bytes(), false);
    }

    /// One object of a template that every cluster has.
    fn object(&mut self, template: &str, context: &Value) -> Vec<Value> {
        let context = Context::of(context, &self.plan.for_templates);
        self.problems.keep(self.plan.cluster.documents(template, &context)).unwrap_or_default()
    }

    fn kustomization(&mut self, folder: &str, unit: Option<&str>, key: &str, resources: &[String]) {
        let documents = [self.listing(resources)];
        let path =
            if folder.is_empty() { "kustomization.yaml".to_owned() } else { format!("{folder}/kustomization.yaml") };
        self.yaml(&path, unit, key, &documents);
    }

    /// A kustomization that lists files. There is one in every folder, and it is three lines: a template would say less.
    fn listing(&mut self, resources: &[String]) -> Value {
        let api_version = self.plan.apis.api("kustomize.config.k8s.io/Kustomization").unwrap_or_else(|why| {
            self.problems.push(Problem::new(Code::BROKEN_OBJECT, why));
            String::new()
        });
        json!({ "apiVersion": api_version, "kind": "Kustomization", "resources": resources })
    }

    fn units(&mut self, contents: &Contents) {
        let plan = self.plan;
        for unit in &plan.units {
            let (Some(folder), Some(files)) = (&unit.folder, contents.files(&unit.name)) else { continue };
            for (name, documents) in files {
                let in_order = unit.rewritten.then(|| tree::in_order(documents, documents));
                let documents = in_order.as_ref().unwrap_or(documents);
                self.yaml(&format!("{folder}/{name}"), Some(&unit.name), &unit.key, documents);
            }
            if unit.applied_by == AppliedBy::People {
                continue;
            }
            let names: Vec<String> = files.keys().cloned().collect();
            self.kustomization(folder, Some(&unit.name), &unit.key, &names);
            if unit.rewritten {
                let written = names.iter().map(String::as_str).chain(["kustomization.yaml"]);
                self.rewritten.extend(written.map(|name| format!("{folder}/{name}")));
            }
        }
    }

    fn kustomizations(&mut self, contents: &Contents, waits: &Waits) {
        let plan = self.plan;
        let mut names = Vec::new();
        for unit in links::kustomizations(plan, contents) {
            let context = self.flux_kustomization(unit, contents, &waits[&unit.name]);
            let mut documents = self.object("flux-kustomization.yaml.j2", &context);
            links::guard_too_new(plan, unit, &mut documents, self.problems);
            self.yaml(&format!("kustomizations/{}.yaml", unit.name), Some(&unit.name), &unit.key, &documents);
            names.push(format!("{}.yaml", unit.name));
        }
        names.sort();
        self.kustomization("kustomizations", None, "the units", &names);
    }

    fn flux_kustomization(&self, unit: &Unit, contents: &Contents, waits: &BTreeSet<String>) -> Value {
        let tree = self.plan.profile.tree_path();
        let own = || format!("{tree}/{}", unit.folder.as_deref().unwrap_or_default());
        let (source, path, images, patches) = match &unit.content {
            Content::Git { source, path, images, patches } => {
                let users = patches::for_flux(&unit.patches, &contents.applied, &self.plan.apis);
                let ours = patches.iter().map(patches::as_flux_writes_it);
                (source.clone(), path.clone(), images.clone(), ours.chain(users).collect())
            }
            _ => (defaults::OWN_REPOSITORY.to_owned(), own(), Vec::new(), Vec::new()),
        };
        json!({
            "name": unit.name, "dependsOn": waits, "interval": defaults::INTERVAL, "retryInterval": defaults::RETRY_INTERVAL,
            "timeout": duration(unit.timeout), "source": source, "path": path, "prune": unit.prune, "wait": unit.wait,
            "targetNamespace": unit.target_namespace, "health": contents.health(unit, &self.plan.apis),
            "images": images, "patches": patches,
        })
    }

    fn sources(&mut self) {
        let plan = self.plan;
        let mut names = Vec::new();
        for (name, source) in plan.sources.iter() {
            let mut context = source.context.clone();
            context["name"] = json!(name);
            let template = format!("{}.yaml.j2", source.kind.to_lowercase());
            let documents = self.object(&template, &context);
            self.yaml(&format!("sources/{name}.yaml"), None, "the units that read from it", &documents);
            names.push(format!("{name}.yaml"));
        }
        self.kustomization("sources", None, "the units", &names);
    }

    /// What the root applies by itself, in this order. EKS Anywhere's own Flux has its folder beside the tree, and not in it.
    fn root_entries(&self, contents: &Contents) -> Vec<String> {
        let of_bootstrap = self.gitops_root.is_none().then(|| "flux-system".to_owned());
        let units = self.plan.units.iter().filter(|unit| unit.applied_by == AppliedBy::Root && contents.has(unit));
        let units = units.filter_map(|unit| unit.folder.clone());
        let ours = ["sources", "kustomizations"].map(str::to_owned);
        of_bootstrap.into_iter().chain(units).chain(ours).collect()
    }

    /// The root kustomization: what bootstrap brings, what is ours, and what the user asked for.
    fn root(&mut self, entries: &[String], existing: &BTreeSet<String>) {
        let mut resources = entries.to_vec();
        for include in &self.plan.profile.flux.include {
            let path = include.as_str();
            if self.tree.files().any(|(ours, _)| is_in(ours.as_str(), path)) {
                let says = format!("`{path}` is what fluxwright writes, and listed already");
                let place = self.plan.profile.place(&include.span);
                self.problems.push(Problem::new(Code::PATH_CLASH, says).at(place).hint("take the line out"));
                continue;
            }
            if existing.contains(path) || flux::has_kustomization(existing, path) {
                resources.push(path.to_owned());
            } else if existing.iter().any(|file| is_below(file, path)) {
                resources.extend(flux::generated_resources(existing, path));
            } else {
                let says = format!(
                    "`{path}` is to be included, and there is no such file or folder below {}",
                    self.plan.profile.tree_path()
                );
                let place = self.plan.profile.place(&include.span);
                self.problems.push(
                    Problem::new(Code::INCLUDE_MISSING, says)
                        .at(place)
                        .hint("take the line out, or put the file there first"),
                );
            }
        }
        let mut once = BTreeSet::new();
        resources.retain(|resource| once.insert(resource.clone()));
        self.kustomization("", None, "flux.include", &resources);
    }

    /// What `flux bootstrap` fills: two empty files and the kustomization that it would otherwise write itself. An empty
    /// folder cannot be committed, and the root would not build without it. EKS Anywhere writes its own, beside the tree.
    fn seeds(&mut self) -> Tree {
        if self.gitops_root.is_some() {
            return Tree::default();
        }
        let resources = ["gotk-components.yaml", "gotk-sync.yaml"];
        let kustomization = [self.listing(&resources.map(str::to_owned))];
        let head =
            "Written once by fluxwright, for flux bootstrap to fill the files that it lists. It is yours to patch.";
        let file = |bytes: Vec<u8>| File { bytes, executable: false };
        let files = [
            ("flux-system/gotk-components.yaml", Vec::new()),
            ("flux-system/gotk-sync.yaml", Vec::new()),
            ("flux-system/kustomization.yaml", yaml::write(head, &kustomization).into_bytes()),
        ];
        files.into_iter().filter_map(|(path, bytes)| TreePath::new(path).map(|path| (path, file(bytes)))).collect()
    }

    fn unmanaged(&mut self) -> BTreeSet<String> {
        let mut unmanaged = BTreeSet::new();
        for path in &self.plan.profile.unmanaged {
            if self.tree.get(path.as_str()).is_some() {
                unmanaged.insert(path.to_string());
                continue;
            }
            let names = self.tree.files().map(|(path, _)| path.as_str());
            let hint = match nearest(path.as_str(), names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "paths are written as below the tree's folder; take the line out if the file is gone".to_owned()
                }
            };
            let place = self.plan.profile.place(&path.span);
            self.problems
                .push(Problem::new(Code::NOT_IN_TREE, format!("the tree has no file `{path}`")).at(place).hint(hint));
        }
        unmanaged
    }
}

/// The `apiVersion` of a kind for a patch; a kind that the table does not have is taken for version 1 of its group.
fn api_version(apis: &crate::catalog::apis::Apis, group: Option<&str>, kind: &str) -> String {
    let asked = group.map_or(kind.to_owned(), |group| format!("{group}/{kind}"));
    apis.api(&asked).unwrap_or_else(|_| match group {
        Some(group) if !group.is_empty() => format!("{group}/v1"),
        _ => "v1".to_owned(),
    })
}
