//! The bootstrap scripts of every example cluster: read by shellcheck, and run with the stand-ins of `tests/stubs/`, which record
//! what they are given. `fixtures/clusters/<case>/calls.txt` has what each script calls, the first time and the second;
//! `FLUXWRIGHT_BLESS=1 cargo test --test scripts` writes it.
//!
//! They ask on standard input, never put a secret into an argument, change nothing the second time, and only talk with `--dry-run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// The shell files of all clusters, by case.
fn shell_files() -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut found = BTreeMap::new();
    for case in fs::read_dir(root().join("fixtures/clusters")).unwrap().map(|entry| entry.unwrap().path()) {
        let scripts =
            below(&case.join("expected")).into_iter().filter(|file| file.extension().is_some_and(|it| it == "sh"));
        found.insert(case, scripts.collect());
    }
    found
}

/// The scripts, without the libraries that they share.
fn scripts() -> Vec<PathBuf> {
    shell_files().into_values().flatten().filter(|file| is_script(file)).collect()
}

fn is_script(file: &Path) -> bool {
    fs::read_to_string(file).unwrap().starts_with("#!")
}

/// A machine on which a script runs: what the stand-ins were given, and what they made.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Machine {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        Machine { folder }
    }

    /// Runs a script with lines on its standard input; gives back what it said and what was called.
    fn run(&self, script: &Path, arguments: &[&str], input: &str) -> (Output, String) {
        let log = self.folder.path().join("log");
        let _ = fs::remove_file(&log);
        let mut child = Command::new("sh")
            .arg(script)
            .args(arguments)
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{}", root().join("tests/stubs").display(), std::env::var("PATH").unwrap()))
            .env("LOG", &log)
            .env("STATE", self.folder.path().join("state"))
            .env("ISSUER", issuer(script))
            .envs(VARIABLES.map(|name| (name, PASSWORD)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A script that asks for nothing may be gone before it is told anything.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let here = fs::canonicalize(script.parent().unwrap()).unwrap();
        let log = fs::read_to_string(log).unwrap_or_default().replace(here.to_str().unwrap(), "HERE");
        (output, log)
    }
}

/// Who signs the tokens of the cluster that a script is for, as a JSON file beside it says.
fn issuer(script: &Path) -> String {
    let files =
        below(script.parent().unwrap()).into_iter().filter(|file| file.extension().is_some_and(|it| it == "json"));
    let mut documents =
        files.map(|file| serde_json::from_str::<serde_json::Value>(&fs::read_to_string(file).unwrap()).unwrap());
    documents.find_map(|document| Some(document["issuer"].as_str()?.to_owned())).unwrap_or_default()
}

const PASSWORD: &str = "p\"a\\ss word'$HOME`x`";

/// What scripts take from the environment, where it is there.
const VARIABLES: [&str; 10] = [
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GIT_PASSWORD",
    "EKSA_VSPHERE_USERNAME",
    "EKSA_VSPHERE_PASSWORD",
    "EKSA_GITHUB_TOKEN",
    "EKSA_GIT_PRIVATE_KEY",
    "EKSA_GIT_KNOWN_HOSTS",
    "GOVC_USERNAME",
    "GOVC_PASSWORD",
];

/// The lines that a script asks for, the last without its end, as a file may have it: a name to confirm, else a user and a password
/// in turns.
fn answers(script: &Path) -> String {
    let text = fs::read_to_string(script).unwrap();
    let mut secrets = ["user@vsphere.local", PASSWORD].into_iter().cycle();
    let answer = |line: &str| {
        // What is asked inside of a function is asked where it is called.
        let mut words = Some(line).filter(|line| !line.contains("\"$1")).map(str::split_whitespace)?;
        match words.next()? {
            "confirm" => words.next().map(str::to_owned),
            "ask" | "entry" | "property" | "whole" => secrets.next().map(str::to_owned),
            _ => None,
        }
    };
    text.lines().filter_map(answer).collect::<Vec<_>>().join("\n")
}

fn asks(script: &Path) -> bool {
    let text = fs::read_to_string(script).unwrap();
    text.lines()
        .any(|line| ["ask ", "entry ", "property ", "whole "].iter().any(|word| line.trim_start().starts_with(word)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn there_are_scripts_to_test() {
    assert!(scripts().len() >= 20, "{:?}", scripts());
}

#[test]
fn shellcheck_finds_nothing() {
    let ours = root().join("target/tools/shellcheck");
    let shellcheck = [ours, PathBuf::from("shellcheck")].into_iter().find(|program| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    });
    let files: Vec<PathBuf> = shell_files().into_values().flatten().collect();
    let Some(shellcheck) = shellcheck else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true, so nothing may be skipped: shellcheck");
        writeln!(std::io::stderr(), "skipped {} scripts: no shellcheck in target/tools or on PATH", files.len())
            .unwrap();
        return;
    };
    let stubs = below(&root().join("tests/stubs"));
    // A value of a profile stands in single quotes, whatever it has: `${` expands nowhere, and SC2016 wonders.
    let output = Command::new(shellcheck)
        .args(["--shell=sh", "--external-sources", "--source-path=SCRIPTDIR", "--severity=style", "--exclude=SC2016"])
        .args(files.iter().chain(&stubs))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
}

#[test]
fn a_dry_run_only_talks_and_says_the_same_twice() {
    for script in scripts() {
        let machine = Machine::new();
        let (output, log) = machine.run(&script, &["--dry-run"], "");
        assert!(output.status.success(), "{}: {}", script.display(), stderr(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("would "), "{}", script.display());
        assert_eq!(log, "", "{}", script.display());
        assert_eq!(machine.run(&script, &["--dry-run"], "").0.stdout, output.stdout, "{}", script.display());
    }
}

#[test]
fn what_a_script_calls_is_as_expected_and_has_no_secret() {
    let mut wrong = Vec::new();
    for (case, files) in shell_files() {
        let machine = Machine::new();
        let mut calls = String::new();
        for script in files.iter().filter(|file| is_script(file)) {
            let mut before = String::new();
            for time in ["the first time", "again"] {
                let (output, log) = machine.run(script, &[], &answers(script));
                assert!(output.status.success(), "{} {time}: {}", script.display(), stderr(&output));
                let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
                assert!(!said.contains("ss word"), "{}: {said}", script.display());
                for line in log.lines().filter(|line| !line.starts_with("  | ")) {
                    assert!(!line.contains("ss word"), "{}: {line}", script.display());
                }
                let name = script.file_name().unwrap().to_str().unwrap();
                let log = match log.as_str() {
                    "" => "nothing\n".to_owned(),
                    same if same == before => "the same\n".to_owned(),
                    _ => log,
                };
                write!(calls, "# {name}, {time}\n{log}").unwrap();
                before = log;
            }
        }
        if calls.is_empty() {
            continue;
        }
        let expected = case.join("calls.txt");
        if std::env::var_os("FLUXWRIGHT_BLESS").is_some() {
            fs::write(&expected, &calls).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != calls {
            wrong.push(format!("{} differs; it should be:\n{calls}", expected.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_given_makes_nothing() {
    for script in scripts().into_iter().filter(|script| asks(script)) {
        let (output, log) = Machine::new().run(&script, &[], "\n");
        assert_eq!(output.status.code(), Some(2), "{}", script.display());
        assert!(!log.contains("apply") && !log.contains("create"), "{}: {log}", script.display());
    }
}

#[test]
fn more_lines_than_were_asked_for_make_nothing() {
    for script in scripts().into_iter().filter(|script| asks(script)) {
        let (output, log) = Machine::new().run(&script, &[], &(answers(&script) + "\nrest of a key\n"));
        assert_eq!(output.status.code(), Some(2), "{}", script.display());
        assert!(!log.contains("apply"), "{}: {log}", script.display());
    }
}

#[test]
fn nothing_is_taken_out_before_the_name_is_typed() {
    for script in scripts() {
        if fs::read_to_string(&script).unwrap().lines().any(|line| line.starts_with("confirm ")) {
            let (output, log) = Machine::new().run(&script, &[], "another\n");
            assert_eq!((output.status.code(), log.as_str()), (Some(2), ""), "{}", script.display());
        }
    }
}

fn script(case: &str, name: &str) -> PathBuf {
    let found = scripts().into_iter().find(|script| script.ends_with(name) && script.to_str().unwrap().contains(case));
    found.unwrap_or_else(|| panic!("{case} has no {name}"))
}

#[test]
fn a_value_of_many_lines_is_given_as_a_file() {
    let script = script("clusters/asked", "40-secrets-apps.sh");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    fs::write(&file, "{\n}\n").unwrap();
    let (output, log) = Machine::new().run(&script, &[], &format!("@{}\n", file.display()));
    assert!(output.status.success());
    assert!(log.contains("  \".dockerconfigjson\": \"ewp9Cg==\"\n"), "{log}");
}

#[test]
fn user_and_password_are_quoted_as_csi_vsphere_conf_wants_it() {
    let script = script("clusters/asked", "40-secret-vsphere-csi.sh");
    let (_, log) = Machine::new().run(&script, &[], &answers(&script));
    assert!(log.contains("user = \"user@vsphere.local\"\n"), "{log}");
    assert!(log.contains("password = \"p\\\"a\\\\ss word'$HOME`x`\"\n"), "{log}");
}

#[test]
fn the_cloud_providers_secret_has_two_keys_with_the_vcenters_name() {
    let script = script("clusters/office", "40-secret-vsphere-cpi.sh");
    let (_, log) = Machine::new().run(&script, &[], &answers(&script));
    assert!(log.contains("  \"10.23.30.18.username\": \"dXNlckB2c3BoZXJlLmxvY2Fs\"\n"), "{log}");
    assert!(log.contains("  \"10.23.30.18.password\": \"cCJhXHNzIHdvcmQnJEhPTUVgeGA=\"\n"), "{log}");
}

#[test]
fn a_remote_secret_that_is_asked_for_again_keeps_its_other_values() {
    let script = script("clusters/maelstrom", "31-aws-secrets-eksa-secret-store.sh");
    let machine = Machine::new();
    let state = |what: &str| machine.folder.path().join(format!("state/aws_{what}_maelstrom_vsphere"));
    fs::write(state("secret"), "None\n").unwrap();
    fs::write(state("value"), "{\"url\":\"ä\",\"password\":\"old\"}").unwrap();
    let (_, log) = machine.run(&script, &[], "");
    assert!(!log.contains("put-secret-value"), "{log}");
    let file = machine.folder.path().join("user");
    fs::write(&file, "two\nlines\n").unwrap();
    let (output, log) = machine.run(&script, &["--again"], &format!("{PASSWORD}\n@{}\n", file.display()));
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = r#"{"url":"ä","password":"p\"a\\ss word'$HOME`x`","username":"two\nlines\n"}"#;
    assert!(log.contains(&format!("put-secret-value --secret-id maelstrom/vsphere --region us-west-2 --secret-string file:///dev/stdin --query ARN --output text\n  | {expected}\n")), "{log}");
}

#[test]
fn one_on_its_way_out_is_called_back() {
    let script = script("clusters/maelstrom", "31-aws-secrets-eksa-secret-store.sh");
    let machine = Machine::new();
    fs::write(machine.folder.path().join("state/aws_secret_maelstrom_vsphere"), "2026-11-28\n").unwrap();
    let (output, log) = machine.run(&script, &[], "");
    assert!(output.status.success() && log.contains("aws secretsmanager restore-secret "), "{log}");
    assert!(!log.contains("create-secret"), "{log}");
}

#[test]
fn an_issuer_that_the_cluster_does_not_have_stops_before_anything_is_made() {
    let script = script("clusters/store-azurekv", "30-azure-identity-azure.sh");
    let folder = tempfile::tempdir().unwrap();
    for file in ["lib.sh", "30-azure-identity-azure.sh", "federated-credential-azure.json"] {
        let text = fs::read_to_string(script.with_file_name(file)).unwrap();
        let text = if file.ends_with(".json") { text.replace("issuers.example", "others.example") } else { text };
        fs::write(folder.path().join(file), text).unwrap();
    }
    let (output, log) = Machine::new().run(&folder.path().join("30-azure-identity-azure.sh"), &[], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(!log.contains("create"), "{log}");
}

#[test]
fn bytes_that_are_no_text_are_not_put_into_a_remote_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.bin");
    fs::write(&file, b"\xff\x00\x01").unwrap();
    for (case, name) in [
        ("clusters/maelstrom", "31-aws-secrets-eksa-secret-store.sh"),
        ("clusters/store-gcpsm", "31-google-secrets-team.sh"),
    ] {
        let input = format!("@{0}\n@{0}\n", file.display());
        let (output, log) = Machine::new().run(&script(case, name), &[], &input);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(stderr(&output).contains("this is no text"), "{}", stderr(&output));
        assert!(!log.contains("create"), "{log}");
    }
}

#[test]
fn another_certificate_than_the_profiles_is_told() {
    let machine = Machine::new();
    fs::write(machine.folder.path().join("state/thumbprint"), "11:22\n").unwrap();
    let (output, _) = machine.run(&script("clusters/vsphere-roles", "05-vsphere-check.sh"), &[], "");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("  WRONG   its certificate has the thumbprint of the profile\n          it has 11:22;"),
        "{said}"
    );
    assert!(said.ends_with("1 wrong\n"), "{said}");
}

#[test]
fn a_role_that_is_there_gets_what_it_lacks_and_keeps_the_rest() {
    let machine = Machine::new();
    let there = ["role.create", "CNS-VM", "VirtualMachine.Interact.PowerOn", "VirtualMachine.Config.AddExistingDisk"];
    let made = Command::new(root().join("tests/stubs/govc"))
        .args(there)
        .env("LOG", machine.folder.path().join("log"))
        .env("STATE", machine.folder.path().join("state"))
        .status();
    assert!(made.unwrap().success());
    let (_, log) = machine.run(&script("clusters/vsphere-roles", "10-vsphere-roles.sh"), &[], "");
    assert!(log.contains("govc role.update -a CNS-VM VirtualMachine.Config.AddRemoveDevice\n"), "{log}");
    assert!(!log.contains("role.create CNS-VM"), "{log}");
}
