//! FW703 `repeated-object`: the same object twice in one build.

use super::refused;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW703",
        name: "repeated-object",
        about: "The same object twice in what one Flux Kustomization builds.",
    },
    severity: Severity::Error,
    because: "kustomize refuses it with `may not add resource with an already registered id`, so Flux applies nothing of \
              the folder",
    explains: "The same object is one of the same apiVersion, kind, name and namespace. Two Flux Kustomizations that apply \
               one object are another matter (`applied-twice-over`). A patch of an object belongs under `patches`, not \
               under `resources`, where a second object of that name is refused.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: blue
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
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
    check: Check::Cluster(|view| refused(view, Fault::RepeatedObject, HINT)),
};

const HINT: &str = "keep one of the two; if one is to change the other, list it as a patch:\npatches:\n- path: FILE";
