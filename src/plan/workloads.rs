//! Releases and paths of the profile become units: any Helm chart, any folder of manifests.

use serde_json::json;

use super::components::seconds;
use super::needs::Need;
use super::sections::{Origin, without_nothing};
use super::sources::Git;
use super::unit::{Chart, Content};
use super::{Planner, defaults};
use crate::problem::{Code, Problem};
use crate::profile::workloads::{Crds, GitPath, Release};
use crate::tree::is_in;

impl Planner<'_> {
    pub(super) fn releases(&mut self) {
        let profile = self.profile;
        for release in &profile.releases {
            let chart = self.release_chart(release);
            let timeout = release.timeout.as_ref().map_or(defaults::UNIT_TIMEOUT, |timeout| seconds(&timeout.value));
            let unit = self.push(
                Origin {
                    name: release.name.to_string(),
                    folder: Some(format!("releases/{}", release.name)),
                    key: format!("releases.{}", release.name),
                    span: release.name.span.clone(),
                    patches: release.patches.clone(),
                },
                Content::Chart(Box::new(chart)),
            );
            unit.needs.clone_from(&release.needs);
            unit.requires
                .extend(release.secret_ref.as_ref().map(|secret| login(secret.as_str(), release.name.as_str())));
            unit.timeout = timeout + defaults::TIMEOUT_MARGIN;
            self.namespace(release.namespace.as_str(), None, release.name.as_str());
            self.values_secrets(release);
        }
    }

    fn release_chart(&mut self, release: &Release) -> Chart {
        let secret = release.secret_ref.as_ref().map(|secret| secret.value.as_str());
        let (url, chart, version) = (release.url.as_str(), release.chart.as_str(), release.version.as_str());
        let from = |values: &crate::profile::workloads::ValuesFrom| {
            without_nothing([
                ("kind", json!(values.kind)),
                ("name", json!(values.name)),
                ("valuesKey", json!(values.values_key)),
                ("targetPath", json!(values.target_path)),
                ("optional", json!(values.optional)),
            ])
        };
        Chart {
            source: self.sources.chart(release.name.as_str(), url, chart, version, secret, self.oci_charts),
            chart: chart.to_owned(),
            version: version.to_owned(),
            release: release.name.to_string(),
            namespace: release.namespace.to_string(),
            values_template: None,
            values: release.values.as_ref().map(|values| values.value.0.clone()),
            values_from: release.values_from.iter().map(from).collect(),
            crds: Some(release.crds.unwrap_or(Crds::CreateReplace).as_str().to_owned()),
            timeout: release
                .timeout
                .as_ref()
                .map_or(defaults::RELEASE_TIMEOUT.to_owned(), std::string::ToString::to_string),
        }
    }

    /// Helm reads values next to the HelmRelease; a Secret that the profile puts elsewhere is never found.
    fn values_secrets(&mut self, release: &Release) {
        for from in &release.values_from {
            let secrets = || self.profile.external_secrets.iter().filter(|secret| secret.name.value == from.name.value);
            let there = secrets().any(|secret| secret.namespace.as_str() == defaults::FLUX_NAMESPACE);
            if !there && let Some(elsewhere) = secrets().next() {
                let says = format!(
                    "the Secret `{}` is made in namespace `{}`, and the release looks for it in `{}`",
                    from.name,
                    elsewhere.namespace,
                    defaults::FLUX_NAMESPACE
                );
                let place = self.profile.place(&from.name.span);
                self.report(
                    Problem::new(Code::NAMESPACE_MISSING, says)
                        .at(place)
                        .because(
                            "a HelmRelease reads values from its own namespace, and Flux's objects live in flux-system",
                        )
                        .hint(format!(
                            "in externalSecrets, for `{}`:\nnamespace: {}",
                            from.name,
                            defaults::FLUX_NAMESPACE
                        )),
                );
            }
        }
    }

    pub(super) fn paths(&mut self) {
        let profile = self.profile;
        for path in &profile.paths {
            self.outside_of_the_tree(path);
            let source = self.path_source(path);
            let content = Content::Git { source, path: path.path.to_string(), images: Vec::new(), patches: Vec::new() };
            let unit = self.push(
                Origin {
                    name: path.name.to_string(),
                    folder: None,
                    key: format!("paths.{}", path.name),
                    span: path.name.span.clone(),
                    patches: path.patches.clone(),
                },
                content,
            );
            unit.needs.clone_from(&path.needs);
            let secret = path.source.as_ref().and_then(|source| source.secret_ref.as_ref());
            unit.requires.extend(secret.map(|secret| login(secret.as_str(), path.name.as_str())));
            unit.prune = path.prune.unwrap_or(true);
            unit.wait = path.wait.unwrap_or(true);
            unit.target_namespace = path.target_namespace.as_ref().map(std::string::ToString::to_string);
            if let Some(namespace) = &path.target_namespace {
                let capability = format!("namespace:{namespace}");
                unit.requires.push(Need { capability, what: path.name.to_string(), optional: true });
                self.namespace(namespace.as_str(), None, path.name.as_str());
            }
        }
    }

    /// A path on the tree itself would apply its objects a second time.
    fn outside_of_the_tree(&mut self, path: &GitPath) {
        let tree = self.profile.tree_path();
        if path.source.is_none() && (is_in(path.path.as_str(), &tree) || is_in(&tree, path.path.as_str())) {
            let says = format!("`{}` is the tree that fluxwright writes, or has it inside", path.path);
            let place = self.profile.place(&path.path.span);
            let problem = Problem::new(Code::PATH_CLASH, says).at(place);
            self.report(
                problem
                    .because("its objects would have two owners")
                    .hint(format!("path: apps/{}", self.profile.name())),
            );
        }
    }

    fn path_source(&mut self, path: &GitPath) -> String {
        let Some(source) = &path.source else { return defaults::OWN_REPOSITORY.to_owned() };
        let (reference, moves) = match (&source.tag, &source.branch, &source.semver) {
            (Some(tag), _, _) => (json!({ "tag": tag }), false),
            (_, Some(branch), _) => (json!({ "branch": branch }), true),
            (_, _, semver) => (json!({ "semver": semver }), true),
        };
        let git = Git {
            url: source.git.as_str(),
            reference,
            moves,
            sparse_checkout: Vec::new(),
            ignore: None,
            secret_ref: source.secret_ref.as_ref().map(std::string::ToString::to_string),
        };
        self.sources.git(path.name.as_str(), &git).name
    }
}

/// The Secret that a source logs in with, which may be made by a person.
fn login(secret: &str, what: &str) -> Need {
    let capability = format!("secret:{}/{secret}", defaults::FLUX_NAMESPACE);
    Need { capability, what: what.to_owned(), optional: true }
}
