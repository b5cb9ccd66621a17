//! FW710 `stamped-name`: a Flux Kustomization or HelmRelease whose name does not fit into the label that Flux makes of it.

use super::shapes::LABEL_VALUE;
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW710",
        name: "stamped-name",
        about: "A Flux Kustomization or HelmRelease with a name of more than 63 characters.",
    },
    severity: Severity::Error,
    because: "Flux writes that name as a label on each object that it applies, and a label takes 63 characters (fluxcd/pkg \
              ssa/manager.go, SetOwnerLabels; helm-controller internal/postrender/common_renderer.go)",
    explains: "The API itself takes names of up to 253 characters, so that the object is made, and then all that it applies is refused. \
               What counts is the name after prefixes and suffixes.",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: infrastructure-controllers-of-the-production-cluster-in-frankfurt
  namespace: flux-system
",
    right: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: infrastructure-controllers
  namespace: flux-system
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let kustomizations = view.of("kustomize.toolkit.fluxcd.io", "Kustomization");
    let all = kustomizations.chain(view.of("helm.toolkit.fluxcd.io", "HelmRelease"));
    all.filter(|object| object.id.name.len() > LABEL_VALUE.most && !object.id.name.contains("${"))
        .map(finding)
        .collect()
}

fn finding(object: Object<'_>) -> Finding {
    let (most, length) = (LABEL_VALUE.most, object.id.name.len());
    let says =
        format!("the name of {} has {length} characters, and at most {most} fit into its label", title(object.id));
    Finding::on(object.given, says)
        .at("/metadata/name")
        .hint(format!("metadata:\n  name: …  # at most {most} characters"))
}
