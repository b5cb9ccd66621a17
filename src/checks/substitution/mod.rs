//! What Flux's substitution of variables makes of an object.
//!
//! In: the objects as kustomize has built them, with the variables of the Flux Kustomization that applies them. Out: every `${…}` in
//! them that nothing gives a value ([`Loose`]), for the rules to judge. Variables that may be known in the cluster only are left
//! out, all of them.

mod eaten_by_substitution;
mod lost_quotes;
mod scripts;
mod undefined_variable;

use std::collections::BTreeMap;

use serde_json::Value;

use self::scripts::{Language, language};
use super::Rule;
use super::view::ClusterView;
use crate::flux::applied::{Owner, title_of};
use crate::flux::given::Given;
use crate::flux::substitute::{Variables, evaluate};
use crate::tree::{each_below, pointer_step};

/// The rules.
pub const RULES: &[&Rule] = &[&undefined_variable::RULE, &eaten_by_substitution::RULE, &lost_quotes::RULE];

/// A `${…}` that the variables do not give a value.
struct Loose<'a> {
    /// The object.
    given: &'a Given,
    /// Which of all objects that is.
    place: usize,
    /// Where its text stands.
    pointer: String,
    /// The language of its text, if that has `${…}` of its own.
    language: Option<Language>,
    /// The expression, as it is written.
    expression: String,
    /// The variable; an empty text if it is not read as one.
    name: String,
    /// What becomes of it.
    fate: Fate,
    /// Whether Flux fails where a variable is not known.
    strict: bool,
}

/// What becomes of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The variable is not known: Flux fails, or replaces it by nothing.
    Undefined,
    /// It is no substitution to Flux, which fails.
    Unknown,
    /// The variable is not known, and it becomes the default that stands there.
    Default,
}

impl<'a> Loose<'a> {
    /// The object, before anything is replaced in it.
    fn object(&self) -> &'a Value {
        self.given.before.as_deref().unwrap_or(&self.given.object)
    }

    /// Its name for a sentence.
    fn whose(&self) -> String {
        title_of(self.object())
    }

    /// Whether Flux fails because of it.
    fn fails(&self) -> bool {
        self.fate == Fate::Unknown || (self.fate == Fate::Undefined && self.strict)
    }
}

/// Every `${…}` of a cluster that the variables do not give a value.
fn loose<'a>(view: &'a ClusterView<'_>) -> Vec<Loose<'a>> {
    let mut found = Vec::new();
    let mut all_strict = BTreeMap::new();
    for (place, given) in view.found.objects.iter().enumerate() {
        let (Some(before), Some(owner)) = (given.before.as_deref(), owner(given)) else { continue };
        let Some(variables) = view.kustomization(owner).and_then(|unit| unit.variables.as_ref()) else { continue };
        let strict = all_strict.entry(owner).or_insert_with(|| variables.as_if_strict());
        for (pointer, text) in texts(before) {
            let language = language(before, &pointer, text);
            for expression in expressions(text) {
                let Some((fate, name)) = fate(&expression, strict) else { continue };
                // What the variables are is not known then, only what no variable could be.
                if variables.incomplete && fate != Fate::Unknown {
                    continue;
                }
                let (pointer, strict) = (pointer.clone(), variables.strict);
                found.push(Loose { given, place, pointer, language, expression, name, fate, strict });
            }
        }
    }
    found
}

/// The Flux Kustomization that applies an object.
fn owner(given: &Given) -> Option<&Owner> {
    given.chain.last()
}

/// What becomes of an expression, and its variable, unless it has a value.
fn fate(expression: &str, strict: &Variables) -> Option<(Fate, String)> {
    if let Err(refusal) = evaluate(expression, strict) {
        return Some(refusal.undefined.map_or((Fate::Unknown, String::new()), |name| (Fate::Undefined, name)));
    }
    let name = variable(expression);
    (!strict.values.contains_key(name)).then(|| (Fate::Default, name.to_owned()))
}

/// The variable of an expression.
fn variable(expression: &str) -> &str {
    let name = expression.trim_start_matches(['$', '{', '#']);
    let end = name.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(name.len());
    name.get(..end).unwrap_or_default()
}

/// The texts of an object in which something may be replaced, with their places.
fn texts(object: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    each_below(object, &mut String::new(), &mut |pointer, value| match value {
        Value::String(text) if text.contains("${") => found.push((pointer.to_owned(), text.as_str())),
        Value::Object(map) => {
            let keys = map.keys().filter(|key| key.contains("${"));
            found.extend(keys.map(|key| (format!("{pointer}/{}", pointer_step(key)), key.as_str())));
        }
        _ => {}
    });
    found
}

/// The expressions of a text, each to its closing brace, or to the end of its line. `$$` is a dollar sign and begins none.
fn expressions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = rest.get(at..).unwrap_or_default();
        let length = if rest.starts_with("${") {
            let expression = expression(rest);
            found.push(expression.to_owned());
            expression.len()
        } else {
            rest.chars().take(if rest.starts_with("$$") { 2 } else { 1 }).map(char::len_utf8).sum()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

fn expression(text: &str) -> &str {
    let mut depth = 0;
    let mut before = ' ';
    for (at, sign) in text.char_indices() {
        match sign {
            '{' if before == '$' => depth += 1,
            '}' if depth == 1 => return text.get(..=at).unwrap_or(text),
            '}' => depth -= 1,
            _ => {}
        }
        before = sign;
    }
    text.lines().next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_ends_at_its_brace() {
        assert_eq!(expressions("a ${b} $${c} $$${d:-${e}-} {f} $g ${h"), ["${b}", "${d:-${e}-}", "${h"]);
        assert_eq!((variable("${#a}"), variable("${a_1:-b}"), variable("${@}")), ("a", "a_1", ""));
    }

    #[test]
    fn what_has_no_value_is_told_apart() {
        let mut variables = Variables { strict: true, ..Variables::default() };
        variables.add("a", "1");
        let fate = |text: &str| fate(text, &variables).map(|(fate, _)| fate);
        assert_eq!((fate("${a}"), fate("${b}"), fate("${b:-x}")), (None, Some(Fate::Undefined), Some(Fate::Default)));
        assert_eq!((fate("${b[@]}"), fate("${b:-${c}}")), (Some(Fate::Unknown), Some(Fate::Undefined)));
    }
}
