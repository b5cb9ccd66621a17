//! FW791 `undefined-variable`: a `${…}` for which Flux has no value.

use std::collections::BTreeSet;

use super::{Fate, Loose, loose, owner};
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::problem::{Code, Severity, nearest};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW791",
        name: "undefined-variable",
        about: "A variable in an object that the Flux Kustomization does not set, and that has no default.",
    },
    severity: Severity::Error,
    because: "from Flux 2.9 on the whole Kustomization fails on a variable that is not set (kustomize-controller \
              internal/features/features.go, StrictPostBuildSubstitutions)",
    explains: "Flux older than 2.9 replaces it by nothing, which is a warning. `$${x}` is not replaced, and `${x:=…}` has a default; \
               objects with `kustomize.toolkit.fluxcd.io/substitute: disabled` are left as they are, and so are all objects of a \
               Kustomization without variables. Where some variables come from a ConfigMap or Secret that is not in the repo, or is \
               encrypted, nothing is said. In scripts and dashboards it is another rule (`eaten-by-substitution`).",
    wrong: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  postBuild:
    substitute:
      cluster: home
---
# in ./apps:
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  host: ${cluster}.${domain}
",
    right: "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  postBuild:
    substitute:
      cluster: home
      domain: example.com
---
# in ./apps:
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: apps
data:
  host: ${cluster}.${domain}
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let mut said = BTreeSet::new();
    let mut found = Vec::new();
    for one in loose(view) {
        let is_flux = one.fate == Fate::Undefined && one.language.is_none();
        if is_flux && said.insert((one.place, one.name.clone())) {
            found.push(finding(view, &one));
        }
    }
    found
}

fn finding(view: &ClusterView<'_>, one: &Loose<'_>) -> Finding {
    let (name, whose) = (&one.name, one.whose());
    let by = owner(one.given).map(ToString::to_string).unwrap_or_default();
    let says = format!("the variable `{name}` in {whose} is not set by Kustomization {by} and has no default");
    let finding = Finding::on(one.given, says).at(&one.pointer).hint(hint(view, one, &by));
    if one.strict {
        return finding;
    }
    finding
        .as_bad_as(Severity::Warning)
        .because("before Flux 2.9 such a variable is replaced by nothing, without a word")
}

fn hint(view: &ClusterView<'_>, one: &Loose<'_>, by: &str) -> String {
    let variables = owner(one.given).and_then(|owner| view.kustomization(owner)?.variables.as_ref());
    let known = variables.into_iter().flat_map(|variables| variables.values.keys().map(String::as_str));
    let name = &one.name;
    let near = nearest(name, known).map_or_else(String::new, |near| format!("${{{near}}}\n# or "));
    format!(
        "{near}in Kustomization {by}:\nspec:\n  postBuild:\n    substitute:\n      {name}: …\n# or a default: ${{{name}:=…}}\n\
         # or, if it is not for Flux: $${{{name}}}"
    )
}
