//! The sections about the cluster itself: what Kubernetes it is, how Flux gets there, which networks it has.

use crate::decode::{At, Count, Named, choice, section};
use crate::texts::{
    AddressRange, Branch, Cidr, Duration, FluxVersion, GitUrl, KubernetesVersion, LabelKey, Name, RepoPath, TreeFolder,
};

section! {
    /// Whose profile it is.
    pub struct Metadata {
        /// The cluster's name: of its profile, its folder and its commits.
        name: At<Name>,
    }
}

choice! {
    /// Who made the cluster, where that decides what it brings along.
    pub enum Distribution {
        /// kubeadm, kubespray, k3s, Talos and all others.
        Generic = "generic",
        /// EKS Anywhere: brings the vSphere CPI and cert-manager, no CSI driver.
        EksAnywhere = "eks-anywhere",
    }
}

section! {
    /// The Kubernetes that the cluster runs.
    pub struct Kubernetes {
        /// Its minor.
        version: At<KubernetesVersion>,
        /// Who made it; `generic` if nothing is said.
        distribution: Option<Distribution>,
        /// How many control-plane nodes it has, where nothing else in the profile says so.
        control_plane_nodes as "controlPlaneNodes": Option<At<Count>>,
        /// Whether kubelets start with `--cloud-provider=external`, so that nodes start tainted.
        kubelet_external as "kubeletExternal": Option<At<bool>>,
    }
}

/// The taint that a node has from a kubelet with `--cloud-provider=external` until a cloud controller knows the node
/// (kubernetes/cloud-provider api/well_known_taints.go).
pub const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";

impl Kubernetes {
    /// Where the profile says that nodes start with [`UNINITIALIZED`], if it does.
    pub fn starts_tainted(&self) -> Option<&At<bool>> {
        self.kubelet_external.as_ref().filter(|said| said.value)
    }
}

choice! {
    /// How Flux gets into the cluster.
    pub enum BootstrapWith {
        /// `flux bootstrap github`.
        Github = "github",
        /// `flux bootstrap gitlab`.
        Gitlab = "gitlab",
        /// `flux bootstrap git`.
        Git = "git",
        /// `flux install`, without a sync of its own.
        Install = "install",
        /// EKS Anywhere's gitOpsRef.
        EksAnywhere = "eks-anywhere",
        /// Somebody else's concern.
        None = "none",
    }
}

choice! {
    /// The kind of an SSH key.
    pub enum SshKeyAlgorithm {
        /// RSA.
        Rsa = "rsa",
        /// ECDSA.
        Ecdsa = "ecdsa",
        /// Ed25519.
        Ed25519 = "ed25519",
    }
}

section! {
    /// How Flux is bootstrapped.
    pub struct Bootstrap {
        /// By what.
        with: BootstrapWith,
        /// Whether the repo belongs to a person, not to an organisation.
        personal: Option<bool>,
        /// Whether a token goes into the cluster instead of a deploy key.
        token_auth as "tokenAuth": Option<bool>,
        /// How often Flux looks into the repo.
        interval: Option<Duration>,
        /// Controllers beyond the four that Flux installs.
        components: Vec<At<Name>>,
        /// Taints that Flux's own pods tolerate.
        toleration_keys as "tolerationKeys": Vec<LabelKey>,
        /// The kind of the key with which EKS Anywhere's Flux logs in over SSH; `ecdsa` if nothing is said.
        ssh_key_algorithm as "sshKeyAlgorithm": Option<At<SshKeyAlgorithm>>,
    }
}

section! {
    /// The Flux of the cluster, and the repo that it reads.
    pub struct Flux {
        /// Its release.
        version: At<FluxVersion>,
        /// This repo, as the cluster reaches it.
        url: At<GitUrl>,
        /// The branch that Flux reads.
        branch: At<Branch>,
        /// Where the tree stands; `clusters/<name>` if nothing is said, `clusters/<name>/<name>` with EKS Anywhere's own Flux.
        path: Option<At<TreeFolder>>,
        /// Files and folders below the tree that are the user's, and that the root kustomization lists too.
        include: Vec<At<RepoPath>>,
        /// How Flux is bootstrapped.
        bootstrap: Option<Bootstrap>,
    }
}

impl Flux {
    /// How it is bootstrapped, where EKS Anywhere brings it.
    pub fn of_eks_anywhere(&self) -> Option<&Bootstrap> {
        self.bootstrap.as_ref().filter(|bootstrap| bootstrap.with == BootstrapWith::EksAnywhere)
    }
}

section! {
    /// The networks, for checks and for what has to know them.
    pub struct Network {
        /// Where the nodes are.
        nodes: Option<At<Cidr>>,
        /// What DHCP hands out.
        dhcp: Vec<At<AddressRange>>,
        /// The pods' network.
        pods: Option<At<Cidr>>,
        /// The services' network.
        services: Option<At<Cidr>>,
    }
}

choice! {
    /// A level of the Pod Security Standards, the most permissive last.
    #[derive(PartialOrd, Ord, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum PodSecurity {
        /// Nothing that could escalate.
        Restricted = "restricted",
        /// No known escalation.
        Baseline = "baseline",
        /// No rule.
        Privileged = "privileged",
    }
}

section! {
    /// A namespace beyond those that components bring.
    pub struct Namespace {
        /// Its name.
        name: At<Name>,
        /// The level that its pods must keep to; the most permissive that its components need if nothing is said.
        pod_security as "podSecurity": Option<At<PodSecurity>>,
        /// Labels.
        labels: Named<LabelKey, crate::texts::LabelValue>,
        /// Annotations.
        annotations: Named<LabelKey, String>,
    }
}
