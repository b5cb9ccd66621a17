//! Looks for secrets in a profile: values that have the form of a key or token, and values under a name like `password`
//! where a user's own words stand.
//!
//! No secret value is ever shown in a finding. What the schema itself calls `password` is a place in a store; those keys
//! are left out.

use std::sync::Arc;

use crate::problem::{Code, Place, Problem, Problems, Source};
use crate::yaml::{Kind, Node};

/// How values of known services begin, each with what it is. The forms are those that the services publish for scanners.
const FORMS: &[(&str, &str, usize)] = &[
    ("-----BEGIN ", "a private key", 20),
    ("AGE-SECRET-KEY-1", "an age key", 50),
    ("ghp_", "a GitHub token", 36),
    ("gho_", "a GitHub token", 36),
    ("ghs_", "a GitHub token", 36),
    ("github_pat_", "a GitHub token", 40),
    ("glpat-", "a GitLab token", 20),
    ("xoxb-", "a Slack token", 20),
    ("xoxp-", "a Slack token", 20),
    ("hvs.", "a Vault token", 24),
    ("ops_ey", "a 1Password token", 40),
    ("dckr_pat_", "a Docker token", 20),
];

/// Endings of names, in lower case without `-` and `_`, whose values are secrets.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "privatekey",
    "secretaccesskey",
    "clientsecret",
    "authtoken",
    "accesstoken",
    "bearertoken",
];

/// Keys under which the user's own words stand, so that a key there can be called anything.
const FREE: &[&str] = &["components", "values", "parameters", "merge", "value", "hostOSConfiguration", "annotations"];

/// Reports what looks like a secret.
pub fn find(source: &Arc<Source>, root: &Node, problems: &mut Problems) {
    walk(source, root, None, false, problems);
}

fn walk(source: &Arc<Source>, node: &Node, key: Option<&str>, free: bool, problems: &mut Problems) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            let named = free && key.is_some_and(names_a_secret) && is_a_value(text);
            let what = form(text).or(named.then_some("a secret"));
            if let Some(what) = what {
                problems.push(secret_value(source, node, key, what));
            }
        }
        Kind::List(items) => items.iter().for_each(|item| walk(source, item, key, free, problems)),
        Kind::Map(entries) => {
            for (name, value) in entries {
                let places_only = name.text == "credentials";
                walk(
                    source,
                    value,
                    Some(&name.text),
                    (free || FREE.contains(&name.text.as_str())) && !places_only,
                    problems,
                );
            }
        }
    }
}

fn secret_value(source: &Arc<Source>, node: &Node, key: Option<&str>, what: &str) -> Problem {
    let named = key.map(|key| format!(" of `{key}`")).unwrap_or_default();
    Problem::new(Code::SECRET_VALUE, format!("the value{named} looks like {what}"))
        .at(Place::new(source, node.span.clone()))
        .because("what stands in a profile stands in git for ever; a profile names a secret by its place in a store")
        .hint("keep it in a store and name it under `externalSecrets:`, or say `ask: true` there to be asked for it; if it was pushed, change it")
}

fn form(text: &str) -> Option<&'static str> {
    for (begin, what, least) in FORMS {
        if let Some(at) = text.find(begin)
            && text.len() - at >= *least
            && (*begin != "-----BEGIN " || text.contains("PRIVATE KEY"))
        {
            return Some(what);
        }
    }
    let aws = |word: &str| {
        word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let web = |word: &str| word.starts_with("eyJ") && word.len() > 60 && word.split('.').count() == 3;
    let word =
        |text: &str, is: &dyn Fn(&str) -> bool| text.split(|c: char| c.is_whitespace() || "\"'=:,".contains(c)).any(is);
    if word(text, &aws) {
        return Some("an AWS access key");
    }
    word(text, &web).then_some("a JSON web token")
}

fn names_a_secret(key: &str) -> bool {
    let key: String = key.to_ascii_lowercase().chars().filter(|c| !matches!(c, '-' | '_')).collect();
    NAMES.iter().any(|name| key.ends_with(name))
}

/// A template, a variable and a truth value are no secret.
fn is_a_value(text: &str) -> bool {
    !text.is_empty()
        && !text.contains("{{")
        && !text.contains("${")
        && !text.starts_with("$(")
        && !matches!(text, "true" | "false" | "null" | "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let mut problems = Problems::default();
        let source = Source::new("p", text);
        let root = crate::yaml::read(&source, &mut problems).unwrap();
        find(&source, &root, &mut problems);
        problems.sorted().len()
    }

    #[test]
    fn a_secret_is_found_by_its_form_and_by_its_name() {
        assert_eq!(found("a: ghp_0123456789abcdefghij0123456789abcdef\n"), 1);
        assert_eq!(found("a: AKIAIOSFODNN7EXAMPLE\n"), 1);
        assert_eq!(found("releases:\n- values:\n    auth:\n      adminPassword: hunter2\n"), 1);
    }

    #[test]
    fn the_place_of_a_secret_is_none() {
        assert_eq!(found("vsphere:\n  credentials:\n    password: password\n"), 0);
        assert_eq!(
            found("releases:\n- values:\n    existingSecret: pw\n    passwordKey: x\n    password: \"{{ .p }}\"\n"),
            0
        );
        assert_eq!(found("components:\n  x:\n    credentials:\n      password: password\n"), 0);
        assert_eq!(found("a: -----BEGIN CERTIFICATE-----\n"), 0);
    }
}
