//! Flux's substitution of variables: `${name}` and its functions, in the text of an object.
//!
//! In: an object that kustomize has built, and variables. Out: the object, or why Flux would fail. The text is the one that
//! kustomize writes, without the quotes that the user wrote: what is substituted may come back as a number or a truth value.
//! Not here: where the variables come from (`build`).
//!
//! Source: fluxcd/pkg envsubst v1.9.0 (parse, eval.go, funcs.go, path) and kustomize v1.44.0 (kustomize_varsub.go).

use std::collections::BTreeMap;

use serde_json::Value;

use super::kustomize::Fault;
use crate::problem::{Problems, Source};
use crate::yaml;

/// How deep expressions may stand in each other.
const MAX_DEPTH: usize = 32;
/// How many bytes the text of an object may have when its variables are replaced; a cluster takes no more than 1.5 MiB (etcd).
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How many bytes a text may have of which a pattern is taken away.
const MAX_TRIMMED: usize = 16 * 1024;
/// The annotation or label of an object that is left as it is, if it says exactly `disabled`.
const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// The variables of a Flux Kustomization.
#[derive(Debug, Default)]
pub struct Variables {
    /// What is known.
    pub values: BTreeMap<String, String>,
    /// Whether a variable that is not known, and has no default, is an error.
    pub strict: bool,
    /// Whether there may be more than is known: then what is not known is left as it stands.
    pub incomplete: bool,
}

impl Variables {
    /// Adds one, as Flux does: without line breaks.
    pub fn add(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.replace('\n', ""));
    }

    /// The same, of which one that is not known is an error.
    #[must_use]
    pub fn as_if_strict(&self) -> Variables {
        Variables { values: self.values.clone(), strict: true, incomplete: self.incomplete }
    }

    /// How many bytes they are.
    pub fn bytes(&self) -> usize {
        self.values.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// The first name that Flux refuses.
    pub fn bad_name(&self) -> Option<&str> {
        let good = |name: &str| {
            !name.starts_with(|sign: char| sign.is_ascii_digit())
                && !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        self.values.keys().map(String::as_str).find(|name| !good(name))
    }
}

/// Whether an object says that nothing is to be substituted in it.
pub fn is_disabled(object: &Value) -> bool {
    let said = |part: &str| object.pointer(&format!("/metadata/{part}")).and_then(|map| map.get(SUBSTITUTE));
    ["labels", "annotations"].into_iter().any(|part| said(part) == Some(&Value::from("disabled")))
}

/// Why Flux would fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it would say.
    pub says: String,
    /// Of what kind that is.
    pub fault: Fault,
    /// The variable that is not set, if that is why.
    pub undefined: Option<String>,
}

impl Refusal {
    fn new(fault: Fault, says: String) -> Refusal {
        Refusal { says, fault, undefined: None }
    }
}

/// An object with its variables replaced; nothing if there is nothing to replace in it.
///
/// # Errors
/// What Flux would fail with.
pub fn substitute(object: &Value, variables: &Variables) -> Result<Option<Value>, Refusal> {
    if is_disabled(object) || !has_sign(object) {
        return Ok(None);
    }
    let (mut one_by_one, mut room) = (object.clone(), MAX_BYTES);
    if in_each_text(&mut one_by_one, variables, &mut room) {
        return Ok(Some(one_by_one));
    }
    in_the_whole(object, variables).map(Some)
}

/// Replaces in the text of a whole value, as Flux does.
fn in_the_whole(value: &Value, variables: &Variables) -> Result<Value, Refusal> {
    let source = Source::new("", evaluate(&yaml::go::write(value), variables)?);
    let mut problems = Problems::default();
    let nodes = yaml::read_manifest(&source, &mut problems).filter(|_| !problems.any_error());
    match nodes.as_deref() {
        Some([node]) => Ok(yaml::go::as_kubectl_reads(node)),
        _ => Err(Refusal::new(Fault::Other, "what comes of the substitution is not YAML any more".to_owned())),
    }
}

/// Replaces in each text by itself, of which there are few; the rest comes back from Flux as it is. Whether that is the same as in
/// the whole: not if something is refused, or if a text becomes more than one scalar of one line.
fn in_each_text(value: &mut Value, variables: &Variables, room: &mut usize) -> bool {
    const KEY: &str = "a";
    match value {
        Value::String(text) if text.contains('$') => {
            let alone = Value::Object([(KEY.to_owned(), Value::from(text.as_str()))].into_iter().collect());
            let replaced = in_the_whole(&alone, variables).ok().and_then(|mut all| match all.as_object_mut() {
                Some(map) if map.len() == 1 => map.remove(KEY).filter(|new| !new.is_object() && !new.is_array()),
                _ => None,
            });
            let Some(new) = replaced else { return false };
            let left = room.checked_sub(new.as_str().map_or(0, str::len));
            *room = left.unwrap_or_default();
            *value = new;
            left.is_some()
        }
        Value::Array(items) => items.iter_mut().all(|item| in_each_text(item, variables, room)),
        Value::Object(map) => {
            map.iter_mut().all(|(key, value)| !key.contains('$') && in_each_text(value, variables, room))
        }
        _ => true,
    }
}

/// Whether a dollar sign stands anywhere in a value.
pub fn has_sign(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('$'),
        Value::Array(items) => items.iter().any(has_sign),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('$') || has_sign(value)),
        _ => false,
    }
}

/// A text with its variables replaced.
///
/// # Errors
/// What is not read as a substitution, and what is not known.
pub fn evaluate(text: &str, variables: &Variables) -> Result<String, Refusal> {
    let mut reader = Reader { text, at: 0, depth: 0, variables };
    let mut out = String::with_capacity(text.len());
    while let Some(sign) = reader.peek() {
        if reader.rest().starts_with("$$") {
            out.push('$');
            reader.at += 2;
        } else if reader.rest().starts_with("${") {
            out.push_str(&reader.expression()?);
            if out.len() > MAX_BYTES {
                return Err(too_much());
            }
        } else {
            out.push(sign);
            reader.at += sign.len_utf8();
        }
    }
    Ok(out)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How many expressions stand in each other.
    depth: usize,
    variables: &'a Variables,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// As many characters as fit, at most `most`.
    fn take(&mut self, most: usize, fits: impl Fn(char, usize) -> bool) -> String {
        let rest = self.rest();
        let taken: String = rest
            .chars()
            .enumerate()
            .take(most)
            .take_while(|(at, sign)| fits(*sign, *at))
            .map(|(_, sign)| sign)
            .collect();
        self.at += taken.len();
        taken
    }

    fn close(&mut self, start: usize) -> Result<(), Refusal> {
        if self.take(1, |sign, _| sign == '}').is_empty() { Err(self.bad(start)) } else { Ok(()) }
    }

    fn bad(&self, start: usize) -> Refusal {
        let text = self.text.get(start..).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let shown: String = line.chars().take(40).collect();
        let says = format!("`{shown}` is no substitution that Flux knows; write `$$` for a dollar sign");
        Refusal::new(Fault::Unsubstitutable, says)
    }

    /// What stands between `${` and `}`, replaced.
    fn expression(&mut self) -> Result<String, Refusal> {
        self.depth += 1;
        let done = if self.depth > MAX_DEPTH { Err(too_much()) } else { self.inner_expression() };
        self.depth -= 1;
        done
    }

    fn inner_expression(&mut self) -> Result<String, Refusal> {
        let start = self.at;
        self.at += 2;
        let is_name = |sign: char, _: usize| sign.is_alphanumeric() || sign == '_';
        if self.peek() == Some('#') {
            self.at += 1;
            let name = self.take(usize::MAX, is_name);
            self.close(start)?;
            return match self.value(&name, false)? {
                Some(value) => Ok(value.len().to_string()),
                None => Ok(self.as_it_stands(start)),
            };
        }
        let name = self.take(usize::MAX, is_name);
        if name.is_empty() {
            return Err(self.bad(start));
        }
        let (operator, arguments) = self.function(start)?;
        let has_default = matches!(operator.as_str(), "=" | ":=" | ":-" | ":?" | ":+");
        match self.value(&name, has_default)? {
            Some(value) if grows(&operator, &value, &arguments) => Err(too_much()),
            Some(value) => Ok(apply(&operator, value, &arguments)),
            None => Ok(self.as_it_stands(start)),
        }
    }

    fn as_it_stands(&self, start: usize) -> String {
        self.text.get(start..self.at).unwrap_or_default().to_owned()
    }

    /// The value of a variable; nothing if it may be one that is not known here.
    fn value(&self, name: &str, has_default: bool) -> Result<Option<String>, Refusal> {
        match self.variables.values.get(name) {
            Some(value) => Ok(Some(value.clone())),
            None if self.variables.incomplete => Ok(None),
            None if self.variables.strict && !has_default => {
                let says = format!("the variable `{name}` is not set and has no default");
                Err(Refusal { undefined: Some(name.to_owned()), ..Refusal::new(Fault::Undefined, says) })
            }
            None => Ok(Some(String::new())),
        }
    }

    /// The function behind a name, with its arguments, to the closing brace.
    fn function(&mut self, start: usize) -> Result<(String, Vec<String>), Refusal> {
        let next = self.rest().chars().nth(1);
        let mut arguments = Vec::new();
        let operator = match self.peek() {
            Some(':') if matches!(next, Some('=' | '-' | '?' | '+')) => self.take(2, |_, _| true),
            Some('=') => self.take(1, |_, _| true),
            Some(':') => return self.part(start),
            Some('/') => return self.replacement(start),
            Some('#') => self.take(2, |sign, _| sign == '#'),
            Some('%') => self.take(2, |sign, _| sign == '%'),
            Some(',' | '^') => self.take(2, |sign, _| matches!(sign, ',' | '^')),
            Some('}') => String::new(),
            _ => return Err(self.bad(start)),
        };
        match operator.as_str() {
            "#" | "##" | "%" | "%%" => arguments.push(self.argument(start, &|sign| sign != '}', false)?),
            _ if operator.starts_with([':', '=']) => {
                while !matches!(self.peek(), Some('}') | None) {
                    arguments.push(self.argument(start, &|sign| sign != '}', false)?);
                }
            }
            _ => {}
        }
        self.close(start)?;
        Ok((operator, arguments))
    }

    /// `:from` or `:from:length`.
    fn part(&mut self, start: usize) -> Result<(String, Vec<String>), Refusal> {
        self.at += 1;
        let mut arguments = vec![self.argument(start, &|sign| sign != ':' && sign != '}', false)?];
        if !self.take(usize::MAX, |sign, _| sign == ':').is_empty() {
            arguments.push(self.argument(start, &|sign| sign != '}', false)?);
        }
        self.close(start)?;
        Ok((":".to_owned(), arguments))
    }

    /// `/old/new` and its relatives.
    fn replacement(&mut self, start: usize) -> Result<(String, Vec<String>), Refusal> {
        let operator = self.take(2, |sign, at| sign == '/' || (at == 1 && matches!(sign, '#' | '%')));
        let mut arguments = vec![self.argument(start, &|sign| sign != '/', true)?];
        if self.take(usize::MAX, |sign, _| sign == '/').is_empty() {
            return Err(self.bad(start));
        }
        if self.peek() != Some('}') {
            arguments.push(self.argument(start, &|sign| sign != '}', true)?);
        }
        self.close(start)?;
        Ok((operator, arguments))
    }

    /// One argument: a substitution itself, or text.
    fn argument(&mut self, start: usize, fits: &dyn Fn(char) -> bool, escapes: bool) -> Result<String, Refusal> {
        if self.rest().starts_with("${") {
            return self.expression();
        }
        let mut out = String::new();
        while let Some(sign) = self.peek() {
            let escaped = ["$$", "\\/", "\\\\"].into_iter().find(|pair| escapes && self.rest().starts_with(pair));
            if let Some(pair) = escaped {
                out.push_str(&pair[1..]);
                self.at += pair.len();
            } else if self.rest().starts_with("${") || !fits(sign) {
                break;
            } else {
                out.push(sign);
                self.at += sign.len_utf8();
            }
        }
        if out.is_empty() { Err(self.bad(start)) } else { Ok(out) }
    }
}

/// What no cluster takes, whatever comes of it.
fn too_much() -> Refusal {
    let says = format!("the substitution is deeper than {MAX_DEPTH} or grows beyond {} MiB", MAX_BYTES / 1024 / 1024);
    Refusal::new(Fault::Other, says)
}

/// Whether a function would make a text too large, or take too long over one.
fn grows(operator: &str, value: &str, arguments: &[String]) -> bool {
    let argument = |at: usize| arguments.get(at).map_or(0, String::len);
    match operator {
        "#" | "##" | "%" | "%%" => value.len() > MAX_TRIMMED,
        "//" => {
            value.len().saturating_add(value.len().saturating_add(1).saturating_mul(argument(1))) > MAX_BYTES && {
                let old = arguments.first().map_or("", String::as_str);
                value.matches(old).count().saturating_mul(argument(1)).saturating_add(value.len()) > MAX_BYTES
            }
        }
        _ => arguments.iter().map(String::len).fold(value.len(), usize::saturating_add) > MAX_BYTES,
    }
}

fn apply(operator: &str, value: String, arguments: &[String]) -> String {
    let argument = |at: usize| arguments.get(at).map(String::as_str).unwrap_or_default();
    match operator {
        "," => first(&value, |sign| sign.to_lowercase().collect()),
        ",," => value.to_lowercase(),
        "^" => first(&value, |sign| sign.to_uppercase().collect()),
        "^^" => value.to_uppercase(),
        ":" => part(&value, arguments),
        "/" => value.replacen(argument(0), argument(1), 1),
        "//" => value.replace(argument(0), argument(1)),
        "/#" if arguments.len() == 2 && value.starts_with(argument(0)) => value.replacen(argument(0), argument(1), 1),
        "/%" if arguments.len() == 2 => match value.strip_suffix(argument(0)) {
            Some(rest) => format!("{rest}{}", argument(1)),
            None => value,
        },
        "/#" | "/%" => value,
        "#" => trimmed(&value, argument(0), false),
        "##" => trimmed(&value, argument(0), true),
        "%" => reversed(&trimmed(&reversed(&value), &reversed(argument(0)), false)),
        "%%" => reversed(&trimmed(&reversed(&value), &reversed(argument(0)), true)),
        _ if value.is_empty() => arguments.concat(),
        _ => value,
    }
}

fn first(value: &str, change: impl Fn(char) -> String) -> String {
    let mut signs = value.chars();
    signs.next().map(change).unwrap_or_default() + signs.as_str()
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// A part of a text, by bytes; a negative place or length counts from the end.
fn part(value: &str, arguments: &[String]) -> String {
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<i64>());
    let length = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let Some(Ok(from)) = number(0) else { return value.to_owned() };
    let from = if from < 0 { (length + from).max(0) } else { from };
    let to = match number(1) {
        None => length,
        Some(Err(_)) => return value.to_owned(),
        Some(Ok(count)) if count < 0 => length + count,
        Some(Ok(count)) => from.saturating_add(count).min(length),
    };
    let place = |at: i64| usize::try_from(at).unwrap_or(0);
    if from >= to { String::new() } else { value.get(place(from)..place(to)).unwrap_or_default().to_owned() }
}

/// A text without the shortest or longest beginning that a pattern fits.
fn trimmed(value: &str, pattern: &str, longest: bool) -> String {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut ends: Vec<usize> = value.char_indices().map(|(at, _)| at).skip(1).chain([value.len()]).collect();
    if longest {
        ends.reverse();
    }
    let fits = |end: &usize| matches(&pattern, &value.get(..*end).unwrap_or_default().chars().collect::<Vec<_>>());
    ends.into_iter().find(fits).and_then(|end| value.get(end..)).unwrap_or(value).to_owned()
}

/// Whether a shell pattern fits a whole text. Only the last star is tried again, so that no pattern takes long.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star = None;
    loop {
        let one = one_sign(pattern.get(at..).unwrap_or_default(), text.get(place));
        if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, place));
            at += 1;
        } else if let Some(length) = one {
            (at, place) = (at + length, place + 1);
        } else if at == pattern.len() && place == text.len() {
            return true;
        } else if let Some((after, from)) = star.filter(|(_, from)| *from < text.len()) {
            star = Some((after, from + 1));
            (at, place) = (after, from + 1);
        } else {
            return false;
        }
    }
}

/// The length of the part of a pattern that fits one sign.
fn one_sign(pattern: &[char], sign: Option<&char>) -> Option<usize> {
    let sign = sign?;
    match pattern {
        [] | ['*', ..] => None,
        ['?', ..] => Some(1),
        ['[', rest @ ..] => class(rest, *sign).map(|length| length + 1),
        ['\\', escaped, ..] => (escaped == sign).then_some(2),
        [same, ..] => (same == sign).then_some(1),
    }
}

/// The length of a class behind its bracket, if it has a sign.
fn class(pattern: &[char], sign: char) -> Option<usize> {
    let from = usize::from(pattern.first() == Some(&'^'));
    let end = pattern.iter().skip(from + 1).position(|sign| *sign == ']').map(|at| at + from + 1)?;
    let inner = pattern.get(from..end)?;
    let mut found = false;
    let mut at = 0;
    while let Some(low) = inner.get(at) {
        if let (Some('-'), Some(high)) = (inner.get(at + 1), inner.get(at + 2)) {
            found |= (low..=high).contains(&&sign);
            at += 3;
        } else {
            found |= *low == sign;
            at += 1;
        }
    }
    (found == (from == 0)).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables(strict: bool) -> Variables {
        let mut variables = Variables { strict, ..Variables::default() };
        for (name, value) in
            [("v", "Hello"), ("path", "/a/b/c.tar.gz"), ("empty", ""), ("n", "123"), ("t", "true"), ("q", "\"")]
        {
            variables.add(name, value);
        }
        variables
    }

    #[test]
    fn each_function_of_flux_is_known() {
        // Each line was run through fluxcd/pkg envsubst v1.9.0 in strict mode.
        for (text, expected) in [
            ("a ${v} b", "a Hello b"),
            ("$v $(v) $", "$v $(v) $"),
            ("$${v} $$v $$$v", "${v} $v $$v"),
            ("$$${v}", "$Hello"),
            ("${none:=d}|${none:-d e}|${none=d}|${v:=d}", "d|d e|d|Hello"),
            ("${none:-${v}-x}", "Hello-x"),
            ("${none:-}|${empty:-x}", "|x"),
            ("${#v}", "5"),
            ("${v^}${v^^}${v,}${v,,}", "HelloHELLOhellohello"),
            ("${v:1}|${v:1:2}|${v:-9}|${v:9}|${v:0:-1}", "ello|el|Hello||Hell"),
            ("${path#*/}|${path##*/}|${path%.*}|${path%%.*}", "a/b/c.tar.gz|c.tar.gz|/a/b/c.tar|/a/b/c"),
            ("${v#H?l}|${v#x}|${v#[F-J]}|${v##[^a-z]e}", "lo|Hello|ello|llo"),
            // From the end the pattern is read backwards, too.
            ("${v%[k-p]}|${v%l*}|${v%%l*}", "Hello|Hel|He"),
            ("${v:+x}|${none:+x}|${none:?x}", "Hello|x|x"),
            ("${v: -2}|${v:1:x}|${v:-3:2}|${v:3:-4}", "Hello|Hello|Hello|"),
            ("${v}}|$$|${v:=${none:=x}}|${v//$$/x}", "Hello}|$|Hello|Hello"),
            ("${v/l/L}|${v//l/L}|${v/#He/he}|${v/%lo/LO}|${v//l/}", "HeLlo|HeLLo|hello|HelLO|Heo"),
            ("${path//\\//-}", "-a-b-c.tar.gz"),
        ] {
            assert_eq!(evaluate(text, &variables(true)).ok().as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_flux_fails_with_is_said() {
        for text in ["${v", "${}", "${v-d}", "${v+d}", "${v!}", "${ v}", "${v:}", "${v/l}"] {
            assert!(evaluate(text, &variables(false)).is_err(), "{text}");
        }
        assert!(evaluate("${none}", &variables(true)).unwrap_err().says.contains("`none`"));
        assert!(evaluate("${none^^}", &variables(true)).is_err());
        assert_eq!(evaluate("<${none}>", &variables(false)).ok().as_deref(), Some("<>"));
    }

    #[test]
    fn what_may_be_known_elsewhere_is_left() {
        let variables = Variables { incomplete: true, ..variables(true) };
        assert_eq!(evaluate("${none} ${v} ${none:-d}", &variables).ok().as_deref(), Some("${none} Hello ${none:-d}"));
    }

    #[test]
    fn quotes_are_lost_as_in_flux() {
        let object = json!({"metadata": {"name": "x"}, "a": "${n}", "b": "v${n}", "c": "${q}${n}${q}", "d": "${t}", "e": "x: ${n}"});
        let expected = json!({"metadata": {"name": "x"}, "a": 123, "b": "v123", "c": "123", "d": true, "e": "x: 123"});
        assert_eq!(substitute(&object, &variables(true)), Ok(Some(expected)));
        let object = json!({"metadata": {"name": "x", "annotations": {SUBSTITUTE: "disabled"}}, "a": "${none}"});
        assert_eq!(substitute(&object, &variables(true)), Ok(None));
        let object = json!({"metadata": {"name": "x", "annotations": {SUBSTITUTE: "Disabled"}}, "a": "${none}"});
        assert!(substitute(&object, &variables(true)).is_err());
    }

    fn text() -> impl proptest::strategy::Strategy<Value = String> {
        const PARTS: &[&str] = &[
            "${n}", "${q}", "${yaml}", "${none}", "${v", "$$", "$", "}", ": ", " #", "\"", "'", "\n", "  ", "- ", "|",
            "a", "1", "on", "{", "[", ",", "&x ", "*x", "---", "!!str ", "\t",
        ];
        proptest::strategy::Strategy::prop_map(
            proptest::collection::vec(proptest::sample::select(PARTS), 0..6),
            |parts| parts.concat(),
        )
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 3_000, failure_persistence: None, ..Default::default() })]
        #[test]
        fn each_text_by_itself_is_the_same_as_the_whole(a in text(), b in text(), c in text(), d in text(), strict: bool) {
            let mut variables = variables(strict);
            variables.add("yaml", "x: [1, \"2\"] # '");
            let object = json!({"m": {"a": a, "b": [b, {"c": c}, 1, true, null]}, "d": d, "e": "y", "f": 1.5});
            let (mut alone, mut room) = (object.clone(), MAX_BYTES);
            if in_each_text(&mut alone, &variables, &mut room) {
                proptest::prop_assert_eq!(in_the_whole(&object, &variables), Ok(alone));
            }
        }
    }

    #[test]
    fn a_variable_has_a_name_and_no_line_breaks() {
        let mut variables = Variables::default();
        variables.add("a_1", "x\ny\n");
        assert_eq!((variables.values["a_1"].as_str(), variables.bad_name()), ("xy", None));
        variables.add("a-b", "");
        assert_eq!(variables.bad_name(), Some("a-b"));
    }
}
