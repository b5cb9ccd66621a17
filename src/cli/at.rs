//! What a command needs of a commit instead of the disk: a folder that was asked for, and the catalog.

use std::collections::BTreeMap;
use std::path::Path;

use super::workspace::{Workspace, argument};
use crate::catalog::{Catalog, OWN_COMPONENTS};
use crate::cluster::InCommit;
use crate::disk::{self, Disk, said};
use crate::error::Failure;
use crate::flux::files::Files;
use crate::flux::folder::path_from;

/// A folder of a commit, as a path below the repo's root: what the disk has there counts for nothing.
///
/// # Errors
/// There is none, or it is elsewhere.
pub fn folder(workspace: &Workspace, files: &InCommit, name: &str, path: &Path) -> Result<String, Failure> {
    let real = |path: &Path| said("follow", path, workspace.disk.real(path));
    let (root, start) = (real(&workspace.root)?, real(&workspace.start)?);
    let outside = || argument(format!("`{}` is outside of the repo `{}`", path.display(), root.display()));
    let below = |path: &Path| path.strip_prefix(&root).map(|path| path.to_string_lossy().replace('\\', "/")).ok();
    let folder = if path.is_absolute() {
        below(path).and_then(|path| path_from("", &path))
    } else {
        below(&start).and_then(|start| path_from(&start, &path.to_string_lossy().replace('\\', "/")))
    };
    let folder = folder.ok_or_else(outside)?;
    if !folder.is_empty() && files.below(&folder)?.is_empty() {
        return Err(argument(format!("there is no folder `{}` in `{name}`", path.display())).into());
    }
    Ok(folder)
}

/// The built-in catalog with the components that a commit has of its own.
///
/// # Errors
/// A component that cannot be read, or has the name of a built-in one; what git says.
pub fn catalog(files: &InCommit) -> Result<Catalog, Failure> {
    let mut own: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for path in files.below(OWN_COMPONENTS)? {
        let below = path.strip_prefix(OWN_COMPONENTS).unwrap_or_default().trim_start_matches('/');
        let Some((component, rest)) = disk::of_component(below) else { continue };
        let bytes = files.read(&path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        own.entry(component.to_owned()).or_default().insert(rest.to_owned(), text);
    }
    Catalog::new(own).map_err(Failure::from)
}
