//! The profile's own sections become units: namespaces, stores, storage, external secrets, releases, paths.

use serde_json::{Map, Value, json};

use super::components::seconds;
use super::sources::Git;
use super::unit::{Chart, Content, Part, Unit};
use super::{Planner, defaults, options};
use crate::catalog;
use crate::catalog::component::Capability;
use crate::decode::{At, Named};
use crate::problem::{Code, Problem};
use crate::profile::cluster::PodSecurity;
use crate::profile::patch::Patch;
use crate::profile::rules::is_clusters_own;
use crate::profile::secrets::{ExternalSecret, Keys, Store};
use crate::profile::storage::{AccessMode, Binding, ReclaimPolicy};
use crate::profile::workloads::{Crds, GitPath, Release};
use crate::template::{Context, Files};

/// Where a unit comes from, for what is the same in all sections.
struct Origin {
    name: String,
    folder: Option<String>,
    key: String,
    span: std::ops::Range<usize>,
    patches: Vec<Patch>,
}

impl Planner<'_> {
    pub(super) fn sections(&mut self) {
        self.releases();
        self.paths();
        self.external_secrets();
        self.stores();
        self.storage();
        self.namespaces_unit();
    }

    fn push(&mut self, origin: Origin, content: Content) -> &mut Unit {
        let index = self.units.len();
        self.units.push(Unit {
            name: origin.name,
            folder: origin.folder,
            key: origin.key,
            place: self.profile.place(&origin.span),
            content,
            needs: Vec::new(),
            after: None,
            requires: Vec::new(),
            provides: Vec::new(),
            timeout: defaults::UNIT_TIMEOUT,
            prune: true,
            wait: true,
            target_namespace: None,
            patches: origin.patches,
            health: Vec::new(),
            infrastructure: false,
        });
        &mut self.units[index]
    }

    /// The templates of a built-in section, for a context.
    fn section(&mut self, name: &str, context: &Value) -> Option<Content> {
        let inside = |(path, text): (String, _)| (format!("section/{path}"), text);
        let files: Files = catalog::built_in(&format!("sections/{name}")).into_iter().map(inside).collect();
        let engine = self.engine(&format!("sections/{name}"), &files)?;
        Some(Content::Templates(vec![Part {
            engine,
            folder: "section".to_owned(),
            file: None,
            context: Context::of(context),
        }]))
    }

    fn releases(&mut self) {
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
            unit.timeout = timeout + defaults::TIMEOUT_MARGIN;
            self.namespace(release.namespace.as_str(), None, release.name.as_str());
            self.values_secrets(release);
        }
    }

    fn release_chart(&mut self, release: &Release) -> Chart {
        let secret = release.secret_ref.as_ref().map(|secret| secret.value.as_str());
        let (url, chart, version) = (release.url.as_str(), release.chart.as_str(), release.version.as_str());
        let from = |values: &crate::profile::workloads::ValuesFrom| {
            let mut from = Map::new();
            from.insert("kind".to_owned(), json!(values.kind));
            from.insert("name".to_owned(), json!(values.name));
            let mut optional = |key: &str, value: Value| {
                if !value.is_null() {
                    from.insert(key.to_owned(), value);
                }
            };
            optional("valuesKey", json!(values.values_key));
            optional("targetPath", json!(values.target_path));
            optional("optional", json!(values.optional));
            Value::Object(from)
        };
        Chart {
            source: self.sources.chart(release.name.as_str(), url, chart, version, secret, self.oci_charts),
            chart: chart.to_owned(),
            version: version.to_owned(),
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

    fn paths(&mut self) {
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
            unit.prune = path.prune.unwrap_or(true);
            unit.wait = path.wait.unwrap_or(true);
            unit.target_namespace = path.target_namespace.as_ref().map(std::string::ToString::to_string);
            if let Some(namespace) = &path.target_namespace {
                let capability = format!("namespace:{namespace}");
                unit.requires.push(super::needs::Need { capability, what: path.name.to_string(), optional: true });
                self.namespace(namespace.as_str(), None, path.name.as_str());
            }
        }
    }

    /// A path on the tree itself would apply its objects a second time.
    fn outside_of_the_tree(&mut self, path: &GitPath) {
        let tree = self.profile.tree_path();
        let inside = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        if path.source.is_none() && (inside(path.path.as_str(), &tree) || inside(&tree, path.path.as_str())) {
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

    fn external_secrets(&mut self) {
        let profile = self.profile;
        let mut by_namespace: std::collections::BTreeMap<&str, Vec<&ExternalSecret>> =
            std::collections::BTreeMap::new();
        for secret in &profile.external_secrets {
            by_namespace.entry(secret.namespace.as_str()).or_default().push(secret);
            self.namespace(secret.namespace.as_str(), None, secret.name.as_str());
        }
        for (namespace, secrets) in by_namespace {
            let rendered: Vec<Value> = secrets.iter().filter_map(|secret| self.external_secret(secret)).collect();
            self.ask_for(namespace, &secrets);
            if rendered.is_empty() {
                continue;
            }
            let Some(content) = self.section("secrets", &json!({ "secrets": rendered })) else { return };
            let origin = Origin {
                name: format!("secrets-{namespace}"),
                folder: Some(format!("secrets/{namespace}")),
                key: "externalSecrets".to_owned(),
                span: secrets[0].name.span.clone(),
                patches: secrets.iter().flat_map(|secret| secret.patches.clone()).collect(),
            };
            self.push(origin, content);
        }
    }

    /// What the template of external secrets asks for; nothing for a Secret that is asked for.
    fn external_secret(&mut self, secret: &ExternalSecret) -> Option<Value> {
        let Keys::Remote(keys) = &secret.keys.value else { return None };
        let place = self.profile.place(&secret.name.span);
        let store = self.store_for(secret.store.as_ref(), &place, Some(secret.namespace.as_str()));
        let remote = |(key, remote): &(At<_>, crate::profile::secrets::RemoteKey)| {
            let mut reference = json!({ "key": remote.key });
            if let (Some(property), Some(reference)) = (&remote.property, reference.as_object_mut()) {
                reference.insert("property".to_owned(), json!(property));
            }
            json!({ "secretKey": key, "remoteRef": reference })
        };
        Some(json!({
            "name": secret.name, "namespace": secret.namespace, "store": store, "type": secret.kind,
            "labels": mapping(&secret.labels), "template": mapping(&secret.template),
            "refresh": secret.refresh.as_ref().map_or(defaults::REFRESH_INTERVAL, |refresh| refresh.as_str()),
            "data": keys.0.iter().map(remote).collect::<Vec<_>>(),
        }))
    }

    /// The script that asks for the Secrets of a namespace that no store has.
    fn ask_for(&mut self, namespace: &str, secrets: &[&ExternalSecret]) {
        let asked = |secret: &&ExternalSecret| match &secret.keys.value {
            Keys::Names(keys) => Some(json!({
                "name": secret.name, "keys": keys, "labels": mapping(&secret.labels),
                "type": secret.kind.as_ref().map_or("Opaque", |kind| kind.as_str()),
            })),
            Keys::Remote(_) => None,
        };
        let asked: Vec<Value> = secrets.iter().filter_map(asked).collect();
        if asked.is_empty() {
            return;
        }
        let files = catalog::built_in("sections/secrets-asked");
        let Some(engine) = self.engine("sections/secrets-asked", &files) else { return };
        self.scripts.push(super::unit::Script {
            name: format!("2-secrets-{namespace}.sh"),
            template: "secrets.sh.j2".to_owned(),
            engine,
            context: Context::of(&json!({ "namespace": namespace, "secrets": asked })),
        });
    }

    fn stores(&mut self) {
        let profile = self.profile;
        let Some(secrets) = profile.secrets.as_ref().filter(|secrets| !secrets.stores.is_empty()) else { return };
        let mut parts = Vec::new();
        for store in &secrets.stores {
            parts.extend(self.store_part(store));
        }
        let origin = Origin {
            name: "secret-store".to_owned(),
            folder: Some("secret-store".to_owned()),
            key: "secrets".to_owned(),
            span: secrets.span.clone(),
            patches: secrets.patches.clone(),
        };
        self.push(origin, Content::Templates(parts)).infrastructure = true;
    }

    fn store_part(&mut self, store: &Store) -> Option<Part> {
        let place = self.profile.place(&store.provider.span);
        let folder = match self.catalog.provider(store.provider.as_str(), &place) {
            Ok(folder) => folder,
            Err(found) => {
                self.problems.extend(found);
                return None;
            }
        };
        let what = format!("the store `{}`", store.name);
        let options = options::read(self.profile, &what, &store.options, folder.spec.options.as_ref(), self.problems);
        let namespace = store.namespace.as_ref().map(std::string::ToString::to_string);
        let account = store.service_account.as_ref();
        let account_name = account
            .and_then(|account| account.name.as_ref())
            .map_or(store.name.to_string(), std::string::ToString::to_string);
        let account_namespace =
            account.and_then(|account| account.namespace.as_ref()).map(std::string::ToString::to_string);
        let account_namespace = account_namespace
            .or_else(|| namespace.clone())
            .or_else(|| self.namespace_of_provider(&folder.spec.requires));
        let Some(account_namespace) = account_namespace else {
            let says = format!("nothing says in which namespace the service account of the store `{}` is", store.name);
            let place = self.profile.place(&store.name.span);
            let hint = "serviceAccount:\n  namespace: my-namespace\n# or add the component that brings the operator of the stores";
            self.report(Problem::new(Code::MISSING_KEY, says).at(place).hint(hint));
            return None;
        };
        self.namespace(&account_namespace, None, store.name.as_str());
        self.readers_may_read(store);
        let said = store
            .namespaces
            .as_ref()
            .map(|namespaces| namespaces.iter().map(std::string::ToString::to_string).collect::<Vec<_>>());
        let readers =
            self.readers.get(store.name.as_str()).into_iter().flat_map(std::collections::BTreeMap::keys).cloned();
        let namespaces = if namespace.is_some() { None } else { Some(said.unwrap_or_else(|| readers.collect())) };
        let kind = if namespace.is_some() { "SecretStore" } else { "ClusterSecretStore" };
        let context = Context::of(&json!({
            "store": {
                "name": store.name, "kind": kind, "namespace": namespace, "namespaces": namespaces,
                "serviceAccount": { "name": account_name, "namespace": account_namespace },
            },
            "options": options,
        }));
        let engine = self.engine(&folder.label, &folder.files)?;
        Some(Part {
            engine,
            folder: folder.spec.templates.to_string(),
            file: Some(format!("{}.yaml", store.name)),
            context,
        })
    }

    /// Whoever reads through a store must be let in.
    fn readers_may_read(&mut self, store: &Store) {
        let may = |namespace: &str| match (&store.namespace, &store.namespaces) {
            (Some(own), _) => own.as_str() == namespace,
            (None, Some(listed)) => listed.iter().any(|listed| listed.as_str() == namespace),
            (None, None) => true,
        };
        let shut: Vec<(String, crate::problem::Place)> = self
            .readers
            .get(store.name.as_str())
            .into_iter()
            .flatten()
            .filter(|(namespace, _)| !may(namespace))
            .map(|(namespace, place)| (namespace.clone(), place.clone()))
            .collect();
        for (namespace, place) in shut {
            let says =
                format!("this reads through the store `{}` from namespace `{namespace}`, which may not", store.name);
            let hint = match &store.namespace {
                Some(own) => format!(
                    "a store with `namespace: {own}` is for that namespace only; take that line out, or make a store in `{namespace}`"
                ),
                None => format!("add to the store's `namespaces:`\n  - {namespace}"),
            };
            self.report(Problem::new(Code::STORE_CLOSED, says).at(place).hint(hint));
        }
    }

    /// The namespace of the component that provides the first of these capabilities.
    fn namespace_of_provider(&self, capabilities: &[Capability]) -> Option<String> {
        let component = self.provided.get(&capabilities.first()?.name)?.first()?;
        self.homes.get(component).cloned()
    }

    fn storage(&mut self) {
        let profile = self.profile;
        let Some(storage) = &profile.storage else { return };
        let classes: Vec<Value> = storage
            .classes
            .iter()
            .map(|class| {
                json!({
                    "name": class.name, "default": is_set(class.default.as_ref()),
                    "provisioner": self.driver(class.provisioner.as_ref(), &class.name.span, "provisioner"),
                    "policy": class.policy, "datastore": class.datastore, "fsType": class.fs_type,
                    "reclaimPolicy": class.reclaim_policy.unwrap_or(ReclaimPolicy::Delete),
                    "binding": class.binding.unwrap_or(Binding::Immediate),
                    "expandable": class.expandable.unwrap_or(false),
                    "topology": mapping(&class.topology), "parameters": mapping(&class.parameters),
                })
            })
            .collect();
        let snapshot_classes: Vec<Value> = storage
            .snapshot_classes
            .iter()
            .map(|class| {
                json!({
                    "name": class.name, "default": is_set(class.default.as_ref()),
                    "driver": self.driver(class.driver.as_ref(), &class.name.span, "driver"),
                    "deletionPolicy": class.deletion_policy, "parameters": mapping(&class.parameters),
                })
            })
            .collect();
        for claim in &storage.claims {
            self.namespace(claim.namespace.as_str(), None, claim.name.as_str());
        }
        let claims: Vec<Value> = storage
            .claims
            .iter()
            .map(|claim| {
                let modes = if claim.access_modes.is_empty() { vec![AccessMode::ReadWriteOnce] } else { claim.access_modes.clone() };
                json!({ "name": claim.name, "namespace": claim.namespace, "class": claim.class, "size": claim.size, "accessModes": modes })
            })
            .collect();
        let context = json!({ "classes": classes, "snapshotClasses": snapshot_classes, "claims": claims });
        let Some(content) = self.section("storage", &context) else { return };
        let origin = Origin {
            name: "storage".to_owned(),
            folder: Some("storage".to_owned()),
            key: "storage".to_owned(),
            span: storage.span.clone(),
            patches: storage.patches.clone(),
        };
        self.push(origin, content);
    }

    /// The driver that a class names, or the one that the profile provides.
    fn driver(&mut self, said: Option<&At<String>>, span: &std::ops::Range<usize>, key: &str) -> String {
        if let Some(driver) = said {
            return driver.value.clone();
        }
        let drivers: Vec<String> =
            self.provided.keys().filter_map(|name| name.strip_prefix("csi:")).map(str::to_owned).collect();
        match drivers.as_slice() {
            [one] => one.clone(),
            none_or_more => {
                let (says, hint) = match none_or_more.first() {
                    None => (
                        "this class names no driver, and no component of the profile brings one".to_owned(),
                        format!("{key}: csi.example.com"),
                    ),
                    Some(first) => (
                        format!("this class names no driver, and the profile has {}", none_or_more.join(" and ")),
                        format!("{key}: {first}"),
                    ),
                };
                let place = self.profile.place(span);
                self.report(Problem::new(Code::NO_PROVISIONER, says).at(place).hint(format!("add the line `{hint}`")));
                String::new()
            }
        }
    }

    fn namespaces_unit(&mut self) {
        let profile = self.profile;
        for namespace in &profile.namespaces {
            self.namespaces.entry(namespace.name.to_string()).or_default();
        }
        let planned = self.namespaces.clone();
        let mut rendered = Vec::new();
        for (name, planned) in planned.iter().filter(|(name, _)| !is_clusters_own(name)) {
            let said = profile.namespaces.iter().find(|namespace| namespace.name.as_str() == name.as_str());
            let level = said.and_then(|namespace| namespace.pod_security.as_ref());
            if let (Some(level), Some((needed, who))) = (level, &planned.level)
                && level.value < *needed
            {
                self.too_strict(name, level, *needed, who);
            }
            let level = level.map(|level| level.value).or(planned.level.as_ref().map(|(level, _)| *level));
            let mut labels = Map::new();
            for mode in level.iter().flat_map(|_| ["enforce", "audit", "warn"]) {
                labels.insert(format!("pod-security.kubernetes.io/{mode}"), json!(level));
            }
            labels.extend(said.into_iter().flat_map(|namespace| mapping(&namespace.labels)));
            let annotations: Map<String, Value> =
                said.into_iter().flat_map(|namespace| mapping(&namespace.annotations)).collect();
            rendered.push(json!({ "name": name, "labels": labels, "annotations": annotations }));
        }
        if rendered.is_empty() {
            return;
        }
        let Some(content) = self.section("namespaces", &json!({ "namespaces": rendered })) else { return };
        let span = profile
            .namespaces
            .first()
            .map_or(profile.metadata.name.span.clone(), |namespace| namespace.name.span.clone());
        let origin = Origin {
            name: "namespaces".to_owned(),
            folder: Some("namespaces".to_owned()),
            key: "namespaces".to_owned(),
            span,
            patches: Vec::new(),
        };
        self.push(origin, content);
    }

    fn too_strict(&mut self, name: &str, level: &At<PodSecurity>, needed: PodSecurity, who: &str) {
        let says = format!(
            "`{who}` needs the level {} in namespace `{name}`, which would have {}",
            needed.as_str(),
            level.as_str()
        );
        let place = self.profile.place(&level.span);
        self.report(
            Problem::new(Code::POD_SECURITY, says)
                .at(place)
                .because("the API server would refuse its pods (kubernetes.io, Pod Security Standards)")
                .hint(format!("podSecurity: {}", needed.as_str())),
        );
    }
}

fn is_set(flag: Option<&At<bool>>) -> bool {
    flag.is_some_and(|flag| flag.value)
}

/// A user's mapping as JSON, in the profile's order.
fn mapping<K: std::fmt::Display, T: serde::Serialize>(named: &Named<K, T>) -> Map<String, Value> {
    named.0.iter().map(|(key, value)| (key.to_string(), json!(value))).collect()
}
