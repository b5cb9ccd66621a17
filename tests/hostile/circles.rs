//! Things that lead to themselves, to one another without end, or to more and more.

use std::path::Path;

use crate::Expects::{Finding, Nothing};
use crate::Table;
use crate::repo::{Repo, SYNC, documents, json, map, unit};

pub fn rows(table: &mut Table) {
    dependencies(table);
    paths(table);
    bases(table);
    growing(table);
    begetting(table);
}

fn depends(on: &[&str]) -> String {
    format!("  dependsOn: [{}]\n", on.iter().map(|name| format!("{{name: {name}}}")).collect::<Vec<_>>().join(", "))
}

fn release(name: &str, on: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: apps}}\nspec:\n  interval: 1h\n  \
         chart: {{spec: {{chart: c, sourceRef: {{kind: HelmRepository, name: h}}}}}}\n  dependsOn: [{{name: {on}}}]\n"
    )
}

/// Kustomizations for one folder each, that each say more.
fn units(repo: &Repo, count: usize, more: impl Fn(usize) -> String) {
    for at in 0..count {
        repo.write(format!("apps/{at}/x.yaml"), map(&format!("web-{at}"), ""));
    }
    let all = documents((0..count).map(|at| unit(&format!("u{at}"), &format!("./apps/{at}"), &more(at))));
    repo.cluster(&[("units.yaml", &all)]);
}

fn dependencies(table: &mut Table) {
    table.row("a-kustomization-that-waits-for-itself", Finding, |repo| units(repo, 1, |_| depends(&["u0"])));
    table.row("two-kustomizations-that-wait-for-each-other", Finding, |repo| {
        units(repo, 2, |at| depends(&[&format!("u{}", 1 - at)]));
    });
    table.row("a-thousand-kustomizations-in-a-circle", Finding, |repo| {
        units(repo, 1000, |at| depends(&[&format!("u{}", (at + 1) % 1000)]));
    });
    table.row("a-thousand-kustomizations-in-a-line", Nothing, |repo| {
        units(repo, 1000, |at| if at == 0 { String::new() } else { depends(&[&format!("u{}", at - 1)]) });
    });
    table.row("kustomizations-that-all-wait-for-all", Finding, |repo| {
        let names: Vec<String> = (0..150).map(|at| format!("u{at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        units(repo, 150, |_| depends(&names));
    });
    // Each has two ways to the next: 2^200 ways to the end, and no circle.
    table.row("a-ladder-of-two-hundred-rungs", Nothing, |repo| {
        units(repo, 400, |at| {
            let below = at / 2;
            if below == 0 {
                String::new()
            } else {
                depends(&[&format!("u{}", 2 * below - 2), &format!("u{}", 2 * below - 1)])
            }
        });
    });
    table.row("a-ladder-that-ends-where-it-begins", Finding, |repo| {
        units(repo, 60, |at| {
            let below = (at / 2 + 29) % 30;
            depends(&[&format!("u{}", 2 * below), &format!("u{}", 2 * below + 1)])
        });
    });
    table.row("a-dependency-ten-thousand-times", Nothing, |repo| {
        units(repo, 2, |at| if at == 0 { String::new() } else { depends(&vec!["u0"; 10_000]) });
    });
    table.row("ten-thousand-dependencies-that-are-not-there", Finding, |repo| {
        let names: Vec<String> = (0..10_000).map(|at| format!("none-{at}")).collect();
        units(repo, 1, |_| depends(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    });
    table.row("releases-in-a-circle", Finding, |repo| {
        repo.app(documents((0..500).map(|at| release(&format!("r{at}"), &format!("r{}", (at + 1) % 500)))));
    });
    table.row("a-release-that-waits-for-itself", Finding, |repo| repo.app(release("r", "r")));
    table.row("a-release-that-waits-for-its-kustomization", Finding, |repo| repo.app(release("apps", "apps-2")));
    table.row("a-substitution-from-what-it-makes-itself", Nothing, |repo| {
        repo.apps("  postBuild: {substituteFrom: [{kind: ConfigMap, name: web}]}\n");
        repo.write("apps/x.yaml", map("web", "  a: ${a}\n").replace("namespace: apps", "namespace: flux-system"));
    });
    table.row("substitutions-in-a-circle", Nothing, |repo| {
        for at in 0..50 {
            let name = format!("m{at}");
            let made = map(&name, &format!("  v{at}: ${{v{}}}\n", (at + 1) % 50));
            repo.write(format!("apps/{at}/x.yaml"), made.replace("namespace: apps", "namespace: flux-system"));
        }
        let from = |at| format!("  postBuild: {{substituteFrom: [{{kind: ConfigMap, name: m{}}}]}}\n", (at + 1) % 50);
        let all = documents((0..50).map(|at| unit(&format!("u{at}"), &format!("./apps/{at}"), &from(at))));
        repo.cluster(&[("units.yaml", &all)]);
    });
    table.row("repositories-that-include-each-other", Nothing, |repo| {
        let one = |name: &str, other: &str| {
            format!("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{interval: 1m, url: 'https://x.example/y', include: [{{repository: {{name: {other}}}}}]}}\n")
        };
        repo.app(documents([one("a", "b"), one("b", "a")]));
    });
}

fn paths(table: &mut Table) {
    table.row("two-paths-in-a-circle", Nothing, |repo| {
        repo.cluster(&[("a.yaml", &unit("a", "./one", ""))]);
        repo.write("one/x.yaml", unit("b", "./two", ""));
        repo.write("two/x.yaml", unit("a", "./one", ""));
    });
    table.row("a-kustomization-that-applies-itself", Nothing, |repo| {
        repo.cluster(&[("a.yaml", &unit("a", "./clusters/a", ""))]);
    });
    table.row("a-kustomization-that-applies-the-whole-repo", Nothing, |repo| {
        repo.cluster(&[("a.yaml", &unit("a", "./", ""))]);
    });
    table.row("a-thousand-kustomizations-of-the-whole-repo", Finding, |repo| {
        repo.cluster(&[("units.yaml", &documents((0..1000).map(|at| unit(&format!("u{at}"), "./", ""))))]);
    });
    table.row("a-thousand-kustomizations-of-one-folder", Finding, |repo| {
        repo.write("apps/x.yaml", documents((0..20).map(|at| map(&format!("w{at}"), ""))));
        repo.cluster(&[("units.yaml", &documents((0..1000).map(|at| unit(&format!("u{at}"), "./apps", ""))))]);
    });
    table.row("a-chain-of-two-thousand-kustomizations", Nothing, |repo| {
        repo.cluster(&[("u.yaml", &unit("u0", "./apps/0", ""))]);
        for at in 0..2000 {
            repo.write(format!("apps/{at}/x.yaml"), unit(&format!("u{}", at + 1), &format!("./apps/{}", at + 1), ""));
        }
        repo.write("apps/2000/x.yaml", map("web", ""));
    });
    table.row("clusters-that-apply-each-other", Nothing, |repo| {
        for at in 0..20 {
            let sync = SYNC.replace("./clusters/a", "./clusters");
            repo.write(format!("clusters/{at}/flux-system/gotk-sync.yaml"), sync);
        }
    });
}

fn bases(table: &mut Table) {
    for (name, entry) in [
        ("a-base-that-lists-itself", "."),
        ("a-base-that-lists-itself-by-its-name", "../apps"),
        ("a-base-that-lists-itself-by-a-detour", "./../clusters/../apps/./"),
        ("a-base-that-lists-its-parent", ".."),
        ("a-base-that-lists-its-cluster", "../clusters/a"),
        ("a-base-that-lists-what-is-above-the-repo", "../.."),
    ] {
        table.row(name, Finding, move |repo| {
            repo.kustomize(format!("resources: ['{entry}']\n"));
            repo.write("kustomization.yaml", "resources: [apps, clusters/a]\n");
        });
    }
    table.row("two-bases-in-a-circle", Finding, |repo| {
        repo.kustomize("resources: [../more]\n");
        repo.write("more/kustomization.yaml", "resources: [../apps]\n");
    });
    table.row("a-component-that-lists-itself", Finding, |repo| {
        repo.transformed("components: [../more]\n");
        repo.write("more/kustomization.yaml", format!("{COMPONENT}components: [../more]\n"));
    });
    table.row("two-components-in-a-circle", Finding, |repo| {
        repo.transformed("components: [../one]\n");
        repo.write("one/kustomization.yaml", format!("{COMPONENT}components: [../two]\n"));
        repo.write("two/kustomization.yaml", format!("{COMPONENT}components: [../one]\nresources: [../apps]\n"));
    });
    table.row("a-chain-of-three-thousand-bases", Finding, |repo| chain(repo, 3000, "resources"));
    table.row("a-chain-of-three-thousand-components", Finding, |repo| chain(repo, 3000, "components"));
    table.row("a-chain-of-fifty-bases", Nothing, |repo| chain(repo, 50, "resources"));
    table.row("a-component-five-thousand-times", Nothing, |repo| {
        repo.transformed(&format!("components: [{}]\n", "../more,".repeat(5000)));
        repo.write("more/kustomization.yaml", format!("{COMPONENT}commonAnnotations: {{a: b}}\n"));
    });
    table.row("a-base-five-thousand-times", Finding, |repo| {
        repo.kustomize(format!("resources: [{}]\n", "../more,".repeat(5000)));
        repo.write("more/kustomization.yaml", "resources: [x.yaml]\n");
        repo.write("more/x.yaml", map("web", ""));
    });
}

const COMPONENT: &str = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";

fn chain(repo: &Repo, length: usize, key: &str) {
    let head = if key == "components" { COMPONENT } else { "" };
    repo.transformed(&format!("{}../bases/0]\n", if key == "components" { "components: [" } else { "bases: [" }));
    for at in 0..length {
        repo.write(format!("bases/{at}/kustomization.yaml"), format!("{head}{key}: [../{}]\n", at + 1));
    }
    repo.write(format!("bases/{length}/kustomization.yaml"), format!("{head}resources: [x.yaml]\n"));
    repo.write(format!("bases/{length}/x.yaml"), map("end", ""));
}

/// Bases of which each lists the next one twice, under two prefixes.
fn diamonds(repo: &Repo, to: &str, levels: usize, more: &str) {
    for at in 0..levels {
        repo.write(format!("{to}/{at}/kustomization.yaml"), "resources: [a, b]\n");
        for side in ["a", "b"] {
            let text = format!("namePrefix: {side}-\nresources: [../../{}]\n{more}", at + 1);
            repo.write(format!("{to}/{at}/{side}/kustomization.yaml"), text);
        }
    }
}

fn growing(table: &mut Table) {
    table.row("diamonds-of-a-thousand-objects", Nothing, |repo| {
        repo.kustomize("resources: [../bases/0]\n");
        diamonds(repo, "bases", 10, "");
        repo.write("bases/10/kustomization.yaml", "resources: [x.yaml]\n");
        repo.write("bases/10/x.yaml", map("web", ""));
    });
    table.row("diamonds-of-a-billion-objects", Finding, |repo| {
        repo.kustomize("resources: [../bases/0]\n");
        diamonds(repo, "bases", 30, "");
        repo.write("bases/30/kustomization.yaml", "resources: [x.yaml]\n");
        repo.write("bases/30/x.yaml", map("web", ""));
    });
    table.row("diamonds-with-nothing-in-them", Finding, |repo| {
        repo.kustomize("resources: [../bases/0]\n");
        diamonds(repo, "bases", 30, "");
        repo.write("bases/30/kustomization.yaml", "labels: []\n");
    });
    table.row("diamonds-of-large-objects", Finding, |repo| {
        repo.kustomize("resources: [../bases/0]\n");
        diamonds(repo, "bases", 13, "commonAnnotations: {a: b}\n");
        repo.write("bases/13/kustomization.yaml", "resources: [x.yaml]\n");
        repo.write("bases/13/x.yaml", map("web", &format!("  a: {}\n", "x".repeat(500_000))));
    });
    table.row("diamonds-for-fifty-kustomizations", Nothing, |repo| {
        diamonds(repo, "bases", 12, "");
        repo.write("bases/12/kustomization.yaml", "labels: []\n");
        let all = documents((0..50).map(|at| unit(&format!("u{at}"), "./bases/0", "")));
        repo.cluster(&[("units.yaml", &all)]);
    });
    table.row("diamonds-without-prefixes", Finding, |repo| {
        repo.kustomize("resources: [../bases/0]\n");
        for at in 0..40 {
            repo.write(format!("bases/{at}/kustomization.yaml"), format!("resources: [../{0}, ../{0}]\n", at + 1));
        }
        repo.write("bases/40/kustomization.yaml", "resources: [x.yaml]\n");
        repo.write("bases/40/x.yaml", map("web", ""));
    });
    table.row("diamonds-of-a-hundred-sides", Finding, |repo| {
        repo.kustomize("resources: [../bases/0]\n");
        for at in 0..40 {
            let entries = format!("../{},", at + 1).repeat(100);
            repo.write(format!("bases/{at}/kustomization.yaml"), format!("resources: [{entries}]\n"));
        }
        repo.write("bases/40/kustomization.yaml", "resources: [x.yaml]\n");
        repo.write("bases/40/x.yaml", map("web", ""));
    });
    table.row("diamonds-of-components", Finding, |repo| {
        repo.transformed("components: [../bases/0]\n");
        for at in 0..40 {
            let text = format!("{COMPONENT}components: [../{0}, ../{0}]\n", at + 1);
            repo.write(format!("bases/{at}/kustomization.yaml"), text);
        }
        repo.write("bases/40/kustomization.yaml", format!("{COMPONENT}namePrefix: x\n"));
    });
    table.row("two-links-to-where-they-stand", Finding, |repo| {
        repo.kustomize("resources: [one, two]\n");
        repo.link("apps/one", Path::new("."));
        repo.link("apps/two", Path::new("."));
    });
    table.row("a-prefix-at-each-of-sixty-bases", Finding, |repo| {
        repo.kustomize("resources: [../bases/0]\n");
        for at in 0..60 {
            let text = format!("namePrefix: {}\nresources: [../{}]\n", "x".repeat(10_000), at + 1);
            repo.write(format!("bases/{at}/kustomization.yaml"), text);
        }
        repo.write("bases/60/kustomization.yaml", "resources: [x.yaml]\n");
        repo.write("bases/60/x.yaml", documents((0..100).map(|at| map(&format!("w{at}"), ""))));
    });
}

fn begetting(table: &mut Table) {
    // What is built gives a Kustomization of the same folder, under another name.
    let begets = |next: &str| unit("x${n}", "./apps", &format!("  postBuild: {{substitute: {{n: {}}}}}\n", json(next)));
    table.row("a-kustomization-that-begets-another", Finding, move |repo| {
        repo.cluster(&[("a.yaml", &unit("a", "./apps", "  postBuild: {substitute: {n: '1'}}\n"))]);
        repo.write("apps/x.yaml", begets("${n}1"));
    });
    table.row("a-kustomization-that-begets-one-of-twice-its-size", Finding, move |repo| {
        repo.cluster(&[("a.yaml", &unit("a", "./apps", "  postBuild: {substitute: {n: x}}\n"))]);
        repo.write("apps/x.yaml", begets("${n}${n}"));
    });
    table.row("a-kustomization-that-begets-two", Finding, |repo| {
        repo.cluster(&[("a.yaml", &unit("a", "./apps", "  postBuild: {substitute: {n: x}}\n"))]);
        let child = |sign: &str| {
            unit(&format!("${{n}}{sign}"), "./apps", &format!("  postBuild: {{substitute: {{n: '${{n}}{sign}'}}}}\n"))
        };
        repo.write("apps/x.yaml", documents([child("a"), child("b")]));
    });
    table.row("a-kustomization-that-begets-one-in-another-namespace", Finding, |repo| {
        let more = "  targetNamespace: ns${n}\n  postBuild: {substitute: {n: '${n}1'}}\n";
        repo.cluster(&[("a.yaml", &unit("a", "./apps", "  postBuild: {substitute: {n: '1'}}\n"))]);
        let source = "    name: flux-system\n    namespace: flux-system\n";
        repo.write("apps/x.yaml", unit("x", "./apps", more).replace("    name: flux-system\n", source));
    });
}
