//! The plan: what was concluded from a profile and the catalog, with every default filled in.
//!
//! In: a [`Profile`] and a [`Catalog`]. Out: the cluster's [`Unit`]s, its sources, its namespaces, and what templates may
//! ask for. No template and no check asks "was this set?" after this.
//!
//! Not here: objects and bytes (`render`), which also computes the order with [`order`], because order follows from what
//! units contain.

mod components;
pub mod defaults;
mod eks_anywhere;
pub mod needs;
mod networks;
pub mod options;
pub mod order;
mod origins;
mod secrets;
mod sections;
pub mod sources;
mod storage;
mod stores;
pub mod unit;
pub mod versions;
mod vsphere;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::catalog::apis::{Apis, Brought};
use crate::problem::{Code, Place, Problem, Problems};
use crate::profile::Profile;
use crate::profile::cluster::{Distribution, PodSecurity};
use crate::profile::eks_anywhere::Role;
use crate::template::{self, Context, Engine};
use crate::texts::Name;
use sources::Sources;
use unit::{Script, Unit};

/// Names that no unit may have: folders and units of fluxwright's own.
const RESERVED: &[&str] = &[
    "flux-system",
    "sources",
    "kustomizations",
    "namespaces",
    "secret-store",
    "secrets",
    "storage",
    "storage-claims",
    "releases",
    "paths",
    "eksa-system",
    "eksa-cluster",
    "bootstrap",
];

/// What a user of vCenter is given there: a table that all scripts of the runbook ask.
const GRANTS: &str = "grants.yaml.j2";

/// What was concluded from a profile.
pub struct Plan<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Kinds, versions and fields for this profile.
    pub apis: Arc<Apis>,
    /// The same, for the contexts of templates.
    pub for_templates: Arc<dyn template::Apis>,
    /// The templates of what every cluster has.
    pub cluster: Arc<Engine>,
    /// What the cluster brings along.
    pub given: BTreeSet<String>,
    /// The units.
    pub units: Vec<Unit>,
    /// The sources.
    pub sources: Sources,
    /// Scripts for what git cannot hold.
    pub scripts: Vec<Script>,
    /// What a person has to know: of what, and a paragraph of Markdown.
    pub notes: Vec<(String, String)>,
    /// What every template of the cluster may ask for.
    pub context: Context,
    /// What else there is, for hints.
    pub catalog: &'a Catalog,
}

/// A plan in the making.
struct Planner<'a> {
    profile: &'a Profile,
    catalog: &'a Catalog,
    apis: Arc<dyn template::Apis>,
    versions: BTreeMap<String, semver::Version>,
    given: BTreeSet<String>,
    oci_charts: bool,
    context: Context,
    units: Vec<Unit>,
    sources: Sources,
    scripts: Vec<Script>,
    notes: Vec<(String, String)>,
    namespaces: BTreeMap<String, PlannedNamespace>,
    /// The namespaces that read through each store, with the first place that says so.
    readers: BTreeMap<String, BTreeMap<String, Place>>,
    /// The namespace of each component.
    homes: BTreeMap<String, String>,
    /// What components provide, and which component.
    provided: BTreeMap<String, BTreeSet<String>>,
    /// Addresses that components give away.
    pools: Vec<networks::Pool>,
    problems: &'a mut Problems,
}

/// A namespace that something needs, and the level that its pods need.
#[derive(Debug, Default, Clone)]
struct PlannedNamespace {
    level: Option<(PodSecurity, String)>,
}

impl<'a> Plan<'a> {
    /// Plans a cluster. Warnings go to `problems`.
    ///
    /// # Errors
    /// Everything that does not fit, also in `problems`.
    pub fn of(profile: &'a Profile, catalog: &'a Catalog, problems: &mut Problems) -> Option<Plan<'a>> {
        let versions = versions::versions(profile);
        versions::check_kubernetes(profile, &catalog.table, problems);
        origins::check_flux(profile, &catalog.table, problems);
        origins::check_eks_anywhere(profile, &catalog.table, problems);
        let apis = Arc::new(Apis::new(Arc::clone(&catalog.table), versions.clone()));
        let for_templates: Arc<dyn template::Apis> = apis.clone();
        let cluster = problems.keep(catalog.section("cluster"))?;
        let oci_charts = for_templates.has("HelmRelease", "spec.chartRef").unwrap_or(false);
        let given = given(profile, catalog, &versions);
        let mut planner = Planner {
            profile,
            catalog,
            apis: Arc::clone(&for_templates),
            versions,
            given,
            oci_charts,
            context: Context::of(&context(profile), &for_templates),
            units: Vec::new(),
            sources: Sources::default(),
            scripts: Vec::new(),
            notes: Vec::new(),
            namespaces: BTreeMap::new(),
            readers: BTreeMap::new(),
            homes: BTreeMap::new(),
            provided: BTreeMap::new(),
            pools: Vec::new(),
            problems,
        };
        planner.components();
        planner.networks();
        planner.sections();
        planner.policies();
        planner.names();
        planner.runbook();
        let Planner { given, units, sources, scripts, notes, context, .. } = planner;
        Some(Plan { profile, apis, for_templates, cluster, given, units, sources, scripts, notes, context, catalog })
    }
}

/// What every template of a component may ask for.
fn context(profile: &Profile) -> Value {
    let kubernetes = &profile.kubernetes;
    let eks_anywhere = profile.eks_anywhere.as_ref();
    let pod_iam = eks_anywhere.and_then(|eks_anywhere| eks_anywhere.pod_iam_config.as_ref());
    json!({
        "cluster": {
            "name": profile.name(),
            "path": profile.tree_path(),
            // Who signs its service accounts' tokens, where the profile says so.
            "issuer": pod_iam.map(|pod_iam| &pod_iam.service_account_issuer),
            "kubernetes": {
                "version": kubernetes.version,
                "distribution": kubernetes.distribution.unwrap_or(Distribution::Generic),
                "controlPlaneNodes": control_plane_nodes(profile),
                "kubeletExternal": kubernetes.starts_tainted().is_some(),
            },
            "flux": { "version": profile.flux.version, "url": profile.flux.url, "branch": profile.flux.branch },
        },
        "vsphere": vsphere::vsphere(profile),
        "eksAnywhere": profile.eks_anywhere.as_ref().map(|eks| json!({
            "version": eks.version, "endpoint": eks.endpoint, "appliedByFlux": eks.is_applied_by_flux(),
            "podIamConfig": eks.pod_iam_config.is_some(),
        })),
    })
}

/// How many control-plane nodes the cluster has, where the profile says so.
fn control_plane_nodes(profile: &Profile) -> Option<u32> {
    let said = profile.kubernetes.control_plane_nodes.as_ref().map(|count| count.value.0);
    said.or_else(|| profile.eks_anywhere.as_ref().map(|eks| eks.machines.control_plane.count.value))
}

/// What the profile's sections and the distribution provide.
fn given(profile: &Profile, catalog: &Catalog, versions: &BTreeMap<String, semver::Version>) -> BTreeSet<String> {
    let distribution = profile.kubernetes.distribution.unwrap_or(Distribution::Generic).as_str();
    let brought = catalog.table.distributions.0.iter().filter(|(name, _)| name.value == distribution);
    // A distribution whose version nobody says counts as its newest.
    let still = |brought: &&Brought| match (&brought.before, versions.get(distribution)) {
        (Some(before), Some(version)) => *version < before.number(),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let brought = brought.flat_map(|(_, capabilities)| capabilities.iter().filter(still));
    let mut given: BTreeSet<String> = brought.map(|brought| brought.capability.clone()).collect();
    if profile.vsphere.is_some() {
        given.insert("profile:vsphere".to_owned());
    }
    let classes = profile.storage.iter().flat_map(|storage| &storage.classes);
    if classes.map(|class| class.default.as_ref()).any(sections::is_set) {
        given.insert("default:storage-class".to_owned());
    }
    // Pods run on workers. A system that a component cannot run on is one of its conflicts.
    let groups = profile.eks_anywhere.iter().flat_map(|eks| eks.machines.groups());
    let workers = groups.filter(|group| matches!(group.role, Role::Workers(_)));
    given.extend(workers.map(|group| format!("node-os:{}", group.machine.system().as_str())));
    given
}

impl Planner<'_> {
    /// The scripts that every cluster has; one that comes out empty is left out.
    fn runbook(&mut self) {
        let Some(engine) = self.templates("runbook") else { return };
        let grants = self.problems.keep(engine.documents(GRANTS, &self.context)).unwrap_or_default();
        self.context = self.context.with([("grants", grants.into_iter().next().unwrap_or_default())]);
        let context = self.context.clone();
        self.bootstrap_of(&engine, &context, str::to_owned);
    }

    /// A component's name among `needs` means its last unit, even where that has another name.
    fn resolve_component_needs(&mut self, names: &[String]) {
        let last_of = |units: &[Unit], name: &str| {
            let key = format!("components.{name}");
            units.iter().rfind(|unit| unit.key == key).map(|unit| unit.name.clone())
        };
        let mut resolved = Vec::new();
        for (index, need) in
            self.units.iter().enumerate().flat_map(|(index, unit)| unit.needs.iter().map(move |need| (index, need)))
        {
            if !names.iter().any(|name| name == need.as_str())
                && let Some(last) = last_of(&self.units, need.as_str()).and_then(|last| Name::parse(&last).ok())
            {
                resolved.push((index, need.value.clone(), last));
            }
        }
        for (index, said, last) in resolved {
            for need in self.units[index].needs.iter_mut().filter(|need| need.value == said) {
                need.value = last.clone();
            }
        }
    }

    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A component needs a namespace, with at least this level.
    fn namespace(&mut self, name: &str, level: Option<PodSecurity>, who: &str) {
        let planned = self.namespaces.entry(name.to_owned()).or_default();
        if let Some(level) = level
            && planned.level.as_ref().is_none_or(|(known, _)| *known < level)
        {
            planned.level = Some((level, who.to_owned()));
        }
    }

    /// Whether the condition of something in component.yaml holds.
    fn holds(&mut self, engine: &Engine, when: Option<&str>, context: &Context) -> bool {
        match when.map(|when| engine.holds(when, context)) {
            None => true,
            Some(Ok(holds)) => holds,
            Some(Err(problem)) => {
                self.report(problem);
                false
            }
        }
    }

    /// Names of units: none reserved, none twice.
    fn names(&mut self) {
        let mut seen: BTreeMap<String, (String, Place)> = BTreeMap::new();
        let mut found = Vec::new();
        for unit in &self.units {
            let of_profile = ["components.", "releases.", "paths."].iter().any(|section| unit.key.starts_with(section));
            if of_profile && (RESERVED.contains(&unit.name.as_str()) || unit.name.starts_with("secrets-")) {
                let says =
                    format!("no unit can be called `{}`: fluxwright has a folder or unit of that name", unit.name);
                found.push(
                    Problem::new(Code::RESERVED_NAME, says)
                        .at(unit.place.clone())
                        .hint(format!("name: my-{}", unit.name)),
                );
            }
            if let Some((key, _)) = seen.insert(unit.name.clone(), (unit.key.clone(), unit.place.clone()))
                && key != unit.key
            {
                let says = format!("`{key}` and `{}` both make a unit called `{}`", unit.key, unit.name);
                found.push(
                    Problem::new(Code::UNIT_CLASH, says)
                        .at(unit.place.clone())
                        .hint("give one of the two another name"),
                );
            }
        }
        for unit in &self.units {
            let most = if matches!(unit.content, unit::Content::Chart(_)) { 53 } else { 63 };
            if unit.name.len() > most {
                let says = format!("the unit `{}` has a name of {} characters", unit.name, unit.name.len());
                let because = "Flux stamps it on every object as a label of at most 63 characters, and Helm takes 53 for a release";
                found.push(
                    Problem::new(Code::BAD_NAME, says)
                        .at(unit.place.clone())
                        .because(because)
                        .hint("take a shorter name"),
                );
            }
        }
        for (name, _) in self.profile.components.0.iter().filter(|(name, _)| RESERVED.contains(&name.as_str())) {
            let says = format!("no component can be called `{name}`: fluxwright has a folder of that name");
            let place = self.profile.place(&name.span);
            found.push(Problem::new(Code::RESERVED_NAME, says).at(place).hint(format!("call it my-{name}")));
        }
        // Nothing can wait for what has no Flux Kustomization of its own.
        let kustomizations = self.units.iter().filter(|unit| unit.is_kustomization());
        let names: Vec<String> = kustomizations.map(|unit| unit.name.clone()).collect();
        self.resolve_component_needs(&names);
        for need in self.units.iter().flat_map(|unit| &unit.needs) {
            if !names.iter().any(|name| name == need.as_str()) {
                let hint = match crate::problem::nearest(need.as_str(), names.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the units are: {}", names.join(", ")),
                };
                let place = self.profile.place(&need.span);
                found.push(Problem::new(Code::UNKNOWN_NEED, format!("there is no unit `{need}`")).at(place).hint(hint));
            }
        }
        self.problems.extend(found);
    }
}
