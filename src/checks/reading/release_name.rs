//! FW711 `release-name`: a Helm release whose name is longer than Helm takes.

use serde_json::Value;

use super::shapes::{SUBDOMAIN, Shape};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::problem::{Code, Severity};
use crate::tree::sha256;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW711",
        name: "release-name",
        about: "A HelmRelease whose release has a name of more than 53 characters.",
    },
    severity: Severity::Error,
    because: "the CRD of HelmRelease refuses a `releaseName` that Helm does not take (helm-controller api/v2/helmrelease_types.go)",
    explains: "Without a `releaseName`, the release is called `[<targetNamespace>-]<name>`, and Flux cuts what is too long to 40 characters \
               and a hash; that works, and is a warning. The hint has the name that it gets, so that writing it does not change it: \
               another one uninstalls the release and installs it anew.",
    wrong: "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
  namespace: apps
spec:
  interval: 1h
  releaseName: web-application-of-the-marketing-department-in-frankfurt
  chartRef:
    kind: OCIRepository
    name: web
",
    right: "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
  namespace: apps
spec:
  interval: 1h
  releaseName: web-marketing
  chartRef:
    kind: OCIRepository
    name: web
",
    check: Check::Cluster(find),
};

/// What Helm takes.
const NAME: Shape = SUBDOMAIN.of_at_most(53);
/// How much of a name is kept before the hash (helm-controller internal/release/name.go, ShortenName).
const KEPT: usize = 40;
/// How much of the hash stands behind it.
const HASH: usize = 12;

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.of("helm.toolkit.fluxcd.io", "HelmRelease").filter_map(finding).collect()
}

fn finding(release: Object<'_>) -> Option<Finding> {
    if let Some(said) =
        release.value().pointer("/spec/releaseName").and_then(Value::as_str).filter(|said| !said.is_empty())
    {
        let wrong = NAME.wrong(said).filter(|_| !said.contains("${"))?;
        let near = NAME.nearest(said).unwrap_or_else(|| format!("…  # at most {} characters", NAME.most));
        let finding = Finding::on(release.given, format!("the releaseName of {} {wrong}", title(release.id)));
        let finding = finding.at("/spec/releaseName").hint(format!("releaseName: {near}"));
        let is_long = said.len() > NAME.most;
        return Some(if is_long {
            finding
        } else {
            finding.because("Helm refuses the name, so that the release is not installed")
        });
    }
    let name = &release.id.name;
    let composed = release.text(&["spec", "targetNamespace"]).map_or_else(|| name.clone(), |to| format!("{to}-{name}"));
    if composed.len() <= NAME.most || composed.contains("${") {
        return None;
    }
    let kept = composed.get(..KEPT)?;
    let cut = format!("{kept}-{}", sha256(composed.as_bytes()).get(..HASH)?);
    let says =
        format!("the release of {} would be called `{composed}`, and Flux cuts it to `{cut}`", title(release.id));
    let finding = Finding::on(release.given, says).at("/metadata/name").as_bad_as(Severity::Warning);
    let because = "Helm takes 53 characters, and what a chart calls after its release gets a name that nobody expects \
                   (helm-controller internal/release/name.go, ShortenName)";
    Some(
        finding
            .because(because)
            .hint(format!("spec:\n  releaseName: {cut}  # or a shorter one, if it is not installed yet")),
    )
}
