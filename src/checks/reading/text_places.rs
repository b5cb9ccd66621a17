//! Where Kubernetes and Flux take a text and nothing else, and where most programs mean one.
//!
//! In: an object, and a place in it as a JSON pointer. Out: whether a number or a truth value would be wrong there. What stands in
//! the `values` of a HelmRelease is the chart's own, so that only what most charts have there is told.
//!
//! Source: the OpenAPI of Kubernetes 1.34 and the CRDs of Flux 2.9 (`map[string]string` and `string` in the places named here).

use crate::tree::pointer_key;
use serde_json::Value;

/// What has pods inside.
pub const WORKLOADS: &[&str] =
    &["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"];

/// The places that take only a text: kinds, or all if there are none, and patterns. `*` is any one step, and `**` in front any
/// number of them.
const ONLY_TEXT: &[(&[&str], &[&str])] = &[
    (&[], &["metadata/name", "metadata/namespace", "metadata/labels/*", "metadata/annotations/*"]),
    (
        WORKLOADS,
        &[
            "**/metadata/labels/*",
            "**/metadata/annotations/*",
            "**/matchLabels/*",
            "**/nodeSelector/*",
            "**/env/*/name",
            "**/env/*/value",
            "**/command/*",
            "**/args/*",
            "**/image",
        ],
    ),
    (&["Service"], &["spec/selector/*"]),
    (&["NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor"], &["**/matchLabels/*"]),
    (&["ConfigMap"], &["data/*"]),
    (&["Secret"], &["data/*", "stringData/*"]),
    (&["StorageClass", "VolumeSnapshotClass"], &["parameters/*"]),
    (&["PersistentVolume"], &["**/volumeAttributes/*"]),
    (
        &["Kustomization"],
        &[
            "spec/postBuild/substitute/*",
            "spec/images/*/newTag",
            "spec/commonMetadata/*/*",
            "spec/interval",
            "spec/retryInterval",
            "spec/timeout",
            "spec/targetNamespace",
        ],
    ),
    (
        &["HelmRelease"],
        &[
            "spec/chart/spec/version",
            "spec/commonMetadata/*/*",
            "spec/interval",
            "spec/timeout",
            "spec/releaseName",
            "spec/targetNamespace",
        ],
    ),
    (&["HelmChart"], &["spec/version", "spec/interval"]),
    (&["GitRepository", "OCIRepository"], &["spec/ref/*", "spec/interval"]),
    (&["HelmRepository", "Bucket"], &["spec/interval"]),
    (&["ImagePolicy"], &["spec/policy/semver/range"]),
    (&["Cluster"], &["spec/kubernetesVersion", "spec/topology/version"]),
];

/// The places in which a text is meant, whatever the kind.
const TEXT_MEANT: &[&str] = &[
    "**/labels/*",
    "**/annotations/*",
    "**/matchLabels/*",
    "**/nodeSelector/*",
    "**/env/*/value",
    "**/command/*",
    "**/args/*",
    "**/extraArgs/*",
];

/// Keys of which the value is the name of a release, a tag or a commit.
const RELEASES: &[&str] = &["version", "tag", "revision", "sha", "commit", "digest"];

/// Whether an object has such places besides its metadata.
pub fn has_text_places(object: &Value) -> bool {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    ONLY_TEXT.iter().any(|(kinds, _)| kinds.contains(&kind))
}

/// Whether a place takes nothing but a text.
pub fn takes_only_text(object: &Value, pointer: &str) -> bool {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let steps = steps(pointer);
    let is_of = |kinds: &[&str]| kinds.is_empty() || kinds.contains(&kind);
    let rows = ONLY_TEXT.iter().filter(|(kinds, _)| is_of(kinds));
    rows.flat_map(|(_, patterns)| patterns.iter()).any(|pattern| fits(pattern, &steps))
}

/// Whether a text is meant at a place: it takes nothing else, or most programs that are written there take one.
pub fn is_meant_as_text(object: &Value, pointer: &str) -> bool {
    let steps = steps(pointer);
    let is_release = steps.last().is_some_and(|key| {
        RELEASES.contains(&key.to_ascii_lowercase().as_str()) || key.ends_with("Version") || key.ends_with("Tag")
    });
    is_release || TEXT_MEANT.iter().any(|pattern| fits(pattern, &steps)) || takes_only_text(object, pointer)
}

fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(pointer_key).collect()
}

fn fits(pattern: &str, steps: &[String]) -> bool {
    let (tail, anywhere) = pattern.strip_prefix("**/").map_or((pattern, false), |tail| (tail, true));
    let wanted: Vec<&str> = tail.split('/').collect();
    let Some(skipped) = steps.len().checked_sub(wanted.len()).filter(|skipped| anywhere || *skipped == 0) else {
        return false;
    };
    wanted.iter().zip(steps.iter().skip(skipped)).all(|(wanted, step)| *wanted == "*" || wanted == step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_place_is_told_by_kind_and_path() {
        let (release, pod) = (json!({"kind": "HelmRelease"}), json!({"kind": "Deployment"}));
        let env = "/spec/template/spec/containers/0/env/1/value";
        assert!(takes_only_text(&pod, env) && !takes_only_text(&release, "/spec/values/env/0/value"));
        assert!(is_meant_as_text(&release, "/spec/values/env/0/value"));
        assert!(takes_only_text(&release, "/metadata/labels/a~1b") && !takes_only_text(&release, "/metadata/labels"));
        assert!(is_meant_as_text(&release, "/spec/values/image/tag"));
        assert!(!is_meant_as_text(&pod, "/spec/template/spec/volumes/0/configMap/defaultMode"));
    }
}
