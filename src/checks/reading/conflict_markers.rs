//! FW707 `conflict-markers`: the markers of a merge in a file.

use super::refused;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW707",
        name: "conflict-markers",
        about: "The markers of a merge that was not solved, in a file that Flux reads.",
    },
    severity: Severity::Error,
    because: "with them the file is not YAML, and Flux applies nothing of the folder",
    explains: "Markers inside of a text of several lines are a text, and do not count as long as the file is YAML.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
<<<<<<< HEAD
  colour: blue
=======
  colour: red
>>>>>>> feature
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  colour: red
",
    check: Check::Cluster(|view| refused(view, Fault::ConflictMarkers, HINT)),
};

const HINT: &str = "keep one side, or both, and take the lines with <<<<<<<, ======= and >>>>>>> out";
