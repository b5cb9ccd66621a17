//! FW762 `kind-not-waited-for`: an object of a kind that comes with another Kustomization, for which its own does not wait.

use super::kinds::{brought_by, is_there_first};
use super::waiting::{wait_for, waits_for_unseen};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object, Order, Provider};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW762",
        name: "kind-not-waited-for",
        about: "A custom resource in a Kustomization that does not wait for the one that brings its CRD.",
    },
    severity: Severity::Error,
    because: "as long as the kind is not there the whole Kustomization fails with `no matches for kind`, and Flux tries again only \
              after its `retryInterval` (kustomize-controller docs/spec/v1/kustomizations.md)",
    explains: "A Kustomization waits for another one if it names it in `dependsOn`, or if one that it names does, or one above it. \
               That it is applied by the other one is enough for a CRD that stands there as an object, since Flux applies those \
               first, and not for one that a chart brings. Where several things bring a kind, one that is waited for is enough. \
               If the Kustomization waits for something that is not in this repo, the CRD may come with that, and it is a warning.",
    wrong: "# ./infra/controllers has the HelmRelease of cert-manager, ./infra/configs a ClusterIssuer
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: infra-configs
  namespace: flux-system
spec:
  interval: 1h
  path: ./infra/configs
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "# ./infra/controllers has the HelmRelease of cert-manager, ./infra/configs a ClusterIssuer
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
    view.objects().filter_map(|object| late(view, object).map(|provider| finding(view, object, &provider))).collect()
}

/// What brings the kind of an object too late. What comes in the same Kustomization is `kind-with-its-operator`'s, and what waits
/// for the object itself `circle-of-kinds`'.
fn late<'v>(view: &'v ClusterView<'_>, object: Object<'_>) -> Option<Provider<'v>> {
    let providers = brought_by(view, object);
    let by = object.by();
    let fine = |provider: &Provider<'_>| provider.by == by || is_there_first(view, provider, by);
    let after = |provider: &Provider<'_>| provider.by == providers[0].by && view.order(by, provider.by) != Order::Open;
    if providers.is_empty() || providers.iter().any(fine) || providers.iter().all(after) {
        return None;
    }
    providers.first().copied()
}

fn finding(view: &ClusterView<'_>, object: Object<'_>, provider: &Provider<'_>) -> Finding {
    let (first, later) = (provider.by, object.by());
    let (what, brings) = (title(object.id), title(provider.object.id));
    let below = view.order(first, later) == Order::Below;
    let but = if below {
        format!("Kustomization {later} comes at the same time, with {first}")
    } else {
        format!("Kustomization {later} does not wait for {first}")
    };
    let depends_on = "spec:\n  dependsOn:\n    - name: ";
    let hint = if below {
        format!("# a Kustomization for {brings}, with `wait: true`, and in Kustomization {later}\n{depends_on}…")
    } else if *later == view.start.owner() {
        format!("# a Kustomization for {what}, with\n{depends_on}{}", first.name)
    } else {
        wait_for(first, later)
    };
    let says = format!("{what} is of a kind that {brings} brings, and {but}");
    let finding = Finding::on(object.given, says).at("/kind").hint(hint);
    if waits_for_unseen(view, later) { finding.as_bad_as(Severity::Warning) } else { finding }
}
