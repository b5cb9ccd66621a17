//! What can go wrong with the machine: a disk, a repository, a program that is not itself.
//!
//! Each error says the path and what to do. A mistake in a profile is a [`Problem`] instead; a
//! command fails with either, and [`Failure`] holds both.

use std::path::PathBuf;

use crate::problem::Problem;

/// Trouble of the machine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation failed.
    #[error("cannot {what} {path}: {source}", path = .path.display())]
    Disk {
        /// The operation in words: "write", "read".
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Git refused.
    #[error("git cannot {what} in {path}: {source}", path = .path.display())]
    Git {
        /// The operation in words.
        what: &'static str,
        /// The repository.
        path: PathBuf,
        /// What libgit2 said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A fault of ours.
    #[error("internal error: {0}. This is a fault in fluxwright, not in your files")]
    Internal(String),
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// Findings, at least one of them an error.
    Problems(Vec<Problem>),
    /// Trouble of the machine.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Problems(vec![problem])
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Failure {
        Failure::Problems(problems)
    }
}
