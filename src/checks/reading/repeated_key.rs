//! FW702 `repeated-key`: a key that stands twice in one mapping.

use super::refused;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code { id: "FW702", name: "repeated-key", about: "A key that stands twice in one mapping." },
    severity: Severity::Error,
    because: "kustomize, and so Flux, refuses it with `mapping key already defined` (kubernetes-sigs/kustomize issue \
              3480); other readers keep the last one without a word",
    explains: "What stands in a text of several lines, as in the data of a ConfigMap, is no mapping to Flux and does not \
               count.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: blue
  colour: red
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: red
",
    check: Check::Cluster(|view| refused(view, Fault::RepeatedKey, HINT)),
};

const HINT: &str = "keep one of the two";
