//! `fluxwright build`: where Flux begins, what it follows, what it puts on top of kustomize, and how that is said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

fn repo(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Exit code, standard output, standard error.
fn run(repo: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxwright"));
    let output = command.arg("build").args(arguments).current_dir(repo).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json_of(repo: &TempDir, arguments: &[&str]) -> Value {
    let (_, out, err) = run(repo, &[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"))
}

/// `KIND NAME` with the Kustomization that applies it.
fn applied(document: &Value) -> Vec<String> {
    let one = |given: &Value| {
        let text = |path: &str| given.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let by = given["chain"].as_array().unwrap().last().and_then(Value::as_str).unwrap_or("nobody").to_owned();
        format!("{} {} by {by}", text("/object/kind"), text("/object/metadata/name"))
    };
    document["objects"].as_array().unwrap().iter().map(one).collect()
}

fn object<'a>(document: &'a Value, name: &str) -> &'a Value {
    let all = document["objects"].as_array().unwrap();
    let found = all.iter().find(|given| given["object"]["metadata"]["name"] == name);
    &found.unwrap_or_else(|| panic!("no {name} in {document:#}"))["object"]
}

fn says(document: &Value) -> Vec<String> {
    document["findings"].as_array().unwrap().iter().map(|one| one["says"].as_str().unwrap().to_owned()).collect()
}

fn map(name: &str, data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: apps\ndata:\n{data}")
}

const SYNC: &str = include_str!("repo_builder/gotk-sync.yaml");

fn kustomization(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  \
         interval: 1h\n  path: {path}\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n{more}"
    )
}

#[test]
fn from_what_bootstrap_wrote_everything_is_followed() {
    let repo = repo(&[
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/a/apps.yaml", &kustomization("apps", "./apps", "")),
        ("apps/kustomization.yaml", "namePrefix: a-\nresources:\n- web.yaml\n- ../more\n"),
        ("apps/web.yaml", &map("web", "  a: b\n")),
        ("more/kustomization.yaml", "resources: [deep.yaml]\n"),
        ("more/deep.yaml", &kustomization("deep", "deep/", "  suspend: true\n")),
        ("deep/x.yaml", &map("x", "  a: b\n")),
        ("unreached/y.yaml", &map("y", "  a: b\n")),
    ]);
    let document = json_of(&repo, &[]);
    assert_eq!(
        applied(&document),
        [
            "Kustomization apps by flux-system/flux-system",
            "Kustomization flux-system by flux-system/flux-system",
            "GitRepository flux-system by flux-system/flux-system",
            "ConfigMap a-web by flux-system/apps",
            "Kustomization a-deep by flux-system/apps",
            "ConfigMap x by flux-system/a-deep",
        ]
    );
    let last = &document["objects"][5];
    assert_eq!(last["chain"], json!(["flux-system/flux-system", "flux-system/apps", "flux-system/a-deep"]));
    assert_eq!((&last["file"], &last["line"], &last["certain"]), (&json!("deep/x.yaml"), &json!(1), &json!(true)));
    assert_eq!(applied(&json_of(&repo, &["--kustomization", "apps"])).len(), 2);
    let (code, out, err) = run(&repo, &["clusters/a", "--kustomization", "flux-system/a-deep"]);
    let head = "# flux-system → apps → a-deep, from deep/x.yaml:1\n";
    assert_eq!((code, out, err), (0, format!("{head}{}", map("x", "  a: b\n")), String::new()));
    let (code, out, err) = run(&repo, &["--kustomization", "a-dep"]);
    assert!(code == 2 && out.is_empty() && err.contains("--kustomization a-deep"), "{err}");
}

#[test]
fn each_place_where_flux_begins_is_found() {
    let instance = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata:\n  name: flux\n  namespace: flux-system\nspec:\n  \
                    distribution:\n    version: 2.x\n  sync:\n    kind: OCIRepository\n    url: oci://example.com/x\n    ref: latest\n    path: clusters/b\n";
    let eks = "apiVersion: anywhere.eks.amazonaws.com/v1alpha1\nkind: FluxConfig\nmetadata:\n  name: c\n  namespace: default\nspec:\n  \
               clusterConfigPath: clusters/c\n";
    let repo = repo(&[
        ("clusters/a/flux-system/gotk-sync.yaml", ""),
        ("clusters/a/flux-system/gotk-components.yaml", ""),
        ("clusters/a/flux-system/kustomization.yaml", "resources: [gotk-components.yaml, gotk-sync.yaml]\n"),
        ("clusters/a/a.yaml", &map("a", "  a: b\n")),
        ("clusters/b/flux-system/flux-instance.yaml", instance),
        ("clusters/b/b.yaml", &map("b", "  a: b\n")),
        ("clusters/c/c/eksa-system/eksa-cluster.yaml", eks),
        ("clusters/c/c.yaml", &map("c", "  a: b\n")),
        ("else/where/d.yaml", &map("d", "  a: b\n")),
    ]);
    let document = json_of(&repo, &[]);
    assert_eq!(
        applied(&document),
        [
            "ConfigMap a by flux-system/flux-system",
            "ConfigMap b by flux-system/flux-system",
            "FluxInstance flux by flux-system/flux-system",
            "ConfigMap c by flux-system/flux-system",
            "FluxConfig c by flux-system/flux-system",
        ]
    );
    assert_eq!(document["objects"][1]["start"], "clusters/b/flux-system/flux-instance.yaml");
    assert_eq!(applied(&json_of(&repo, &["clusters/b"])).len(), 2);
    assert_eq!(applied(&json_of(&repo, &["--entry", "else"])), ["ConfigMap d by flux-system/flux-system"]);
    assert_eq!(applied(&json_of(&repo, &["else/where"])), ["ConfigMap d by nobody"]);
}

#[test]
fn what_the_flux_kustomization_says_is_put_on_top() {
    let more = "  targetNamespace: there
  namePrefix: pre-
  nameSuffix: -suf
  commonMetadata:
    labels:
      team: blue
    annotations:
      note: all
  components:
  - ../component
  - ../absent
  ignoreMissingComponents: true
  images:
  - name: web
    newTag: '2'
  - name: other
    newName: another
  patches:
  - target:
      kind: Pod
    patch: |
      - op: add
        path: /spec/priority
        value: 7
";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: a\n    image: web:1\n  - name: b\n    image: other:1\n";
    let repo = repo(&[
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/a/apps.yaml", &kustomization("apps", "./apps", more)),
        (
            "apps/kustomization.yaml",
            "resources: [pod.yaml]\nimages:\n- name: web\n  newName: mirror/web\n  newTag: '9'\n",
        ),
        ("apps/pod.yaml", pod),
        (
            "component/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations:\n  c: '1'\n",
        ),
    ]);
    let document = json_of(&repo, &["--kustomization", "apps"]);
    let expected = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "pre-p-suf", "namespace": "there",
            "labels": {"team": "blue"}, "annotations": {"c": "1", "note": "all"},
        },
        "spec": {"priority": 7, "containers": [{"name": "a", "image": "mirror/web:2"}, {"name": "b", "image": "another:1"}]},
    });
    assert_eq!((object(&document, "pre-p-suf"), says(&document)), (&expected, Vec::new()));
}

const SUBSTITUTED: &str = "  postBuild:
    substitute:
      own: inline
      both: inline
      number: '5'
    substituteFrom:
    - kind: ConfigMap
      name: variables
    - kind: Secret
      name: secret
";

fn substituting(more: &str, version: &str, data: &str) -> TempDir {
    let variables = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: variables\n  namespace: flux-system\ndata:\n  both: map\n  map: |\n    of\n    lines\n";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: secret\n  namespace: flux-system\ndata:\n  hidden: aGVsbG8=\nstringData:\n  clear: seen\n";
    repo(&[
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/a/flux-system/gotk-components.yaml", &format!("---\n# Flux Version: {version}\n")),
        ("clusters/a/a-apps.yaml", &kustomization("apps", "./apps", more)),
        // The variables come from another Kustomization, which is found later.
        ("clusters/a/b-variables.yaml", &kustomization("variables", "./variables", "")),
        ("variables/v.yaml", &format!("{variables}---\n{secret}")),
        ("apps/x.yaml", &map("x", data)),
    ])
}

#[test]
fn variables_come_from_the_kustomization_and_from_the_repo() {
    let data = "  a: ${own} ${both} ${map} ${hidden} ${clear} ${none:=default}\n  b: '$${own} $own'\n  c: v${number}\n";
    let document = json_of(&substituting(SUBSTITUTED, "v2.9.4", data), &[]);
    let expected = json!({"a": "inline inline oflines hello seen default", "b": "${own} $own", "c": "v5"});
    assert_eq!((&object(&document, "x")["data"], says(&document)), (&expected, Vec::new()));
}

#[test]
fn a_number_whose_quotes_are_lost_is_a_number() {
    let document = json_of(&substituting(SUBSTITUTED, "v2.9.4", "  a: \"${number}\"\n"), &[]);
    assert_eq!(object(&document, "x")["data"], json!({"a": 5}));
}

#[test]
fn an_undefined_variable_is_an_error_from_flux_2_9_on() {
    let data = "  a: <${none}>\n";
    let (code, out, err) = run(&substituting(SUBSTITUTED, "v2.9.4", data), &[]);
    assert!(code == 1 && !out.contains("name: x\n") && out.contains("name: variables"), "{out}");
    assert!(
        err.contains("error FW430 cannot-build: the variable `none` is not set") && err.contains("apps/x.yaml:1"),
        "{err}"
    );
    let document = json_of(&substituting(SUBSTITUTED, "v2.8.8", data), &[]);
    assert_eq!(object(&document, "x")["data"], json!({"a": "<>"}));
    // Without variables nothing is substituted at all, unless Flux is told to.
    let document = json_of(&substituting("  postBuild: {}\n", "v2.9.4", data), &[]);
    assert_eq!(object(&document, "x")["data"], json!({"a": "<${none}>"}));
    let always = "  postBuild:\n    substituteStrategy: Always\n";
    let document = json_of(&substituting(always, "v2.9.4", "  a: <${none:=d}>\n"), &[]);
    assert_eq!(object(&document, "x")["data"], json!({"a": "<d>"}));
}

#[test]
fn variables_that_are_not_in_the_repo_are_left_and_said() {
    let more = SUBSTITUTED.replace("name: secret", "name: elsewhere");
    let repo = substituting(&more, "v2.9.4", "  a: ${own} ${hidden}\n");
    let document = json_of(&repo, &[]);
    assert_eq!(object(&document, "x")["data"], json!({"a": "inline ${hidden}"}));
    assert!(says(&document)[0].contains("Secret flux-system/elsewhere is not in the repo"), "{document:#}");
    let given = document["objects"].as_array().unwrap().iter().find(|given| given["object"]["metadata"]["name"] == "x");
    assert_eq!(given.unwrap()["certain"], false);
    let (code, out, _) = run(&repo, &["--kustomization", "apps"]);
    assert!(code == 0 && out.contains("\n# not whole: "), "{out}");
}

#[test]
fn what_sops_encrypted_is_left_as_it_is() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: apps\nstringData:\n  a: ENC[AES256_GCM,data:${x},type:str]\nsops:\n  lastmodified: '2026-01-01T00:00:00Z'\n  mac: ENC[x]\n";
    let repo = repo(&[
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/a/apps.yaml", &kustomization("apps", "./apps", "  postBuild:\n    substitute:\n      y: '1'\n")),
        ("apps/s.yaml", secret),
    ]);
    let document = json_of(&repo, &[]);
    assert_eq!(object(&document, "s")["stringData"]["a"], "ENC[AES256_GCM,data:${x},type:str]");
    assert_eq!(says(&document), Vec::<String>::new());
}

#[test]
fn a_kustomization_that_would_fail_gives_nothing_and_hides_nothing() {
    let repo = repo(&[
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/a/bad.yaml", &kustomization("bad", "./bad", "")),
        ("clusters/a/good.yaml", &kustomization("good", "./good", "")),
        ("clusters/a/lost.yaml", &kustomization("lost", "./lost", "")),
        (
            "clusters/a/other.yaml",
            &kustomization("other", "./x", "").replace("    name: flux-system\n", "    name: other\n"),
        ),
        ("clusters/a/remote.yaml", &kustomization("remote", "./x", "  kubeConfig:\n    secretRef:\n      name: k\n")),
        ("bad/kustomization.yaml", "resources:\n- fine.yaml\n- absent.yaml\n"),
        ("bad/fine.yaml", &map("fine", "  a: b\n")),
        ("good/x.yaml", &map("x", "  a: b\n")),
    ]);
    let (code, _, err) = run(&repo, &[]);
    assert_eq!(code, 1);
    assert!(
        err.contains("--> bad/kustomization.yaml:1:1") && err.contains("there is no file or folder bad/absent.yaml"),
        "{err}"
    );
    let document = json_of(&repo, &[]);
    let names = applied(&document);
    assert!(names.contains(&"ConfigMap x by flux-system/good".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("fine")), "{names:?}");
    let said = says(&document).join("\n");
    for part in ["the path ./lost of Kustomization lost", "reads GitRepository other", "remote is for another cluster"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn kustomizations_that_lead_to_each_other_come_to_an_end() {
    let repo = repo(&[
        ("clusters/a/flux-system/gotk-sync.yaml", SYNC),
        ("clusters/a/one.yaml", &kustomization("one", "./one", "")),
        ("one/two.yaml", &kustomization("two", "./two", "")),
        ("two/one.yaml", &kustomization("one", "./one", "")),
        ("two/again.yaml", &kustomization("again", "./one", "")),
    ]);
    let (code, out, _) = run(&repo, &["clusters"]);
    assert_eq!(code, 0);
    assert!(out.contains("# flux-system → one → two, from two/one.yaml:1"), "{out}");
}

#[test]
fn a_plain_folder_is_built_as_kustomize_does() {
    let repo = repo(&[
        ("base/kustomization.yaml", "namePrefix: a-\nresources: [x.yaml]\n"),
        ("base/x.yaml", &map("x", "  a: ${b}\n")),
        ("broken/kustomization.yaml", "resources: [x.yaml]\n"),
    ]);
    let (code, out, err) = run(&repo, &["base"]);
    assert_eq!((code, out, err), (0, format!("# base/x.yaml:1\n{}", map("a-x", "  a: ${b}\n")), String::new()));
    assert_eq!(run(&repo, &["broken"]).0, 1);
    let (code, _, err) = run(&repo, &["nowhere"]);
    assert!(code == 2 && err.contains("there is no folder `nowhere`"), "{err}");
    let (code, _, err) = run(&repo, &["/"]);
    assert!(code == 2 && err.contains("outside of the repo"), "{err}");
}
