//! The pods of workloads: where in an object they are told what they need.

use serde_json::Value;

use crate::checks::view::{ClusterView, Object};

/// Group and kind of what has pods, and the path of what a pod is told.
const PODS: [(&str, &str, &str); 8] = [
    ("", "Pod", "/spec"),
    ("", "ReplicationController", "/spec/template/spec"),
    ("apps", "Deployment", "/spec/template/spec"),
    ("apps", "DaemonSet", "/spec/template/spec"),
    ("apps", "StatefulSet", "/spec/template/spec"),
    ("apps", "ReplicaSet", "/spec/template/spec"),
    ("batch", "Job", "/spec/template/spec"),
    ("batch", "CronJob", "/spec/jobTemplate/spec/template/spec"),
];

/// What has pods, with the JSON pointer of what they are told, and that.
pub fn pods<'a>(view: &'a ClusterView<'_>) -> impl Iterator<Item = (Object<'a>, &'static str, &'a Value)> {
    let of_row = |(group, kind, pointer): (&'static str, &'static str, &'static str)| {
        view.of(group, kind).filter_map(move |object| Some((object, pointer, object.value().pointer(pointer)?)))
    };
    PODS.into_iter().flat_map(of_row)
}
