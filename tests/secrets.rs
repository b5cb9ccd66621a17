//! The rules about secrets over many values: `fixtures/secrets/benign` has what only looks like one, `fixtures/secrets/leaks` what is one.
//!
//! Each of them stands below a comment, `# benign: what it is` or `# leak: what it is | a part of the value`. In the files a token is
//! cut by `~~`, so that nothing takes it for one of somebody's; here the cut is taken out. No value is anybody's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const RULES: &[&str] = &["--only", "plain-secret", "--only", "secret-in-the-open"];

/// The files of a folder of cases with what they hold, the cuts taken out.
fn files(kind: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/secrets").join(kind);
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text.replace("~~", ""))
        })
        .collect();
    files.sort();
    files
}

/// What `check` says of files.
fn said(files: &[(String, String)], arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".git")).unwrap();
    for (name, text) in files {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxwright"));
    let output = command.arg("check").args(arguments).current_dir(&folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

fn json(files: &[(String, String)], arguments: &[&str]) -> Value {
    serde_json::from_str(&said(files, &[arguments, &["--format", "json"]].concat())).unwrap()
}

/// The cases of a file: each with the lines it stands in, and what its comment says.
fn cases(text: &str, mark: &str) -> Vec<(usize, usize, String)> {
    let marks: Vec<(usize, String)> = text
        .lines()
        .enumerate()
        .filter_map(|(at, line)| Some((at + 1, line.trim().strip_prefix(mark)?.trim().to_owned())))
        .collect();
    let end = |at: usize| marks.get(at + 1).map_or(usize::MAX, |(line, _)| *line);
    marks.iter().enumerate().map(|(at, (line, says))| (*line, end(at), says.clone())).collect()
}

/// How many objects stand in files.
fn objects(files: &[(String, String)]) -> usize {
    files.iter().map(|(_, text)| text.lines().filter(|line| line.starts_with("apiVersion:")).count()).sum()
}

#[test]
fn what_only_looks_like_a_secret_is_none() {
    let files = files("benign");
    let count: usize = files.iter().map(|(_, text)| cases(text, "# benign:").len()).sum();
    assert!(count >= 300, "{count}");
    let found = json(&files, RULES);
    // Were there a mistake in a file, nothing of it would have been looked at.
    assert_eq!(found["counts"]["objects"], objects(&files));
    assert_eq!(found["findings"], Value::Array(Vec::new()), "{}", said(&files, RULES));
}

#[test]
fn every_secret_is_found() {
    let files = files("leaks");
    let found = json(&files, RULES);
    assert_eq!(found["counts"]["objects"], objects(&files));
    let places: BTreeSet<(String, usize)> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let line = usize::try_from(finding["line"].as_u64().unwrap()).unwrap();
            (finding["file"].as_str().unwrap().to_owned(), line)
        })
        .collect();
    let (mut count, mut missing) = (0, Vec::new());
    let mut known = BTreeSet::new();
    for (file, text) in &files {
        for (begin, end, says) in cases(text, "# leak:") {
            count += 1;
            let of_case = places.iter().filter(|(of, line)| of == file && (begin..end).contains(line));
            let before = known.len();
            known.extend(of_case.cloned());
            if known.len() == before {
                missing.push(format!("{file}:{begin}: {says}"));
            }
        }
    }
    assert!(count >= 60, "{count}");
    assert!(missing.is_empty(), "{missing:#?}");
    let more: Vec<_> = places.difference(&known).collect();
    assert!(more.is_empty(), "{more:#?}");
}

/// In no format, and by no rule.
#[test]
fn no_value_is_shown() {
    let files = files("leaks");
    for format in ["text", "json"] {
        for rules in [RULES, &[]] {
            let said = said(&files, &[rules, &["--format", format]].concat());
            for (file, text) in &files {
                shows_nothing_of(file, text, &said);
            }
        }
    }
}

fn shows_nothing_of(file: &str, text: &str, said: &str) {
    let lines: Vec<&str> = text.lines().collect();
    for (begin, end, says) in cases(text, "# leak:") {
        let (what, part) = says.split_once(" | ").unwrap();
        let stands = lines[begin..lines.len().min(end - 1)].iter().any(|line| line.contains(part));
        assert!(stands, "{file}:{begin}: `{part}` is no part of it");
        assert!(!said.contains(part), "{file}:{begin}: {what} is shown:\n{said}");
    }
}

/// Also not where everything stands on one line, in a list of objects, or is generated.
#[test]
fn no_value_is_shown_of_unusual_files() {
    let secret = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"b"},"stringData":{"p":"correct-horse"}}"#;
    let map = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"b"},"data":{"password":"correct-horse"}}"#;
    let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{secret},{map}]}}"#);
    let generator = "namespace: b\nsecretGenerator: [{name: a, literals: [password=correct-horse, user=x]}]\n\
                     configMapGenerator: [{name: c, literals: ['password=correct-horse']}, {name: d, files: [app.conf]}]\n";
    let patch = "resources: [a.yaml]\npatches:\n  - patch: |\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: {name: a, namespace: b}\n      \
         data: {more: 'password=correct-horse'}\n";
    let anchors = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata:\n  x: &p correct-horse\n  password: *p\n";
    let folded = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata:\n  x: >\n    user=a\n    password=correct-horse\n  \
                  y: \"user=a\\npassword=correct-horse\\n\"\n";
    let repos: &[(&[(&str, &str)], usize)] = &[
        (&[("secret.yaml", secret)], 1),
        (&[("map.yaml", map)], 1),
        (&[("list.yaml", &list)], 2),
        (&[("kustomization.yaml", generator), ("app.conf", "a=b\npassword = correct-horse\n")], 3),
        (&[("kustomization.yaml", patch), ("a.yaml", map)], 2),
        (&[("anchors.yaml", anchors)], 1),
        (&[("folded.yaml", folded)], 2),
    ];
    for (repo, count) in repos {
        let files: Vec<(String, String)> =
            repo.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        for format in ["text", "json"] {
            let said = said(&files, &["--format", format]);
            assert!(!said.contains("correct-horse"), "{said}");
        }
        let found = json(&files, RULES);
        assert_eq!(found["findings"].as_array().unwrap().len(), *count, "{}", said(&files, RULES));
    }
}
