//! What EKS Anywhere and vSphere ask of the machines of a cluster: where they are made, of what, how large, and who may log
//! in. The same thing said once under `defaults` is told once, where it stands.

use super::Check;
use super::vsphere::below;
use crate::decode::At;
use crate::problem::Code;
use crate::profile::eks_anywhere::{EksAnywhere, Group, Machine, OsFamily, Role};
use crate::texts::ConfigText;

/// The user that Bottlerocket has, and no other (eks-anywhere docs, clusterspec/vsphere-spec.md `users`).
const BOTTLEROCKET_USER: &str = "ec2-user";

/// What a machine has at least (eks-anywhere docs, vsphere-prereq.md).
const RECOMMENDED: [(&str, u32); 3] = [("numCPUs", 2), ("memoryMiB", 8192), ("diskGiB", 25)];
/// The memory below which EKS Anywhere raises it by itself, in MiB (pkg/api/v1alpha1/vspheremachineconfig.go).
const LEAST_MEMORY: u32 = 2048;

impl<'a> Check<'a> {
    pub(super) fn machines(&mut self, eks: &EksAnywhere, groups: &[Group<'_>]) {
        self.missing_keys(eks, groups);
        for group in groups {
            let machine = &group.machine;
            let paths = [
                ("datastore", "datastore", &machine.datastore),
                ("folder", "vm", &machine.folder),
                ("resourcePool", "host", &machine.resource_pool),
                ("template", "vm", &machine.template),
            ];
            for (key, kind, path) in paths.into_iter().filter_map(|(key, kind, path)| Some((key, kind, path.as_ref()?)))
            {
                self.inventory_path(key, kind, path);
            }
            self.template_version(machine);
            self.sizes(group.role, machine);
            self.users(machine);
        }
        self.one_system(groups);
    }

    /// What no default can be made up for. Flux applies objects past the command-line tool, which could have filled in more.
    fn missing_keys(&mut self, eks: &EksAnywhere, groups: &[Group<'_>]) {
        let datacenter = self.datacenter_name();
        let by_flux = eks.is_applied_by_flux();
        let lacks = |machine: &Machine, key: &str| match key {
            "datastore" => machine.datastore.is_none(),
            "folder" => machine.folder.is_none(),
            "resourcePool" => machine.resource_pool.is_none(),
            "template" => machine.template.is_none() && (by_flux || machine.system() != OsFamily::Bottlerocket),
            _ => by_flux && machine.users.is_empty(),
        };
        let version = &self.profile.kubernetes.version;
        let examples = [
            ("datastore", format!(" /{datacenter}/datastore/my-datastore")),
            ("folder", format!(" /{datacenter}/vm/my-folder")),
            ("resourcePool", " \"*/Resources\"".to_owned()),
            ("template", format!(" /{datacenter}/vm/Templates/bottlerocket-kube-v{version}")),
            (
                "users",
                "\n    - name: ec2-user\n      sshAuthorizedKeys:\n        - ssh-ed25519 AAAA… me@lab".to_owned(),
            ),
        ];
        for (key, example) in examples {
            let without = groups.iter().filter(|group| lacks(&group.machine, key)).map(Group::label);
            let without = without.collect::<Vec<_>>().join(", ");
            if !without.is_empty() {
                let says = format!("nothing says the `{key}` of the machines of {without}");
                let because = "EKS Anywhere refuses a VSphereMachineConfig without it";
                let hint = format!("under `machines:` add\ndefaults:\n  {key}:{example}");
                self.report(Code::MISSING_KEY, &eks.machines.control_plane.count.span, says, because, hint);
            }
        }
    }

    /// The datacenter's name or path without a `/` in front.
    fn datacenter_name(&self) -> &'a str {
        let first = self.profile.vsphere.as_ref().and_then(|vsphere| vsphere.datacenters.first());
        first.map_or("Datacenter", |name| name.as_str().trim_start_matches('/'))
    }

    /// A path of vSphere's inventory: `/<datacenter>/<kind>/…`. A bare name is looked up at each place anew, or rewritten
    /// by a webhook, so that git and the cluster differ for ever.
    pub(super) fn inventory_path(&mut self, key: &str, kind: &str, path: &At<ConfigText>) {
        if self.profile.vsphere.is_none() {
            return;
        }
        let datacenter = self.datacenter_name();
        let text = path.as_str();
        let prefix = format!("/{datacenter}/{kind}/");
        let rest = below(text, datacenter, kind);
        let pool = |text: &str| text.split('/').any(|part| part == "Resources");
        let fits = match kind {
            "host" => {
                let below = text.strip_prefix("*/").or_else(|| rest?.split_once('/').map(|(_, pool)| pool));
                below.is_some_and(pool)
            }
            _ => rest.is_some(),
        };
        if fits {
            return;
        }
        let last = text.trim_end_matches('/').rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or("my-name");
        let example = match kind {
            "host" => "\"*/Resources\"".to_owned(),
            _ => format!("{prefix}{last}"),
        };
        let says = format!("`{text}` is no full path of this kind in the datacenter {datacenter}");
        let because = match kind {
            "host" => "a pool is `*/Resources`, or `/<datacenter>/host/<cluster>/Resources` and what is below",
            _ => {
                "EKS Anywhere works with full paths (docs, clusterspec/vsphere-spec.md); the datacenter is `vsphere.datacenters`"
            }
        };
        self.report(Code::BAD_INVENTORY_PATH, &path.span, says, because, format!("{key}: {example}"));
    }

    /// A template holds one Kubernetes version, and its name says which.
    fn template_version(&mut self, machine: &Machine) {
        let Some(template) = &machine.template else { return };
        let version = self.profile.kubernetes.version.number();
        let (major, minor) = (version.major, version.minor);
        let forms = [".", "_", "-", ""].map(|joint| format!("{major}{joint}{minor}"));
        if forms.iter().any(|form| template.as_str().contains(form)) {
            return;
        }
        let says =
            format!("the template's path has no `{}`, and the cluster runs Kubernetes {major}.{minor}", forms[0]);
        let because = "a template is made for one Kubernetes version, and its path has to say which: 1.34, 1_34, 1-34 or 134 (eks-anywhere docs, clusterspec/vsphere-spec.md)";
        let hint = format!("template: /{}/vm/Templates/bottlerocket-kube-v{major}.{minor}", self.datacenter_name());
        self.report(Code::WRONG_TEMPLATE, &template.span, says, because, hint);
    }

    fn sizes(&mut self, role: Role<'_>, machine: &Machine) {
        let sizes = [&machine.num_cpus, &machine.memory_mib, &machine.disk_gib];
        for ((key, least), said) in RECOMMENDED.into_iter().zip(sizes) {
            let Some(said) = said.as_ref().filter(|said| said.value < least) else { continue };
            let hint = format!("{key}: {least}");
            let says = format!("no machine is made with `{key}: {}`", said.value);
            if said.value == 0 {
                self.report(Code::SMALL_MACHINE, &said.span, says, "", hint);
            } else if key == "memoryMiB" && said.value < LEAST_MEMORY {
                let because = "EKS Anywhere raises it to 2048, and git would not say what the machines have";
                self.report(Code::SMALL_MACHINE, &said.span, says, because, hint);
            } else if key == "memoryMiB" && role == Role::Etcd {
                let says = format!("machines of etcd with {} MiB are made with {least}", said.value);
                let because = "the command-line tool raises them (pkg/providers/vsphere/defaults.go), and Flux would lower them again";
                self.warn(Code::SMALL_MACHINE, &said.span, says, because, hint);
            } else {
                let says = format!("`{key}: {}` is less than the {least} that EKS Anywhere recommends", said.value);
                self.warn(Code::SMALL_MACHINE, &said.span, says, "eks-anywhere docs, vsphere-prereq.md", hint);
            }
        }
    }

    /// EKS Anywhere looks at the first user.
    fn users(&mut self, machine: &Machine) {
        let Some(user) = machine.users.first() else { return };
        if machine.system() == OsFamily::Bottlerocket && user.name.as_str() != BOTTLEROCKET_USER {
            let says = format!("Bottlerocket has no user `{}`", user.name);
            let because = "EKS Anywhere refuses every other name (docs, clusterspec/vsphere-spec.md)";
            self.report(Code::MACHINE_USER, &user.name.span, says, because, format!("name: {BOTTLEROCKET_USER}"));
        }
        if user.ssh_authorized_keys.is_empty() {
            let says = format!("the user `{}` has no key", user.name);
            let because = "EKS Anywhere refuses a machine config whose first user has none";
            let hint = "sshAuthorizedKeys:\n  - ssh-ed25519 AAAA… me@lab".to_owned();
            self.report(Code::MACHINE_USER, &user.name.span, says, because, hint);
        }
    }

    /// With etcd on machines of its own all groups have one operating system.
    fn one_system(&mut self, groups: &[Group<'_>]) {
        let Some(first) = groups.first().filter(|_| groups.iter().any(|group| group.role == Role::Etcd)) else {
            return;
        };
        let wanted = first.machine.system();
        for group in groups.iter().filter(|group| group.machine.system() != wanted) {
            let span = group.machine.os_family.as_ref().map_or(group.span, |family| &family.span);
            let is = group.machine.system().as_str();
            let says = format!("`{}` runs {is}, and `{}` {}", group.label(), first.label(), wanted.as_str());
            let because = "with etcd on machines of its own EKS Anywhere wants one operating system for all";
            self.report(Code::MIXED_SYSTEMS, span, says, because, format!("osFamily: {}", wanted.as_str()));
        }
    }
}
