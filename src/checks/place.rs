//! Where a finding stands in its file, as users are shown it: underlined, and without what is hidden.
//!
//! In: findings, and the files they are about. Out: [`Problem`]s with their places. Where the file has only a part of the way to what a
//! finding is about (the rest comes of a patch, or a generator), the end of that is shown.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Rule;
use super::finding::{At, Finding};
use crate::error::Failure;
use crate::flux::files::Files;
use crate::problem::{Place, Problem, Problems, Source};
use crate::tree::pointer_key;
use crate::yaml::{self, Kind, Node};

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

/// A file that was read.
struct Text {
    source: Arc<Source>,
    /// The same with what is hidden taken out, and where that was.
    shown: Arc<Source>,
    cuts: Vec<(Range<usize>, usize)>,
    nodes: Vec<Node>,
    /// Where each line begins.
    lines: Vec<usize>,
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

    /// Hides what the findings hide, in the files as all findings show them.
    ///
    /// # Errors
    /// What the files' place says.
    pub fn hide<'f>(&mut self, findings: impl Iterator<Item = &'f Finding>) -> Result<(), Failure> {
        let mut by_file: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in findings.filter(|finding| !finding.hidden.is_empty()) {
            by_file.entry(&finding.file).or_default().push(finding);
        }
        for (file, findings) in by_file {
            let text = self.text(file)?;
            let hidden: Vec<_> = findings.iter().flat_map(|finding| text.hidden(finding)).collect();
            let kept: Vec<_> = findings.iter().filter_map(|finding| text.kept(finding)).collect();
            let (shown, cuts) = without(&text.source.text, &hidden, &kept);
            text.shown = Source::new(text.source.name.as_str(), shown);
            text.cuts = cuts;
        }
        Ok(())
    }

    fn place(&mut self, finding: &Finding) -> Result<(Place, usize), Failure> {
        let text = self.text(&finding.file)?;
        let source = &text.source;
        if source.text.is_empty() || (finding.line == 0 && finding.at == At::Line) {
            return Ok((Place::file(&source.name), 0));
        }
        let line = || text.line(finding.line);
        let span = match &finding.at {
            At::Bytes(start, end) => source.boundary(*start)..source.boundary(*end),
            At::Line => line(),
            At::Pointer(pointer) => text.pointed(finding.line, pointer).unwrap_or_else(line),
            At::Word(pointer, number, word) => text
                .word(finding.line, pointer, *number, word)
                .or_else(|| text.pointed(finding.line, pointer))
                .unwrap_or_else(line),
        };
        let shown = moved(span.start, &text.cuts)..moved(span.end, &text.cuts);
        Ok((Place::new(&text.shown, shown), text.line_of(span.start)))
    }

    fn text(&mut self, file: &str) -> Result<&mut Text, Failure> {
        if !self.read.contains_key(file) {
            let bytes = self.files.read(file)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned();
            self.read.insert(file.to_owned(), Text::of(Source::new((self.shown)(file), text)));
        }
        self.read
            .get_mut(file)
            .ok_or_else(|| crate::error::Error::Internal(format!("{file} was read and is not there")).into())
    }
}

/// What a pointer leads to.
struct Step<'a> {
    key: Option<Range<usize>>,
    node: &'a Node,
    /// Whether it is the end of the pointer, and not only of what the file has of it.
    whole: bool,
}

impl Text {
    /// Of what a file holds; one that is not YAML has no documents.
    fn of(source: Arc<Source>) -> Text {
        let nodes = yaml::read_manifest(&source, &mut Problems::default()).unwrap_or_default();
        let lines = std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Text { shown: Arc::clone(&source), cuts: Vec::new(), source, nodes, lines }
    }

    /// The line of a byte, from 1.
    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// The document that begins at a line; of what is generated, which has no line, the first one.
    fn document(&self, line: usize) -> Option<&Node> {
        let begins = |node: &&Node| match &node.kind {
            Kind::Map(entries) => entries.first().is_some_and(|(key, _)| self.line_of(key.span.start) == line),
            _ => self.line_of(node.span.start) == line,
        };
        match &self.nodes[..] {
            [one] => Some(one),
            nodes if line == 0 => nodes.first(),
            nodes => nodes.iter().find(begins),
        }
    }

    fn follow(&self, line: usize, pointer: &str) -> Option<Step<'_>> {
        let mut found = Step { key: None, node: self.document(line)?, whole: true };
        for step in pointer.split('/').skip(1).map(pointer_key) {
            let next = match &found.node.kind {
                Kind::List(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)).map(|item| (None, item)),
                _ => found.node.entry(&step).map(|(key, node)| (Some(key.span.clone()), node)),
            };
            let Some((key, node)) = next else {
                found.whole = false;
                break;
            };
            found = Step { key: key.or_else(|| Some(first_line(&self.source, node))), node, whole: true };
        }
        Some(found)
    }

    /// The bytes that a pointer leads to, in the document that begins at a line.
    fn pointed(&self, line: usize, pointer: &str) -> Option<Range<usize>> {
        let Step { key, node, .. } = self.follow(line, pointer)?;
        // Of a mapping or a list its key is shown; a scalar shows itself.
        let scalar = matches!(node.kind, Kind::Scalar { .. }) && !node.span.is_empty();
        Some(if scalar { node.span.clone() } else { key.unwrap_or_else(|| first_line(&self.source, node)) })
    }

    /// The bytes of a word in the text that a pointer leads to; of a word that is not there, those of the line.
    fn word(&self, line: usize, pointer: &str, number: usize, word: &str) -> Option<Range<usize>> {
        let Step { key, node, .. } = self.follow(line, pointer).filter(|step| step.whole)?;
        let is_word = |key: &Range<usize>| {
            let written = self.source.text.get(key.clone()).unwrap_or_default();
            !word.is_empty() && written.trim_matches(['"', '\'']) == word
        };
        if let Some(key) = key.filter(is_word) {
            return Some(key);
        }
        let text = self.source.text.get(node.span.clone())?;
        let mut start = node.span.start;
        let lines = text.split_inclusive('\n').map(|line| {
            start += line.len();
            (start - line.len(), line.trim_end())
        });
        let lines: Vec<(usize, &str)> = lines.collect();
        // A literal block has the text's lines as they are; elsewhere the word is looked for.
        let in_block = lines.get(number);
        let holds = |(_, line): &&(usize, &str)| line.contains(word);
        let (start, line) = in_block.filter(holds).or_else(|| lines.iter().find(holds)).or(lines.first())?;
        let found = line.find(word).filter(|_| !word.is_empty()).map(|at| start + at..start + at + word.len());
        let begins = start + line.len() - line.trim_start().len();
        found.or_else(|| Some(begins..(begins + 1).min(start + line.len())))
    }

    fn line(&self, number: usize) -> Range<usize> {
        let start = self.lines.get(number.max(1) - 1).copied().unwrap_or(self.source.text.len());
        let line = self.source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        start + indent..start + line.trim_end().len().max(indent)
    }

    /// What a finding hides: of what stands elsewhere than its pointer says, all that may be it.
    fn hidden(&self, finding: &Finding) -> Vec<Range<usize>> {
        let mut hidden = Vec::new();
        for pointer in &finding.hidden {
            match self.follow(finding.line, pointer) {
                Some(step) => scalars(step.node, &mut hidden),
                None => hidden.push(self.line(finding.line)),
            }
        }
        hidden
    }

    /// What it shows in the midst of that: a word with the signs that part it from its value.
    fn kept(&self, finding: &Finding) -> Option<Range<usize>> {
        let At::Word(pointer, number, word) = &finding.at else { return None };
        let span = self.word(finding.line, pointer, *number, word)?;
        let written = self.source.text.get(span.clone())?.trim_matches(['"', '\'']);
        if word.is_empty() || written != word {
            return None;
        }
        let behind = self.source.text.get(span.end..).unwrap_or_default();
        let signs = behind.len() - behind.trim_start_matches(['"', '\'', ' ', ':', '=']).len();
        let signs = behind.get(..signs).unwrap_or_default().trim_end_matches(['"', '\'']);
        Some(span.start..span.end + signs.len())
    }
}

fn scalars(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Scalar { .. } => found.push(node.span.clone()),
        Kind::List(items) => items.iter().for_each(|item| scalars(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|(_, node)| scalars(node, found)),
    }
}

/// What is hidden, however long it is.
const MARK: &str = "…";

/// A text without what is hidden, except for what is kept of that, and where it was cut: what bytes of it became a mark at which
/// byte. Its lines stay as many as they are.
fn without(text: &str, hidden: &[Range<usize>], kept: &[Range<usize>]) -> (String, Vec<(Range<usize>, usize)>) {
    let mut hides = vec![false; text.len()];
    for (ranges, hide) in [(hidden, true), (kept, false)] {
        for range in ranges {
            hides[range.start.min(text.len())..range.end.min(text.len())].fill(hide);
        }
    }
    let (mut out, mut cuts) = (String::with_capacity(text.len()), Vec::<(Range<usize>, usize)>::new());
    for (at, sign) in text.char_indices() {
        let open = cuts.last_mut().filter(|(cut, _)| cut.end == at);
        let indents = open.is_none() && sign.is_whitespace();
        if !hides[at] || sign == '\n' || indents {
            out.push(sign);
        } else if let Some((cut, _)) = open {
            cut.end += sign.len_utf8();
        } else {
            cuts.push((at..at + sign.len_utf8(), out.len()));
            out.push_str(MARK);
        }
    }
    (out, cuts)
}

/// Where a byte is in what is left of a text.
fn moved(at: usize, cuts: &[(Range<usize>, usize)]) -> usize {
    match cuts.iter().rfind(|(cut, _)| cut.start < at) {
        Some((cut, mark)) => mark + MARK.len() + at.saturating_sub(cut.end),
        None => at,
    }
}

fn first_line(source: &Source, node: &Node) -> Range<usize> {
    let start = match &node.kind {
        Kind::Map(entries) => entries.first().map_or(node.span.start, |(key, _)| key.span.start),
        _ => node.span.start,
    };
    let end = source.text[start..].find('\n').map_or(source.text.len(), |at| start + at);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::of(Source::new("p", text))
    }

    fn shown(of: &str, findings: &[Finding]) -> String {
        let text = text(of);
        let hidden: Vec<_> = findings.iter().flat_map(|finding| text.hidden(finding)).collect();
        let kept: Vec<_> = findings.iter().filter_map(|finding| text.kept(finding)).collect();
        without(of, &hidden, &kept).0
    }

    fn finding(pointer: &str, line: usize, word: &str) -> Finding {
        Finding::in_file("p", 1, "x").at_word(pointer, line, word).hiding(pointer)
    }

    #[test]
    fn what_is_hidden_is_shown_by_nobody() {
        let of = "a:\n  b: hidden\n  c: shown\n";
        assert_eq!(shown(of, &[finding("/a/b", 0, "b")]), "a:\n  b: …\n  c: shown\n");
        assert_eq!(shown(of, &[finding("/a", 0, "a")]), "a:\n  b: …\n  c: …\n");
        assert_eq!(shown(of, &[finding("/a/elsewhere", 0, "b")]), "a:\n  b: …\n  c: …\n");
        assert_eq!(shown("a: [ä, 'two words', x]\n", &[finding("/a/1", 0, "")]), "a: [ä, …, x]\n");
    }

    #[test]
    fn a_text_keeps_the_names_of_its_values() {
        let of = "a: |\n  user = me\n  pass = \"x y z\"\n  pass2 = abcdef\nb: 1\n";
        let findings = [finding("/a", 1, "pass"), finding("/a", 2, "pass2")];
        assert_eq!(shown(of, &findings), "a: |\n  …\n  pass = …\n  pass2 = …\nb: 1\n");
        let text = text(of);
        assert_eq!(text.source.line_column(text.word(1, "/a", 2, "pass2").unwrap().start), (4, 3));
        assert_eq!(text.source.line_column(text.word(1, "/a", 1, "").unwrap().start), (3, 3));
    }

    #[test]
    fn what_stands_behind_something_hidden_is_still_found() {
        let (shown, cuts) = without("a: x, b: long one, c: d", &[3..4, 9..17], &[]);
        assert_eq!(shown, "a: …, b: …, c: d");
        let places = [0, 3, 4, 6, 9, 12, 17, 19].map(|at| &shown[moved(at, &cuts)..]);
        assert_eq!(
            places,
            ["a: …, b: …, c: d", "…, b: …, c: d", ", b: …, c: d", "b: …, c: d", "…, c: d", ", c: d", ", c: d", "c: d"]
        );
    }
}
