//! The only door to the file system.
//!
//! Every operation goes through the trait [`Disk`], so that a test can make any of them fail or be the last one before the
//! process stops. What is to be written is decided first ([`changes`]) and then done ([`write`]) in an order in which each
//! stop leaves every file whole and the next run able to finish.
//!
//! Not here: what stands in a file (`render`), what git thinks of it (`repo`).

pub mod changes;
pub mod files;
pub mod lock;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::Error;
use crate::tree::File;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, or something stranger. It is never followed.
    Other,
}

/// The operations on files that fluxwright makes.
pub trait Disk: Sync {
    /// What stands at a path; nothing if there is nothing.
    ///
    /// # Errors
    /// What the system says.
    fn entry(&self, path: &Path) -> io::Result<Option<Entry>>;

    /// All files and links below a folder, as paths with `/` below it; nothing if there is no such folder.
    ///
    /// # Errors
    /// What the system says.
    fn files_below(&self, folder: &Path) -> io::Result<BTreeMap<String, Entry>>;

    /// The names of the folders in a folder; none if there is no such folder.
    ///
    /// # Errors
    /// What the system says.
    fn folders_in(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The first bytes of a file, at most as many.
    ///
    /// # Errors
    /// What the system says.
    fn read_first(&self, path: &Path, most: usize) -> io::Result<Vec<u8>>;

    /// Whether a file can be run.
    ///
    /// # Errors
    /// What the system says.
    fn is_executable(&self, path: &Path) -> io::Result<bool>;

    /// The path of what is there, with every link on the way followed.
    ///
    /// # Errors
    /// What the system says; there is nothing.
    fn real(&self, path: &Path) -> io::Result<PathBuf>;

    /// When a file was last written, in seconds since 1970.
    ///
    /// # Errors
    /// What the system says.
    fn modified(&self, path: &Path) -> io::Result<i64>;

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// What the system says.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Writes a file that nobody reads yet.
    ///
    /// # Errors
    /// What the system says.
    fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()>;

    /// Writes behind the end of a file that somebody else reads and keeps; it is made if there is none.
    ///
    /// # Errors
    /// What the system says.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Puts a file in the place of another, in one step.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder if it is empty; one that is not stays.
    ///
    /// # Errors
    /// What the system says.
    fn remove_empty_folder(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(kind(metadata.file_type()))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn files_below(&self, folder: &Path) -> io::Result<BTreeMap<String, Entry>> {
        let mut files = BTreeMap::new();
        if self.entry(folder)? != Some(Entry::Folder) {
            return Ok(files);
        }
        for entry in WalkDir::new(folder).min_depth(1) {
            let entry = entry?;
            if entry.file_type().is_dir() {
                continue;
            }
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            files.insert(path.to_string_lossy().replace('\\', "/"), kind(entry.file_type()));
        }
        Ok(files)
    }

    fn folders_in(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in WalkDir::new(folder).min_depth(1).max_depth(1).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => names.push(entry.file_name().to_string_lossy().into_owned()),
                Ok(_) => {}
                Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(names)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn read_first(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(most as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn is_executable(&self, path: &Path) -> io::Result<bool> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o100 != 0)
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            Ok(false)
        }
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn modified(&self, path: &Path) -> io::Result<i64> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(path).map(|metadata| metadata.mtime())
        }
        #[cfg(not(unix))]
        {
            // Earlier than any file: who asks then looks at the contents.
            fs::metadata(path).map(|_| 0)
        }
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(if executable { 0o777 } else { 0o666 });
        }
        #[cfg(not(unix))]
        let _ = executable;
        options.open(path)?.write_all(bytes)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_empty_folder(&self, path: &Path) -> io::Result<()> {
        match fs::remove_dir(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => Ok(()),
            done => done,
        }
    }
}

fn kind(file_type: fs::FileType) -> Entry {
    if file_type.is_file() {
        Entry::File
    } else if file_type.is_dir() {
        Entry::Folder
    } else {
        Entry::Other
    }
}

/// Names the operation and the path of an error.
pub fn said<T>(what: &'static str, path: &Path, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::Disk { what, path: path.to_owned(), source })
}

/// Where a folder really is, or would be: links and `..` are followed as far as there is something.
///
/// # Errors
/// What the system says.
pub fn real_place(disk: &dyn Disk, folder: &Path) -> Result<PathBuf, Error> {
    let absolute = said("look at", folder, std::path::absolute(folder))?;
    for there in absolute.ancestors() {
        if let Ok(real) = disk.real(there) {
            return Ok(real.join(absolute.strip_prefix(there).unwrap_or(Path::new(""))));
        }
    }
    Ok(absolute)
}

/// A path below a root, with `/`; nothing if it is elsewhere. Links and `..` on the way are followed; the file itself is what it
/// is.
pub fn below(disk: &dyn Disk, root: &Path, path: &Path) -> Option<String> {
    let (folder, name) = (path.parent()?, path.file_name()?);
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    let path = real_place(disk, folder).ok()?.join(name);
    Some(path.strip_prefix(disk.real(root).ok()?).ok()?.to_string_lossy().replace('\\', "/"))
}

/// What is at a path, if anything.
///
/// # Errors
/// What the system says.
pub fn entry(disk: &dyn Disk, path: &Path) -> Result<Option<Entry>, Error> {
    said("look at", path, disk.entry(path))
}

/// A text file, if there is one. What is no UTF-8 is an error of the file's, said with its path.
///
/// # Errors
/// What the system says, or that the file is no text.
pub fn read_text(disk: &dyn Disk, path: &Path) -> Result<Option<String>, Error> {
    if entry(disk, path)?.is_none() {
        return Ok(None);
    }
    let bytes = said("read", path, disk.read(path))?;
    let text =
        String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"));
    said("read", path, text).map(Some)
}

/// A file with its bytes and whether it can be run.
///
/// # Errors
/// What the system says.
pub fn read_file(disk: &dyn Disk, path: &Path) -> Result<File, Error> {
    let bytes = said("read", path, disk.read(path))?;
    let executable = said("look at", path, disk.is_executable(path))?;
    Ok(File { bytes, executable })
}

/// The files below a folder, without links: a link could lead anywhere.
///
/// # Errors
/// What the system says.
pub fn plain_files_below(disk: &dyn Disk, folder: &Path) -> Result<Vec<String>, Error> {
    let entries = said("look through", folder, disk.files_below(folder))?;
    Ok(entries.into_iter().filter(|(_, entry)| *entry == Entry::File).map(|(path, _)| path).collect())
}

/// The repo's own components: name → path in the folder → text, with LF whatever a checkout made of it, so that a
/// component renders to the same bytes everywhere.
///
/// # Errors
/// What the system says.
pub fn own_components(disk: &dyn Disk, folder: &Path) -> Result<BTreeMap<String, BTreeMap<String, String>>, Error> {
    let mut components: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, entry) in said("look through", folder, disk.files_below(folder))? {
        let Some((component, rest)) = of_component(&path) else { continue };
        if entry == Entry::File
            && let Some(text) = read_text(disk, &folder.join(&path))?
        {
            components.entry(component.to_owned()).or_default().insert(rest.to_owned(), text.replace("\r\n", "\n"));
        }
    }
    Ok(components)
}

/// The component that a file below their folder belongs to, and its path there; nothing, if it is none that is read.
pub fn of_component(path: &str) -> Option<(&str, &str)> {
    path.split_once('/').filter(|(_, rest)| *rest == "component.yaml" || rest.ends_with(".j2"))
}

/// The profiles of a folder, by name.
///
/// # Errors
/// What the system says.
pub fn profiles(disk: &dyn Disk, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let files = said("look through", folder, disk.files_below(folder))?;
    let profile = |path: &&String| !path.contains('/') && (path.ends_with(".yaml") || path.ends_with(".yml"));
    Ok(files.keys().filter(profile).map(|path| folder.join(path)).collect())
}

/// The paths of all files below a folder.
///
/// # Errors
/// What the system says.
pub fn paths_below(disk: &dyn Disk, folder: &Path) -> Result<BTreeSet<String>, Error> {
    Ok(said("look through", folder, disk.files_below(folder))?.into_keys().collect())
}
