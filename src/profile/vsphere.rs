//! The vCenter, typed once for all that talk to it, and the roles and policies that its owner makes.

use serde_json::{Value, json};

use crate::decode::schema::Definitions;
use crate::decode::{At, Decode, Port, Reading, section};
use crate::problem::Code;
use crate::texts::{ConfigText, Datacenter, Host, Name, Thumbprint, VcenterUser};
use crate::yaml::Node;

section! {
    /// Whom the CSI driver's roles are given to, and on what.
    pub struct Roles {
        /// The user.
        principal: At<VcenterUser>,
        /// The paths of datastores that volumes may lie on.
        datastores: Vec<At<ConfigText>>,
        /// The paths of the nodes' hosts, or of clusters of hosts; all of the datacenters if nothing is said.
        hosts: Vec<At<ConfigText>>,
    }
}

section! {
    /// A storage policy by tag.
    pub struct Policy {
        /// The policy's name; a storage class names it.
        name: At<ConfigText>,
        /// The tag's category.
        category: At<ConfigText>,
        /// The tag.
        tag: At<ConfigText>,
        /// The datastore that carries the tag, by its path.
        datastore: At<ConfigText>,
    }
}

section! {
    /// The vCenter of the cluster.
    pub struct Vsphere {
        /// Its name or address, as all that talk to it write it.
        server: At<Host>,
        /// Its port; 443 if nothing is said.
        port: Option<At<Port>>,
        /// The SHA-1 thumbprint of its certificate.
        thumbprint: Option<At<Thumbprint>>,
        /// Whether any certificate will do.
        insecure: Option<At<bool>>,
        /// The datacenters with the cluster's nodes.
        datacenters: Vec<At<Datacenter>>,
        /// The cluster's id in the CSI driver, at most 64 characters.
        cluster_id as "clusterId": Option<At<ConfigText>>,
        /// What the CSI driver calls the distribution.
        cluster_distribution as "clusterDistribution": Option<At<ConfigText>>,
        /// Tag categories of regions and zones. Of two, the first is the region's and the second the zone's to a cloud controller,
        /// which takes no other number.
        topology_categories as "topologyCategories": Vec<At<Datacenter>>,
        /// The path of the folder with the nodes' machines.
        node_folder as "nodeFolder": Option<At<ConfigText>>,
        /// Where its users and passwords are kept.
        credentials: Option<At<Credentials>>,
        /// The roles for the CSI driver.
        roles: Option<Roles>,
        /// Storage policies by tag.
        policies: Vec<Policy>,
    }
}

/// Where credentials are kept. Never what they are.
#[derive(Debug, Clone, PartialEq)]
pub enum Credentials {
    /// Nowhere: a bootstrap step asks for them and makes the Secret.
    Ask,
    /// One remote secret with the user's name and the password in it.
    Keys {
        /// The store, if not the first.
        store: Option<At<Name>>,
        /// The remote secret.
        key: ConfigText,
        /// The property with the user's name.
        username: ConfigText,
        /// The property with the password.
        password: ConfigText,
    },
    /// One remote secret that is the whole configuration file.
    File {
        /// The store, if not the first.
        store: Option<At<Name>>,
        /// The remote secret.
        file: ConfigText,
    },
}

impl Credentials {
    /// Which of its forms it is, as component.yaml calls it.
    pub fn form(&self) -> &'static str {
        match self {
            Credentials::Ask => "ask",
            Credentials::Keys { .. } => "keys",
            Credentials::File { .. } => "file",
        }
    }
}

section! {
    /// Where credentials are kept: `key`, `username` and `password` together, or `file` alone.
    pub struct CredentialKeys {
        /// The store, if not the first.
        store: Option<At<Name>>,
        /// The remote secret with both values in it.
        key: Option<ConfigText>,
        /// The property with the user's name.
        username: Option<ConfigText>,
        /// The property with the password.
        password: Option<ConfigText>,
        /// The remote secret that is the whole file.
        file: Option<ConfigText>,
    }
}

impl Decode for Credentials {
    const EXAMPLE: &'static str = "ask";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        if node.text() == Some("ask") {
            return Some(Credentials::Ask);
        }
        let keys = CredentialKeys::decode(node, reading)?;
        match keys {
            CredentialKeys {
                store,
                key: Some(key),
                username: Some(username),
                password: Some(password),
                file: None,
                ..
            } => Some(Credentials::Keys { store, key, username, password }),
            CredentialKeys { store, key: None, username: None, password: None, file: Some(file), .. } => {
                Some(Credentials::File { store, file })
            }
            CredentialKeys { span, .. } => {
                let says = "credentials are either `key`, `username` and `password` together, or `file` alone, or the word `ask`";
                let hint = "key: my-cluster/vsphere\nusername: username\npassword: password";
                reading.report(Code::CHOOSE_ONE, span, says, hint);
                None
            }
        }
    }
    fn schema(definitions: &mut Definitions) -> Value {
        let mut keys = CredentialKeys::schema(definitions);
        keys["type"] = json!("object");
        keys["anyOf"] = json!([{ "required": ["key", "username", "password"] }, { "required": ["file"] }]);
        let ask = json!({ "description": "A bootstrap step asks for them.", "const": "ask" });
        json!({ "anyOf": [ask, keys] })
    }
}
