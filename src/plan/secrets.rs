//! External secrets of the profile become units, or scripts that ask where there is no store.

use serde_json::{Value, json};

use super::sections::{Origin, mapping, without_nothing};
use super::{Planner, defaults};
use crate::decode::At;
use crate::profile::secrets::{ExternalSecret, Keys};
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
                "name": secret.name, "keys": keys, "known": {}, "labels": mapping(&secret.labels),
                "type": secret.kind.as_ref().map_or("Opaque", |kind| kind.as_str()),
            })),
            Keys::Remote(_) => None,
        };
        let asked: Vec<Value> = secrets.iter().filter_map(asked).collect();
        if asked.is_empty() {
            return;
        }
        let context = json!({ "namespace": namespace, "store": null, "secrets": asked });
        self.script_that_asks(format!("40-secrets-{namespace}.sh"), &context);
    }

    /// A script that asks for Secrets: `namespace`, `secrets`, and the `store` that logs in with them, if one does.
    pub(super) fn script_that_asks(&mut self, name: String, context: &Value) {
        let Some(engine) = self.templates("sections/secrets-asked") else { return };
        let context = Context::of(context, &self.apis);
        self.scripts.push(super::unit::Script { name, template: "secrets.sh.j2".to_owned(), engine, context });
    }
}
