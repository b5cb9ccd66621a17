//! FW722 `applied-twice-over`: an object that two Flux Kustomizations apply.

use std::collections::BTreeMap;

use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::{is_kept, title};
use crate::problem::{Code, Severity};
use crate::tree::ObjectId;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW722",
        name: "applied-twice-over",
        about: "An object that two Flux Kustomizations of one cluster apply.",
    },
    severity: Severity::Error,
    because: "each undoes what the other one sets, and one of them deletes the object on the day that it leaves there (kustomize-controller docs/spec/v1/kustomizations.md, Prune)",
    explains: "An object is the same by its kind, group, namespace and name, whatever its version. Of an object that is guarded in both it is a warning: nobody deletes it.",
    wrong: "# infrastructure/kustomization.yaml and apps/kustomization.yaml, of two Flux Kustomizations
resources:
- ../shared/namespace.yaml
",
    right: "# only infrastructure/kustomization.yaml; the Flux Kustomization of apps depends on that of infrastructure
resources:
- ../shared/namespace.yaml
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let mut known: BTreeMap<&ObjectId, Object<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for object in view.objects().filter(|object| object.given.certain) {
        let Some(first) = known.get(object.id) else {
            known.insert(object.id, object);
            continue;
        };
        if first.by() != object.by() {
            found.push(finding(*first, object));
        }
    }
    found
}

fn finding(first: Object<'_>, second: Object<'_>) -> Finding {
    let (one, other) = (first.by(), second.by());
    let from =
        if first.given.file == second.given.file { String::new() } else { format!(", from {}", first.given.file) };
    let says = format!("{} is applied by {other}, and by {one}, too{from}", title(second.id));
    let guarded = is_kept(first.value()) && is_kept(second.value());
    Finding::on(second.given, says)
        .at("/metadata/name")
        .as_bad_as(if guarded { Severity::Warning } else { Severity::Error })
        .hint(format!(
            "let only one of the two apply it; before it leaves {other}, let Flux apply this guard on it:\nmetadata:\n  annotations:\n    \
             kustomize.toolkit.fluxcd.io/prune: disabled"
        ))
}
