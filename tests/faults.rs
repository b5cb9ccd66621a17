//! Every operation on the disk fails once, and is the last one before the process stops once.
//!
//! A render over an existing tree is run again and again, each time with one operation that fails, and each time with one
//! operation after which nothing happens any more (a write may be half done then). After each run every file is whole,
//! old or new; the user's own files are as they were; and the next render finishes, without a refusal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use fluxwright::catalog::Catalog;
use fluxwright::cluster::Cluster;
use fluxwright::disk::{Disk, Entry, LocalDisk, write};
use fluxwright::error::Failure;
use fluxwright::problem::Source;

/// How the operation with the chosen number goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It fails, and the program goes on as it will.
    Fails,
    /// The process stops there: a write is half done, and nothing happens after it.
    Stops,
}

struct FaultyDisk {
    at: usize,
    fault: Fault,
    count: AtomicUsize,
}

impl FaultyDisk {
    fn new(at: usize, fault: Fault) -> FaultyDisk {
        FaultyDisk { at, fault, count: AtomicUsize::new(0) }
    }

    /// Whether the next operation is done, and whether it is the one that goes wrong.
    fn next(&self) -> Result<(), bool> {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        match number == self.at {
            true => Err(true),
            false if number > self.at && self.fault == Fault::Stops => Err(false),
            false => Ok(()),
        }
    }

    fn guarded<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.next() {
            Ok(()) => operation(),
            Err(_) => Err(io::Error::other("injected")),
        }
    }
}

impl Disk for FaultyDisk {
    fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        self.guarded(|| LocalDisk.entry(path))
    }
    fn files_below(&self, folder: &Path) -> io::Result<BTreeMap<String, Entry>> {
        self.guarded(|| LocalDisk.files_below(folder))
    }
    fn folders_in(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.guarded(|| LocalDisk.folders_in(folder))
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.guarded(|| LocalDisk.read(path))
    }
    fn read_first(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        self.guarded(|| LocalDisk.read_first(path, most))
    }
    fn is_executable(&self, path: &Path) -> io::Result<bool> {
        self.guarded(|| LocalDisk.is_executable(path))
    }
    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        self.guarded(|| LocalDisk.real(path))
    }
    fn modified(&self, path: &Path) -> io::Result<i64> {
        self.guarded(|| LocalDisk.modified(path))
    }
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.guarded(|| LocalDisk.make_folder(path))
    }
    fn write(&self, path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
        match self.next() {
            Ok(()) => LocalDisk.write(path, bytes, executable),
            Err(this_one) => {
                if this_one {
                    LocalDisk.write(path, &bytes[..bytes.len() / 2], executable)?;
                }
                Err(io::Error::other("injected"))
            }
        }
    }
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.guarded(|| LocalDisk.append(path, bytes))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.guarded(|| LocalDisk.rename(from, to))
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.guarded(|| LocalDisk.remove_file(path))
    }
    fn remove_empty_folder(&self, path: &Path) -> io::Result<()> {
        self.guarded(|| LocalDisk.remove_empty_folder(path))
    }
}

const PROFILE: &str = "
apiVersion: fluxwright/v1alpha1
kind: ClusterProfile
metadata:
  name: x
kubernetes:
  version: \"1.34\"
flux:
  version: 2.9.4
  url: https://example.com/infra
  branch: main
releases:
  - name: RELEASE
    namespace: apps
    url: https://charts.example.com
    chart: demo
    version: VERSION
";

/// The profile before and after: another release (files created and deleted) and another version (files changed).
fn profile(release: &str, version: &str) -> String {
    PROFILE.replace("RELEASE", release).replace("VERSION", version)
}

fn render(disk: &dyn Disk, root: &Path, profile: &str) -> Result<(), Failure> {
    let catalog = Catalog::new(BTreeMap::new()).unwrap();
    let source = Source::new("profiles/x.yaml", profile);
    let (cluster, _) = Cluster::read(disk, root, &catalog, root.join("profiles/x.yaml"), &source, false)?;
    let in_the_way: Vec<_> =
        cluster.in_the_way(&std::collections::BTreeSet::new()).into_iter().chain(cluster.edited()).collect();
    assert!(in_the_way.is_empty(), "nothing of ours is ever taken for somebody else's: {in_the_way:?}");
    cluster.write(disk, root).map_err(Failure::from)
}

fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let paths = LocalDisk.files_below(root).unwrap();
    paths.into_keys().map(|path| (path.clone(), std::fs::read(root.join(path)).unwrap())).collect()
}

fn is_ours(path: &str) -> bool {
    !path.ends_with(".mine") && !path.ends_with(".fluxwright-tmp") && !path.ends_with(".fluxwright.lock")
}

/// A tree as it was before, with files of the user's in it.
fn before(root: &Path) {
    render(&LocalDisk, root, &profile("old", "1.0.0")).unwrap();
    for path in ["clusters/x/NOTES.mine", "clusters/x/releases/old/values.mine", "apps/app.mine"] {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), "the user's").unwrap();
    }
}

/// The files after the tree was rendered from these profiles, one after the other.
fn rendered(profiles: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    before(folder.path());
    profiles.iter().for_each(|profile| render(&LocalDisk, folder.path(), profile).unwrap());
    files(folder.path())
}

/// Goes wrong while `first` is rendered, then renders `second`.
fn every_fault(fault: Fault, first: &str, second: &str) {
    let (old, next, new) = (rendered(&[]), rendered(&[first]), rendered(&[first, second]));
    assert_ne!(old, new);
    for at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        before(root);
        let disk = FaultyDisk::new(at, fault);
        let failed = render(&disk, root, first).is_err();
        if at >= disk.count.load(Ordering::SeqCst) {
            assert!(at > 20, "there are operations to fail");
            return;
        }
        for (path, bytes) in files(root) {
            let whole = [&old, &next].iter().any(|state| state.get(&path) == Some(&bytes));
            assert!(whole || !is_ours(&path), "operation {at} {fault:?}: {path} is neither old nor new");
        }
        for path in old.keys().filter(|path| path.ends_with(".mine")) {
            assert_eq!(std::fs::read(root.join(path)).unwrap(), b"the user's", "operation {at} {fault:?}");
        }
        assert!(failed || fault == Fault::Fails, "operation {at}: a stop is no success");
        render(&LocalDisk, root, second).unwrap();
        assert_eq!(files(root), new, "operation {at} {fault:?}: the next render finishes");
    }
}

#[test]
fn an_operation_that_fails_loses_nothing() {
    let next = profile("new", "2.0.0");
    every_fault(Fault::Fails, &next, &next);
}

#[test]
fn a_stop_at_any_operation_loses_nothing() {
    let next = profile("new", "2.0.0");
    every_fault(Fault::Stops, &next, &next);
}

#[test]
fn after_a_stop_another_profile_can_be_rendered_too() {
    every_fault(Fault::Stops, &profile("new", "2.0.0"), &profile("other", "3.0.0"));
}

#[test]
fn a_file_that_stands_for_itself_is_whole_after_any_fault_and_the_next_try_writes_it() {
    for fault in [Fault::Fails, Fault::Stops] {
        for at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("of/its/own.json");
            write::one(&LocalDisk, &path, b"as it was").unwrap();
            let disk = FaultyDisk::new(at, fault);
            let failed = write::one(&disk, &path, b"as it will be").is_err();
            if at >= disk.count.load(Ordering::SeqCst) {
                assert!(at > 3 && !failed, "there are operations to fail");
                break;
            }
            assert!(failed, "operation {at} {fault:?} is no success");
            let bytes = std::fs::read(&path).unwrap();
            assert!([&b"as it was"[..], b"as it will be"].contains(&bytes.as_slice()), "operation {at} {fault:?}");
            write::one(&LocalDisk, &path, b"as it will be").unwrap();
            let all = BTreeMap::from([("of/its/own.json".to_owned(), b"as it will be".to_vec())]);
            assert_eq!(files(folder.path()), all, "operation {at} {fault:?}: nothing is left beside it");
        }
    }
}
