//! Repos that nobody would write by intent, or only with a bad one: none of them may make `check` panic, hang or eat the machine.
//!
//! Each row of the tables in `hostile/` makes a repo, in which the program is run with `--format json` and, if that did not take
//! long, without; and stopped when it takes more than 5 s of a processor or 512 MiB. It has to end by itself, with 0, 1 or 2; and
//! where the repo has a mistake of a user, to say so.
//!
//! `HOSTILE_ONLY=bomb cargo test --test hostile` runs the rows with that in their names, `HOSTILE_FIGURES=1` prints what each
//! took, and `HOSTILE_BINARY=target/release/fluxwright` runs another program than the one of the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// The tables read as tables; what takes long here is the program that is run.
#![allow(clippy::format_collect, clippy::format_push_string, clippy::too_many_lines)]
#![cfg(unix)]

#[path = "hostile/circles.rs"]
mod circles;
#[path = "hostile/files.rs"]
mod files;
#[path = "hostile/ignores.rs"]
mod ignores;
#[path = "hostile/kustomizations.rs"]
mod kustomizations;
#[path = "hostile/large.rs"]
mod large;
#[path = "hostile/repo.rs"]
mod repo;
#[path = "hostile/runner.rs"]
mod runner;
#[path = "hostile/starts.rs"]
mod starts;
#[path = "hostile/substitutions.rs"]
mod substitutions;
#[path = "hostile/texts.rs"]
mod texts;
#[path = "hostile/types.rs"]
mod types;

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use repo::{OUTSIDE, Repo};
use runner::{Outcome, Stopped, run, run_for};

/// The command that is run. `build` walks the same code and can be put here, too; what a row expects is then only printed.
const COMMAND: &str = "check";
/// How many rows are run side by side.
const THREADS: usize = 2;
/// A row that took longer than this is run in one format only, so that all of them together do not take long.
const LONG: Duration = Duration::from_millis(100);
/// When so many are too slow, it is not because the machine was busy for a moment.
const TOO_MANY: usize = 8;

/// What a row expects, beside that the program survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expects {
    /// An error or a warning, or that it cannot be done: somebody has made a mistake, and a note of something else is not enough.
    Finding,
    /// Nothing: it may be right, or a matter of taste.
    Nothing,
}

/// A hostile repo.
pub struct Row {
    name: String,
    expects: Expects,
    make: Box<dyn Fn(&Repo) + Send + Sync>,
}

/// Hostile repos.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    pub fn row(&mut self, name: &str, expects: Expects, make: impl Fn(&Repo) + Send + Sync + 'static) {
        self.0.push(Row { name: name.to_owned(), expects, make: Box::new(make) });
    }
}

/// Those that are run side by side, and those that want the machine for themselves.
fn tables() -> (Table, Table) {
    let (mut small, mut large) = (Table::default(), Table::default());
    texts::rows(&mut small);
    types::rows(&mut small);
    circles::rows(&mut small);
    files::rows(&mut small);
    kustomizations::rows(&mut small);
    starts::rows(&mut small);
    substitutions::rows(&mut small);
    ignores::rows(&mut small);
    large::rows(&mut large);
    (small, large)
}

/// What a row came to.
struct Result {
    name: String,
    wrong: Vec<String>,
    /// Whether more time could help: the machine may have been busy.
    slow: bool,
    figures: String,
}

fn result(row: &Row) -> Result {
    let repo = Repo::new();
    (row.make)(&repo);
    let mut result = Result { name: row.name.clone(), wrong: Vec::new(), slow: false, figures: String::new() };
    let mut found = false;
    for arguments in [&[COMMAND, "--format", "json"][..], &[COMMAND]] {
        let outcome = run(&program(), arguments, &repo.root());
        let wrong = wrong(&outcome, arguments.len() > 1, &mut found);
        result.wrong.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", arguments.join(" "))));
        result.slow |= outcome.stopped == Some(Stopped::Time);
        let _ = write!(
            result.figures,
            "{:>5} ms {:>4} MiB {:>9} bytes, exit {:<8}",
            outcome.took.as_millis(),
            outcome.memory / 1024,
            outcome.out.len() + outcome.err.len(),
            outcome.code.map_or("by signal".to_owned(), |code| code.to_string()),
        );
        if outcome.stopped.is_some() {
            // The other format would be no better.
            return result;
        }
        if outcome.took > LONG {
            break;
        }
    }
    if row.expects == Expects::Finding && !found && result.wrong.is_empty() {
        let says = "there is a mistake in it, and nothing was said".to_owned();
        if COMMAND == "check" { result.wrong.push(says) } else { result.figures += &says }
    }
    result
}

fn program() -> PathBuf {
    let other = env::var_os("HOSTILE_BINARY").map(PathBuf::from);
    other.map_or_else(|| env!("CARGO_BIN_EXE_fluxwright").into(), |path| path.canonicalize().unwrap())
}

/// What is wrong with a run; whether it has found anything that is more than a note goes to `found`.
fn wrong(outcome: &Outcome, is_json: bool, found: &mut bool) -> Vec<String> {
    let (out, err) = (String::from_utf8_lossy(&outcome.out), String::from_utf8_lossy(&outcome.err));
    let mut wrong = Vec::new();
    match (outcome.stopped, outcome.code) {
        (Some(Stopped::Time), _) => return vec![format!("takes longer than {} s", runner::TIME.as_secs())],
        (Some(Stopped::Memory), _) => return vec![format!("takes more than {} MiB", runner::MEMORY / 1024)],
        (Some(Stopped::Output), _) => return vec![format!("prints more than {} MiB", runner::OUTPUT >> 20)],
        (None, Some(0..=2)) => {}
        (None, Some(code)) => wrong.push(format!("exits with {code}: {}", tail(&err))),
        (None, None) => wrong.push(format!("is ended by a signal: {}", tail(&err))),
    }
    if err.contains("panicked") || err.contains("RUST_BACKTRACE") {
        wrong.push(format!("panics: {}", tail(&err)));
    }
    if err.contains("Usage:") {
        wrong.push(format!("is not understood: {}", tail(&err)));
    }
    if out.contains(OUTSIDE) || err.contains(OUTSIDE) {
        wrong.push("prints what stands outside of the repo".to_owned());
    }
    *found |= outcome.code.is_some_and(|code| code != 0);
    if outcome.code.is_some_and(|code| code != 0) && out.trim().is_empty() && err.trim().is_empty() {
        wrong.push("fails and does not say why".to_owned());
    }
    // What could not be done at all may be said on standard error alone.
    if is_json && matches!(outcome.code, Some(0 | 1)) {
        match serde_json::from_slice::<Value>(&outcome.out) {
            Ok(document) => match document["findings"].as_array() {
                Some(findings) => *found |= findings.iter().any(|finding| finding["severity"] != "note"),
                None => wrong.push("prints no findings".to_owned()),
            },
            Err(error) => wrong.push(format!("prints what is no JSON: {error}")),
        }
    }
    wrong
}

/// The end of a text, as far as it fits into a line.
fn tail(text: &str) -> String {
    let mut end: Vec<char> = text.trim().chars().rev().take(300).collect();
    end.reverse();
    end.into_iter().collect::<String>().replace('\n', " / ")
}

/// Runs rows side by side.
fn results(rows: &[Row], threads: usize) -> Vec<Result> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = result(row);
                    if env::var_os("HOSTILE_FIGURES").is_some() {
                        eprintln!("{:<70} {}", result.name, result.figures);
                    }
                    results.lock().unwrap().push((row.name.clone(), result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by(|(one, _), (other, _)| one.cmp(other));
    results.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn every_hostile_repo_is_survived() {
    let only = env::var("HOSTILE_ONLY").unwrap_or_default();
    let chosen = |table: Table| table.0.into_iter().filter(|row| row.name.contains(&only)).collect::<Vec<_>>();
    let (small, large) = tables();
    let (small, large) = (chosen(small), chosen(large));
    let mut all = results(&small, THREADS);
    all.extend(results(&large, 1));
    // One that was too slow beside others is tried again alone: it is the program that is to be slow, and not the machine.
    if all.iter().filter(|result| result.slow).count() <= TOO_MANY {
        for slow in all.iter_mut().filter(|result| result.slow) {
            if let Some(row) = small.iter().find(|row| row.name == slow.name) {
                *slow = result(row);
            }
        }
    }
    let wrong: Vec<String> =
        all.iter().flat_map(|one| one.wrong.iter().map(|wrong| format!("{}: {wrong}", one.name))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn there_are_many_and_each_has_a_name_of_its_own() {
    let (small, large) = tables();
    let rows = || small.0.iter().chain(&large.0);
    let names: BTreeSet<&String> = rows().map(|row| &row.name).collect();
    assert_eq!(names.len(), rows().count());
    assert!(names.len() >= 150, "{}", names.len());
}

#[test]
fn a_program_that_takes_too_much_is_stopped() {
    let here = Path::new(".");
    let memory = run(Path::new("tail"), &["/dev/zero"], here);
    assert_eq!((memory.stopped, memory.code), (Some(Stopped::Memory), None));
    let time = run(Path::new("sh"), &["-c", "while :; do :; done"], here);
    assert_eq!((time.stopped, time.code), (Some(Stopped::Time), None));
    let waiting = run_for(Duration::from_secs(1), Path::new("sleep"), &["60"], here);
    assert_eq!((waiting.stopped, waiting.code), (Some(Stopped::Time), None));
    let output = run(Path::new("cat"), &["/dev/zero"], here);
    assert_eq!(output.stopped, Some(Stopped::Output));
    let good = run(Path::new("echo"), &["good"], here);
    assert_eq!((good.stopped, good.code, good.out), (None, Some(0), b"good\n".to_vec()));
}
