//! The EKS Anywhere cluster itself: what `eksctl anywhere` makes, as far as a profile says it.

use serde_json::Value;

use super::patch::Patch;
use crate::decode::{At, Named, choice, section};
use crate::texts::{Address, ConfigText, IssuerUrl, LabelKey, LabelValue, Name, Version};

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

section! {
    /// Who may log in to a machine.
    pub struct User {
        /// The user.
        name: Name,
        /// Public keys.
        ssh_authorized_keys as "sshAuthorizedKeys": Vec<ConfigText>,
    }
}

section! {
    /// A taint of a worker group.
    pub struct Taint {
        /// Its key.
        key: LabelKey,
        /// Its value.
        value: Option<LabelValue>,
        /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
        effect: ConfigText,
    }
}

/// A group of machines: `extra` keys, then those that every group may have.
macro_rules! machines {
    ($(#[$meta:meta])* pub struct $name:ident { $($extra:tt)* }) => {
        section! {
            $(#[$meta])*
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
                /// `fullClone` or `linkedClone`.
                clone_mode as "cloneMode": Option<ConfigText>,
                /// The storage policy of the machines' disks.
                storage_policy_name as "storagePolicyName": Option<ConfigText>,
                /// Tags, as URNs.
                tags: Vec<ConfigText>,
                /// NTP servers, certificates, Bottlerocket settings.
                host_os_configuration as "hostOSConfiguration": Option<Value>,
                /// Who may log in.
                users: Vec<User>,
            }
        }
    };
}

machines! {
    /// What every group has unless it says otherwise.
    pub struct MachineDefaults {}
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

section! {
    /// The machines.
    pub struct Machines {
        /// What every group has.
        defaults: Option<MachineDefaults>,
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
        version: At<Version>,
        /// Who applies changes.
        apply: Option<Apply>,
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
