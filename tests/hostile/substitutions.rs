//! What stands in the place of variables, and what only looks as if it did.

use crate::Expects::{self, Finding, Nothing};
use crate::Table;
use crate::repo::{documents, json, map, unit};

pub fn rows(table: &mut Table) {
    nested(table);
    odd(table);
    values(table);
    bombs(table);
    sources(table);
}

fn nested(table: &mut Table) {
    for (name, times) in [("a-hundred", 100), ("five-thousand", 5000), ("two-hundred-thousand", 200_000)] {
        table.row(&format!("a-default-in-a-default-{name}-deep"), Nothing, move |repo| {
            repo.substituted(&("${a:-".repeat(times) + "x" + &"}".repeat(times)), &[]);
        });
    }
    table.row("a-default-in-a-default-that-nobody-closes", Finding, |repo| {
        repo.substituted(&"${a:-".repeat(100_000), &[]);
    });
    table.row("a-replacement-in-a-replacement", Nothing, |repo| {
        repo.substituted(&("${known/".repeat(5000) + "x" + &"/y}".repeat(5000)), &[]);
    });
    table.row("a-cut-in-a-cut", Nothing, |repo| {
        repo.substituted(&("${known#".repeat(5000) + "x" + &"}".repeat(5000)), &[]);
    });
    table.row("a-part-of-a-part", Nothing, |repo| {
        repo.substituted(&("${known:".repeat(5000) + "0" + &"}".repeat(5000)), &[]);
    });
    table.row("a-hundred-thousand-defaults-in-a-row", Nothing, |repo| {
        repo.substituted(&"${a:-b}".repeat(100_000), &[]);
    });
    table.row("a-hundred-thousand-defaults-of-one", Nothing, |repo| {
        repo.substituted(&format!("${{a:-{}}}", "${b:-c}".repeat(100_000)), &[]);
    });
}

fn odd(table: &mut Table) {
    let texts: [(&str, Expects, &str); 26] = [
        ("that-is-not-closed", Finding, "${"),
        ("of-nothing", Finding, "${}"),
        ("of-a-blank", Finding, "${ a }"),
        ("of-a-number", Nothing, "${1}"),
        ("of-a-dash", Finding, "${-}"),
        ("whose-default-is-not-closed", Finding, "${a:-"),
        ("whose-default-is-empty", Nothing, "${a:-}"),
        ("whose-default-is-a-brace", Nothing, "${a:-{}}"),
        ("of-a-length", Nothing, "${#known}"),
        ("of-a-length-of-nothing", Finding, "${#}"),
        ("of-too-many-signs", Finding, "${##}${#%}${%#}"),
        ("of-a-part-beyond-the-end", Nothing, "${known:99999999999999999999:1}"),
        ("of-a-part-before-the-beginning", Nothing, "${known:-9223372036854775808:-9223372036854775808}"),
        ("of-a-part-that-is-none", Nothing, "${known:x:y}${known: -1}${known::}"),
        ("of-a-part-of-all-numbers", Nothing, "${known:9223372036854775807:9223372036854775807}"),
        ("of-a-replacement-of-nothing", Nothing, "${known//}${known///}${known//x}"),
        ("of-a-replacement-with-slashes", Nothing, "${known/\\//\\\\/\\//}"),
        ("of-a-class-that-is-not-closed", Nothing, "${known#[a-}${known##[^}${known%[]}${known%%[z-a]}"),
        ("of-a-backslash-at-the-end", Nothing, "${known#\\}${known%\\\\}"),
        ("of-an-error", Nothing, "${a:?no}${a?no}${a+x}${a:+x}${a=x}${a:=x}"),
        ("of-letters-that-are-not-latin", Nothing, "${ключ}${é}${名}${a\u{301}}"),
        ("of-dollars", Nothing, "$$$$$$$${a:-$$}$${b}$$$"),
        ("of-a-dollar-at-the-end", Nothing, "cost: $"),
        (
            "of-a-script",
            Nothing,
            "for i in \"${list[@]}\"; do echo ${i%%.*} ${#list[@]} ${!i} $((1+1)) ${a^^} ${a,,}; done",
        ),
        ("of-a-dashboard", Nothing, "rate({__name__=~\"${metric:regex}\"}[$__interval]) ${DS_PROMETHEUS} ${var:csv}"),
        ("of-control-signs", Nothing, "${a:-\u{1b}[2J\u{202e}\u{0085}}"),
    ];
    for (name, expects, text) in texts {
        table.row(&format!("a-substitution-{name}"), expects, move |repo| repo.substituted(text, &[]));
    }
    table.row("a-million-dollars", Nothing, |repo| repo.substituted(&"$".repeat(1_000_001), &[]));
    table.row("a-million-dollars-and-braces", Nothing, |repo| repo.substituted(&"$${".repeat(300_000), &[]));
    table.row("a-variable-of-a-million-letters", Nothing, |repo| {
        repo.substituted(&format!("${{{}}}", "x".repeat(1_000_000)), &[]);
    });
    table.row("a-switch-of-substitution-of-every-type", Nothing, |repo| {
        repo.apps("  postBuild: {substitute: {a: b}}\n");
        for (at, said) in ["true", "[disabled]", "{disabled: ~}", "~", "Disabled", "1e999"].iter().enumerate() {
            let text = format!(
                "metadata:\n  annotations: {{kustomize.toolkit.fluxcd.io/substitute: {said}}}\n  labels: [{said}]\n"
            );
            repo.write(format!("apps/{at}.yaml"), map(&format!("w{at}"), "  a: ${a}\n").replace("metadata:\n", &text));
        }
    });
}

fn values(table: &mut Table) {
    let values: [(&str, Expects, &str); 14] = [
        ("that-is-a-substitution", Nothing, "${v}"),
        ("that-is-half-a-substitution", Nothing, "${v"),
        ("of-line-breaks", Nothing, "a\nkind: Secret\n---\nb: c"),
        ("that-is-a-mapping", Nothing, "{a: b}"),
        ("that-is-torn", Nothing, "[a, {b"),
        ("that-is-a-quote", Nothing, "\""),
        ("that-is-a-comment", Nothing, "x # y"),
        ("that-is-a-truth", Nothing, "yes"),
        ("that-is-a-number", Nothing, "1e999"),
        ("that-is-an-alias", Nothing, "*nothing"),
        ("that-is-a-tag", Nothing, "!!python/object x"),
        (
            "that-is-a-bomb",
            Nothing,
            "[&a [x,x,x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b], &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c], &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d], [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]]",
        ),
        ("of-control-signs", Nothing, "\u{1b}[2J\u{0}\u{202e}"),
        ("of-letters-of-many-bytes", Nothing, "名前👩‍👩‍👧‍👦é"),
    ];
    for (name, expects, value) in values {
        table.row(&format!("a-value-{name}"), expects, move |repo| {
            repo.substituted("${v} ${v:1:2} ${v:-3} ${v^} ${v,} ${v#?} ${v%%?} ${v//a/${v}}", &[("v", value)]);
            repo.write("apps/y.yaml", map("more", "  a: ${v}\n  b: ${v}x\n  c: x${v}\n"));
            repo.write("apps/z.yaml", map("name-${v}", "  ${v}: a\n"));
        });
    }
    table.row("a-name-that-is-substituted-away", Finding, |repo| {
        repo.apps("  postBuild: {substitute: {v: '', w: '~', k: '[]'}}\n");
        repo.write(
            "apps/x.yaml",
            map("${v}", "") + "---\n" + &map("${w}", "") + "---\n" + &map("x", "").replace("ConfigMap", "${k}"),
        );
    });
    for (at, name) in ["", " ", "1a", "a-b", "a.b", "${a}", "é", "a\nb", "PATH=x"].into_iter().enumerate() {
        table.row(&format!("a-variable-by-an-odd-name-{}", at + 1), Nothing, move |repo| {
            repo.apps(&format!("  postBuild: {{substitute: {{{}: b}}}}\n", json(name)));
            repo.write("apps/x.yaml", map("web", &format!("  a: {}\n", json(&format!("${{{name}}}")))));
        });
    }
}

fn bombs(table: &mut Table) {
    const LONG: usize = 1_000_000;
    table.row("a-value-of-a-megabyte-ten-thousand-times", Nothing, |repo| {
        repo.substituted(&"${v}".repeat(10_000), &[("v", &"x".repeat(LONG))]);
    });
    table.row("a-value-of-a-megabyte-in-a-thousand-objects", Nothing, |repo| {
        repo.substituted("", &[("v", &"x".repeat(LONG))]);
        repo.write("apps/x.yaml", documents((0..1000).map(|at| map(&format!("w{at}"), "  a: ${v}\n"))));
    });
    table.row("a-value-of-a-megabyte-in-a-thousand-texts-of-an-object", Finding, |repo| {
        repo.substituted("", &[("v", &"x".repeat(LONG))]);
        repo.write("apps/x.yaml", map("web", &(0..1000).map(|at| format!("  a{at}: ${{v}}\n")).collect::<String>()));
    });
    table.row("a-megabyte-of-letters-each-replaced-by-a-megabyte", Nothing, |repo| {
        let long = "x".repeat(LONG);
        repo.substituted("${v//x/${w}}", &[("v", &long), ("w", &long)]);
    });
    table.row("a-replacement-by-ever-more", Nothing, |repo| {
        // Each level is twice as long as the one in it; 16 are half a megabyte, and stand for 2^16 times the value.
        let twice = (0..16).fold("x".to_owned(), |text, _| format!("${{v//x/{text}{text}}}"));
        repo.substituted(&twice, &[("v", "xx")]);
    });
    table.row("a-pattern-of-stars-for-a-megabyte", Nothing, |repo| {
        repo.substituted("${v#*a*a*a*a*b}${v##*a*a*b}${v%b*a*a*}${v%%b*a*a*}", &[("v", &"a".repeat(LONG))]);
    });
    table.row("a-pattern-that-fits-nowhere-in-a-megabyte", Nothing, |repo| {
        repo.substituted("${v#b}${v##b}${v%b}${v%%b}", &[("v", &"a".repeat(LONG))]);
    });
    table.row("a-thousand-patterns-for-a-hundred-kilobytes", Nothing, |repo| {
        repo.substituted(&"${v#b}".repeat(1000), &[("v", &"a".repeat(100_000))]);
    });
    table.row("a-value-of-a-megabyte-for-five-hundred-kustomizations", Nothing, |repo| {
        let more = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n";
        let all = documents((0..500).map(|at| unit(&format!("u{at}"), "./apps", more)));
        let vars =
            map("vars", &format!("  v: {}\n", "x".repeat(LONG))).replace("namespace: apps", "namespace: flux-system");
        repo.cluster(&[("units.yaml", &all), ("vars.yaml", &vars)]);
        repo.write("apps/x.yaml", map("web", "  a: b\n"));
    });
}

fn sources(table: &mut Table) {
    let from = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}, {kind: Secret, name: vars}]}\n";
    let data = [
        ("that-is-a-list", "data: [a]\n"),
        ("that-is-a-text", "data: x\n"),
        ("of-every-type", "data: {a: 1, b: [], c: {}, d: ~, '': x}\n"),
        ("that-is-not-base64", "data: {a: '%%%', b: 'YQ=', c: '====', d: 'YQ', e: \"Y\\nQ==\", f: '/////w=='}\n"),
        ("of-strings", "stringData: {a: [b], b: c}\n"),
        ("that-is-encrypted-by-half", "data: {a: 'ENC[AES256_GCM,data:'}\nsops: {mac: []}\n"),
    ];
    for (name, data) in data {
        table.row(&format!("variables-from-data-{name}"), Nothing, move |repo| {
            let of = |kind: &str| {
                format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: vars, namespace: flux-system}}\n{data}")
            };
            repo.apps(from);
            repo.write("apps/x.yaml", map("web", "  a: ${a}${b}\n"));
            repo.write("clusters/a/vars.yaml", documents([of("ConfigMap"), of("Secret")]));
        });
    }
    table.row("variables-from-a-map-of-fifty-thousand", Nothing, |repo| {
        let lines: String = (0..50_000).map(|at| format!("  v{at}: x\n")).collect();
        repo.apps("  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n");
        repo.write("apps/x.yaml", map("web", "  a: ${v1}\n"));
        repo.write("clusters/a/vars.yaml", map("vars", &lines).replace("namespace: apps", "namespace: flux-system"));
    });
    table.row("variables-from-ten-thousand-maps-that-are-not-there", Nothing, |repo| {
        let all: String = (0..10_000).map(|at| format!("{{kind: ConfigMap, name: none-{at}}}, ")).collect();
        repo.apps(&format!("  postBuild: {{substituteFrom: [{all}]}}\n"));
        repo.write("apps/x.yaml", map("web", "  a: ${v1}\n"));
    });
}
