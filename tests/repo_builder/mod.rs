//! A repo in a temporary folder, to run the program and git in; nothing of the machine's own configuration reaches it.
//!
//! Not here: a test. Each test file that says `mod repo_builder;` uses its own part of it.

#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The one author and moment of most commits here.
pub const AUTHOR: [&str; 4] = ["--author", "Ada <ada@example.com>", "--date", "2026-11-21T13:00:00Z"];

/// A component of the repo's own.
pub const OWN_COMPONENT: &str = "name: mine
title: Mine
about: Something of this repo's own.
homepage: https://example.com
versions:
  - match: \">=1 <2\"
    newest: 1.0.0
    source: example
sources:
  - example
units:
  - name: app
    git:
      url: https://github.com/example/mine
      tag: v<{ version }>
      path: deploy
";

/// How a run of the program ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn of(output: Output) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("no signal ended it");
        Run { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// It ended with 0 and had nothing to say on standard error.
    pub fn done(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// It ended with 0, and told on standard error this finding only.
    pub fn done_telling(self, code: &str) -> String {
        self.ended_telling(0, code)
    }

    /// It ended with 1 and had nothing to say on standard error.
    pub fn differs(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (1, ""), "{}", self.stdout);
        self.stdout
    }

    /// It ended with 1, and told on standard error this finding only.
    pub fn differs_telling(self, code: &str) -> String {
        self.ended_telling(1, code)
    }

    fn ended_telling(self, exit: i32, code: &str) -> String {
        let codes: Vec<&str> =
            self.stderr.lines().filter_map(|line| line.strip_prefix("warning ")?.split(' ').next()).collect();
        assert_eq!((self.code, codes.as_slice()), (exit, &[code][..]), "{}{}", self.stderr, self.stdout);
        self.stdout
    }

    /// It ended with 2 and printed nothing.
    pub fn refused(self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{}", self.stderr);
        self.stderr
    }
}

/// A folder `infra` with profiles, beside an empty home folder.
pub struct Repo {
    around: tempfile::TempDir,
    pub root: PathBuf,
    environment: Vec<(String, String)>,
}

impl Repo {
    /// The profile of the case `name` in `profiles/<name>.yaml`, and no git repository.
    pub fn without_git(name: &str) -> Repo {
        let around = tempfile::tempdir().unwrap();
        let root = around.path().join("infra");
        fs::create_dir_all(around.path().join("home")).unwrap();
        let repo = Repo { around, root, environment: Vec::new() };
        repo.write(&format!("profiles/{name}.yaml"), &profile(name));
        repo
    }

    /// The same with a repository on the unborn branch `main`.
    pub fn of(name: &str) -> Repo {
        let repo = Repo::without_git(name);
        repo.git(&["init", "--quiet", "-b", "main"]);
        repo
    }

    /// The larger profile.
    pub fn new() -> Repo {
        Repo::of("maelstrom")
    }

    /// The smaller profile.
    pub fn minimal() -> Repo {
        Repo::of("minimal")
    }

    /// Sets a variable for every command from here on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A path beside the repo.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.around.path().join(path)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok()
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    /// Writes `to` for `from` in a file that has it.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replace(from, to));
    }

    /// Takes everything from the line that starts with `first` to the end out of a file.
    pub fn cut(&self, path: &str, first: &str) {
        let text = self.read(path);
        let at = text.find(&format!("\n{first}")).unwrap_or_else(|| panic!("{path} has no line {first:?}"));
        self.write(path, &text[..=at]);
    }

    /// A command in the root, with nothing of the machine's configuration.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("GIT_") || ["EMAIL", "CLICOLOR_FORCE"].contains(&name_text.as_ref()) {
                command.env_remove(&name);
            }
        }
        let home = self.beside("home");
        command.env("HOME", &home).env("XDG_CONFIG_HOME", &home).env("GIT_CONFIG_NOSYSTEM", "1");
        command.envs(self.environment.iter().cloned()).current_dir(&self.root);
        command
    }

    /// The program, to be started another way than `fluxwright` does.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_fluxwright"));
        command.args(arguments);
        command
    }

    pub fn fluxwright(&self, arguments: &[&str]) -> Run {
        Run::of(self.program(arguments).output().unwrap())
    }

    /// `render --commit` by one author at one moment.
    pub fn commit(&self, arguments: &[&str]) -> Run {
        self.fluxwright(&[&["render", "--commit"], &AUTHOR[..], arguments].concat())
    }

    /// Runs git by an identity that it does not keep, and gives back what it printed; it must end well.
    pub fn git(&self, arguments: &[&str]) -> String {
        let run = self.try_git(arguments);
        assert_eq!(run.code, 0, "git {arguments:?}: {}", run.stderr);
        run.stdout
    }

    /// The same however it ends.
    pub fn try_git(&self, arguments: &[&str]) -> Run {
        let who = ["-c", "user.name=Setup", "-c", "user.email=setup@example.com", "-c", "protocol.file.allow=always"];
        Run::of(self.command("git").args(who).args(arguments).output().unwrap())
    }

    /// The commit of a revision.
    pub fn id(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", revision]).trim().to_owned()
    }

    /// Every file and link of the work tree with its bytes, or where it leads; `.git` is left out.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        below(&self.root)
    }

    /// Everything that a refusal must leave alone: work tree, branches, HEAD and index.
    pub fn state(&self) -> (BTreeMap<String, Vec<u8>>, String, Vec<u8>, Vec<u8>) {
        let refs = self.try_git(&["for-each-ref"]).stdout;
        let file = |path: &str| fs::read(self.path(path)).unwrap_or_default();
        (self.files(), refs, file(".git/HEAD"), file(".git/index"))
    }

    /// A run that is refused and leaves everything as it is; gives back what it says on standard error.
    pub fn refuses(&self, arguments: &[&str]) -> String {
        let before = self.state();
        let says = self.fluxwright(arguments).refused();
        assert!(before == self.state(), "something was written: {says}");
        says
    }

    /// After a commit: the branch's tree is the index's, nothing differs, and git finds no fault.
    pub fn is_whole(&self) {
        assert_eq!(self.git(&["status", "--porcelain", "-uall"]), "");
        assert_eq!(self.id("HEAD^{tree}"), self.git(&["write-tree"]).trim());
        self.has_no_fault();
    }

    pub fn has_no_fault(&self) {
        let run = self.try_git(&["fsck", "--strict", "--no-dangling"]);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    }

    /// Adds everything and commits it with git.
    pub fn save(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", "before"]);
    }

    /// Writes a file that can be run.
    pub fn script(&self, path: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(path, text);
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The same repo seen from another folder: a worktree, a submodule, a clone beside it.
    pub fn at(&self, root: PathBuf) -> Seen<'_> {
        Seen { repo: self, root }
    }

    /// The same for a commit.
    pub fn refuses_commit(&self) -> String {
        self.refuses(&[&["render", "--commit"], &AUTHOR[..]].concat())
    }
}

/// A folder in which commands run as in the repo that it belongs to.
pub struct Seen<'r> {
    repo: &'r Repo,
    pub root: PathBuf,
}

impl Seen<'_> {
    pub fn fluxwright(&self, arguments: &[&str]) -> Run {
        Run::of(self.repo.program(arguments).current_dir(&self.root).output().unwrap())
    }

    /// `render --commit` by one author at one moment.
    pub fn commit(&self, arguments: &[&str]) -> Run {
        self.fluxwright(&[&["render", "--commit"], &AUTHOR[..], arguments].concat())
    }

    /// Runs git there, and gives back what it printed; it must end well.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.repo.git(&[&["-C", self.root.to_str().unwrap()], arguments].concat())
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// After a commit: the branch's tree is the index's, nothing differs, and git finds no fault.
    pub fn is_whole(&self) {
        assert_eq!(self.git(&["status", "--porcelain", "-uall"]), "");
        let head = self.git(&["rev-parse", "HEAD^{tree}"]);
        assert_eq!(head, self.git(&["write-tree"]));
        assert_eq!(self.git(&["fsck", "--strict", "--no-dangling"]), "");
    }
}

/// The text of a case's profile.
pub fn profile(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/clusters/{name}/profile.yaml"));
    fs::read_to_string(path).unwrap()
}

/// Every file and link below a folder with its bytes, or where it leads; `.git` is left out.
pub fn below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                if entry.file_name() != ".git" {
                    walk(root, &path, files);
                }
                continue;
            }
            let bytes = if kind.is_symlink() {
                fs::read_link(&path).unwrap().to_string_lossy().into_owned().into_bytes()
            } else {
                fs::read(&path).unwrap()
            };
            files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), bytes);
        }
    }
    let mut files = BTreeMap::new();
    walk(folder, folder, &mut files);
    files
}
