//! What templates may ask for about the vCenter: what the profile says of it, and which of its objects the profile names.
//!
//! Not here: what a user of vCenter may do, and where. That is `templates/runbook/grants.yaml.j2`, which is asked once and
//! answers all scripts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Planner, defaults};
use crate::decode::At;
use crate::problem::{Code, Problem, nearest};
use crate::profile::Profile;
use crate::texts::Datacenter;

/// What every template may ask for; nothing without a vCenter.
pub(super) fn vsphere(profile: &Profile) -> Option<Value> {
    let vsphere = profile.vsphere.as_ref()?;
    let roles = vsphere
        .roles
        .as_ref()
        .map(|roles| json!({ "principal": roles.principal, "datastores": roles.datastores, "hosts": roles.hosts }));
    let policies = vsphere.policies.iter().map(|policy| {
        json!({ "name": policy.name, "category": policy.category, "tag": policy.tag, "datastore": policy.datastore })
    });
    let classes = profile.storage.iter().flat_map(|storage| &storage.classes);
    let classes =
        classes.map(|class| json!({ "name": class.name, "datastore": class.datastore, "files": class.is_of_files() }));
    Some(json!({
        "server": vsphere.server,
        "port": vsphere.port.as_ref().map_or(defaults::VCENTER_PORT, |port| port.value.0),
        "thumbprint": vsphere.thumbprint,
        "insecure": vsphere.insecure.as_ref().is_some_and(|insecure| insecure.value),
        "datacenters": vsphere.datacenters,
        "folders": folders(&vsphere.datacenters),
        "clusterId": vsphere.cluster_id,
        "clusterDistribution": vsphere.cluster_distribution,
        "topologyCategories": vsphere.topology_categories,
        "nodeFolder": vsphere.node_folder,
        "roles": roles,
        "policies": policies.collect::<Vec<_>>(),
        "classes": classes.collect::<Vec<_>>(),
        "objects": objects(profile),
    }))
}

/// The folders that datacenters lie in, by their paths.
fn folders(datacenters: &[At<Datacenter>]) -> BTreeSet<String> {
    let above = |path: &str| path.match_indices('/').map(|(at, _)| format!("/{}", &path[..at])).collect::<Vec<_>>();
    datacenters.iter().flat_map(|datacenter| above(datacenter.as_str().trim_matches('/'))).collect()
}

/// The objects of its inventory that have to be there beforehand, each once with the key that names it. Folders of EKS Anywhere's
/// machines are not among them: it makes them.
fn objects(profile: &Profile) -> Vec<Value> {
    let mut named: Vec<(&str, &str)> = Vec::new();
    if let Some(vsphere) = &profile.vsphere {
        named.extend(vsphere.node_folder.iter().map(|path| ("vsphere.nodeFolder", path.as_str())));
        let roles = vsphere.roles.iter();
        named.extend(roles.clone().flat_map(|roles| &roles.datastores).map(|path| ("vsphere.roles", path.as_str())));
        named.extend(roles.flat_map(|roles| &roles.hosts).map(|path| ("vsphere.roles", path.as_str())));
        named.extend(vsphere.policies.iter().map(|policy| ("vsphere.policies", policy.datastore.as_str())));
    }
    let groups = profile.eks_anywhere.iter().flat_map(|eks| eks.machines.groups()).collect::<Vec<_>>();
    let machines = groups.iter().flat_map(|group| [&group.machine.datastore, &group.machine.template]).flatten();
    named.extend(profile.eks_anywhere.iter().map(|eks| ("eksAnywhere.vmNetwork", eks.vm_network.as_str())));
    named.extend(machines.map(|path| ("eksAnywhere.machines", path.as_str())));
    let mut seen = BTreeSet::new();
    named.retain(|(_, path)| seen.insert(*path));
    named.into_iter().map(|(key, path)| json!({ "key": key, "path": path })).collect()
}

impl Planner<'_> {
    /// A storage class may name a policy that somebody else has made; one that is nearly ours is mistyped.
    pub(super) fn policies(&mut self) {
        let profile = self.profile;
        let ours = || profile.vsphere.iter().flat_map(|vsphere| &vsphere.policies).map(|policy| policy.name.as_str());
        let asked =
            profile.storage.iter().flat_map(|storage| &storage.classes).filter_map(|class| class.policy.as_ref());
        for policy in asked.filter(|policy| ours().all(|name| name != policy.as_str())) {
            if let Some(near) = nearest(policy.as_str(), ours()) {
                let says = format!("the storage policy `{policy}` is none of `vsphere.policies`");
                let place = profile.place(&policy.span);
                let hint = format!("did you mean `{near}`?");
                self.report(Problem::warning(Code::MISSING_CAPABILITY, says).at(place).hint(hint));
            }
        }
    }
}
