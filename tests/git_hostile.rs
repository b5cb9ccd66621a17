//! A repository whose configuration names programs wherever git takes one. None is started by any run of ours; each
//! would leave a mark, and so would `git` itself and what it calls.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod repo_builder;

use std::fs;

use repo_builder::{AUTHOR, Repo};

/// Keys whose values git runs, or hands to a shell.
const PROGRAMS: [&str; 20] = [
    "core.fsmonitor",
    "core.sshCommand",
    "core.gitProxy",
    "core.pager",
    "core.editor",
    "core.askPass",
    "core.alternateRefsCommand",
    "sequence.editor",
    "gpg.program",
    "gpg.ssh.program",
    "gpg.ssh.defaultKeyCommand",
    "credential.helper",
    "diff.external",
    "diff.mine.textconv",
    "diff.mine.command",
    "merge.mine.driver",
    "filter.mine.clean",
    "filter.mine.smudge",
    "filter.mine.process",
    "uploadpack.packObjectsHook",
];

const HOOKS: [&str; 12] = [
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-merge-commit",
    "post-checkout",
    "post-rewrite",
    "pre-auto-gc",
    "reference-transaction",
    "post-index-change",
    "fsmonitor-watchman",
    "update",
];

/// A repo with marks at everything that could be started.
struct Trap {
    repo: Repo,
}

impl Trap {
    fn set() -> Trap {
        let mut repo = Repo::minimal();
        repo.git(&["config", "user.name", "Config"]);
        let marks = repo.beside("marks");
        fs::create_dir(&marks).unwrap();
        let mark = |what: &str| format!(": > '{}' #", marks.join(what).display());
        let section = |key: &str, value: &str| {
            let (section, name) = key.rsplit_once('.').unwrap();
            let section = section.split_once('.').map_or(section.to_owned(), |(one, two)| format!("{one} \"{two}\""));
            format!("[{section}]\n\t{name} = \"{value}\"\n")
        };
        let programs = |of: &str| PROGRAMS.map(|key| section(key, &mark(&format!("{of}-{key}")))).concat();
        let alias = section("alias.status", &format!("!{}", mark("alias")));
        fs::write(repo.beside("included"), programs("included")).unwrap();
        fs::write(repo.beside("included-here"), programs("includeIf")).unwrap();
        let include = format!(
            "[include]\n\tpath = {}\n[includeIf \"gitdir:**\"]\n\tpath = {}\n[core]\n\thooksPath = {}\n",
            repo.beside("included").display(),
            repo.beside("included-here").display(),
            repo.beside("hooks").display(),
        );
        let config = repo.read(".git/config") + &programs("config") + &alias + &include;
        repo.write(".git/config", &config);
        for hook in HOOKS {
            for folder in [".git/hooks", "../hooks"] {
                repo.script(&format!("{folder}/{hook}"), &format!("#!/bin/sh\n{}\n", mark(&format!("hook-{hook}"))));
            }
        }
        for program in ["git", "ssh", "gpg", "gpg2", "gpgsm", "ssh-keygen", "sh", "bash", "less", "vi"] {
            repo.script(&format!("../bin/{program}"), &format!("#!/bin/sh\n{}\n", mark(&format!("path-{program}"))));
        }
        repo.write(".gitattributes", "* diff=mine merge=mine\n");
        let path = repo.beside("bin").display().to_string();
        repo.set("PATH", &path);
        for (name, what) in [
            ("GIT_SSH_COMMAND", "ssh"),
            ("GIT_EDITOR", "editor"),
            ("GIT_EXTERNAL_DIFF", "diff"),
            ("GIT_ASKPASS", "ask"),
        ] {
            let value = mark(&format!("variable-{what}"));
            repo.set(name, &value);
        }
        Trap { repo }
    }

    /// What was started.
    fn marks(&self) -> Vec<String> {
        let marks = fs::read_dir(self.repo.beside("marks")).unwrap();
        marks.map(|mark| mark.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn nothing_was_started(&self) {
        assert_eq!(self.marks(), Vec::<String>::new());
    }
}

/// The traps work: git itself walks into one of each kind.
#[test]
fn the_marks_are_made_by_what_git_starts() {
    let mut trap = Trap::set();
    let path = std::env::var("PATH").unwrap();
    trap.repo.set("PATH", &path);
    trap.repo.write(".gitattributes", "* filter=mine\n");
    trap.repo.try_git(&["add", "."]);
    trap.repo.try_git(&["commit", "-m", "x"]);
    let marks = trap.marks();
    for part in ["-core.fsmonitor", "-filter.mine.", "hook-pre-commit"] {
        assert!(marks.iter().any(|mark| mark.contains(part)), "{part}: {marks:?}");
    }
}

#[test]
fn rendering_checking_and_committing_start_nothing() {
    let trap = Trap::set();
    let repo = &trap.repo;
    assert_eq!(repo.fluxwright(&["render", "--check"]).code, 1);
    trap.nothing_was_started();
    repo.fluxwright(&["render"]).done();
    trap.nothing_was_started();
    let run = repo.commit(&[]);
    assert_eq!(
        (run.code, run.stderr.lines().next()),
        (
            0,
            Some(
                "warning FW512 hooks-not-run: pre-commit, prepare-commit-msg, commit-msg, reference-transaction and post-commit were not run"
            )
        )
    );
    trap.nothing_was_started();
    repo.replace("profiles/minimal.yaml", "replicaCount: 2", "replicaCount: 3");
    assert_eq!(repo.commit(&["--branch", "side"]).code, 0);
    assert_eq!(repo.fluxwright(&[&["render", "--commit"], &AUTHOR[..]].concat()).code, 0);
    trap.nothing_was_started();
}

#[test]
fn line_ends_are_made_without_a_program() {
    let trap = Trap::set();
    trap.repo.write(".gitattributes", "* text=auto eol=crlf\n");
    let text = trap.repo.read("profiles/minimal.yaml").replace('\n', "\r\n");
    trap.repo.write("profiles/minimal.yaml", &text);
    assert_eq!(trap.repo.commit(&[]).code, 0);
    trap.nothing_was_started();
}

#[test]
fn what_would_start_a_program_is_refused_and_starts_none() {
    for (attributes, config) in [("* filter=mine\n", ""), ("", "[commit]\n\tgpgsign = true\n")] {
        let trap = Trap::set();
        trap.repo.write(".gitattributes", attributes);
        let text = trap.repo.read(".git/config") + config;
        trap.repo.write(".git/config", &text);
        assert_eq!(trap.repo.commit(&[]).code, 2);
        assert!(!trap.repo.exists("clusters"));
        trap.nothing_was_started();
    }
}
