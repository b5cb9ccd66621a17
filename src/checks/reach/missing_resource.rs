//! FW724 `missing-resource`: an entry of a kustomization that is not there.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::folder::parent;
use crate::flux::kustomize::{Fault, Mistake};
use crate::problem::{Code, Severity, nearest};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code { id: "FW724", name: "missing-resource", about: "An entry of a kustomization that is not there." },
    severity: Severity::Error,
    because: "kustomize builds nothing of a kustomization with an entry that it cannot read, so Flux applies nothing of it",
    explains: "An entry is a file, or a folder with a kustomization of its own. A folder without one can be the path of a Flux Kustomization, but not an entry. \
               What a `.sourceignore` names is not there for Flux.",
    wrong: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yml   # the file is deployment.yaml
",
    right: "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yaml
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let finding = |mistake: &Mistake| {
        let near = near(view, mistake);
        let hint = near
            .map_or("correct the entry, take it out, or commit what it names".to_owned(), |near| format!("- {near}"));
        Finding::of_mistake(mistake).through(view.chain_to(&mistake.file)).hint(hint)
    };
    view.found.mistakes.iter().filter(|mistake| mistake.fault == Fault::Missing).map(finding).collect()
}

/// The entry that may be meant: a file beside the kustomization of nearly the same name.
fn near(view: &ClusterView<'_>, mistake: &Mistake) -> Option<String> {
    let wrong = mistake.says.split(": ").next()?.rsplit('/').next()?;
    let folder = parent(&mistake.file);
    let below = view.files.below(folder).ok()?;
    let beside = below.iter().filter_map(|path| path.strip_prefix(folder)).map(|path| path.trim_start_matches('/'));
    nearest(wrong, beside.filter(|path| !path.contains('/'))).map(str::to_owned)
}
