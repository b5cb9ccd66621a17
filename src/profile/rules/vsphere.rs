//! What vCenter and those who talk to it ask of a profile: the CSI driver of its configuration, the tools that make roles and
//! policies of names and paths.

use super::Check;
use crate::decode::At;
use crate::problem::Code;
use crate::profile::vsphere::{Credentials, Vsphere};
use crate::texts::ConfigText;

/// What govc takes for a pattern in a path (Go's path.Match).
const PATTERN: [char; 4] = ['*', '?', '[', '\\'];

impl<'a> Check<'a> {
    pub(super) fn vsphere(&mut self) {
        let Some(vsphere) = &self.profile.vsphere else { return };
        self.configuration(vsphere);
        self.paths(vsphere);
        self.names(vsphere);
        self.twice(vsphere);
        self.nothing_given(vsphere);
    }

    fn configuration(&mut self, vsphere: &Vsphere) {
        if let (Some(insecure), Some(thumbprint)) = (&vsphere.insecure, &vsphere.thumbprint)
            && insecure.value
        {
            let says = "`insecure: true` and a thumbprint exclude each other".to_owned();
            let because = "with `insecure` any certificate will do, and the thumbprint is never looked at";
            self.report(Code::CHOOSE_ONE, &thumbprint.span, says, because, "take out `insecure: true`".to_owned());
        }
        if let Some(insecure) = vsphere.insecure.as_ref().filter(|insecure| insecure.value) {
            let says = "whatever answers for the vCenter gets its user and password".to_owned();
            let because = "with `insecure: true` no certificate is looked at";
            let hint = "thumbprint: \"AA:BB:…\"\n# in its place, the SHA-1 one of: govc about.cert -k";
            self.warn(Code::INSECURE, &insecure.span, says, because, hint.to_owned());
        }
        if let Some(id) = &vsphere.cluster_id
            && id.as_str().len() > 64
        {
            let because = "the CSI driver takes at most 64 characters (vsphere-csi-driver pkg/common/config/config.go)";
            let says = format!("the cluster id has {} characters", id.as_str().len());
            self.report(Code::BAD_CONFIG_TEXT, &id.span, says, because, "shorten it to 64 characters".to_owned());
        }
        if let Some(distribution) = vsphere.cluster_distribution.as_ref().filter(|text| text.as_str().len() > 128) {
            let because =
                "with more than 128 characters claims stay Pending (docs/book/driver-deployment/installation.md)";
            let says = format!("the distribution has {} characters", distribution.as_str().len());
            self.report(
                Code::BAD_CONFIG_TEXT,
                &distribution.span,
                says,
                because,
                "clusterDistribution: Vanilla".to_owned(),
            );
        }
        if let Some(sixth) = vsphere.topology_categories.get(5) {
            let because = "the CSI driver takes at most 5 (vsphere-csi-driver pkg/common/config/config.go)";
            let says = format!("there are {} topology categories", vsphere.topology_categories.len());
            self.report(Code::BAD_CONFIG_TEXT, &sixth.span, says, because, "leave some out".to_owned());
        }
        if vsphere.datacenters.is_empty() {
            let says = "`datacenters` is missing here".to_owned();
            self.report(Code::MISSING_KEY, &vsphere.span, says, "", "datacenters:\n  - Datacenter".to_owned());
        }
        match vsphere.credentials.as_ref().map(|credentials| &credentials.value) {
            Some(Credentials::Keys { store, .. } | Credentials::File { store, .. }) => {
                let span = vsphere.credentials.as_ref().map_or(0..0, |credentials| credentials.span.clone());
                self.store_exists(store.as_ref(), &span);
            }
            Some(Credentials::Ask) | None => {}
        }
    }

    /// Where roles and tags go: objects of vCenter's inventory.
    fn paths(&mut self, vsphere: &'a Vsphere) {
        let roles = vsphere.roles.iter();
        let datastores = roles.clone().flat_map(|roles| &roles.datastores).map(|path| ("-", "datastore", path));
        let hosts = roles.flat_map(|roles| &roles.hosts).map(|path| ("-", "host", path));
        let folder = vsphere.node_folder.iter().map(|path| ("nodeFolder:", "vm", path));
        let tagged = vsphere.policies.iter().map(|policy| ("datastore:", "datastore", &policy.datastore));
        for (key, kind, path) in datastores.chain(hosts).chain(folder).chain(tagged) {
            self.object_path(key, kind, path);
        }
    }

    fn object_path(&mut self, key: &str, kind: &str, path: &At<ConfigText>) {
        let Some(vsphere) = &self.profile.vsphere else { return };
        let names: Vec<&str> = vsphere.datacenters.iter().map(|name| name.as_str().trim_matches('/')).collect();
        let Some(first) = names.first() else { return };
        let text = path.as_str();
        let fits = |below: &str| !below.split('/').any(|part| matches!(part, "" | "Resources"));
        let there = names.iter().any(|name| below(text, name, kind).is_some_and(fits));
        if there && !text.contains(PATTERN) {
            return;
        }
        let what = match kind {
            "host" => "a host, or of a cluster of hosts,",
            "vm" => "a folder of machines",
            _ => "a datastore",
        };
        let says = format!("`{text}` is no full path of {what} in {}", names.join(" or "));
        let because =
            "a permission or a tag goes to one object, and a name or a pattern may mean several (govc, Terraform)";
        let parts =
            text.rsplit('/').map(|part| part.trim_matches(PATTERN)).filter(|part| !matches!(*part, "" | "Resources"));
        let last = parts.into_iter().next().unwrap_or("my-name");
        let hint = format!("{key} /{first}/{kind}/{last}");
        self.report(Code::BAD_INVENTORY_PATH, &path.span, says, because, hint);
    }

    fn names(&mut self, vsphere: &'a Vsphere) {
        for policy in &vsphere.policies {
            for (key, name) in [("name", &policy.name), ("category", &policy.category), ("tag", &policy.tag)] {
                if let Some(rest) = name.as_str().strip_prefix('-') {
                    let says = format!("`{name}` begins with `-`");
                    let because = "govc would take it for an option";
                    let hint = format!("{key}: {}", rest.trim_start_matches('-'));
                    self.report(Code::BAD_CONFIG_TEXT, &name.span, says, because, hint);
                }
            }
        }
    }

    fn twice(&mut self, vsphere: &'a Vsphere) {
        let named = |path: &At<ConfigText>| (path.to_string(), path.span.clone());
        let datacenters = vsphere.datacenters.iter();
        let datacenters = datacenters.map(|name| (name.as_str().trim_matches('/').to_owned(), name.span.clone()));
        let hint = "take one of the two out";
        self.once("datacenters", datacenters.collect(), hint);
        let roles = vsphere.roles.iter();
        self.once("datastores", roles.clone().flat_map(|roles| &roles.datastores).map(named).collect(), hint);
        self.once("hosts", roles.flat_map(|roles| &roles.hosts).map(named).collect(), hint);
        self.unique("storage policies", vsphere.policies.iter().map(|policy| named(&policy.name)).collect());
    }

    /// A user who is given too little to work: somebody else may give it the rest.
    fn nothing_given(&mut self, vsphere: &'a Vsphere) {
        let Some(roles) = &vsphere.roles else { return };
        let Some(datacenter) = vsphere.datacenters.first() else { return };
        let datacenter = datacenter.as_str().trim_matches('/');
        let span = &roles.principal.span;
        if roles.datastores.is_empty() {
            let says = format!("`{}` is given no datastore", roles.principal);
            let because = "the CSI driver passes over datastores that it may not write to (docs/book/driver-deployment/prerequisites.md)";
            let hint = format!("datastores:\n  - /{datacenter}/datastore/my-datastore");
            self.warn(Code::MISSING_KEY, span, says, because, hint);
        }
        if roles.hosts.is_empty() && vsphere.node_folder.is_none() {
            let says = format!("`{}` is given no machine that it may attach volumes to", roles.principal);
            let because = "it needs the folder with the nodes' machines, or their hosts";
            let hint = format!("under `vsphere:` add\nnodeFolder: /{datacenter}/vm/my-folder");
            self.warn(Code::MISSING_KEY, span, says, because, hint);
        }
        let classes = self.profile.storage.iter().flat_map(|storage| &storage.classes);
        if let Some(class) = classes.into_iter().find(|class| class.is_of_files())
            && roles.hosts.is_empty()
        {
            let says =
                format!("`{}` is given no hosts, and the volumes of `{}` are files", roles.principal, class.name);
            let because = "hosts of vSAN serve them, and the CSI driver has to be allowed to tell them whom";
            let hint = format!("hosts:\n  - /{datacenter}/host/my-cluster");
            self.warn(Code::MISSING_KEY, span, says, because, hint);
        }
    }
}

/// What is below a datacenter's folder of a kind in a full path of vCenter's inventory: `/<datacenter>/<kind>/…`.
pub(super) fn below<'t>(path: &'t str, datacenter: &str, kind: &str) -> Option<&'t str> {
    let rest =
        path.strip_prefix('/')?.strip_prefix(datacenter)?.strip_prefix('/')?.strip_prefix(kind)?.strip_prefix('/')?;
    (!rest.is_empty() && !rest.starts_with('/')).then_some(rest)
}
