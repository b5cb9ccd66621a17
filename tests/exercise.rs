//! The exercise of CONTRIBUTING.md, done as it stands there: a component is one folder and no Rust.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::fs;
use std::path::Path;

use repo_builder::Repo;

/// The YAML blocks of the exercise, in their order: the component's three files, and the lines of a profile.
fn blocks() -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md")).unwrap();
    let exercise = page.split("### An exercise: podinfo").nth(1).unwrap().split("\n## ").next().unwrap();
    exercise.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_exercise_makes_a_component() {
    let blocks = blocks();
    let [component, page, values, profile] = &blocks[..] else { panic!("{} blocks", blocks.len()) };
    let repo = Repo::without_git("minimal");
    let folder = ".fluxwright/components/podinfo";
    repo.write(&format!("{folder}/component.yaml"), component);
    repo.write(&format!("{folder}/config/page.yaml.j2"), page);
    repo.write(&format!("{folder}/values.yaml.j2"), values);
    let head = "apiVersion: fluxwright/v1alpha1\nkind: ClusterProfile\nmetadata:\n  name: lab\nkubernetes:\n  version: \"1.35\"\n\
                flux:\n  version: 2.9.4\n  url: https://github.com/example/infra\n  branch: main\n";
    repo.write("profiles/lab.yaml", &format!("{head}{profile}"));
    repo.fluxwright(&["render", "lab"]).done();
    let read = |path: &str| repo.read(&format!("clusters/lab/{path}"));
    assert!(read("podinfo/config/page.yaml").contains("PODINFO_UI_MESSAGE: Good morning from lab"));
    assert!(read("podinfo/app/helmrelease.yaml").contains("name: podinfo-page"));
    assert!(read("kustomizations/podinfo.yaml").contains("- name: podinfo-config"));
    assert!(read("kustomizations/podinfo-config.yaml").contains("- name: namespaces"));
    assert!(read("namespaces/namespaces.yaml").contains("pod-security.kubernetes.io/enforce: restricted"));
    assert!(read("bootstrap/verify.sh").contains("expect rollout deployment/podinfo --namespace=podinfo"));
    assert!(read("sources/stefanprodan-github-io-podinfo.yaml").contains("kind: HelmRepository"));
}
