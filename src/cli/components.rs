//! `components`: what the catalog has, or one page of it.

use clap::Args;
use serde_json::{Value, json};

use super::workspace::Workspace;
use super::{Done, Format, Global, report};
use crate::error::Failure;
use crate::pages::{self, Subject};

/// List the components and kinds of stores that a profile can name, or show the page of one
///
/// A page says what to type, what goes with it, what it renders, its options and versions. The components of this repo's own
/// (.fluxwright/components/) are among them.
///
/// Exit codes: 0 done; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Components {
    /// A component or a kind of store
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Components {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let catalog = Workspace::find(global)?.catalog()?;
        let subjects = match &self.name {
            Some(name) => pages::called(&catalog, name)?,
            None => pages::all(&catalog)?,
        };
        match (self.format, &self.name) {
            (Format::Json, _) => report::say(&format!("{:#}", data(&subjects))),
            (Format::Text, None) => {
                report::data(pages::list(&subjects).as_bytes());
                report::say("\nfluxwright components NAME shows the page of one.");
            }
            (Format::Text, Some(_)) => {
                let pages: Vec<String> = subjects.iter().map(|subject| subject.page(&catalog)).collect();
                report::data(pages.join("\n").as_bytes());
            }
        }
        Ok(Done::Same)
    }
}

/// Components and stores as their own files say them.
fn data(subjects: &[Subject]) -> Value {
    let of = |is: fn(&&Subject) -> bool| subjects.iter().filter(is).map(Subject::data).collect::<Value>();
    json!({
        "components": of(|subject| matches!(subject, Subject::Component(_))),
        "stores": of(|subject| matches!(subject, Subject::Store(_))),
    })
}
