//! Findings as Markdown: a comment on a pull request, or the summary of a workflow's step.
//!
//! File by file, the file with the most severe finding first. What a file of the repo says is never markup here: no link, no mention of
//! somebody, no HTML.

use std::cmp::Reverse;

use super::{cut, file, one_line, page_of, region, worst_first};
use crate::checks::rule;
use crate::problem::Problem;

/// How long a comment on GitHub can be, in characters; bytes are counted, which are never fewer.
pub const COMMENT: usize = 65_536;
/// How long the summaries of a step can be (GitHub docs, "Step isolation and limits": 1 MiB).
pub const SUMMARY: usize = 1_048_576;
/// What is kept for the line that says how much is left out.
const ROOM: usize = 64;
/// The longest sentence, and the longest hint.
const LONGEST: (usize, usize) = (1_000, 4_000);

/// The text, of so many bytes at most.
pub fn text(problems: &[Problem], title: &str, closing: &str, most: usize) -> String {
    let mut text = format!("## fluxwright check: {title}\n\n{}\n", escaped(closing));
    let mut left = problems.len();
    for of_file in by_file(problems) {
        let mut heading = format!("\n### {}\n", code(file(of_file[0])));
        for problem in of_file {
            let item = item(problem);
            if text.len() + heading.len() + item.len() + ROOM > most {
                return format!("{text}\n… {left} more\n");
            }
            text.push_str(&heading);
            text.push_str(&item);
            heading.clear();
            left -= 1;
        }
    }
    text
}

/// The findings of each file, most severe first; the file with the most severe first.
fn by_file(problems: &[Problem]) -> Vec<Vec<&Problem>> {
    let of_one = problems.chunk_by(|one, other| file(one) == file(other));
    let mut files: Vec<Vec<&Problem>> = of_one.map(worst_first).collect();
    files.sort_by_key(|of_one| Reverse(of_one[0].severity));
    files
}

fn item(problem: &Problem) -> String {
    let name = match rule(problem.code.id) {
        Some(rule) => format!("[{}]({})", rule.code.name, page_of(rule.code)),
        None => problem.code.name.to_owned(),
    };
    let line = region(problem).map(|region| format!(", line {}", region.line)).unwrap_or_default();
    let says = escaped(&cut(&problem.says, LONGEST.0));
    let mut item = format!("\n- **{}** {} {name}{line}: {says}\n", problem.severity, problem.code.id);
    let chain = Some(problem.chain.join(" → ")).filter(|chain| !chain.is_empty());
    for (name, note) in [("applied by", chain), ("because", problem.because.clone())] {
        let note = note.map(|note| format!("\n  {name}: {}\n", escaped(&cut(&note, LONGEST.0))));
        item.extend(note);
    }
    for block in problem.hint.iter().chain(&problem.detail) {
        item.push('\n');
        item.push_str(&fenced(&cut(block, LONGEST.1)));
    }
    item
}

/// A block of text as it is, inside of a list.
fn fenced(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    let lines = text.lines().map(str::trim_end).map(|line| format!("  {line}").trim_end().to_owned() + "\n");
    format!("  {fence}\n{}  {fence}\n", lines.collect::<String>())
}

fn longest_run(text: &str) -> usize {
    text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0)
}

/// Text as code in a line.
fn code(text: &str) -> String {
    let text = one_line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Prose in one line, in which only our own backticks count.
fn escaped(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    // With an odd backtick nobody knows where code begins.
    if parts.len().is_multiple_of(2) {
        return plain(&text);
    }
    let part = |(at, part): (usize, &&str)| match (at % 2, part.is_empty()) {
        (0, _) => plain(part),
        (_, true) => "\\`\\`".to_owned(),
        (_, false) => code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text without any markup. Behind `@` and `#` stands an empty space, so that nobody is told and nothing is linked.
fn plain(text: &str) -> String {
    let sign = |sign: char| match sign {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '@' | '#' => format!("{sign}&#8203;"),
        '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '$' => format!("\\{sign}"),
        other => other.to_string(),
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Code, Place};

    #[test]
    fn what_a_file_says_is_no_markup() {
        let known = "a `b*` \\*c\\* \\[d\\](e) &lt;img&gt; @&#8203;everybody \\| #&#8203;1";
        assert_eq!(escaped("a `b*` *c*\n[d](e) <img> @everybody | #1"), known);
        assert_eq!(escaped("a ` b*"), "a \\` b\\*");
        assert_eq!(escaped("`` `x`"), "\\`\\` `x`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(fenced("```\nx: 1"), "  ````\n  ```\n  x: 1\n  ````\n");
    }

    #[test]
    fn a_long_text_is_cut_between_findings() {
        let problem =
            |at: usize| Problem::new(Code::NOT_YAML, format!("{at}")).hint("ä".repeat(3_000)).at(Place::file("a"));
        let problems: Vec<Problem> = (0..80).map(problem).collect();
        let cut = text(&problems, "80 errors", "", COMMENT);
        assert!(cut.len() <= COMMENT && cut.len() > COMMENT - 5_000, "{}", cut.len());
        let shown = cut.matches("**error**").count();
        assert!(cut.ends_with(&format!("\n… {} more\n", 80 - shown)));
        assert_eq!(cut.matches("  ```\n").count(), 2 * shown);
    }
}
