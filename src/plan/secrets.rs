//! Stores and external secrets of the profile become units, or scripts that ask where there is no store.

use serde_json::{Value, json};

use super::sections::{Origin, mapping, without_nothing};
use super::unit::{Content, Part};
use super::{Planner, defaults, options};
use crate::catalog::component::Capability;
use crate::decode::At;
use crate::problem::{Code, Problem};
use crate::profile::secrets::{ExternalSecret, Keys, Store};
use crate::template::Context;

impl Planner<'_> {
    pub(super) fn external_secrets(&mut self) {
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
            let reference = without_nothing([("key", json!(remote.key)), ("property", json!(remote.property))]);
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
        let Some(engine) = self.templates("sections/secrets-asked") else { return };
        self.scripts.push(super::unit::Script {
            name: format!("40-secrets-{namespace}.sh"),
            template: "secrets.sh.j2".to_owned(),
            engine,
            context: Context::of(&json!({ "namespace": namespace, "secrets": asked }), &self.apis),
        });
    }

    pub(super) fn stores(&mut self) {
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
        let folder = self.problems.keep(self.catalog.provider(store.provider.as_str(), &place))?;
        let what = format!("the store `{}`", store.name);
        let options =
            options::read(self.profile, &what, &store.options, folder.spec.options.as_ref(), true, self.problems);
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
        let context = self.context.with([
            (
                "store",
                json!({
                    "name": store.name, "kind": store.kind(), "namespace": namespace, "namespaces": namespaces,
                    "serviceAccount": { "name": account_name, "namespace": account_namespace },
                }),
            ),
            ("options", options),
        ]);
        let engine = std::sync::Arc::clone(&folder.engine);
        self.bootstrap_of(&engine, &context, |name| named_after(name, store.name.as_str()));
        self.notes_of(&folder.spec.title, &folder.spec.notes, &engine, &context);
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
}

/// The name of a store's file of `bootstrap/`, so that two stores of a kind have two: `30-secrets.sh` → `30-secrets-a.sh`.
fn named_after(file: &str, store: &str) -> String {
    match file.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}-{store}.{ending}"),
        None => format!("{file}-{store}"),
    }
}
