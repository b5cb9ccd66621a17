//! FW751 `missing-snapshot-class`: a snapshot class that a snapshot wants and that nothing in the repo makes.

use super::classes::{Class, missing, named};
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW751",
        name: "missing-snapshot-class",
        about: "A VolumeSnapshotClass that a snapshot wants and that nothing in the repo makes.",
    },
    severity: Severity::Warning,
    because: "without its class no snapshot is taken (kubernetes.io, Volume Snapshots)",
    explains: "A VolumeSnapshot without a class gets the default one of its driver, and nothing is said. If a chart is installed of which \
               nothing is known, it may bring the class, and this is a note. Each class is said once.",
    wrong: "apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata:
  name: before-upgrade
  namespace: media
spec:
  volumeSnapshotClassName: disks # which nothing makes
  source:
    persistentVolumeClaimName: films
",
    right: "apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata:
  name: disks
driver: disks.csi.example.com
deletionPolicy: Delete
---
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata:
  name: before-upgrade
  namespace: media
spec:
  volumeSnapshotClassName: disks
  source:
    persistentVolumeClaimName: films
",
    check: Check::Cluster(find),
};

const CLASS: Class = Class { called: "snapshot class", kind: "VolumeSnapshotClass", capability: "snapshotclass" };

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let snapshots = view.of("snapshot.storage.k8s.io", "VolumeSnapshot");
    missing(view, &CLASS, snapshots.flat_map(|snapshot| named(snapshot, "spec/volumeSnapshotClassName")).collect())
}
