//! Markdown that reads as well on a terminal: short lines, no tables.

use std::fmt::Write as _;

/// The columns of a line, but for what is to be pasted and words that are longer.
const WIDTH: usize = 100;

/// A page in the making.
#[derive(Default)]
pub struct Page(String);

impl Page {
    /// A page with its title.
    pub fn new(title: &str) -> Page {
        Page(format!("# {title}\n"))
    }

    /// A part's title.
    pub fn part(&mut self, title: &str) {
        self.line(&format!("\n## {title}"));
    }

    /// Prose.
    pub fn prose(&mut self, text: &str) {
        self.line("");
        self.wrapped("", text);
    }

    /// A list.
    pub fn list(&mut self, items: &[String]) {
        self.line("");
        items.iter().for_each(|item| self.wrapped("- ", item));
    }

    /// A list in an order that counts.
    pub fn steps(&mut self, items: &[String]) {
        self.line("");
        items.iter().zip(1..).for_each(|(item, number)| self.wrapped(&format!("{number}. "), item));
    }

    /// Lines to paste.
    pub fn yaml(&mut self, text: &str) {
        self.line(&format!("\n```yaml\n{}\n```", text.trim_end()));
    }

    /// The text.
    pub fn text(self) -> String {
        self.0
    }

    fn line(&mut self, line: &str) {
        // A text takes everything that is written to it.
        let _ = writeln!(self.0, "{line}");
    }

    /// Text behind a mark, its later lines below the first.
    fn wrapped(&mut self, mark: &str, text: &str) {
        let mut line = mark.to_owned();
        for part in parts(text) {
            let bare = line.len() == mark.len();
            if !bare && line.chars().count() + 1 + part.chars().count() > WIDTH {
                self.line(&line);
                line = " ".repeat(mark.len());
            } else if !bare {
                line.push(' ');
            }
            line.push_str(&part);
        }
        self.line(&line);
    }
}

/// The words of a text, those that may not begin a line together with the one before them.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match parts.last_mut() {
            Some(before) if !may_begin(word) => before.extend([" ", word]),
            _ => parts.push(word.to_owned()),
        }
    }
    parts
}

/// Whether a word is only that at the beginning of a line: not a mark of a list, a quotation or a title.
fn may_begin(word: &str) -> bool {
    let behind = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbers = behind.len() < word.len() && behind.starts_with(['.', ')']);
    !numbers && !word.starts_with(['-', '+', '*', '#', '>', '=', '|', '~'])
}

/// Words as a list: `a`, `a and b`, `a, b and c`.
pub fn listed(words: &[String], and: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} {and} {last}", before.join(", ")),
    }
}

/// Names between backticks.
pub fn names<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<String> {
    names.into_iter().map(|name| format!("`{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_none_begins_with_a_mark() {
        let mut page = Page::new("A");
        let (long, longer) = ("a".repeat(97), "b".repeat(120));
        page.list(&[format!("x {long} y - z >=1.2 2. {longer} end")]);
        let expected = format!("# A\n\n- x\n  {long}\n  y - z >=1.2 2.\n  {longer}\n  end\n");
        assert_eq!(page.text(), expected);
    }
}
