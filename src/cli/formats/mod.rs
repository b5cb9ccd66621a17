//! The findings of `check` for the places where a change is looked at: GitHub's annotations, code scanning, a comment.
//!
//! In: what was found, with paths from the repo's root. Out: text or data. Not here: printing (`check`), text for people and plain
//! JSON (`report`).

pub mod github;
pub mod markdown;
pub mod sarif;

use std::cmp::Reverse;

use crate::problem::{Code, Problem};

/// Where the sources and the pages of this program are.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The page of a rule.
fn page_of(code: Code) -> String {
    format!("{HOME}/blob/main/docs/checks/{}.md", code.name)
}

/// A part of a file: lines and columns from 1, the last column one past the end; columns count characters.
struct Region {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// The file that a finding is about.
fn file(problem: &Problem) -> &str {
    problem.place.as_ref().map_or("", |place| place.source.name.as_str())
}

/// The part of its file that a finding is about, if it is not about all of it.
fn region(problem: &Problem) -> Option<Region> {
    let place = problem.place.as_ref().filter(|place| !place.source.text.is_empty())?;
    let source = &place.source;
    let start = source.boundary(place.start);
    let (line, column) = source.line_column(start);
    let (end_line, end_column) = source.line_column(source.boundary(place.end).max(start));
    Some(Region { line, column, end_line, end_column })
}

/// The findings, most severe first, then as they came: by place.
fn worst_first(problems: &[Problem]) -> Vec<&Problem> {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| Reverse(problem.severity));
    sorted
}

/// What stands below a finding, each with its name.
fn notes(problem: &Problem) -> Vec<(&'static str, String)> {
    let chain = Some(problem.chain.join(" → ")).filter(|chain| !chain.is_empty());
    let Problem { because, hint, detail, .. } = problem.clone();
    let notes = [("applied by", chain), ("because", because), ("hint", hint), ("in detail", detail)];
    notes.into_iter().filter_map(|(name, note)| Some((name, note?))).collect()
}

/// A finding as plain text of several lines.
fn plain(problem: &Problem) -> String {
    let note = |(name, note): (&str, String)| {
        if note.contains('\n') { format!("\n{name}:\n{note}") } else { format!("\n{name}: {note}") }
    };
    notes(problem).into_iter().fold(problem.says.clone(), |text, part| text + &note(part))
}

/// A text in one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a text, if it is longer than so many bytes.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most.saturating_sub('…'.len_utf8())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_ends_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äöüäöü", 8), "äö…");
        assert_eq!(cut("äöü", 2), "…");
    }
}
