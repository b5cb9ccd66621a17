//! A repo to be hostile with: a temporary folder with a repo in it and a place outside of the repo, both gone afterwards.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What stands in files outside of the repo; it must never be printed.
pub const OUTSIDE: &str = "what-stands-outside-of-the-repo";

/// A repo with an empty `.git`.
pub struct Repo {
    folder: TempDir,
    /// What was made unreadable, and has to be readable again to be removed.
    locked: RefCell<Vec<PathBuf>>,
}

impl Drop for Repo {
    fn drop(&mut self) {
        for path in self.locked.borrow().iter() {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
        }
    }
}

impl Repo {
    /// In memory where that is possible: the big ones would wear a disk that others use, too.
    pub fn new() -> Repo {
        let builder = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix("hostile-");
            builder
        };
        let folder = builder().tempdir_in("/dev/shm").or_else(|_| builder().tempdir()).unwrap();
        fs::create_dir_all(folder.path().join("repo/.git")).unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        Repo { folder, locked: RefCell::default() }
    }

    /// The root of the repo.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// A folder beside the repo.
    pub fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    /// A place in the repo, with the folders above it.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let at = self.root().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        at
    }

    pub fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        fs::write(self.at(path), bytes).unwrap();
    }

    pub fn link(&self, path: &str, to: impl AsRef<Path>) {
        std::os::unix::fs::symlink(to, self.at(path)).unwrap();
    }

    /// Nobody may read it any more; root may.
    pub fn lock(&self, path: &str) {
        let at = self.root().join(path);
        fs::set_permissions(&at, fs::Permissions::from_mode(0o000)).unwrap();
        self.locked.borrow_mut().push(at);
    }

    pub fn fifo(&self, path: &str) {
        let made = std::process::Command::new("mkfifo").arg(self.at(path)).status().unwrap();
        assert!(made.success());
    }

    /// A file that has a length and no bytes.
    pub fn hole(path: &Path, length: u64) {
        fs::File::create(path).unwrap().set_len(length).unwrap();
    }

    /// What bootstrap writes for `clusters/a`, with this in it.
    pub fn cluster(&self, files: &[(&str, &str)]) {
        self.write("clusters/a/flux-system/gotk-sync.yaml", SYNC);
        for (name, text) in files {
            self.write(format!("clusters/a/{name}"), text);
        }
    }

    /// A cluster with one Kustomization for `apps`, that says this, too.
    pub fn apps(&self, more: &str) {
        self.cluster(&[("apps.yaml", &unit("apps", "./apps", more))]);
    }

    /// A cluster that applies one file.
    pub fn app(&self, bytes: impl AsRef<[u8]>) {
        self.apps("");
        self.write("apps/x.yaml", bytes);
    }

    /// A cluster that applies a kustomization with this in it, beside `web.yaml`.
    pub fn kustomize(&self, text: impl AsRef<[u8]>) {
        self.apps("");
        self.write("apps/kustomization.yaml", text);
        self.write("apps/web.yaml", map("web", ""));
        self.write("apps/deployment.yaml", DEPLOYMENT);
    }

    /// The same, with `web.yaml` and `deployment.yaml` among its resources.
    pub fn transformed(&self, text: &str) {
        self.kustomize(format!("resources: [web.yaml, deployment.yaml]\n{text}"));
    }

    /// A cluster that applies one text after this is put in the place of variables.
    pub fn substituted(&self, text: &str, substitute: &[(&str, &str)]) {
        let pairs: Vec<String> =
            substitute.iter().map(|(name, value)| format!("      {name}: {}\n", json(value))).collect();
        self.apps(&format!("  postBuild:\n    substitute:\n      known: known\n{}", pairs.concat()));
        self.write("apps/x.yaml", map("web", &format!("  a: {}\n", json(text))));
    }
}

/// A text as JSON has it, which is YAML, too.
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A ConfigMap.
pub fn map(name: &str, data: &str) -> String {
    let data = if data.is_empty() { "  a: b\n" } else { data };
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: apps\ndata:\n{data}")
}

/// A Flux Kustomization.
pub fn unit(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  \
         interval: 1h\n  path: {path}\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n{more}"
    )
}

/// Texts as the documents of one file.
pub fn documents(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().collect::<Vec<_>>().join("---\n")
}

pub const SYNC: &str = include_str!("../repo_builder/gotk-sync.yaml");

pub const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: apps
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nginx:1.29.0
        env:
        - name: A
          value: b
";
