//! The only door to MiniJinja: templates of the catalog and of the repo's own components become objects and texts.
//!
//! A template is a stranger. It sees the context that it is given and the files of its own folder, and nothing else: no
//! environment, no disk, no clock. Fuel, depth and output are bounded. What it asks for must be there (strict undefined),
//! and an error names the component, the file, the line and what was asked for.
//!
//! A value never passes through YAML text. In a `.yaml` or `.json` template each `<{ value }>` becomes a *slot*, the
//! template's text is parsed, and the slots are filled in the parsed document; so no value can change a document's
//! structure, and a value that stands inside a longer text is refused with a hint to join it with `~`. Other kinds of
//! files have an escaper each ([`escape`]); a kind without one is refused. See `docs/decisions/templates.md`.
//!
//! Not here: what stands in a context (`plan`), what objects become (`render`).

mod escape;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value as Json;

use crate::problem::{Code, Place, Problem, Problems, Source};
use crate::texts::lenient;
use crate::yaml::{self, Kind, Meaning, Node};

/// Instructions that one template may run.
const FUEL: u64 = 500_000;
/// How deep templates may call each other.
const DEPTH: usize = 32;
/// Bytes that one template may write.
const MAX_OUTPUT: usize = 4 * yaml::MAX_BYTES;
/// The ending of template files; what is before it says the kind of file.
const ENDING: &str = ".j2";

/// How an expression of component.yaml is called: its result is a whole value, so nothing is escaped there.
const EXPRESSION: &str = "component.yaml";

/// Answers to what a template may ask about APIs: which version a kind has, and whether it has a field.
pub trait Apis: Send + Sync {
    /// The `apiVersion` of a kind for the versions in the profile.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    fn api(&self, kind: &str) -> Result<String, String>;

    /// Whether the versions in the profile know a field.
    ///
    /// # Errors
    /// Why that is not known, as a sentence.
    fn has(&self, kind: &str, field: &str) -> Result<bool, String>;
}

/// What a template can ask for: values, and what the table of APIs says for one profile. A copy is cheap, with more keys, too: the
/// values are shared.
#[derive(Clone)]
pub struct Context {
    /// What a template sees by its first name. Each is made once, however many contexts have it.
    values: BTreeMap<String, Value>,
    apis: Arc<dyn Apis>,
}

impl Context {
    /// The context of a value whose keys a template sees; anything but a mapping has none.
    pub fn of(value: &impl Serialize, apis: &Arc<dyn Apis>) -> Context {
        let entries = match serde_json::to_value(value) {
            Ok(Json::Object(entries)) => entries,
            _ => serde_json::Map::new(),
        };
        let values = entries.into_iter().map(|(key, value)| (key, Value::from(Serde(&value)))).collect();
        Context { values, apis: Arc::clone(apis) }
    }

    /// The same with more keys.
    pub fn with<const N: usize>(&self, more: [(&str, Json); N]) -> Context {
        let mut values = self.values.clone();
        values.extend(more.map(|(key, value)| (key.to_owned(), Value::from(Serde(&value)))));
        Context { values, apis: Arc::clone(&self.apis) }
    }

    /// The same with what another one has.
    pub fn and(&self, other: &Context) -> Context {
        let mut values = self.values.clone();
        values.extend(other.values.iter().map(|(key, value)| (key.clone(), value.clone())));
        Context { values, apis: Arc::clone(&self.apis) }
    }

    /// As a template sees it, with the functions `api`, `has` and `text`.
    fn root(&self, depth: usize) -> Value {
        let mut values = self.values.clone();
        values.insert("api".to_owned(), Value::from_object(ApiOf(Arc::clone(&self.apis))));
        values.insert("has".to_owned(), Value::from_object(HasField(Arc::clone(&self.apis))));
        values.insert("text".to_owned(), Value::from_object(TextOf { context: self.clone(), depth }));
        Value::from(values)
    }
}

/// The files of one folder, by their path in it.
pub type Files = BTreeMap<String, Cow<'static, str>>;

/// The templates of one folder, ready to be rendered.
pub struct Engine {
    label: String,
    env: Environment<'static>,
}

impl Engine {
    /// Reads the templates of a folder that findings call `label`.
    ///
    /// # Errors
    /// A template that cannot be parsed, or of a kind without an escaper.
    pub fn new(label: &str, files: &Files) -> Result<Engine, Vec<Problem>> {
        let mut engine = Engine { label: label.to_owned(), env: environment() };
        let mut problems = Problems::default();
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(ENDING)) {
            if let Err(problem) = engine.add(path, text) {
                problems.push(problem);
            }
        }
        problems.finish(Some(engine)).map(|(engine, _)| engine)
    }

    fn add(&mut self, path: &str, text: &str) -> Result<(), Problem> {
        let source = Source::new(format!("{}/{path}", self.label), text);
        if escape::for_file(path).is_none() {
            let says = format!("`{path}` is a kind of file that no value can be put into safely");
            let hint = format!("name it like one of: {}", escape::KINDS.join(", "));
            return Err(Problem::new(Code::BROKEN_TEMPLATE, says).at(Place::file(&source.name)).hint(hint));
        }
        if text.len() > yaml::MAX_BYTES {
            let says = format!("the template has more than {} bytes", yaml::MAX_BYTES);
            return Err(Problem::new(Code::BROKEN_TEMPLATE, says).at(Place::file(&source.name)).hint("split it"));
        }
        self.env.add_template_owned(path.to_owned(), text.to_owned()).map_err(|error| self.explain(&error))
    }

    /// The paths of the templates below a folder; all if it is empty.
    pub fn below(&self, folder: &str) -> Vec<String> {
        let inside =
            |name: &str| folder.is_empty() || name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let mut paths: Vec<String> =
            self.env.templates().map(|(name, _)| name.to_owned()).filter(|name| inside(name)).collect();
        paths.sort();
        paths
    }

    /// The documents of a `.yaml` or `.json` template.
    ///
    /// # Errors
    /// What is wrong with the template, or with what it gave.
    pub fn documents(&self, path: &str, context: &Context) -> Result<Vec<Json>, Vec<Problem>> {
        let (text, slots) = self.run(path, context).map_err(|problem| vec![problem])?;
        let source =
            Source::new(format!("{}/{path} (rendered)", self.label), text.replace([SLOT_BEGIN, SLOT_END], STAND_IN));
        let parsed = Source::new(source.name.clone(), text);
        let mut problems = Problems::default();
        let documents = yaml::read_all(&parsed, &mut problems).map(|nodes| {
            let mut fill = Fill { source: &source, slots: &slots, problems: &mut problems };
            nodes.iter().map(|node| fill.value(node)).collect::<Vec<_>>()
        });
        let braces = parsed.text.contains("{{");
        let as_template = |mut problem: Problem| {
            problem.code = Code::BROKEN_TEMPLATE;
            if braces {
                problem.hint = Some("values stand in `<{ … }>`; `{{ … }}` is not ours and needs quotes".to_owned());
            }
            problem
        };
        let found = problems.sorted();
        match documents {
            Some(documents) if found.is_empty() => Ok(documents),
            _ => Err(found.into_iter().map(as_template).collect()),
        }
    }

    /// The text of a template of any other kind.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub fn text(&self, path: &str, context: &Context) -> Result<String, Problem> {
        self.run(path, context).map(|(text, _)| text)
    }

    /// Whether there is such a template.
    pub fn has(&self, path: &str) -> bool {
        self.env.get_template(path).is_ok()
    }

    fn run(&self, path: &str, context: &Context) -> Result<(String, Slots), Problem> {
        let template = self.env.get_template(path).map_err(|error| self.explain(&error))?;
        let root = context.root(0);
        let mut out = Bounded(Vec::new());
        let mut captured = template.render_captured_to(root, &mut out).map_err(|error| self.explain(&error))?;
        let slots = captured.with_state_mut(|state| std::mem::take(state.get_or_insert_extension(Slots::default())));
        Ok((String::from_utf8_lossy(&out.0).into_owned(), slots))
    }

    /// A value of component.yaml, its texts expanded where they hold `<{ … }>`.
    ///
    /// # Errors
    /// What is wrong with an expression.
    pub fn expand(&self, value: &Json, context: &Context) -> Result<Json, Problem> {
        match value {
            Json::String(text) => self.expand_text(text, context),
            Json::Array(items) => items.iter().map(|item| self.expand(item, context)).collect(),
            Json::Object(map) => {
                let entry = |(key, value): (&String, &Json)| Ok((key.clone(), self.expand(value, context)?));
                map.iter().map(entry).collect::<Result<serde_json::Map<_, _>, _>>().map(Json::Object)
            }
            other => Ok(other.clone()),
        }
    }

    fn expand_text(&self, text: &str, context: &Context) -> Result<Json, Problem> {
        if let Some(expression) = only_expression(text) {
            let value = self.evaluate(expression, context)?;
            return Ok(serde_json::to_value(&value).unwrap_or(Json::Null));
        }
        if !text.contains("<{") && !text.contains("<%") {
            return Ok(Json::String(text.to_owned()));
        }
        let done = self.env.render_named_str(EXPRESSION, text, context.root(0));
        done.map(Json::String).map_err(|error| self.explain(&error))
    }

    /// Whether an expression of component.yaml (`when:`) holds.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn holds(&self, expression: &str, context: &Context) -> Result<bool, Problem> {
        let value = self.evaluate(expression, context)?;
        if value.is_undefined() {
            let says = format!("the condition `{expression}` asks for something that is not there");
            let place = Place::file(format!("{}/component.yaml", self.label));
            return Err(Problem::new(Code::BROKEN_TEMPLATE, says).at(place).hint(HINT_UNDEFINED));
        }
        Ok(value.is_true())
    }

    fn evaluate(&self, expression: &str, context: &Context) -> Result<Value, Problem> {
        let compiled = self.env.compile_expression(expression).map_err(|error| self.explain(&error))?;
        compiled.eval(context.root(0)).map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &Error) -> Problem {
        let innermost = innermost(error);
        let name = innermost.name().unwrap_or("component.yaml");
        let text = innermost.template_source().unwrap_or("");
        let source = Source::new(format!("{}/{name}", self.label), text);
        let span = innermost.range().unwrap_or_else(|| line_span(text, innermost.line().unwrap_or(1)));
        let asked = text.get(span.clone()).unwrap_or("").trim().to_owned();
        let says = match innermost.kind() {
            ErrorKind::UndefinedError => format!("the template asks for `{asked}`, which is not there"),
            ErrorKind::OutOfFuel => "the template runs too long".to_owned(),
            _ => match innermost.detail() {
                Some(detail) => format!("the template cannot be rendered: {detail}"),
                None => format!("the template cannot be rendered: {}", innermost.kind()),
            },
        };
        let hint = match innermost.kind() {
            ErrorKind::UndefinedError => HINT_UNDEFINED,
            ErrorKind::InvalidOperation => {
                "look at what is asked for here; a kind that the table does not have has its apiVersion written out"
            }
            ErrorKind::TemplateNotFound => "a path is as below the component's folder, without the ending `.j2`",
            ErrorKind::OutOfFuel => "a template is for one file; it has no need of long loops",
            _ => "values stand in `<{ … }>`, blocks in `<% … %>`, notes in `<# … #>`",
        };
        Problem::new(Code::BROKEN_TEMPLATE, says).at(Place::new(&source, span)).hint(hint)
    }
}

/// The expression of a text that is nothing else: its value keeps its type.
fn only_expression(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("<{")?.strip_suffix("}>")?;
    (!inner.contains("<{")).then_some(inner)
}

/// Errors of `text(…)` come wrapped in the error of the template that called it.
fn innermost(error: &Error) -> &Error {
    let mut inner = error;
    while let Some(next) = std::error::Error::source(inner).and_then(|source| source.downcast_ref::<Error>()) {
        inner = next;
    }
    inner
}

fn line_span(text: &str, line: usize) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    start..end
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    let syntax = SyntaxConfig::builder()
        .variable_delimiters("<{", "}>")
        .block_delimiters("<%", "%>")
        .comment_delimiters("<#", "#>")
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    if let Ok(syntax) = syntax {
        env.set_syntax(syntax);
    }
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_debug(true);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(DEPTH);
    env.set_auto_escape_callback(|name| match escape::for_file(name) {
        Some(kind) => AutoEscape::Custom(kind.into()),
        None => AutoEscape::None,
    });
    // Text of one template inside of another would bring values that were escaped for another kind of file.
    env.set_path_join_callback(|name, _| format!("{name} (use text() to put in a file)").into());
    env.set_formatter(format);
    env.add_filter("code", |text: &str| Value::from_safe_string(escape::markdown_code(text)));
    env.add_filter("block", |text: &str, language: &str| {
        Value::from_safe_string(escape::markdown_block(text, language))
    });
    env.add_filter("markdown", |text: &str| Value::from_safe_string(text.to_owned()));
    env.add_test("since", since);
    env
}

/// `version is since("1.5")`: whether a version is that one or newer. Missing numbers are zero; a pre-release counts as the
/// version that it leads to, as in the ranges of component.yaml.
fn since(version: &str, first: &str) -> Result<bool, Error> {
    let number = |text: &str| {
        let number =
            lenient(text).ok_or_else(|| refused(format!("`since` compares versions, and `{text}` is none")))?;
        Ok::<_, Error>((number.major, number.minor, number.patch))
    };
    Ok(number(version)? >= number(first)?)
}

fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let kind = match state.auto_escape() {
        AutoEscape::Custom(kind) => kind.to_string(),
        _ if state.name() == EXPRESSION => String::new(),
        _ => return Err(Error::new(ErrorKind::InvalidOperation, "escaping cannot be turned off")),
    };
    if value.as_str().is_some_and(|text| text.contains([SLOT_BEGIN, SLOT_END])) {
        let says = "a value cannot be made of template text that has values in it; join with `~`";
        return Err(Error::new(ErrorKind::InvalidOperation, says));
    }
    let written = if kind == escape::SLOT || kind == escape::TERRAFORM_SLOT {
        let value = if kind == escape::SLOT { value.clone() } else { for_terraform(value) };
        let slots = state.get_or_insert_extension(Slots::default());
        slots.0.push(value);
        format!("{SLOT_BEGIN}{}{SLOT_END}", slots.0.len() - 1)
    } else if kind == escape::YAML_TEXT {
        yaml_scalar(value)?
    } else {
        let whole_file = value.is_safe();
        // MiniJinja writes truth values as Python does.
        let text = if value.kind() == ValueKind::Bool { value.is_true().to_string() } else { value.to_string() };
        escape::escape(&kind, &text, whole_file).map_err(|why| Error::new(ErrorKind::InvalidOperation, why))?
    };
    out.write_str(&written).map_err(|_| Error::new(ErrorKind::WriteFailure, "too much output"))
}

/// A value in a text that is YAML: a text stays a text, a number a number.
fn yaml_scalar(value: &Value) -> Result<String, Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::Bool, _) => Ok(value.is_true().to_string()),
        (ValueKind::Number, _) => Ok(value.to_string()),
        (_, Some(text)) => Ok(escape::yaml_text(text)),
        _ => Err(refused("a text that is YAML takes texts, numbers and truth values; loop over what has more")),
    }
}

/// A value whose texts Terraform takes as they are.
fn for_terraform(value: &Value) -> Value {
    fn escaped(value: Json) -> Json {
        match value {
            Json::String(text) => Json::String(escape::terraform(&text)),
            Json::Array(items) => items.into_iter().map(escaped).collect(),
            Json::Object(map) => {
                map.into_iter().map(|(key, value)| (escape::terraform(&key), escaped(value))).collect()
            }
            other => other,
        }
    }
    Value::from(Serde(&escaped(serde_json::to_value(value).unwrap_or(Json::Null))))
}

/// Values that wait for their place in a parsed document.
#[derive(Debug, Default)]
struct Slots(Vec<Value>);

const HINT_UNDEFINED: &str = "an option that may be missing needs a `default` in component.yaml, or `is defined` here";

/// Private-use characters: no template has them, and YAML takes them in a plain scalar.
const SLOT_BEGIN: char = '\u{e0f0}';
const SLOT_END: char = '\u{e0f1}';
/// What a finding shows in their place: as many bytes, so that places stay right.
const STAND_IN: &str = "…";

fn slot_index(text: &str) -> Option<usize> {
    text.strip_prefix(SLOT_BEGIN)?.strip_suffix(SLOT_END)?.parse().ok()
}

struct Fill<'a> {
    source: &'a Arc<Source>,
    slots: &'a Slots,
    problems: &'a mut Problems,
}

impl Fill<'_> {
    fn value(&mut self, node: &Node) -> Json {
        match &node.kind {
            Kind::Scalar { text, .. } => match self.slot(text, &node.span) {
                Some(value) => value,
                None if node.meaning() == Some(Meaning::Text) => Json::String(text.clone()),
                None => node.value(self.source, self.problems),
            },
            Kind::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Kind::Map(entries) => {
                let mut map = serde_json::Map::with_capacity(entries.len());
                for (key, node) in entries {
                    let key = match self.slot(&key.text, &key.span) {
                        Some(Json::String(name)) => name,
                        Some(other) => other.to_string(),
                        None => key.text.clone(),
                    };
                    let value = self.value(node);
                    if map.insert(key.clone(), value).is_some() {
                        let problem = Problem::new(Code::BROKEN_TEMPLATE, format!("the key `{key}` comes out twice"));
                        self.problems.push(problem.at(Place::new(self.source, node.span.clone())));
                    }
                }
                Json::Object(map)
            }
        }
    }

    fn slot(&mut self, text: &str, span: &Range<usize>) -> Option<Json> {
        if let Some(value) = slot_index(text).and_then(|index| self.slots.0.get(index)) {
            return Some(serde_json::to_value(value).unwrap_or(Json::Null));
        }
        if text.contains([SLOT_BEGIN, SLOT_END]) {
            self.problems.push(
                Problem::new(Code::BROKEN_TEMPLATE, "a value stands inside a longer text")
                    .at(Place::new(self.source, span.clone()))
                    .because("a value is put in whole, so that it can never change the document around it")
                    .hint("join them in the expression: <{ name ~ \"-config\" }>; a text of many lines is a file of its own: <{ text(\"files/x.conf\") }>"),
            );
        }
        None
    }
}

/// `api("Kind")`: the apiVersion of a kind.
struct ApiOf(Arc<dyn Apis>);

/// `has("Kind", "spec.field")`: whether a kind has a field.
struct HasField(Arc<dyn Apis>);

/// `text("files/x.conf")`: another file of the same folder, rendered with the same context, as one value.
struct TextOf {
    context: Context,
    depth: usize,
}

macro_rules! function {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!("<", stringify!($name), ">"))
            }
        }
    };
}
function!(ApiOf);
function!(HasField);
function!(TextOf);

fn refused(says: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, says)
}

impl Object for ApiOf {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let [kind] = args else { return Err(refused("api() takes one kind")) };
        self.0.api(&kind.to_string()).map(Value::from).map_err(refused)
    }
}

impl Object for HasField {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let [kind, field] = args else { return Err(refused("has() takes a kind and a field")) };
        self.0.has(&kind.to_string(), &field.to_string()).map(Value::from).map_err(refused)
    }
}

/// How deep files may be put into each other.
const MAX_TEXT_DEPTH: usize = 4;

impl Object for TextOf {
    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let [path] = args else { return Err(refused("text() takes the path of one file")) };
        if self.depth >= MAX_TEXT_DEPTH {
            return Err(refused("files are put into each other too deep"));
        }
        let template = state.env().get_template(&format!("{path}{ENDING}"))?;
        // Marked, so that a file of the same kind takes it in as it is; every other kind escapes it as one value.
        template.render(self.context.root(self.depth + 1)).map(Value::from_safe_string)
    }
}

struct Bounded(Vec<u8>);

impl io::Write for &mut Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::Error::other(format!("the template writes more than {MAX_OUTPUT} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
