//! Where secrets come from: stores, and the Secrets that are made of them. Never a secret itself.

use serde_json::Value;

use super::patch::Patch;
use crate::decode::schema::{Definitions, either};
use crate::decode::{At, Decode, Named, Reading, section};
use crate::texts::{ConfigText, DataKey, Duration, LabelKey, LabelValue, Name, ObjectName};
use crate::yaml::{Kind, Node};

section! {
    /// Who a store acts as in the cluster.
    pub struct ServiceAccount {
        /// Its name.
        name: Option<Name>,
        /// Its namespace.
        namespace: Option<At<Name>>,
    }
}

section! {
    /// A store: the keys that every store has, and the options of its provider.
    pub struct Store {
        /// Its name.
        name: At<Name>,
        /// What kind of store it is.
        provider: At<Name>,
        /// With a namespace it is a SecretStore there, without one a ClusterSecretStore.
        namespace: Option<At<Name>>,
        /// Who may read through it; those that do if nothing is said.
        namespaces: Option<Vec<At<Name>>>,
        /// Who it acts as.
        service_account as "serviceAccount": Option<ServiceAccount>,
        ..
        /// What only its provider knows.
        options,
    }
}

impl Store {
    /// The kind of object that it is.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() { "SecretStore" } else { "ClusterSecretStore" }
    }
}

section! {
    /// The stores, and changes to what is rendered of them.
    pub struct Secrets {
        /// The stores; the first is the default.
        stores: Vec<Store>,
        /// Changes to what is rendered.
        patches: Vec<Patch>,
    }
}

/// Where one key of a Secret comes from.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RemoteKey {
    /// The remote secret.
    pub key: ConfigText,
    /// The property in it.
    pub property: Option<ConfigText>,
}

section! {
    /// The mapping form of [`RemoteKey`].
    pub struct RemoteProperty {
        /// The remote secret.
        key: ConfigText,
        /// The property in it.
        property: Option<ConfigText>,
    }
}

impl Decode for RemoteKey {
    const EXAMPLE: &'static str = "my-cluster/registry";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        if let Kind::Scalar { .. } = node.kind {
            return Some(RemoteKey { key: ConfigText::decode(node, reading)?, property: None });
        }
        let RemoteProperty { key, property, .. } = RemoteProperty::decode(node, reading)?;
        Some(RemoteKey { key, property })
    }
    fn schema(definitions: &mut Definitions) -> Value {
        let about = "The remote secret, or `key` and `property` of it.";
        either(about, ConfigText::schema(definitions), RemoteProperty::schema(definitions))
    }
}

/// The keys of a Secret: with the place of each in a store, or their names only where a person is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Keys {
    /// Names; a bootstrap step asks for the values.
    Names(Vec<DataKey>),
    /// Names with their places.
    Remote(Named<DataKey, RemoteKey>),
}

impl Decode for Keys {
    const EXAMPLE: &'static str = "{ password: my-cluster/registry }";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        match node.kind {
            Kind::List(_) => Vec::decode(node, reading).map(Keys::Names),
            _ => Named::decode(node, reading).map(Keys::Remote),
        }
    }
    fn schema(definitions: &mut Definitions) -> Value {
        let about = "Names with their places in a store; only a list of names where a person is asked.";
        either(about, Vec::<DataKey>::schema(definitions), Named::<DataKey, RemoteKey>::schema(definitions))
    }
}

section! {
    /// A Secret that is made of a store's values, or asked for.
    pub struct ExternalSecret {
        /// The Secret's name.
        name: At<ObjectName>,
        /// Its namespace.
        namespace: At<Name>,
        /// The store, if not the first.
        store: Option<At<Name>>,
        /// Whether a bootstrap step asks for the values instead.
        ask: Option<At<bool>>,
        /// The Secret's type; `Opaque` if nothing is said.
        kind as "type": Option<LabelKey>,
        /// Its keys.
        keys: At<Keys>,
        /// Texts made of the keys' values, as Go templates.
        template: Named<DataKey, String>,
        /// Labels of the Secret.
        labels: Named<LabelKey, LabelValue>,
        /// How often the store is asked; an hour if nothing is said.
        refresh: Option<Duration>,
        /// Changes to what is rendered.
        patches: Vec<Patch>,
    }
}
