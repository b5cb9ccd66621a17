//! Where a component's vCenter user and password come from: its own option, or those of `vsphere`. Never what they are.

use serde_json::{Value, json};

use super::Planner;
use crate::catalog::component::Options;
use crate::decode::{At, Decode, Reading};
use crate::problem::{Code, Place, Problem};
use crate::profile::vsphere::Credentials;
use crate::profile::workloads;
use crate::texts::Name;

impl Planner<'_> {
    /// The credentials of a component that needs some: its own option, or those of `vsphere`.
    pub(super) fn credentials(
        &mut self,
        name: &Name,
        asked: &workloads::Component,
        options: &Options,
        place: &Place,
        namespace: Option<&str>,
    ) -> Value {
        let profile = self.profile;
        let own = asked.options.get("credentials");
        let read = own.map(|node| At::<Credentials>::decode(node, &mut Reading::new(&profile.source, self.problems)));
        let said = match read {
            Some(own) => own,
            None => profile.vsphere.as_ref().and_then(|vsphere| vsphere.credentials.clone()),
        };
        if let Some(said) = said.as_ref().filter(|said| !options.takes_credentials(said.value.form())) {
            self.report(wrong_form(name, &said.value).at(profile.place(&said.span)));
        }
        if let Some(said) = &said
            && let Credentials::Keys { store, key, .. } | Credentials::File { store, file: key } = &said.value
        {
            self.remote_key(store.as_ref(), key.as_str(), &profile.place(&said.span));
        }
        match said.map(|credentials| credentials.value) {
            Some(Credentials::Ask) => json!({ "mode": "ask" }),
            Some(Credentials::Keys { store, key, username, password }) => {
                let store = self.store_for(store.as_ref(), place, namespace);
                json!({ "mode": "keys", "store": store, "key": key, "username": username, "password": password })
            }
            Some(Credentials::File { store, file }) => {
                let store = self.store_for(store.as_ref(), place, namespace);
                json!({ "mode": "file", "store": store, "file": file })
            }
            None if own.is_some() => Value::Null,
            None => {
                let says = format!(
                    "the component `{name}` needs the vCenter's user and password, and nothing says where they are"
                );
                self.report(
                    Problem::new(Code::MISSING_CREDENTIALS, says)
                        .at(place.clone())
                        .hint("under `vsphere:` add\ncredentials:\n  key: my-cluster/vsphere\n  username: username\n  password: password\n# or, without a store:\ncredentials: ask"),
                );
                Value::Null
            }
        }
    }
}

/// Credentials in a form that a component has no use for.
fn wrong_form(name: &Name, credentials: &Credentials) -> Problem {
    let says =
        format!("the component `{name}` cannot take the vCenter's user and password as `{}`", credentials.form());
    Problem::new(Code::MISSING_CREDENTIALS, says)
        .because("it reads the two each by itself, not out of a configuration file")
        .hint(format!("components:\n  {name}:\n    credentials:\n      key: my-cluster/vsphere\n      username: username\n      password: password\n# or, without a store:\n    credentials: ask"))
}
