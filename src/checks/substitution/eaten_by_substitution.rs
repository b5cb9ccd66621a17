//! FW792 `eaten-by-substitution`: a `${…}` of a script or a dashboard that Flux takes for its own.

use std::collections::BTreeSet;

use super::scripts::Language;
use super::{Fate, Loose, loose};
use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::problem::{Code, Severity};
use crate::tree::pointer_key;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW792",
        name: "eaten-by-substitution",
        about: "A `${…}` in a script, a dashboard or a rule that Flux takes for a variable of its own.",
    },
    severity: Severity::Warning,
    because: "Flux replaces in all of an object, also in the texts of a ConfigMap and the arguments of a container, and what it replaces \
              by nothing or by a default is not there any more when the program reads it (kustomize-controller \
              docs/spec/v1/kustomizations.md, postBuild)",
    explains: "It is an error where Flux fails: on a variable that it does not know, from 2.9 on, and on what is no substitution to it, as \
               `${list[@]}`. Texts of several lines in a ConfigMap or Secret count, files with endings like `.sh`, `.json` and `.conf` in \
               them, what `sh -c` runs, and rules and dashboards. Variables that the Kustomization sets do not count, nor \
               files that end in `.yaml`, and `$x` and `$(x)` are not Flux's.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: scripts
  namespace: apps
data:
  backup.sh: |
    tar czf \"/backup/${NAME}.tgz\" /data
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: scripts
  namespace: apps
  annotations:
    kustomize.toolkit.fluxcd.io/substitute: disabled
data:
  backup.sh: |
    tar czf \"/backup/${NAME}.tgz\" /data
",
    check: Check::Cluster(find),
};

/// How many expressions of one text are named.
const NAMED: usize = 3;

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let mut texts: Vec<Vec<Loose<'_>>> = Vec::new();
    for one in loose(view).into_iter().filter(is_eaten) {
        let is_same = |first: &Loose<'_>| first.place == one.place && first.pointer == one.pointer;
        match texts.last_mut().filter(|all| all.first().is_some_and(is_same)) {
            Some(all) => all.push(one),
            None => texts.push(vec![one]),
        }
    }
    texts.iter().filter_map(|all| finding(all)).collect()
}

/// What Flux does not read is nothing of Flux's, wherever it stands; a default is the shell's only in a script.
fn is_eaten(one: &Loose<'_>) -> bool {
    match one.fate {
        Fate::Unknown => true,
        Fate::Undefined => one.language.is_some(),
        Fate::Default => one.language == Some(Language::Shell),
    }
}

/// What is said of one text.
fn finding(all: &[Loose<'_>]) -> Option<Finding> {
    let worst = all.iter().find(|one| one.fails()).or(all.first())?;
    let whose = worst.whose();
    let key = pointer_key(worst.pointer.rsplit('/').next().unwrap_or_default());
    let place = if key.parse::<usize>().is_ok() { String::new() } else { format!("`{key}` of ") };
    let becomes = match worst.fate {
        Fate::Unknown => "is no substitution that Flux knows",
        Fate::Undefined if worst.strict => "is taken for a variable that is not set",
        Fate::Undefined => "is replaced by nothing",
        Fate::Default => "is replaced by its default",
    };
    let more = others(all, worst);
    let says = format!("`{}` in {place}{whose} {becomes}{more}", shortened(&worst.expression));
    let finding = Finding::on(worst.given, says).at(&worst.pointer).hint(hint(worst));
    if !worst.fails() {
        return Some(finding);
    }
    Some(finding.as_bad_as(Severity::Error).because("Flux fails on it, and applies nothing of the Kustomization"))
}

/// The other expressions of the same text.
fn others(all: &[Loose<'_>], worst: &Loose<'_>) -> String {
    let mut said = BTreeSet::from([&worst.expression]);
    let others: Vec<&Loose<'_>> = all.iter().filter(|one| said.insert(&one.expression)).collect();
    let names: Vec<String> =
        others.iter().take(NAMED - 1).map(|one| format!("`{}`", shortened(&one.expression))).collect();
    let count = others.len();
    match count - names.len() {
        _ if count == 0 => String::new(),
        0 => format!(", like {}", names.join(" and ")),
        rest => format!(", like {} and {rest} more", names.join(", ")),
    }
}

fn shortened(expression: &str) -> String {
    let line = expression.lines().next().unwrap_or_default();
    let short: String = line.chars().take(40).collect();
    if short.len() < expression.len() { format!("{short}…") } else { short }
}

fn hint(one: &Loose<'_>) -> String {
    let set = match one.fate {
        Fate::Undefined => format!("\n# or, if it is Flux's: set `{}` in postBuild.substitute", one.name),
        _ => String::new(),
    };
    format!(
        "metadata:\n  annotations:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n\
         # or, if Flux is to replace other variables of the object: ${}{set}",
        shortened(&one.expression)
    )
}
