//! `completions`: what a shell needs to complete commands and flags.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Arguments, Done, report};

/// Print the completions of a shell
///
/// For bash: fluxwright completions bash > ~/.local/share/bash-completion/completions/fluxwright
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(&self) -> Done {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "fluxwright", &mut script);
        report::data(&script);
        Done::Same
    }
}
