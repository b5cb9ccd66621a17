//! FW772 `operator-with-its-kinds`: one Kustomization that prunes applies an operator and objects of its kinds.

use std::collections::{BTreeMap, BTreeSet};

use super::pruned::is_pruned;
use crate::checks::finding::Finding;
use crate::checks::order::kinds::brought_by;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, title};
use crate::problem::{Code, Severity};
use crate::tree::ObjectId;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW772",
        name: "operator-with-its-kinds",
        about: "A Kustomization that prunes applies an operator together with objects of its kinds.",
    },
    severity: Severity::Warning,
    because: "when the Kustomization goes both are deleted at once, and without the operator nobody takes the finalizers off its objects, \
              which then stay in deletion for ever (kubernetes.io, Finalizers; Flux deletes in no order of needs)",
    explains: "An operator is a release of a chart that brings the CRD, or a workload beside the CRD itself. In two Kustomizations the \
               objects can be taken away first. What carries the guard `kustomize.toolkit.fluxcd.io/prune: disabled` is not deleted \
               and does not count. Said once for each kind, at the first object of it.",
    wrong: "# one folder, applied by one Kustomization with `prune: true`
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: longhorn
  namespace: flux-system
spec:
  interval: 1h
  chart:
    spec:
      chart: longhorn
      sourceRef:
        kind: HelmRepository
        name: longhorn
---
apiVersion: longhorn.io/v1beta2
kind: RecurringJob
metadata:
  name: nightly
  namespace: longhorn-system
spec:
  cron: 0 3 * * *
  task: backup
",
    right: "# the release is in ./storage/operator, the RecurringJob in ./storage/jobs
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: storage-jobs
  namespace: flux-system
spec:
  dependsOn:
    - name: storage-operator
  interval: 1h
  path: ./storage/jobs
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

/// What a CRD is the operator's with.
const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// The objects of each kind in a Kustomization, each with its operator.
type Kinds<'v> = BTreeMap<(&'v Owner, &'v str, &'v str), Vec<(Object<'v>, &'v ObjectId)>>;

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let workloads = WORKLOADS.iter().flat_map(|kind| view.of_kind(kind)).filter(|object| is_pruned(view, *object));
    let with_workloads: BTreeSet<&Owner> = workloads.map(|object| object.by()).collect();
    let mut kinds: Kinds<'_> = BTreeMap::new();
    for object in view.objects().filter(|object| object.given.certain) {
        let operator = brought_by(view, object).into_iter().find(|provider| {
            let both = provider.by == object.by() && is_pruned(view, provider.object);
            both && (!provider.itself || with_workloads.contains(provider.by))
        });
        if let Some(operator) = operator.filter(|_| is_pruned(view, object)) {
            let key = (object.by(), object.id.group.as_str(), object.id.kind.as_str());
            kinds.entry(key).or_default().push((object, operator.object.id));
        }
    }
    kinds.into_iter().filter_map(|((owner, _, _), all)| finding(owner, &all)).collect()
}

fn finding(owner: &Owner, all: &[(Object<'_>, &ObjectId)]) -> Option<Finding> {
    let (object, operator) = all.first()?;
    let more = if all.len() > 1 { format!(", and {} more,", all.len() - 1) } else { String::new() };
    let says =
        format!("{}{more} goes together with {} when Kustomization {owner} goes", title(object.id), title(operator));
    let hint = format!(
        "# a Kustomization for {}, and another one for objects of its kinds, with\nspec:\n  dependsOn:\n    - name: …",
        title(operator)
    );
    Some(Finding::on(object.given, says).at("/kind").hint(hint))
}
