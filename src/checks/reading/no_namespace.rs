//! FW712 `no-namespace`: an object of a kind that lives in a namespace, and that says none.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW712",
        name: "no-namespace",
        about: "An object that needs a namespace, and that nothing gives one.",
    },
    severity: Severity::Error,
    because: "Flux fails with `namespace not specified`; unlike kubectl it has no namespace of its own to fall back on \
              (fluxcd/pkg ssa/errors/errors.go)",
    explains: "A namespace can stand in the object, in the `namespace:` of a kustomization above it, or in the `targetNamespace` of \
               the Flux Kustomization that applies it. Kinds of the cluster, such as Namespace and ClusterRole, need none. Of kinds \
               that neither Kubernetes has nor a CRD of the repo, it is not known whether they do, and nothing is said.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  colour: blue
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: blue
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let lacks = view.objects().filter(|object| {
        object.namespace().is_empty() && object.given.certain && view.is_namespaced(object.id) == Some(true)
    });
    let finding = |object: crate::checks::view::Object<'_>| {
        Finding::on(object.given, format!("{} needs a namespace and has none", title(object.id)))
            .at("/metadata/name")
            .hint("metadata:\n  namespace: …\n# or, for all of a folder, in its kustomization.yaml:\nnamespace: …")
    };
    lacks.map(finding).collect()
}
