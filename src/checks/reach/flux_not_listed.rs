//! FW726 `flux-not-listed`: a kustomization.yaml by which Flux prunes itself.

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::folder::{KUSTOMIZATION_FILES, join};
use crate::problem::{Code, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW726",
        name: "flux-not-listed",
        about: "A kustomization.yaml beside flux-system that does not list it, so that Flux prunes itself.",
    },
    severity: Severity::Error,
    because: "Flux applies what the kustomization lists and deletes what it applied before, itself and its own source with it: the Kustomization that bootstrap makes prunes (fluxcd/flux2 pkg/manifestgen/sync)",
    explains: "`flux bootstrap` makes no kustomization.yaml beside its folder; one that is added has to list it.",
    wrong: "# clusters/home/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- apps.yaml
",
    right: "# clusters/home/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- flux-system
- apps.yaml
",
    check: Check::Cluster(find),
};

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let file = &view.start.file;
    let Some(root) = view.kustomization(&view.start.owner()).filter(|_| file.ends_with("/gotk-sync.yaml")) else {
        return Vec::new();
    };
    let Some(folder) = &root.folder else { return Vec::new() };
    let listed = KUSTOMIZATION_FILES.iter().map(|name| join(folder, name)).find(|path| root.files.contains(path));
    let (Some(kustomization), false) = (listed, root.files.contains(file)) else { return Vec::new() };
    let own = file.trim_end_matches("/gotk-sync.yaml");
    let own = own.strip_prefix(folder.as_str()).unwrap_or(own).trim_start_matches('/');
    let says = format!("{kustomization} does not list {own}, where Flux itself is");
    vec![Finding::in_file(&kustomization, 1, says).at("/resources").hint(format!("resources:\n- {own}"))]
}
