//! Which objects a patch or a replacement is for.
//!
//! Source: kubernetes-sigs/kustomize api/types/selector.go and api/resmap/reswrangler.go (Select); k8s.io/apimachinery
//! pkg/labels/selector.go.

use regex::Regex;
use serde_json::{Map, Value};

use super::limits;
use super::resource::{Id, Resource, metadata_map, scalar_text};

/// What selects objects: patterns that fit a whole text, and requirements on labels and annotations.
#[derive(Debug, Default)]
pub struct Selector {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Selector {
    /// Of a `target` or a `select`.
    ///
    /// # Errors
    /// A pattern or a requirement that cannot be read.
    pub fn of(target: &Value) -> Result<Selector, String> {
        let text = |key: &str| target.get(key).map(scalar_text).unwrap_or_default();
        let pattern = |key: &str| {
            let text = text(key);
            let whole = || Regex::new(&format!("^(?:{text})$"));
            limits::text(&text)?;
            if text.is_empty() { Ok(None) } else { whole().map(Some).map_err(|_| no_pattern(key, &text)) }
        };
        Ok(Selector {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: requirements(&text("labelSelector"))?,
            annotations: requirements(&text("annotationSelector"))?,
        })
    }

    /// Whether it selects an object, by what it is or by what it was in the beginning.
    pub fn selects(&self, object: &Resource) -> bool {
        let (now, first) = (object.id(), object.original());
        let either = |pattern: &Option<Regex>, one: &str, other: &str| {
            fits(pattern.as_ref(), one) || fits(pattern.as_ref(), other)
        };
        either(&self.namespace, &first.namespace, &now.namespace)
            && either(&self.name, &first.name, &now.name)
            && fits(self.group.as_ref(), &now.gvk.group)
            && fits(self.version.as_ref(), &now.gvk.version)
            && fits(self.kind.as_ref(), &now.gvk.kind)
            && self.selects_by_metadata(&object.value)
    }

    /// Whether it selects one of the identities of an object.
    pub fn selects_id(&self, id: &Id) -> bool {
        fits(self.namespace.as_ref(), &id.namespace)
            && fits(self.name.as_ref(), &id.name)
            && fits(self.group.as_ref(), &id.gvk.group)
            && fits(self.version.as_ref(), &id.gvk.version)
            && fits(self.kind.as_ref(), &id.gvk.kind)
    }

    /// Whether labels and annotations are as it wants them.
    pub fn selects_by_metadata(&self, value: &Value) -> bool {
        let all = |requirements: &[Requirement], key: &str| {
            let map = metadata_map(value, key);
            requirements.iter().all(|requirement| requirement.holds(&map))
        };
        all(&self.labels, "labels") && all(&self.annotations, "annotations")
    }
}

fn no_pattern(key: &str, text: &str) -> String {
    format!("the {key} {text} of a target is no regular expression")
}

fn fits(pattern: Option<&Regex>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(text))
}

/// One part of a label selector.
#[derive(Debug)]
struct Requirement {
    key: String,
    /// The values it may have, or may not have; none if only the key counts.
    values: Option<Vec<String>>,
    not: bool,
}

impl Requirement {
    fn holds(&self, labels: &Map<String, Value>) -> bool {
        let label = labels.get(&self.key).and_then(Value::as_str);
        let is = match (&self.values, label) {
            (None, label) => label.is_some(),
            (Some(values), Some(label)) => values.iter().any(|value| value == label),
            (Some(_), None) => false,
        };
        is != self.not
    }
}

/// `a=b, c!=d, e in (f,g), h notin (i), j, !k`.
fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0);
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| requirement(part).ok_or_else(|| format!("the selector {part} cannot be read"))).collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    let of = |key: &str, values: Option<Vec<String>>, not: bool| {
        let key = key.trim().to_owned();
        (!key.is_empty() && !key.contains([' ', '(', ')'])).then_some(Requirement { key, values, not })
    };
    let list = |text: &str| {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>())
    };
    for (word, not) in [(" notin ", true), (" notin(", true), (" in ", false), (" in(", false)] {
        if let Some((key, _)) = part.split_once(word) {
            let rest = &part[key.len() + word.trim_end_matches('(').len()..];
            return of(key, Some(list(rest)?), not);
        }
    }
    for (sign, not) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = part.split_once(sign) {
            return of(key, Some(vec![value.trim().to_owned()]), not);
        }
    }
    match part.strip_prefix('!') {
        Some(key) => of(key, None, true),
        None => of(part, None, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_selector_is_read_as_kubernetes_does() {
        let labels = serde_json::json!({"a": "b", "env": "dev"});
        let holds = |text: &str| {
            requirements(text).unwrap().iter().all(|requirement| requirement.holds(labels.as_object().unwrap()))
        };
        for good in ["a=b", "a==b,env", "a!=c", "env in (dev, test)", "env notin (prod)", "!none", "none!=x", ""] {
            assert!(holds(good), "{good}");
        }
        for bad in ["a=c", "none", "!a", "env in (prod)", "env notin (dev,x)", "a=b,none"] {
            assert!(!holds(bad), "{bad}");
        }
        assert!(requirements("a b").is_err());
    }
}
