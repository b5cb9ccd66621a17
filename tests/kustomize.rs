//! Our build of a folder against kustomize's own: object by object, field by field, in the same order.
//!
//! `fixtures/kustomize/<case>/` are small folders with `expected.yaml` beside them, which is what the real kustomize made of them;
//! `FLUXWRIGHT_BLESS=1` has it made again, never by ours. A case called `refused-…` is one that kustomize does not build. The
//! folders of the trees in `fixtures/clusters` are compared, too, where kustomize is found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fluxwright::error::Failure;
use fluxwright::flux::files::Files;
use fluxwright::flux::kustomize::{self, Build, Parsed};
use serde::Deserialize;
use serde_json::Value;

/// The kustomize that the expectations are of, as `.ci/run` installs it.
const VERSION: &str = "v5.8.1";

/// The files below a folder, in memory.
struct Memory(BTreeMap<String, Vec<u8>>);

impl Memory {
    fn of(root: &Path) -> Memory {
        let mut files = BTreeMap::new();
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    files.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        Memory(files)
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        Ok(self.0.get(path).map(|bytes| Cow::Borrowed(&bytes[..])))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let is_below =
            |path: &&String| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        Ok(self.0.keys().filter(is_below).cloned().collect())
    }
}

fn ours(files: &Memory, folder: &str) -> Build {
    match kustomize::begin(files, folder).unwrap() {
        Ok(begin) => kustomize::build(files, &begin, &Parsed::default()).unwrap(),
        Err(mistakes) => Build { mistakes: mistakes.into_iter().collect(), ..Build::default() },
    }
}

fn kustomize_program() -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/kustomize");
    let program = if installed.is_file() { installed } else { PathBuf::from("kustomize") };
    let version = Command::new(&program).arg("version").output().ok()?;
    let version = String::from_utf8(version.stdout).ok()?;
    (version.trim() == VERSION).then_some(program)
}

/// What kustomize makes of a folder, as Flux runs it; what it says if it refuses.
fn theirs(program: &Path, folder: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    let output = command.args(["build", "--load-restrictor", "LoadRestrictionsNone"]).arg(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn documents(text: &str) -> Vec<Value> {
    let all = serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap());
    all.filter(|value| !value.is_null()).collect()
}

fn sorted_folders(folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn cases() -> Vec<PathBuf> {
    let cases = sorted_folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kustomize"));
    assert!(cases.len() >= 80, "there are only {} cases", cases.len());
    cases
}

fn is_refused(case: &Path) -> bool {
    case.file_name().unwrap().to_str().unwrap().starts_with("refused-")
}

fn skip(what: &str) {
    eprintln!("skipped: {what}; run .ci/run, which installs kustomize {VERSION}");
}

/// Where two values differ, with the path.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                let none = Value::from("<nothing>");
                let below = format!("{path}/{key}");
                differences(&below, one.get(key).unwrap_or(&none), other.get(key).unwrap_or(&none), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                differences(&format!("{path}/{at}"), one, other, found);
            }
        }
        (one, other) if one == other => {}
        (one, other) => found.push(format!("  {path}: we have {one}, kustomize has {other}")),
    }
}

fn name(object: &Value) -> String {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{} {}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}

fn compared(what: &str, build: &Build, theirs: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let theirs = documents(theirs);
    let names = |objects: &[Value]| objects.iter().map(name).collect::<Vec<_>>();
    let ours: Vec<Value> = build.objects.iter().map(|object| object.value.clone()).collect();
    found.extend(build.mistakes.iter().map(|mistake| format!("  a mistake: {mistake:?}")));
    if names(&ours) == names(&theirs) {
        for (one, other) in ours.iter().zip(&theirs) {
            differences(&name(one), one, other, &mut found);
        }
    } else {
        found.push(format!("  we have {:#?}\n  kustomize has {:#?}", names(&ours), names(&theirs)));
    }
    if !found.is_empty() {
        found.insert(0, format!("{what}:"));
    }
    found
}

#[test]
fn each_case_is_built_as_kustomize_builds_it() {
    let mut faults = Vec::new();
    for case in cases() {
        let build = ours(&Memory::of(&case), "");
        let what = case.file_name().unwrap().to_str().unwrap();
        if !is_refused(&case) {
            let expected = fs::read_to_string(case.join("expected.yaml")).expect(what);
            assert!(expected.starts_with(&format!("# kustomize {VERSION}\n")), "{what}");
            faults.extend(compared(what, &build, &expected));
        } else if what == "refused-empty" {
            // Flux fills it before it has it built; who only builds a folder asks for it.
            assert!(kustomize::begin(&Memory::of(&case), "").unwrap().unwrap().is_empty());
        } else if build.mistakes.is_empty() {
            faults.push(format!("{what}: kustomize refuses it, and we do not"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_expectation_is_what_kustomize_says() {
    let Some(program) = kustomize_program() else { return skip("whether the expectations are kustomize's") };
    for case in cases() {
        let path = case.join("expected.yaml");
        let made = theirs(&program, &case).map(|text| format!("# kustomize {VERSION}\n{text}"));
        match (is_refused(&case), made) {
            (true, made) => assert!(made.is_err(), "{}: kustomize builds it", case.display()),
            (false, made) if std::env::var_os("FLUXWRIGHT_BLESS").is_some() => fs::write(&path, made.unwrap()).unwrap(),
            (false, made) => assert_eq!(made.unwrap(), fs::read_to_string(&path).unwrap(), "{}", path.display()),
        }
    }
}

#[test]
fn every_folder_of_our_trees_is_built_as_kustomize_builds_it() {
    let Some(program) = kustomize_program() else { return skip("the folders of the trees") };
    let mut faults = Vec::new();
    let mut count = 0;
    for case in sorted_folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clusters")) {
        let tree = case.join("expected");
        if !tree.is_dir() {
            continue;
        }
        let files = Memory::of(&tree);
        for folder in files.0.keys().filter_map(|path| path.strip_suffix("/kustomization.yaml")) {
            let Ok(theirs) = theirs(&program, &tree.join(folder)) else { continue };
            count += 1;
            faults.extend(compared(&format!("{}/{folder}", tree.display()), &ours(&files, folder), &theirs));
        }
    }
    assert!(count > 100, "only {count} folders were compared");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_object_knows_the_file_and_the_line_that_it_is_from() {
    let case = cases().into_iter().find(|case| case.ends_with("many-documents")).unwrap();
    let build = ours(&Memory::of(&case), "");
    let places: Vec<_> = build.objects.iter().map(|object| (&object.file[..], object.line)).collect();
    assert_eq!(places, [("rbac.yaml", 3), ("rbac.yaml", 27), ("rbac.yaml", 13), ("rbac.yaml", 36)]);
    assert_eq!(build.files.iter().collect::<Vec<_>>(), ["kustomization.yaml", "rbac.yaml"]);
}

fn memory(files: &[(&str, &str)]) -> Memory {
    Memory(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n";

#[test]
fn what_is_not_resolved_is_a_note_and_no_mistake() {
    let cases = [
        ("resources:\n- a.yaml\n- https://example.com/base?ref=1\n", "is elsewhere"),
        ("resources: [a.yaml]\nhelmCharts:\n- name: x\n", "charts are not rendered"),
        ("resources: [a.yaml]\ngenerators: [x.yaml]\n", "plugins are not run"),
        ("resources: [a.yaml]\ntransformers: [x.yaml]\n", "plugins are not run"),
        ("resources: [a.yaml]\nvars:\n- name: X\n", "vars are not replaced"),
        ("resources: [a.yaml]\nconfigurations: [x.yaml]\n", "are not read"),
    ];
    for (text, says) in cases {
        let patch =
            "patches:\n- patch: |\n    apiVersion: v1\n    kind: Deployment\n    metadata:\n      name: absent\n";
        let more = if says.contains("elsewhere") { patch } else { "" };
        let build = ours(&memory(&[("kustomization.yaml", &format!("{text}{more}")), ("a.yaml", SERVICE)]), "");
        assert_eq!(build.mistakes, BTreeSet::new(), "{text}");
        assert!(build.notes.iter().any(|note| note.says.contains(says) && note.line > 0), "{text}: {:?}", build.notes);
        let changed = ["transformers", "vars", "configurations"].iter().any(|key| text.contains(key));
        assert_eq!(build.objects.iter().map(|object| object.certain).collect::<Vec<_>>(), [!changed], "{text}");
    }
}

#[test]
fn a_mistake_has_a_place_and_hides_nothing_else() {
    let text = "resources:\n- absent.yaml\n- a.yaml\n- broken.yaml\nreplicas:\n- name: none\n  count: 1\n";
    let files = [("x/kustomization.yaml", text), ("x/a.yaml", SERVICE), ("x/broken.yaml", "a: 1\nb: [\n")];
    let build = ours(&memory(&files), "x");
    let places: Vec<_> = build.mistakes.iter().map(|mistake| (&mistake.file[..], mistake.line)).collect();
    assert_eq!(places, [("x/broken.yaml", 2), ("x/kustomization.yaml", 1)]);
    assert_eq!(build.objects.len(), 1);
}

#[test]
fn a_folder_without_kustomization_is_built_as_flux_does() {
    let files = [("a/x.yaml", SERVICE), ("a/b/kustomization.yaml", "namePrefix: b-\nresources: [y.yaml]\n")];
    let build = ours(&memory(&[files[0], files[1], ("a/b/y.yaml", SERVICE), ("c/z.yaml", SERVICE)]), "a");
    let names: Vec<String> = build.objects.iter().map(|object| name(&object.value)).collect();
    assert_eq!((names, build.mistakes.len()), (vec!["Service /b-web".to_owned(), "Service /web".to_owned()], 0));
}

#[test]
fn bases_that_stand_in_each_other_come_to_an_end() {
    let folders = |count: usize| {
        let file =
            |at: usize| (format!("{at}/kustomization.yaml"), format!("resources: [../{}]\n", at + 1).into_bytes());
        Memory((0..count).map(file).collect())
    };
    let build = ours(&folders(100), "0");
    assert!(build.mistakes.iter().any(|mistake| mistake.says.contains("stand in each other")), "{:?}", build.mistakes);
}
