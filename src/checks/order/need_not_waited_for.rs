//! FW763 `need-not-waited-for`: an object that may come before what it needs, from a Kustomization for which its own does not wait.

use std::collections::BTreeMap;

use super::needs::{Index, Need, Sort};
use super::waiting::{wait_for, waits_for_unseen};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object, Order};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, title};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW763",
        name: "need-not-waited-for",
        about: "A release, an ExternalSecret, a store or any object before the namespace, source, values, store or account that it needs.",
    },
    severity: Severity::Warning,
    because: "Flux applies Kustomizations in any order unless `dependsOn` says one, so in a new cluster it fails until the other one \
              has been applied (kustomize-controller docs/spec/v1/kustomizations.md)",
    explains: "It counts only what another Kustomization of the repo makes: of one folder Flux applies namespaces first, and what is \
               not there yet for a release or an ExternalSecret is tried again. What is applied by the Kustomization above is there \
               in time, but for a store, which is not ready for having been applied. A missing source is a note: the release comes \
               as soon as that does. Said once for each Kustomization and thing that it needs.",
    wrong: "# Namespace shop is applied by Kustomization namespaces
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: shop
  namespace: flux-system
spec:
  interval: 1h
  path: ./apps/shop
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "# Namespace shop is applied by Kustomization namespaces
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: shop
  namespace: flux-system
spec:
  dependsOn:
    - name: namespaces
  interval: 1h
  path: ./apps/shop
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

/// The needs of the objects of a Kustomization, by what they need.
type ByNeed<'v> = BTreeMap<(&'v Owner, Sort, String), Vec<(Object<'v>, Need<'v>)>>;

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let index = Index::new(view);
    let mut late: ByNeed<'_> = BTreeMap::new();
    for object in view.objects() {
        for need in index.needs(object).into_iter().filter(|need| comes_late(view, object, need)) {
            late.entry((object.by(), need.sort, need.what.clone())).or_default().push((object, need));
        }
    }
    late.values().filter_map(|all| finding(view, all)).collect()
}

/// Whether a need comes from a Kustomization that is not waited for. One that comes after the object itself is no matter of
/// waiting, but of `circle-of-kinds`; what a release depends on orders itself.
fn comes_late(view: &ClusterView<'_>, object: Object<'_>, need: &Need<'_>) -> bool {
    let in_time = |(first, maker): &(&Owner, Object<'_>)| match view.order(first, object.by()) {
        Order::Same | Order::Waits => true,
        Order::Below => need.sort != Sort::Store && maker.id.kind != "ExternalSecret",
        Order::Open => view.order(object.by(), first) != Order::Open,
    };
    need.sort != Sort::Release && !need.makers.iter().any(in_time)
}

fn finding(view: &ClusterView<'_>, all: &[(Object<'_>, Need<'_>)]) -> Option<Finding> {
    let (object, need) = all.first()?;
    let (first, maker) = need.makers.first()?;
    let later = object.by();
    let also = match all.len() - 1 {
        0 => String::new(),
        1 => ", and so does 1 more object".to_owned(),
        more => format!(", and so do {more} more objects"),
    };
    let below = view.order(first, later) == Order::Below;
    let says = format!(
        "{} of Kustomization {later} needs {} of Kustomization {first}, which is not waited for{also}",
        title(object.id),
        need.what
    );
    let hint = if below {
        format!(
            "# a Kustomization for {}, with `wait: true`, and in Kustomization {later}\nspec:\n  dependsOn:\n    - name: …",
            title(maker.id)
        )
    } else if *later == view.start.owner() {
        format!("# a Kustomization for {}, with\nspec:\n  dependsOn:\n    - name: {}", title(object.id), first.name)
    } else {
        wait_for(first, later)
    };
    let finding = Finding::on(object.given, says).at(&need.pointer).hint(hint).because(because(need.sort, *object));
    let less = need.sort == Sort::Source || waits_for_unseen(view, later);
    Some(if less { finding.as_bad_as(Severity::Note) } else { finding })
}

fn because(sort: Sort, object: Object<'_>) -> &'static str {
    let tries_again = ["/spec/install/remediation/retries", "/spec/install/strategy/name"]
        .iter()
        .any(|pointer| object.value().pointer(pointer).is_some());
    match sort {
        Sort::Namespace => {
            "as long as the namespace is not there nothing of the Kustomization is applied, and Flux tries again only after its \
             `retryInterval` (kustomize-controller docs/spec/v1/kustomizations.md)"
        }
        Sort::Target if tries_again => {
            "as long as the namespace is not there Helm cannot install the release (helm-controller docs/spec/v2/helmreleases.md)"
        }
        Sort::Target => {
            "as long as the namespace is not there Helm cannot install the release, and without `install.remediation.retries` Flux \
             does not try again (helm-controller docs/spec/v2/helmreleases.md)"
        }
        Sort::Values => {
            "as long as its values are not there the release fails (helm-controller docs/spec/v2/helmreleases.md)"
        }
        Sort::Source | Sort::Release => {
            "as long as its source is not there the release is not ready (helm-controller docs/spec/v2/helmreleases.md)"
        }
        Sort::Store => {
            "as long as the store is not ready there is no Secret, and what reads it does not start (external-secrets.io, ExternalSecret)"
        }
        Sort::Account => {
            "as long as its account is not there the store is not ready (external-secrets.io, SecretStore)"
        }
    }
}
