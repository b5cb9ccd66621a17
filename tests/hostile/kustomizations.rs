//! What a kustomization can say: patches, replacements, generators, prefixes, images.

use std::fmt::Write as _;

use crate::Expects::{self, Finding, Nothing};
use crate::Table;
use crate::repo::{DEPLOYMENT, documents, json, map};

pub fn rows(table: &mut Table) {
    shapes(table);
    operations(table);
    bombs_of_operations(table);
    targets(table);
    merges(table);
    replacements(table);
    generators(table);
    affixes(table);
    images(table);
}

fn shapes(table: &mut Table) {
    let texts: [(&str, Expects, &str); 22] = [
        ("that-is-empty", Nothing, ""),
        ("of-comments", Nothing, "# nothing\n"),
        ("that-is-a-list", Finding, "- web.yaml\n"),
        ("that-is-a-text", Finding, "web.yaml\n"),
        ("that-is-a-number", Finding, "1e999\n"),
        ("of-two-documents", Finding, "resources: [web.yaml]\n---\nresources: [deployment.yaml]\n"),
        ("of-another-version", Finding, "apiVersion: kustomize.config.k8s.io/v9\nresources: [web.yaml]\n"),
        ("that-is-a-config-map", Finding, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"),
        ("of-unknown-keys", Finding, "resource: [web.yaml]\nresources: [web.yaml]\n'': x\n"),
        ("of-keys-that-stand-twice", Finding, "resources: [web.yaml]\nresources: [deployment.yaml]\n"),
        ("whose-resources-are-a-text", Finding, "resources: web.yaml\n"),
        ("whose-resources-are-a-mapping", Finding, "resources: {web.yaml: deployment.yaml}\n"),
        ("whose-resources-are-mappings", Finding, "resources: [{path: web.yaml}, [web.yaml], ~, 1, true, 1.5]\n"),
        ("whose-keys-are-in-another-case", Nothing, "RESOURCES: [web.yaml]\nNAMEPREFIX: a-\n"),
        ("whose-namespace-is-a-mapping", Finding, "resources: [web.yaml]\nnamespace: {a: b}\n"),
        (
            "of-plugins",
            Nothing,
            "resources: [web.yaml]\ngenerators: [x.yaml]\ntransformers: ['- a']\nvalidators: ['{']\n",
        ),
        (
            "of-charts",
            Nothing,
            "helmCharts: [{name: ../../.., repo: 'https://[', valuesFile: /etc/passwd, valuesInline: [1]}]\nhelmGlobals: x\n",
        ),
        ("of-vars", Nothing, "resources: [web.yaml]\nvars: [{name: $(a), objref: x, fieldref: [1]}, 1, ~]\n"),
        (
            "of-types-that-are-not-there",
            Nothing,
            "resources: [web.yaml]\nopenapi: {path: none}\ncrds: [none]\nconfigurations: [none]\n",
        ),
        (
            "of-replicas-without-end",
            Nothing,
            "resources: [deployment.yaml]\nreplicas: [{name: web, count: 99999999999999999999}]\n",
        ),
        (
            "of-replicas-below-zero",
            Nothing,
            "resources: [deployment.yaml]\nreplicas: [{name: web, count: -1}, {name: none, count: x}, 1]\n",
        ),
        (
            "of-an-order-that-is-none",
            Nothing,
            "resources: [web.yaml]\nsortOptions: {order: fifo, legacySortOptions: {orderFirst: x, orderLast: [1]}}\n",
        ),
    ];
    for (name, expects, text) in texts {
        table.row(&format!("a-kustomization-{name}"), expects, move |repo| repo.kustomize(text));
    }
    table.row("three-kustomizations-in-a-folder", Finding, |repo| {
        repo.kustomize("resources: [web.yaml]\n");
        repo.write("apps/kustomization.yml", "resources: [web.yaml]\n");
        repo.write("apps/Kustomization", "resources: [web.yaml]\n");
    });
    table.row("a-kustomization-among-its-resources", Finding, |repo| {
        repo.kustomize("resources: [kustomization.yaml]\n");
    });
    table.row("a-component-among-the-resources", Finding, |repo| {
        repo.kustomize("resources: [../c]\n");
        repo.write("c/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n");
    });
    table.row("labels-of-every-type", Nothing, |repo| {
        repo.transformed("commonLabels: {a: [], b: {}, c: ~, d: 1e999, '': x, '/': y}\ncommonAnnotations: [1]\nlabels: [{pairs: x}, {pairs: {a: [b]}, fields: [{path: ''}, {path: 'a//b/'}, {path: 'a[]/b[]', create: true}]}, 1, ~]\n");
    });
    table.row("a-label-field-of-a-thousand-folders", Nothing, |repo| {
        repo.transformed(&format!(
            "labels: [{{pairs: {{a: b}}, fields: [{{path: '{}x', create: true}}]}}]\n",
            "a/".repeat(1000)
        ));
    });
    table.row("a-label-field-of-a-hundred-thousand-folders", Nothing, |repo| {
        repo.transformed(&format!(
            "labels: [{{pairs: {{a: b}}, fields: [{{path: '{}x', create: true}}]}}]\n",
            "a/".repeat(100_000)
        ));
    });
}

/// A kustomization with one patch of operations.
fn patched(operations: &str) -> String {
    format!("patches:\n- target: {{kind: Deployment}}\n  patch: {}\n", json(operations))
}

fn operations(table: &mut Table) {
    let paths = [
        "",
        "/",
        "//",
        "/-",
        "-",
        "~",
        "/~",
        "/~2",
        "/~0~1~",
        "/spec/-",
        "/spec/template/spec/containers/-",
        "/spec/template/spec/containers/-1",
        "/spec/template/spec/containers/-2",
        "/spec/template/spec/containers/99999999999999999999",
        "/spec/template/spec/containers/18446744073709551615",
        "/spec/template/spec/containers/-9223372036854775808",
        "/spec/template/spec/containers/+0",
        "/spec/template/spec/containers/00",
        "/spec/template/spec/containers/0x0",
        "/spec/template/spec/containers//",
        "/kind",
        "/apiVersion",
        "/metadata",
        "/metadata/name",
        "/spec",
        "/metadata/labels/a~1b",
        "spec/replicas",
        "/spec/replicas/0/x",
    ];
    let values = ["~", "1", "x", "[]", "{}", "[[]]", "{name: [], namespace: {}}"];
    for op in ["add", "remove", "replace", "test", "move", "copy", "ADD", ""] {
        let name = if op.is_empty() {
            "nothing".to_owned()
        } else {
            op.to_lowercase() + if op == "ADD" { "-in-capitals" } else { "" }
        };
        table.row(&format!("a-patch-that-would-{name}-at-odd-places"), Nothing, move |repo| {
            let mut units = Vec::new();
            for path in paths {
                for value in values {
                    let at = units.len();
                    let one = |from: &str| {
                        format!("- {{op: '{op}', path: {}, from: {}, value: {value}}}\n", json(path), json(from))
                    };
                    let text = format!(
                        "resources: [x.yaml]\n{}- target: {{}}\n  patch: {}\n",
                        patched(&one("/spec")),
                        json(&one(path))
                    );
                    repo.write(format!("apps/{at}/kustomization.yaml"), text);
                    repo.write(format!("apps/{at}/x.yaml"), DEPLOYMENT);
                    units.push(crate::repo::unit(&format!("u{at}"), &format!("./apps/{at}"), ""));
                }
            }
            repo.cluster(&[("units.yaml", &documents(units))]);
        });
    }
    table.row("a-patch-at-a-path-of-a-million-letters", Finding, |repo| {
        repo.transformed(&patched(&format!("- {{op: add, path: '/spec{}', value: 1}}\n", "/x".repeat(500_000))));
    });
    table.row("a-patch-of-ten-thousand-operations", Nothing, |repo| {
        let one = |at| format!("- {{op: add, path: /metadata/annotations, value: {{a{at}: b}}}}\n");
        repo.transformed(&patched(&(0..10_000).map(one).collect::<String>()));
    });
    table.row("ten-thousand-places-at-the-front-of-a-list", Nothing, |repo| {
        let one = "- {op: add, path: /spec/template/spec/containers/0/env/0, value: {name: a, value: b}}\n";
        repo.transformed(&patched(&one.repeat(10_000)));
    });
    for (name, patch) in [
        ("that-is-empty", ""),
        ("of-dashes", "---\n---\n"),
        ("that-is-a-number", "42"),
        ("that-is-torn", "- {op: add"),
        ("without-a-path", "- {op: add, value: 1}"),
        ("without-an-operation", "- {path: /a, value: 1}"),
        ("that-moves-a-thing-into-itself", "- {op: move, from: /spec, path: /spec/template/spec}"),
        ("that-removes-its-kind", "- {op: remove, path: /kind}\n- {op: remove, path: /apiVersion}"),
        ("that-removes-its-name", "- {op: remove, path: /metadata/name}"),
        ("that-tests-for-what-is-not-so", "- {op: test, path: /kind, value: Service}"),
    ] {
        table.row(&format!("a-patch-{name}"), Finding, move |repo| repo.transformed(&patched(patch)));
    }
    table.row("a-patch-that-makes-a-text-of-an-object", Nothing, |repo| {
        repo.transformed(&(patched("- {op: add, path: '', value: x}") + "namePrefix: a-\n"));
    });
    table.row("a-patch-that-makes-a-list-of-an-object", Nothing, |repo| {
        repo.transformed(&(patched("- {op: replace, path: '', value: [1]}") + "namespace: a\ncommonLabels: {a: b}\n"));
    });
}

fn bombs_of_operations(table: &mut Table) {
    table.row("a-patch-that-copies-a-thing-into-itself-forty-times", Nothing, |repo| {
        let one = |at| format!("- {{op: copy, from: /spec, path: /spec/x{at}}}\n");
        repo.transformed(&patched(&(0..40).map(one).collect::<String>()));
    });
    table.row("a-patch-that-copies-a-thing-ever-deeper", Nothing, |repo| {
        let mut text = "- {op: add, path: /a, value: {a: {}}}\n".to_owned();
        for at in 0..16 {
            let _ = writeln!(text, "- {{op: copy, from: /a, path: '{}'}}", "/a".repeat((1 << at) + 1));
        }
        repo.transformed(&patched(&text));
    });
    table.row("two-hundred-patches-that-copy-a-thing-into-itself", Nothing, |repo| {
        let one = |at| format!("- target: {{}}\n  patch: '[{{op: copy, from: /metadata, path: /metadata/x{at}}}]'\n");
        repo.transformed(&("patches:\n".to_owned() + &(0..200).map(one).collect::<String>()));
    });
    table.row("replacements-that-put-a-thing-into-itself", Nothing, |repo| {
        let one = |at| {
            format!("- source: {{kind: Deployment, fieldPath: spec}}\n  targets: [{{select: {{kind: Deployment}}, fieldPaths: [spec.x{at}], options: {{create: true}}}}]\n")
        };
        repo.transformed(&("replacements:\n".to_owned() + &(0..40).map(one).collect::<String>()));
    });
    table.row("replacements-that-double-a-text", Nothing, |repo| {
        let one = "- source: {kind: ConfigMap, fieldPath: data.a}\n  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a], options: {delimiter: b, index: 1}}]\n";
        repo.transformed(&("replacements:\n".to_owned() + &one.repeat(60)));
        repo.write("apps/web.yaml", map("web", "  a: xbxbx\n"));
    });
    table.row("generators-that-read-a-large-file-a-hundred-times", Nothing, |repo| {
        let one = |at| format!("- {{name: a{at}, files: [large]}}\n");
        repo.kustomize("configMapGenerator:\n".to_owned() + &(0..100).map(one).collect::<String>());
        repo.write("apps/large", "x".repeat(10_000_000));
    });
}

fn targets(table: &mut Table) {
    let letters = "a".repeat(250);
    for (name, expects, pattern) in [
        ("that-would-explode-elsewhere", Nothing, "(a+)+$".to_owned()),
        ("that-would-explode-by-its-choices", Nothing, "(a|a|aa)*b".to_owned()),
        ("that-repeats-repeats", Nothing, "((a{100}){100}){100}".to_owned()),
        ("that-repeats-repeats-of-classes", Nothing, "(\\pL{1000}){1000}".to_owned()),
        ("that-is-not-closed", Finding, "(".to_owned()),
        ("that-repeats-nothing", Finding, "*".to_owned()),
        ("of-a-class-that-is-not-closed", Finding, "[a".to_owned()),
        ("that-looks-behind", Finding, "(?<=a)b\\1".to_owned()),
        ("of-ten-thousand-groups", Nothing, "(".repeat(10_000) + &")".repeat(10_000)),
        ("of-a-million-letters", Nothing, "a".repeat(1_000_000)),
        ("of-a-million-choices", Nothing, "a|".repeat(500_000)),
        ("of-a-million-classes", Nothing, "\\w*".repeat(300_000)),
        ("of-line-breaks", Nothing, "a\n$^\\z".to_owned()),
    ] {
        let letters = letters.clone();
        table.row(&format!("a-pattern-{name}"), expects, move |repo| {
            let pattern = json(&pattern);
            let text =
                format!("patches:\n- target: {{name: {pattern}}}\n  patch: '[{{op: add, path: /x, value: y}}]'\n");
            repo.transformed(&text);
            repo.write("apps/web.yaml", documents((0..50).map(|at| map(&format!("{letters}{at}"), ""))));
        });
    }
    let selectors =
        ["=", "a in (", "a in ()", "!", ",,,,", "a=b=c", "a notin(b", "(((", "a in (b) c", "\u{1b}=\u{202e}"];
    for (at, selector) in selectors.into_iter().enumerate() {
        table.row(&format!("a-selector-that-is-odd-{}", at + 1), Nothing, move |repo| {
            let selector = json(selector);
            repo.transformed(&format!("patches:\n- target: {{labelSelector: {selector}, annotationSelector: {selector}}}\n  patch: '[{{op: add, path: /x, value: y}}]'\n"));
        });
    }
    table.row("a-selector-of-a-hundred-thousand-requirements", Nothing, |repo| {
        let selector = "a in (b,c),".repeat(100_000) + "d";
        repo.transformed(&format!(
            "patches:\n- target: {{labelSelector: '{selector}'}}\n  patch: '[{{op: add, path: /x, value: y}}]'\n"
        ));
    });
}

fn merges(table: &mut Table) {
    let merge = |text: &str| format!("patches:\n- patch: {}\n", json(text));
    for (name, text) in [
        ("that-deletes-everything", "$patch: delete\n"),
        ("that-says-what-nobody-knows", "$patch: explode\n"),
        (
            "that-sets-an-order-of-nothing",
            "spec: {template: {spec: {$setElementOrder/containers: [{name: x}, 1, ~], $retainKeys: [a], containers: [{$patch: replace}]}}}\n",
        ),
        (
            "that-deletes-from-a-list-that-is-none",
            "metadata: {$deleteFromPrimitiveList/finalizers: [a, {}], finalizers: {a: b}}\n",
        ),
        ("of-other-types", "spec: [1]\nmetadata2: x\n"),
        ("of-containers-without-names", "spec: {template: {spec: {containers: [{image: a}, x, ~, [], {name: {}}]}}}\n"),
        (
            "that-deletes-what-is-not-there",
            "spec: {template: {spec: {containers: [{name: none, $patch: delete}], volumes: ~}}}\n",
        ),
        ("whose-directive-is-a-list", "$patch: [delete]\nspec: {$patch: {a: b}, template: {$patch: ~}}\n"),
    ] {
        table.row(&format!("a-merge-{name}"), Nothing, move |repo| {
            let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: apps}\n";
            repo.transformed(&merge(&format!("{head}{text}")));
        });
    }
    table.row("a-merge-of-five-thousand-containers", Nothing, |repo| {
        let all: String = (0..5000).map(|at| format!("      - name: c{at}\n        image: a:b\n")).collect();
        let (head, tail) = DEPLOYMENT.split_once("      - name: web\n").unwrap();
        repo.transformed("patches: [{path: patch.yaml}]\n");
        repo.write("apps/deployment.yaml", format!("{head}{all}      - name: web\n{tail}"));
        repo.write("apps/patch.yaml", format!("{head}{all}"));
    });
    table.row("a-thousand-merges-of-one-object", Nothing, |repo| {
        let one = |at| map("web", &format!("  k{at}: v\n"));
        repo.transformed("patches: [{path: patch.yaml}]\n");
        repo.write("apps/patch.yaml", documents((0..1000).map(one)));
    });
    for (name, patch) in [
        ("that-is-not-there", "none.yaml"),
        ("that-is-a-folder", "."),
        ("that-is-its-kustomization", "kustomization.yaml"),
    ] {
        table.row(&format!("a-patch-file-{name}"), Finding, move |repo| {
            repo.transformed(&format!("patches: [{{path: {patch}}}]\npatchesStrategicMerge: [{patch}]\npatchesJson6902: [{{path: {patch}, target: {{kind: Deployment}}}}]\n"));
        });
    }
    table.row("patches-of-every-type", Finding, |repo| {
        repo.transformed("patches: [1, ~, x, [], {}, {patch: []}, {patch: {}}, {path: {}}, {patch: a, path: b}, {target: []}]\npatchesStrategicMerge: [1, [], {}]\npatchesJson6902: [1, x, {target: x}]\n");
    });
}

fn replacements(table: &mut Table) {
    let paths = [
        ".",
        "..",
        "[",
        "]",
        "[]",
        "[=]",
        "[a=",
        "[=a]",
        "*",
        "*.*.*.*.*.*",
        "**",
        "a.[b=c].d",
        "\\",
        "\\.\\.",
        "spec.template.spec.containers.999999999999999999999",
        "spec.template.spec.containers.-",
        "spec.template.spec.containers.-1",
        "spec.template.spec.containers.[name=*].image",
        "spec.replicas.x",
        "metadata",
        "kind",
        "",
        "[[[[",
        "$",
        "{",
        "\u{202e}",
    ];
    for create in [true, false] {
        let name = if create { "odd-field-paths-that-are-made" } else { "odd-field-paths" };
        table.row(name, Nothing, move |repo| {
            let mut units = Vec::new();
            for (at, path) in paths.iter().enumerate() {
                let path = json(path);
                let text = format!(
                    "resources: [x.yaml]\nreplacements:\n- source: {{kind: Deployment, fieldPath: {path}}}\n  targets: [{{select: {{kind: Deployment}}, fieldPaths: [metadata.name], options: {{create: {create}}}}}]\n- source: {{kind: Deployment}}\n  targets: [{{select: {{kind: Deployment}}, fieldPaths: [{path}], options: {{create: {create}, delimiter: '', index: -99999999999}}}}]\n"
                );
                repo.write(format!("apps/{at}/kustomization.yaml"), text + "namePrefix: a-\n");
                repo.write(format!("apps/{at}/x.yaml"), DEPLOYMENT);
                units.push(crate::repo::unit(&format!("u{at}"), &format!("./apps/{at}"), ""));
            }
            repo.cluster(&[("units.yaml", &documents(units))]);
        });
    }
    table.row("a-field-path-of-a-thousand-parts-that-is-made", Nothing, |repo| field_path(repo, 1000));
    table.row("a-field-path-of-a-million-parts-that-is-made", Nothing, |repo| field_path(repo, 1_000_000));
    table.row("an-index-beyond-all-parts", Nothing, |repo| {
        repo.transformed("replacements:\n- source: {kind: Deployment, options: {delimiter: e, index: 99999999999999999999}}\n  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a], options: {delimiter: '', index: 9223372036854775807}}]\n");
    });
    table.row("a-delimiter-of-a-million-letters", Nothing, |repo| {
        repo.transformed(&format!("replacements:\n- source: {{kind: Deployment, options: {{delimiter: '{0}'}}}}\n  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [data.a], options: {{delimiter: '{0}', index: 5}}}}]\n", "x".repeat(1_000_000)));
    });
    table.row("replacements-of-every-type", Finding, |repo| {
        repo.transformed("replacements: [1, ~, x, [], {}, {source: x, targets: y}, {source: {}, targets: [1]}, {source: {kind: ConfigMap}, targets: [{select: x, fieldPaths: y}]}, {path: []}, {path: web.yaml}, {sourceValue: [a], targets: [{select: {}}]}]\n");
    });
    table.row("a-source-that-is-many", Finding, |repo| {
        repo.transformed("replacements:\n- source: {}\n  targets: [{select: {}, fieldPaths: [metadata.name]}]\n");
    });
}

fn field_path(repo: &crate::repo::Repo, parts: usize) {
    let path = "a.".repeat(parts) + "b";
    repo.transformed(&format!("replacements:\n- source: {{kind: Deployment}}\n  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: ['{path}'], options: {{create: true}}}}]\n"));
}

fn generators(table: &mut Table) {
    for (name, entry) in [
        ("of-a-folder", "{name: a, files: [.]}"),
        ("of-a-missing-file", "{name: a, files: [none]}"),
        ("of-a-missing-file-of-variables", "{name: a, envs: [none]}"),
        ("without-a-name", "{literals: [a=b]}"),
        ("with-a-name-that-is-a-mapping", "{name: {a: b}, literals: [a=b]}"),
        ("of-a-key-without-a-file", "{name: a, files: [a=]}"),
        ("of-a-file-without-a-key", "{name: a, files: [=web.yaml]}"),
        ("of-a-file-with-two-keys", "{name: a, files: [a=b=web.yaml]}"),
        ("of-a-key-that-is-none", "{name: a, files: ['a b/c=web.yaml']}"),
        ("of-literals-that-are-none", "{name: a, literals: [a, '=', '=b', '']}"),
        ("of-a-key-that-stands-twice", "{name: a, literals: [a=b, a=c]}"),
        ("that-merges-with-nothing", "{name: none, behavior: merge, literals: [a=b]}"),
        ("that-replaces-nothing", "{name: none, behavior: replace, literals: [a=b]}"),
        ("of-every-type", "{name: a, literals: x, files: {a: b}, envs: 1, env: [a], options: x}"),
        ("that-is-a-text", "a"),
    ] {
        table.row(&format!("a-generator-{name}"), Finding, move |repo| {
            repo.kustomize(format!("configMapGenerator: [{entry}]\nsecretGenerator: [{entry}]\n"));
        });
    }
    table.row("a-file-of-variables-with-odd-lines", Nothing, |repo| {
        repo.kustomize("configMapGenerator: [{name: a, envs: [odd]}]\n");
        repo.write(
            "apps/odd",
            "\u{feff}A=b\n# c\n  D = e\n=f\nexport G=h\nI\nJ=\"k\nL=m'\n\r\nN=${o}\n\tP=q\u{2028}R=s\u{0}\n=\n==\n",
        );
    });
    table.row("a-file-of-variables-that-is-no-text", Nothing, |repo| {
        repo.kustomize("secretGenerator: [{name: a, envs: [odd]}]\n");
        repo.write("apps/odd", b"A=\xff\xfe\n\x00=\x01\n");
    });
    table.row("a-file-of-a-hundred-thousand-variables", Nothing, |repo| {
        repo.kustomize("configMapGenerator: [{name: a, envs: [many]}]\n");
        repo.write("apps/many", (0..100_000).map(|at| format!("A{at}=b\n")).collect::<String>());
    });
    table.row("a-generator-of-a-huge-file", Nothing, |repo| {
        repo.kustomize("configMapGenerator: [{name: a, files: [huge]}]\n");
        repo.write("apps/huge", vec![0xff; 20_000_000]);
    });
    table.row("a-secret-of-a-huge-file", Nothing, |repo| {
        repo.kustomize("secretGenerator: [{name: a, files: [huge]}]\n");
        repo.write("apps/huge", vec![0xff; 20_000_000]);
    });
    table.row("two-thousand-generators", Nothing, |repo| {
        let one = |at| format!("- {{name: a{at}, literals: [a=b]}}\n");
        repo.kustomize("configMapGenerator:\n".to_owned() + &(0..2000).map(one).collect::<String>());
    });
    table.row("a-generator-of-fifty-thousand-literals", Nothing, |repo| {
        let all: Vec<String> = (0..50_000).map(|at| format!("a{at}=b")).collect();
        repo.kustomize(format!("configMapGenerator: [{{name: a, literals: [{}]}}]\n", all.join(", ")));
    });
}

fn affixes(table: &mut Table) {
    let many = || documents((0..1000).map(|at| map(&format!("w{at}"), "")));
    for (name, key) in [("prefix", "namePrefix"), ("suffix", "nameSuffix"), ("namespace", "namespace")] {
        table.row(&format!("a-{name}-of-a-million-letters-for-one"), Finding, move |repo| {
            repo.kustomize(format!("resources: [web.yaml]\n{key}: {}\n", "x".repeat(1_000_000)));
        });
        table.row(&format!("a-{name}-of-a-million-letters-for-a-thousand"), Finding, move |repo| {
            repo.kustomize(format!("resources: [many.yaml]\n{key}: {}\n", "x".repeat(1_000_000)));
            repo.write("apps/many.yaml", many());
        });
        table.row(&format!("a-{name}-of-odd-signs"), Finding, move |repo| {
            repo.transformed(&format!("{key}: \"../\\u202e\\e[2J\\n$(id)\"\n"));
        });
    }
    table.row("a-label-of-a-million-letters-for-a-thousand", Finding, move |repo| {
        repo.kustomize(format!("resources: [many.yaml]\ncommonLabels: {{a: {}}}\n", "x".repeat(1_000_000)));
        repo.write("apps/many.yaml", many());
    });
    table.row("a-prefix-for-two-thousand-that-name-each-other", Nothing, |repo| {
        repo.kustomize("resources: [many.yaml]\nnamePrefix: a-\n");
        let pod = |at| {
            let text = format!("        envFrom: [{{configMapRef: {{name: w{at}}}}}]\n        env:\n");
            DEPLOYMENT
                .replace("        env:\n", &text)
                .replace("  name: web\n  namespace", &format!("  name: d{at}\n  namespace"))
        };
        repo.write("apps/many.yaml", documents((0..2000).flat_map(|at| [map(&format!("w{at}"), ""), pod(at)])));
    });
}

fn images(table: &mut Table) {
    let names = [
        "(",
        "[",
        "*",
        ".*",
        "nginx|redis",
        "^nginx$",
        "(a+)+$",
        "\\",
        "",
        ":",
        "@",
        "nginx:",
        "nginx@sha256:",
        "{{",
        "a{99999}",
    ];
    for (at, name) in names.into_iter().enumerate() {
        table.row(&format!("an-image-by-an-odd-name-{}", at + 1), Nothing, move |repo| {
            let said = json(name);
            repo.transformed(&format!("images: [{{name: {said}, newName: {said}, newTag: {said}, digest: {said}}}, {{name: nginx, newTag: {said}}}, {{name: nginx, digest: 1e999}}]\n"));
            repo.write("apps/deployment.yaml", DEPLOYMENT.replace("nginx:1.29.0", &json(name)));
        });
    }
    table.row("a-thousand-images-for-a-thousand-containers", Nothing, |repo| {
        let one = |at| format!("- {{name: i{at}, newTag: t}}\n");
        let all: String = (0..1000).map(|at| format!("      - name: c{at}\n        image: i{at}:b\n")).collect();
        let (head, tail) = DEPLOYMENT.split_once("      - name: web\n").unwrap();
        repo.transformed(&("images:\n".to_owned() + &(0..1000).map(one).collect::<String>()));
        repo.write("apps/deployment.yaml", format!("{head}{all}      - name: web\n{tail}"));
    });
    table.row("images-of-every-type", Nothing, |repo| {
        repo.transformed(
            "images: [1, ~, x, [], {}, {name: []}, {name: nginx, newTag: {}}, {newName: a}]\nimageTags: x\n",
        );
        repo.write("apps/deployment.yaml", DEPLOYMENT.replace("nginx:1.29.0", "[a, {b: c}]"));
    });
}
