//! FW725 `applied-whole`: a folder that is applied whole.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::given::FluxKustomization;
use crate::problem::{Code, Severity, shell_word};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW725",
        name: "applied-whole",
        about: "A folder that Flux applies whole, with every YAML file below, because it has no kustomization.yaml.",
    },
    severity: Severity::Note,
    because: "whatever YAML file is put into the folder is applied, and one that is no manifest fails all of it (fluxcd/pkg kustomize/kustomize_generator.go)",
    explains: "That is meant where Flux begins, since `flux bootstrap` makes no kustomization.yaml there, and nothing is said of that folder.",
    wrong: "# apps/ has deployment.yaml and no kustomization.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "# apps/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yaml
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let root = view.start.owner();
    let whole = view.kustomizations().filter(|(owner, it)| it.whole && **owner != root);
    let finding = |(_, it): (_, &FluxKustomization)| {
        let folder = it.folder.as_deref().unwrap_or_default();
        let shown = if folder.is_empty() { "." } else { folder };
        Finding::on_kustomization(it, format!("the folder {shown} is applied whole")).at("/spec/path").hint(format!(
            "to say what is applied:\ncd {} && kustomize create --autodetect --recursive",
            shell_word(shown)
        ))
    };
    whole.map(finding).collect()
}
