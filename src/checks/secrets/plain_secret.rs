//! FW781 `plain-secret`: a Secret whose values can be read in the repo.

use serde_json::Value;

use super::{generated, literals, shapes, texts};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::applied::title;
use crate::flux::given::{from_base64, is_encrypted};
use crate::problem::{Code, Severity};
use crate::tree::{pointer_step, text_at};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW781",
        name: "plain-secret",
        about: "A Secret with its values in the repo, neither encrypted by SOPS nor sealed.",
    },
    severity: Severity::Error,
    because: "whoever may read the repo or its history can read them; base64 is no encryption (Kubernetes, Good practices for \
              Kubernetes Secrets)",
    explains: "A Secret without data or with empty values is filled by somebody else and does not count, nor do values that are variables \
               of Flux (`${PASSWORD}`), templates, or words to be replaced, nor what Helm keeps of its releases. A Secret of a \
               `secretGenerator` counts: its literals and files are in git, too; files that SOPS encrypted are decrypted by Flux.

A Secret that holds only certificates, public keys or known hosts is as it should be: some kinds of Flux and of Kubernetes take them from \
               nothing but a Secret. If it holds only names, addresses and settings, it is a warning: nothing is lost, but readers cannot \
               tell whether it was meant to be encrypted, and the next value that is added here will be a secret. A ConfigMap does for them.

Of a Secret that SOPS encrypted, the values are found that it left out, unless their names end with `_unencrypted`.",
    wrong: "apiVersion: v1
kind: Secret
metadata:
  name: database
  namespace: apps
stringData:
  username: app
  password: correct-horse-battery
",
    right: "apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: database
  namespace: apps
spec:
  encryptedData:
    password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq
",
    check: Check::Cluster(find),
};

/// Endings of names, in lower case without what parts their words, whose values everybody may know.
const PUBLIC: &[&str] = &[
    "username",
    "user",
    "userid",
    "login",
    "email",
    "url",
    "uri",
    "host",
    "hostname",
    "server",
    "endpoint",
    "address",
    "port",
    "region",
    "zone",
    "database",
    "dbname",
    "name",
    "namespace",
    "type",
    "project",
    "projectid",
    "issuer",
    "clientid",
    "tenantid",
    "subscriptionid",
    "tenant",
    "accountid",
    "organization",
    "org",
    "bucket",
    "path",
    "domain",
    "realm",
    "provider",
    "version",
    "environment",
    "env",
    "scope",
    "scopes",
    "insecure",
    "enabled",
    "sslmode",
    "cidr",
    "timezone",
    "cluster",
    "datacenter",
    "thumbprint",
    "fingerprint",
    "accesskeyid",
    "usagebootstrapauthentication",
];

/// How texts begin that everybody may know, whatever they are called.
const PUBLIC_TEXTS: &[&str] = &[
    "-----BEGIN CERTIFICATE",
    "-----BEGIN TRUSTED CERTIFICATE",
    "-----BEGIN PUBLIC KEY",
    "-----BEGIN RSA PUBLIC KEY",
    "-----BEGIN PGP PUBLIC KEY",
    "-----BEGIN X509 CRL",
    "ssh-rsa AAAA",
    "ssh-ed25519 AAAA",
    "ecdsa-sha2-",
];

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Nothing, or what somebody or something else fills or encrypts.
    Open,
    /// A certificate or a public key.
    Certificate,
    /// A name, an address or a setting.
    Public,
    /// A value that is to be kept.
    Secret,
}

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.of("", "Secret").filter_map(|secret| of_secret(view, secret)).collect()
}

fn of_secret(view: &ClusterView<'_>, secret: Object<'_>) -> Option<Finding> {
    let written = secret.given.before.as_deref().unwrap_or(secret.value());
    let of_helm = text_at(written, &["type"]) == Some("helm.sh/release.v1");
    let values = values(written);
    let worst = values.iter().map(|(.., kind)| *kind).max().filter(|kind| !of_helm && *kind >= Kind::Public)?;
    let encrypted = is_encrypted(written);
    let is_open = values.iter().any(|(.., kind)| *kind == Kind::Open);
    if worst == Kind::Public && (encrypted || is_open) {
        return None;
    }
    let named: Vec<&str> = values.iter().filter(|(.., kind)| *kind == worst).map(|(_, key, _)| key.as_str()).collect();
    let finding = place(view, secret, &values, named.first()?, &says(secret, &named, worst, encrypted));
    Some(if encrypted {
        finding.hint(format!(
            "sops {}\n# opens it; take the value out before, put it in there, and change it",
            secret.given.file
        ))
    } else if worst == Kind::Public {
        let because =
            "readers cannot tell whether it was meant to be encrypted, and the next value here will be a secret";
        finding.as_bad_as(Severity::Warning).because(because).hint("kind: ConfigMap\n# or encrypt it all the same")
    } else {
        finding
    })
}

fn says(secret: Object<'_>, named: &[&str], worst: Kind, encrypted: bool) -> String {
    let first: Vec<String> = named.iter().take(3).map(|key| format!("`{key}`")).collect();
    let more = if named.len() > 3 { format!(" and {} more", named.len() - 3) } else { String::new() };
    let keys = format!("{}{more}", first.join(", "));
    match worst {
        Kind::Public => format!("{} holds nothing that looks secret, and is not encrypted: {keys}", title(secret.id)),
        _ if encrypted => format!("{} is encrypted by SOPS, but not all of it: {keys}", title(secret.id)),
        _ => format!("{} has its values in the repo for all to read: {keys}", title(secret.id)),
    }
}

/// The finding where the values stand: in the object, or where a kustomization takes them from.
fn place(
    view: &ClusterView<'_>,
    secret: Object<'_>,
    values: &[(&str, String, Kind)],
    key: &str,
    says: &str,
) -> Finding {
    let part = values.iter().find(|(_, other, _)| other == key).map_or("data", |(part, ..)| part);
    let pointer = format!("/{part}/{}", pointer_step(key));
    // In a file of several objects SOPS would encrypt the data of ConfigMaps, too.
    let alone = view.objects().filter(|other| other.given.file == secret.given.file).count() == 1;
    let alone = if alone { "" } else { "# with the Secret in a file of its own:\n" };
    let encrypt = |file: &str| {
        format!(
            "{alone}sops --encrypt --encrypted-regex '^(data|stringData)$' --in-place {file}\n# and change the values: what was pushed is known"
        )
    };
    let Some(origin) = generated::origin(view, secret.given, key) else {
        let finding = Finding::on(secret.given, says).at_word(&pointer, 0, key).hint(encrypt(&secret.given.file));
        return values
            .iter()
            .fold(finding, |finding, (part, key, _)| finding.hiding(format!("/{part}/{}", pointer_step(key))));
    };
    let (says, hint) = match &origin.file {
        Some(file) => (
            format!("{says}, from {file}"),
            format!(
                "sops --encrypt --in-place {file}\n# Flux decrypts it; and change the values: what was pushed is known"
            ),
        ),
        None => (
            format!("{says}, from literals of its secretGenerator"),
            "keep them in a file that SOPS encrypts: Flux decrypts files of a secretGenerator, and no literals"
                .to_owned(),
        ),
    };
    let finding = Finding::on(secret.given, says).at_word(&origin.pointer, 0, key).hint(hint);
    origin.literals.into_iter().fold(finding, Finding::hiding)
}

/// Every value with the part of the Secret that it stands in and its key.
fn values(secret: &Value) -> Vec<(&'static str, String, Kind)> {
    let mut all = Vec::new();
    for part in ["stringData", "data"] {
        for (key, value) in secret.get(part).and_then(Value::as_object).into_iter().flatten() {
            let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // What is not base64 is a variable, or refused; what is, and no text, is a keystore or the like.
            let is_template = value.is_null() || literals::stands_for_another(&written) || written.contains("${");
            let text = if part == "data" && !is_template { from_base64(&written) } else { Some(written) };
            let kind = if value.is_null() { Kind::Open } else { text.map_or(Kind::Secret, |text| kind_of(key, &text)) };
            all.push((part, key.clone(), kind));
        }
    }
    all
}

fn kind_of(key: &str, text: &str) -> Kind {
    let text = text.trim();
    let joined = super::keys::words(key).concat();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known_host = |line: &str| {
        line.split_whitespace()
            .skip(1)
            .any(|word| PUBLIC_TEXTS.contains(&format!("{word} AAAA").as_str()) || word.starts_with("ecdsa-sha2-"))
    };
    let looks_secret =
        || shapes::find(text).is_some() || texts::url_login(text).is_some() || !texts::hits(text).is_empty();
    if text.is_empty() || text.contains("ENC[AES256_GCM") || key.ends_with("_unencrypted") || key.starts_with("sops_") {
        Kind::Open
    } else if shapes::private_key(text) {
        Kind::Secret
    } else if PUBLIC_TEXTS.iter().any(|begins| text.starts_with(begins)) || lines().all(known_host) {
        Kind::Certificate
    } else if is_to_fill(text) && !looks_secret() {
        Kind::Open
    } else if is_public(&joined, text) && !looks_secret() {
        Kind::Public
    } else {
        Kind::Secret
    }
}

/// A name, an address, a setting or a small number.
fn is_public(joined: &str, text: &str) -> bool {
    let named = PUBLIC.iter().any(|ending| joined.ends_with(ending)) && !text.contains('\n');
    named || literals::is_setting(text) || (text.len() <= 3 && text.bytes().all(|sign| sign.is_ascii_digit()))
}

/// A variable or a template; of a text of several lines, one with such in it.
fn is_to_fill(text: &str) -> bool {
    let in_lines = text.contains("${") || text.contains("{{") || text.contains("$(");
    if text.contains('\n') || text.starts_with('{') || text.contains("://") {
        in_lines
    } else {
        literals::stands_for_another(text)
    }
}
