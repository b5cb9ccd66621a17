//! FW766 `short-timeout`: a Kustomization that gives up before a release that it waits for does.

use super::waiting::{by_owner, looks_at};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::{Owner, title};
use crate::flux::given::FluxKustomization;
use crate::problem::{Code, Severity};
use crate::tree::text_at;
use serde_json::Value;

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW766",
        name: "short-timeout",
        about: "A Kustomization waits for a release for a shorter time than the release may take.",
    },
    severity: Severity::Warning,
    because: "the Kustomization fails with `health check failed` while Helm still works, and what depends on it waits for the next \
              try (kustomize-controller docs/spec/v1/kustomizations.md; a release's timeout is 5m if it says none)",
    explains: "Without `timeout` a Kustomization waits for its `interval` less 30 s, and never for less than 30 s. It counts where it \
               waits, by `wait` or by a health check of the release. A release that does not wait itself (`disableWait`) is done \
               at once. What substitution makes of the values is what counts.",
    wrong: "# ./database has a HelmRelease
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: database
  namespace: flux-system
spec:
  interval: 1h
  timeout: 2m
  path: ./database
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    right: "# ./database has a HelmRelease
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: database
  namespace: flux-system
spec:
  interval: 1h
  timeout: 7m
  path: ./database
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
",
    check: Check::Cluster(find),
};

/// How long helm-controller waits if a release does not say, in seconds (docs/spec/v2/helmreleases.md).
const OF_HELM: f64 = 300.0;
/// The units of a Go duration that Flux's CRDs take, in seconds; `ms` before `m`.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    let objects = by_owner(view);
    view.kustomizations()
        .filter_map(|(owner, it)| finding(owner, it, objects.get(owner).map_or(&[], Vec::as_slice)))
        .collect()
}

fn finding(owner: &Owner, it: &FluxKustomization, objects: &[Object<'_>]) -> Option<Finding> {
    let (own, said, place) = own_timeout(&it.document)?;
    let releases = objects.iter().filter(|object| object.id.kind == "HelmRelease" && object.given.certain);
    let (release, length, longest) = releases
        .filter(|release| looks_at(owner, it, **release))
        .filter_map(|release| timeout_of(release.value()).map(|(length, text)| (release, length, text)))
        .reduce(|one, other| if other.1 > one.1 { other } else { one })?;
    let says = format!("Kustomization {owner} waits for {said}, and {} may take {longest}", title(release.id));
    let hint = format!("# in Kustomization {owner}\nspec:\n  timeout: {}m", (length / 60.0).ceil() + 2.0);
    (own < length).then(|| Finding::on_kustomization(it, says).at(place).hint(hint))
}

/// How long a Kustomization waits, in seconds and in words, and where that stands.
fn own_timeout(document: &Value) -> Option<(f64, String, &'static str)> {
    if let Some(said) = text_at(document, &["spec", "timeout"]) {
        return Some((seconds(said)?.max(30.0), said.to_owned(), "/spec/timeout"));
    }
    let interval = text_at(document, &["spec", "interval"])?;
    let own = (seconds(interval)? - 30.0).max(30.0);
    Some((own, format!("{own}s, its interval of {interval} less 30s"), "/spec/interval"))
}

/// How long a release may take to be installed or upgraded, whichever is longer.
fn timeout_of(release: &Value) -> Option<(f64, String)> {
    let general = text_at(release, &["spec", "timeout"]);
    let of = |action: &str| {
        let waits = release.pointer(&format!("/spec/{action}/disableWait")) != Some(&Value::Bool(true));
        let said = text_at(release, &["spec", action, "timeout"]).or(general).filter(|_| waits);
        let (length, text) = said.map_or(Some((OF_HELM, "5m")), |said| Some((seconds(said)?, said)))?;
        waits.then(|| (length, text.to_owned()))
    };
    let both = ["install", "upgrade"].into_iter().filter_map(of);
    both.reduce(|one, other| if other.0 > one.0 { other } else { one })
}

/// The seconds of a Go duration as the CRDs of Flux take it: `1h30m`, `1.5h`, `90s`, `500ms`.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.')?;
        let (number, tail) = rest.split_at(digits);
        let (length, tail) = UNITS.iter().find_map(|(unit, length)| Some((*length, tail.strip_prefix(unit)?)))?;
        total += number.parse::<f64>().ok()? * length;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_are_read_as_flux_reads_them() {
        assert_eq!((seconds("1h30m"), seconds("1.5h"), seconds("500ms")), (Some(5400.0), Some(5400.0), Some(0.5)));
        assert_eq!((seconds(""), seconds("60"), seconds("1d"), seconds("${timeout}")), (None, None, None, None));
    }

    #[test]
    fn without_a_timeout_it_is_the_interval_less_half_a_minute() {
        let own = |spec: Value| own_timeout(&json!({ "spec": spec })).map(|(own, _, _)| own);
        assert_eq!(own(json!({"interval": "10m"})), Some(570.0));
        assert_eq!(
            (own(json!({"interval": "10s"})), own(json!({"interval": "1h", "timeout": "5s"}))),
            (Some(30.0), Some(30.0))
        );
    }
}
