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
    read: BTreeMap<String, (Arc<Source>, Vec<Node>)>,
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
        let place = self.place(&finding)?;
        let line = if place.source.text.is_empty() { 0 } else { place.source.line_column(place.start).0 };
        let problem = Problem::new(rule.code, finding.says).at(place);
        let chain = finding.chain.iter().map(ToString::to_string).collect();
        let because = finding.because.unwrap_or_else(|| rule.because.to_owned());
        let problem = Problem { severity, because: Some(because), hint: finding.hint, chain, ..problem };
        Ok(Placed { rule, file: finding.file, line, problem })
    }

    fn place(&mut self, finding: &Finding) -> Result<Place, Failure> {
        let (source, nodes) = self.text(&finding.file)?;
        if source.text.is_empty() || (finding.line == 0 && finding.at == At::Line) {
            return Ok(Place::file(&source.name));
        }
        let line = || {
            let start = source.text.split_inclusive('\n').take(finding.line.max(1) - 1).map(str::len).sum::<usize>();
            let text = source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
            let indent = text.len() - text.trim_start().len();
            start + indent..start + text.trim_end().len().max(indent)
        };
        let span = match &finding.at {
            At::Bytes(start, end) => source.boundary(*start)..source.boundary(*end),
            At::Line => line(),
            At::Pointer(pointer) => pointed(source, nodes, finding.line, pointer).unwrap_or_else(line),
        };
        Ok(Place::new(source, span))
    }

    fn text(&mut self, file: &str) -> Result<&(Arc<Source>, Vec<Node>), Failure> {
        if !self.read.contains_key(file) {
            let bytes = self.files.read(file)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned();
            let source = Source::new((self.shown)(file), text);
            let nodes = yaml::read_manifest(&source, &mut Problems::default()).unwrap_or_default();
            self.read.insert(file.to_owned(), (source, nodes));
        }
        self.read
            .get(file)
            .ok_or_else(|| crate::error::Error::Internal(format!("{file} was read and is not there")).into())
    }
}

/// The bytes that a pointer leads to, in the document that begins at a line.
fn pointed(source: &Source, nodes: &[Node], line: usize, pointer: &str) -> Option<Range<usize>> {
    let begins = |node: &&Node| match &node.kind {
        Kind::Map(entries) => entries.first().is_some_and(|(key, _)| source.line_column(key.span.start).0 == line),
        _ => source.line_column(node.span.start).0 == line,
    };
    let mut node = if let [one] = nodes { one } else { nodes.iter().find(begins)? };
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
