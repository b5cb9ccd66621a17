//! FW704 `tab-indent`: a tab in the indentation of a file.

use super::refused;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code { id: "FW704", name: "tab-indent", about: "A tab in the indentation of a file that Flux reads." },
    severity: Severity::Error,
    because: "YAML has no tabs there, so kustomize does not read the file, and Flux applies nothing of the folder",
    explains: "A tab inside of a text, or in a text of several lines behind its indentation, is allowed and does not \
               count.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
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
    check: Check::Cluster(|view| refused(view, Fault::Tab, HINT)),
};

const HINT: &str = "indent with spaces; all of a file at once:\nexpand -t 2 FILE > FILE.new";
