//! FW750 `missing-storage-class`: a storage class that a claim wants and that nothing in the repo makes.

use std::collections::BTreeSet;

use super::classes::{Class, missing, named};
use super::lookup::Reference;
use super::pods::pods;
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW750",
        name: "missing-storage-class",
        about: "A storage class that a claim wants and that nothing in the repo makes.",
    },
    severity: Severity::Warning,
    because: "the claim stays Pending, and so do the pods that use it (kubernetes.io, Persistent Volumes, Class)",
    explains: "Classes that a cluster comes with, such as `local-path` of k3s or `gp2` of EKS, are never in a repo; say so in a comment. \
               A claim that names no class gets the default one, and one of class \"\" none: nothing is said. Neither is it where a \
               PersistentVolume of the repo has the same class, since that needs no StorageClass. If a chart is installed of which \
               nothing is known, it may bring the class, and this is a note. Each class is said once.",
    wrong: "apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: films
  namespace: media
spec:
  storageClassName: fast # which is called fast-ssd
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 5Gi
",
    right: "apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: films
  namespace: media
spec:
  storageClassName: fast-ssd
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 5Gi
",
    check: Check::Cluster(find),
};

const CLASS: Class = Class { called: "storage class", kind: "StorageClass", capability: "storageclass" };

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let claims = view.of("", "PersistentVolumeClaim").flat_map(|claim| named(claim, "spec/storageClassName"));
    let sets = view.of("apps", "StatefulSet");
    let of_sets = sets.flat_map(|set| named(set, "spec/volumeClaimTemplates[]/spec/storageClassName"));
    let of_pods = pods(view).flat_map(|(object, pointer, _)| {
        let path = "volumes[]/ephemeral/volumeClaimTemplate/spec/storageClassName";
        named(object, &format!("{pointer}/{path}"))
    });
    let volumes = view.of("", "PersistentVolume").filter_map(|volume| volume.text(&["spec", "storageClassName"]));
    let volumes: BTreeSet<&str> = volumes.collect();
    let all = claims.chain(of_sets).chain(of_pods);
    let wanted: Vec<Reference<'_>> = all.filter(|one| !volumes.contains(one.name.as_str())).collect();
    missing(view, &CLASS, wanted)
}
