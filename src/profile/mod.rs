//! The profile: what a person wrote about one cluster, typed and checked, with the place of each value.
//!
//! In: the text of `profiles/<name>.yaml`. Out: a [`Profile`] whose every value keeps its rule, or all findings at once.
//! A profile is what was *said*: defaults are decided in `plan`, and what a component's options mean is known to
//! `catalog`. No secret value ever gets in; [`secret_values`] looks for those that try.

pub mod bootstrap;
pub mod cluster;
pub mod eks_anywhere;
pub mod gitops;
pub mod patch;
pub mod rules;
mod secret_values;
pub mod secrets;
pub mod storage;
pub mod vsphere;
pub mod workloads;

use std::sync::Arc;

use crate::decode::{At, Decode, Named, Reading, choice, section};
use crate::problem::{Code, Place, Problem, Problems, Source};
use crate::texts::{Name, RepoPath};
use crate::yaml::{self, Node};

choice! {
    /// The `apiVersion`s of the profiles that are read.
    pub enum ApiVersion {
        /// The first form of a profile; keys may still change.
        V1alpha1 = "fluxwright/v1alpha1",
    }
}

choice! {
    /// The `kind` of a profile.
    pub enum DocumentKind {
        /// What one cluster is to be.
        ClusterProfile = "ClusterProfile",
    }
}

section! {
    /// The document: header lines, then sections; there is no `spec:`.
    pub struct Document {
        /// Which form of a profile this is.
        api_version as "apiVersion": ApiVersion,
        /// What kind of document this is.
        kind: DocumentKind,
        /// Whose profile it is.
        metadata: cluster::Metadata,
        /// The Kubernetes that the cluster runs.
        kubernetes: cluster::Kubernetes,
        /// The Flux of the cluster.
        flux: cluster::Flux,
        /// Networks.
        network: Option<cluster::Network>,
        /// The vCenter.
        vsphere: Option<vsphere::Vsphere>,
        /// The EKS Anywhere cluster itself.
        eks_anywhere as "eksAnywhere": Option<eks_anywhere::EksAnywhere>,
        /// Secret stores.
        secrets: Option<secrets::Secrets>,
        /// Storage.
        storage: Option<storage::Storage>,
        /// Components of the catalog.
        components: Named<Name, workloads::Component>,
        /// Other Helm charts.
        releases: Vec<workloads::Release>,
        /// Folders of manifests.
        paths: Vec<workloads::GitPath>,
        /// Secrets from stores, or asked for.
        external_secrets as "externalSecrets": Vec<secrets::ExternalSecret>,
        /// Namespaces beyond those of components.
        namespaces: Vec<cluster::Namespace>,
        /// Files of the tree that are the user's now: referenced, never written.
        unmanaged: Vec<At<RepoPath>>,
    }
}

/// A profile that was read and checked.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The file, for places.
    pub source: Arc<Source>,
    /// What it says.
    pub document: Document,
    /// What is worth knowing about it and stops nothing.
    pub warnings: Vec<Problem>,
}

impl std::ops::Deref for Profile {
    type Target = Document;
    fn deref(&self) -> &Document {
        &self.document
    }
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// Everything that is wrong with it, by place.
    pub fn read(source: &Arc<Source>) -> Result<Profile, Vec<Problem>> {
        let mut problems = Problems::default();
        let profile = Profile::read_into(source, &mut problems);
        problems.finish(profile).map(|(profile, warnings)| Profile { warnings, ..profile })
    }

    fn read_into(source: &Arc<Source>, problems: &mut Problems) -> Option<Profile> {
        let root = yaml::read(source, problems);
        if problems.any_error() {
            problems.show(&secret_values::hidden_lines(source));
        }
        let root = root?;
        expect_header(source, &root, problems)?;
        // From here on findings show a text in which secrets are hidden, and none is about a secret but the one that says so.
        let (source, secrets) = secret_values::find(source, &root, problems);
        let document = Document::decode(&root, &mut Reading::new(&source, problems));
        let profile = document.map(|document| Profile { source, document, warnings: Vec::new() });
        if let Some(profile) = &profile {
            rules::check(profile, problems);
        }
        let on_secret = |place: &Place| secrets.iter().any(|span| place.start < span.end && span.start < place.end);
        problems.retain(|problem| problem.code == Code::SECRET_VALUE || !problem.place.as_ref().is_some_and(on_secret));
        profile
    }

    /// The cluster's name.
    pub fn name(&self) -> &str {
        self.metadata.name.as_str()
    }

    /// Where the tree stands in the repo.
    pub fn tree_path(&self) -> String {
        let name = self.name();
        match &self.flux.path {
            Some(path) => path.as_str().to_owned(),
            None if self.flux.of_eks_anywhere().is_some() => format!("clusters/{name}/{name}"),
            None => format!("clusters/{name}"),
        }
    }

    /// The taints that Flux's own pods tolerate: those that the profile says, and that of nodes that start with one.
    pub fn toleration_keys(&self) -> Vec<String> {
        let said = self.flux.bootstrap.iter().flat_map(|bootstrap| &bootstrap.toleration_keys);
        let mut keys: Vec<String> = said.map(ToString::to_string).collect();
        let first = self.kubernetes.starts_tainted().map(|_| cluster::UNINITIALIZED.to_owned());
        keys.extend(first.filter(|first| !keys.contains(first)));
        keys
    }

    /// The place of some bytes of the profile.
    pub fn place(&self, span: &std::ops::Range<usize>) -> Place {
        Place::new(&self.source, span.clone())
    }
}

/// A file that is no profile at all is told so once, not key by key.
fn expect_header(source: &Arc<Source>, root: &Node, problems: &mut Problems) -> Option<()> {
    let (our_version, our_kind) = (ApiVersion::V1alpha1.as_str(), DocumentKind::ClusterProfile.as_str());
    let text = |key: &str| root.get(key).and_then(Node::text);
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version == Some(our_version) && kind == Some(our_kind) {
        return Some(());
    }
    let says = match (api_version, kind) {
        (Some(api_version), Some(kind)) => format!("this is a {kind} of {api_version}, no {our_kind} of {our_version}"),
        _ => format!("this is no {our_kind}"),
    };
    let span = root.get("kind").or(root.get("apiVersion")).map_or(0..0, |node| node.span.clone());
    problems.push(Problem::new(Code::WRONG_DOCUMENT, says).at(Place::new(source, span)).hint(format!(
        "begin the file with:\napiVersion: {our_version}\nkind: {our_kind}\nmetadata:\n  name: my-cluster"
    )));
    None
}
