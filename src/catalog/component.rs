//! The format of component.yaml and store.yaml. Users' own components depend on its keys, so they only ever grow.

use serde_json::Value;

use super::ranges::Range;
use crate::decode::schema::{Definitions, either};
use crate::decode::{At, Decode, Named, Reading, choice, section};
use crate::profile::cluster::PodSecurity;
use crate::texts::{ChartUrl, DataKey, Duration, GitUrl, Name, ReleaseName, RepoPath, Version};
use crate::yaml::{Kind, Node};

section! {
    /// A folder of the catalog that renders a part of a cluster.
    pub struct Component {
        /// The folder's name.
        name: At<Name>,
        /// Its name for people.
        title: String,
        /// One sentence on what it is for.
        about: String,
        /// Where its makers are.
        homepage: String,
        /// The namespace that it lives in.
        namespace: Option<OwnNamespace>,
        /// Its options, as the `properties` of a JSON Schema object; `required` names those that must be there.
        options: Option<Options>,
        /// Capabilities that its `app` unit (or its last) provides.
        provides: Vec<Capability>,
        /// Capabilities that its `app` unit (or its last) requires.
        requires: Vec<Capability>,
        /// Capabilities that nothing else of the cluster may provide.
        conflicts: Vec<Conflict>,
        /// Known versions, and what each needs. Without rows the component has no version.
        versions: Vec<VersionRow>,
        /// That its makers gave it up.
        retired: Option<Retired>,
        /// How Renovate finds new versions.
        renovate: Option<Renovate>,
        /// Where its facts come from, one line each.
        sources: Vec<String>,
        /// Built-in folders of `shared/` whose files count as its own, for components that are the same in parts. A file of its own
        /// stands before a shared one of the same path.
        shares: Vec<At<Name>>,
        /// What a person has to know of it, for the cluster's README.
        notes: Vec<Note>,
        /// What it renders, in the order in which its parts wait for each other.
        units: Vec<UnitSpec>,
    }
}

impl Component {
    /// The name of one of its units among all units of a cluster: `app` has the component's own.
    pub fn unit_name(&self, unit: &UnitSpec) -> String {
        match unit.name.as_str() {
            "app" => self.name.to_string(),
            other => format!("{}-{other}", self.name),
        }
    }

    /// Whether one of its options is a version, of which a row of its own versions can ask something.
    pub fn has_version_option(&self, name: &str) -> bool {
        self.options.as_ref().is_some_and(|options| options.format(name) == Some("version"))
    }

    /// The unit that what the component as a whole provides and requires is said of: `app`, or its last.
    pub fn carrier(&self) -> Option<&UnitSpec> {
        self.units.iter().find(|unit| unit.name.as_str() == "app").or(self.units.last())
    }
}

section! {
    /// A folder of the catalog that renders a secret store.
    pub struct StoreProvider {
        /// The folder's name; `provider:` in a profile.
        name: At<Name>,
        /// Its name for people.
        title: String,
        /// One sentence on what it is for.
        about: String,
        /// Where its makers are.
        homepage: String,
        /// Its options.
        options: Option<Options>,
        /// Capabilities that the store requires.
        requires: Vec<Capability>,
        /// Where its facts come from.
        sources: Vec<String>,
        /// What a person has to know of it, for the cluster's README.
        notes: Vec<Note>,
        /// The Secret that the store logs in with; without one it acts as a service account.
        login: Option<Login>,
        /// Values that its templates ask for as `values.<name>`. Each may hold `<{ … }>`, and ask for those before it.
        values: Named<DataKey, String>,
        /// Options that it takes, and that cannot work.
        refused: Vec<Refusal>,
        /// Built-in folders of `shared/` whose files count as its own, as of a component.
        shares: Vec<At<Name>>,
        /// The folder with its templates.
        templates: RepoPath,
    }
}

section! {
    /// A Secret that a store logs in with: no store can have it, so a step of `bootstrap/` asks for it.
    pub struct Login {
        /// An expression; the store logs in with it only where it holds.
        when: Option<String>,
        /// Its keys whose values are asked for.
        keys: Vec<DataKey>,
        /// Its keys whose values are no secret. May hold `<{ … }>`.
        known: Named<DataKey, String>,
    }
}

section! {
    /// Options that a schema cannot refuse, since more than one of them counts.
    pub struct Refusal {
        /// An expression; they are refused where it holds.
        when: String,
        /// The option at which that is said; the provider if nothing is said.
        option: Option<String>,
        /// What is wrong. May hold `<{ … }>`.
        says: String,
        /// Why that cannot work.
        because: String,
        /// What to write instead. May hold `<{ … }>`.
        hint: Option<String>,
    }
}

section! {
    /// A paragraph of the cluster's README.
    pub struct Note {
        /// The paragraph, as Markdown. May hold `<{ … }>`.
        text: String,
        /// An expression; the note stands there only where it holds.
        when: Option<String>,
    }
}

section! {
    /// How a person sees that something is as it should be; a step of `bootstrap/verify.sh`.
    pub struct Expectation {
        /// The object as `kubectl` names it: `deployment/x`, `csidriver/x`. May hold `<{ … }>`.
        object: String,
        /// Its namespace, if it has one. May hold `<{ … }>`.
        namespace: Option<String>,
        /// `there`; `rollout`, all its pods are up; `condition=Ready` and `jsonpath={.status.phase}=Bound`, as `kubectl wait` takes
        /// them; `has={.status.loadBalancer.ingress}`, the path gives something.
        expect: String,
        /// An expression; it is looked at only where it holds.
        when: Option<String>,
    }
}

section! {
    /// A namespace of a component.
    pub struct OwnNamespace {
        /// Its name.
        name: Name,
        /// The level that its pods need.
        pod_security as "podSecurity": PodSecurity,
    }
}

section! {
    /// Options, as a JSON Schema object.
    pub struct Options {
        /// A schema for each option, with `description`, `default` where it may be missing, and `examples` where it must be
        /// there, of which the first stands in what people are told to type. Beside the formats of JSON Schema there are
        /// `image`, `version`, `role-arn`, `issuer-url`, `address-range` (which nothing else of the cluster may have) and, for
        /// the option `credentials` only, `vsphere-credentials`, whose `forms` are those that it takes: `ask`, `keys`, `file`.
        properties: Value,
        /// Options that must be there.
        required: Vec<String>,
    }
}

impl Options {
    /// As a JSON Schema that refuses unknown options.
    pub fn schema(&self) -> Value {
        serde_json::json!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }

    /// Whether the option says where vSphere credentials are kept: it has that format, and the name that templates know.
    pub fn is_credentials(&self, name: &str) -> bool {
        name == "credentials" && self.format(name) == Some("vsphere-credentials")
    }

    /// Whether the option for credentials takes them in a form, `ask`, `keys` or `file`; all of them where it says no `forms`.
    pub fn takes_credentials(&self, form: &str) -> bool {
        let forms = self.properties.get("credentials").and_then(|schema| schema.get("forms")).and_then(Value::as_array);
        forms.is_none_or(|forms| forms.iter().any(|one| one == form))
    }

    /// The format that an option has.
    fn format(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.get("format")?.as_str()
    }
}

/// A capability that is provided or required.
#[derive(Debug, Clone, PartialEq)]
pub struct Capability {
    /// Its name: `crd:<group>/<kind>`, `csi:<driver>`, `controller:<group>`, `secret:<namespace>/<name>`, `profile:<section>`,
    /// `node-initialized`.
    pub name: String,
    /// An expression; the capability counts only where it holds.
    pub when: Option<String>,
    /// Whether the cluster works without: then it only orders.
    pub optional: bool,
}

section! {
    /// The mapping form of [`Capability`].
    pub struct CapabilityMapping {
        /// Its name.
        capability: String,
        /// An expression.
        when: Option<String>,
        /// Whether the cluster works without.
        optional: Option<bool>,
    }
}

impl Decode for Capability {
    const EXAMPLE: &'static str = "crd:example.com/Widget";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        if let Kind::Scalar { .. } = node.kind {
            return Some(Capability { name: String::decode(node, reading)?, when: None, optional: false });
        }
        let CapabilityMapping { capability, when, optional, .. } = CapabilityMapping::decode(node, reading)?;
        Some(Capability { name: capability, when, optional: optional.unwrap_or(false) })
    }
    fn schema(definitions: &mut Definitions) -> Value {
        either("A capability.", String::schema(definitions), CapabilityMapping::schema(definitions))
    }
}

/// A capability that the component does not go with: most often one of its own, which only one may provide.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Its name, as in [`Capability`]; also `node-os:<family>` and `default:storage-class`, which only the cluster has.
    pub capability: String,
    /// An expression; the conflict counts only where it holds.
    pub when: Option<String>,
    /// Why they do not go together, where that does not go without saying.
    pub because: Option<String>,
}

section! {
    /// The mapping form of [`Conflict`].
    pub struct ConflictMapping {
        /// The capability.
        capability: String,
        /// An expression.
        when: Option<String>,
        /// Why they do not go together.
        because: Option<String>,
    }
}

impl Decode for Conflict {
    const EXAMPLE: &'static str = "csi:csi.example.com";
    fn decode(node: &Node, reading: &mut Reading<'_>) -> Option<Self> {
        if let Kind::Scalar { .. } = node.kind {
            return Some(Conflict { capability: String::decode(node, reading)?, when: None, because: None });
        }
        let ConflictMapping { capability, when, because, .. } = ConflictMapping::decode(node, reading)?;
        Some(Conflict { capability, when, because })
    }
    fn schema(definitions: &mut Definitions) -> Value {
        either("A capability.", String::schema(definitions), ConflictMapping::schema(definitions))
    }
}

section! {
    /// A range of versions, and what is known about it.
    pub struct VersionRow {
        /// The range.
        matches as "match": Range,
        /// The newest release in it that was known when the row was written.
        newest: Version,
        /// What it needs: `kubernetes`, a component's name, or an option of its own with the format `version`, and a range.
        needs: Named<Name, Range>,
        /// Why it cannot be used at all.
        refused: Option<String>,
        /// Where that is from.
        source: String,
    }
}

section! {
    /// That a component's makers gave it up, or will.
    pub struct Retired {
        /// When.
        date: String,
        /// Why, and what to use instead.
        because: String,
        /// Where that is from.
        source: String,
    }
}

section! {
    /// What stands in a `# renovate:` comment.
    pub struct Renovate {
        /// The datasource.
        datasource: String,
        /// The name there.
        dep_name as "depName": String,
        /// The registry.
        registry_url as "registryUrl": Option<String>,
        /// How a tag becomes a version.
        extract_version as "extractVersion": Option<String>,
    }
}

choice! {
    /// What Flux does with CRDs in a chart's `crds/` folder.
    pub enum ChartCrds {
        /// The chart has none there.
        None = "none",
        /// Create and replace.
        CreateReplace = "CreateReplace",
        /// Leave them out; another unit brings what is needed of them.
        Skip = "Skip",
    }
}

section! {
    /// A Helm chart; its values are `values.yaml.j2` of the folder.
    pub struct ChartSpec {
        /// The HTTP repository, or `oci://` and the path without the chart's name.
        url: ChartUrl,
        /// The chart.
        name: String,
        /// The name of the Helm release, which names its objects; the unit's if nothing is said.
        release: Option<ReleaseName>,
        /// What is done with its `crds/` folder; `none` if nothing is said.
        crds: Option<ChartCrds>,
    }
}

section! {
    /// Manifests of another git repository; texts may hold `<{ … }>`, items of lists a `when:`.
    pub struct GitSpec {
        /// Where it is.
        url: GitUrl,
        /// The tag.
        tag: String,
        /// The folder.
        path: At<String>,
        /// The folders that are fetched, where Flux can choose; all that units of the component need.
        sparse_checkout as "sparseCheckout": Vec<RepoPath>,
        /// What of the repository is left out, as .gitignore writes it.
        ignore: Option<String>,
        /// Images that are replaced: `name`, `newName`, `newTag`.
        images: Option<Value>,
        /// Changes that Flux makes: `target`, `patch`.
        patches: Option<Value>,
    }
}

section! {
    /// One Flux Kustomization of a component: `templates`, `chart` or `git`.
    pub struct UnitSpec {
        /// Its name; `app` has the component's name, others `<component>-<name>`.
        name: Name,
        /// The folder with its templates.
        templates: Option<RepoPath>,
        /// Its chart.
        chart: Option<ChartSpec>,
        /// Its manifests.
        git: Option<GitSpec>,
        /// Capabilities that it requires.
        requires: Vec<Capability>,
        /// Capabilities that it provides.
        provides: Vec<Capability>,
        /// How long Flux (or Helm) waits.
        timeout: Option<Duration>,
        /// Whether objects go when they leave the unit; `true` if nothing is said.
        prune: Option<bool>,
        /// CEL expressions for kinds that say health in their own way, beyond those of the table of kinds.
        health: Option<Value>,
        /// How a person sees that it works, beyond what the table of kinds says of its objects.
        verify: Vec<Expectation>,
    }
}
