//! Transcripts in `tests/cli/`: what a newcomer types, and everything that is printed, compared whole.
//!
//! A line that begins with `$ ` is typed, what follows it is printed, a last line `[1]` is the exit code if it is not 0.
//! `FLUXWRIGHT_BLESS=1 cargo test --test first_day` writes what is printed. Ids of commits stand as `…`, since every change of a
//! template changes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use repo_builder::Repo;

/// A shell in an empty folder: `cd` counts for what comes after it.
struct Shell {
    repo: Repo,
    at: PathBuf,
}

impl Shell {
    fn new() -> Shell {
        let repo = Repo::without_git("minimal");
        repo.remove("profiles");
        let at = repo.root.clone();
        Shell { repo, at }
    }

    /// What a line prints, standard output first.
    fn run(&mut self, line: &str) -> String {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.at = fs::canonicalize(self.at.join(folder)).unwrap();
            return String::new();
        }
        let program = Path::new(env!("CARGO_BIN_EXE_fluxwright")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let output =
            self.repo.command("sh").args(["-c", line]).env("PATH", path).current_dir(&self.at).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut printed = text(&output.stdout) + &text(&output.stderr);
        if !printed.is_empty() && !printed.ends_with('\n') {
            printed.push('\n');
        }
        match output.status.code().unwrap() {
            0 => {}
            code => writeln!(printed, "[{code}]").unwrap(),
        }
        printed
    }
}

/// Ids of commits, twelve or seven digits of them, as `…`.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| {
        matches!(word.len(), 7 | 12)
            && word.bytes().all(|b| b.is_ascii_hexdigit())
            && word.bytes().any(|b| b.is_ascii_digit())
    };
    let line =
        |line: &str| line.split(' ').map(|word| if is_id(word) { "…" } else { word }).collect::<Vec<_>>().join(" ");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_transcript_is_what_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut transcripts: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    transcripts.sort();
    assert!(!transcripts.is_empty());
    for path in transcripts {
        let text = fs::read_to_string(&path).unwrap();
        let mut shell = Shell::new();
        let mut printed = String::new();
        for line in text.lines() {
            if let Some(typed) = line.strip_prefix("$ ") {
                write!(printed, "{line}\n{}", without_ids(&shell.run(typed))).unwrap();
            } else if line.starts_with("# ") || (line.is_empty() && printed.ends_with("# \n")) {
                writeln!(printed, "{line}").unwrap();
            }
        }
        if std::env::var_os("FLUXWRIGHT_BLESS").is_some() {
            fs::write(&path, &printed).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), printed, "{}", path.display());
    }
}
