//! The order in which a cluster comes up, as people look at it: plain text, Mermaid, and the DOT of Graphviz.
//!
//! In: the units that Flux applies, who waits for whom, and why. Out: the units, each behind all that it waits for, ties by
//! name; and texts of that. An arrow leads from what comes first to what waits for it.
//!
//! Not here: how the order is found (`links`, `plan::order`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::plan::order::{Edge, Reason, Waits};
use crate::plan::unit::{Content, Unit};

/// Who waits for whom, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The cluster's name.
    pub cluster: String,
    /// The units, each behind all that it waits for.
    pub nodes: Vec<Node>,
}

/// A unit of a [`Graph`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The unit's name.
    pub unit: String,
    /// The first step that it can be in: one after the last of those that it waits for. The first step is 1.
    pub step: usize,
    /// What the unit applies.
    pub applies: Applies,
    /// What it waits for, by name.
    pub waits: Vec<Wait>,
}

/// What a unit applies, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// Objects of the tree.
    Objects,
    /// A Helm chart.
    Chart,
    /// A folder of manifests in git.
    Manifests,
}

impl Applies {
    fn of(unit: &Unit) -> Applies {
        match unit.content {
            Content::Templates(_) => Applies::Objects,
            Content::Chart(_) => Applies::Chart,
            Content::Git { .. } => Applies::Manifests,
        }
    }
}

/// One unit that another waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The unit that comes first.
    pub on: String,
    /// Why; at least one reason.
    pub reasons: BTreeSet<Reason>,
}

impl Graph {
    /// The graph of a cluster's units. Every one of them has its `waits`.
    pub fn of(cluster: &str, units: &[&Unit], waits: &Waits, edges: &[Edge]) -> Graph {
        let mut known = BTreeMap::new();
        let mut nodes = Vec::with_capacity(units.len());
        for unit in units {
            nodes.push(Node {
                unit: unit.name.clone(),
                step: step(&unit.name, waits, &mut known),
                applies: Applies::of(unit),
                waits: waits.get(&unit.name).into_iter().flatten().map(|on| wait(&unit.name, on, edges)).collect(),
            });
        }
        nodes.sort_by(|one, other| (one.step, &one.unit).cmp(&(other.step, &other.unit)));
        Graph { cluster: cluster.to_owned(), nodes }
    }

    /// The units as data: each with its step, what it waits for, and why, in the same order.
    pub fn json(&self) -> Value {
        let node = |node: &Node| {
            let waits: Vec<&str> = node.waits.iter().map(|wait| wait.on.as_str()).collect();
            let because: Vec<String> = node.waits.iter().map(Wait::because).collect();
            json!({ "unit": node.unit, "step": node.step, "waits": waits, "because": because })
        };
        self.nodes.iter().map(node).collect()
    }

    fn edges(&self) -> impl Iterator<Item = (&str, &str)> {
        self.nodes.iter().flat_map(|node| node.waits.iter().map(|wait| (wait.on.as_str(), node.unit.as_str())))
    }
}

/// The step of a unit; there is no circle among them any more.
fn step<'w>(unit: &'w str, waits: &'w Waits, known: &mut BTreeMap<&'w str, usize>) -> usize {
    if let Some(step) = known.get(unit) {
        return *step;
    }
    let before = waits.get(unit).into_iter().flatten().map(|on| step(on, waits, known)).max();
    let step = before.unwrap_or(0) + 1;
    known.insert(unit, step);
    step
}

fn wait(unit: &str, on: &str, edges: &[Edge]) -> Wait {
    let between = edges.iter().filter(|edge| edge.from == unit && edge.to == on);
    Wait { on: on.to_owned(), reasons: between.map(|edge| edge.because.clone()).collect() }
}

impl Wait {
    /// What the other brings, and who needs it.
    fn needs(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for reason in &self.reasons {
            if let Reason::Needs { what, needed } = reason {
                needs.entry(needed).or_default().push(what);
            }
        }
        needs
    }

    /// Every reason, in sentences without their ends.
    fn because(&self) -> String {
        let needs = self.needs().into_iter().map(|(needed, who)| {
            let verb = if who.len() == 1 { "needs" } else { "need" };
            format!("{} {verb} {needed}", few(&who))
        });
        let others = self.reasons.iter().filter(|reason| !matches!(reason, Reason::Needs { .. }));
        needs.chain(others.map(Reason::to_string)).collect::<Vec<_>>().join("; ")
    }

    /// The reason that says most, as the end of a sentence that says for whom is waited.
    fn in_short(&self) -> String {
        let needed: Vec<&str> = self.needs().into_keys().collect();
        if !needed.is_empty() {
            format!("for {}", few(&needed))
        } else if self.reasons.contains(&Reason::Said) {
            "as the profile says".to_owned()
        } else {
            "which comes before it in its component".to_owned()
        }
    }
}

/// A list that stays short.
fn few(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} and {other}"),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// As a story: step by step, each unit with what it waits for and why.
pub fn text(graph: &Graph) -> String {
    // A tree can hold nothing but what is listed directly, such as the objects of EKS Anywhere.
    let Some(last) = graph.nodes.last() else { return "There are no units.\n".to_owned() };
    let width = format!("{}.", last.step).len();
    let (mut lines, mut before) = (Vec::new(), 0);
    for node in &graph.nodes {
        let number = if node.step == before { String::new() } else { format!("{}.", node.step) };
        before = node.step;
        lines.push(format!("{number:<width$} {}", node.unit));
        lines.extend(node.waits.iter().map(|wait| format!("{:width$}   after {}, {}", "", wait.on, wait.in_short())));
    }
    written(lines.into_iter())
}

/// As Mermaid, which GitHub, GitLab and many editors draw.
pub fn mermaid(graph: &Graph) -> String {
    let node = |node: &Node| {
        let (before, behind) = match node.applies {
            Applies::Objects => ("[", "]"),
            Applies::Chart => ("([", "])"),
            Applies::Manifests => ("{{", "}}"),
        };
        format!("  {}{before}\"{}\"{behind}", mermaid_id(&node.unit), node.unit)
    };
    let edge = |(first, then): (&str, &str)| format!("  {} --> {}", mermaid_id(first), mermaid_id(then));
    let legend = "  %% boxes are objects of the tree, round ones Helm charts, six corners folders of manifests in git";
    let head = ["flowchart TD".to_owned(), legend.to_owned()];
    written(head.into_iter().chain(graph.nodes.iter().map(node)).chain(graph.edges().map(edge)))
}

/// A name as an id: words such as `end` and `graph` mean something to Mermaid where an id begins, and a `-` can be the
/// beginning of an arrow. Names of units have lower-case letters, digits and `-` only, so no two have one id, and no quotes.
fn mermaid_id(name: &str) -> String {
    format!("unit_{}", name.replace('-', "_"))
}

/// As DOT, for Graphviz: `| dot -Tsvg`.
pub fn dot(graph: &Graph) -> String {
    let node = |node: &Node| {
        let shape = match node.applies {
            Applies::Objects => "box",
            Applies::Chart => "ellipse",
            Applies::Manifests => "hexagon",
        };
        format!("  \"{}\" [shape={shape}];", node.unit)
    };
    let edge = |(first, then): (&str, &str)| format!("  \"{first}\" -> \"{then}\";");
    let head = [format!("digraph \"{}\" {{", graph.cluster)];
    let lines = head.into_iter().chain(graph.nodes.iter().map(node)).chain(graph.edges().map(edge));
    written(lines.chain(["}".to_owned()]))
}

/// Lines as a text.
fn written(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| line + "\n").collect()
}
