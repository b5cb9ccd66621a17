//! The formats of `check` for GitHub, code scanning and comments, and `explain`.
//!
//! Only one rule is asked for in most of them, so that no other that comes changes what stands here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::fs;
use std::path::Path;

use fluxwright::checks::rules;
use fluxwright::pages::rules::{called, names};
use fluxwright::problem::CODES;
use repo_builder::Repo;
use serde_json::Value;

const FORMATS: [&str; 5] = ["text", "json", "github", "sarif", "markdown"];

fn stray(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

/// So many of them in one file.
fn strays(count: usize) -> String {
    (0..count).map(|at| stray(&format!("s{at}"))).collect::<Vec<_>>().join("---\n")
}

/// A repository on `main` with some files.
fn repo(files: &[(&str, &str)]) -> Repo {
    let repo = Repo::minimal();
    repo.remove("profiles");
    files.iter().for_each(|(path, text)| repo.write(path, text));
    repo
}

/// What is printed of one rule's findings.
fn printed(repo: &Repo, format: &str) -> String {
    let run = repo.fluxwright(&["check", "--only", "no-namespace", "--only", "unused-ignore", "--format", format]);
    assert_eq!(run.stderr, "");
    run.stdout
}

/// Without what was looked at, which counts other things than findings.
fn scopeless(text: &str) -> String {
    let scope = |line: &&str| line.contains("Kustomization") && line.contains("object");
    text.split_inclusive('\n').filter(|line| !scope(line)).collect()
}

fn sarif(repo: &Repo) -> Value {
    serde_json::from_str(&printed(repo, "sarif")).unwrap()
}

fn schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sarif/sarif-2.1.0.schema.json");
    // A pattern of the standard (of `language`) that only some readers of regular expressions take: a bracket that nothing opens.
    let text = fs::read_to_string(path).unwrap().replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::options().with_draft(jsonschema::Draft::Draft7).should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn github_gets_annotations() {
    let repo = repo(&[("a, b/100%.yaml", &stray("ä")), ("c/c.yaml", "# fluxwright: ignore FW712: no more\n")]);
    let run = repo.fluxwright(&["check", "a, b", "--only", "no-namespace", "--format", "github"]);
    let known = "::error file=a%2C b/100%25.yaml,line=4,endLine=4,col=9,endColumn=10,title=FW712 no-namespace::ConfigMap ä needs a \
                 namespace and has none%0Aapplied by: flux-system%0Abecause: Flux fails with `namespace not specified`; unlike kubectl it \
                 has no namespace of its own to fall back on (fluxcd/pkg ssa/errors/errors.go)%0Ahint:%0Ametadata:%0A  namespace: …%0A# or, \
                 for all of a folder, in its kustomization.yaml:%0Anamespace: …\n";
    assert_eq!(scopeless(&run.stdout), known);
    assert!(run.stdout.contains("\n1 error in "), "{}", run.stdout);
}

#[test]
fn github_shows_ten_annotations_and_a_list() {
    let stale = "# fluxwright: ignore no-namespace: no more\n".to_owned()
        + &stray("x").replace("name: x", "name: x\n  namespace: x");
    // The warnings come first by their path.
    let files: Vec<(String, String)> =
        (0..4).map(|at| (format!("a/a{at}.yaml"), stale.replace(": x", &format!(": x{at}")))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (eight, many) = (strays(8), strays(80));
    files.push(("b/b.yaml", &eight));
    let few = repo(&files);
    let lines = printed(&few, "github");
    let annotations: Vec<&str> = lines.lines().filter(|line| line.starts_with("::")).collect();
    let of = |level: &str| annotations.iter().filter(|line| line.starts_with(&format!("::{level} "))).count();
    assert_eq!((of("error"), of("warning"), annotations.len()), (8, 2, 10));
    assert!(lines.contains("\n2 more, without annotations:\nwarning FW796 unused-ignore: a/a2.yaml:1:1: "), "{lines}");
    let lines = printed(&repo(&[("a/a.yaml", &many)]), "github");
    assert_eq!(lines.lines().filter(|line| line.starts_with("::")).count(), 10);
    assert!(
        lines.contains("\n70 more, without annotations:\nerror FW712 no-namespace: a/a.yaml:54:9: ConfigMap s10 needs"),
        "{lines}"
    );
    assert_eq!(lines.lines().filter(|line| line.starts_with("error FW712 ")).count(), 70);
}

#[test]
fn the_whole_report_is_behind_what_the_steps_summary_has() {
    let mut repo = repo(&[("a/a.yaml", &strays(80))]);
    let summary = repo.beside("summary.md");
    fs::write(&summary, "# Before\n\n").unwrap();
    repo.set("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
    assert_eq!(repo.fluxwright(&["check", "--format", "markdown"]).code, 1);
    assert_eq!(fs::read_to_string(&summary).unwrap(), "# Before\n\n", "only the format github writes");
    printed(&repo, "github");
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("# Before\n\n## fluxwright check: 80 errors\n"), "{text}");
    assert_eq!(text.matches("**error** FW712").count(), 80);
    // The room that is left is all there is.
    fs::write(&summary, "x".repeat(1_048_576 - 5_000)).unwrap();
    printed(&repo, "github");
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.len() <= 1_048_576 && text.ends_with(" more\n"), "{}", text.len());
    repo.set("GITHUB_STEP_SUMMARY", repo.beside("no/such/folder.md").to_str().unwrap());
    let run = repo.fluxwright(&["check", "--format", "github"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with("error: cannot write to ") && run.stdout.contains("::error "), "{}", run.stderr);
    repo.set("GITHUB_STEP_SUMMARY", "");
    assert_eq!(repo.fluxwright(&["check", "--format", "github"]).code, 1);
}

#[test]
fn markdown_has_a_list_for_each_file() {
    let known = "## fluxwright check: 1 error


### `a/a.yaml`

- **error** FW712 [no-namespace](https://github.com/fluxwright/fluxwright/blob/main/docs/checks/no-namespace.md), line 4: ConfigMap a needs a namespace and has none

  applied by: flux-system

  because: Flux fails with `namespace not specified`; unlike kubectl it has no namespace of its own to fall back on (fluxcd/pkg ssa/errors/errors.go)

  ```
  metadata:
    namespace: …
  # or, for all of a folder, in its kustomization.yaml:
  namespace: …
  ```
";
    assert_eq!(scopeless(&printed(&repo(&[("a/a.yaml", &stray("a"))]), "markdown")), known);
    let right = repo(&[("a/a.yaml", &stray("a").replace("name: a", "name: a\n  namespace: a"))]);
    assert_eq!(scopeless(&printed(&right, "markdown")), "## fluxwright check: nothing found\n\n");
}

#[test]
fn the_worst_file_stands_first_and_no_name_is_markup() {
    let stale = "# fluxwright: ignore no-namespace: no more\n".to_owned()
        + &stray("x").replace("name: x", "name: x\n  namespace: x");
    let hostile = stray("'@team <img src=x> [x](http://x) `|'");
    let text = printed(&repo(&[("a/a.yaml", &stale), ("b/`b.yaml", &hostile)]), "markdown");
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("### ")).collect();
    assert_eq!(headings, ["### ``b/`b.yaml``", "### `a/a.yaml`"]);
    assert!(text.contains("@&#8203;team &lt;img src=x&gt; \\[x\\](http://x)"), "{text}");
}

#[test]
fn a_comment_is_never_too_long() {
    let text = printed(&repo(&[("a/a.yaml", &strays(500))]), "markdown");
    assert!(text.chars().count() <= 65_536 && text.len() > 60_000, "{}", text.len());
    let shown = text.matches("- **error**").count();
    assert!(text.ends_with(&format!("\n… {} more\n", 500 - shown)), "{}", &text[text.len() - 100..]);
}

#[test]
fn sarif_fits_its_schema_and_points_at_the_text() {
    let stale = "# fluxwright: ignore no-namespace: no more\n".to_owned()
        + &stray("x").replace("name: x", "name: x\n  namespace: x");
    let repo =
        repo(&[("a/a.yaml", &stale), ("b/b ü.yaml", &stray("\"a😀\" # and more")), ("c/values.yaml", "replicas: 1\n")]);
    let (schema, document) = (schema(), sarif(&repo));
    let whole: Value = serde_json::from_str(&repo.fluxwright(&["check", "--format", "sarif"]).stdout).unwrap();
    for document in [&document, &whole] {
        let wrong: Vec<String> =
            schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    let run = &document["runs"][0];
    let levels: Vec<&str> = run["results"].as_array().unwrap().iter().map(|it| it["level"].as_str().unwrap()).collect();
    assert_eq!((levels.as_slice(), run["columnKind"].as_str()), (&["error", "warning"][..], Some("unicodeCodePoints")));
    let result = &run["results"][0];
    let location = serde_json::json!({ "physicalLocation": {
        "artifactLocation": { "uri": "b/b%20%C3%BC.yaml", "uriBaseId": "%SRCROOT%" },
        "region": { "startLine": 4, "startColumn": 9, "endLine": 4, "endColumn": 13 },
    }});
    assert_eq!(result["locations"], serde_json::json!([location]));
    let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!((&rule["id"], rule["name"].as_str()), (&result["ruleId"], Some("no-namespace")));
    assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# FW712 no-namespace\n"));
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["semanticVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(driver["informationUri"], env!("CARGO_PKG_REPOSITORY"));
    assert_eq!(driver["rules"].as_array().unwrap().len(), rules().len());
}

#[test]
fn the_schema_of_sarif_refuses_what_is_none() {
    let document = sarif(&repo(&[("a/a.yaml", &stray("a"))]));
    for (pointer, value) in
        [("/version", "2.0.0".into()), ("/runs/0/results/0/level", "fatal".into()), ("/runs/0/tool", Value::Null)]
    {
        let mut wrong = document.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(!schema().is_valid(&wrong), "{pointer}");
    }
}

#[test]
fn a_rules_descriptions_are_as_long_as_code_scanning_takes() {
    let document = sarif(&repo(&[("a/a.yaml", &stray("a"))]));
    for rule in document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap() {
        for part in ["shortDescription", "fullDescription"] {
            let text = rule[part]["text"].as_str().unwrap();
            assert!(!text.is_empty() && text.len() <= 1_024 && !text.ends_with('…'), "{}: {text}", rule["name"]);
        }
    }
}

#[test]
fn a_fingerprint_stays_when_lines_move() {
    let prints = |repo: &Repo| {
        let document = sarif(repo);
        let results = document["runs"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|it| it["partialFingerprints"]["fluxwright/v1"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let repo = repo(&[("a/a.yaml", &strays(3))]);
    let before = prints(&repo);
    repo.write("a/a.yaml", &format!("# one\n# two\n{}", strays(4)));
    let after = prints(&repo);
    assert_eq!(before, after[..3]);
    let mut different = after.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 4);
}

#[test]
fn nothing_says_where_the_repo_is_on_this_machine() {
    let broken = "a: [b\n";
    let link = "resources: [/etc/passwd, ../../../x, https://example.com/x.yaml]\nkind: Kustomization\n";
    let repo = repo(&[
        ("clusters/x/a.yaml", &stray("a")),
        ("clusters/x/b.yaml", broken),
        ("clusters/y/kustomization.yaml", link),
    ]);
    repo.save();
    let root = fs::canonicalize(repo.beside(".")).unwrap();
    let root = root.to_str().unwrap();
    for format in FORMATS {
        for arguments in [&["clusters/x", "clusters/y"][..], &["--at", "HEAD"], &["-C", "clusters", "x", "y"]] {
            let run = repo.fluxwright(&[&["check", "--format", format], arguments].concat());
            assert_eq!(run.code, 1, "{format}: {}", run.stderr);
            assert!(!run.stdout.contains(root) && run.stderr.is_empty(), "{format}: {}{}", run.stdout, run.stderr);
        }
    }
}

/// Who looks at a change knows paths from the repo's root, whoever stands where.
#[test]
fn the_formats_for_a_change_say_paths_from_the_root() {
    let repo = repo(&[("clusters/x/a.yaml", &stray("a"))]);
    for (format, path) in [
        ("text", "../clusters/x/a.yaml"),
        ("json", "\"../clusters/x/a.yaml\""),
        ("github", "file=clusters/x/a.yaml,"),
        ("sarif", "\"clusters/x/a.yaml\""),
        ("markdown", "`clusters/x/a.yaml`"),
    ] {
        let run = repo.fluxwright(&["check", "-C", "clusters", "--only", "no-namespace", "--format", format]);
        assert!(run.stdout.contains(path), "{format}: {}", run.stdout);
    }
}

#[test]
fn colours_are_for_terminals() {
    let repo = repo(&[("a/a.yaml", &stray("a"))]);
    for format in FORMATS {
        assert!(!printed(&repo, format).contains('\u{1b}'), "{format}");
    }
}

#[test]
fn every_code_and_every_name_is_explained() {
    let page = |what: &str| called(what).unwrap_or_else(|| panic!("{what} is not explained")).page();
    for code in rules().into_iter().map(|rule| rule.code).chain(CODES.iter().copied()) {
        let text = page(code.id);
        assert!(text.starts_with(&format!("# {code}\n\n")), "{text}");
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(code.about), "{text}");
        assert_eq!([page(code.name), page(&code.id.to_lowercase())], [text.clone(), text]);
        assert!(names().contains(&code.name));
    }
}

#[test]
fn an_explanation_says_why_and_how_it_should_be() {
    let repo = repo(&[]);
    let explain = |what: &str| repo.fluxwright(&["explain", what]).done();
    let page = explain("no-namespace");
    for part in [
        "# FW712 no-namespace\n",
        "Group: Reading. Usually: error.",
        "## Why it matters",
        "## Wrong",
        "## Right",
        "\n# fluxwright: ignore no-namespace: the reason\n",
        "check --skip no-namespace",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(explain("fw712"), page);
    assert!(explain("git-state").ends_with("\nIt is said of git.\n"));
    // A comment about comments would be about itself.
    assert!(!explain("unused-ignore").contains("# fluxwright: ignore unused-ignore"));
}

#[test]
fn an_explanation_is_data_too() {
    let repo = repo(&[]);
    let data = |what: &str| {
        serde_json::from_str::<Value>(&repo.fluxwright(&["explain", what, "--format", "json"]).done()).unwrap()
    };
    let rule = data("FW712");
    assert_eq!(
        (rule["name"].as_str(), rule["group"].as_str(), rule["severity"].as_str()),
        (Some("no-namespace"), Some("reading"), Some("error"))
    );
    assert_eq!(rule["ignore"], "# fluxwright: ignore no-namespace: the reason");
    let code = data("git-state");
    assert_eq!(
        (code["code"].as_str(), code["speaker"].as_str(), code.get("wrong")),
        (Some("FW502"), Some("git"), None)
    );
}

#[test]
fn what_nothing_is_called_is_not_explained() {
    let repo = repo(&[]);
    let says = repo.fluxwright(&["explain", "no-namespce"]).refused();
    assert!(says.contains("FW601") && says.contains("did you mean `no-namespace`?"), "{says}");
    let says = repo.fluxwright(&["explain", "clusters/x/settings.yaml"]).refused();
    assert!(says.contains("no finding has the code or the name `clusters/x/settings.yaml`"), "{says}");
    let run = repo.fluxwright(&["explain", "FW999", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, document["findings"][0]["code"].as_str()), (2, Some("FW601")));
}
