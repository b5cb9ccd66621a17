//! FW793 `lost-quotes`: a variable that becomes a number or a truth value where a text is needed.

use serde_json::Value;

use super::{owner, texts};
use crate::checks::finding::Finding;
use crate::checks::reading::text_places::takes_only_text;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::applied::title_of;
use crate::flux::given::Given;
use crate::flux::substitute::evaluate;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW793",
        name: "lost-quotes",
        about: "A variable that becomes a number or a truth value in a place that takes only a text.",
    },
    severity: Severity::Error,
    because: "Flux substitutes in what kustomize writes, which has no quotes where the variable stands, so that quotes around it do not \
              help (fluxcd/pkg kustomize/kustomize_varsub.go); Kubernetes then refuses the object",
    explains: "It is found in labels, annotations, data, environment variables, arguments, versions of charts and the like. The `values` of a \
               HelmRelease take anything, and do not count. A text around the variable, as in `v${version}`, keeps it a text.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  # with `substitute: {replicas: \"3\"}` in the Flux Kustomization
  replicas: \"${replicas}\"
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  # with `substitute: {replicas: \"3\", quote: '\"'}` in the Flux Kustomization
  replicas: ${quote}${replicas}${quote}
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.found.objects.iter().flat_map(|given| of_object(view, given)).collect()
}

fn of_object(view: &ClusterView<'_>, given: &Given) -> Vec<Finding> {
    let Some(before) = given.before.as_deref() else { return Vec::new() };
    let whose = title_of(before);
    let one = |(pointer, text): (String, &str)| {
        let after = given.object.pointer(&pointer)?;
        let what = match after {
            Value::Bool(_) => "the truth value",
            Value::Number(_) => "the number",
            // An empty text is one that was meant to be.
            Value::Null if !becomes_empty(view, given, text) => "nothing, as it is",
            _ => return None,
        };
        if !takes_only_text(before, &pointer) {
            return None;
        }
        let says = format!("`{text}` in {whose} becomes {what} {after}");
        Some(Finding::on(given, says).at(pointer).hint(hint(text)))
    };
    texts(before).into_iter().filter_map(one).collect()
}

fn becomes_empty(view: &ClusterView<'_>, given: &Given, text: &str) -> bool {
    let variables = owner(given).and_then(|owner| view.kustomization(owner)?.variables.as_ref());
    variables.is_none_or(|variables| evaluate(text, variables).is_ok_and(|text| text.is_empty()))
}

fn hint(text: &str) -> String {
    format!(
        "${{quote}}{text}${{quote}}\n# and in the Flux Kustomization:\nspec:\n  postBuild:\n    substitute:\n      quote: '\"'"
    )
}
