//! Comments that have a finding ignored: `# fluxwright: ignore NAME: reason`.
//!
//! In: findings, and the files they are about. Out: those that no comment covers, and what is wrong with the comments. A comment behind
//! a line is about that line; one on a line of its own about the next line and what is nested in it, before the first key of a
//! document about all of that, and at the head of a file also about the file as a whole. Not here: the rules.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::place::{Placed, Texts};
use super::{Asked, Check, Rule, rule};
use crate::error::Failure;
use crate::problem::{Code, Problem, Severity, nearest};

/// How many comments of a file count, and how many rules one may name.
const MOST: usize = 200;
/// What a comment begins with.
const MARK: &str = "fluxwright: ignore";

/// The rules about comments themselves.
pub const RULES: &[&Rule] = &[&WITHOUT_REASON, &UNUSED];

const WITHOUT_REASON: Rule = Rule {
    code: Code {
        id: "FW795",
        name: "ignore-without-reason",
        about: "A comment that has something ignored, and does not say what or why.",
    },
    severity: Severity::Warning,
    because: "whoever reads it next cannot tell whether it still holds; without a reason nothing is ignored",
    explains: "The form is `# fluxwright: ignore NAME: reason`, with the name or the code of a rule; several are apart by commas. Behind a \
               line it is about that line; on a line of its own about the next one and what is nested in it.",
    wrong: "# fluxwright: ignore unguarded\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: scratch\n",
    right: "# fluxwright: ignore unguarded: made and thrown away by the nightly tests\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: scratch\n",
    check: Check::Comments,
};

const UNUSED: Rule = Rule {
    code: Code {
        id: "FW796",
        name: "unused-ignore",
        about: "A comment that has something ignored that is not found there.",
    },
    severity: Severity::Warning,
    because: "it would hide the next finding of that name at this place, and nobody would know",
    explains: "What was wrong is right now, or stands elsewhere. Rules that are left out by `--only` or `--skip` do not count.",
    wrong: "# fluxwright: ignore no-namespace: set by hand\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: apps\n",
    right: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: apps\n",
    check: Check::Comments,
};

/// A comment.
struct Comment {
    line: usize,
    /// The rules, as they are written.
    names: Vec<String>,
    has_reason: bool,
    /// The lines that it is about, the last one included.
    lines: (usize, usize),
    /// Whether it is also about the file as a whole.
    whole_file: bool,
}

/// The findings that no comment covers, and those about the comments.
///
/// # Errors
/// What the files' place says.
pub fn applied(
    asked: &Asked<'_>,
    reached: &BTreeSet<String>,
    found: Vec<Placed>,
    texts: &mut Texts<'_>,
) -> Result<Vec<Problem>, Failure> {
    let mut by_file: BTreeMap<String, Vec<Placed>> = BTreeMap::new();
    for placed in found {
        by_file.entry(placed.file.clone()).or_default().push(placed);
    }
    for path in reached {
        by_file.entry(path.clone()).or_default();
    }
    let mut kept = Vec::new();
    for (path, found) in by_file {
        let bytes = asked.files.read(&path)?.unwrap_or_default();
        let comments = comments(&bytes);
        let mut used = BTreeSet::new();
        for placed in found {
            let covers = |comment: &&Comment| comment.covers(placed.line) && comment.names(placed.rule);
            match comments.iter().find(covers) {
                Some(comment) => drop(used.insert((comment.line, placed.rule.code.id))),
                None => kept.push(placed.problem),
            }
        }
        for (rule, finding) in comments.iter().flat_map(|comment| about(asked, &path, comment, &used)) {
            kept.push(texts.placed(rule, finding)?.problem);
        }
    }
    Ok(kept)
}

/// What is wrong with a comment.
fn about(
    asked: &Asked<'_>,
    path: &str,
    comment: &Comment,
    used: &BTreeSet<(usize, &'static str)>,
) -> Vec<(&'static Rule, Finding)> {
    let mut found = Vec::new();
    let mut say = |about: &'static Rule, says: String, hint: String| {
        if asked.wants(about) {
            found.push((about, Finding::in_file(path, comment.line, says).hint(hint)));
        }
    };
    if comment.names.is_empty() || !comment.has_reason {
        let what = if comment.names.is_empty() { "NAME".to_owned() } else { comment.names.join(", ") };
        let says = "the comment does not say what is ignored and why".to_owned();
        say(&WITHOUT_REASON, says, format!("# {MARK} {what}: …"));
        return found;
    }
    for name in &comment.names {
        match rule(name) {
            None => {
                let names: Vec<&str> = super::rules().iter().map(|rule| rule.code.name).collect();
                let near = nearest(name, names).map_or_else(
                    || "`fluxwright check --help` says where the rules are".to_owned(),
                    |near| format!("# {MARK} {near}: …"),
                );
                say(&UNUSED, format!("there is no rule `{name}` to ignore"), near);
            }
            Some(rule) if asked.wants(rule) && !used.contains(&(comment.line, rule.code.id)) => {
                say(&UNUSED, format!("nothing of `{name}` is found here"), "take the comment out".to_owned());
            }
            Some(_) => {}
        }
    }
    found
}

impl Comment {
    fn names(&self, rule: &Rule) -> bool {
        self.has_reason
            && self.names.iter().any(|name| name == rule.code.name || name.eq_ignore_ascii_case(rule.code.id))
    }

    fn covers(&self, line: usize) -> bool {
        if line == 0 { self.whole_file } else { (self.lines.0..=self.lines.1).contains(&line) }
    }
}

/// The comments of a file.
fn comments(bytes: &[u8]) -> Vec<Comment> {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains(MARK) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut head = true;
    for (at, line) in lines.iter().enumerate() {
        let is_comment = line.trim_start().starts_with('#');
        let Some((before, said)) = line.split_once(MARK).filter(|(before, _)| before.trim_end().ends_with('#')) else {
            head &= is_comment || line.trim().is_empty() || line.trim() == "---";
            continue;
        };
        if found.len() >= MOST {
            break;
        }
        let alone = before.trim() == "#";
        let (names, reason) = said.split_once(':').unwrap_or((said, ""));
        let names = names
            .split(',')
            .take(MOST)
            .map(|name| name.trim().chars().take(MOST).collect::<String>())
            .filter(|name| !name.is_empty())
            .collect();
        let first = if alone { next_line(&lines, at) } else { at };
        found.push(Comment {
            line: at + 1,
            names,
            has_reason: !reason.trim().is_empty(),
            lines: (first + 1, last_line(&lines, first) + 1),
            whole_file: alone && head,
        });
    }
    found
}

/// The next line that says something.
fn next_line(lines: &[&str], at: usize) -> usize {
    let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#') && line.trim() != "---";
    (at + 1..lines.len()).find(|next| lines.get(*next).is_some_and(says)).unwrap_or(at)
}

/// The last line of what begins at a line: what is nested deeper; of a document's first line, all of the document.
fn last_line(lines: &[&str], first: usize) -> usize {
    let line = |at: usize| lines.get(at).copied().unwrap_or_default();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let opens_document = {
        let before =
            (0..first).rev().map(line).find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        before.is_none_or(|before| before.starts_with("---"))
    };
    let mut last = first;
    for at in first + 1..lines.len() {
        let text = line(at);
        if text.starts_with("---")
            || (!opens_document && !text.trim().is_empty() && indent(text) <= indent(line(first)))
        {
            break;
        }
        last = at;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_about_what_stands_below_it() {
        let text = "# fluxwright: ignore a, b: why\na: 1\nb:\n  # fluxwright: ignore c: why\n  c:\n    d: 1\n  e: 2\n---\nf: 1 # fluxwright: ignore g\n";
        let all = comments(text.as_bytes());
        let shown: Vec<_> =
            all.iter().map(|one| (one.names.join("+"), one.lines, one.whole_file, one.has_reason)).collect();
        assert_eq!(
            shown,
            [
                ("a+b".to_owned(), (2, 7), true, true),
                ("c".to_owned(), (5, 6), false, true),
                ("g".to_owned(), (9, 9), false, false)
            ]
        );
    }
}
