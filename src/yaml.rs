//! The only door to YAML: reading with places, and writing in one canonical form.
//!
//! Reading gives a [`Node`] that knows the bytes it came from, so that a finding can underline them. It is stricter than
//! YAML: no tags, no merge keys, no duplicate keys, and a plain scalar that readers disagree about is refused instead of
//! guessed ([`Meaning::Disputed`]). The rows of that judgement are those of go-yaml v2 (kubectl), go-yaml v3 (kustomize,
//! hence Flux) and YAML 1.2; `docs/decisions/yaml.md` has the reasons.
//!
//! Writing takes JSON values, because a Kubernetes object is nothing more, and gives the same bytes on every machine.
//!
//! Not here: what a key means (`profile`, `catalog`), what an object is (`tree`).

pub mod go;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Number, Value};

use crate::problem::{Code, Place, Problem, Problems, Source};

/// The largest file that is read as a profile or component, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The largest file of manifests that is read, in bytes. Flux's own is about one MiB, and files of CRDs are larger.
pub const MAX_MANIFEST_BYTES: usize = 8 * 1024 * 1024;
/// The deepest nesting of mappings and lists.
pub const MAX_DEPTH: usize = 64;
/// How many nodes all aliases of a file together may stand for.
const MAX_ALIASED_NODES: usize = 8_000;

/// A YAML node and the bytes it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes in the source.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A scalar; `plain` when it stands without quotes and not in a block.
    Scalar {
        /// The text after YAML's own escapes.
        text: String,
        /// Whether readers may take it for something other than a text.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A mapping's key and the bytes it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The bytes in the source.
    pub span: Range<usize>,
    /// The key.
    pub text: String,
}

/// What a plain scalar means to the readers of a Kubernetes cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that comes back as it was written.
    Number(Number),
    /// A text for every reader.
    Text,
    /// Readers disagree, or lose something: what it is to some of them.
    Disputed(&'static str),
}

impl Node {
    /// The scalar's text, whatever it means.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What a scalar means; a quoted one is a text.
    pub fn meaning(&self) -> Option<Meaning> {
        match &self.kind {
            Kind::Scalar { text, plain: true } => Some(plain_meaning(text)),
            Kind::Scalar { .. } => Some(Meaning::Text),
            _ => None,
        }
    }

    /// What the node is, in a word for a sentence.
    pub fn described(&self) -> &'static str {
        match (&self.kind, self.meaning()) {
            (Kind::List(_), _) => "a list",
            (Kind::Map(_), _) => "a mapping",
            (_, Some(Meaning::Null)) => "nothing",
            (_, Some(Meaning::Bool(_))) => "a truth value",
            (_, Some(Meaning::Number(_))) => "a number",
            _ => "a text",
        }
    }

    /// The entry of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The entry of a mapping with its key.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(k, n)| (k, n)),
            _ => None,
        }
    }

    /// The node that a path of keys and indices leads to, or the last one on the way.
    pub fn follow<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> &Node {
        let mut node = self;
        for step in path {
            let next = match &node.kind {
                Kind::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => node.get(step),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// The node as a JSON value; what readers disagree about goes to `problems`.
    pub fn value(&self, source: &Arc<Source>, problems: &mut Problems) -> Value {
        match &self.kind {
            Kind::List(items) => items.iter().map(|item| item.value(source, problems)).collect(),
            Kind::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, node) in entries {
                    map.insert(key.text.clone(), node.value(source, problems));
                }
                Value::Object(map)
            }
            Kind::Scalar { text, .. } => match self.meaning() {
                Some(Meaning::Null) => Value::Null,
                Some(Meaning::Bool(truth)) => Value::Bool(truth),
                Some(Meaning::Number(number)) => Value::Number(number),
                Some(Meaning::Disputed(what)) => {
                    problems.push(disputed(source, self.span.clone(), text, what));
                    Value::String(text.clone())
                }
                _ => Value::String(text.clone()),
            },
        }
    }
}

/// The finding about a plain scalar that readers disagree about.
pub fn disputed(source: &Arc<Source>, span: Range<usize>, text: &str, what: &str) -> Problem {
    let hint = match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "on" | "true" => format!("write `true`, or {} if a text is meant", quoted(text)),
        "n" | "no" | "off" | "false" => format!("write `false`, or {} if a text is meant", quoted(text)),
        _ => format!("write {} if a text is meant, or the number in its usual form", quoted(text)),
    };
    Problem::new(Code::READ_AS_NUMBER, format!("`{text}` without quotes is {what}"))
        .at(Place::new(source, span))
        .because("kubectl and Flux read YAML differently, and neither asks what was meant")
        .hint(hint)
}

/// `text` in double quotes, as YAML and JSON write it.
pub fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Reads a file that holds exactly one document; an empty one is an empty mapping.
pub fn read(source: &Arc<Source>, problems: &mut Problems) -> Option<Node> {
    let mut documents = read_all(source, problems)?;
    if let Some(second) = documents.get(1) {
        let place = Place::new(source, second.span.clone());
        problems.push(
            Problem::new(Code::NOT_YAML, "a second document begins here")
                .at(place)
                .because("this file holds one document")
                .hint("move it to a file of its own"),
        );
        return None;
    }
    Some(documents.pop().unwrap_or(Node { span: 0..0, kind: Kind::Map(Vec::new()) }))
}

/// Reads all documents of a text; empty ones are left out.
pub fn read_all(source: &Arc<Source>, problems: &mut Problems) -> Option<Vec<Node>> {
    if source.text.len() > MAX_BYTES {
        let says = format!("the file has {} bytes, more than the {MAX_BYTES} that are read", source.text.len());
        problems.push(
            Problem::new(Code::FILE_TOO_LARGE, says)
                .at(Place::file(&source.name))
                .hint("a profile describes one cluster; give each cluster a file of its own"),
        );
        return None;
    }
    documents_of(source, problems, false)
}

/// Reads all documents of a manifest as kustomize does: merge keys are followed, and tags say what a scalar is. What is wrong
/// goes to `problems` all the same.
pub fn read_manifest(source: &Arc<Source>, problems: &mut Problems) -> Option<Vec<Node>> {
    if source.text.len() > MAX_MANIFEST_BYTES {
        let says =
            format!("the file has {} bytes, more than the {MAX_MANIFEST_BYTES} that are read", source.text.len());
        problems.push(
            Problem::new(Code::FILE_TOO_LARGE, says)
                .at(Place::file(&source.name))
                .hint("split it; nothing of this size fits into a cluster's storage as one object"),
        );
        return None;
    }
    documents_of(source, problems, true)
}

fn documents_of(source: &Arc<Source>, problems: &mut Problems, manifest: bool) -> Option<Vec<Node>> {
    let mut options = Options::default();
    options.emit_comments = false;
    let parser = Parser::new_from_str_with_options(&source.text, options);
    let mut reader = Reader { source, parser, anchors: HashMap::new(), aliased: 0, manifest, problems };
    match reader.documents() {
        Ok(documents) => Some(documents),
        Err(problem) => {
            problems.push(*problem);
            None
        }
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
    /// Whether tags and merge keys mean what they mean to go-yaml.
    manifest: bool,
    problems: &'a mut Problems,
}

type Fatal = Box<Problem>;

impl<'a> Reader<'a> {
    fn documents(&mut self) -> Result<Vec<Node>, Fatal> {
        let mut documents = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(documents),
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => {
                    let node = self.node(event, span, 0)?;
                    let empty = matches!(&node.kind, Kind::Scalar { text, plain: true } if text.is_empty());
                    if !empty {
                        documents.push(node);
                    }
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Fatal> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.not_yaml(error.marker().byte_offset().unwrap_or(0), &error.info())),
            None => Ok((Event::StreamEnd, Span::empty(granit_parser::Marker::new(0, 1, 0)))),
        }
    }

    /// What the parser stumbled over; a tab in an indentation is found on the lines around.
    fn not_yaml(&self, at: usize, parser_says: &str) -> Fatal {
        let text = self.source.text.as_str();
        let at = self.source.boundary(at);
        if let Some(marker) = conflict_marker(text) {
            let says = "conflict markers of a merge stand in the file".to_owned();
            return self.refuse(
                Code::NOT_YAML,
                marker,
                says,
                "solve the conflict: keep one side, or both, and take the markers out",
            );
        }
        let before = text[..at].rfind('\n').map_or(0, |end| text[..end].rfind('\n').map_or(0, |end| end + 1));
        let mut start = before;
        for line in text[before..].split_inclusive('\n').take(4) {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line[..indent].find('\t') {
                let span = start + tab..start + tab + 1;
                let says = "a tab stands in the indentation".to_owned();
                return self.refuse(Code::NOT_YAML, span, says, "indent with spaces; YAML has no tabs there");
            }
            start += line.len();
        }
        Box::new(
            Problem::new(Code::NOT_YAML, "the file cannot be read as YAML from here on")
                .at(Place::new(self.source, at..at))
                .because(format!("the parser says: {parser_says}"))
                .hint("look at this line and the one above: indentation, a quote or bracket that is not closed, a blank missing behind `:`, a text that begins with a sign and needs quotes"),
        )
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Fatal> {
        let range = span.byte_range().unwrap_or(0..0);
        if depth > MAX_DEPTH {
            return Err(self.refuse(
                Code::TOO_DEEP,
                range,
                format!("nested deeper than {MAX_DEPTH} levels"),
                "no profile needs that; is a bracket missing?",
            ));
        }
        let (node, anchor, tagged) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                // In our own files a tag is refused below; what it would have made of the text is not asked any more.
                let plain = match tag.as_ref().filter(|_| self.manifest) {
                    Some(tag) => !matches!(tag.suffix(), "str" | "binary"),
                    None => matches!(style, ScalarStyle::Plain) && tag.is_none(),
                };
                let kind = Kind::Scalar { text: text.into_owned(), plain };
                (Node { span: range.clone(), kind }, anchor, tag.is_some())
            }
            Event::SequenceStart(_, anchor, tag) => (self.list(range.clone(), depth)?, anchor, tag.is_some()),
            Event::MappingStart(_, anchor, tag) => (self.map(range.clone(), depth)?, anchor, tag.is_some()),
            Event::Alias(anchor) => (self.alias(anchor, range.clone())?, 0, false),
            _ => {
                return Err(self.refuse(
                    Code::NOT_YAML,
                    range,
                    "nothing stands here".to_owned(),
                    "give the key a value",
                ));
            }
        };
        if tagged && !self.manifest {
            let start = span.tag_start().and_then(|mark| mark.byte_offset()).unwrap_or(range.start);
            let problem = self.refuse(
                Code::YAML_TAG,
                start..range.end,
                "a YAML tag stands here".to_owned(),
                "quote the value to make it a text; leave the tag out",
            );
            self.problems.push(*problem);
        }
        if anchor > 0 {
            let size = count(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn list(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Fatal> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => return Ok(collection(start, end, Kind::List(items))),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Fatal> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged = Vec::new();
        let mut known = BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                merged.into_iter().for_each(|node| merge_into(&mut entries, node));
                return Ok(collection(start, span, Kind::Map(entries)));
            }
            let node = self.node(event, span, depth + 1)?;
            let merges = matches!(&node.kind, Kind::Scalar { text, plain: true } if text == "<<");
            let key = self.key(node)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if merges && self.manifest {
                merged.push(value);
                continue;
            }
            if merges {
                let problem = self.refuse(
                    Code::MERGE_KEY,
                    key.span,
                    "a merge key stands here".to_owned(),
                    "write the keys out, or use an alias for a whole value",
                );
                self.problems.push(*problem);
                continue;
            }
            if !known.insert(key.text.clone()) {
                let problem = self.refuse(
                    Code::DUPLICATE_KEY,
                    key.span,
                    format!("the key `{}` stands here a second time", key.text),
                    "keep one of the two",
                );
                self.problems.push(*problem);
                continue;
            }
            entries.push((key, value));
        }
    }

    fn key(&mut self, node: Node) -> Result<Key, Fatal> {
        let Kind::Scalar { text, plain } = node.kind else {
            return Err(self.refuse(
                Code::NOT_YAML,
                node.span,
                "a bracket opens a mapping or list where a text is meant".to_owned(),
                "quote the text: \"{{ … }}\"",
            ));
        };
        if plain && text != "<<" && !self.manifest && plain_meaning(&text) != Meaning::Text {
            let says = format!("the key `{text}` without quotes is no text to every reader");
            let problem = Problem::new(Code::READ_AS_NUMBER, says).at(Place::new(self.source, node.span.clone()));
            self.problems.push(problem.hint(format!("write {}", quoted(&text))));
        }
        Ok(Key { span: node.span, text })
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<Node, Fatal> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(self.refuse(
                Code::ALIAS_BOMB,
                span,
                "this alias stands inside of what it stands for".to_owned(),
                "write the value out",
            ));
        };
        self.aliased += size;
        if self.aliased > MAX_ALIASED_NODES {
            let says = format!("the aliases stand for more than {MAX_ALIASED_NODES} values");
            return Err(self.refuse(Code::ALIAS_BOMB, span, says, "write the values out"));
        }
        Ok(Node { span, kind: node.kind.clone() })
    }

    fn refuse(&self, code: Code, span: Range<usize>, says: String, hint: &str) -> Fatal {
        Box::new(Problem::new(code, says).at(Place::new(self.source, span)).hint(hint))
    }
}

/// What a merge key brings: the entries of a mapping, or of each mapping of a list, that are not there yet.
fn merge_into(entries: &mut Vec<(Key, Node)>, node: Node) {
    match node.kind {
        Kind::Map(more) => {
            for (key, value) in more {
                if !entries.iter().any(|(known, _)| known.text == key.text) {
                    entries.push((key, value));
                }
            }
        }
        Kind::List(items) => items.into_iter().for_each(|item| merge_into(entries, item)),
        Kind::Scalar { .. } => {}
    }
}

/// Where the first conflict marker of a merge stands.
fn conflict_marker(text: &str) -> Option<Range<usize>> {
    let at = if text.starts_with("<<<<<<< ") { Some(0) } else { text.find("\n<<<<<<< ").map(|at| at + 1) };
    at.map(|at| at..at + 7)
}

fn collection(start: Range<usize>, end: Span, kind: Kind) -> Node {
    let end = end.byte_range().map_or(start.end, |range| range.end);
    Node { span: start.start..end.max(start.end), kind }
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        // A long text counts as several.
        Kind::Scalar { text, .. } => text.len() / 64,
        Kind::List(items) => items.iter().map(count).sum(),
        Kind::Map(entries) => entries.iter().map(|(key, node)| count(node) + key.text.len() / 64).sum(),
    }
}

/// What a plain scalar means to go-yaml v2, go-yaml v3 and YAML 1.2 together.
///
/// Source of the rows: kubernetes-sigs/yaml `goyaml.v2/resolve.go@v1.4.0` and `goyaml.v3/resolve.go`.
pub fn plain_meaning(text: &str) -> Meaning {
    match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => numeric_meaning(text),
        _ => word_meaning(text),
    }
}

fn word_meaning(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" => Meaning::Bool(true),
        "false" => Meaning::Bool(false),
        "True" | "TRUE" | "False" | "FALSE" => {
            Meaning::Disputed("a truth value to some readers; write `true` or `false`")
        }
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off"
        | "OFF" => Meaning::Disputed("a truth value to kubectl and a text to Flux"),
        "=" | "<<" => Meaning::Disputed("a word of YAML itself"),
        _ => Meaning::Text,
    }
}

fn numeric_meaning(text: &str) -> Meaning {
    if let Some(number) = exact_number(text) {
        Meaning::Number(number)
    } else if looks_numeric(text) {
        Meaning::Disputed("read as a number, and comes back as another text")
    } else if looks_like_a_date(text) {
        Meaning::Disputed("read as a date by Flux and comes back as another text")
    } else {
        Meaning::Text
    }
}

fn exact_number(text: &str) -> Option<Number> {
    let first = text.trim_start_matches('-').as_bytes().first()?;
    if !first.is_ascii_digit() {
        return None;
    }
    let number: Number = serde_json::from_str(text).ok()?;
    (number.to_string() == text).then_some(number)
}

fn looks_numeric(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['-', '+']).unwrap_or(&lower);
    if matches!(unsigned, ".nan" | ".inf") {
        return true;
    }
    let digits: String = unsigned.chars().filter(|c| *c != '_').collect();
    let radix = |prefix: &str, radix: u32| {
        digits.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    if radix("0x", 16) || radix("0o", 8) || radix("0b", 2) {
        return true;
    }
    let sexagesimal = digits.contains(':')
        && digits
            .split(':')
            .all(|part| !part.is_empty() && part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()));
    sexagesimal || decimal(&digits)
}

/// `[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?` or the same with a leading point: go-yaml v2's float, integers included.
fn decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_fits = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    mantissa_fits && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// `2006-1-2`, alone or with a time behind `T` or a blank (goyaml.v3/resolve.go, allowedTimestampFormats).
fn looks_like_a_date(text: &str) -> bool {
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "0:0:0"));
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let [year, month, day] = date.split('-').collect::<Vec<_>>()[..] else { return false };
    let clock = &time[..time.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(time.len())];
    let zone = time[clock.len()..].trim_start();
    let offset = zone.strip_prefix(['+', '-']).is_some_and(|rest| rest.split(':').all(|part| digits(part, 2)));
    let [hour, minute, second] = clock.split(':').collect::<Vec<_>>()[..] else { return false };
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    year.len() == 4
        && digits(year, 4)
        && [month, day, hour, minute, second].iter().all(|part| digits(part, 2))
        && digits(fraction, 9)
        && (zone.is_empty() || zone == "Z" || offset)
}

/// Writes documents in the one form that every generated file has: `head` as comment lines, block style, two spaces,
/// a text without quotes only where every reader takes it for that text.
pub fn write(head: &str, documents: &[Value]) -> String {
    let mut out = String::new();
    for line in head.lines() {
        let _ = writeln!(out, "# {line}");
    }
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        out.push_str(&document_text(document));
    }
    out
}

fn document_text(document: &Value) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let mut out = String::new();
    // A JSON value has string keys only and no cycles, so the writer has nothing to refuse; should it ever refuse,
    // JSON is YAML too, and the tree stays right.
    match serde_saphyr::to_fmt_writer_with_options(&mut out, &Canonical(document), options) {
        Ok(()) => out,
        Err(_) => format!("{document}\n"),
    }
}

struct Canonical<'a>(&'a Value);

impl Serialize for Canonical<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, value) in map {
                    out.serialize_entry(key, &Canonical(value))?;
                }
                out.end()
            }
            Value::Array(items) => {
                let mut out = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    out.serialize_element(&Canonical(item))?;
                }
                out.end()
            }
            Value::String(text) if literal_is_exact(text) => serde_saphyr::LitStr(text).serialize(serializer),
            // The writer quotes such a text by rules of its own; ours decide.
            Value::String(text) if plain_meaning(text) != Meaning::Text => {
                serde_saphyr::DoubleQuoted(text).serialize(serializer)
            }
            other => other.serialize(serializer),
        }
    }
}

/// Whether a literal block (`|`) gives `text` back exactly, to every reader.
fn literal_is_exact(text: &str) -> bool {
    let Some(body) = text.strip_suffix('\n').or(Some(text)) else { return false };
    body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| !line.ends_with([' ', '\t']))
        && text.chars().all(printable)
}

fn printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        let mut problems = Problems::default();
        read(&Source::new("t.yaml", text), &mut problems);
        problems.sorted().iter().map(|p| p.code.name).collect()
    }

    #[test]
    fn what_readers_disagree_about_is_no_text() {
        for text in [
            "yes",
            "On",
            "1.30",
            "1e3",
            "0x1F",
            "017",
            "12:30",
            "1_000",
            "+1",
            ".5",
            "08",
            "2024-01-02",
            "12345e7",
            ".inf",
            "0o17",
            "1.",
        ] {
            assert!(matches!(plain_meaning(text), Meaning::Disputed(_)), "{text}");
        }
        for text in ["2.9.4", "v1", "10.0.0.0/24", "1h0m0s", "AA:BB", "main", "yes-no", "e3", "-", "1.2.3-4"] {
            assert_eq!(plain_meaning(text), Meaning::Text, "{text}");
        }
        assert_eq!(plain_meaning("3"), Meaning::Number(3.into()));
        assert_eq!(plain_meaning("-1.5"), Meaning::Number(Number::from_f64(-1.5).unwrap()));
    }

    #[test]
    fn what_a_profile_may_not_hold_is_named() {
        assert_eq!(codes("a: 1\na: 2\n"), ["duplicate-key"]);
        assert_eq!(codes("a: !!str 1\n"), ["yaml-tag"]);
        assert_eq!(codes("a: &x {b: 1}\nc:\n  <<: *x\n"), ["merge-key"]);
        assert_eq!(codes("a: [1\n"), ["not-yaml"]);
        assert_eq!(codes(&format!("a: {}{}", "[".repeat(MAX_DEPTH + 2), "]".repeat(MAX_DEPTH + 2))), ["too-deep"]);
        assert_eq!(codes(&format!("a: \"{}\"", "x".repeat(MAX_BYTES))), ["file-too-large"]);
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d]\n";
        assert_eq!(codes(bomb), ["alias-bomb"]);
    }

    #[test]
    fn a_text_of_many_lines_is_a_literal_block() {
        let value = serde_json::json!({"a": "x\ny\n", "b": "x \ny"});
        assert_eq!(write("head", &[value]), "# head\na: |\n  x\n  y\nb: \"x \\ny\"\n");
    }
}
