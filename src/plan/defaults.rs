//! What is decided where the profile says nothing: intervals, timeouts, names. A default that Kubernetes itself has (a
//! reclaim policy, a binding mode) is written out where its section is planned; one of a component stands in its folder.

/// How often a Flux Kustomization or HelmRelease is reconciled (the Flux documentation's shape for infrastructure).
pub const INTERVAL: &str = "1h";
/// How soon a failed one is tried again; without it Flux waits a whole interval.
pub const RETRY_INTERVAL: &str = "2m";
/// How often a source with a pinned version is looked at.
pub const SOURCE_INTERVAL: &str = "1h";
/// How often a source that follows a branch or a range is looked at.
pub const MOVING_SOURCE_INTERVAL: &str = "5m";
/// How long Helm waits for a release (helm-controller's own default, written out).
pub const RELEASE_TIMEOUT: &str = "5m";
/// How long Flux waits for a unit, in seconds.
pub const UNIT_TIMEOUT: u64 = 300;
/// How much longer Flux waits for a unit than Helm for the release inside, in seconds.
pub const TIMEOUT_MARGIN: u64 = 120;
/// How often a store is asked for a secret's value.
pub const REFRESH_INTERVAL: &str = "1h";
/// vCenter's port.
pub const VCENTER_PORT: u16 = 443;
/// The name of the GitRepository that `flux bootstrap` makes.
pub const OWN_REPOSITORY: &str = "flux-system";
/// Where Flux's objects live.
pub const FLUX_NAMESPACE: &str = "flux-system";
/// Processors, memory and disk of an EKS Anywhere machine (pkg/providers/vsphere/defaults.go, written out).
pub const MACHINE_CPUS: u32 = 2;
/// See [`MACHINE_CPUS`].
pub const MACHINE_MEMORY_MIB: u32 = 8192;
/// See [`MACHINE_CPUS`].
pub const MACHINE_DISK_GIB: u32 = 25;
/// Whether a repository is a person's and not an organisation's, written out: the documentation and the code of EKS Anywhere
/// differ on what they take (pkg/api/v1alpha1, `github.personal`).
pub const PERSONAL_REPOSITORY: bool = false;
/// The kind of an SSH key (the default of `flux bootstrap --ssh-key-algorithm`, written out).
pub const SSH_KEY_ALGORITHM: &str = "ecdsa";
