//! FW746 `missing-values`: values or variables out of a ConfigMap that is not there.

use serde_json::Value;

use super::lookup::{Names, Reference, hides, is_name, no_worse, walk};
use super::secrets_made::is_copied;
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW746",
        name: "missing-values",
        about: "A ConfigMap in `valuesFrom` or `substituteFrom` that nothing in the repo makes.",
    },
    severity: Severity::Warning,
    because: "Flux installs or applies nothing as long as a ConfigMap that is not `optional` is missing (helm-controller \
              docs/spec/v2/helmreleases.md, Values references; kustomize-controller docs/spec/v1/kustomizations.md, Post build)",
    explains: "It is looked for in the namespace of the Kustomization or HelmRelease, and nowhere else. What a `configMapGenerator` makes \
               counts under the name that it gets: with a hash behind it, unless `disableNameSuffixHash` is set, and kustomize does not \
               put that name into `valuesFrom` and `substituteFrom`. A Secret that is missing is a `missing-secret`, and one that is \
               `optional` may be missing.",
    wrong: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: apps
resources:
  - release.yaml # with `valuesFrom: [{kind: ConfigMap, name: podinfo-values}]`
configMapGenerator:
  - name: podinfo-values # becomes podinfo-values-5fk9g2mtd8
    files:
      - values.yaml
",
    right: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: apps
resources:
  - release.yaml # with `valuesFrom: [{kind: ConfigMap, name: podinfo-values}]`
configMapGenerator:
  - name: podinfo-values
    files:
      - values.yaml
    options:
      disableNameSuffixHash: true
",
    check: Check::Cluster(find),
};

/// How many signs kustomize puts behind the name of what it generates, and which.
const HASH: (usize, &str) = (10, "bcdfghkmt2456789");

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let there = Names::of(view.of("", "ConfigMap"));
    let copied = Names::of(view.of("", "ConfigMap").filter(|object| is_copied(*object)));
    let holders = [("Kustomization", "spec/postBuild/substituteFrom[]"), ("HelmRelease", "spec/valuesFrom[]")];
    let flux = |kind| view.of_kind(kind).filter(|object| object.id.group.ends_with(".toolkit.fluxcd.io"));
    let references = holders.iter().flat_map(|(kind, path)| flux(*kind).flat_map(|object| named(object, path)));
    let missing =
        references.filter(|one| !there.has(&one.namespace, &one.name) && copied.namespace_of(&one.name).is_none());
    let missing: Vec<Reference<'_>> = missing.collect();
    let hides = !missing.is_empty() && hides(view);
    missing.iter().map(|one| finding(one, &there, hides)).collect()
}

/// The ConfigMaps that an object names and cannot do without.
fn named<'a>(object: Object<'a>, path: &str) -> Vec<Reference<'a>> {
    let reference = |(pointer, value): (String, &'a Value)| {
        let optional = value.get("optional") == Some(&Value::Bool(true));
        let name = text_at(value, &["name"]).filter(|name| is_name(name) && !optional)?;
        let namespace = object.namespace();
        (text_at(value, &["kind"]) == Some("ConfigMap") && !namespace.is_empty()).then(|| Reference {
            object,
            pointer: format!("{pointer}/name"),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    };
    walk(object.value(), path).into_iter().filter_map(reference).collect()
}

fn finding(one: &Reference<'_>, there: &Names, hides: bool) -> Finding {
    let Reference { object, namespace, name, .. } = one;
    let begins = format!("{name}-");
    let hashed = there.beginning_with(namespace, &begins).find(|other| is_hash(&other[begins.len()..]));
    let who = title(object.id);
    if let Some(hashed) = hashed {
        let says = format!("{who} reads ConfigMap {namespace}/{name}, and the generator makes {hashed} of it");
        let finding = Finding::on(object.given, says)
            .at(&one.pointer)
            .because(
                "kustomize puts a hash behind the names that it generates, and writes them into fields that it knows; this is none \
                 (kubernetes-sigs/kustomize api/internal/konfig/builtinpluginconsts/namereference.go)",
            )
            .hint("generatorOptions:\n  disableNameSuffixHash: true");
        return no_worse(finding, !object.given.certain, Severity::Note);
    }
    let says = format!("{who} reads ConfigMap {namespace}/{name}, which nothing in the repo makes");
    let hint = match (there.namespace_of(name), there.nearest(namespace, name)) {
        (Some(other), _) => format!("ConfigMap {other}/{name} is there, but only one in {namespace} is read"),
        (None, Some(near)) => format!("name: {near}"),
        (None, None) => "optional: true   # if the cluster may do without".to_owned(),
    };
    let finding = Finding::on(object.given, says).at(&one.pointer).hint(hint);
    no_worse(finding, hides || !object.given.certain, Severity::Note)
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH.0 && text.chars().all(|sign| HASH.1.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_told_from_a_word() {
        assert!(is_hash("5fk9g2mtd8") && !is_hash("production") && !is_hash("5fk9g2mtd") && !is_hash("overrides1"));
    }
}
