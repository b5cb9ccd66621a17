//! The texts of a profile that have a rule: names, versions, addresses, URLs, paths.
//!
//! Each is a type of its own, built once here and right from then on. A rule says the source of its limit.

use std::net::IpAddr;

use crate::decode::text;

fn kept(text: &str, holds: bool, why: &str) -> Result<String, String> {
    if holds { Ok(text.to_owned()) } else { Err(why.to_owned()) }
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Charset of a label's or annotation's name part and of a label's value.
fn is_label_text(text: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.len() <= 63 && edge(text.bytes().next()) && edge(text.bytes().last()) && text.bytes().all(inner)
}

text! {
    /// A DNS-1123 label: lower-case letters, digits and `-`, at most 63 characters, no `-` at the ends
    /// (kubernetes/apimachinery pkg/util/validation/validation.go). Also what Flux can stamp as a label value.
    pub struct Name: BAD_NAME like "my-name"
        matching r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" by |text| {
        kept(text, is_label(text), "is no name: 1 to 63 lower-case letters, digits and `-`, no `-` at either end")
    };
}

text! {
    /// A DNS-1123 subdomain: labels joined by `.`, at most 253 characters (the same file).
    pub struct ObjectName: BAD_NAME like "my-name"
        matching r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" by |text| {
        let fits = text.len() <= 253 && text.split('.').all(is_label);
        kept(text, fits, "is no object name: lower-case letters, digits, `-` and `.`, at most 253 characters")
    };
}

text! {
    /// The key of a label or annotation: `[prefix/]name`, the prefix a DNS subdomain, the name at most 63 characters.
    pub struct LabelKey: BAD_LABEL like "example.com/team"
        matching r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$" by |text| {
        let (prefix, name) = text.rsplit_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
        let fits = is_label_text(name) && prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_label));
        kept(text, fits, "is no key of a label or annotation")
    };
}

text! {
    /// The value of a label: empty, or at most 63 characters of a narrow charset.
    pub struct LabelValue: BAD_LABEL like "\"platform\""
        matching r"^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$" by |text| {
        kept(text, text.is_empty() || is_label_text(text), "is no label value: at most 63 letters, digits, `-`, `_` and `.`")
    };
}

text! {
    /// A key of a Secret or ConfigMap: at most 253 of `-._a-zA-Z0-9`.
    pub struct DataKey: BAD_NAME like "password"
        matching r"^[-._a-zA-Z0-9]{1,253}$" by |text| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let fits = !text.is_empty() && text.len() <= 253 && text.bytes().all(inner) && !text.starts_with("..") && text != ".";
        kept(text, fits, "is no key of a Secret: letters, digits, `-`, `_` and `.`")
    };
}

/// The numbers of a version, missing ones zero: `1.34` is 1.34.0.
///
/// Takes a leading `v`, as some charts write it. What is no version gives nothing.
pub fn lenient(text: &str) -> Option<semver::Version> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let core_end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(core_end);
    let parts: Vec<&str> = core.split('.').collect();
    if parts.len() > 3 {
        return None;
    }
    let zeros = ".0".repeat(3 - parts.len());
    semver::Version::parse(&format!("{core}{zeros}{rest}")).ok()
}

text! {
    /// A version written as its source writes it, git tags without the `v`.
    pub struct Version: BAD_VERSION like "1.2.3"
        matching r"^[vV]?[0-9]+(\.[0-9]+){0,2}([-+].+)?$" by |text| {
        kept(text, lenient(text).is_some(), "is no version: ranges, branches and `latest` are not pinned")
    };
}

text! {
    /// A Helm release's name: at most 53 characters (helm-controller config/crd, `releaseName`).
    pub struct ReleaseName: BAD_NAME like "my-release"
        matching r"^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$" by |text| {
        let fits = is_label(text) && text.len() <= 53;
        kept(text, fits, "is no release name: 1 to 53 lower-case letters, digits and `-`, no `-` at either end")
    };
}

text! {
    /// The whole version of a chart. Fewer numbers are a range to Helm, which would take what is newest.
    pub struct ChartVersion: BAD_VERSION like "1.2.3"
        matching r"^[vV]?[0-9]+\.[0-9]+\.[0-9]+([-+].+)?$" by |text| {
        kept(text, lenient(text).is_some() && is_whole(text), "is no whole version: three numbers; fewer are a range to Helm")
    };
}

/// Whether a version has all three numbers.
pub fn is_whole(text: &str) -> bool {
    text.split(['-', '+']).next().is_some_and(|core| core.split('.').count() == 3)
}

text! {
    /// A Kubernetes minor, `1.34`, or a patch of it.
    pub struct KubernetesVersion: BAD_VERSION like "\"1.34\""
        matching r"^1\.[0-9]+(\.[0-9]+)?$" by |text| {
        let fits = text.starts_with("1.") && lenient(text).is_some_and(|v| v.pre.is_empty() && v.build.is_empty());
        kept(text, fits, "is no Kubernetes version: a minor like `1.34`, without `v`")
    };
}

text! {
    /// A Flux release, without the `v` of its git tag.
    pub struct FluxVersion: BAD_VERSION like "2.9.4"
        matching r"^[0-9]+(\.[0-9]+){0,2}([-+].+)?$" by |text| {
        let fits = is_whole(text) && !text.starts_with(['v', 'V']) && lenient(text).is_some();
        kept(text, fits, "is no Flux release: three numbers, without `v`")
    };
}

text! {
    /// A release of EKS Anywhere, brought to have the `v` that `eksaVersion` has.
    pub struct EksaVersion: BAD_VERSION like "v0.26.1" matching r"^v?[0-9]+\.[0-9]+\.[0-9]+" by |text| {
        let bare = text.strip_prefix('v').unwrap_or(text);
        let fits = bare.starts_with(|first: char| first.is_ascii_digit()) && is_whole(bare) && lenient(bare).is_some_and(|v| v.pre.is_empty());
        kept(&format!("v{bare}"), fits, "is no release of EKS Anywhere: `v` and three numbers")
    };
}

macro_rules! versioned {
    ($($name:ident)*) => {$(
        impl $name {
            /// As numbers to compare; a version that was read always has them.
            pub fn number(&self) -> semver::Version {
                lenient(self.as_str()).unwrap_or(semver::Version::new(0, 0, 0))
            }
        }
    )*};
}
versioned!(Version KubernetesVersion FluxVersion EksaVersion);

/// The first and last address of `10.0.0.0/24`, as numbers of one width.
fn cidr_bounds(text: &str) -> Result<(IpAddr, IpAddr), String> {
    let (address, prefix) = text.split_once('/').ok_or("is no network: `/` and the number of its bits are missing")?;
    let address: IpAddr = address.parse().map_err(|_| "is no network: the address cannot be read".to_owned())?;
    let bits: u32 = prefix.parse().map_err(|_| "is no network: the number of its bits cannot be read".to_owned())?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    if bits > width {
        return Err(format!("is no network: at most {width} bits"));
    }
    let number = as_number(address);
    let host = if width == bits { 0 } else { u128::MAX >> (128 - (width - bits)) };
    if number & host != 0 {
        return Err(format!(
            "is an address in a network: the network is `{}/{bits}`",
            as_address(number & !host, address)
        ));
    }
    Ok((address, as_address(number | host, address)))
}

fn as_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn as_address(number: u128, like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4((u32::try_from(number & u128::from(u32::MAX)).unwrap_or(u32::MAX)).into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}

fn range_bounds(text: &str) -> Result<(IpAddr, IpAddr), String> {
    if text.contains('/') {
        return cidr_bounds(text);
    }
    let (first, last) =
        text.split_once('-').ok_or("is no range: write `first-last`, or a network; one address is `…/32`")?;
    let parse =
        |part: &str| part.trim().parse::<IpAddr>().map_err(|_| format!("is no range: `{}` is no address", part.trim()));
    let (first, last) = (parse(first)?, parse(last)?);
    if first.is_ipv4() != last.is_ipv4() || first > last {
        return Err("is no range: the first address must not lie behind the last".to_owned());
    }
    Ok((first, last))
}

text! {
    /// A network in CIDR form without host bits.
    pub struct Cidr: BAD_NETWORK like "10.0.0.0/24"
        matching r"^[0-9A-Fa-f:.]+/\+?[0-9]+$" by |text| cidr_bounds(text).map(|_| text.to_owned());
}

text! {
    /// Addresses as MetalLB takes them: `first-last` or a network (metallb internal/config/config.go, ParseCIDR).
    pub struct AddressRange: BAD_ADDRESS like "10.0.0.10-10.0.0.19"
        matching r"^[^-/]+[-/][^-/]+$" by |text| range_bounds(text).map(|_| text.to_owned());
}

text! {
    /// One IP address.
    pub struct Address: BAD_ADDRESS like "10.0.0.3"
        matching r"^[0-9A-Fa-f:.]+$" by |text| {
        kept(text, text.parse::<IpAddr>().is_ok(), "is no IP address")
    };
}

/// Something that covers addresses.
pub trait Covers {
    /// The first and the last address.
    fn bounds(&self) -> Option<(IpAddr, IpAddr)>;

    /// Whether all addresses of the other are among its own.
    fn contains(&self, other: &dyn Covers) -> bool {
        match (self.bounds(), other.bounds()) {
            (Some((a, b)), Some((c, d))) => a.is_ipv4() == c.is_ipv4() && a <= c && d <= b,
            _ => false,
        }
    }

    /// Whether two of them share an address.
    fn overlaps(&self, other: &dyn Covers) -> bool {
        match (self.bounds(), other.bounds()) {
            (Some((a, b)), Some((c, d))) => a.is_ipv4() == c.is_ipv4() && a <= d && c <= b,
            _ => false,
        }
    }
}

impl Covers for Cidr {
    fn bounds(&self) -> Option<(IpAddr, IpAddr)> {
        cidr_bounds(self.as_str()).ok()
    }
}

impl Covers for AddressRange {
    fn bounds(&self) -> Option<(IpAddr, IpAddr)> {
        range_bounds(self.as_str()).ok()
    }
}

/// A host that is an address; a name covers nothing that could be told from here.
impl Covers for Host {
    fn bounds(&self) -> Option<(IpAddr, IpAddr)> {
        self.as_str().parse().ok().map(|address| (address, address))
    }
}

impl Covers for Address {
    fn bounds(&self) -> Option<(IpAddr, IpAddr)> {
        self.as_str().parse().ok().map(|address| (address, address))
    }
}

/// The milliseconds of a Go duration as the Flux CRDs take it: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
/// (`interval`, `retryInterval` and `timeout` of Kustomization and HelmRelease).
fn milliseconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let plain = !number.starts_with('.') && !number.ends_with('.');
        let number: f64 = number.parse().ok().filter(|_| plain)?;
        let (unit, tail) = [("ms", 1.0), ("s", 1e3), ("m", 6e4), ("h", 3.6e6)]
            .into_iter()
            .find_map(|(name, unit)| tail.strip_prefix(name).map(|tail| (unit, tail)))?;
        total += number * unit;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

text! {
    /// A duration as Flux writes it: numbers with `ms`, `s`, `m` or `h`.
    pub struct Duration: BAD_DURATION like "10m"
        matching r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$" by |text| {
        let bounded = milliseconds(text).is_some_and(|length| (1.0..=MAX_DURATION).contains(&length));
        kept(text, bounded, "is no duration: numbers with `ms`, `s`, `m` or `h`, more than nothing and at most 30 days")
    };
}

impl Duration {
    /// In seconds.
    pub fn seconds(&self) -> f64 {
        milliseconds(self.as_str()).unwrap_or(0.0) / 1e3
    }
}

/// The longest duration that is taken, in milliseconds: 30 days.
const MAX_DURATION: f64 = 30.0 * 24.0 * 3.6e6;

fn url_with(text: &str, schemes: &[&str]) -> Result<String, String> {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix("://"));
    let Some(rest) = rest else {
        return Err(format!(
            "is no URL that begins with {}",
            schemes.iter().map(|s| format!("`{s}://`")).collect::<Vec<_>>().join(" or ")
        ));
    };
    let host = rest.split('/').next().unwrap_or("");
    if host.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
        return Err("holds a password".to_owned());
    }
    let host = host.rsplit('@').next().unwrap_or("");
    if host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']') && port.parse::<u16>().is_err()) {
        return Err("has no port behind `:`; a path begins with `/`".to_owned());
    }
    let fits = !host.is_empty()
        && text.chars().all(|c| c.is_ascii_graphic())
        && !text.contains(['"', '\'', '<', '>', '\\', '`', '{', '}']);
    kept(text.trim_end_matches('/'), fits, "is no URL: the host is missing, or it has characters that no URL has")
}

text! {
    /// Where a git repository is (source.toolkit.fluxcd.io GitRepository `spec.url`: http, https or ssh; no `git@host:path`).
    pub struct GitUrl: BAD_URL like "https://github.com/example/infra"
        matching r"^(https?|ssh)://[!-.0-~][!-~]*$" by |text| url_with(text, &["https", "http", "ssh"]);
}

text! {
    /// Where a Helm chart is: an HTTP repository, or an OCI registry path without the chart's name.
    pub struct ChartUrl: BAD_URL like "https://charts.example.com"
        matching r"^(https?|oci)://[!-.0-~][!-~]*$" by |text| url_with(text, &["https", "http", "oci"]);
}

text! {
    /// An issuer of service account tokens.
    pub struct IssuerUrl: BAD_URL like "https://s3.us-west-2.amazonaws.com/my-oidc"
        matching r"^https://[!-.0-~][!-~]*$" by |text| url_with(text, &["https"]);
}

text! {
    /// A path below the repo's root: relative, with `/`, without `.` and `..` parts.
    pub struct RepoPath: BAD_PATH like "clusters/my-cluster"
        matching r"^[^/\\:][^\\:]*$" by |text| {
        let path = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
        let part = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git") && !part.contains(['\\', ':', '\0']) && !part.chars().any(char::is_control);
        if path.starts_with('/') || !path.split('/').all(part) {
            return Err("is no path below the repo's root: relative, without `..`".to_owned());
        }
        Ok(path.to_owned())
    };
}

text! {
    /// The folder of a tree: a path that every file system takes alike.
    pub struct TreeFolder: BAD_PATH like "clusters/my-cluster"
        matching r"^[A-Za-z0-9._-][A-Za-z0-9._/-]*$" by |text| {
        let path = RepoPath::parse(text)?.0;
        let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        kept(&path, plain, "has characters that not every file system and shell takes: letters, digits, `.`, `_` and `-`")
    };
}

text! {
    /// The ARN of an IAM role.
    pub struct RoleArn: BAD_ROLE_ARN like "arn:aws:iam::111122223333:role/secrets-reader"
        matching r"^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$" by |text| {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let fits = matches!(parts[..], ["arn", "aws" | "aws-cn" | "aws-us-gov", "iam", "", account, role]
            if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&b))));
        kept(text, fits, "is no ARN of a role: `arn:aws:iam::<12 digits>:role/<name>`")
    };
}

text! {
    /// A datastore's URL, brought to end with `/` as the CSI driver's examples do (facts: govc prints it without at times).
    pub struct DatastoreUrl: BAD_DATASTORE_URL like "ds:///vmfs/volumes/<id>/"
        matching r"^ds:///vmfs/volumes/[A-Za-z0-9:_.-]+/*$" by |text| {
        let id = text.strip_prefix("ds:///vmfs/volumes/").map_or("", |id| id.trim_end_matches('/'));
        let fits = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:_.".contains(&b));
        kept(&format!("{}/", text.trim_end_matches('/')), fits, "is no datastore URL: `ds:///vmfs/volumes/<id>/`")
    };
}

text! {
    /// A SHA-1 thumbprint: 20 bytes in hexadecimal, joined by `:`.
    pub struct Thumbprint: BAD_THUMBPRINT like "\"AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD\""
        matching r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19}$" by |text| {
        let byte = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
        let fits = text.split(':').count() == 20 && text.split(':').all(byte);
        kept(&text.to_ascii_uppercase(), fits, "is no SHA-1 thumbprint: 20 pairs of hexadecimal digits, joined by `:`")
    };
}

text! {
    /// A vCenter user with its domain. A bare one crashes the CSI driver
    /// (vsphere-csi-driver pkg/common/config/config.go, isValidvCenterUsernameWithDomain).
    pub struct VcenterUser: BAD_USER like "csi@vsphere.local"
        matching r"^([A-Za-z0-9._-]+@[A-Za-z0-9.-]+|[A-Za-z0-9.-]+\\[A-Za-z0-9._-]+)$" by |text| {
        let word = |part: &str, also: &[u8]| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b));
        let at = text.split_once('@').is_some_and(|(user, domain)| word(user, b"._-") && word(domain, b".-"));
        let back = text.split_once('\\').is_some_and(|(domain, user)| word(domain, b".-") && word(user, b"._-"));
        kept(text, at || back, "is no vCenter user: `user@domain` or `DOMAIN\\user`")
    };
}

text! {
    /// A host: a DNS name or an IP address, without scheme, port or path.
    pub struct Host: BAD_HOST like "vcsa.lab.example"
        matching r"^[A-Za-z0-9:.-]+$" by |text| {
        let name = text.len() <= 253 && text.split('.').all(|part| is_label(&part.to_ascii_lowercase()));
        kept(text, name || text.parse::<IpAddr>().is_ok(), "is no host: a name or an address, without `https://` and path")
    };
}

text! {
    /// A public SSH key as `authorized_keys` has it: its kind, then what every one of them begins with (the length of the
    /// kind, in base64: RFC 4253 section 6.6), then whatever its owner calls it.
    pub struct SshKey: BAD_SSH_KEY like "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5eQO0v5l1nXyq0m6yWbq1mXo8cGmJmF0tqf0S0pT9X me@lab"
        matching r"^(ssh-|ecdsa-|sk-)[^ ]* AAAA[A-Za-z0-9+/=]*( [^\x00-\x1f\x7f-\x9f]*)?$" by |text| {
        let mut words = text.split(' ');
        let kind = words.next().is_some_and(|kind| ["ssh-", "ecdsa-", "sk-"].iter().any(|known| kind.starts_with(known)));
        let key = words.next().is_some_and(|key| key.starts_with("AAAA") && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)));
        kept(text, kind && key && !text.chars().any(char::is_control), "is no public SSH key: the one line of a `.pub` file")
    };
}

text! {
    /// The URN of a vSphere tag (eks-anywhere docs, clusterspec/vsphere-spec.md `tags`).
    pub struct TagUrn: BAD_TAG_URN like "urn:vmomi:InventoryServiceTag:8e0ce079-0675-47d6-8665-16ada4e6dabd:GLOBAL"
        matching r"^urn:vmomi:InventoryServiceTag:[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}:GLOBAL$" by |text| {
        let id = text.strip_prefix("urn:vmomi:InventoryServiceTag:").and_then(|rest| rest.strip_suffix(":GLOBAL"));
        let is_uuid = |id: &str| {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            parts == [8, 4, 4, 4, 12] && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        };
        kept(text, id.is_some_and(is_uuid), "is no URN of a tag: `govc tags.info` prints it as the tag's ID")
    };
}

text! {
    /// An image with its tag or digest.
    pub struct Image: BAD_IMAGE like "registry.k8s.io/pause:3.10"
        matching r"^[A-Za-z0-9./_@-]*:[A-Za-z0-9./:_@-]*$" by |text| {
        let name = text.split('@').next().unwrap_or("");
        let tag = name.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
        let pinned = tag.is_some_and(|tag| !tag.is_empty() && tag != "latest") || text.contains("@sha256:");
        let fits = pinned && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"./:_-@".contains(&b));
        kept(text, fits, "is no image with a tag of its own: `latest` and no tag are not pinned")
    };
}

text! {
    /// An amount as Kubernetes writes it.
    pub struct Quantity: BAD_QUANTITY like "5Gi"
        matching r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[kMGTPEm])?$" by |text| {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let known = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "k", "M", "G", "T", "P", "E", "m"].contains(&unit);
        let fits = known && number.parse::<f64>().is_ok() && !number.starts_with('.') && !number.ends_with('.');
        kept(text, fits, "is no amount: a number with `Ki`, `Mi`, `Gi`, `Ti` …")
    };
}

text! {
    /// A git branch, by the rules of git-check-ref-format.
    pub struct Branch: BAD_NAME like "main"
        matching r"^[^ ~^:?*\[\\]+$" by |text| {
        let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
        let bad = text.contains("..") || text.contains("@{") || text.starts_with('-') || text.ends_with('.') || text == "@"
            || text.chars().any(|c| c.is_control() || " ~^:?*[\\\u{7f}".contains(c));
        kept(text, !bad && text.split('/').all(part), "is no branch name")
    };
}

text! {
    /// A text for a configuration file of one line a value: no control characters; neither `,` nor quotes are its concern.
    pub struct ConfigText: BAD_CONFIG_TEXT like "my text"
        matching r"^[^\x00-\x1f\x7f]+$" by |text| {
        kept(text, !text.is_empty() && !text.chars().any(char::is_control), "is empty or has control characters")
    };
}

text! {
    /// A datacenter's name or path; `,` separates them in csi-vsphere.conf, so a name has none
    /// (vsphere-csi-driver docs/book/driver-deployment/installation.md@v2.3.1).
    pub struct Datacenter: BAD_CONFIG_TEXT like "Datacenter"
        matching r"^[^,\x00-\x1f\x7f]+$" by |text| {
        kept(text, !text.is_empty() && !text.contains(',') && !text.chars().any(char::is_control), "is no datacenter: a `,` separates two of them")
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_no_host_bits() {
        assert!(Cidr::parse("10.0.0.0/24").is_ok());
        assert!(Cidr::parse("10.0.0.5/24").is_err_and(|why| why.contains("10.0.0.0/24")));
        assert!(Cidr::parse("10.0.0.0").is_err());
        assert!(Cidr::parse("fd00::/64").is_ok());
        assert!(Cidr::parse("0.0.0.0/0").is_ok());
    }

    #[test]
    fn addresses_overlap_when_they_share_one() {
        let net = Cidr::parse("10.0.0.0/24").unwrap();
        assert!(net.overlaps(&AddressRange::parse("10.0.0.250-10.0.1.3").unwrap()));
        assert!(!net.overlaps(&AddressRange::parse("10.0.1.0-10.0.1.3").unwrap()));
        assert!(!net.overlaps(&Cidr::parse("fd00::/64").unwrap()));
        assert!(net.contains(&AddressRange::parse("10.0.0.10 - 10.0.0.19").unwrap()));
        assert!(!net.contains(&AddressRange::parse("10.0.0.250-10.0.1.3").unwrap()));
    }

    #[test]
    fn durations_are_those_of_flux() {
        for good in ["10m", "1h0m0s", "1.5h", "300ms"] {
            assert!(Duration::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "60", "1d", "1us", "m", ".5h"] {
            assert!(Duration::parse(bad).is_err(), "{bad}");
        }
        assert!((Duration::parse("1m30s").unwrap().seconds() - 90.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_path_stays_below_the_root() {
        assert_eq!(RepoPath::parse("./a/b/").unwrap().as_str(), "a/b");
        for bad in ["", ".", "..", "/a", "a/../b", "a//b", ".git/hooks", "a\\b"] {
            assert!(RepoPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn users_urls_and_images_are_as_their_readers_want_them() {
        assert!(VcenterUser::parse("csi@vsphere.local").is_ok());
        assert!(VcenterUser::parse("LAB\\csi").is_ok());
        assert!(VcenterUser::parse("csi").is_err());
        assert!(GitUrl::parse("git@github.com:a/b").is_err());
        assert!(GitUrl::parse("https://u:p@host/a").is_err());
        assert!(GitUrl::parse("ssh://git@github.com/a/b").is_ok());
        assert!(Image::parse("busybox").is_err());
        assert!(Image::parse("localhost:5000/busybox").is_err());
        assert!(Image::parse("registry.k8s.io/busybox:1.36").is_ok());
        assert_eq!(DatastoreUrl::parse("ds:///vmfs/volumes/a-b").unwrap().as_str(), "ds:///vmfs/volumes/a-b/");
    }

    #[test]
    fn what_eks_anywhere_is_told_has_its_form() {
        assert_eq!(EksaVersion::parse("0.26.1").unwrap().as_str(), "v0.26.1");
        for bad in ["0.26", "latest", "v0.26.1-dev", "vv0.26.1", ""] {
            assert!(EksaVersion::parse(bad).is_err(), "{bad}");
        }
        for good in ["ssh-ed25519 AAAAC3Nz", "ecdsa-sha2-nistp256 AAAAE2Vj me@lab", "ssh-rsa AAAAB3Nz+/= the old one"] {
            assert!(SshKey::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["AAAAC3Nz", "ssh-ed25519", "ssh-ed25519 …", "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-rsa AAAA\nb"]
        {
            assert!(SshKey::parse(bad).is_err(), "{bad}");
        }
        let urn = |id: &str| format!("urn:vmomi:InventoryServiceTag:{id}:GLOBAL");
        assert!(TagUrn::parse(&urn("8e0ce079-0675-47d6-8665-16ada4e6dabd")).is_ok());
        assert!(TagUrn::parse(&urn("eksa")).is_err() && TagUrn::parse("os:bottlerocket").is_err());
    }

    #[test]
    fn versions_are_pinned() {
        for good in ["2.8.8", "2.0.0-rc.3"] {
            assert!(FluxVersion::parse(good).is_ok(), "{good}");
        }
        for bad in ["2.8", "v2.8.8", "2.8-rc.3.1"] {
            assert!(FluxVersion::parse(bad).is_err(), "{bad}");
        }
        for good in ["2.9.4", "v1.30.0", "1.34", "8.2.1-rc.1", "3"] {
            assert!(Version::parse(good).is_ok(), "{good}");
        }
        for bad in ["latest", "*", ">=1", "1.x", "main", "", "1.2.3.4"] {
            assert!(Version::parse(bad).is_err(), "{bad}");
        }
    }
}
