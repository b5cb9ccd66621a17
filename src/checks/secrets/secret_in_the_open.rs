//! FW782 `secret-in-the-open`: key material, tokens and passwords where nothing protects them.

use serde_json::{Map, Value};

use super::keys::{self, Asks};
use super::texts::{self, Hit};
use super::{Secret, generated, literals, shapes};
use crate::checks::finding::Finding;
use crate::checks::view::{ClusterView, Object};
use crate::checks::{Check, Rule};
use crate::flux::given::from_base64;
use crate::problem::{Code, Severity};
use crate::tree::{pointer_key, pointer_step};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code {
        id: "FW782",
        name: "secret-in-the-open",
        about: "A password, a token or a private key in an object that is no Secret.",
    },
    severity: Severity::Error,
    because: "it stands in git for ever, for all who may read the repo, and in the cluster for all who may read objects that are no \
              Secret (Kubernetes, Good practices for Kubernetes Secrets)",
    explains: "Looked at are the data of ConfigMaps, the values of HelmReleases, arguments, commands and variables of containers, \
               annotations, `postBuild.substitute`, addresses with a login in them, and everything else that is a text, also what stands \
               in lines of INI, properties, YAML, JSON and scripts. A secret is known by its shape, as tokens of GitHub or Slack, \
               private keys and signed web tokens are, or by the name it stands under.

Under a name like `password` every text counts that is not plainly something else: a variable or template (`${X}`, `$(X)`, `{{ x }}`), a \
               path, a reference (`vault:…`), a setting (`true`, `required`), the name of a Secret or of a key in one. Under \
               `clientSecret`, `apiKey` and the like it has to have digits and letters, and under `token` and `secret`, where names of \
               Secrets often stand, it has to look drawn by lot. What is to be filled in (`<password>`, `YOUR_TOKEN`, `REPLACE_ME`) is \
               not used by anybody and does not count.

It is a warning if it alone opens nothing or is no secret to anybody: the id of an AWS access key, the hash of a password, and passwords \
               that everybody would try first, such as `changeme`. Certificates, public keys, checksums and ids are no secrets.

The value itself is never shown, neither here nor by any other rule that points to its line.",
    wrong: "apiVersion: v1
kind: ConfigMap
metadata:
  name: app
  namespace: apps
data:
  application.properties: |
    spring.datasource.username=app
    spring.datasource.password=correct-horse-battery
",
    right: "apiVersion: v1
kind: ConfigMap
metadata:
  name: app
  namespace: apps
data:
  application.properties: |
    spring.datasource.username=app
    spring.datasource.password=${DB_PASSWORD}
",
    check: Check::Cluster(find),
};

/// Parts of objects that hold no values of a user's, or encrypted ones, or that another rule looks at.
const LEFT_OUT: &[(&str, &str, &[&str])] = &[
    ("", "Secret", &["/data", "/stringData"]),
    ("", "ConfigMap", &["/binaryData"]),
    ("bitnami.com", "SealedSecret", &["/spec/encryptedData", "/spec/data"]),
    ("apiextensions.k8s.io", "CustomResourceDefinition", &["/spec"]),
];

/// Keys that hold the value of what their mapping or the key above it names.
const VALUES: &[&str] = &["value", "literal", "plain", "plaintext", "raw"];

/// What was found, and where.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// The text, as a JSON pointer.
    pointer: String,
    /// The line in it, if it has several.
    line: Option<usize>,
    /// The name beside it; empty if there is none.
    word: String,
    /// What it is called elsewhere than beside it: in `name:`, or in the argument before; empty if it is not.
    called: String,
    secret: Secret,
}

fn find(view: &ClusterView<'_>) -> Vec<Finding> {
    view.objects().flat_map(|object| of_object(view, object)).collect()
}

fn of_object(view: &ClusterView<'_>, object: Object<'_>) -> Vec<Finding> {
    let is_its = |(group, kind, _): &&(&str, &str, &[&str])| object.is(group, kind);
    let left_out = LEFT_OUT.iter().find(is_its).map_or(&[][..], |(.., left_out)| left_out);
    let mut search = Search { left_out, found: Vec::new() };
    // What a variable brings stands where the variable is set.
    let written = object.given.before.as_deref().unwrap_or(object.value());
    search.value(written, &mut String::new(), "", false);
    search.found.iter().map(|found| finding(view, object, found)).collect()
}

fn finding(view: &ClusterView<'_>, object: Object<'_>, found: &Found) -> Finding {
    let Found { pointer, line, word, called, secret } = found;
    let path = pointer.split('/').skip(1).map(pointer_key).collect::<Vec<_>>();
    let name = Some(word).filter(|word| !word.is_empty()).map(|word| format!("`{word}` in ")).unwrap_or_default();
    let in_map = object.is("", "ConfigMap") && path.len() == 2;
    let place = match line {
        Some(line) => format!("{name}line {} of `{}`", line + 1, path[usize::from(in_map)..].join(".")),
        None if !called.is_empty() => format!("`{called}` in `{}`", path.join(".")),
        None => format!("`{}`", path.join(".")),
    };
    let key = path.get(1).map_or("", String::as_str);
    let origin = generated::origin(view, object.given, key);
    let from = origin.as_ref().and_then(|origin| origin.file.as_ref()).map(|file| format!(", from {file}"));
    let says = format!("{} has {} in the open: {place}{}", object.id, secret.what, from.unwrap_or_default());
    let finding = Finding::on(object.given, says);
    let finding = match origin {
        Some(origin) => origin.literals.into_iter().fold(finding.at_word(origin.pointer, 0, word), Finding::hiding),
        None => finding.at_word(pointer, line.unwrap_or(0), word).hiding(pointer),
    };
    let finding = finding.hint(hint(object, &path));
    if secret.mild { finding.as_bad_as(Severity::Warning) } else { finding }
}

/// Where it could stand instead.
fn hint(object: Object<'_>, path: &[String]) -> String {
    let under = |at: usize, key: &str| path.get(at).is_some_and(|step| step == key);
    let instead = if object.id.kind == "HelmRelease" && under(1, "values") {
        let target = target_path(path.get(2..).unwrap_or_default());
        format!(
            "spec:\n  valuesFrom:\n    - kind: Secret\n      name: …\n      valuesKey: …\n      targetPath: {target}"
        )
    } else if object.id.kind == "Kustomization" && under(2, "substitute") {
        "spec:\n  postBuild:\n    substituteFrom:\n      - kind: Secret\n        name: …".to_owned()
    } else if path.iter().any(|step| step == "env") {
        "valueFrom:\n  secretKeyRef:\n    name: …\n    key: …".to_owned()
    } else {
        "keep it in a Secret that SOPS encrypts or that an ExternalSecret makes, and name that here".to_owned()
    };
    format!("{instead}\n# and change it: what was pushed is known")
}

/// A path as Helm writes it: `users[0].password`.
fn target_path(path: &[String]) -> String {
    let mut target = String::new();
    for step in path {
        if step.bytes().all(|sign| sign.is_ascii_digit()) {
            target.extend(["[", step, "]"]);
        } else {
            target.push_str(if target.is_empty() { "" } else { "." });
            target.push_str(&step.replace('.', "\\."));
        }
    }
    target
}

struct Search {
    left_out: &'static [&'static str],
    found: Vec<Found>,
}

impl Search {
    fn value(&mut self, value: &Value, pointer: &mut String, key: &str, used: bool) {
        if self.left_out.contains(&pointer.as_str()) || pointer.as_str() == "/sops" {
            return;
        }
        match value {
            Value::Object(map) => self.map(map, pointer, key),
            Value::Array(items) => self.list(items, pointer, key),
            Value::String(text) => self.text(text, pointer, key, used),
            Value::Number(number) => self.number(&number.to_string(), pointer, key),
            _ => {}
        }
    }

    fn below(&mut self, value: &Value, pointer: &mut String, (at, key): (&str, &str), used: bool) {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&pointer_step(at));
        self.value(value, pointer, key, used);
        pointer.truncate(length);
    }

    fn map(&mut self, map: &Map<String, Value>, pointer: &mut String, key: &str) {
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        // `name: DB_PASSWORD` beside `value:`, and the last key of a patch's path.
        let name = text("name")
            .or_else(|| text("key"))
            .or_else(|| text("path").map(|path| path.rsplit('/').next().unwrap_or(path)));
        // What an ExternalSecret calls a key in the Secret that it makes.
        let maps_keys = map.contains_key("remoteRef") || map.contains_key("sourceRef");
        let in_env = pointer.contains("/env/");
        for (own, value) in map.iter().filter(|(own, _)| !(maps_keys && *own == "secretKey")) {
            let is_value = VALUES.contains(&own.as_str());
            let named = if own == "value" { name.unwrap_or(key) } else { key };
            self.below(
                value,
                pointer,
                (own, if is_value && !named.is_empty() { named } else { own }),
                is_value && in_env,
            );
        }
        self.private_jwk(map, pointer);
    }

    /// A key of a JSON Web Key Set with its private part.
    fn private_jwk(&mut self, map: &Map<String, Value>, pointer: &str) {
        let part = if map.get("kty").and_then(Value::as_str) == Some("oct") { "k" } else { "d" };
        let there = map.get(part).and_then(Value::as_str).is_some_and(|text| text.len() >= 16);
        if map.contains_key("kty") && there {
            self.add(&format!("{pointer}/{part}"), None, part, Secret::new("a private key"));
        }
    }

    fn list(&mut self, items: &[Value], pointer: &mut String, key: &str) {
        let mut flag = None;
        for (at, item) in items.iter().enumerate() {
            let text = item.as_str().unwrap_or_default();
            let named = flag.filter(|_| !text.starts_with('-')).unwrap_or(key);
            self.below(item, pointer, (&at.to_string(), named), flag.is_some());
            flag = Some(text).filter(|text| text.starts_with('-') && !text.contains(['=', ' ']));
        }
    }

    fn number(&mut self, number: &str, pointer: &str, key: &str) {
        let is_any = keys::of(key).is_some_and(|(asks, _)| asks == Asks::Any);
        if let Some(secret) = literals::secret(key, number, false).filter(|_| is_any && number.len() >= 4) {
            self.add(pointer, None, last(pointer), secret);
        }
    }

    fn text(&mut self, text: &str, pointer: &str, key: &str, used: bool) {
        let trimmed = text.trim();
        let is_json = trimmed.starts_with(['{', '[']) && trimmed.ends_with(['}', ']']);
        if !trimmed.contains('\n') && !is_json {
            let found = one_line(trimmed, key, used);
            found.into_iter().for_each(|(word, secret)| {
                let word = if word.is_empty() { last(pointer) } else { &word };
                self.add(pointer, None, word, secret);
                self.call(key, pointer);
            });
            return;
        }
        let hits = if trimmed.contains('\n') { texts::hits(text) } else { Vec::new() };
        let none = hits.is_empty();
        for Hit { line, word, secret } in hits {
            self.add(pointer, Some(line), &word, secret);
        }
        if let Some(json) = Some(trimmed).filter(|_| is_json && none).and_then(|text| serde_json::from_str(text).ok()) {
            self.json(&json, pointer);
        }
    }

    /// A text that is JSON: what is in it stands at the place of the text.
    fn json(&mut self, json: &Value, pointer: &str) {
        let mut inner = Search { left_out: &[], found: Vec::new() };
        inner.value(json, &mut String::new(), "", false);
        let is_secret = json.get("kind").and_then(Value::as_str) == Some("Secret");
        let has_data = ["data", "stringData"].iter().any(|key| {
            let data = json.get(key).and_then(Value::as_object);
            data.is_some_and(|data| {
                data.values().any(|value| value.as_str().is_some_and(|text| !literals::stands_for_another(text)))
            })
        });
        if is_secret && has_data {
            self.add(pointer, None, "", Secret::new("the data of a Secret"));
        }
        for found in inner.found {
            self.add(pointer, None, "", found.secret);
        }
    }

    /// Says what was found last is called, if the file does not say so at its own place. An argument of one dash may hold a value.
    fn call(&mut self, key: &str, pointer: &str) {
        let dash = key.starts_with('-') && !key.starts_with("--");
        if let Some(found) = self.found.last_mut().filter(|_| keys::of(key).is_some() && key != last(pointer) && !dash)
        {
            key.clone_into(&mut found.called);
        }
    }

    /// Adds it; a text says one thing only once.
    fn add(&mut self, pointer: &str, line: Option<usize>, word: &str, secret: Secret) {
        let word = if word.bytes().all(|sign| sign.is_ascii_digit()) { "" } else { word };
        let (pointer, word) = (pointer.to_owned(), word.to_owned());
        let found = Found { pointer, line, word, called: String::new(), secret };
        if !self.found.iter().any(|known| known.pointer == found.pointer && known.line == line) {
            self.found.push(found);
        }
    }
}

fn last(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or(pointer)
}

/// What a text of one line is, by itself or by its name.
fn one_line(text: &str, key: &str, used: bool) -> Option<(String, Secret)> {
    if shapes::private_key(text) {
        return Some((String::new(), Secret::new("a private key")));
    }
    let own = shapes::find(text).or_else(|| texts::url_login(text)).or_else(|| literals::secret(key, text, used));
    let hash = || literals::is_hash(text).then_some(Secret::mild("the hash of a password"));
    let login = || {
        let is_one = key == "auth" && from_base64(text).is_some_and(|text| shapes::is_login(&text));
        is_one.then_some(Secret::new("the login of a registry"))
    };
    if let Some(secret) = own.or_else(hash).or_else(login) {
        return Some((String::new(), secret));
    }
    // A sentence about a password is none: only what is written as an argument or a script is looked into.
    let is_setting = text.contains('=') || text.contains(" -") || text.starts_with('-');
    texts::of_line(text, None).filter(|_| is_setting)
}
