//! The cluster itself becomes a unit: what EKS Anywhere makes machines of, for Flux to keep as it stands in git, or as a
//! file for `eksctl anywhere` only.
//!
//! Nothing waits for the unit, Flux does not wait for it, and nothing of it is ever pruned: a cluster that Flux deletes
//! takes Flux along. See `docs/decisions/eks-anywhere.md`.

use serde_json::{Map, Value, json};

use super::sections::{Origin, mapping, without_nothing};
use super::{Planner, defaults};
use crate::problem::{Code, Problem};
use crate::profile::eks_anywhere::{EksAnywhere, Group, Machine, Role, User, Workers};

/// Flux leaves fields alone that others set, as EKS Anywhere's controllers and its command-line tool do
/// (kustomize-controller docs/spec/v1/kustomizations.md, `kustomize.toolkit.fluxcd.io/ssa`).
const MERGE: (&str, &str) = ("kustomize.toolkit.fluxcd.io/ssa", "Merge");

impl Planner<'_> {
    pub(super) fn eks_anywhere(&mut self) {
        let Some(eks) = &self.profile.eks_anywhere else { return };
        self.workload_cluster(eks);
        let by_flux = eks.is_applied_by_flux();
        let Some(content) = self.section("eks-anywhere", &self.cluster(eks, by_flux)) else { return };
        let origin = Origin {
            name: "eksa-cluster".to_owned(),
            folder: Some("eksa-system".to_owned()),
            key: "eksAnywhere".to_owned(),
            span: eks.version.span.clone(),
            patches: eks.patches.clone(),
        };
        let unit = self.push(origin, content);
        unit.applied = by_flux;
        unit.prune = false;
        unit.wait = false;
    }

    /// A cluster that another one manages is another shape of tree: it stands in the repo of that one.
    fn workload_cluster(&mut self, eks: &EksAnywhere) {
        let Some(other) = eks.management.as_ref().filter(|name| name.as_str() != self.profile.name()) else { return };
        let says = format!("a cluster that `{other}` manages is applied there, which this version does not render");
        let place = self.profile.place(&other.span);
        let problem = Problem::new(Code::NOT_YET, says).at(place);
        self.report(problem.hint("take the line out for a cluster that manages itself"));
    }

    /// What the template asks for. What the rules of the profile have refused is left empty here.
    fn cluster(&self, eks: &EksAnywhere, by_flux: bool) -> Value {
        let profile = self.profile;
        let name = profile.name();
        let version = profile.kubernetes.version.number();
        let network = profile.network.as_ref();
        let groups = eks.machines.groups();
        let of = |wanted: Role<'_>| groups.iter().find(|group| group.role == wanted).map(|group| counted(group, name));
        let workers: Vec<Value> = groups.iter().filter_map(|group| workers(group, name)).collect();
        let machines: Vec<Value> = groups
            .iter()
            .map(|group| json!({ "name": group.config_name(name), "spec": machine(&group.machine) }))
            .collect();
        let annotations: Map<String, Value> =
            by_flux.then(|| (MERGE.0.to_owned(), json!(MERGE.1))).into_iter().collect();
        json!({
            "name": name, "annotations": annotations,
            "kubernetesVersion": format!("{}.{}", version.major, version.minor), "eksaVersion": eks.version,
            "pods": network.and_then(|network| network.pods.as_ref()),
            "services": network.and_then(|network| network.services.as_ref()),
            "endpoint": eks.endpoint,
            "controlPlane": of(Role::ControlPlane), "etcd": of(Role::Etcd), "workers": workers, "machines": machines,
            "datacenter": self.datacenter(eks),
            "podIamConfig": eks.pod_iam_config.as_ref().map(|iam| json!({ "serviceAccountIssuer": iam.service_account_issuer })),
        })
    }

    fn datacenter(&self, eks: &EksAnywhere) -> Value {
        let vsphere = self.profile.vsphere.as_ref();
        let insecure = vsphere.and_then(|vsphere| vsphere.insecure.as_ref()).is_some_and(|insecure| insecure.value);
        let thumbprint = vsphere.and_then(|vsphere| vsphere.thumbprint.as_ref());
        json!({
            "name": vsphere.and_then(|vsphere| vsphere.datacenters.first()),
            "server": vsphere.map(|vsphere| &vsphere.server),
            "network": eks.vm_network, "insecure": insecure,
            "thumbprint": thumbprint.map_or("", |thumbprint| thumbprint.as_str()),
        })
    }
}

fn counted(group: &Group<'_>, cluster: &str) -> Value {
    json!({ "count": group.count, "config": group.config_name(cluster) })
}

fn workers(group: &Group<'_>, cluster: &str) -> Option<Value> {
    let Role::Workers(Workers { name, labels, taints, .. }) = group.role else { return None };
    let taint = |taint: &crate::profile::eks_anywhere::Taint| {
        without_nothing([("key", json!(taint.key)), ("value", json!(taint.value)), ("effect", json!(taint.effect))])
    };
    let taints: Vec<Value> = taints.iter().map(taint).collect();
    Some(json!({
        "name": name, "count": group.count, "config": group.config_name(cluster),
        "labels": mapping(labels), "taints": taints,
    }))
}

/// The spec of a VSphereMachineConfig, every default written out.
fn machine(machine: &Machine) -> Value {
    let user = |user: &User| json!({ "name": user.name, "sshAuthorizedKeys": user.ssh_authorized_keys });
    let users: Vec<Value> = machine.users.iter().map(user).collect();
    let list = |items: Value| if items.as_array().is_some_and(Vec::is_empty) { Value::Null } else { items };
    let number = |said: &Option<crate::decode::At<u32>>, default| said.as_ref().map_or(default, |said| said.value);
    without_nothing([
        ("datastore", json!(machine.datastore)),
        ("folder", json!(machine.folder)),
        ("resourcePool", json!(machine.resource_pool)),
        ("template", json!(machine.template)),
        ("osFamily", json!(machine.system())),
        ("numCPUs", json!(number(&machine.num_cpus, defaults::MACHINE_CPUS))),
        ("memoryMiB", json!(number(&machine.memory_mib, defaults::MACHINE_MEMORY_MIB))),
        ("diskGiB", json!(number(&machine.disk_gib, defaults::MACHINE_DISK_GIB))),
        ("cloneMode", json!(machine.clone_mode)),
        ("storagePolicyName", json!(machine.storage_policy_name)),
        ("tags", list(json!(machine.tags))),
        ("hostOSConfiguration", json!(machine.host_os_configuration)),
        ("users", list(json!(users))),
    ])
}
