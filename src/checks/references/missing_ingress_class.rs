//! FW752 `missing-ingress-class`: a class that an Ingress wants and that nothing in the repo makes.

use super::classes::{Class, missing, named};
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW752",
        name: "missing-ingress-class",
        about: "An IngressClass that an Ingress wants and that nothing in the repo makes.",
    },
    severity: Severity::Warning,
    because: "no controller takes up an Ingress of a class that is not there, and it gets no address (kubernetes.io, Ingress, Ingress \
              class)",
    explains: "A class that the cluster comes with, such as that of k3s' own controller, is never in a repo; say so in a comment. Without \
               `ingressClassName` the default class is meant, and the old annotation `kubernetes.io/ingress.class` needs no IngressClass: \
               nothing is said. If a chart is installed of which nothing is known, it may bring the class, and this is a note. Each class \
               is said once.",
    wrong: "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: podinfo
  namespace: apps
spec:
  ingressClassName: inside # which is called internal
  defaultBackend:
    service:
      name: podinfo
      port:
        number: 80
",
    right: "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: podinfo
  namespace: apps
spec:
  ingressClassName: internal
  defaultBackend:
    service:
      name: podinfo
      port:
        number: 80
",
    check: Check::Cluster(find),
};

const CLASS: Class = Class { called: "ingress class", kind: "IngressClass", capability: "ingressclass" };

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let ingresses = view.of("networking.k8s.io", "Ingress");
    missing(view, &CLASS, ingresses.flat_map(|ingress| named(ingress, "spec/ingressClassName")).collect())
}
