//! FW728 `not-a-manifest`: a YAML file that is no manifest, where every YAML file is applied.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW728",
        name: "not-a-manifest",
        about: "A YAML file that is no manifest, in a folder that Flux applies whole.",
    },
    severity: Severity::Error,
    because: "Flux lists every YAML file of a folder without kustomization.yaml, and one that it cannot decode fails all of it (fluxcd/pkg kustomize/kustomize_generator.go)",
    explains: "Values of a chart, configuration of a tool, a fragment: what has neither `apiVersion` nor `kind`. Beside a kustomization.yaml that does not list it such a file does no harm.",
    wrong: "# apps/values.yaml, and apps/ has no kustomization.yaml
replicaCount: 2
",
    right: "# apps/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- release.yaml
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let is_walked = |finding: &Finding| view.is_applied_whole(&finding.file);
    let finding = |finding: Finding| {
        let says = format!("{} is no manifest, and Flux applies every YAML file of this folder", finding.file);
        finding
            .says(says)
            .hint("move it out of the folder, or say what is applied:\n# kustomization.yaml\nresources:\n- …")
    };
    view.mistakes(Fault::NoManifest).into_iter().filter(is_walked).map(finding).collect()
}
