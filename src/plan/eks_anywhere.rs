//! The cluster itself becomes a unit: what EKS Anywhere makes machines of, for Flux to keep as it stands in git, the user's
//! own or that of EKS Anywhere, or as a file for `eksctl anywhere` only.
//!
//! Nothing waits for the unit, Flux does not wait for it, and nothing of it is ever pruned: a cluster that Flux deletes
//! takes Flux along. See `docs/decisions/eks-anywhere.md`.

use serde_json::{Map, Value, json};

use super::sections::{Origin, mapping, without_nothing};
use super::unit::AppliedBy;
use super::{Planner, defaults};
use crate::problem::{Code, Problem};
use crate::profile::cluster::Bootstrap;
use crate::profile::eks_anywhere::{EksAnywhere, Group, Machine, Role, User, Workers};
use crate::profile::gitops::{Provider, around};

/// Flux leaves fields alone that others set, as EKS Anywhere's controllers and its command-line tool do
/// (kustomize-controller docs/spec/v1/kustomizations.md, `kustomize.toolkit.fluxcd.io/ssa`).
const MERGE: (&str, &str) = ("kustomize.toolkit.fluxcd.io/ssa", "Merge");

impl Planner<'_> {
    pub(super) fn eks_anywhere(&mut self) {
        let Some(eks) = &self.profile.eks_anywhere else { return };
        self.workload_cluster(eks);
        let applied_by = self.applied_by(eks);
        let Some(content) = self.section("eks-anywhere", &self.cluster(eks, applied_by)) else { return };
        let origin = Origin {
            name: "eksa-cluster".to_owned(),
            folder: Some("eksa-system".to_owned()),
            key: "eksAnywhere".to_owned(),
            span: eks.version.span.clone(),
            patches: eks.patches.clone(),
        };
        let unit = self.push(origin, content);
        unit.applied_by = applied_by;
        unit.rewritten = applied_by == AppliedBy::Root;
        unit.prune = false;
        unit.wait = false;
    }

    fn applied_by(&self, eks: &EksAnywhere) -> AppliedBy {
        match self.profile.flux.of_eks_anywhere() {
            // EKS Anywhere's own Flux has no Kustomization for it but that of its root (pkg/gitops/flux/files.go).
            Some(_) => AppliedBy::Root,
            None if eks.is_applied_by_flux() => AppliedBy::Itself,
            None => AppliedBy::People,
        }
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
    fn cluster(&self, eks: &EksAnywhere, applied_by: AppliedBy) -> Value {
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
        let by_flux = applied_by != AppliedBy::People;
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
            "gitops": profile.flux.of_eks_anywhere().map(|bootstrap| self.flux_config(bootstrap)),
            "podIamConfig": eks.pod_iam_config.as_ref().map(|iam| json!({ "serviceAccountIssuer": iam.service_account_issuer })),
        })
    }

    /// What EKS Anywhere is told of the Flux that it brings.
    fn flux_config(&self, bootstrap: &Bootstrap) -> Value {
        let flux = &self.profile.flux;
        let tree = self.profile.tree_path();
        let (github, git) = match Provider::of(&flux.url.value) {
            Some(Provider::Github { owner, repository }) => {
                let personal = bootstrap.personal.unwrap_or(defaults::PERSONAL_REPOSITORY);
                (json!({ "owner": owner, "personal": personal, "repository": repository }), Value::Null)
            }
            Some(Provider::Git { url }) => {
                let said = bootstrap.ssh_key_algorithm.as_ref().map(|algorithm| algorithm.as_str());
                let algorithm = said.unwrap_or(defaults::SSH_KEY_ALGORITHM);
                (Value::Null, json!({ "repositoryUrl": url, "sshKeyAlgorithm": algorithm }))
            }
            None => (Value::Null, Value::Null),
        };
        json!({
            "branch": flux.branch, "namespace": defaults::FLUX_NAMESPACE, "github": github, "git": git,
            "path": around(&tree).map(|(folder, _)| folder),
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
