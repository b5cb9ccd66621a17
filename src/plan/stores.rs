//! Stores of the profile become the unit `secret-store`, and steps of the runbook for what is outside of the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::sections::Origin;
use super::unit::{Content, Part};
use super::{Planner, options};
use crate::catalog::Folder;
use crate::catalog::component::{Capability, Login, Refusal, StoreProvider};
use crate::decode::At;
use crate::problem::{Code, Place, Problem, Problems};
use crate::profile::secrets::Store;
use crate::template::Context;
use crate::texts::Name;

impl<'p> Planner<'p> {
    /// The profile's store of this name; without a name, its first.
    fn store_named(&self, name: Option<&At<Name>>) -> Option<&'p Store> {
        let mut stores = self.profile.secrets.iter().flat_map(|secrets| &secrets.stores);
        stores.find(|store| name.is_none_or(|name| store.name.value == name.value))
    }

    /// Reports the name of a remote secret that its store cannot have; the store by name, or the first.
    pub(super) fn remote_key(&mut self, store: Option<&At<Name>>, key: &str, place: &Place) {
        let Some(store) = self.store_named(store) else { return };
        // A provider that cannot be read is told where the store itself is planned.
        let Ok(folder) = self.catalog.provider(store.provider.as_str(), place) else { return };
        let Some(keys) = folder.spec.keys.as_ref().filter(|keys| !options::matches(&keys.pattern, key)) else { return };
        let says =
            format!("`{key}` is no name of a secret in {}, which the store `{}` is", folder.spec.title, store.name);
        let near = key.trim_matches('/').replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let problem = Problem::new(Code::REMOTE_KEY, says).at(place.clone()).because(&keys.because);
        self.report(problem.hint(format!("call it there, and here: {near}")));
    }

    /// A store by name, or the first, for a namespace that reads through it.
    pub(super) fn store_for(&mut self, name: Option<&At<Name>>, place: &Place, reader: Option<&str>) -> Value {
        let Some(store) = self.store_named(name) else {
            let stores = self.profile.secrets.iter().flat_map(|secrets| &secrets.stores);
            let known: Vec<&str> = stores.map(|store| store.name.as_str()).collect();
            let says = match name {
                Some(name) => format!("there is no store `{name}`"),
                None => "this needs a store, and the profile has none".to_owned(),
            };
            let at = name.map_or(place.clone(), |name| self.profile.place(&name.span));
            let hint = match known.as_slice() {
                [] => "add a store to `secrets.stores`, or say `credentials: ask`".to_owned(),
                known => format!("the stores are: {}", known.join(", ")),
            };
            self.report(Problem::new(Code::UNKNOWN_STORE, says).at(at).hint(hint));
            return Value::Null;
        };
        if let Some(reader) = reader {
            let readers = self.readers.entry(store.name.to_string()).or_default();
            readers.entry(reader.to_owned()).or_insert_with(|| place.clone());
        }
        json!({ "kind": store.kind(), "name": store.name })
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
        self.readers_may_read(store);
        let place = self.profile.place(&store.provider.span);
        let folder = self.problems.keep(self.catalog.provider(store.provider.as_str(), &place))?;
        let context = self.store_options(store, &folder)?;
        let home = self.home_of(store, &folder.spec)?;
        self.namespace(&home, None, store.name.as_str());
        let login = folder.spec.login.as_ref();
        let login = login.filter(|login| self.holds(&folder.engine, login.when.as_deref(), &context));
        let context = context.with([("store", self.identity(store, &home, login))]);
        let context = self.with_values(&folder, &context)?;
        if let Some(login) = login {
            self.ask_for_login(store, &home, login, &folder, &context);
        }
        let refused = folder.spec.refused.iter();
        let refused: Vec<&Refusal> =
            refused.filter(|it| self.holds(&folder.engine, Some(&it.when), &context)).collect();
        for refusal in &refused {
            self.refuse(store, refusal, &folder, &context);
        }
        let engine = Arc::clone(&folder.engine);
        self.bootstrap_of(&engine, &context, |name| named_after(name, store.name.as_str()));
        self.notes_of(&folder.spec.title, &folder.spec.notes, &engine, &context);
        let file = Some(format!("{}.yaml", store.name));
        refused.is_empty().then(|| Part { engine, folder: folder.spec.templates.to_string(), file, context })
    }

    /// The context of a store with its options; nothing where they are wrong, so that nothing is said twice.
    fn store_options(&mut self, store: &Store, folder: &Folder<StoreProvider>) -> Option<Context> {
        let mut found = Problems::default();
        let what = format!("the store `{}`", store.name);
        let schema = folder.spec.options.as_ref();
        let options = options::read(self.profile, &what, &store.options, schema, true, &mut found);
        let right = !found.any_error();
        self.problems.extend(found.sorted());
        right.then(|| self.context.with([("options", options)]))
    }

    /// The namespace of what a store has in the cluster: its service account, or the Secret that it logs in with.
    fn home_of(&mut self, store: &Store, spec: &StoreProvider) -> Option<String> {
        let account = store.service_account.as_ref().and_then(|account| account.namespace.as_ref());
        let said = account.or(store.namespace.as_ref()).map(ToString::to_string);
        let home = said.or_else(|| self.namespace_of_provider(&spec.requires));
        if home.is_none() {
            let says = format!("nothing says in which namespace the store `{}` has what it logs in with", store.name);
            let place = self.profile.place(&store.name.span);
            let operators = spec.requires.first().map(|needed| self.catalog.providers_of(&needed.name));
            let operators = operators.unwrap_or_default().join("` or `");
            let hint = format!("add the component `{operators}`, whose namespace it then is");
            self.report(Problem::new(Code::MISSING_KEY, says).at(place).hint(hint));
        }
        home
    }

    /// What its templates know of a store: where it is, who may read through it, and as whom it reads.
    fn identity(&mut self, store: &Store, home: &str, login: Option<&Login>) -> Value {
        let account = store.service_account.as_ref();
        if let (Some(account), Some(_)) = (account, login) {
            let says = format!("the store `{}` logs in with a Secret, and acts as no service account", store.name);
            let place = self.profile.place(&account.span);
            let hint = "take `serviceAccount:` out, or take a way of logging in that needs one";
            self.report(Problem::new(Code::CHOOSE_ONE, says).at(place).hint(hint));
        }
        let account = account.and_then(|account| account.name.as_ref()).unwrap_or(&store.name);
        let readers = || self.readers.get(store.name.as_str()).into_iter().flat_map(BTreeMap::keys).cloned().collect();
        let said = store.namespaces.as_ref().map(|said| said.iter().map(ToString::to_string).collect());
        let namespaces: Option<Vec<String>> = store.namespace.is_none().then(|| said.unwrap_or_else(readers));
        json!({
            "name": store.name, "kind": store.kind(), "namespace": store.namespace, "namespaces": namespaces,
            "provider": store.provider,
            "serviceAccount": login.is_none().then(|| json!({ "name": account, "namespace": home })),
            "login": login.map(|_| json!({ "name": login_of(store), "namespace": home })),
        })
    }

    /// The context with the values that a provider's templates share.
    fn with_values(&mut self, folder: &Folder<StoreProvider>, context: &Context) -> Option<Context> {
        let mut values = Map::new();
        for (name, text) in &folder.spec.values.0 {
            let before = context.with([("values", Value::Object(values.clone()))]);
            let value = self.expand(&folder.engine, &Value::String(text.clone()), &before)?;
            values.insert(name.to_string(), value);
        }
        Some(context.with([("values", Value::Object(values))]))
    }

    /// The script that asks for what a store logs in with, which no store can have.
    fn ask_for_login(
        &mut self,
        store: &Store,
        home: &str,
        login: &Login,
        folder: &Folder<StoreProvider>,
        context: &Context,
    ) {
        let known = login.known.0.iter().map(|(key, text)| (key.to_string(), Value::String(text.clone()))).collect();
        let Some(known) = self.expand(&folder.engine, &Value::Object(known), context) else { return };
        let secret = json!({
            "name": login_of(store), "keys": login.keys, "known": known, "labels": {}, "type": "Opaque",
        });
        let context = json!({ "namespace": home, "store": store.name, "secrets": [secret] });
        self.script_that_asks(format!("40-login-{}.sh", store.name), &context);
    }

    /// Says what the catalog knows to be wrong with a store.
    fn refuse(&mut self, store: &Store, refusal: &Refusal, folder: &Folder<StoreProvider>, context: &Context) {
        let words = json!([refusal.says, refusal.hint]);
        let Some(words) = self.expand(&folder.engine, &words, context) else { return };
        let option = refusal.option.as_deref().and_then(|option| store.options.entry(option));
        let span = option.map_or(&store.provider.span, |(key, _)| &key.span);
        let says = words[0].as_str().unwrap_or(&refusal.says);
        let problem = Problem::new(Code::CONTRADICTION, says).at(self.profile.place(span)).because(&refusal.because);
        self.report(problem.maybe_hint(words[1].as_str().map(str::to_owned)));
    }

    /// Whoever reads through a store must be let in.
    fn readers_may_read(&mut self, store: &Store) {
        let may = |namespace: &str| match (&store.namespace, &store.namespaces) {
            (Some(own), _) => own.as_str() == namespace,
            (None, Some(listed)) => listed.iter().any(|listed| listed.as_str() == namespace),
            (None, None) => true,
        };
        let shut: Vec<(String, Place)> = self
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

/// The Secret that a store logs in with.
fn login_of(store: &Store) -> String {
    format!("{}-login", store.name)
}

/// The name of a store's file of `bootstrap/`, so that two stores of a kind have two: `30-secrets.sh` → `30-secrets-a.sh`.
pub fn named_after(file: &str, store: &str) -> String {
    match file.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}-{store}.{ending}"),
        None => format!("{file}-{store}"),
    }
}
