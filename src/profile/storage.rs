//! Storage classes, snapshot classes and claims.

use super::patch::Patch;
use crate::decode::{At, Named, choice, section};
use crate::texts::{ConfigText, DatastoreUrl, LabelKey, Name, ObjectName, Quantity};

choice! {
    /// What becomes of a volume when its claim goes.
    pub enum ReclaimPolicy {
        /// It goes too.
        Delete = "Delete",
        /// It stays.
        Retain = "Retain",
    }
}

choice! {
    /// When a volume is made.
    pub enum Binding {
        /// With its claim.
        Immediate = "Immediate",
        /// With the first pod that uses it.
        WaitForFirstConsumer = "WaitForFirstConsumer",
    }
}

choice! {
    /// How a volume may be mounted.
    pub enum AccessMode {
        /// By one node.
        ReadWriteOnce = "ReadWriteOnce",
        /// By many nodes, to read.
        ReadOnlyMany = "ReadOnlyMany",
        /// By many nodes.
        ReadWriteMany = "ReadWriteMany",
        /// By one pod.
        ReadWriteOncePod = "ReadWriteOncePod",
    }
}

section! {
    /// A StorageClass.
    pub struct StorageClass {
        /// Its name.
        name: At<ObjectName>,
        /// Whether claims without a class get it.
        default: Option<At<bool>>,
        /// The driver; the one that the profile provides if nothing is said.
        provisioner: Option<At<String>>,
        /// The vSphere storage policy.
        policy: Option<At<ConfigText>>,
        /// The vSphere datastore.
        datastore: Option<DatastoreUrl>,
        /// The file system.
        fs_type as "fsType": Option<ConfigText>,
        /// What becomes of a volume when its claim goes; `Delete` if nothing is said.
        reclaim_policy as "reclaimPolicy": Option<ReclaimPolicy>,
        /// When a volume is made; `Immediate` if nothing is said.
        binding: Option<Binding>,
        /// Whether a volume can grow.
        expandable: Option<bool>,
        /// Where volumes may lie: topology keys and their values.
        topology: Named<LabelKey, Vec<String>>,
        /// What else the driver takes.
        parameters: Named<String, String>,
    }
}

section! {
    /// A VolumeSnapshotClass.
    pub struct SnapshotClass {
        /// Its name.
        name: At<ObjectName>,
        /// Whether snapshots without a class get it.
        default: Option<At<bool>>,
        /// The driver; the one that the profile provides if nothing is said.
        driver: Option<At<String>>,
        /// What becomes of the snapshot when its object goes.
        deletion_policy as "deletionPolicy": ReclaimPolicy,
        /// What else the driver takes.
        parameters: Named<String, String>,
    }
}

section! {
    /// A PersistentVolumeClaim.
    pub struct Claim {
        /// Its name.
        name: At<ObjectName>,
        /// Its namespace.
        namespace: At<Name>,
        /// Its class; the default one if nothing is said.
        class: Option<At<ObjectName>>,
        /// How much.
        size: Quantity,
        /// How it may be mounted; `ReadWriteOnce` if nothing is said.
        access_modes as "accessModes": Vec<AccessMode>,
    }
}

section! {
    /// Storage of the cluster.
    pub struct Storage {
        /// Storage classes.
        classes: Vec<StorageClass>,
        /// Snapshot classes.
        snapshot_classes as "snapshotClasses": Vec<SnapshotClass>,
        /// Claims.
        claims: Vec<Claim>,
        /// Changes to what is rendered.
        patches: Vec<Patch>,
    }
}

impl StorageClass {
    /// Whether its volumes are shares of files: with this file system the driver makes those, and else disks (vsphere-csi-driver
    /// example/*@bf80902).
    pub fn is_of_files(&self) -> bool {
        self.fs_type.as_ref().is_some_and(|kind| kind.as_str() == "nfs4")
    }
}
