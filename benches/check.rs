//! What a check costs: `cargo bench --bench check`.
//!
//! A large repo is made in memory: clusters that share bases, each with a Flux Kustomization for every app, which has a namespace, two
//! releases of the base, a patch and a variable. Whole commands are timed from outside (the README says how); `FLUXWRIGHT_BENCH_REPO=DIR
//! cargo bench --bench check` writes that repo to a folder for it.

#![allow(clippy::unwrap_used, missing_docs)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use divan::Bencher;
use fluxwright::catalog::Catalog;
use fluxwright::checks::known::Known;
use fluxwright::checks::{Asked, Report, check};
use fluxwright::error::Failure;
use fluxwright::flux::files::Files;
use fluxwright::flux::start::starts;

const CLUSTERS: usize = 10;
const APPS: usize = 300;
const RELEASES: usize = 2;

fn main() {
    if let Some(folder) = std::env::var_os("FLUXWRIGHT_BENCH_REPO") {
        for (path, text) in large_repo(CLUSTERS).0 {
            let path = Path::new(&folder).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    divan::main();
}

/// Files in memory.
struct Memory(BTreeMap<String, String>);

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, Failure> {
        Ok(self.0.get(path).map(|text| Cow::Borrowed(text.as_bytes())))
    }

    fn below(&self, folder: &str) -> Result<BTreeSet<String>, Failure> {
        let is_below = |path: &&String| folder.is_empty() || path.starts_with(&format!("{folder}/"));
        Ok(self.0.keys().filter(is_below).cloned().collect())
    }
}

fn large_repo(clusters: usize) -> Memory {
    let mut files = BTreeMap::new();
    for app in 0..APPS {
        let list: String =
            (0..RELEASES).map(|number| format!("- release-{number}.yaml\n")).collect::<Vec<_>>().concat();
        files.insert(format!("base/app-{app}/kustomization.yaml"), format!("{HEAD}resources:\n{list}"));
        for number in 0..RELEASES {
            files.insert(format!("base/app-{app}/release-{number}.yaml"), release(app, number));
        }
    }
    for cluster in (0..clusters).map(|cluster| format!("c{cluster}")) {
        let folder = format!("clusters/{cluster}");
        files.insert(format!("{folder}/flux-system/gotk-components.yaml"), "# Flux Version: v2.9.4\n".to_owned());
        files.insert(format!("{folder}/flux-system/gotk-sync.yaml"), SYNC.replace("FOLDER", &folder));
        files.insert(
            format!("{folder}/flux-system/kustomization.yaml"),
            format!("{HEAD}resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n"),
        );
        files.insert(format!("{folder}/charts.yaml"), CHARTS.to_owned());
        for app in 0..APPS {
            files.insert(format!("{folder}/app-{app}.yaml"), kustomization(&cluster, app));
            let own = format!("apps/{cluster}/app-{app}");
            files.insert(format!("{own}/kustomization.yaml"), overlay(app));
            files.insert(format!("{own}/namespace.yaml"), NAMESPACE.replace("NAME", &format!("app-{app}")));
        }
    }
    Memory(files)
}

const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: NAME\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n";
const CHARTS: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata:\n  name: charts\n  namespace: flux-system\nspec:\n  interval: 1h\n  url: https://charts.example.com\n";
const SYNC: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: flux-system\n  namespace: flux-system\nspec:\n  interval: 1m\n  ref:\n    branch: main\n  url: ssh://git@example.com/infra\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: flux-system\n  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./FOLDER\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n";

fn release(app: usize, number: usize) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: app-{app}-{number}\nspec:\n  interval: 30m\n  timeout: 5m\n  \
         chart:\n    spec:\n      chart: app\n      version: \"1.2.{app}\"\n      sourceRef:\n        kind: HelmRepository\n        name: charts\n        \
         namespace: flux-system\n  install:\n    remediation:\n      retries: 3\n  values:\n    replicaCount: 2\n    image:\n      repository: \
         registry.example.com/team/app-{app}\n      tag: \"1.2.{app}\"\n    ingress:\n      enabled: true\n      hosts:\n      - host: \
         app-{app}.${{cluster}}.example.com\n        paths:\n        - path: /\n          pathType: Prefix\n    resources:\n      requests:\n        cpu: \
         100m\n        memory: 128Mi\n"
    )
}

fn kustomization(cluster: &str, app: usize) -> String {
    let depends = if app > 1 { format!("  dependsOn:\n  - name: app-{}\n", app / 2) } else { String::new() };
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: app-{app}\n  namespace: flux-system\nspec:\n  interval: \
         1h\n  retryInterval: 2m\n  timeout: 10m\n  path: ./apps/{cluster}/app-{app}\n  prune: true\n  wait: true\n  sourceRef:\n    kind: \
         GitRepository\n    name: flux-system\n{depends}  postBuild:\n    substitute:\n      cluster: {cluster}\n"
    )
}

fn overlay(app: usize) -> String {
    format!(
        "{HEAD}namespace: app-{app}\nresources:\n- namespace.yaml\n- ../../../base/app-{app}\npatches:\n- target:\n    kind: HelmRelease\n  patch: |\n    \
         - op: replace\n      path: /spec/values/replicaCount\n      value: 3\n"
    )
}

fn checked(files: &Memory) -> Report {
    let known = Known::of(&Catalog::new(BTreeMap::new()).unwrap());
    let starts = starts(files, "").unwrap();
    let paths = files.below("").unwrap();
    let asked = Asked {
        files,
        paths: &paths,
        starts: &starts,
        known: &known,
        only: &[],
        skip: &[],
        ignored: &|_| false,
        shown: &str::to_owned,
    };
    check(&asked).unwrap()
}

#[divan::bench(args = [1, 10], sample_count = 10)]
fn clusters_with_300_kustomizations_and_600_releases_each(bencher: Bencher<'_, '_>, clusters: usize) {
    let files = large_repo(clusters);
    assert_eq!(checked(&files).kustomizations, clusters * (APPS + 1));
    bencher.bench_local(|| checked(&files));
}

#[divan::bench]
fn what_charts_bring() -> usize {
    let known = Known::of(&Catalog::new(BTreeMap::new()).unwrap());
    usize::from(known.chart("none").is_some())
}
