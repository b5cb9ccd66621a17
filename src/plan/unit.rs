//! A unit: what one Flux Kustomization applies, and what it needs.

use std::sync::Arc;

use serde_json::Value;

use super::needs::Need;
use crate::decode::At;
use crate::problem::Place;
use crate::profile::patch::Patch;
use crate::template::{Context, Engine};
use crate::texts::Name;

/// One Flux Kustomization of the cluster, but for what people or the root apply.
pub struct Unit {
    /// Its name, one name space for all.
    pub name: String,
    /// Its folder below the tree; none for units whose objects are not ours.
    pub folder: Option<String>,
    /// The profile's key that it comes from, for the head of its files.
    pub key: String,
    /// Where the profile asks for it.
    pub place: Place,
    /// What it applies.
    pub content: Content,
    /// Units that the profile says it waits for.
    pub needs: Vec<At<Name>>,
    /// The unit of the same component before it.
    pub after: Option<String>,
    /// What it requires beyond what its objects show.
    pub requires: Vec<Need>,
    /// What it provides beyond what its objects show.
    pub provides: Vec<String>,
    /// How long Flux waits, in seconds.
    pub timeout: u64,
    /// Who applies it.
    pub applied_by: AppliedBy,
    /// Whether objects go when they leave the unit.
    pub prune: bool,
    /// Whether Flux waits for its objects.
    pub wait: bool,
    /// The namespace that all its objects go to.
    pub target_namespace: Option<String>,
    /// The user's changes.
    pub patches: Vec<Patch>,
    /// More health checks: `apiVersion`, `kind`, `current`.
    pub health: Vec<Value>,
    /// How a person sees that it works, beyond what its objects show.
    pub verify: Vec<Check>,
    /// Whether it belongs to a component, whose ExternalSecrets are kept from being pruned.
    pub infrastructure: bool,
    /// Whether another program writes its files, too, in a way of its own: they are edited only if their objects are.
    pub rewritten: bool,
}

/// Who applies a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliedBy {
    /// A Flux Kustomization of its own.
    Itself,
    /// The one that applies the whole tree: the root lists its folder.
    Root,
    /// People, by hand: nothing lists its folder.
    People,
}

impl Unit {
    /// Whether it has a Flux Kustomization of its own.
    pub fn is_kustomization(&self) -> bool {
        self.applied_by == AppliedBy::Itself
    }
}

/// What a unit applies.
pub enum Content {
    /// Objects of templates.
    Templates(Vec<Part>),
    /// A Helm chart.
    Chart(Box<Chart>),
    /// A folder of a git repository.
    Git {
        /// The GitRepository.
        source: String,
        /// The folder.
        path: String,
        /// Images that are replaced.
        images: Vec<Value>,
        /// Changes that Flux makes.
        patches: Vec<Value>,
    },
}

/// The templates of one folder, for one context.
#[derive(Clone)]
pub struct Part {
    /// The templates.
    pub engine: Arc<Engine>,
    /// Their folder in the engine.
    pub folder: String,
    /// The file that takes all their documents; a file for each template if nothing is said.
    pub file: Option<String>,
    /// What they can ask for.
    pub context: Context,
}

/// A HelmRelease to be.
pub struct Chart {
    /// The chart's source.
    pub source: super::sources::Reference,
    /// The chart's name.
    pub chart: String,
    /// The chart's version.
    pub version: String,
    /// The name of the Helm release.
    pub release: String,
    /// Where it is installed.
    pub namespace: String,
    /// The template of our values, if there is one.
    pub values_template: Option<Part>,
    /// The user's values, over ours.
    pub values: Option<Value>,
    /// Values that stand in the cluster.
    pub values_from: Vec<Value>,
    /// What is done with the chart's CRDs.
    pub crds: Option<String>,
    /// How long Helm waits.
    pub timeout: String,
}

/// How a person sees that an object is as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Check {
    /// The object as `kubectl` names it.
    pub object: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// What is expected, as [`Expectation`](crate::catalog::component::Expectation) has it.
    pub expect: String,
}

/// A file of a component, a store or a section for `bootstrap/`, most often a script.
pub struct Script {
    /// Its path below `bootstrap/`.
    pub name: String,
    /// The template.
    pub template: String,
    /// The templates of its component.
    pub engine: Arc<Engine>,
    /// What it can ask for.
    pub context: Context,
}

/// A paragraph of the cluster's README.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// The title of what it is about.
    pub of: String,
    /// The paragraph, as Markdown.
    pub text: String,
}
