//! What a rule finds.
//!
//! A rule names the place in the object, by a JSON pointer; where the text of that stands in the file is looked for in `place`, and only
//! for what was found.

use super::Rule;
use crate::flux::applied::Owner;
use crate::flux::given::{FluxKustomization, Given};
use crate::flux::kustomize::{Mistake, Note};
use crate::problem::Severity;

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, by its path in the repo.
    pub file: String,
    /// The line at which the document begins, or of the place itself; 0 if it is the whole file.
    pub line: usize,
    /// Where in the document, as a JSON pointer; or bytes of the file.
    pub(super) at: At,
    /// One sentence, no full stop.
    pub says: String,
    /// Why that matters, if it is not what the rule says.
    pub(super) because: Option<String>,
    /// What to paste.
    pub(super) hint: Option<String>,
    /// How bad it is, if not as the rule says.
    severity: Option<Severity>,
    /// What stands at these places, or below them, is never shown.
    pub(super) hidden: Vec<String>,
    /// The Flux Kustomizations that lead to it.
    pub chain: Vec<Owner>,
}

/// Where in a file something is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// The line.
    Line,
    /// What a JSON pointer leads to in the document that begins at the line.
    Pointer(String),
    /// A word in a line of a text, counted from 0; of an entry whose key is that word, the key.
    Word(String, usize, String),
    /// These bytes.
    Bytes(usize, usize),
}

impl Finding {
    /// At a line of a file; 0 is the whole file.
    pub fn in_file(file: &str, line: usize, says: impl Into<String>) -> Finding {
        Finding {
            file: file.to_owned(),
            line,
            at: At::Line,
            says: says.into(),
            because: None,
            hint: None,
            severity: None,
            hidden: Vec::new(),
            chain: Vec::new(),
        }
    }

    /// On an object that is applied.
    pub fn on(given: &Given, says: impl Into<String>) -> Finding {
        Finding { chain: given.chain.clone(), ..Finding::in_file(&given.file, given.line, says) }
    }

    /// On a Flux Kustomization.
    pub fn on_kustomization(it: &FluxKustomization, says: impl Into<String>) -> Finding {
        // It is applied by the one above it.
        let above = it.chain.len().saturating_sub(1).max(1).min(it.chain.len());
        Finding { chain: it.chain[..above].to_vec(), ..Finding::in_file(&it.file, it.line, says) }
    }

    /// What kustomize or Flux refuses.
    pub fn of_mistake(mistake: &Mistake) -> Finding {
        let pointer = Some(&mistake.pointer).filter(|pointer| !pointer.is_empty() && mistake.line > 0);
        let at = match (mistake.span, pointer) {
            (Some((start, end)), _) => At::Bytes(start, end),
            (None, Some(pointer)) => At::Pointer(pointer.clone()),
            (None, None) => At::Line,
        };
        Finding { at, ..Finding::in_file(&mistake.file, mistake.line, &mistake.says) }
    }

    /// What is not resolved.
    pub fn of_note(note: &Note) -> Finding {
        Finding::in_file(&note.file, note.line, &note.says)
    }

    /// At a place of the object, as a JSON pointer: `/spec/dependsOn/0/name`. Where the file has only a part of the way, the
    /// end of that is shown.
    pub fn at(self, pointer: impl Into<String>) -> Finding {
        Finding { at: At::Pointer(pointer.into()), ..self }
    }

    /// Says it in other words.
    pub fn says(self, says: impl Into<String>) -> Finding {
        Finding { says: says.into(), ..self }
    }

    /// Reached by these Flux Kustomizations.
    pub fn through(self, chain: &[Owner]) -> Finding {
        Finding { chain: chain.to_vec(), ..self }
    }

    /// At a word of the text that stands at a place of the object, in a line of it that is counted from 0: the name beside a
    /// value that is hidden. Of an entry that has this word for its key, the key is shown.
    pub fn at_word(self, pointer: impl Into<String>, line: usize, word: impl Into<String>) -> Finding {
        Finding { at: At::Word(pointer.into(), line, word.into()), ..self }
    }

    /// Shows nothing of what stands at a place of the object, or below it: not in this finding, and in no other one.
    pub fn hiding(mut self, pointer: impl Into<String>) -> Finding {
        self.hidden.push(pointer.into());
        self
    }

    /// Says why.
    pub fn because(self, because: impl Into<String>) -> Finding {
        Finding { because: Some(because.into()), ..self }
    }

    /// Says what to paste.
    pub fn hint(self, hint: impl Into<String>) -> Finding {
        Finding { hint: Some(hint.into()), ..self }
    }

    /// As bad as that, and not as the rule says.
    pub fn as_bad_as(self, severity: Severity) -> Finding {
        Finding { severity: Some(severity), ..self }
    }

    /// The same, however it is reached.
    pub fn without_chain(self) -> Finding {
        Finding { chain: Vec::new(), ..self }
    }

    /// How bad it is.
    pub fn severity(&self, rule: &Rule) -> Severity {
        self.severity.unwrap_or(rule.severity)
    }
}
