//! FW708 `name-limit`: a name that Kubernetes refuses.

use serde_json::Value;

use super::shapes::{DATA_KEY, LABEL, SUBDOMAIN, Shape};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::flux::given::{Given, is_encrypted};
use crate::problem::{Code, Severity};
use crate::tree::pointer_step;
use crate::yaml::quoted;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW708",
        name: "name-limit",
        about: "A name, a namespace, or a key of data that is too long or has signs that Kubernetes does not take.",
    },
    severity: Severity::Error,
    because: "Kubernetes refuses the object, and the Flux Kustomization that applies it fails (apimachinery \
              pkg/util/validation/validation.go)",
    explains: "Most names have small letters, digits, `-` and `.`, and at most 253 of them. Those of a Namespace and a Service have at \
               most 63 and no `.`, that of a CronJob at most 52, as its Jobs are named after it. Names of roles and their \
               bindings may have almost any sign, and do not count. What is looked at is the name after prefixes, suffixes and \
               substitution.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: App_Settings
  namespace: apps
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: app-settings
  namespace: apps
",
    check: Check::Cluster(find),
};

/// The kinds that take less than most, by group.
const SHAPES: &[(&str, &str, Shape)] =
    &[("", "Namespace", LABEL), ("", "Service", LABEL), ("batch", "CronJob", SUBDOMAIN.of_at_most(52))];

/// Groups whose kinds have names of other shapes.
const OTHERS: &[&str] =
    &["rbac.authorization.k8s.io", "certificates.k8s.io", "apiregistration.k8s.io", "projectcalico.org"];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let named = view.objects().flat_map(|object| of_object(&object));
    named.chain(view.found.objects.iter().filter_map(no_text)).collect()
}

fn of_object(object: &Object<'_>) -> Vec<Finding> {
    let shape = SHAPES.iter().find(|(group, kind, _)| object.is(group, kind)).map_or(SUBDOMAIN, |(_, _, shape)| *shape);
    let mut found = Vec::new();
    if !OTHERS.contains(&object.id.group.as_str()) {
        found.extend(of_name(object, "name", &object.id.name, shape));
    }
    if let Some(namespace) = &object.id.namespace {
        found.extend(of_name(object, "namespace", namespace, LABEL));
    }
    found.extend(leading_digit(object));
    if object.id.group.is_empty() && matches!(object.id.kind.as_str(), "ConfigMap" | "Secret") {
        found.extend(["data", "stringData", "binaryData"].into_iter().flat_map(|part| of_keys(object, part)));
    }
    found
}

fn of_name(object: &Object<'_>, key: &str, text: &str, shape: Shape) -> Option<Finding> {
    let wrong = shape.wrong(text).filter(|_| !text.is_empty() && is_known(object.given, text))?;
    let near = shape.nearest(text).unwrap_or_else(|| format!("…  # at most {} characters", shape.most));
    let says = format!("the {key} of {} {wrong}", title(object.id));
    let finding = Finding::on(object.given, says).at(format!("/metadata/{key}"));
    Some(weighed(object.given, finding.hint(format!("metadata:\n  {key}: {near}"))))
}

/// Only newer releases take a Service with a digit in front, and only if they are told to.
fn leading_digit(object: &Object<'_>) -> Option<Finding> {
    let begins = object.is("", "Service") && object.id.name.starts_with(|sign: char| sign.is_ascii_digit());
    let says = format!("the name of {} begins with a digit", title(object.id));
    let finding = || Finding::on(object.given, says).at("/metadata/name").as_bad_as(Severity::Warning);
    begins.then(|| {
        finding().hint("begin it with a letter; Kubernetes takes digits there only with RelaxedServiceNameValidation")
    })
}

fn of_keys(object: &Object<'_>, part: &str) -> Vec<Finding> {
    let keys = object.value().get(part).and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
    let wrong = |key: &String| {
        let points = matches!(key.as_str(), "." | "..").then(|| "means a folder".to_owned());
        let wrong = DATA_KEY.wrong(key).or(points).filter(|_| is_known(object.given, key))?;
        let says = format!("the key `{key}` of {} {wrong}", title(object.id));
        let hint =
            DATA_KEY.nearest(key).map_or_else(|| "a shorter one".to_owned(), |near| format!("{part}:\n  {near}: …"));
        let at = format!("/{part}/{}", pointer_step(key));
        Some(weighed(object.given, Finding::on(object.given, says).at(at).hint(hint)))
    };
    keys.filter_map(wrong).collect()
}

/// What stands there for a variable that is not known is no name yet; where nothing is replaced it is one.
fn is_known(given: &Given, text: &str) -> bool {
    !text.contains("${") || (given.certain && given.before.is_none())
}

fn weighed(given: &Given, finding: Finding) -> Finding {
    // SOPS leaves names as they are.
    if given.certain || is_encrypted(&given.object) { finding } else { finding.as_bad_as(Severity::Warning) }
}

/// A name without quotes that is a number or a truth value; kustomize takes it, and Kubernetes does not.
fn no_text(given: &Given) -> Option<Finding> {
    let name = given.object.pointer("/metadata/name").filter(|name| name.is_number() || name.is_boolean())?;
    // What was a text before substitution has lost its quotes there.
    if given.before.is_some() {
        return None;
    }
    let kind = given.object.get("kind").and_then(Value::as_str).unwrap_or("object");
    let finding = Finding::on(given, format!("the name {name} of a {kind} is no text without quotes"));
    Some(finding.at("/metadata/name").hint(format!("metadata:\n  name: {}", quoted(&name.to_string()))))
}
