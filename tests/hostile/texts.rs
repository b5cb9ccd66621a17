//! Files that are hard to read: nested deeply, long, full of aliases, in strange encodings, or hardly there.

use crate::Expects::{Finding, Nothing};
use crate::Table;
use crate::repo::{documents, json, map};

pub fn rows(table: &mut Table) {
    nested(table);
    long(table);
    aliases(table);
    merged(table);
    encodings(table);
    empty(table);
    many(table);
    scalars(table);
    torn(table);
}

fn nested(table: &mut Table) {
    table.row("a-hundred-thousand-brackets-that-nobody-closes", Finding, |repo| repo.app("[".repeat(100_000)));
    table.row("a-hundred-thousand-brackets-that-nobody-opens", Finding, |repo| repo.app("]".repeat(100_000)));
    table.row("a-list-in-a-list-a-hundred-thousand-deep", Finding, |repo| {
        repo.app(format!("a: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)));
    });
    table.row("a-mapping-in-a-mapping-a-hundred-thousand-deep", Finding, |repo| {
        repo.app(format!("{}1{}\n", "{a: ".repeat(100_000), "}".repeat(100_000)));
    });
    table.row("a-list-of-dashes-on-one-line", Finding, |repo| repo.app("- ".repeat(100_000) + "x\n"));
    table.row("a-key-of-question-marks", Finding, |repo| repo.app("? ".repeat(50_000) + "x\n"));
    table.row("a-key-that-is-a-list-of-keys", Finding, |repo| {
        repo.app(format!("{}x{}: 1\n", "{[".repeat(20_000), "]: 1}".repeat(20_000)));
    });
    table.row("a-staircase-of-a-thousand-keys", Finding, |repo| repo.app(staircase(1000)));
    table.row("a-staircase-of-four-thousand-keys", Finding, |repo| repo.app(staircase(4000)));
    table.row("a-nest-of-fifty", Nothing, |repo| {
        repo.app(map("web", "") + &format!("x: {}{}\n", "[".repeat(50), "]".repeat(50)));
    });
    table.row("a-nest-in-a-sync-file", Finding, |repo| {
        repo.write("clusters/a/flux-system/gotk-sync.yaml", "[".repeat(100_000));
    });
    table.row("a-nest-in-a-kustomization", Finding, |repo| {
        repo.kustomize(format!("resources: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)));
    });
    table.row("a-nest-in-a-text-of-json", Nothing, |repo| {
        let nest = "[".repeat(100_000) + &"]".repeat(100_000);
        repo.app(map("web", &format!("  dashboard.json: {}\n", json(&nest))));
    });
    table.row("a-nest-in-a-text-of-yaml", Nothing, |repo| {
        repo.app(map("web", &format!("  values.yaml: {}\n", json(&"a: {".repeat(100_000)))));
    });
    table.row("a-nest-in-an-annotation", Nothing, |repo| {
        let nest = json(&"[".repeat(100_000));
        let said = format!("metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: {nest}\n");
        repo.app(map("web", "").replace("metadata:\n", &said));
    });
    table.row("a-stack-of-quotes", Finding, |repo| repo.app("a: '".to_owned() + &"\"'".repeat(200_000)));
}

fn staircase(steps: usize) -> String {
    (0..steps).map(|step| " ".repeat(step) + "a:\n").collect()
}

fn long(table: &mut Table) {
    const MANY: usize = 1_000_000;
    table.row("a-name-of-a-million-letters", Finding, |repo| repo.app(map(&"x".repeat(MANY), "")));
    table.row("a-namespace-of-a-million-letters", Finding, |repo| {
        repo.app(map("web", "").replace("namespace: apps", &format!("namespace: {}", "x".repeat(MANY))));
    });
    table.row("a-label-of-a-million-letters", Finding, |repo| {
        let labels = format!("metadata:\n  labels:\n    {0}: {0}\n", "x".repeat(MANY));
        repo.app(map("web", "").replace("metadata:\n", &labels));
    });
    table.row("a-kind-of-a-million-letters", Nothing, |repo| {
        repo.app(map("web", "").replace("ConfigMap", &"X".repeat(MANY)));
    });
    table.row("an-api-version-of-a-million-slashes", Nothing, |repo| {
        repo.app(map("web", "").replace("apiVersion: v1", &format!("apiVersion: {}", "/".repeat(MANY))));
    });
    table.row("a-key-of-a-million-letters", Nothing, |repo| {
        repo.app(map("web", &format!("  ? {}\n  : x\n", "x".repeat(MANY))));
    });
    table.row("a-comment-of-five-million-letters", Nothing, |repo| {
        repo.app(format!("# {}\n{}", "x".repeat(5 * MANY), map("web", "")));
    });
    table.row("a-hundred-thousand-comments", Nothing, |repo| repo.app("# x\n".repeat(100_000) + &map("web", "")));
    table.row("a-million-blank-lines", Nothing, |repo| repo.app("\n".repeat(MANY) + &map("web", "")));
    table.row("a-line-of-ten-megabytes", Nothing, |repo| {
        repo.app(map("web", &format!("  a: {}\n", "x".repeat(10 * MANY))));
    });
    table.row("a-line-of-ten-megabytes-in-quotes", Nothing, |repo| {
        repo.app(map("web", &format!("  a: \"{}\"\n", "\\u2028x".repeat(MANY + MANY / 4))));
    });
    table.row("a-block-of-a-million-lines", Nothing, |repo| {
        repo.app(map("web", &format!("  a: |\n{}", "    x\n".repeat(MANY))));
    });
    table.row("a-folded-text-of-a-hundred-thousand-lines", Nothing, |repo| {
        repo.app(map("web", &format!("  a: >\n{}", "    x\n\n".repeat(100_000))));
    });
    table.row("a-plain-text-of-a-hundred-thousand-lines", Nothing, |repo| {
        repo.app(map("web", &format!("  a: x\n{}", "    x\n".repeat(100_000))));
    });
    table.row("an-indentation-of-a-million", Nothing, |repo| {
        repo.app(format!("a:\n{}b: c\n", " ".repeat(MANY)));
    });
    table.row("a-number-of-a-million-digits", Nothing, |repo| {
        repo.app(crate::repo::DEPLOYMENT.replace("replicas: 1", &format!("replicas: {}", "9".repeat(MANY))));
    });
    table.row("an-exponent-of-a-million-digits", Nothing, |repo| {
        repo.app(crate::repo::DEPLOYMENT.replace("replicas: 1", &format!("replicas: 1e{}", "9".repeat(MANY))));
    });
    table.row("a-tag-of-a-million-letters", Nothing, |repo| {
        repo.app(map("web", &format!("  a: !{} b\n", "x".repeat(MANY))));
    });
    table.row("an-anchor-of-a-million-letters", Nothing, |repo| {
        repo.app(map("web", &format!("  a: &{} b\n", "x".repeat(MANY))));
    });
    table.row("ten-thousand-directives", Nothing, |repo| {
        repo.app("%TAG !e! tag:example.com,2000:\n%FOO bar\n".repeat(10_000) + "---\n" + &map("web", ""));
    });
}

/// `levels` anchors, each a list (or mapping) of `width` aliases of the one before.
fn bomb(levels: usize, width: usize, list: bool) -> String {
    let mut text = "a0: &a0 x\n".to_owned();
    for level in 1..=levels {
        let before = level - 1;
        let inner: Vec<String> =
            (0..width).map(|at| if list { format!("*a{before}") } else { format!("k{at}: *a{before}") }).collect();
        let (open, close) = if list { ("[", "]") } else { ("{", "}") };
        text += &format!("a{level}: &a{level} {open}{}{close}\n", inner.join(", "));
    }
    text
}

fn aliases(table: &mut Table) {
    table.row("a-bomb-of-aliases", Finding, |repo| repo.app(map("web", "") + &bomb(10, 10, true)));
    table.row("a-bomb-of-mappings", Finding, |repo| repo.app(map("web", "") + &bomb(10, 10, false)));
    table.row("a-bomb-of-pairs", Finding, |repo| repo.app(map("web", "") + &bomb(60, 2, true)));
    table.row("a-bomb-in-a-sync-file", Finding, |repo| {
        repo.write("clusters/a/flux-system/gotk-sync.yaml", bomb(10, 10, true));
    });
    table.row("a-bomb-in-a-kustomization", Finding, |repo| repo.kustomize(bomb(10, 10, true)));
    table.row("a-bomb-of-a-long-text", Nothing, |repo| {
        let text = format!("  a: &a {}\n  b: [{}]\n", "x".repeat(1_000_000), "*a,".repeat(10_000));
        repo.app(map("web", &text));
    });
    table.row("a-bomb-of-long-keys", Nothing, |repo| {
        let text = format!("x: &a {{? {} : 1}}\ny: [{}]\n", "x".repeat(1_000_000), "*a,".repeat(5000));
        repo.app(map("web", "") + &text);
    });
    table.row("three-hundred-files-of-small-bombs", Nothing, |repo| {
        repo.apps("");
        let bomb = bomb(4, 10, true);
        for at in 0..300 {
            repo.write(format!("apps/{at}.yaml"), map(&format!("web-{at}"), "") + &bomb);
        }
    });
    table.row("a-patch-that-is-a-bomb", Finding, |repo| {
        repo.transformed("patches:\n- path: patch.yaml\n");
        repo.write("apps/patch.yaml", map("web", "") + &bomb(10, 10, true));
    });
    table.row("a-list-in-itself", Finding, |repo| repo.app("a: &a [*a]\n"));
    table.row("a-mapping-in-itself", Finding, |repo| repo.app("a: &a {b: *a}\n"));
    table.row("a-key-in-itself", Finding, |repo| repo.app("? &a [*a]\n: x\n"));
    table.row("a-document-in-itself", Finding, |repo| repo.app(format!("&a\n{}x: *a\n", map("web", ""))));
    table.row("an-alias-of-nothing", Finding, |repo| repo.app(map("web", "  a: *nothing\n")));
    table.row("an-alias-of-another-document", Finding, |repo| {
        repo.app(documents([map("web", "  a: &a b\n"), map("more", "  a: *a\n")]));
    });
    table.row("an-anchor-that-nobody-uses", Nothing, |repo| repo.app(map("web", "  a: &a b\n")));
    table.row("a-hundred-thousand-anchors", Nothing, |repo| {
        let lines: String = (0..100_000).map(|at| format!("  a{at}: &a{at} b\n")).collect();
        repo.app(map("web", &lines));
    });
    table.row("an-anchor-that-is-set-again-and-again", Nothing, |repo| {
        let lines: String = (0..10_000).map(|at| format!("  a{at}: &a b\n  b{at}: *a\n")).collect();
        repo.app(map("web", &lines));
    });
    table.row("an-alias-as-a-key", Nothing, |repo| repo.app(map("web", "  a: &a b\n  *a : c\n")));
}

fn merged(table: &mut Table) {
    table.row("a-bomb-of-merge-keys", Finding, |repo| {
        let mut text = "a0: &a0 {x: y}\n".to_owned();
        for level in 1..40 {
            let before = level - 1;
            text += &format!("a{level}: &a{level} {{k{level}: {{<<: [*a{before}, *a{before}]}}, l: *a{before}}}\n");
        }
        repo.app(map("web", "") + &text);
    });
    table.row("a-merge-of-itself", Finding, |repo| repo.app("a: &a\n  <<: *a\n  b: c\n"));
    table.row("a-merge-of-a-number", Finding, |repo| repo.app(map("web", "  <<: 1\n")));
    table.row("a-merge-of-lists-of-lists", Finding, |repo| repo.app(map("web", "  <<: [[{a: b}], [[{c: d}]]]\n")));
    table.row("a-merge-of-nothing", Nothing, |repo| repo.app(map("web", "  <<:\n  a: b\n")));
    table.row("a-thousand-merges-of-a-thousand-keys", Nothing, |repo| {
        let keys: String = (0..1000).map(|at| format!("  k{at}: x\n")).collect();
        let merges: String = (0..1000).map(|at| format!("m{at}:\n  <<: *a\n  k{at}: y\n")).collect();
        repo.app(format!("x: &a\n{keys}{merges}{}", map("web", "")));
    });
    table.row("a-merge-key-that-stands-twice", Finding, |repo| {
        repo.app(map("web", "  <<: {a: b}\n  <<: {c: d}\n"));
    });
}

fn encodings(table: &mut Table) {
    let wide = |text: &str, little: bool| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    table.row("a-file-of-utf-16", Finding, move |repo| repo.app(wide(&map("web", ""), true)));
    table.row("a-file-of-utf-16-the-other-way-around", Finding, move |repo| repo.app(wide(&map("web", ""), false)));
    table.row("a-sync-file-of-utf-16", Finding, move |repo| {
        repo.write("clusters/a/flux-system/gotk-sync.yaml", wide(crate::repo::SYNC, true));
    });
    table.row("a-kustomization-of-utf-16", Finding, move |repo| repo.kustomize(wide("resources: [web.yaml]\n", true)));
    let bytes: [(&str, crate::Expects, &[u8]); 15] = [
        ("a-byte-that-is-no-letter", Finding, b"a: \xff\n"),
        ("a-letter-that-is-cut-off", Finding, b"a: \xe2\x82"),
        ("a-letter-that-is-too-long", Finding, b"a: \xc0\xaf\n"),
        ("half-a-surrogate", Finding, b"a: \xed\xa0\x80\n"),
        ("a-null-byte", Finding, b"a: b\0c\n"),
        ("a-file-of-null-bytes", Finding, &[0; 4096]),
        ("a-bell-and-a-backspace", Finding, b"a: b\x07\x08\x1b[31m\n"),
        (
            "a-mark-at-the-beginning",
            Nothing,
            b"\xef\xbb\xbfapiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n",
        ),
        (
            "a-mark-in-the-middle",
            Nothing,
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n---\n\xef\xbb\xbfx: y\n",
        ),
        ("a-file-of-marks", Nothing, b"\xef\xbb\xbf\xef\xbb\xbf\xef\xbb\xbf"),
        (
            "lines-that-end-by-carriage-returns",
            Nothing,
            b"apiVersion: v1\rkind: ConfigMap\rmetadata: {name: a, namespace: b}\r",
        ),
        (
            "lines-that-end-by-both",
            Nothing,
            b"apiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: a, namespace: b}\r\n",
        ),
        (
            "lines-that-end-by-u-2028",
            Finding,
            "apiVersion: v1\u{2028}kind: ConfigMap\u{2029}metadata: {name: a}\u{85}".as_bytes(),
        ),
        (
            "a-program-by-the-name-of-a-manifest",
            Finding,
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0",
        ),
        ("an-archive-by-the-name-of-a-manifest", Finding, b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcbH\xcd\xc9\xc9\x07\0"),
    ];
    for (name, expects, bytes) in bytes {
        table.row(name, expects, move |repo| repo.app(bytes));
    }
    table.row("a-name-from-right-to-left", Finding, |repo| repo.app(map("\"web\u{202e}lmay.terces\u{2066}\"", "")));
    table.row("a-name-that-nobody-can-see", Finding, |repo| repo.app(map("\"\u{200b}\u{feff}\u{2060}\"", "")));
    table.row("a-name-of-pictures", Finding, |repo| repo.app(map("\"👩‍👩‍👧‍👦🏴‍☠️\"", "")));
    table.row("a-name-with-the-signs-of-a-terminal", Finding, |repo| {
        repo.app(map("\"\\e[2J\\e]0;owned\\a\\r\\n::error::x\"", ""));
    });
    table.row("a-letter-with-a-hundred-thousand-accents", Finding, |repo| {
        repo.app(map(&format!("\"a{}\"", "\u{301}".repeat(100_000)), ""));
    });
}

fn empty(table: &mut Table) {
    let texts: [(&str, crate::Expects, &str); 12] = [
        ("an-empty-file", Nothing, ""),
        ("a-file-of-one-line-break", Nothing, "\n"),
        ("a-file-of-blanks", Nothing, "      "),
        ("a-file-of-comments", Nothing, "# a\n# b"),
        ("a-file-of-a-dash-and-two-more", Nothing, "---"),
        ("a-file-of-three-dots", Nothing, "..."),
        ("a-file-of-dots-and-dashes", Nothing, "---\n...\n---\n---\n...\n"),
        ("a-file-of-a-tilde", Nothing, "~\n"),
        ("a-file-of-a-number", Finding, "42\n"),
        ("a-file-of-a-sentence", Finding, "We hold these truths to be self-evident\n"),
        ("a-file-of-an-empty-list", Finding, "[]\n"),
        ("a-file-of-an-empty-mapping", Nothing, "{}\n"),
    ];
    for (name, expects, text) in texts {
        table.row(name, expects, move |repo| repo.app(text));
    }
    table.row("a-hundred-thousand-empty-documents", Nothing, |repo| repo.app("---\n".repeat(100_000)));
    table.row("a-thousand-empty-files", Nothing, |repo| {
        repo.apps("");
        (0..1000).for_each(|at| repo.write(format!("apps/{at}.yaml"), ""));
    });
    table.row("a-repo-with-nothing-in-it", Nothing, |_| {});
}

fn many(table: &mut Table) {
    table.row("a-mapping-of-a-hundred-thousand-keys", Nothing, |repo| {
        let lines: String = (0..100_000).map(|at| format!("  k{at}: v\n")).collect();
        repo.app(map("web", &lines));
    });
    table.row("a-key-that-stands-ten-thousand-times", Finding, |repo| repo.app(map("web", &"  k: v\n".repeat(10_000))));
    table.row("five-thousand-documents-that-are-the-same", Finding, |repo| {
        repo.app(documents((0..5000).map(|_| map("web", ""))));
    });
    table.row("a-list-of-ten-thousand-objects", Nothing, |repo| {
        let item = |at| format!("- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: w{at}, namespace: apps}}}}\n");
        repo.app("apiVersion: v1\nkind: List\nitems:\n".to_owned() + &(0..10_000).map(item).collect::<String>());
    });
    table.row("a-list-of-lists-of-lists", Nothing, |repo| {
        let inner = "{apiVersion: v1, kind: ConfigMap, metadata: {name: web, namespace: apps}}";
        let list = |inner: String, _| format!("{{apiVersion: v1, kind: List, items: [{inner}]}}");
        repo.app((0..20).fold(inner.to_owned(), list));
    });
    table.row("a-list-of-lists-that-are-wide-and-deep", Finding, |repo| {
        let item = |at| format!("{{kind: ConfigMap, metadata: {{name: w{at}}}}}");
        let items: Vec<String> = (0..2000).map(item).collect();
        let list = |inner: String, _| format!("{{apiVersion: v1, kind: List, items: [{inner}]}}");
        repo.app((0..28).fold(items.join(","), list));
    });
    table.row("a-list-in-itself-by-its-items", Finding, |repo| {
        repo.app("&a {apiVersion: v1, kind: List, items: [*a]}\n");
    });
    for (name, items) in [
        ("a-list-of-nothing", ""),
        ("a-list-that-is-a-mapping", "{a: b}"),
        ("a-list-that-is-a-text", "x"),
        ("a-list-of-nulls-and-numbers", "[~, 1, x, [], {}, [[]]]"),
    ] {
        table.row(name, Nothing, move |repo| repo.app(format!("apiVersion: v1\nkind: List\nitems: {items}\n")));
    }
}

fn scalars(table: &mut Table) {
    table.row("numbers-that-fit-nowhere", Nothing, |repo| {
        let texts = [
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "1e999",
            "-1e999",
            "1e-999",
            ".nan",
            ".NaN",
            ".inf",
            "-.INF",
            "+.inf",
            "0x",
            "0xffffffffffffffffff",
            "0o777777777777777777777777",
            "0b2",
            "08",
            "-0",
            "+0",
            "0_",
            "_0",
            "1_000_",
            "190:20:30",
            "1:60",
            "-1:2:3.4",
            "12e03",
            "1.",
            ".",
            "..",
            "+",
            "-.",
            "0.e0",
            "2024-13-45",
            "2001-12-14t21:59:43.10-05:00",
            "0001-01-01",
            "=",
            "<<",
            "!",
            "!!",
            "*",
            "&",
        ];
        let line = |(at, text): (usize, &&str)| format!("  k{at}: {text}\n");
        for (at, text) in texts.iter().enumerate() {
            repo.write(format!("apps/{at}.yaml"), map(&format!("w{at}"), &line((at, text))));
            let spec = crate::repo::DEPLOYMENT.replace("replicas: 1", &format!("replicas: {text}"));
            repo.write(format!("apps/d{at}.yaml"), spec.replace("name: web", &format!("name: d{at}")));
        }
        repo.apps("");
    });
    let tags = [
        "!!binary aGVsbG8=",
        "!!binary '%%%'",
        "!!set {a, b}",
        "!!omap [a: b]",
        "!!pairs [a: b]",
        "!x y",
        "!x [a]",
        "! a",
        "!!str 1",
        "!!int x",
        "!!int ''",
        "!!float .",
        "!!bool maybe",
        "!!null x",
        "!!timestamp x",
        "!!merge x",
        "!!map [a]",
        "!!seq {a: b}",
        "!<tag:yaml.org,2002:int> 1",
        "!<> 1",
        "!e!x y",
        "!!python/object/apply:os.system [id]",
        "!!js/function x",
        "!%41 x",
        "!!str [a]",
        "!!int [a]",
        "!!null {a: b}",
        "!!str",
    ];
    for (at, tag) in tags.into_iter().enumerate() {
        table.row(&format!("a-tag-that-says-too-much-{}", at + 1), Nothing, move |repo| {
            repo.app(map("web", &format!("  a: {tag}\n  b: &x {tag}\n  c: *x\n")));
        });
    }
    table.row("tags-on-everything", Nothing, |repo| {
        repo.app("!a\n!b apiVersion: !c v1\n!!str kind: !!str ConfigMap\nmetadata: !!map {!!str name: !!binary d2Vi, namespace: !!int apps}\n");
    });
}

fn torn(table: &mut Table) {
    let texts: [(&str, &str); 13] = [
        ("a-tab-in-the-indentation", "a:\n\tb: c\n"),
        ("the-markers-of-a-merge", "a: b\n<<<<<<< HEAD\nc: d\n=======\ne: f\n>>>>>>> main\n"),
        ("a-quote-that-nobody-closes", "a: \"b\n"),
        ("an-escape-that-is-none", "a: \"\\q\\xZZ\\u12\\U99999999\"\n"),
        ("an-escape-beyond-all-letters", "a: \"\\UFFFFFFFF\\ud800\"\n"),
        ("a-template-of-helm", "{{- if .Values.a }}\na: {{ .Values.b | quote }}\n{{- end }}\n"),
        ("a-block-without-a-body", "a: |9\nb: >-+\n"),
        ("a-block-that-is-indented-by-zero", "a: |0\n  x\n"),
        ("a-directive-without-a-document", "%YAML 1.2\n"),
        ("a-version-that-is-none", "%YAML 99999999999999999999.1\n---\na: b\n"),
        ("a-page-of-html", "<!DOCTYPE html>\n<html><body>404: {not found}</body></html>\n"),
        ("a-colon-and-another", "a: b: c: d\n"),
        ("a-comma-and-another", "[,,,]\n"),
    ];
    for (name, text) in texts {
        table.row(name, Finding, move |repo| repo.app(text));
    }
    table.row("every-start-of-a-manifest", Nothing, |repo| {
        repo.apps("");
        let text = crate::repo::DEPLOYMENT;
        for end in 0..text.len() {
            repo.write(format!("apps/{end}.yaml"), &text[..end]);
        }
    });
    table.row("every-start-of-a-sync-file", Nothing, |repo| {
        let text = crate::repo::SYNC;
        for end in (0..text.len()).step_by(5) {
            repo.write(format!("clusters/{end}/flux-system/gotk-sync.yaml"), &text[..end]);
        }
    });
}
