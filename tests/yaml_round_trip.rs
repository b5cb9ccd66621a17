//! What the one writer writes, two readers read back: ours, and serde_yaml as an independent one.
//!
//! Values and keys are made of what trips YAML readers: words that are truth values to some, numbers that come back as
//! others, indicators, breaks, blanks, control characters. A text without quotes must be a text to every reader, which
//! our own reader says by not disputing it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use fluxwright::problem::{Problems, Source};
use fluxwright::yaml;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Texts that mean something else without quotes (kubernetes-sigs/yaml goyaml.v2/resolve.go, goyaml.v3/resolve.go).
const HOSTILE: &[&str] = &[
    "",
    " ",
    "~",
    "null",
    "Null",
    "true",
    "True",
    "yes",
    "Yes",
    "NO",
    "on",
    "Off",
    "y",
    "N",
    "1",
    "-1",
    "+1",
    "1.0",
    "1.30",
    "1e3",
    "1.",
    ".5",
    "0x1F",
    "0o17",
    "017",
    "0b11",
    "1_000",
    "12:30",
    "12:30:45",
    "12345e7",
    ".nan",
    "-.inf",
    "<<",
    "=",
    "2024-01-02",
    "2024-01-02T03:04:05Z",
    "- x",
    "-",
    "--- x",
    "---",
    "...",
    "? x",
    "a: b",
    "a:",
    ":",
    "a #b",
    "#",
    "@x",
    "`x",
    "%x",
    "&x",
    "*x",
    "!x",
    "|",
    "|-",
    ">",
    "'x'",
    "\"x\"",
    "[x]",
    "{x}",
    "x]",
    "x,y",
    "\\",
    "\\n",
    "{{ .x }}",
    "${X}",
    "a\nb",
    "a\nb\n",
    "\na",
    "a\n",
    " a\nb",
    "a \nb",
    "\ta",
    "a\tb",
    "\t",
    "a\r\nb",
    "a\rb",
    "\u{85}",
    "\u{2028}",
    "\u{feff}x",
    "\u{0}",
    "\u{7f}",
    "\u{1b}[0m",
    "é",
    "日本",
    "😀",
    "\u{e000}",
    "\u{fffd}",
    "a\n---\nb",
    "a\n...\n",
    "a\n  b\n",
    "a\n\n\nb\n",
    "x: |\n  y",
    "# only\n# comments\n",
    "AA:BB:CC",
    "10.0.0.0/8",
    "v1.2.3",
    "1h0m0s",
];

fn text() -> impl Strategy<Value = String> {
    let hostile = || proptest::sample::select(HOSTILE).prop_map(str::to_owned);
    prop_oneof![
        hostile(),
        (hostile(), hostile()).prop_map(|(a, b)| a + &b),
        (hostile(), hostile(), hostile()).prop_map(|(a, b, c)| a + &b + &c),
        proptest::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
        "[ -~\n]{0,40}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::String),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((text(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn comes_back(value: &Value) {
    let written = yaml::write("head", std::slice::from_ref(value));
    let mut problems = Problems::default();
    let source = Source::new("written", written.as_str());
    let nodes = yaml::read_all(&source, &mut problems).unwrap_or_default();
    assert_eq!(nodes.len(), 1, "one document: {written:?}");
    let ours = nodes[0].value(&source, &mut problems);
    assert!(!problems.any_error(), "nothing is disputed: {written:?} {:?}", problems.sorted());
    assert_eq!(&ours, value, "{written:?}");
    let theirs: Value = serde_yaml::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written:?}"));
    assert_eq!(&theirs, value, "{written:?}");
}

#[test]
fn each_hostile_text_comes_back_as_value_and_as_key() {
    for text in HOSTILE {
        comes_back(&json!({ "key": text, "list": [text, [text]], "map": { *text: text } }));
    }
}

#[test]
fn documents_stay_apart() {
    let written = yaml::write("", &[json!({ "a": "x\n---\ny" }), json!({ "b": 1 })]);
    assert_eq!(written, "a: |-\n  x\n  ---\n  y\n---\nb: 1\n");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_comes_back(value in value()) {
        comes_back(&json!({ "value": value }));
    }
}
