//! A tree: paths and bytes, and the Kubernetes objects inside of them.
//!
//! What `render` makes, what stands on a disk and what a commit holds are all this one type, so that everything that
//! compares or writes a tree does it one way. A [`TreePath`] cannot leave the folder that it is below.
//!
//! Not here: reading or writing files (`disk`), git (`repo`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::problem::{Problems, Source};
use crate::yaml;

/// A path below a folder: parts of letters, digits, `.`, `_` and `-`, joined by `/`.
///
/// That charset leaves out `..`, absolute paths, and every pair of names that some file system takes for one but for
/// case, which [`Tree::insert`] looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

impl TreePath {
    /// A path, if it is one.
    pub fn new(text: &str) -> Option<TreePath> {
        let part = |part: &str| {
            !part.is_empty()
                && !matches!(part, "." | "..")
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        let git = |part: &str| part.eq_ignore_ascii_case(".git");
        (text.split('/').all(part) && !text.split('/').any(git)).then(|| TreePath(text.to_owned()))
    }

    /// The path, with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a path is inside of a folder, as text: both are safe relative paths with `/`.
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a path is inside of a folder, or the folder itself.
pub fn is_in(path: &str, folder: &str) -> bool {
    path == folder || is_below(path, folder)
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it can be run.
    pub executable: bool,
}

/// Files by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<TreePath, File>,
}

impl Tree {
    /// Adds a file.
    ///
    /// # Errors
    /// The path that is there already, the same or one that differs only in case.
    pub fn insert(&mut self, path: TreePath, file: File) -> Result<(), TreePath> {
        if let Some(twin) = self.files.keys().find(|known| known.0.eq_ignore_ascii_case(&path.0)) {
            return Err(twin.clone());
        }
        self.files.insert(path, file);
        Ok(())
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&TreePath, &File)> {
        self.files.iter()
    }

    /// A file.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(&TreePath(path.to_owned()))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl FromIterator<(TreePath, File)> for Tree {
    fn from_iter<I: IntoIterator<Item = (TreePath, File)>>(files: I) -> Tree {
        Tree { files: files.into_iter().collect() }
    }
}

/// The SHA-256 of bytes, as `sha256sum` writes it.
pub fn sha256(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = fmt::Write::write_fmt(&mut out, format_args!("{byte:02x}"));
    }
    out
}

/// What makes an object that object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Its kind.
    pub kind: String,
    /// Its API group; empty for the core group.
    pub group: String,
    /// Its namespace; none for objects of the cluster.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ObjectId {
    /// `KIND[.GROUP]/[NAMESPACE/]NAME`, as `--prune-ok` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if let Some(namespace) = &self.namespace {
            write!(f, "/{namespace}")?;
        }
        write!(f, "/{}", self.name)
    }
}

/// The group of an `apiVersion`.
pub fn group_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// A key as a step of a JSON pointer (RFC 6901).
pub fn pointer_step(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

/// The key that a step of a JSON pointer is.
pub fn pointer_key(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// Goes through a value and all that is below it, each with its JSON pointer from where the first one stands.
pub fn each_below<'a>(value: &'a Value, pointer: &mut String, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(pointer, value);
    let length = pointer.len();
    let mut below = |step: &str, value: &'a Value| {
        pointer.push('/');
        pointer.push_str(step);
        each_below(value, pointer, visit);
        pointer.truncate(length);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(&pointer_step(key), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| below(&at.to_string(), item)),
        _ => {}
    }
}

/// A text at a path of keys.
pub fn text_at<'a>(object: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(object, |value, key| value.get(key))?.as_str()
}

/// The identity of an object; none if it is no Kubernetes object.
pub fn object_id(object: &Value) -> Option<ObjectId> {
    let api_version = text_at(object, &["apiVersion"])?;
    Some(ObjectId {
        kind: text_at(object, &["kind"])?.to_owned(),
        group: group_of(api_version).to_owned(),
        namespace: text_at(object, &["metadata", "namespace"]).map(str::to_owned),
        name: text_at(object, &["metadata", "name"])?.to_owned(),
    })
}

/// The documents of a YAML file as Flux reads them, without empty ones; nothing if it cannot be read as YAML at all.
pub fn documents(name: &str, bytes: &[u8]) -> Option<Vec<Value>> {
    let text = std::str::from_utf8(bytes).ok()?;
    // What readers disagree about in somebody's file is not ours to say here: the objects' names are all that is asked.
    let mut ignored = Problems::default();
    let source = Source::new(name, text);
    let nodes = yaml::read_all(&source, &mut ignored)?;
    Some(nodes.iter().map(|node| node.value(&source, &mut ignored)).filter(|value| !value.is_null()).collect())
}

/// An object with its keys in the order of the alphabet, as Go writes them.
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries: BTreeMap<&String, &Value> = map.iter().collect();
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Objects in an order that does not depend on who wrote them: their kinds as in `like`, then names and keys by the alphabet.
pub fn in_order(objects: &[Value], like: &[Value]) -> Vec<Value> {
    let place = |kind: &str| like.iter().position(|object| who(object).0 == kind).unwrap_or(like.len());
    let mut objects: Vec<Value> = objects.iter().map(sorted).collect();
    objects.sort_by(|one, other| {
        let (one, other) = (who(one), who(other));
        (place(one.0), one).cmp(&(place(other.0), other))
    });
    objects
}

/// Kind, namespace and name of anything, object or not.
fn who(object: &Value) -> (&str, &str, &str) {
    let text = |path: &[&str]| text_at(object, path).unwrap_or_default();
    (text(&["kind"]), text(&["metadata", "namespace"]), text(&["metadata", "name"]))
}

/// A file that another program writes, too, in the form of ours, whose objects are [`in_order`]: with our order, our quotes and
/// our head. What it writes for what nobody has said, `{}` and `null`, is left out where ours does not have it. Nothing if one
/// of the two cannot be read.
pub fn in_our_form(path: &str, theirs: &[u8], ours: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(ours).ok()?.lines().map_while(|line| line.strip_prefix("# "));
    let head = head.collect::<Vec<_>>().join("\n");
    let (theirs, ours) = documents(path, theirs).zip(documents(path, ours))?;
    let said = theirs.into_iter().map(|object| match ours.iter().find(|other| who(other) == who(&object)) {
        Some(twin) => without_unsaid(object, twin),
        None => object,
    });
    let said = said.collect::<Vec<_>>();
    Some(yaml::write(&head, &in_order(&said, &ours)).into_bytes())
}

/// A value without the keys that say nothing and that `like` does not have.
fn without_unsaid(value: Value, like: &Value) -> Value {
    match (value, like) {
        (Value::Object(map), Value::Object(like)) => {
            let kept = map.into_iter().filter_map(|(key, value)| match like.get(&key) {
                Some(like) => Some((key, without_unsaid(value, like))),
                None => (!says_nothing(&value)).then_some((key, value)),
            });
            Value::Object(kept.collect())
        }
        (Value::Array(items), Value::Array(like)) if items.len() == like.len() => {
            items.into_iter().zip(like).map(|(item, like)| without_unsaid(item, like)).collect()
        }
        (value, _) => value,
    }
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(|map| map.values().all(says_nothing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_folder() {
        assert!(TreePath::new("a/b-c/.d_e.yaml").is_some());
        for bad in ["", "/a", "a/../b", "a//b", "a/", "ä", "a b", "C:/x", "a\\b", ".git/config", "x/.GIT/y"] {
            assert!(TreePath::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_folder_with_a_longer_name_is_another_folder() {
        assert!(is_in("a/b", "a") && is_in("a", "a") && is_below("a/b", "a"));
        assert!(!is_below("a", "a") && !is_in("ab", "a") && !is_in("a", "a/b"));
    }

    #[test]
    fn twins_in_case_are_one_path() {
        let mut tree = Tree::default();
        let file = || File { bytes: Vec::new(), executable: false };
        assert!(tree.insert(TreePath::new("a/B").unwrap(), file()).is_ok());
        assert!(tree.insert(TreePath::new("A/b").unwrap(), file()).is_err());
    }

    #[test]
    fn an_empty_document_is_none() {
        assert_eq!(documents("x", b"# a\n---\n# b\n---\n"), Some(Vec::new()));
        assert_eq!(documents("x", b"---\na: 1\n---\n").map(|all| all.len()), Some(1));
        assert_eq!(documents("x", b"a: ["), None);
    }

    #[test]
    fn an_object_is_named_as_prune_ok_takes_it() {
        let object = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "y"}});
        assert_eq!(object_id(&object).unwrap().to_string(), "Deployment.apps/y/x");
    }

    const OURS: &str = "# ours\nkind: B\nmetadata:\n  name: b\nspec:\n  none: {}\n  text: \"1.34\"\n---\nkind: A\nmetadata:\n  name: a\n---\nkind: A\nmetadata:\n  name: z\n";

    #[test]
    fn what_another_program_wrote_comes_into_our_form() {
        let form = |theirs: &str| in_our_form("x.yaml", theirs.as_bytes(), OURS.as_bytes()).map(String::from_utf8);
        assert_eq!(form(OURS).unwrap().unwrap(), OURS);
        let theirs = "kind: A\nmetadata: {name: z, creationTimestamp: null}\n---\nmetadata: {name: b}\nkind: B\nspec: {text: '1.34', none: {}, dns: {}}\nstatus: {a: {}}\n---\n---\nkind: A\nmetadata: {name: a}\n";
        assert_eq!(form(theirs).unwrap().unwrap(), OURS);
        // What ours says, and what theirs says beyond it, is kept.
        for other in [
            OURS.replace("none: {}", "some: {}"),
            OURS.replace("none: {}", "none: {a: 1}"),
            OURS.replace("name: z", "name: y"),
        ] {
            assert_ne!(form(&other).unwrap().unwrap(), OURS, "{other}");
        }
        assert_eq!(form("a: ["), None);
    }
}
