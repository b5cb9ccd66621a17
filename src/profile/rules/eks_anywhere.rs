//! What EKS Anywhere asks of a cluster as a whole. Most of its rules stand in its Go code and its webhooks, not in its CRDs:
//! a cluster that breaks one is refused long after the commit (aws/eks-anywhere pkg/api/v1alpha1/cluster.go@v0.26.1).

use super::Check;
use crate::problem::Code;
use crate::profile::cluster::Distribution;
use crate::profile::eks_anywhere::{Effect, EksAnywhere, Group, Role};
use crate::texts::{Cidr, Covers as _};

/// How long a cluster's name may be, so that what is named after it stays in bounds (cluster.go).
const MAX_NAME: usize = 35;
/// How long the name of a group's machine config may be: Cluster API puts it on objects as a label.
const MAX_CONFIG_NAME: usize = 63;
/// The bits of one node's part of the pods' network (cluster.go, `clusterNetwork.nodes.cidrMaskSize`).
const NODE_BITS: u32 = 24;
/// How many bits may lie between the pods' network and a node's part of it (the same place).
const MAX_BITS_BETWEEN: u32 = 16;

impl Check<'_> {
    pub(super) fn eks_anywhere(&mut self) {
        let profile = self.profile;
        let Some(eks) = &profile.eks_anywhere else { return };
        self.cluster_name();
        self.said_elsewhere(eks);
        self.datacenter(eks);
        self.cluster_networks(eks);
        self.endpoint(eks);
        let groups = eks.machines.groups();
        self.counts(&groups, eks.machines.etcd.is_some());
        self.workers(eks, &groups);
        self.machines(eks, &groups);
    }

    fn cluster_name(&mut self) {
        let name = &self.profile.metadata.name;
        let says = if name.as_str().len() > MAX_NAME {
            format!("the cluster's name has {} characters, and EKS Anywhere takes {MAX_NAME}", name.as_str().len())
        } else if !name.as_str().starts_with(|first: char| first.is_ascii_lowercase()) || name.as_str().len() < 2 {
            format!("`{name}` is no name for EKS Anywhere: a letter first, and two characters or more")
        } else {
            return;
        };
        let because = "EKS Anywhere refuses it (pkg/api/v1alpha1/cluster.go)";
        self.report(Code::BAD_NAME, &name.span, says, because, "name: my-cluster".to_owned());
    }

    /// What the section says must not be said otherwise in another.
    fn said_elsewhere(&mut self, eks: &EksAnywhere) {
        let kubernetes = &self.profile.kubernetes;
        if kubernetes.distribution != Some(Distribution::EksAnywhere) {
            let says =
                "the profile has the section `eksAnywhere`, and the distribution is not `eks-anywhere`".to_owned();
            let because = "what a distribution brings along, such as the vSphere CPI, is not asked for again";
            let hint = "under `kubernetes:` write\ndistribution: eks-anywhere".to_owned();
            self.report(Code::CONTRADICTION, &kubernetes.version.span, says, because, hint);
        }
        let count = &eks.machines.control_plane.count;
        if let Some(said) = kubernetes.control_plane_nodes.as_ref().filter(|said| said.value.0 != count.value) {
            let says =
                format!("`controlPlaneNodes` is {} here, and `eksAnywhere` has {} of them", said.value.0, **count);
            self.report(Code::CONTRADICTION, &said.span, says, "", "take the line out".to_owned());
        }
    }

    fn datacenter(&mut self, eks: &EksAnywhere) {
        let Some(vsphere) = &self.profile.vsphere else {
            let says = "the section `eksAnywhere` needs the section `vsphere`".to_owned();
            let hint =
                "vsphere:\n  server: vcsa.lab.example\n  thumbprint: \"AA:BB:…\"\n  datacenters:\n    - Datacenter"
                    .to_owned();
            self.report(Code::MISSING_KEY, &eks.version.span, says, "", hint);
            return;
        };
        if let Some(second) = vsphere.datacenters.get(1) {
            let says =
                format!("EKS Anywhere has one datacenter for a cluster, and here are {}", vsphere.datacenters.len());
            let because = "a VSphereDatacenterConfig names one";
            self.report(Code::CHOOSE_ONE, &second.span, says, because, "take the other datacenters out".to_owned());
        }
        let path = &eks.vm_network;
        self.inventory_path("vmNetwork", "network", path);
    }

    fn cluster_networks(&mut self, eks: &EksAnywhere) {
        let network = self.profile.network.as_ref();
        let pods = network.and_then(|network| network.pods.as_ref());
        let services = network.and_then(|network| network.services.as_ref());
        for (key, said, example) in [("pods", pods, "192.168.0.0/16"), ("services", services, "10.96.0.0/12")] {
            if said.is_none() {
                let says = format!("`network.{key}` is missing, and EKS Anywhere needs it");
                let because =
                    "a Cluster has exactly one network for pods and one for services (pkg/api/v1alpha1/cluster.go)";
                self.report(
                    Code::MISSING_KEY,
                    &eks.version.span,
                    says,
                    because,
                    format!("network:\n  {key}: {example}"),
                );
            }
        }
        let Some(pods) = pods else { return };
        let Some(bits) = ipv4_bits(&pods.value) else { return };
        let says = if bits >= NODE_BITS {
            format!("{pods} has room for no node: each takes a /{NODE_BITS} of it")
        } else if NODE_BITS - bits > MAX_BITS_BETWEEN {
            format!("{pods} is too large to be cut into parts of /{NODE_BITS}")
        } else {
            return;
        };
        let because = "EKS Anywhere takes /8 to /23 (pkg/api/v1alpha1/cluster.go)";
        self.report(Code::PODS_NETWORK_SIZE, &pods.span, says, because, "pods: 192.168.0.0/16".to_owned());
    }

    /// The rest of what an endpoint must not be is among the networks: nobody else may have it.
    fn endpoint(&mut self, eks: &EksAnywhere) {
        let nodes = self.profile.network.as_ref().and_then(|network| network.nodes.as_ref());
        let Some(nodes) = nodes.filter(|nodes| !nodes.overlaps(&eks.endpoint.value)) else { return };
        let says = format!("the endpoint {} is not in the nodes' network {nodes}", eks.endpoint);
        let because = "a control-plane node announces the address on its own network (kube-vip)";
        let hint = "take a free address of that network, outside of what DHCP hands out".to_owned();
        self.report(Code::ADDRESS_OUTSIDE, &eks.endpoint.span, says, because, hint);
    }

    /// How many machines of each sort: some rules are refusals, some only a recommendation.
    fn counts(&mut self, groups: &[Group<'_>], external_etcd: bool) {
        for group in groups {
            let (count, span) = (group.count.value, &group.count.span);
            let quorum = match group.role {
                Role::ControlPlane => !external_etcd,
                Role::Etcd => true,
                Role::Workers(_) => false,
            };
            if count == 0 && !matches!(group.role, Role::Workers(_)) {
                let says = format!("`{}` has no machine", group.label());
                self.report(Code::NODE_COUNT, span, says, "", "count: 3".to_owned());
            } else if count == 0 {
                let says = format!("the workers `{}` have no machine", group.label());
                self.warn(Code::NODE_COUNT, span, says, "", "take the group out, or give it a machine".to_owned());
            } else if quorum && count.is_multiple_of(2) {
                let says = format!("`{}` has {count} machines, and etcd on them needs an odd number", group.label());
                let because =
                    "an even number survives no more failures than one machine less (pkg/api/v1alpha1/cluster.go)";
                self.report(Code::NODE_COUNT, span, says, because, format!("count: {}", count + 1));
            } else if quorum && count != 3 && count != 5 {
                let says = format!("3 or 5 machines are recommended for `{}`, and it has {count}", group.label());
                let because =
                    "etcd on 3 machines goes on when one fails, on 5 when two fail (pkg/api/v1alpha1/cluster.go)";
                self.warn(Code::NODE_COUNT, span, says, because, "count: 3".to_owned());
            }
        }
    }

    fn workers(&mut self, eks: &EksAnywhere, groups: &[Group<'_>]) {
        let workers = &eks.machines.workers;
        if workers.is_empty() {
            let says = "there are no workers".to_owned();
            let because = "EKS Anywhere on vSphere wants at least one group (pkg/api/v1alpha1/cluster.go)";
            let hint = "under `machines:` add\nworkers:\n  - name: md-0\n    count: 2".to_owned();
            self.report(Code::NODE_COUNT, &eks.machines.control_plane.count.span, says, because, hint);
            return;
        }
        let names = workers.iter().map(|group| (group.name.to_string(), group.name.span.clone()));
        self.unique("groups of workers", names.collect());
        self.config_names(groups);
        let keeps_away = |effect: Effect| effect != Effect::PreferNoSchedule;
        let open = |group: &&crate::profile::eks_anywhere::Workers| {
            group.count.value > 0 && !group.taints.iter().any(|taint| keeps_away(taint.effect))
        };
        if let (None, Some(first)) = (workers.iter().find(open), workers.iter().find_map(|group| group.taints.first()))
        {
            let says = "every group of workers has a taint that keeps pods away".to_owned();
            let because =
                "a cluster that manages itself needs one group without NoSchedule and NoExecute for its own pods";
            self.report(Code::NO_ROOM_FOR_PODS, &first.span, says, because, "effect: PreferNoSchedule".to_owned());
        }
    }

    /// Each group's machine config has a name of its own, within what labels take.
    fn config_names(&mut self, groups: &[Group<'_>]) {
        let cluster = self.profile.name();
        for group in groups {
            let Role::Workers(workers) = group.role else { continue };
            let name = group.config_name(cluster);
            let twin = groups
                .iter()
                .find(|other| !matches!(other.role, Role::Workers(_)) && other.config_name(cluster) == name);
            if let Some(twin) = twin {
                let says = format!(
                    "workers called `{}` would share the machine config `{name}` with `{}`",
                    workers.name,
                    twin.label()
                );
                self.report(Code::RESERVED_NAME, &workers.name.span, says, "", "name: md-1".to_owned());
            }
            if name.len() > MAX_CONFIG_NAME {
                let says = format!("`{name}` has {} characters", name.len());
                let because =
                    "Cluster API puts the cluster's and the group's name on its objects as one label, of at most 63";
                self.report(
                    Code::BAD_NAME,
                    &workers.name.span,
                    says,
                    because,
                    "take a shorter name for the group".to_owned(),
                );
            }
        }
    }
}

/// The bits of an IPv4 network; the rule for IPv6 is another, and nothing is said about it.
fn ipv4_bits(cidr: &Cidr) -> Option<u32> {
    let (address, bits) = cidr.as_str().split_once('/')?;
    let is_v4 = address.parse::<std::net::Ipv4Addr>().is_ok();
    bits.parse().ok().filter(|_| is_v4)
}
