//! The page of a rule of `check`, and of every other code: `explain` prints it, `docs/checks/` keeps it, and SARIF has it as its help.
//!
//! In: a rule or a code. Out: Markdown that reads as well on a terminal; and the same as data.

use serde_json::{Value, json};

use super::layout::Page;
use crate::checks::{Check, GROUPS, Rule, rule, rules};
use crate::problem::{CODES, Code};

/// Who speaks, by the first digit of a code.
pub const SPEAKERS: &[(char, &str)] = &[
    ('1', "the profile"),
    ('2', "the catalog and the plan"),
    ('3', "the tree"),
    ('4', "the repo's files"),
    ('5', "git"),
    ('6', "the command line"),
    ('7', "the rules of `check`"),
];

/// Something that can be explained.
#[derive(Debug, Clone, Copy)]
pub enum Explained {
    /// A rule of `check`.
    Rule(&'static Rule),
    /// Another code.
    Code(&'static Code),
}

/// What has a code, in any case, or a name.
pub fn called(name: &str) -> Option<Explained> {
    let is_it = |code: &&Code| code.name == name || code.id.eq_ignore_ascii_case(name);
    rule(name).map(Explained::Rule).or_else(|| CODES.iter().find(is_it).map(Explained::Code))
}

/// Every name that can be explained.
pub fn names() -> Vec<&'static str> {
    rules().into_iter().map(|rule| rule.code.name).chain(CODES.iter().map(|code| code.name)).collect()
}

/// The group of a rule.
pub fn group(rule: &Rule) -> &'static str {
    let has = |(_, rules): &&(&str, &[&Rule])| rules.iter().any(|other| other.code == rule.code);
    GROUPS.iter().find(has).map_or("", |(name, _)| name)
}

/// The part of fluxwright that says a code.
pub fn speaker(code: &Code) -> &'static str {
    let digit = code.id.chars().nth(2);
    SPEAKERS.iter().find(|(of, _)| Some(*of) == digit).map_or("", |(_, who)| who)
}

impl Explained {
    /// Its page.
    pub fn page(self) -> String {
        match self {
            Explained::Rule(rule) => page(rule),
            Explained::Code(code) => {
                let mut page = Page::new(&code.to_string());
                page.prose(code.about);
                page.prose(&format!("It is said of {}.", speaker(code)));
                page.text()
            }
        }
    }

    /// The same as data.
    pub fn data(self) -> Value {
        match self {
            Explained::Rule(rule) => json!({
                "code": rule.code.id, "name": rule.code.name, "about": rule.code.about, "speaker": speaker(&rule.code),
                "group": group(rule).to_lowercase(), "severity": rule.severity.to_string(), "because": rule.because,
                "explains": rule.explains, "wrong": rule.wrong, "right": rule.right, "ignore": comment(rule),
            }),
            Explained::Code(code) => {
                json!({ "code": code.id, "name": code.name, "about": code.about, "speaker": speaker(code) })
            }
        }
    }
}

/// The comment by which a finding is ignored; one about comments cannot be.
fn comment(rule: &Rule) -> Option<String> {
    let by_comment = !matches!(rule.check, Check::Comments);
    by_comment.then(|| format!("# fluxwright: ignore {}: the reason", rule.code.name))
}

fn page(rule: &Rule) -> String {
    let name = rule.code.name;
    let mut page = Page::new(&rule.code.to_string());
    page.prose(rule.code.about);
    page.prose(&format!("Group: {}. Usually: {}.", group(rule), rule.severity));
    page.part("Why it matters");
    page.prose(&sentence(rule.because));
    rule.explains.split("\n\n").for_each(|paragraph| page.prose(paragraph));
    page.part("Wrong");
    page.yaml(rule.wrong);
    page.part("Right");
    page.yaml(rule.right);
    page.part("Where it is meant so");
    if let Some(comment) = comment(rule) {
        page.prose(
            "A comment behind a line is about that line; on a line of its own it is about the next one and what is nested in it; \
             before the first line of a document, about all of it:",
        );
        page.yaml(&comment);
        page.prose(&format!("`fluxwright check --skip {name}` leaves the rule out."));
    } else {
        page.prose(&format!("`fluxwright check --skip {name}` leaves the rule out; no comment does."));
    }
    page.text()
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut signs = clause.chars();
    let first = signs.next().map(|sign| sign.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", signs.as_str())
}
