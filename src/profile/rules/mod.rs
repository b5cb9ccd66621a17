//! Rules about a whole profile that need neither catalog nor tree: what must be unique, what must not overlap,
//! which keys exclude each other. What is about networks, vSphere, EKS Anywhere and its Flux has a file of its own.

mod eks_anywhere;
mod gitops;
mod machines;
pub mod networks;
mod vsphere;

use std::collections::BTreeMap;
use std::ops::Range;

use super::Profile;
use super::patch::{Operation, Patch};
use super::secrets::Keys;
use super::workloads::GitSource;
use crate::problem::{Code, Problem, Problems, nearest};
use crate::texts::Name;
use crate::tree::is_in;

/// A profile with places to point at, and the findings so far.
struct Check<'a> {
    profile: &'a Profile,
    problems: &'a mut Problems,
}

/// Checks all rules.
pub fn check(profile: &Profile, problems: &mut Problems) {
    let mut check = Check { profile, problems };
    check.file_name();
    check.unique_names();
    check.default_classes();
    check.networks();
    check.namespaces();
    check.vsphere();
    check.eks_anywhere();
    check.gitops();
    check.secrets();
    check.sources();
    check.needs_itself();
    check.chart_urls();
    check.folders_once();
    check.patches();
}

impl Check<'_> {
    fn report(&mut self, code: Code, span: &Range<usize>, says: String, because: &str, hint: String) {
        self.push(Problem::new(code, says), span, because, hint);
    }

    fn warn(&mut self, code: Code, span: &Range<usize>, says: String, because: &str, hint: String) {
        self.push(Problem::warning(code, says), span, because, hint);
    }

    fn push(&mut self, problem: Problem, span: &Range<usize>, because: &str, hint: String) {
        let problem = problem.at(self.profile.place(span)).hint(hint);
        self.problems.push(if because.is_empty() { problem } else { problem.because(because) });
    }

    fn file_name(&mut self) {
        let path = self.profile.source.name.replace('\\', "/");
        let Some((folder, file)) = path.rsplit_once('/') else { return };
        let stem = file.trim_end_matches(".yaml").trim_end_matches(".yml");
        let name = &self.profile.metadata.name;
        if (folder == "profiles" || folder.ends_with("/profiles")) && stem != name.as_str() {
            let hint = format!("name: {stem}");
            let says = format!("the cluster is called `{name}` and its file `{file}`");
            self.report(Code::NAME_DIFFERS, &name.span, says, "a profile is found by its file's name", hint);
        }
    }

    fn unique_names(&mut self) {
        let profile = self.profile;
        let storage = profile.storage.iter();
        let named = |name: &crate::decode::At<crate::texts::ObjectName>| (name.to_string(), name.span.clone());
        let plain = |name: &crate::decode::At<Name>| (name.to_string(), name.span.clone());
        let stores = profile.secrets.iter().flat_map(|secrets| &secrets.stores);
        self.unique("stores", stores.map(|store| plain(&store.name)).collect());
        self.unique("storage classes", storage.clone().flat_map(|s| &s.classes).map(|c| named(&c.name)).collect());
        self.unique(
            "snapshot classes",
            storage.clone().flat_map(|s| &s.snapshot_classes).map(|c| named(&c.name)).collect(),
        );
        let claims =
            storage.flat_map(|s| &s.claims).map(|c| (format!("{}/{}", c.namespace, c.name), c.name.span.clone()));
        self.unique("claims", claims.collect());
        self.unique("namespaces", profile.namespaces.iter().map(|n| plain(&n.name)).collect());
        let secrets =
            profile.external_secrets.iter().map(|s| (format!("{}/{}", s.namespace, s.name), s.name.span.clone()));
        self.unique("external secrets", secrets.collect());
        let release = |release: &super::workloads::Release| (release.name.to_string(), release.name.span.clone());
        self.unique("releases", profile.releases.iter().map(release).collect());
        self.unique("paths", profile.paths.iter().map(|path| plain(&path.name)).collect());
    }

    fn unique(&mut self, what: &str, names: Vec<(String, Range<usize>)>) {
        self.once(what, names, "give one of them another name");
    }

    fn once(&mut self, what: &str, names: Vec<(String, Range<usize>)>, hint: &str) {
        let mut seen = BTreeMap::new();
        for (name, span) in names {
            if let Some(first) = seen.insert(name.clone(), span.clone()) {
                let (line, _) = self.profile.source.line_column(first.start);
                let says = format!("two {what} are called `{name}`, the first in line {line}");
                self.report(Code::DUPLICATE_NAME, &span, says, "", hint.to_owned());
            }
        }
    }

    fn default_classes(&mut self) {
        let Some(storage) = &self.profile.storage else { return };
        let classes = storage.classes.iter().filter_map(|c| c.default.as_ref().map(|d| (&c.name, d, None)));
        let snapshots = storage.snapshot_classes.iter().filter_map(|c| {
            c.default.as_ref().map(|d| (&c.name, d, Some(c.driver.as_ref().map(|driver| driver.value.clone()))))
        });
        let mut first = BTreeMap::new();
        for (name, default, group) in classes.chain(snapshots).filter(|(_, default, _)| default.value) {
            if let Some(other) = first.insert(group.clone(), name.to_string()) {
                let says = format!("`{other}` is the default class already");
                let because = "with two defaults Kubernetes takes the newer one, and which that is changes";
                self.report(Code::TWO_DEFAULTS, &default.span, says, because, "default: false".to_owned());
            }
        }
    }

    fn namespaces(&mut self) {
        for namespace in &self.profile.namespaces {
            if is_clusters_own(namespace.name.as_str()) {
                let says = format!("the namespace `{}` belongs to the cluster", namespace.name);
                let hint = "leave the item out; things may be put into that namespace all the same".to_owned();
                self.report(Code::RESERVED_NAME, &namespace.name.span, says, "", hint);
            }
        }
    }

    /// A secret that comes from a store needs the store, the named one or a first one.
    fn store_exists(&mut self, store: Option<&crate::decode::At<Name>>, user: &Range<usize>) {
        let stores: Vec<&str> =
            self.profile.secrets.iter().flat_map(|secrets| &secrets.stores).map(|store| store.name.as_str()).collect();
        match store {
            Some(name) if !stores.contains(&name.as_str()) => {
                let hint = match nearest(name.as_str(), stores.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "add it to `secrets.stores`".to_owned(),
                };
                self.report(Code::UNKNOWN_STORE, &name.span, format!("there is no store `{name}`"), "", hint);
            }
            None if stores.is_empty() => {
                let says = "this secret comes from a store, and the profile has none".to_owned();
                let hint = "add a store to `secrets.stores`, or say `ask` to be asked for the value".to_owned();
                self.report(Code::UNKNOWN_STORE, user, says, "", hint);
            }
            _ => {}
        }
    }

    /// A store of a namespace looks for its service account there.
    fn store_accounts(&mut self) {
        for store in self.profile.secrets.iter().flat_map(|secrets| &secrets.stores) {
            let account = store.service_account.as_ref().and_then(|account| account.namespace.as_ref());
            if let (Some(own), Some(other)) = (&store.namespace, account)
                && own.value != other.value
            {
                let says = format!(
                    "the store `{}` is in namespace `{own}`, and looks for its service account there",
                    store.name
                );
                self.report(Code::CHOOSE_ONE, &other.span, says, "", format!("namespace: {own}"));
            }
        }
    }

    fn secrets(&mut self) {
        self.store_accounts();
        for secret in &self.profile.external_secrets {
            let asked = secret.ask.as_ref().is_some_and(|ask| ask.value);
            let of_a_store = [
                ("store", secret.store.is_some()),
                ("template", !secret.template.0.is_empty()),
                ("refresh", secret.refresh.is_some()),
                ("patches", !secret.patches.is_empty()),
            ];
            for (key, _) in of_a_store.into_iter().filter(|(_, said)| asked && *said) {
                let says =
                    format!("`{key}` is for a Secret that comes from a store, and `{}` is asked for", secret.name);
                self.report(
                    Code::CHOOSE_ONE,
                    &secret.name.span,
                    says,
                    "",
                    format!("take `{key}:` out, or `ask: true`"),
                );
            }
            match (&secret.keys.value, asked) {
                (Keys::Names(_), true) => {}
                (Keys::Remote(_), false) => self.store_exists(secret.store.as_ref(), &secret.name.span),
                (Keys::Names(_), false) => {
                    let says = "these keys have no place in a store".to_owned();
                    let hint = "keys:\n  password: my-cluster/registry\n# or, to be asked for the values:\nask: true"
                        .to_owned();
                    self.report(Code::CHOOSE_ONE, &secret.keys.span, says, "", hint);
                }
                (Keys::Remote(_), true) => {
                    let says = "a Secret that is asked for has no places in a store".to_owned();
                    self.report(Code::CHOOSE_ONE, &secret.keys.span, says, "", "keys:\n  - password".to_owned());
                }
            }
        }
    }

    /// The registry path of an OCI chart is without the chart's name.
    fn chart_urls(&mut self) {
        for release in &self.profile.releases {
            let twice = release.url.as_str().strip_suffix(release.chart.as_str()).and_then(|url| url.strip_suffix('/'));
            if let Some(url) = twice.filter(|_| release.url.as_str().starts_with("oci://")) {
                let says = format!("the chart's name `{}` stands in the URL, too", release.chart);
                let because = "the chart is looked for below the URL, by its name";
                self.report(Code::BAD_URL, &release.url.span, says, because, format!("url: {url}"));
            }
        }
    }

    /// Two units that apply one folder undo each other's pruning.
    fn folders_once(&mut self) {
        let paths = &self.profile.paths;
        for (index, path) in paths.iter().enumerate() {
            let from = |path: &super::workloads::GitPath| path.source.as_ref().map(|source| source.git.value.clone());
            let clash = |other: &&super::workloads::GitPath| {
                let (a, b) = (path.path.as_str(), other.path.as_str());
                from(path) == from(other)
                    && (is_in(a, b) || is_in(b, a))
                    && path.target_namespace == other.target_namespace
            };
            if let Some(other) = paths[..index].iter().find(clash) {
                let says =
                    format!("`{}` and `{}` apply the same folder, or one inside of the other", other.name, path.name);
                let because = "its objects would have two owners, and each prunes what the other has";
                self.report(
                    Code::PATH_CLASH,
                    &path.path.span,
                    says,
                    because,
                    "give each a folder of its own".to_owned(),
                );
            }
        }
    }

    /// What waits for itself waits for ever.
    fn needs_itself(&mut self) {
        let profile = self.profile;
        let components = profile.components.0.iter().map(|(name, component)| (name.as_str(), &component.needs));
        let releases = profile.releases.iter().map(|release| (release.name.as_str(), &release.needs));
        let paths = profile.paths.iter().map(|path| (path.name.as_str(), &path.needs));
        for (name, needs) in components.chain(releases).chain(paths) {
            for need in needs.iter().filter(|need| need.as_str() == name) {
                let says = format!("`{name}` waits for itself");
                self.report(Code::DEPENDENCY_CYCLE, &need.span, says, "", "take the line out".to_owned());
            }
        }
    }

    fn sources(&mut self) {
        for path in &self.profile.paths {
            let Some(GitSource { tag, branch, semver, span, .. }) = &path.source else { continue };
            let said = [tag.is_some(), branch.is_some(), semver.is_some()].into_iter().filter(|said| *said).count();
            if said != 1 {
                let says = "a source has one of `tag`, `branch` and `semver`".to_owned();
                let because = if said == 0 { "without one Flux follows the branch `master`" } else { "" };
                self.report(Code::CHOOSE_ONE, span, says, because, "tag: v1.2.3".to_owned());
            }
        }
    }

    fn patches(&mut self) {
        let profile = self.profile;
        let lists = [
            profile.storage.as_ref().map(|storage| &storage.patches),
            profile.secrets.as_ref().map(|secrets| &secrets.patches),
            profile.eks_anywhere.as_ref().map(|eks| &eks.patches),
        ];
        let components = profile.components.0.iter().map(|(_, component)| &component.patches);
        let releases = profile.releases.iter().map(|release| &release.patches);
        let paths = profile.paths.iter().map(|path| &path.patches);
        let secrets = profile.external_secrets.iter().map(|secret| &secret.patches);
        let all = lists.into_iter().flatten().chain(components).chain(releases).chain(paths).chain(secrets);
        for patch in all.flatten() {
            self.patch(patch);
        }
    }

    fn patch(&mut self, patch: &Patch) {
        if patch.merge.is_some() == patch.ops.is_some() {
            let says = "a patch has either `merge` or `ops`".to_owned();
            let hint = "merge:\n  metadata:\n    labels:\n      team: platform".to_owned();
            self.report(Code::CHOOSE_ONE, &patch.span, says, "", hint);
        }
        for op in patch.ops.iter().flatten() {
            let (wants_value, wants_from) = match op.op {
                Operation::Add | Operation::Replace | Operation::Test => (true, false),
                Operation::Remove => (false, false),
                Operation::Move | Operation::Copy => (false, true),
            };
            if op.value.0.is_some() != wants_value || op.from.is_some() != wants_from {
                let takes = match (wants_value, wants_from) {
                    (true, _) => "takes `value` and no `from`",
                    (_, true) => "takes `from` and no `value`",
                    _ => "takes neither `value` nor `from`",
                };
                let says = format!("the operation `{}` {takes}", op.op.as_str());
                self.report(Code::CHOOSE_ONE, &op.span, says, "", "op: add\npath: /spec/replicas\nvalue: 1".to_owned());
            }
        }
    }
}

/// Namespaces that come with a cluster or with Flux: fluxwright never renders them.
pub fn is_clusters_own(namespace: &str) -> bool {
    matches!(namespace, "default" | "flux-system" | "eksa-system") || namespace.starts_with("kube-")
}
