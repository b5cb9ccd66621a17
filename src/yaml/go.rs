//! YAML as the Go programs of a cluster read and write it: kustomize by go-yaml v3, kubectl and Flux's substitution by v2.
//!
//! In: nodes and values. Out: values and text. The text is not ours to be pretty: Flux substitutes variables in it, and which
//! quotes stand in it decides what a value becomes.
//!
//! Source: kubernetes-sigs/yaml goyaml.v2 and goyaml.v3 (resolve.go, encode.go, emitterc.go) at v1.4.0.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::{Kind, Meaning, Node, decimal, looks_like_a_date, plain_meaning};

/// The node as kustomize, and so Flux, reads it: by go-yaml v3, whatever other readers see in it.
pub fn as_flux_reads(node: &Node) -> Value {
    match &node.kind {
        Kind::List(items) => items.iter().map(as_flux_reads).collect(),
        Kind::Map(entries) => {
            Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), as_flux_reads(node))).collect())
        }
        Kind::Scalar { text, plain: true } => plain_to_flux(text),
        Kind::Scalar { text, .. } => Value::String(text.clone()),
    }
}

/// What go-yaml v3 makes of a plain scalar, once kustomize has written it as JSON (kubernetes-sigs/yaml goyaml.v3/resolve.go).
fn plain_to_flux(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if !matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.')) {
        return Value::String(text.to_owned());
    }
    if looks_like_a_date(text) {
        // A time goes through JSON, which has no dates without one.
        return Value::String(if text.contains(':') { text.to_owned() } else { format!("{text}T00:00:00Z") });
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    go_integer(&digits).or_else(|| go_float(&digits)).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// Go's `ParseInt(text, 0, 64)`, and `ParseUint`.
fn go_integer(text: &str) -> Option<Number> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = unsigned.to_ascii_lowercase();
    let radix = [("0x", 16), ("0b", 2), ("0o", 8)].into_iter().find(|(prefix, _)| lower.starts_with(prefix));
    let (digits, radix) = match radix {
        Some((_, radix)) => (&lower[2..], radix),
        None if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        None => (lower.as_str(), 10),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    if negative { i64::try_from(number).ok().map(|number| Number::from(-number)) } else { Some(Number::from(number)) }
}

fn go_float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).to_ascii_lowercase();
    let float: f64 = text.parse().ok().filter(|_| decimal(&unsigned))?;
    // JSON, as Go writes it, does not tell 1.0 from 1.
    #[allow(clippy::cast_possible_truncation)]
    if float.fract() == 0.0 && float.abs() < 9e15 { Some(Number::from(float as i64)) } else { Number::from_f64(float) }
}

/// The node as kubectl, and Flux after its substitution, reads it: by go-yaml v2, to which `on` is true and a date is a text.
pub fn as_kubectl_reads(node: &Node) -> Value {
    match &node.kind {
        Kind::List(items) => items.iter().map(as_kubectl_reads).collect(),
        Kind::Map(entries) => {
            Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), as_kubectl_reads(node))).collect())
        }
        Kind::Scalar { text, plain: true } => plain_to_kubectl(text),
        Kind::Scalar { text, .. } => Value::String(text.clone()),
    }
}

fn plain_to_kubectl(text: &str) -> Value {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        text if looks_like_a_date(text) => Value::String(text.to_owned()),
        text => plain_to_flux(text),
    }
}

/// A value as go-yaml v2 writes it: a text without quotes wherever it comes back as that text. Long lines are not
/// folded; they come back the same.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let _ = write!(out, "{pad}{}:", key_text(key));
                let is_list = value.as_array().is_some_and(|items| !items.is_empty());
                below(value, if is_list { indent } else { indent + 2 }, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut text = String::new();
                match item {
                    Value::Object(map) if !map.is_empty() => block(item, indent + 2, &mut text),
                    Value::Array(items) if !items.is_empty() => block(item, indent + 2, &mut text),
                    scalar => {
                        let _ = writeln!(text, "{pad}  {}", scalar_text(scalar, indent + 2));
                    }
                }
                let _ = write!(out, "{pad}- {}", text.get(indent + 2..).unwrap_or_default());
            }
        }
        scalar => {
            let _ = writeln!(out, "{pad}{}", scalar_text(scalar, indent));
        }
    }
}

fn below(value: &Value, indent: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        out.push('\n');
        block(value, indent, out);
    } else {
        let _ = writeln!(out, " {}", scalar_text(value, indent));
    }
}

fn scalar_text(value: &Value, indent: usize) -> String {
    match value {
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::String(text) if text.contains('\n') && literal_is_allowed(text) => literal(text, indent),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn key_text(key: &str) -> String {
    quoted(key)
}

/// A text in the first style that is allowed: plain, single quotes, double quotes.
fn quoted(text: &str) -> String {
    let is_text = plain_to_kubectl(text).is_string() && !matches!(plain_meaning(text), Meaning::Null);
    if text.contains('\n') || !is_text || is_of_base_60(text) || has_special(text) || has_space_at_a_break(text) {
        return Value::String(text.to_owned()).to_string();
    }
    if plain_is_allowed(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

fn is_of_base_60(text: &str) -> bool {
    let parts: Vec<&str> = text.trim_start_matches(['-', '+']).split(':').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'_');
    parts.len() > 1 && parts.iter().all(digits)
}

fn has_special(text: &str) -> bool {
    text.chars().any(|sign| sign != '\n' && (sign.is_control() || matches!(sign, '\u{feff}' | '\u{2028}' | '\u{2029}')))
}

fn has_space_at_a_break(text: &str) -> bool {
    text.contains(" \n") || text.contains("\n ")
}

fn literal_is_allowed(text: &str) -> bool {
    !text.contains(" \n") && !text.ends_with(' ') && !has_special(text)
}

fn plain_is_allowed(text: &str) -> bool {
    const FIRST: &str = "#,[]{}&*!|>'\"%@`";
    let signs: Vec<char> = text.chars().collect();
    let blank = |at: usize| signs.get(at).is_none_or(|sign| matches!(sign, ' ' | '\t'));
    let (Some(first), Some(last)) = (signs.first(), signs.last()) else { return true };
    if text.starts_with("---") || text.starts_with("...") || *first == ' ' || *last == ' ' || FIRST.contains(*first) {
        return false;
    }
    if matches!(first, '-' | '?' | ':') && blank(1) {
        return false;
    }
    let breaks = |at: usize, sign: char| (sign == ':' && blank(at + 1)) || (sign == '#' && blank(at - 1));
    !signs.iter().enumerate().skip(1).any(|(at, sign)| breaks(at, *sign))
}

fn literal(text: &str, indent: usize) -> String {
    let body = text.trim_end_matches('\n');
    let hint = if text.starts_with([' ', '\n']) { "2" } else { "" };
    let chomp = match text.len() - body.len() {
        0 => "-",
        1 if !body.is_empty() => "",
        _ => "+",
    };
    let pad = " ".repeat(indent);
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("\n{pad}{line}") };
    let kept = text.strip_suffix('\n').unwrap_or(text);
    format!("|{hint}{chomp}{}", kept.split('\n').map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Problems, Source};

    #[test]
    fn what_is_written_comes_back() {
        let value = serde_json::json!({
            "a": "true", "b": "x: y", "c": "#", "d": "one\ntwo\n", "e": [{"f": 1, "g": [[1, "2"], []]}, "h\n  i", {}],
            "yes": "no", "j": " k", "l": "", "m": null, "n": "1.30", "o": "12:30", "p": "- q", "r": "s #t", "u": "v\n\nw",
            "x": "it's", "y": "${z}", "2024-01-02": "2024-01-02", "aa": "a\tb", "ab": "\n\nx", "ac": "x\n\n", "ad": ["l\nm"], "ae": "\n", "af": "\n\n",
        });
        let source = Source::new("x", write(&value));
        let nodes = super::super::read_manifest(&source, &mut Problems::default()).expect(&source.text);
        assert_eq!(as_kubectl_reads(&nodes[0]), value, "{}", source.text);
    }

    #[test]
    fn quotes_stand_where_go_yaml_puts_them() {
        let cases = [
            ("${x}", "${x}"),
            ("true", "\"true\""),
            ("1.30", "\"1.30\""),
            ("a: b", "'a: b'"),
            ("{a}", "'{a}'"),
            ("a:b", "a:b"),
            ("", "\"\""),
            ("v1 # c", "'v1 # c'"),
        ];
        for (text, written) in cases {
            assert_eq!(quoted(text), written);
        }
    }
}
