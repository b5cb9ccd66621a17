//! The EKS Anywhere cluster itself: what `eksctl anywhere` makes, as far as a profile says it.

use std::ops::Range;

use super::patch::Patch;
use crate::decode::{At, Mapping, Named, choice, section};
use crate::texts::{Address, ConfigText, EksaVersion, IssuerUrl, LabelKey, LabelValue, Name, SshKey, TagUrn};

choice! {
    /// Who applies changes of the cluster.
    pub enum Apply {
        /// Flux, from the tree.
        Flux = "flux",
        /// `eksctl anywhere upgrade`, by hand; the tree only holds the file.
        Cli = "cli",
    }
}

choice! {
    /// The nodes' operating system.
    pub enum OsFamily {
        /// Bottlerocket.
        Bottlerocket = "bottlerocket",
        /// Ubuntu.
        Ubuntu = "ubuntu",
        /// Red Hat Enterprise Linux.
        Redhat = "redhat",
    }
}

choice! {
    /// How a machine's disk is made.
    pub enum CloneMode {
        /// As a copy of the template's.
        Full = "fullClone",
        /// As what differs from a snapshot of the template's.
        Linked = "linkedClone",
    }
}

choice! {
    /// What a taint does to pods that do not tolerate it.
    pub enum Effect {
        /// They are not put there.
        NoSchedule = "NoSchedule",
        /// They are put there if there is no other place.
        PreferNoSchedule = "PreferNoSchedule",
        /// They are not put there, and have to go.
        NoExecute = "NoExecute",
    }
}

section! {
    /// Who may log in to a machine.
    pub struct User {
        /// The user.
        name: At<Name>,
        /// Public keys.
        ssh_authorized_keys as "sshAuthorizedKeys": Vec<SshKey>,
    }
}

section! {
    /// A taint of a worker group.
    pub struct Taint {
        /// Its key.
        key: LabelKey,
        /// Its value.
        value: Option<LabelValue>,
        /// What it does.
        effect: Effect,
    }
}

/// A group of machines: `extra` keys, then those that every group may have.
macro_rules! machines {
    ($(#[doc = $about:literal])* pub struct $name:ident { $($extra:tt)* }) => {
        section! {
            $(#[doc = $about])*
            pub struct $name {
                $($extra)*
                /// The datastore's path.
                datastore: Option<At<ConfigText>>,
                /// The folder's path.
                folder: Option<At<ConfigText>>,
                /// The resource pool's path.
                resource_pool as "resourcePool": Option<At<ConfigText>>,
                /// The operating system.
                os_family as "osFamily": Option<At<OsFamily>>,
                /// The template's path.
                template: Option<At<ConfigText>>,
                /// Processors.
                num_cpus as "numCPUs": Option<At<u32>>,
                /// Memory in MiB.
                memory_mib as "memoryMiB": Option<At<u32>>,
                /// Disk in GiB.
                disk_gib as "diskGiB": Option<At<u32>>,
                /// How their disks are made.
                clone_mode as "cloneMode": Option<CloneMode>,
                /// The storage policy of the machines' disks.
                storage_policy_name as "storagePolicyName": Option<ConfigText>,
                /// Tags, as URNs.
                tags: Vec<TagUrn>,
                /// NTP servers, certificates, Bottlerocket settings.
                host_os_configuration as "hostOSConfiguration": Option<Mapping>,
                /// Who may log in.
                users: Vec<User>,
            }
        }
    };
}

machines! {
    /// What every group has unless it says otherwise.
    pub struct Machine {}
}

machines! {
    /// The control plane's or etcd's machines.
    pub struct MachineGroup {
        /// How many.
        count: At<u32>,
    }
}

machines! {
    /// A group of workers.
    pub struct Workers {
        /// Its name.
        name: At<Name>,
        /// How many.
        count: At<u32>,
        /// Labels of its nodes.
        labels: Named<LabelKey, LabelValue>,
        /// Taints of its nodes.
        taints: Vec<Taint>,
    }
}

/// What a key can leave to the defaults.
trait MaySay: Clone {
    fn says_nothing(&self) -> bool;
}

impl<T: Clone> MaySay for Option<T> {
    fn says_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Clone> MaySay for Vec<T> {
    fn says_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// A group's own value, or that of the defaults where it says nothing.
fn own<T: MaySay>(own: &T, default: Option<&T>) -> T {
    default.filter(|_| own.says_nothing()).unwrap_or(own).clone()
}

/// What is said about the machines of a group; a key that is forgotten here does not compile.
macro_rules! over_defaults {
    ($($name:ident),*) => {$(
        impl $name {
            /// What is said about its machines: its own keys over the defaults.
            fn machine(&self, defaults: Option<&Machine>) -> Machine {
                Machine {
                    span: self.span.clone(),
                    datastore: own(&self.datastore, defaults.map(|it| &it.datastore)),
                    folder: own(&self.folder, defaults.map(|it| &it.folder)),
                    resource_pool: own(&self.resource_pool, defaults.map(|it| &it.resource_pool)),
                    os_family: own(&self.os_family, defaults.map(|it| &it.os_family)),
                    template: own(&self.template, defaults.map(|it| &it.template)),
                    num_cpus: own(&self.num_cpus, defaults.map(|it| &it.num_cpus)),
                    memory_mib: own(&self.memory_mib, defaults.map(|it| &it.memory_mib)),
                    disk_gib: own(&self.disk_gib, defaults.map(|it| &it.disk_gib)),
                    clone_mode: own(&self.clone_mode, defaults.map(|it| &it.clone_mode)),
                    storage_policy_name: own(&self.storage_policy_name, defaults.map(|it| &it.storage_policy_name)),
                    tags: own(&self.tags, defaults.map(|it| &it.tags)),
                    host_os_configuration: own(&self.host_os_configuration, defaults.map(|it| &it.host_os_configuration)),
                    users: own(&self.users, defaults.map(|it| &it.users)),
                }
            }
        }
    )*};
}

over_defaults!(MachineGroup, Workers);

section! {
    /// The machines.
    pub struct Machines {
        /// What every group has.
        defaults: Option<Machine>,
        /// The control plane.
        control_plane as "controlPlane": MachineGroup,
        /// etcd on machines of its own.
        etcd: Option<MachineGroup>,
        /// The workers.
        workers: Vec<Workers>,
    }
}

section! {
    /// Roles for service accounts.
    pub struct PodIamConfig {
        /// Who signs their tokens.
        service_account_issuer as "serviceAccountIssuer": IssuerUrl,
    }
}

section! {
    /// The EKS Anywhere cluster.
    pub struct EksAnywhere {
        /// The release of EKS Anywhere.
        version: At<EksaVersion>,
        /// Who applies changes.
        apply: Option<At<Apply>>,
        /// The management cluster, if another.
        management: Option<At<Name>>,
        /// The network's path.
        vm_network as "vmNetwork": At<ConfigText>,
        /// The address of the API server.
        endpoint: At<Address>,
        /// Roles for service accounts.
        pod_iam_config as "podIamConfig": Option<PodIamConfig>,
        /// The machines.
        machines: Machines,
        /// Changes to what is rendered.
        patches: Vec<Patch>,
    }
}

impl EksAnywhere {
    /// Whether Flux applies it, as it does where nothing is said.
    pub fn is_applied_by_flux(&self) -> bool {
        self.apply.as_ref().is_none_or(|apply| apply.value == Apply::Flux)
    }
}

impl Machine {
    /// The operating system: Bottlerocket where nothing is said, as EKS Anywhere takes it
    /// (pkg/api/v1alpha1/vspheremachineconfig.go).
    pub fn system(&self) -> OsFamily {
        self.os_family.as_ref().map_or(OsFamily::Bottlerocket, |family| family.value)
    }
}

/// What a group of machines is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role<'a> {
    /// The control plane.
    ControlPlane,
    /// etcd.
    Etcd,
    /// Pods.
    Workers(&'a Workers),
}

/// The group of workers that `eksctl anywhere generate clusterconfig` writes; its machine config has the cluster's name.
const FIRST_WORKERS: &str = "md-0";

/// A group of machines.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// What it is for.
    pub role: Role<'a>,
    /// How many.
    pub count: &'a At<u32>,
    /// What they are.
    pub machine: Machine,
    /// The bytes of the profile.
    pub span: &'a Range<usize>,
}

impl Group<'_> {
    /// What a finding calls it.
    pub fn label(&self) -> &str {
        match self.role {
            Role::ControlPlane => "controlPlane",
            Role::Etcd => "etcd",
            Role::Workers(workers) => workers.name.as_str(),
        }
    }

    /// The name of its VSphereMachineConfig. It follows from the group's own name, so that no other group's coming or
    /// going renames it, and is what the command-line tool would have called it.
    pub fn config_name(&self, cluster: &str) -> String {
        match self.role {
            Role::ControlPlane => format!("{cluster}-cp"),
            Role::Etcd => format!("{cluster}-etcd"),
            Role::Workers(workers) if workers.name.as_str() == FIRST_WORKERS => cluster.to_owned(),
            Role::Workers(workers) => format!("{cluster}-{}", workers.name),
        }
    }
}

impl Machines {
    /// All groups: control plane, etcd if it has machines of its own, workers.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let defaults = self.defaults.as_ref();
        let mut groups = Vec::new();
        for (role, group) in [(Role::ControlPlane, Some(&self.control_plane)), (Role::Etcd, self.etcd.as_ref())] {
            let Some(group) = group else { continue };
            let machine = group.machine(defaults);
            groups.push(Group { role, count: &group.count, machine, span: &group.span });
        }
        groups.extend(self.workers.iter().map(|workers| Group {
            role: Role::Workers(workers),
            count: &workers.count,
            machine: workers.machine(defaults),
            span: &workers.span,
        }));
        groups
    }
}
