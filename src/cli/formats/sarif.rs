//! Findings as SARIF 2.1.0, for code scanning and for editors.
//!
//! Source of the form: OASIS, Static Analysis Results Interchange Format 2.1.0; of what is needed of it and of the limits: GitHub docs,
//! "SARIF support for code scanning". Fingerprints name what is found and not where, so that a finding whose line moves stays the
//! same. `primaryLocationLineHash` is left to GitHub's upload, which makes it of the file's text and warns of any other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{HOME, cut, file, page_of, plain, region, worst_first};
use crate::checks::{Rule, rules};
use crate::pages::rules::{Explained, group};
use crate::problem::{Problem, Severity};
use crate::tree::sha256;

/// The most results of a run; GitHub shows the 5,000 most severe.
const MOST: usize = 25_000;
/// The longest description of a rule.
const LONGEST_ABOUT: usize = 1_024;
/// The longest message, of which there are many in a document of 10 MB.
const LONGEST: usize = 4_096;

/// The document.
pub fn document(problems: &[Problem]) -> Value {
    let rules = rules();
    let sorted = worst_first(problems);
    let prints = fingerprints(&sorted);
    let results: Vec<Value> = sorted.iter().zip(&prints).take(MOST).map(|it| result(&rules, it.0, it.1)).collect();
    let left_out = sorted.len().saturating_sub(MOST);
    let notice = format!("{left_out} more findings are left out: code scanning takes {MOST} of a run");
    let notices = if left_out == 0 { json!([]) } else { json!([{ "level": "warning", "message": text(&notice) }]) };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": HOME,
                "rules": rules.iter().copied().map(descriptor).collect::<Value>(),
            }},
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notices }],
            "originalUriBaseIds": { "%SRCROOT%": { "description": text("The root of the repository.") } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn text(text: &str) -> Value {
    json!({ "text": text })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn descriptor(rule: &'static Rule) -> Value {
    let page = Explained::Rule(rule).page();
    json!({
        "id": rule.code.id,
        "name": rule.code.name,
        "shortDescription": text(&cut(rule.code.about, LONGEST_ABOUT)),
        "fullDescription": text(&cut(&format!("{} Because: {}.", rule.code.about, rule.because), LONGEST_ABOUT)),
        "help": { "text": page, "markdown": page },
        "helpUri": page_of(rule.code),
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": [group(rule).to_lowercase()] },
    })
}

fn result(rules: &[&'static Rule], problem: &Problem, print: &str) -> Value {
    // What is about a whole file stands at its beginning: code scanning shows nothing without a line.
    let region = region(problem).map_or_else(
        || json!({ "startLine": 1 }),
        |it| json!({ "startLine": it.line, "startColumn": it.column, "endLine": it.end_line, "endColumn": it.end_column }),
    );
    let mut result = json!({
        "ruleId": problem.code.id,
        "level": level(problem.severity),
        "message": text(&cut(&plain(problem), LONGEST)),
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(file(problem)), "uriBaseId": "%SRCROOT%" },
            "region": region,
        }}],
        "partialFingerprints": { "fluxwright/v1": print },
    });
    if let Some(index) = rules.iter().position(|rule| rule.code == problem.code) {
        result["ruleIndex"] = json!(index);
    }
    result
}

/// A relative path as a URI.
fn uri(path: &str) -> String {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.bytes().map(sign).collect()
}

/// What stays of each finding when lines move: the code, the file, what is said but for its line numbers, and which of several alike.
fn fingerprints(problems: &[&Problem]) -> Vec<String> {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let mut print = |problem: &&Problem| {
        let what = format!("{}\n{}\n{}", problem.code.id, file(problem), without_lines(&problem.says));
        let count = alike.entry(what.clone()).or_default();
        *count += 1;
        sha256(format!("{what}\n{count}").as_bytes())
    };
    problems.iter().map(&mut print).collect()
}

/// A text without the numbers behind `line`.
fn without_lines(says: &str) -> String {
    let mut before = "";
    let mut words = Vec::new();
    for word in says.split(' ') {
        let is_line = matches!(before, "line" | "lines");
        words.push(if is_line { word.trim_start_matches(|sign: char| sign.is_ascii_digit()) } else { word });
        before = word;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Code, Place, Source};

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("a b/ü:c#.yaml"), "a%20b/%C3%BC%3Ac%23.yaml");
    }

    #[test]
    fn a_fingerprint_does_not_know_its_line() {
        let at = |before: &str, says: &str| {
            let source = Source::new("a.yaml", format!("{before}a: 1\n"));
            Problem::new(Code::NOT_YAML, says).at(Place::new(&source, before.len()..before.len() + 1))
        };
        let prints = |one: &Problem, two: &Problem| fingerprints(&[one, two]);
        let before = prints(&at("", "twice, first in line 3"), &at("x: 1\n", "twice, first in line 4"));
        let after = prints(&at("# b\n", "twice, first in line 4"), &at("# b\nx: 1\n", "twice, first in line 5"));
        assert_eq!(before, after);
        assert_ne!(before[0], before[1]);
    }

    #[test]
    fn a_run_has_no_more_results_than_are_taken() {
        let many: Vec<Problem> = (0..MOST + 3)
            .map(|at| {
                let problem = Problem::new(Code::NOT_YAML, format!("{at}")).at(Place::file("a.yaml"));
                if at == MOST + 2 { problem } else { problem.as_warning() }
            })
            .collect();
        let run = &document(&many)["runs"][0];
        assert_eq!(run["results"].as_array().map(Vec::len), Some(MOST));
        assert_eq!(run["results"][0]["level"], "error");
        let notice = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
        assert!(notice.as_str().is_some_and(|text| text.starts_with("3 more findings")), "{notice}");
    }
}
