use super::*;
use serde_json::json;

struct NoApis;
impl Apis for NoApis {
    fn api(&self, kind: &str) -> Result<String, String> {
        Err(format!("no kind {kind}"))
    }
    fn has(&self, _: &str, _: &str) -> Result<bool, String> {
        Ok(false)
    }
}

fn engine(files: &[(&str, &str)]) -> Result<Engine, Vec<Problem>> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), Cow::Owned((*text).to_owned()))).collect();
    Engine::new("components/x", &files)
}

fn context_of(value: &Json) -> Context {
    let apis: Arc<dyn Apis> = Arc::new(NoApis);
    Context::of(value, &apis)
}

fn documents(text: &str, context: &Json) -> Result<Vec<Json>, Vec<Problem>> {
    engine(&[("a.yaml.j2", text)])?.documents("a.yaml.j2", &context_of(context))
}

#[test]
fn no_value_changes_a_documents_structure() {
    for hostile in
        ["a: b", "x\n---\ny: 1", "\"", "'", "{", "- x", "# c", "&a", "*a", "!!str", "\u{7}", "\t", "", "yes", "<{ 1 }>"]
    {
        let given = documents("k: <{ v }>\n<{ v }>x: 1\n", &json!({"v": hostile}));
        assert!(given.is_err(), "a value inside a longer key");
        let given = documents("k: <{ v }>\nlist:\n- <{ v }>\n", &json!({"v": hostile})).unwrap();
        assert_eq!(given, [json!({"k": hostile, "list": [hostile]})]);
    }
}

#[test]
fn a_value_keeps_its_type() {
    let given =
        documents("a: <{ n }>\nb: <{ m }>\nc: <{ n ~ \"-x\" }>\n", &json!({"n": 3, "m": {"z": 1, "a": [true, null]}}))
            .unwrap();
    assert_eq!(given[0].to_string(), r#"{"a":3,"b":{"z":1,"a":[true,null]},"c":"3-x"}"#);
}

#[test]
fn a_value_inside_a_longer_text_is_refused_with_the_way_to_join() {
    let problems = documents("k: ./<{ v }>\n", &json!({"v": 1})).unwrap_err();
    assert_eq!(problems[0].code, Code::BROKEN_TEMPLATE);
    assert!(problems[0].hint.as_ref().unwrap().contains('~'));
}

#[test]
fn what_is_not_there_is_named_with_component_file_and_line() {
    let problems = documents("a: 1\nb: <{ options.repo }>\n", &json!({"options": {}})).unwrap_err();
    let place = problems[0].place.as_ref().unwrap();
    assert_eq!(place.source.name, "components/x/a.yaml.j2");
    assert_eq!(place.source.line_column(place.start).0, 2);
    assert_eq!(problems[0].says, "the template asks for `options.repo`, which is not there");
}

#[test]
fn of_a_key_that_is_given_twice_the_last_is_seen() {
    let first = context_of(&json!({"a": 1, "b": 2}));
    let engine = engine(&[]).unwrap();
    for context in [first.with([("a", json!(3))]), first.and(&context_of(&json!({"a": 3})))] {
        assert!(engine.holds("a == 3 and b == 2", &context).unwrap());
        assert!(engine.holds("a == 4", &context.with([("a", json!(4))])).unwrap());
    }
    assert!(engine.holds("a == 1", &first).unwrap());
}

#[test]
fn a_version_is_compared_by_its_numbers() {
    let engine = engine(&[]).unwrap();
    let holds = |version: &str, expression: &str| engine.holds(expression, &context_of(&json!({"version": version})));
    for version in ["1.5.0", "v1.5.0", "1.10.0", "2.0.0", "1.5.0-rc.1"] {
        assert!(holds(version, "version is since(\"1.5\")").unwrap(), "{version}");
    }
    for version in ["1.4.9", "v1.4.9", "0.10.0"] {
        assert!(!holds(version, "version is since(\"1.5\")").unwrap(), "{version}");
    }
    let problem = holds("1.5.0", "version is since(\"newest\")").unwrap_err();
    assert!(problem.says.contains("`newest` is none"), "{}", problem.says);
    assert!(engine.holds("version is since(\"1.5\")", &context_of(&json!({"version": null}))).is_err());
}

#[test]
fn a_file_inside_an_object_is_escaped_by_its_own_kind() {
    let engine =
        engine(&[("a.yaml.j2", "conf: <{ text(\"f.conf\") }>\n"), ("f.conf.j2", "user = <{ user }>\n")]).unwrap();
    let given = engine.documents("a.yaml.j2", &context_of(&json!({"user": "a\"b"}))).unwrap();
    assert_eq!(given, [json!({"conf": "user = \"a\\\"b\"\n"})]);
}

#[test]
fn an_error_inside_of_an_included_text_names_that_file() {
    let engine =
        engine(&[("a.yaml.j2", "conf: <{ text(\"f.conf\") }>\n"), ("f.conf.j2", "x\nuser = <{ nobody }>\n")]).unwrap();
    let problems = engine.documents("a.yaml.j2", &context_of(&json!({}))).unwrap_err();
    assert_eq!(problems[0].place.as_ref().unwrap().source.name, "components/x/f.conf.j2");
    assert!(problems[0].says.contains("`nobody`"));
}

#[test]
fn a_template_reaches_no_file_and_no_environment() {
    for stranger in [
        "<{ env(\"HOME\") }>",
        "<% include \"/etc/passwd\" %>",
        "<{ text(\"../../secret\") }>",
        "<{ environ }>",
        "<{ now() }>",
    ] {
        assert!(documents(&format!("a: {stranger}\n"), &json!({})).is_err(), "{stranger}");
    }
}

#[test]
fn a_template_is_bounded() {
    let long = "<% for a in range(10000) %><% for b in range(10000) %>x: 1\n<% endfor %><% endfor %>";
    assert!(documents(long, &json!({})).is_err());
    assert!(documents("<% macro m() %><{ m() }><% endmacro %>a: <{ m() }>\n", &json!({})).is_err());
    assert!(documents("a: <{ \"x\" * 100000000000 }>\n", &json!({})).is_err());
}

#[test]
fn a_file_that_takes_itself_in_is_refused() {
    let engine =
        engine(&[("a.yaml.j2", "x: <{ text(\"f.conf\") }>\n"), ("f.conf.j2", "<{ text(\"f.conf\") }>\n")]).unwrap();
    assert!(engine.documents("a.yaml.j2", &context_of(&json!({}))).is_err());
}

#[test]
fn a_file_of_the_same_kind_is_taken_in_as_it_is_and_another_is_one_value() {
    let files = [
        ("a.conf.j2", "x = <{ v }>\n"),
        ("b.conf.j2", "<{ text(\"a.conf\") }>"),
        ("c.sh.j2", "printf %s <{ text(\"a.conf\") }>\n"),
    ];
    let engine = engine(&files).unwrap();
    let context = context_of(&json!({"v": "it's"}));
    assert_eq!(engine.text("b.conf.j2", &context).unwrap(), "x = \"it's\"\n");
    assert_eq!(engine.text("c.sh.j2", &context).unwrap(), "printf %s 'x = \"it'\\''s\"\n'\n");
}

#[test]
fn a_text_that_is_yaml_keeps_the_types_of_its_values() {
    let engine =
        engine(&[("a.yaml.j2", "x: <{ text(\"f.yaml.txt\") }>\n"), ("f.yaml.txt.j2", "k: <{ v }>\n")]).unwrap();
    let given = |v: Json| engine.documents("a.yaml.j2", &context_of(&json!({ "v": v })));
    for (value, text) in [(json!(443), "k: 443\n"), (json!(false), "k: false\n"), (json!("a: #"), "k: \"a: #\"\n")] {
        assert_eq!(given(value).unwrap(), [json!({ "x": text })]);
    }
    for value in [json!(null), json!(["a"]), json!({ "a": 1 })] {
        assert!(given(value).is_err());
    }
}

#[test]
fn no_way_around_slots_leads_to_a_value_in_the_text() {
    let context = json!({"x": "a\nd: injected"});
    for way in [
        "<% autoescape false %>c: <{ x }><% endautoescape %>",
        "<% set l %>a-<{ x }><% endset %>c: <{ l }>",
        "<% macro m() %><{ x }><% endmacro %>c: <{ m() }>",
        "c: <{ x | safe }>b",
        "<% include \"a.conf.j2\" %>",
        "<% extends \"a.conf.j2\" %>",
    ] {
        assert!(documents(&format!("{way}\n"), &context).is_err(), "{way}");
    }
    assert_eq!(documents("c: <{ x | safe }>\n", &context).unwrap(), [json!({"c": "a\nd: injected"})]);
}
