//! What a rule finds, and how it becomes what users are told: with the file's text underlined where it stands.
//!
//! In: findings, and the files they are about. Out: [`Problem`]s. A rule names the place in the object, by a JSON pointer; where the
//! text of that stands in the file is looked for only here, and only for what was found.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Rule;
use crate::error::Failure;
use crate::flux::applied::Owner;
use crate::flux::given::{FluxKustomization, Given};
use crate::flux::kustomize::{Mistake, Note};
use crate::flux::walk::Files;
use crate::problem::{Place, Problem, Problems, Severity, Source};
use crate::yaml::{self, Kind, Node};

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, by its path in the repo.
    pub file: String,
    /// The line at which the document begins, or of the place itself; 0 if it is the whole file.
    pub line: usize,
    /// Where in the document, as a JSON pointer; or bytes of the file.
    at: At,
    /// One sentence, no full stop.
    pub says: String,
    /// Why that matters, if it is not what the rule says.
    because: Option<String>,
    /// What to paste.
    hint: Option<String>,
    /// How bad it is, if not as the rule says.
    severity: Option<Severity>,
    /// The Flux Kustomizations that lead to it.
    pub chain: Vec<Owner>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Line,
    Pointer(String),
    Bytes(usize, usize),
}

impl Finding {
    /// At a line of a file; 0 is the whole file.
    pub fn in_file(file: &str, line: usize, says: impl Into<String>) -> Finding {
        Finding {
            file: file.to_owned(),
            line,
            at: At::Line,
            says: says.into(),
            because: None,
            hint: None,
            severity: None,
            chain: Vec::new(),
        }
    }

    /// On an object that is applied.
    pub fn on(given: &Given, says: impl Into<String>) -> Finding {
        Finding { chain: given.chain.clone(), ..Finding::in_file(&given.file, given.line, says) }
    }

    /// On a Flux Kustomization.
    pub fn on_kustomization(it: &FluxKustomization, says: impl Into<String>) -> Finding {
        // It is applied by the one above it.
        let above = it.chain.len().saturating_sub(1).max(1).min(it.chain.len());
        Finding { chain: it.chain[..above].to_vec(), ..Finding::in_file(&it.file, it.line, says) }
    }

    /// What kustomize or Flux refuses.
    pub fn of_mistake(mistake: &Mistake) -> Finding {
        let pointer = Some(&mistake.pointer).filter(|pointer| !pointer.is_empty() && mistake.line > 0);
        let at = match (mistake.span, pointer) {
            (Some((start, end)), _) => At::Bytes(start, end),
            (None, Some(pointer)) => At::Pointer(pointer.clone()),
            (None, None) => At::Line,
        };
        Finding { at, ..Finding::in_file(&mistake.file, mistake.line, &mistake.says) }
    }

    /// What is not resolved.
    pub fn of_note(note: &Note) -> Finding {
        Finding::in_file(&note.file, note.line, &note.says)
    }

    /// At a place of the object, as a JSON pointer: `/spec/dependsOn/0/name`. Where the file has only a part of the way, the
    /// end of that is shown.
    pub fn at(self, pointer: impl Into<String>) -> Finding {
        Finding { at: At::Pointer(pointer.into()), ..self }
    }

    /// Says it in other words.
    pub fn says(self, says: impl Into<String>) -> Finding {
        Finding { says: says.into(), ..self }
    }

    /// Reached by these Flux Kustomizations.
    pub fn through(self, chain: &[Owner]) -> Finding {
        Finding { chain: chain.to_vec(), ..self }
    }

    /// Says why.
    pub fn because(self, because: impl Into<String>) -> Finding {
        Finding { because: Some(because.into()), ..self }
    }

    /// Says what to paste.
    pub fn hint(self, hint: impl Into<String>) -> Finding {
        Finding { hint: Some(hint.into()), ..self }
    }

    /// As bad as that, and not as the rule says.
    pub fn as_bad_as(self, severity: Severity) -> Finding {
        Finding { severity: Some(severity), ..self }
    }

    /// The same, however it is reached.
    pub fn without_chain(self) -> Finding {
        Finding { chain: Vec::new(), ..self }
    }

    /// How bad it is.
    pub fn severity(&self, rule: &Rule) -> Severity {
        self.severity.unwrap_or(rule.severity)
    }
}

/// A finding with its place in the file.
pub struct Placed {
    /// What found it.
    pub rule: &'static Rule,
    /// The file, by its path in the repo.
    pub file: String,
    /// The line that it is shown at; 0 if it is the whole file.
    pub line: usize,
    /// What users are told.
    pub problem: Problem,
}

/// The files that findings are about, each read once.
pub struct Texts<'a> {
    files: &'a dyn Files,
    /// A path of the repo as users type it.
    shown: &'a dyn Fn(&str) -> String,
    read: BTreeMap<String, Text>,
}

/// A file with its documents.
struct Text {
    source: Arc<Source>,
    nodes: Vec<Node>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Text {
    /// Of what a file holds; one that is not YAML has no documents.
    fn of(name: String, bytes: &[u8]) -> Text {
        let text = String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').to_owned();
        let source = Source::new(name, text);
        let nodes = yaml::read_manifest(&source, &mut Problems::default()).unwrap_or_default();
        let lines = std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Text { source, nodes, lines }
    }

    /// The line of a byte, from 1.
    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// What a line says, without what it is indented by.
    fn line(&self, line: usize) -> Range<usize> {
        let start = self.lines.get(line.max(1) - 1).copied().unwrap_or(self.source.text.len());
        let text = self.source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let indent = text.len() - text.trim_start().len();
        start + indent..start + text.trim_end().len().max(indent)
    }
}

impl<'a> Texts<'a> {
    /// Of a repo.
    pub fn new(files: &'a dyn Files, shown: &'a dyn Fn(&str) -> String) -> Texts<'a> {
        Texts { files, shown, read: BTreeMap::new() }
    }

    /// What users are told of a finding.
    ///
    /// # Errors
    /// What the files' place says.
    pub fn placed(&mut self, rule: &'static Rule, finding: Finding) -> Result<Placed, Failure> {
        let severity = finding.severity(rule);
        let (place, line) = self.place(&finding)?;
        let problem = Problem::new(rule.code, finding.says).at(place);
        let chain = finding.chain.iter().map(ToString::to_string).collect();
        let because = finding.because.unwrap_or_else(|| rule.because.to_owned());
        let problem = Problem { severity, because: Some(because), hint: finding.hint, chain, ..problem };
        Ok(Placed { rule, file: finding.file, line, problem })
    }

    fn place(&mut self, finding: &Finding) -> Result<(Place, usize), Failure> {
        let text = self.text(&finding.file)?;
        let source = &text.source;
        if source.text.is_empty() || (finding.line == 0 && finding.at == At::Line) {
            return Ok((Place::file(&source.name), 0));
        }
        let span = match &finding.at {
            At::Bytes(start, end) => source.boundary(*start)..source.boundary(*end),
            At::Line => text.line(finding.line),
            At::Pointer(pointer) => pointed(text, finding.line, pointer).unwrap_or_else(|| text.line(finding.line)),
        };
        Ok((Place::new(source, span.clone()), text.line_of(span.start)))
    }

    fn text(&mut self, file: &str) -> Result<&Text, Failure> {
        if !self.read.contains_key(file) {
            let bytes = self.files.read(file)?.unwrap_or_default();
            self.read.insert(file.to_owned(), Text::of((self.shown)(file), &bytes));
        }
        let missing = || crate::error::Error::Internal(format!("{file} was read and is not there")).into();
        self.read.get(file).ok_or_else(missing)
    }
}

/// The bytes that a pointer leads to, in the document that begins at a line.
fn pointed(text: &Text, line: usize, pointer: &str) -> Option<Range<usize>> {
    let source = &text.source;
    let begins = |node: &&Node| match &node.kind {
        Kind::Map(entries) => entries.first().is_some_and(|(key, _)| text.line_of(key.span.start) == line),
        _ => text.line_of(node.span.start) == line,
    };
    let mut node = if let [one] = &text.nodes[..] { one } else { text.nodes.iter().find(begins)? };
    let mut span = None;
    for step in pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")) {
        let next = match &node.kind {
            Kind::List(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)).map(|item| (None, item)),
            _ => node.entry(&step).map(|(key, node)| (Some(key.span.clone()), node)),
        };
        let Some((key, next)) = next else { break };
        // Of a mapping or a list its key is shown; a scalar shows itself.
        let scalar = matches!(next.kind, Kind::Scalar { .. }) && !next.span.is_empty();
        span = Some(if scalar { next.span.clone() } else { key.unwrap_or_else(|| first_line(source, next)) });
        node = next;
    }
    span.or_else(|| Some(first_line(source, node)))
}

fn first_line(source: &Source, node: &Node) -> Range<usize> {
    let start = match &node.kind {
        Kind::Map(entries) => entries.first().map_or(node.span.start, |(key, _)| key.span.start),
        _ => node.span.start,
    };
    let end = source.text[start..].find('\n').map_or(source.text.len(), |at| start + at);
    start..end
}
