//! The plan: what was concluded from a profile and the catalog, with every default filled in.
//!
//! In: a [`Profile`] and a [`Catalog`]. Out: the cluster's [`Unit`]s, its sources, its namespaces, and what templates may
//! ask for. No template and no check asks "was this set?" after this.
//!
//! Not here: objects and bytes (`render`), which also computes the order with [`order`], because order follows from what
//! units contain.

mod components;
mod conflicts;
mod credentials;
pub mod defaults;
mod eks_anywhere;
mod names;
pub mod needs;
mod networks;
pub mod options;
pub mod order;
mod origins;
mod runbook;
mod secrets;
mod sections;
pub mod sources;
mod storage;
pub mod stores;
pub mod unit;
pub mod versions;
mod vsphere;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::catalog::apis::{Apis, Brought, Table};
use crate::problem::{Place, Problem, Problems};
use crate::profile::Profile;
use crate::profile::cluster::{Distribution, PodSecurity};
use crate::profile::eks_anywhere::Role;
use crate::template::{self, Context, Engine};
use sources::Sources;
use unit::{Note, Script, Unit};

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
    /// What a person has to know.
    pub notes: Vec<Note>,
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
    notes: Vec<Note>,
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
            context: Context::of(&context(profile, &catalog.table), &for_templates),
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

    /// Whether there are units whose objects cannot be seen from here, so that they may bring anything.
    pub fn may_be_unseen(&self) -> bool {
        let unseen = |unit: &Unit| unit.folder.is_none() || matches!(unit.content, unit::Content::Chart(_));
        self.units.iter().any(|unit| !unit.infrastructure && unseen(unit))
    }
}

/// What every template of a component may ask for.
fn context(profile: &Profile, table: &Table) -> Value {
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
                "patched": origins::kubernetes_is_patched(profile, table),
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

/// The distribution's name, as the table of APIs has it.
fn distribution(profile: &Profile) -> &'static str {
    profile.kubernetes.distribution.unwrap_or(Distribution::Generic).as_str()
}

/// What the distribution brings, in some or all of its releases.
fn brought<'c>(profile: &Profile, catalog: &'c Catalog) -> impl Iterator<Item = &'c Brought> {
    let distribution = distribution(profile);
    let distributions = catalog.table.distributions.0.iter().filter(move |(name, _)| name.value == distribution);
    distributions.flat_map(|(_, brought)| brought)
}

/// What the profile's sections and the distribution provide.
fn given(profile: &Profile, catalog: &Catalog, versions: &BTreeMap<String, semver::Version>) -> BTreeSet<String> {
    let distribution = distribution(profile);
    // A distribution whose version nobody says counts as its newest.
    let still = |brought: &&Brought| match (&brought.before, versions.get(distribution)) {
        (Some(before), Some(version)) => *version < before.number(),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let brought = brought(profile, catalog).filter(still);
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

    /// A value of component.yaml, its texts expanded; nothing where that fails, which is reported.
    fn expand(&mut self, engine: &Engine, value: &Value, context: &Context) -> Option<Value> {
        match engine.expand(value, context) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.report(problem);
                None
            }
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
}
