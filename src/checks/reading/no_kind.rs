//! FW705 `no-kind`: a document that Flux would apply, and that does not say what it is.

use serde_json::Value;

use crate::checks::finding::Finding;
use crate::checks::view::ClusterView;
use crate::checks::{Check, Rule};
use crate::flux::given::Given;
use crate::flux::kustomize::Fault;
use crate::problem::{Code, Severity};
use crate::tree::text_at;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW705",
        name: "no-kind",
        about: "A document that Flux is given, and that lacks its `kind`, `apiVersion` or `metadata.name`.",
    },
    severity: Severity::Error,
    because: "kustomize does not build a folder with an object that has no kind or no name, so Flux applies none of it",
    explains: "What has no `apiVersion` is built, and then left out by Flux without a word. A file with neither `apiVersion` nor `kind` \
               in a folder that Flux applies whole is no manifest (`not-a-manifest`). `metadata.generateName` is no name to \
               kustomize. Lists, as `kubectl get -o yaml` writes them, need no name.",
    wrong: "apiVersion: v1
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
    check: Check::Cluster(find),
};

/// What to do, by what is said.
const HINTS: &[(&str, &str)] = &[
    ("no kind", "apiVersion: …\nkind: …\n# or, if it is no manifest, take it out of what Flux applies"),
    ("no metadata.name", "metadata:\n  name: …"),
    ("no Kubernetes object", "a manifest is a mapping:\napiVersion: …\nkind: …\nmetadata:\n  name: …"),
];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    // In a folder that is applied whole it is that what is wrong with a file that is no manifest at all.
    let listed = |finding: &Finding| !view.is_applied_whole(&finding.file);
    let no_manifests = view.mistakes(Fault::NoManifest).into_iter().filter(listed);
    let refused = view.mistakes(Fault::NoObject).into_iter().chain(no_manifests).map(with_hint);
    let left_out = view.found.objects.iter().filter(|given| lacks_version(&given.object)).map(without_version);
    refused.chain(left_out).collect()
}

fn with_hint(finding: Finding) -> Finding {
    match HINTS.iter().find(|(says, _)| finding.says.contains(says)) {
        Some((_, hint)) => finding.hint(*hint),
        None => finding,
    }
}

fn lacks_version(object: &Value) -> bool {
    object.get("apiVersion").is_none_or(|version| version.is_null() || version.as_str() == Some(""))
}

fn without_version(given: &Given) -> Finding {
    let text = |path: &[&str]| text_at(&given.object, path).unwrap_or_default().to_owned();
    let says = format!("{}/{} has no apiVersion", text(&["kind"]), text(&["metadata", "name"]));
    Finding::on(given, says)
        .at("/kind")
        .because(
            "Flux leaves out what has no apiVersion, without a word (fluxcd/pkg ssa/utils/is.go, IsKubernetesObject)",
        )
        .hint("apiVersion: …")
}
