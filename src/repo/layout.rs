//! Where a repository keeps what: a folder `.git`, a linked worktree, or the work tree of a submodule.
//!
//! This is looked at before libgit2 opens anything, because what it cannot open it names in its own words only: formats
//! and extensions that it does not know are refused here, with what to type.

use std::path::{Path, PathBuf};

use git2::Config;

use super::{configured, git};
use crate::disk::{self, Disk, Entry, said};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem};

/// Why a format is refused that other programs read.
pub(super) const NOT_YET: &str = "fluxwright does not commit to such a repository yet";

/// The extensions that libgit2 1.9 opens (`builtin_extensions` in its repository.c), in lower case as it reads them.
const EXTENSIONS: [&str; 5] = ["noop", "objectformat", "preciousobjects", "relativeworktrees", "worktreeconfig"];

/// The two folders of a repository.
pub(super) struct Layout {
    /// Its HEAD, its index and what is under way.
    pub(super) own: PathBuf,
    /// Its objects, branches and configuration: the same folder, but in a linked worktree.
    pub(super) shared: PathBuf,
}

/// Finds the folders of the repository whose work tree's root is `root`.
///
/// # Errors
/// There is none; what the system says.
pub(super) fn find(disk: &dyn Disk, root: &Path) -> Result<Layout, Failure> {
    let dot_git = root.join(".git");
    let place = || Place::file(root.display().to_string());
    let Some(entry) = disk::entry(disk, &dot_git)? else {
        return Err(Problem::new(Code::NO_REPOSITORY, "this is not the root of a git repository")
            .at(place())
            .hint(format!("git init --initial-branch=main {}", root.display()))
            .into());
    };
    let own = match entry {
        Entry::Folder => dot_git,
        Entry::File => root.join(target(disk, &dot_git)?),
        Entry::Other => said("follow", &dot_git, disk.real(&dot_git))?,
    };
    if disk::entry(disk, &own.join("HEAD"))?.is_none() {
        let says = format!("`{}` leads to no repository", root.join(".git").display());
        return Err(Problem::new(Code::NO_REPOSITORY, says)
            .at(place())
            .because(format!("there is no HEAD in {}", own.display()))
            .hint(
                "git worktree repair\n# or, for a submodule, in the repository around it:\ngit submodule update --init",
            )
            .into());
    }
    let shared = disk::read_text(disk, &own.join("commondir"))?;
    let shared = shared.map_or_else(|| own.clone(), |text| own.join(text.trim_end()));
    Ok(Layout { own, shared })
}

/// Where a `.git` file leads.
fn target(disk: &dyn Disk, path: &Path) -> Result<PathBuf, Error> {
    let text = disk::read_text(disk, path)?.unwrap_or_default();
    Ok(PathBuf::from(text.strip_prefix("gitdir:").unwrap_or_default().trim()))
}

/// Finds the folders of a repository that is only read: it may be bare, and then it is `root` itself.
///
/// # Errors
/// There is none; what the system says.
pub(super) fn find_to_read(disk: &dyn Disk, root: &Path) -> Result<Layout, Failure> {
    let is = |name: &str, kind: Entry| disk::entry(disk, &root.join(name)).map(|entry| entry == Some(kind));
    if is("HEAD", Entry::File)? && is("objects", Entry::Folder)? && is("refs", Entry::Folder)? {
        return Ok(Layout { own: root.to_owned(), shared: root.to_owned() });
    }
    find(disk, root)
}

/// Refuses formats that are not libgit2's, with why and what to type instead. Includes count for nothing here, neither for git.
///
/// # Errors
/// The refusal; a configuration that cannot be read.
pub(super) fn refuse_format(layout: &Layout, root: &Path, because: &str, by_hand: &str) -> Result<(), Failure> {
    let path = layout.shared.join("config");
    let config = Config::open(&path).map_err(|error| git("read the configuration", &path, error))?;
    let refuse = |what: String, hint: String| {
        let place = Place::file(root.display().to_string());
        Failure::from(Problem::new(Code::GIT_STATE, what).at(place).because(because).hint(hint))
    };
    let value = |key: &str| configured(&config, key, root);
    let is = |key: &str, wanted: &str| value(key).map(|text| text.is_some_and(|it| it.eq_ignore_ascii_case(wanted)));
    if is("extensions.objectformat", "sha256")? {
        return Err(refuse("the repository uses SHA-256".to_owned(), by_hand.to_owned()));
    }
    if is("extensions.refstorage", "reftable")? {
        return Err(refuse("the repository keeps its branches as reftable".to_owned(), by_hand.to_owned()));
    }
    let version = value("core.repositoryformatversion")?.unwrap_or_default();
    match version.as_str() {
        "" | "0" => Ok(()),
        "1" => match unknown_extension(&config, root)? {
            None => Ok(()),
            Some(name) if name == "partialclone" => {
                let hint = "the promisor is said by the remote too, and git needs no more:\ngit config remote.origin.promisor true\ngit config --unset extensions.partialClone";
                Err(refuse("the repository says `extensions.partialClone`".to_owned(), hint.to_owned()))
            }
            Some(name) => {
                Err(refuse(format!("the repository has the extension `{name}`, which is unknown"), by_hand.to_owned()))
            }
        },
        version => {
            Err(refuse(format!("the repository has the format {version}, which is unknown"), by_hand.to_owned()))
        }
    }
}

fn unknown_extension(config: &Config, root: &Path) -> Result<Option<String>, Error> {
    let mut unknown = None;
    let entries = config.entries(Some("^extensions\\."));
    let looked = entries.and_then(|entries| {
        entries.for_each(|entry| {
            let name = entry.name().unwrap_or_default().trim_start_matches("extensions.");
            if !EXTENSIONS.contains(&name) {
                unknown = Some(name.to_owned());
            }
        })
    });
    looked.map_err(|error| git("read the configuration", root, error))?;
    Ok(unknown)
}
