//! FW771 `unguarded`: an object that Flux would delete with all that hangs on it.

use super::pruned::is_pruned;
use crate::catalog::apis::Guard;
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW771",
        name: "unguarded",
        about: "An object that Flux deletes when its file goes, and with it what cannot be brought back.",
    },
    severity: Severity::Warning,
    because: "Flux deletes what leaves a Kustomization with `prune: true`, be it by a slip in a path or a list \
              (kustomize-controller docs/spec/v1/kustomizations.md, Prune)",
    explains: "The guard is `kustomize.toolkit.fluxcd.io/prune: disabled`, as an annotation or a label. Flux reads it from the cluster, \
               so it keeps an object only once it has been applied there. `deletionPolicy: Orphan` is no help: it is about what \
               happens when the Kustomization itself is deleted. What `flux bootstrap` writes is left alone. A secret store is a \
               note, since nothing is lost with it but what comes next.",
    wrong: "apiVersion: v1
kind: Namespace
metadata:
  name: shop
",
    right: "apiVersion: v1
kind: Namespace
metadata:
  name: shop
  annotations:
    kustomize.toolkit.fluxcd.io/prune: disabled
",
    check: Check::Cluster(find),
};

/// Where EKS Anywhere's objects are.
const EKS_ANYWHERE: &str = "anywhere.eks.amazonaws.com";

/// What goes with an object.
struct Loss {
    kind: &'static str,
    group: &'static str,
    with: &'static str,
}

const LOSSES: [Loss; 6] = [
    Loss { kind: "Namespace", group: "", with: "everything in it is deleted with it" },
    Loss {
        kind: "PersistentVolumeClaim",
        group: "",
        with: "its volume is deleted with it, unless its class retains it",
    },
    Loss { kind: "PersistentVolume", group: "", with: "what is on it is not found again" },
    Loss { kind: "StorageClass", group: "storage.k8s.io", with: "its claims can neither be bound nor grow without it" },
    Loss {
        kind: "VolumeSnapshotClass",
        group: "snapshot.storage.k8s.io",
        with: "its snapshots can neither be made nor deleted without it",
    },
    Loss {
        kind: "CustomResourceDefinition",
        group: "apiextensions.k8s.io",
        with: "every object of its kind in the cluster is deleted with it",
    },
];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.objects().filter_map(|object| finding(view, object)).collect()
}

fn finding(view: &ClusterView<'_>, object: Object<'_>) -> Option<Finding> {
    let (with, severity) = loss(view, object)?;
    if is_bootstraps(view, object) || !is_pruned(view, object) {
        return None;
    }
    // What is not resolved may bring the guard.
    let severity = if object.given.certain { severity } else { Severity::Note };
    let says = format!("{} is deleted when its file goes, since nothing keeps it", title(object.id));
    let because = format!(
        "Flux deletes what leaves a Kustomization with `prune: true`, and {with} (kustomize-controller docs/spec/v1/kustomizations.md, Prune)"
    );
    let hint = "metadata:\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled";
    Some(Finding::on(object.given, says).at("/metadata/name").because(because).hint(hint).as_bad_as(severity))
}

/// What is lost with an object, and how bad that is; nothing if it can be brought back.
fn loss(view: &ClusterView<'_>, object: Object<'_>) -> Option<(&'static str, Severity)> {
    let (group, kind) = (object.id.group.as_str(), object.id.kind.as_str());
    if group == EKS_ANYWHERE {
        return Some(("the cluster and its machines may be deleted with it", Severity::Warning));
    }
    if let Some(loss) = LOSSES.iter().find(|loss| loss.kind == kind && loss.group == group) {
        return Some((loss.with, Severity::Warning));
    }
    let always = view.known.apis.kind(group, kind)?.guard.as_ref()? == &Guard::Always;
    always.then_some(("what reads it gets nothing new any more", Severity::Note))
}

/// Whether `flux bootstrap` wrote it.
fn is_bootstraps(view: &ClusterView<'_>, object: Object<'_>) -> bool {
    let own = object.id.kind == "Namespace" && object.id.name == view.start.owner().namespace;
    own || object.given.file.rsplit('/').next() == Some("gotk-components.yaml")
}
