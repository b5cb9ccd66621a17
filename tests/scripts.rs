//! The bootstrap scripts of every example cluster, run with a stand-in for kubectl that records what it is given.
//!
//! They ask on standard input, never put a secret into an argument, do the same when run twice, and only talk with
//! `--dry-run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A kubectl that writes its arguments and its standard input to a file, and passes on what `create secret` was given.
const KUBECTL: &str = r#"#!/bin/sh
printf 'kubectl %s\n' "$*" >> "$LOG"
case "$*" in
  *"create secret"* | *apply*) cat | tee -a "$LOG" ;;
esac
"#;

fn scripts() -> Vec<PathBuf> {
    let clusters = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters");
    let mut scripts = Vec::new();
    for case in fs::read_dir(clusters).unwrap().map(|entry| entry.unwrap().path()) {
        let tree = case.join("expected/clusters").join(case.file_name().unwrap());
        if let Ok(entries) = fs::read_dir(tree.join("bootstrap")) {
            scripts.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
    scripts.sort();
    scripts
}

/// Runs a script with lines on its standard input; gives back what it said and what kubectl was given.
fn run(script: &Path, arguments: &[&str], input: &str) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let (kubectl, log) = (folder.path().join("kubectl"), folder.path().join("log"));
    fs::write(&kubectl, KUBECTL).unwrap();
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut child = Command::new("sh")
        .arg(script)
        .args(arguments)
        .env("PATH", path)
        .env("LOG", &log)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A script that asks for nothing may be gone before it is told anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    (child.wait_with_output().unwrap(), fs::read_to_string(log).unwrap_or_default())
}

const PASSWORD: &str = "p\"a\\ss word'$HOME`x`";

/// As many lines as a script asks for; the last without its end, as a file may have it.
fn secrets(script: &Path) -> String {
    let asked = fs::read_to_string(script).unwrap();
    let count = asked.lines().filter(|line| line.starts_with("  entry '") || line.starts_with("ask '")).count();
    let lines: Vec<&str> = ["user@vsphere.local", PASSWORD].into_iter().cycle().take(count).collect();
    lines.join("\n")
}

#[test]
fn there_are_scripts_to_test() {
    assert!(scripts().len() >= 3, "{:?}", scripts());
}

#[test]
fn a_dry_run_only_talks() {
    for script in scripts() {
        let (output, log) = run(&script, &["--dry-run"], "");
        assert!(output.status.success(), "{}", script.display());
        assert!(String::from_utf8_lossy(&output.stdout).contains("would "), "{}", script.display());
        assert_eq!(log, "", "{}", script.display());
    }
}

#[test]
fn a_secret_is_in_no_argument_and_is_never_echoed() {
    for script in scripts() {
        let (output, log) = run(&script, &[], &secrets(&script));
        assert!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("ss word") && !said.contains("user@"), "{}: {said}", script.display());
        for line in log.lines().filter(|line| line.starts_with("kubectl ")) {
            assert!(!line.contains("ss word") && !line.contains("user@"), "{}: {line}", script.display());
        }
    }
}

#[test]
fn a_second_run_does_the_same() {
    for script in scripts() {
        // The two ends of a pipe write their lines in any order.
        let given = || {
            let log = run(&script, &[], &secrets(&script)).1;
            let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(given(), given(), "{}", script.display());
    }
}

#[test]
fn nothing_given_makes_nothing() {
    for script in scripts() {
        let (output, log) = run(&script, &[], "\n");
        assert_eq!(output.status.code(), Some(2), "{}", script.display());
        assert!(!log.contains("apply"), "{}: {log}", script.display());
    }
}

#[test]
fn more_lines_than_were_asked_for_make_nothing() {
    for script in scripts() {
        let (output, log) = run(&script, &[], &(secrets(&script) + "\nrest of a key\n"));
        assert_eq!(output.status.code(), Some(2), "{}", script.display());
        assert!(!log.contains("apply"), "{}: {log}", script.display());
    }
}

#[test]
fn a_value_of_many_lines_is_given_as_a_file() {
    let script = scripts().into_iter().find(|script| script.ends_with("2-secrets-apps.sh")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    fs::write(&file, "{\n}\n").unwrap();
    let (output, log) = run(&script, &[], &format!("@{}\n", file.display()));
    assert!(output.status.success());
    assert!(log.contains("  \".dockerconfigjson\": \"ewp9Cg==\"\n"), "{log}");
}

#[test]
fn user_and_password_are_quoted_as_csi_vsphere_conf_wants_it() {
    let script = scripts().into_iter().find(|script| script.ends_with("2-secret-vsphere-csi.sh")).unwrap();
    let (_, log) = run(&script, &[], &secrets(&script));
    assert!(log.contains("user = \"user@vsphere.local\"\n"), "{log}");
    assert!(log.contains("password = \"p\\\"a\\\\ss word'$HOME`x`\"\n"), "{log}");
}

#[test]
fn the_cloud_providers_secret_has_two_keys_with_the_vcenters_name() {
    let script =
        scripts().into_iter().find(|script| script.ends_with("office/bootstrap/40-secret-vsphere-cpi.sh")).unwrap();
    let (_, log) = run(&script, &[], &secrets(&script));
    assert!(log.contains("  \"10.23.30.18.username\": \"dXNlckB2c3BoZXJlLmxvY2Fs\"\n"), "{log}");
    assert!(log.contains("  \"10.23.30.18.password\": \"cCJhXHNzIHdvcmQnJEhPTUVgeGA=\"\n"), "{log}");
}
