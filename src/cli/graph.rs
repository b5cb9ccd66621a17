//! `graph`: the order in which a cluster comes up, as a story or as a picture.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::workspace::{Workspace, argument};
use super::{Done, Format, Global, report};
use crate::error::Failure;
use crate::problem::{Problem, shell_word};
use crate::render::graph;

/// Show the order in which a cluster comes up
///
/// Each unit with what Flux waits for before it applies it, and why. Units of one step come up beside each other. Nothing is
/// written; the trees need not be there yet.
///
/// Exit codes: 0 done; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Graph {
    /// The name of a profile under profiles/, or its path; may be left out where there is one only
    #[arg(value_name = "PROFILE")]
    profile: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Picture::Text)]
    format: Picture,
}

/// How to show an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Picture {
    /// For people: step by step, with the reasons
    Text,
    /// One JSON document: the units in their order, `because[i]` says why a unit waits for `waits[i]`
    Json,
    /// For Markdown, as GitHub and GitLab draw it
    Mermaid,
    /// For Graphviz
    Dot,
}

impl Graph {
    /// How it says what stands in its way.
    pub fn says(&self) -> Format {
        if self.format == Picture::Json { Format::Json } else { Format::Text }
    }

    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let workspace = Workspace::find(global)?;
        let catalog = workspace.catalog()?;
        let asked: Vec<String> = self.profile.iter().cloned().collect();
        let sources = workspace.profiles(&asked)?;
        if sources.len() > 1 {
            return Err(several(sources.iter().map(|(path, _)| path.as_path())).into());
        }
        let (clusters, warnings) = workspace.clusters(&catalog, &workspace.root, &sources, true)?;
        if self.says() == Format::Text {
            report::warnings(&warnings);
        }
        for graph in clusters.iter().map(|cluster| &cluster.rendered.graph) {
            match self.format {
                Picture::Text => report::data(graph::text(graph).as_bytes()),
                Picture::Mermaid => report::data(graph::mermaid(graph).as_bytes()),
                Picture::Dot => report::data(graph::dot(graph).as_bytes()),
                Picture::Json => {
                    let findings = report::list(&warnings);
                    let document = json!({ "cluster": graph.cluster, "units": graph.json(), "findings": findings });
                    report::say(&format!("{document:#}"));
                }
            }
        }
        Ok(Done::Same)
    }
}

/// A picture is of one cluster.
fn several<'p>(profiles: impl Iterator<Item = &'p Path>) -> Problem {
    let names = profiles.filter_map(Path::file_stem).map(|name| shell_word(&name.to_string_lossy()));
    let commands: Vec<String> = names.map(|name| format!("fluxwright graph {name}")).collect();
    argument("there are several profiles, and a graph is of one".to_owned()).hint(commands.join("\n"))
}
