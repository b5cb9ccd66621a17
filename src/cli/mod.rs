//! The command line: the only room with clap, printing and exit codes, and the only one that looks at the environment.
//!
//! One file a command. Standard output carries what was asked for, standard error what there is to say about it.
//! Exit codes: 0 done; 1 the command did its work and found differences; 2 it did not do what was asked.

mod at;
mod build;
mod check;
mod commit;
mod completions;
mod components;
mod diff;
mod explain;
mod formats;
mod graph;
mod init;
mod render;
mod report;
mod schema;
mod who;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::error::Failure;
use crate::problem::{Code, Problem};

/// Renders one cluster profile into a complete, ordered, reviewable Flux tree
#[derive(Debug, Parser)]
#[command(name = "fluxwright", version, term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
struct Global {
    /// Work as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
}

/// How to say what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON document on standard output
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Render(render::Render),
    Diff(diff::Diff),
    Build(build::Build),
    Check(check::Check),
    Explain(explain::Explain),
    Graph(graph::Graph),
    Components(components::Components),
    Schema(schema::Schema),
    Completions(completions::Completions),
}

impl Command {
    /// Runs it; with its name, and how it says what stands in its way.
    fn run(&self, global: &Global) -> (&'static str, Format, Result<Done, Failure>) {
        match self {
            Command::Init(command) => ("init", command.format, command.run(global)),
            Command::Render(command) => ("render", command.format, command.run(global)),
            Command::Diff(command) => ("diff", command.format, command.run(global)),
            Command::Build(command) => ("build", command.format, command.run(global)),
            Command::Check(command) => ("check", command.says(), command.run(global)),
            Command::Explain(command) => ("explain", command.format, command.run()),
            Command::Graph(command) => ("graph", command.says(), command.run(global)),
            Command::Components(command) => ("components", command.format, command.run(global)),
            Command::Schema(command) => ("schema", command.format, command.run(global)),
            Command::Completions(command) => ("completions", Format::Text, Ok(command.run())),
        }
    }
}

/// An argument that cannot be used has its command's help as its hint, if it has none of its own.
fn point_to_help(problems: &mut [Problem], command: &str) {
    let bare = |problem: &&mut Problem| problem.code == Code::BAD_ARGUMENT && problem.hint.is_none();
    for problem in problems.iter_mut().filter(bare) {
        problem.hint = Some(format!("fluxwright {command} --help"));
    }
}

/// How a command that did its work ended.
enum Done {
    /// There is nothing to report.
    Same,
    /// It found differences.
    Differences,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (name, format, done) = arguments.command.run(&arguments.global);
    match done {
        Ok(Done::Same) => ExitCode::SUCCESS,
        Ok(Done::Differences) => ExitCode::from(1),
        Err(failure) => {
            match failure {
                Failure::Problems(mut problems) => {
                    point_to_help(&mut problems, name);
                    report::refusal(&problems, format);
                }
                Failure::Error(error) => report::trouble(&error, format),
            }
            ExitCode::from(2)
        }
    }
}
