//! Two trees, compared: what Flux would stop to apply, and how a file's text differs.
//!
//! The only door to `similar`. Not here: which trees there are (`disk`, `repo`), and what becomes of a difference (`cli`).

pub mod applied;

use serde_json::Value;
use similar::TextDiff;

use crate::tree::sorted;
use crate::yaml;

/// The difference of two texts as `diff -u` writes it, at most `lines` lines of it.
pub fn unified(path: &str, before: &str, after: &str, lines: usize) -> String {
    let text = hunks(&format!("a/{path}"), &format!("b/{path}"), before, after, 2);
    let total = text.lines().count();
    let mut shown: Vec<&str> = text.lines().take(lines).collect();
    let more = format!("… {} more lines", total.saturating_sub(lines));
    if total > lines {
        shown.push(&more);
    }
    shown.join("\n")
}

/// The difference of a file as git writes it, so that `git apply` takes it. No text is a file that is not there; `runs` says
/// whether it could be run before, and whether it can be afterwards.
pub fn file(path: &str, before: Option<&str>, after: Option<&str>, runs: (bool, bool)) -> String {
    let mode = |runs: bool| if runs { "100755" } else { "100644" };
    let (was, is) = (mode(runs.0), mode(runs.1));
    let (head, from, to) = match (before, after) {
        (None, _) => (format!("new file mode {is}\n"), "/dev/null".to_owned(), format!("b/{path}")),
        (_, None) => (format!("deleted file mode {was}\n"), format!("a/{path}"), "/dev/null".to_owned()),
        _ if was == is => (String::new(), format!("a/{path}"), format!("b/{path}")),
        _ => (format!("old mode {was}\nnew mode {is}\n"), format!("a/{path}"), format!("b/{path}")),
    };
    let hunks = hunks(&from, &to, before.unwrap_or_default(), after.unwrap_or_default(), 3);
    format!("diff --git a/{path} b/{path}\n{head}{hunks}")
}

fn hunks(from: &str, to: &str, before: &str, after: &str, context: usize) -> String {
    TextDiff::from_lines(before, after).unified_diff().context_radius(context).header(from, to).to_string()
}

/// The difference of two lists of objects; neither the order of keys nor the way they are written makes one.
pub fn objects(path: &str, before: &[Value], after: &[Value]) -> String {
    let text = |objects: &[Value]| yaml::write("", &objects.iter().map(sorted).collect::<Vec<_>>());
    unified(path, &text(before), &text(after), usize::MAX)
}
