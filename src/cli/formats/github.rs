//! Findings as GitHub's workflow commands, which it shows as annotations beside the lines of a change.
//!
//! GitHub shows ten annotations of a level for each step and fifty for a job (GitHub docs, "Workflow commands", and actions/runner
//! src/Runner.Worker/ExecutionContext.cs, `_maxIssueCount`). Ten are given in all, the most severe first, so that a job of several
//! steps has room for each; the rest is a list, and in the step's summary. The escapes are those of actions/toolkit
//! packages/core/src/command.ts.

use super::{Region, cut, file, one_line, plain, region, worst_first};
use crate::problem::{Problem, Severity};

/// How many annotations there are.
const MOST: usize = 10;
/// How long one can be, in bytes; GitHub takes 64 KB.
const LONGEST: usize = 16_384;

/// What is printed.
pub fn text(problems: &[Problem], closing: &str) -> String {
    let sorted = worst_first(problems);
    let (first, rest) = sorted.split_at(sorted.len().min(MOST));
    let mut lines: Vec<String> = first.iter().map(|problem| annotation(problem)).collect();
    if !rest.is_empty() {
        lines.push(format!("{} more, without annotations:", rest.len()));
        lines.extend(rest.iter().map(|problem| line(problem)));
    }
    lines.push(closing.to_owned());
    lines.join("\n")
}

fn annotation(problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = vec![format!("file={}", property(file(problem)))];
    properties.extend(region(problem).as_ref().map(position));
    properties.push(format!("title={}", property(&problem.code.to_string())));
    format!("::{level} {}::{}", properties.join(","), data(&cut(&plain(problem), LONGEST)))
}

/// Columns are taken only within one line.
fn position(region: &Region) -> String {
    let Region { line, column, end_line, end_column } = region;
    if line == end_line {
        format!("line={line},endLine={end_line},col={column},endColumn={end_column}")
    } else {
        format!("line={line},endLine={end_line}")
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A finding in a line of the log. It begins with a word and has no `##[`, so that it is never a command, whatever a file says.
fn line(problem: &Problem) -> String {
    let at = region(problem).map(|region| format!(":{}:{}", region.line, region.column)).unwrap_or_default();
    let line = format!("{} {}: {}{at}: {}", problem.severity, problem.code, file(problem), problem.says);
    one_line(&line).replace("##[", "## [")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Code, Place, Source};

    fn at(name: &str, span: std::ops::Range<usize>) -> Problem {
        let source = Source::new(name, "a: ä: x\nb: 2\n");
        Problem::new(Code::NOT_YAML, "100 %\r\n::stop: a, b").at(Place::new(&source, span))
    }

    #[test]
    fn what_ends_a_property_or_a_command_is_escaped() {
        let known = "::error file=a%2Cb%3A100%25.yaml,line=1,endLine=1,col=4,endColumn=5,title=FW101 not-yaml::100 %25%0D%0A::stop: a, b";
        assert_eq!(annotation(&at("a,b:100%.yaml", 3..5)), known);
    }

    #[test]
    fn columns_are_of_one_line() {
        assert!(annotation(&at("a.yaml", 3..12)).starts_with("::error file=a.yaml,line=1,endLine=2,title="));
        let whole = Problem::new(Code::NOT_YAML, "x").at(Place::file("a.yaml"));
        assert_eq!(annotation(&whole), "::error file=a.yaml,title=FW101 not-yaml::x");
    }

    #[test]
    fn no_line_of_the_rest_is_a_command() {
        let hostile = Problem::new(Code::NOT_YAML, "a\n::add-mask::b ##[add-mask]c").at(Place::file("::x\n::y"));
        assert_eq!(line(&hostile), "error FW101 not-yaml: ::x ::y: a ::add-mask::b ## [add-mask]c");
    }
}
