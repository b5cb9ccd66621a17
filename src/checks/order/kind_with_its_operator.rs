//! FW761 `kind-with-its-operator`: an object of a kind that a release of the same Kustomization brings.

use super::kinds::operator_beside;
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW761",
        name: "kind-with-its-operator",
        about: "A custom resource in the same Kustomization as the HelmRelease that brings its CRD.",
    },
    severity: Severity::Error,
    because: "Flux asks the API server about every object before it applies any; of a kind that is not there yet that fails with \
              `no matches for kind`, nothing is applied, and so the release never comes (fluxcd/pkg ssa/manager_apply.go)",
    explains: "In a cluster that has the CRD already it works, and in the next new one it does not. A CRD that stands in the folder as \
               an object is no trouble: Flux applies those first. Nor is one that another Kustomization brings, if this one waits \
               for that. Which kinds a chart brings is known of the charts of the catalog only; where a release says that it \
               installs no CRDs (`install.crds: Skip`, `crds.enabled: false`, `installCRDs: false`), they come from elsewhere.",
    wrong: "# one folder, applied by one Kustomization
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: cert-manager
  namespace: flux-system
spec:
  interval: 1h
  chart:
    spec:
      chart: cert-manager
      sourceRef:
        kind: HelmRepository
        name: jetstack
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata:
  name: home
spec:
  selfSigned: {}
",
    right: "# the release is in ./infra/controllers, the ClusterIssuer in ./infra/configs
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: infra-controllers
  namespace: flux-system
spec:
  interval: 1h
  path: ./infra/controllers
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: infra-configs
  namespace: flux-system
spec:
  dependsOn:
    - name: infra-controllers
  interval: 1h
  path: ./infra/configs
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.objects().filter_map(|object| Some(finding(object, operator_beside(view, object)?.object))).collect()
}

fn finding(object: Object<'_>, release: Object<'_>) -> Finding {
    let (what, release) = (title(object.id), title(release.id));
    let says = format!("Kustomization {} applies {what} together with {release}, which brings its kind", object.by());
    let hint = format!(
        "# a Kustomization for {release}, with `wait: true`, and another one for {what}, with\nspec:\n  dependsOn:\n    - name: …"
    );
    Finding::on(object.given, says).at("/kind").hint(hint)
}
