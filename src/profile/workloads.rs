//! What runs in the cluster: components of the catalog, other Helm charts, folders of manifests.

use super::patch::Patch;
use crate::decode::{At, Mapping, choice, section};
use crate::texts::{
    Branch, ChartUrl, ChartVersion, ConfigText, Duration, GitUrl, Name, ObjectName, ReleaseName, RepoPath, Version,
};

section! {
    /// A component of the catalog: the keys that every component has and that no option can be called, and its own options.
    pub struct Component {
        /// Its version, as its source writes it; missing where the component has none.
        version: Option<At<Version>>,
        /// The namespace, if not the component's own.
        namespace: Option<At<Name>>,
        /// Values of its chart, over ours.
        values: Option<At<Mapping>>,
        /// Units that it waits for, beyond what is computed.
        needs: Vec<At<Name>>,
        /// Changes to what is rendered.
        patches: Vec<Patch>,
        ..
        /// Its own options.
        options,
    }
}

choice! {
    /// Where a release's values come from.
    pub enum ValuesKind {
        /// A ConfigMap.
        ConfigMap = "ConfigMap",
        /// A Secret.
        Secret = "Secret",
    }
}

section! {
    /// Values that stand in the cluster, in namespace flux-system.
    pub struct ValuesFrom {
        /// In what.
        kind: ValuesKind,
        /// Its name.
        name: At<ObjectName>,
        /// Its key; `values.yaml` if nothing is said.
        values_key as "valuesKey": Option<ConfigText>,
        /// The one value that it sets; all of them if nothing is said.
        target_path as "targetPath": Option<ConfigText>,
        /// Whether it may be missing.
        optional: Option<bool>,
    }
}

choice! {
    /// What is done with the CRDs in a chart's `crds/` folder.
    pub enum Crds {
        /// Created, and replaced when the chart moves.
        CreateReplace = "CreateReplace",
        /// Created once.
        Create = "Create",
        /// Left out.
        Skip = "Skip",
    }
}

section! {
    /// Any Helm chart.
    pub struct Release {
        /// The release's name.
        name: At<ReleaseName>,
        /// The namespace that it goes to.
        namespace: At<Name>,
        /// The chart's repository.
        url: At<ChartUrl>,
        /// The Secret in flux-system with the repository's login.
        secret_ref as "secretRef": Option<At<ObjectName>>,
        /// The chart.
        chart: At<ConfigText>,
        /// The chart's version, as its repository writes it.
        version: At<ChartVersion>,
        /// Values.
        values: Option<At<Mapping>>,
        /// Values that stand in the cluster.
        values_from as "valuesFrom": Vec<ValuesFrom>,
        /// What is done with CRDs in `crds/`; `CreateReplace` if nothing is said.
        crds: Option<Crds>,
        /// How long Helm waits; 5m if nothing is said.
        timeout: Option<At<Duration>>,
        /// Units that it waits for, beyond what is computed.
        needs: Vec<At<Name>>,
        /// Changes to what is rendered.
        patches: Vec<Patch>,
    }
}

section! {
    /// Another git repository.
    pub struct GitSource {
        /// Where it is.
        git: At<GitUrl>,
        /// The tag.
        tag: Option<ConfigText>,
        /// The branch.
        branch: Option<Branch>,
        /// The range of tags.
        semver: Option<ConfigText>,
        /// The Secret in flux-system with its login.
        secret_ref as "secretRef": Option<At<ObjectName>>,
    }
}

section! {
    /// A folder of manifests, of this or another repo, as a unit.
    pub struct GitPath {
        /// The unit's name.
        name: At<Name>,
        /// The folder.
        path: At<RepoPath>,
        /// The other repo.
        source: Option<GitSource>,
        /// Units that it waits for, beyond what is computed.
        needs: Vec<At<Name>>,
        /// Whether objects go when they leave the folder; `true` if nothing is said.
        prune: Option<bool>,
        /// Whether Flux waits for the objects; `true` if nothing is said.
        wait: Option<bool>,
        /// The namespace that all objects go to.
        target_namespace as "targetNamespace": Option<At<Name>>,
        /// Changes that Flux makes to the objects.
        patches: Vec<Patch>,
    }
}
