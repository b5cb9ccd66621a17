//! `schema`: prints the JSON Schema of the repo's profiles, or writes it where profiles tell editors to look for it.
//!
//! The file is the program's own and made anew each time; one that it did not write is left alone. `render` asks here
//! whether the file is stale.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::workspace::Workspace;
use super::{Done, Format, Global, report};
use crate::catalog::Catalog;
use crate::cluster::leaves_the_repo;
use crate::disk::{self, Disk, Entry, changes, said, write};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem, shell_word};
use crate::schema::{self, FILE};

/// Print the JSON Schema of this repo's profiles, or write it for editors
///
/// It has every key of a profile and the options of all components, those of .fluxwright/components/ included. Editors
/// find the file by the first line of a profile: # yaml-language-server: $schema=../.fluxwright/profile.schema.json
///
/// Exit codes: 0 done; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Schema {
    /// Write .fluxwright/profile.schema.json in the repo's root and print nothing but that
    #[arg(long)]
    write: bool,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Schema {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let workspace = Workspace::find(global)?;
        let text = schema::text(&workspace.catalog()?)?;
        if !self.write {
            report::data(text.as_bytes());
            return Ok(Done::Same);
        }
        let path = workspace.root.join(FILE);
        let shown = workspace.shown(&path);
        let written = refresh(&workspace.disk, &workspace.root, &shown, &text)?;
        match self.format {
            Format::Text => report::say(&format!("{shown}: {}", if written { "written" } else { "up to date" })),
            Format::Json => report::say(&format!("{:#}", json!({ "path": shown, "written": written }))),
        }
        Ok(Done::Same)
    }
}

/// Writes the file unless it holds the text already; says whether it did.
fn refresh(disk: &dyn Disk, root: &Path, shown: &str, text: &str) -> Result<bool, Failure> {
    let path = root.join(FILE);
    let folder = |file: &str| file.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    if changes::blocked(disk, root, &folder(FILE))?.is_some() {
        return Err(leaves_the_repo(&folder(shown)).into());
    }
    match known(disk, &path)? {
        Known::Ours(known) if known == text => return Ok(false),
        Known::Nothing | Known::Ours(_) => {}
        Known::Foreign => {
            let says = format!("`{shown}` stands where fluxwright would write, and it did not write it");
            return Err(Problem::new(Code::FOREIGN_FILE, says)
                .at(Place::file(shown))
                .because("its own file says `Written by` in its `$comment`, and only that is overwritten")
                .hint(format!("move it away:\ngit mv {0} {0}.mine", shell_word(shown)))
                .into());
        }
    }
    write::one(disk, &path, text.as_bytes())?;
    Ok(true)
}

/// Whether the repo's file is not what would be written now; never where there is none, or one of somebody else.
pub fn stale(workspace: &Workspace, catalog: &Catalog) -> Result<Option<Problem>, Failure> {
    let path = workspace.root.join(FILE);
    let Known::Ours(known) = known(&workspace.disk, &path)? else { return Ok(None) };
    // A component that no profile uses can be broken; then the file cannot be up to date, and the hint says why.
    if schema::text(catalog).is_ok_and(|text| text == known) {
        return Ok(None);
    }
    let shown = workspace.shown(&path);
    Ok(Some(
        Problem::warning(Code::STALE_SCHEMA, format!("`{shown}` is not what this fluxwright would write"))
            .at(Place::file(&shown))
            .because("editors hold profiles against it; they miss new keys, and refuse what they have never heard of")
            .hint("fluxwright schema --write"),
    ))
}

/// What stands in the file's place.
enum Known {
    Nothing,
    /// A schema that fluxwright wrote.
    Ours(String),
    Foreign,
}

fn known(disk: &dyn Disk, path: &Path) -> Result<Known, Error> {
    match disk::entry(disk, path)? {
        None => Ok(Known::Nothing),
        Some(Entry::File) => {
            let text = String::from_utf8_lossy(&said("read", path, disk.read(path))?).into_owned();
            Ok(if schema::is_ours(&text) { Known::Ours(text) } else { Known::Foreign })
        }
        Some(_) => Ok(Known::Foreign),
    }
}
