//! Looks for secrets in a profile: values that have the form of a key or token, and values under a name like `password`
//! where a user's own words stand.
//!
//! No secret value is ever shown in a finding. What the schema itself calls `password` is a place in a store; those keys
//! are left out.

use std::ops::Range;
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
    "jwtsecret",
    "passwords",
];

/// Keys under which the user's own words stand, so that a key there can be called anything.
const FREE: &[&str] =
    &["components", "template", "values", "parameters", "merge", "value", "hostOSConfiguration", "annotations"];

/// Reports what looks like a secret; gives back the source as findings may show it, and where the secrets are.
pub fn find(source: &Arc<Source>, root: &Node, problems: &mut Problems) -> (Arc<Source>, Vec<Range<usize>>) {
    let mut places = Vec::new();
    walk(root, None, false, &mut places);
    if places.is_empty() {
        return (Arc::clone(source), Vec::new());
    }
    let mut hidden = source.text.clone().into_bytes();
    for byte in places.iter().flat_map(|found: &Found<'_>| found.span.clone()) {
        if hidden[byte] != b'\n' {
            hidden[byte] = b'*';
        }
    }
    let hidden = Source::new(source.name.as_str(), String::from_utf8_lossy(&hidden));
    problems.extend(places.iter().map(|found| secret_value(&hidden, found)));
    (hidden, places.into_iter().map(|found| found.span).collect())
}

/// The text as findings about the YAML itself may show it: what stands behind a name like `password` on its line is
/// hidden, since a file that cannot be read has no values to look at.
pub fn hidden_lines(source: &Arc<Source>) -> Arc<Source> {
    let mut hidden = String::with_capacity(source.text.len());
    for line in source.text.split_inclusive('\n') {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let key = key.trim_start_matches([' ', '-', '{', '"', '\'']).trim_end_matches(['"', '\'']);
        if names_a_secret(key) || form(value).is_some() {
            hidden.extend(line.char_indices().map(|(at, c)| {
                if at > line.find(':').unwrap_or(0) && !c.is_whitespace() && c.is_ascii() { '*' } else { c }
            }));
        } else {
            hidden.push_str(line);
        }
    }
    Source::new(source.name.as_str(), hidden)
}

/// Where a secret stands, and what it is.
struct Found<'a> {
    span: Range<usize>,
    key: Option<&'a str>,
    what: &'static str,
}

fn walk<'a>(node: &'a Node, key: Option<&'a str>, free: bool, found: &mut Vec<Found<'a>>) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            let named = free && key.is_some_and(names_a_secret) && is_a_value(text);
            if let Some(what) = form(text).or(named.then_some("a secret")) {
                found.push(Found { span: node.span.clone(), key, what });
            }
        }
        Kind::List(items) => items.iter().for_each(|item| walk(item, key, free, found)),
        Kind::Map(entries) => {
            // `name: DB_PASSWORD` beside `value:`, as containers have it.
            let pointer = node.get("path").and_then(Node::text).and_then(|path| path.rsplit('/').next());
            let variable = node.get("name").and_then(Node::text).or(pointer);
            for (name, value) in entries {
                let key = if name.text == "value" { variable.or(Some("value")) } else { Some(name.text.as_str()) };
                let free = (free || FREE.contains(&name.text.as_str())) && name.text != "credentials";
                walk(value, key, free, found);
            }
        }
    }
}

fn secret_value(hidden: &Arc<Source>, found: &Found<'_>) -> Problem {
    let named = found.key.map(|key| format!(" of `{key}`")).unwrap_or_default();
    Problem::new(Code::SECRET_VALUE, format!("the value{named} looks like {}", found.what))
        .at(Place::new(hidden, found.span.clone()))
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
    if word(text, &web) {
        return Some("a JSON web token");
    }
    let login = text.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'));
    let of_a_template = |text: &str| text.contains("{{") || text.contains("${");
    let in_url = |user: &str| user.contains(':') || text.starts_with("http");
    login.filter(|(user, _)| in_url(user) && !of_a_template(text)).map(|_| "a URL with a login in it")
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
        && !text.starts_with('$')
        && !text.starts_with("vault:")
        && !text.starts_with("ref+")
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
