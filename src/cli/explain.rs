//! `explain`: what a rule of `check`, or another code of a finding, is about.

use clap::Args;

use super::workspace::argument;
use super::{Done, Format, report};
use crate::error::Failure;
use crate::pages::rules::{called, names};
use crate::problem::{Problem, nearest};

/// Say what a finding is about
///
/// Of a rule of `check`: how bad it is, why it matters and where that is from, what does not count, a wrong and a right example, and
/// how a finding is ignored. Of any other code: what it means.
///
/// Exit codes: 0 done; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Explain {
    /// The code or the name of a finding, as it stands in front of it
    #[arg(value_name = "CODE|NAME")]
    what: String,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Explain {
    /// Runs the command.
    pub fn run(&self) -> Result<Done, Failure> {
        let explained = called(&self.what).ok_or_else(|| unknown(&self.what))?;
        match self.format {
            Format::Text => report::data(explained.page().as_bytes()),
            Format::Json => report::say(&format!("{:#}", explained.data())),
        }
        Ok(Done::Same)
    }
}

fn unknown(what: &str) -> Problem {
    let hint = match nearest(what, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "every finding begins with its code and its name: fluxwright explain FW101".to_owned(),
    };
    argument(format!("no finding has the code or the name `{what}`")).hint(hint)
}
