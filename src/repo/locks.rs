//! The lock files of git: waited for a little, because another git is mostly done in a moment, and then named.
//!
//! A lock that a program left behind when it was stopped looks like one that is held. It is never removed here.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::disk::{self, Disk};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem, shell_word};

/// How often a lock is asked for, with [`PAUSE`] between: two seconds in all.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer; nothing if there is none for two seconds.
///
/// # Errors
/// The first error.
pub(super) fn patiently<T, E>(mut ask: impl FnMut() -> Result<Option<T>, E>) -> Result<Option<T>, E> {
    for _ in 1..TRIES {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        thread::sleep(PAUSE);
    }
    ask()
}

/// Waits until a lock is gone.
///
/// # Errors
/// It stays.
pub(super) fn wait_for(disk: &dyn Disk, lock: &Path) -> Result<(), Failure> {
    let gone = || Ok::<_, Error>(disk::entry(disk, lock)?.is_none().then_some(()));
    patiently(gone)?.ok_or_else(|| held(lock).into())
}

/// The refusal of a lock that stays.
pub(super) fn held(lock: &Path) -> Problem {
    let name = lock.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let says = format!("another git is at work here, or was stopped: there is {article} {name}");
    let lock = lock.display();
    Problem::new(Code::GIT_STATE, says)
        .at(Place::file(lock.to_string()))
        .hint(format!("wait for it; if no git is running:\nrm {}", shell_word(&lock.to_string())))
}

/// The lock of a file of git's.
pub(super) fn lock_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.lock"))
}
