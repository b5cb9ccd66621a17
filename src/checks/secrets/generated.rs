//! Where a kustomization takes a value from that it generates: a literal of its own, or a file.

use serde_json::Value;

use crate::checks::view::ClusterView;
use crate::flux::folder::parent;
use crate::flux::given::Given;
use crate::flux::kustomize::Kustomization;
use crate::tree::text_at;

/// Where it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// In the kustomization, as a JSON pointer.
    pub pointer: String,
    /// The file, by its path in the repo; nothing if it is a literal.
    pub file: Option<String>,
    /// The literals of the same entry, as a JSON pointer, if it has any.
    pub literals: Option<String>,
}

/// Where the value of a key comes from, if the object is generated.
pub fn origin(view: &ClusterView<'_>, given: &Given, key: &str) -> Option<Origin> {
    if given.line != 0 {
        return None;
    }
    let bytes = view.files.read(&given.file).ok()??;
    let folder = parent(&given.file);
    let kustomization = Kustomization::of(&given.file, folder, &bytes).ok()?;
    let name = text_at(&given.object, &["metadata", "name"])?;
    let list =
        if text_at(&given.object, &["kind"]) == Some("Secret") { "secretGenerator" } else { "configMapGenerator" };
    let entries = kustomization.list(list);
    let is_its = |entry: &Value| text_at(entry, &["name"]).is_some_and(|entry| name.contains(entry));
    let found = entries.iter().enumerate().filter(|(_, entry)| is_its(entry));
    let origins = found.map(|(at, entry)| in_entry(entry, &format!("/{list}/{at}"), key));
    let origin = origins.max_by_key(|origin| origin.pointer.matches('/').count())?;
    Some(Origin { file: origin.file.map(|file| join(folder, &file)), ..origin })
}

/// Where in an entry; where nothing there names the key, it is in one of the files of variables.
fn in_entry(entry: &Value, pointer: &str, key: &str) -> Origin {
    let texts = |list: &str| {
        let items = entry.get(list).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).enumerate()
    };
    let literals = entry.get("literals").map(|_| format!("{pointer}/literals"));
    let at = |place: String, file: Option<&str>| Origin {
        pointer: format!("{pointer}{place}"),
        file: file.map(str::to_owned),
        literals: literals.clone(),
    };
    let is_named = |text: &str| text.split_once('=').is_some_and(|(name, _)| name == key);
    if let Some((index, _)) = texts("literals").find(|(_, literal)| is_named(literal)) {
        return at(format!("/literals/{index}"), None);
    }
    let files = |file: &'static str| {
        texts(file).map(|(index, file)| (index, file.split_once('=').unwrap_or((last(file), file))))
    };
    if let Some((index, (_, file))) = files("files").find(|(_, (name, _))| *name == key) {
        return at(format!("/files/{index}"), Some(file));
    }
    match text_at(entry, &["env"]).or_else(|| texts("envs").next().map(|(_, file)| file)) {
        Some(file) => at("/envs/0".to_owned(), Some(file)),
        None => at(String::new(), None),
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path that is seen from a folder, as it is in the repo.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}
