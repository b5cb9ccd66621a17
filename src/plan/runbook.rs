//! What components, stores and the cluster itself bring for the runbook: files of `bootstrap/`, and notes for its README.
//!
//! Not here: what becomes of them (`render`), and their words (`templates/`).

use std::sync::Arc;

use serde_json::Value;

use super::Planner;
use super::unit::{Note, Script};
use crate::catalog::component;
use crate::template::{Context, Engine};

/// What a user of vCenter is given there: a table that all scripts of the runbook ask.
const GRANTS: &str = "grants.yaml.j2";

impl Planner<'_> {
    /// The scripts that every cluster has; one that comes out empty is left out.
    pub(super) fn runbook(&mut self) {
        let Some(engine) = self.templates("runbook") else { return };
        let grants = self.problems.keep(engine.documents(GRANTS, &self.context)).unwrap_or_default();
        self.context = self.context.with([("grants", grants.into_iter().next().unwrap_or_default())]);
        let context = self.context.clone();
        self.bootstrap_of(&engine, &context, str::to_owned);
    }

    /// The files of a folder's `bootstrap/`, each under a name made of its own.
    pub(super) fn bootstrap_of(&mut self, engine: &Arc<Engine>, context: &Context, named: impl Fn(&str) -> String) {
        for template in engine.below("bootstrap") {
            let file = template.strip_prefix("bootstrap/").unwrap_or(&template);
            let name = named(file.strip_suffix(".j2").unwrap_or(file));
            self.scripts.push(Script { name, template, engine: Arc::clone(engine), context: context.clone() });
        }
    }

    /// The notes whose `when:` holds.
    pub(super) fn notes_of(&mut self, title: &str, notes: &[component::Note], engine: &Engine, context: &Context) {
        for note in notes {
            if self.holds(engine, note.when.as_deref(), context) {
                let text = self.expand(engine, &Value::String(note.text.clone()), context);
                let text = text.and_then(|text| text.as_str().map(str::to_owned));
                let note = text.map(|text| Note { of: title.to_owned(), text });
                // Two stores of a kind say some things alike.
                self.notes.extend(note.filter(|note| !self.notes.contains(note)));
            }
        }
    }
}
