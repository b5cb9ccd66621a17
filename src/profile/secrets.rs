//! Where secrets come from: stores, and the Secrets that are made of them. Never a secret itself.

use super::patch::Patch;
use crate::decode::{At, Decode, Named, Reading, section};
use crate::texts::{ConfigText, DataKey, Duration, LabelKey, LabelValue, Name, ObjectName};
use crate::yaml::{Key, Kind, Node};

section! {
    /// Who a store acts as in the cluster.
    pub struct ServiceAccount {
        /// Its name.
        name: Option<Name>,
        /// Its namespace.
        namespace: Option<At<Name>>,
    }
}

/// A store: the keys that every store has, and the options of its provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// Its bytes.
    pub span: std::ops::Range<usize>,
    /// Its name.
    pub name: At<Name>,
    /// The folder of the catalog that renders it.
    pub provider: At<Name>,
    /// With a namespace it is a SecretStore there, without one a ClusterSecretStore.
    pub namespace: Option<At<Name>>,
    /// Who may read through it; those that do if nothing is said.
    pub namespaces: Option<Vec<At<Name>>>,
    /// Who it acts as.
    pub service_account: Option<ServiceAccount>,
    /// What only its provider knows.
    pub options: Node,
}

impl Store {
    /// The kind of object that it is.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() { "SecretStore" } else { "ClusterSecretStore" }
    }
}

const STORE_KEYS: &[&str] = &["name", "provider", "namespace", "namespaces", "serviceAccount"];

impl Decode for Store {
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        reading.entries(node)?;
        let name = reading.field(node, "name");
        let provider = reading.field(node, "provider");
        let namespace = reading.field(node, "namespace");
        let namespaces = reading.field(node, "namespaces");
        let service_account = reading.field(node, "serviceAccount");
        Some(Store {
            span: node.span.clone(),
            name: name?,
            provider: provider?,
            namespace: namespace?,
            namespaces: namespaces?,
            service_account: service_account?,
            options: without(node, STORE_KEYS),
        })
    }
}

/// A mapping without some of its keys: what is left is read by whoever knows it.
pub fn without(node: &Node, keys: &[&str]) -> Node {
    let left = |entry: &&(Key, Node)| !keys.contains(&entry.0.text.as_str());
    let entries = match &node.kind {
        Kind::Map(entries) => entries.iter().filter(left).cloned().collect(),
        _ => Vec::new(),
    };
    Node { span: node.span.clone(), kind: Kind::Map(entries) }
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
