//! How findings are shown: for people with the text underlined, for programs as JSON.

use std::io::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::Format;
use crate::error::Error;
use crate::problem::{Place, Problem, Severity};

/// Lines are never cut: a hint is there to be pasted, and the output is the same on every terminal.
const WIDTH: usize = 10_000;

/// Says a line of a result on standard output.
pub fn say(line: &str) {
    let mut out = anstream::stdout().lock();
    expect_written(writeln!(out, "{line}"));
}

/// Gives out bytes as they are.
pub fn data(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    expect_written(out.write_all(bytes).and_then(|()| out.flush()));
}

/// A reader that has gone away is no trouble; a full disk is, and there is nobody left to hand the error to.
fn expect_written(result: std::io::Result<()>) {
    if let Err(error) = result
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        talk(&format!("error: cannot write to standard output: {error}"));
        std::process::exit(2);
    }
}

/// Says something on standard error; where that is closed, there is nobody to tell.
fn talk(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Shows why a command did not do what was asked.
pub fn refusal(problems: &[Problem], format: Format) {
    match format {
        Format::Text => warnings(problems),
        Format::Json => say(&format!("{:#}", json!({ "findings": list(problems) }))),
    }
}

/// Shows trouble of the machine.
pub fn trouble(error: &Error, format: Format) {
    match format {
        Format::Text => talk(&format!("error: {error}")),
        Format::Json => say(&format!("{:#}", json!({ "error": error.to_string() }))),
    }
}

/// Shows warnings beside the work that is done all the same.
pub fn warnings(problems: &[Problem]) {
    for problem in problems {
        talk(&text(problem));
    }
}

/// Findings as what was asked for, file by file.
pub fn findings(problems: &[Problem]) {
    for of_file in problems.chunk_by(|one, other| file_of(one) == file_of(other)) {
        say(&format!("── {} ──\n", file_of(&of_file[0])));
        of_file.iter().for_each(|problem| say(&text(problem)));
    }
}

fn file_of(problem: &Problem) -> &str {
    problem.place.as_ref().map_or("", |place| place.source.name.as_str())
}

/// Findings as JSON.
pub fn list(problems: &[Problem]) -> Value {
    problems.iter().map(one).collect()
}

fn one(problem: &Problem) -> Value {
    let (line, column) = match &problem.place {
        Some(place) if !place.source.text.is_empty() => {
            let (line, column) = place.source.line_column(place.start);
            (Some(line), Some(column))
        }
        _ => (None, None),
    };
    json!({
        "code": problem.code.id, "name": problem.code.name, "severity": problem.severity.to_string(),
        "file": problem.place.as_ref().map(|place| &place.source.name), "line": line, "column": column,
        "says": problem.says, "because": problem.because, "hint": problem.hint, "detail": problem.detail, "chain": problem.chain,
    })
}

/// A finding as people read it; colours are taken out where nobody can see them.
fn text(problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::INFO,
    };
    let name = format!("{} {}", problem.severity, problem.code);
    let title = level.with_name(name.as_str()).primary_title(problem.says.as_str());
    let mut group = Group::with_title(title);
    group = match &problem.place {
        Some(place) if place.source.text.is_empty() => group.element(Origin::path(place.source.name.as_str())),
        Some(place) => snippet(group, place),
        None => group,
    };
    let chain = Some(problem.chain.join(" → ")).filter(|chain| !chain.is_empty());
    let notes = [
        (Level::NOTE, "applied by", &chain),
        (Level::NOTE, "because", &problem.because),
        (Level::HELP, "hint", &problem.hint),
    ];
    for (level, name, note) in notes {
        if let Some(note) = note {
            group = group.element(level.with_name(name).message(note.as_str()));
        }
    }
    let mut text = Renderer::styled().term_width(WIDTH).render(&[group]);
    for line in problem.detail.iter().flat_map(|detail| detail.lines()) {
        text.push_str("\n    ");
        text.push_str(line);
    }
    text.push('\n');
    text
}

/// How many bytes a line may have that is shown.
const LONG: usize = 1000;

/// The place with its first line; a mapping of many lines is shown where it begins, and a line that nobody would read not at all.
fn snippet<'a>(group: Group<'a>, place: &'a Place) -> Group<'a> {
    let source = place.source.text.as_str();
    let start = place.source.boundary(place.start);
    let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
    let (line, column) = place.source.line_column(start);
    if line_end - line_start > LONG {
        return group.element(Origin::path(place.source.name.as_str()).line(line).char_column(column));
    }
    let end = place.source.boundary(place.end.clamp(start, line_end));
    let shown = Snippet::source(&source[line_start..line_end]).line_start(line).path(place.source.name.as_str());
    group.element(shown.annotation(AnnotationKind::Primary.span(start - line_start..end - line_start)))
}
