//! Two trees, compared: what Flux would stop to apply, and how a file's text differs.
//!
//! The only door to `similar`. Not here: which trees there are (`disk`, `repo`), and what becomes of a difference (`cli`).

pub mod applied;

use similar::TextDiff;

/// The difference of two texts as `diff -u` writes it, at most `lines` lines of it.
pub fn unified(path: &str, before: &str, after: &str, lines: usize) -> String {
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(2).header(&format!("a/{path}"), &format!("b/{path}")).to_string();
    let total = text.lines().count();
    let mut shown: Vec<&str> = text.lines().take(lines).collect();
    let more = format!("… {} more lines", total.saturating_sub(lines));
    if total > lines {
        shown.push(&more);
    }
    shown.join("\n")
}
