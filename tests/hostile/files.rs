//! What stands in a folder: links, pipes, sockets, what nobody may read, and names that are hard to say.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::Expects::{Finding, Nothing};
use crate::Table;
use crate::repo::{OUTSIDE, Repo, SYNC, documents, json, map, unit};

pub fn rows(table: &mut Table) {
    links_to_files(table);
    links_to_folders(table);
    stranger_things(table);
    locked(table);
    file_names(table);
    folder_names(table);
    entries(table);
    around(table);
}

fn outside(repo: &Repo) {
    fs::write(repo.outside().join("x.yaml"), map(OUTSIDE, &format!("  a: {OUTSIDE}\n"))).unwrap();
    fs::write(repo.outside().join("text"), OUTSIDE).unwrap();
    fs::write(repo.outside().join("kustomization.yaml"), "resources: [x.yaml]\n").unwrap();
}

fn links_to_files(table: &mut Table) {
    let targets: [(&str, &str); 9] = [
        ("a-link-out-of-the-repo", "../../outside/x.yaml"),
        ("a-link-to-the-passwords", "/etc/passwd"),
        ("a-link-to-nothing", "nowhere.yaml"),
        ("a-link-to-itself", "x.yaml"),
        ("a-link-to-zeros-without-end", "/dev/zero"),
        ("a-link-to-the-terminal", "/dev/tty"),
        ("a-link-to-standard-input", "/dev/stdin"),
        ("a-link-to-the-memory-of-the-process", "/proc/self/mem"),
        ("a-link-to-a-folder-in-the-place-of-a-file", "/etc"),
    ];
    for (name, target) in targets {
        table.row(&format!("{name}-in-a-folder-that-is-applied"), Nothing, move |repo| {
            outside(repo);
            repo.apps("");
            repo.write("apps/y.yaml", map("web", ""));
            repo.link("apps/x.yaml", Path::new(target));
        });
        table.row(&format!("{name}-that-is-listed"), Finding, move |repo| {
            outside(repo);
            repo.kustomize("resources: [web.yaml, x.yaml]\n");
            repo.link("apps/x.yaml", Path::new(target));
        });
    }
    table.row("a-link-out-of-the-repo-by-an-absolute-path", Finding, |repo| {
        outside(repo);
        repo.kustomize("resources: [x.yaml]\n");
        repo.link("apps/x.yaml", repo.outside().join("x.yaml"));
    });
    table.row("two-links-in-a-circle", Finding, |repo| {
        repo.kustomize("resources: [x.yaml]\n");
        repo.link("apps/x.yaml", Path::new("y.yaml"));
        repo.link("apps/y.yaml", Path::new("x.yaml"));
    });
    table.row("a-chain-of-a-hundred-links", Nothing, |repo| {
        repo.kustomize("resources: ['0.yaml']\n");
        (0..100).for_each(|at| repo.link(&format!("apps/{at}.yaml"), format!("{}.yaml", at + 1)));
        repo.write("apps/100.yaml", map("web", ""));
    });
    for (name, target) in [
        ("a-sync-file-that-is-a-link-to-zeros", "/dev/zero"),
        ("a-sync-file-that-is-a-link-to-nothing", "nowhere"),
        ("a-sync-file-that-is-a-link-out-of-the-repo", "../../../../outside/x.yaml"),
    ] {
        table.row(name, Nothing, move |repo| {
            outside(repo);
            repo.link("clusters/a/flux-system/gotk-sync.yaml", Path::new(target));
        });
    }
    for (name, target) in [
        ("a-kustomization-that-is-a-link-to-zeros", "/dev/zero"),
        ("a-kustomization-that-is-a-link-to-nothing", "nowhere"),
        ("a-kustomization-that-is-a-link-out-of-the-repo", "../../outside/kustomization.yaml"),
    ] {
        table.row(name, Nothing, move |repo| {
            outside(repo);
            repo.app(map("web", ""));
            repo.link("apps/kustomization.yaml", Path::new(target));
        });
    }
    for key in ["files", "envs"] {
        table.row(&format!("a-generator-whose-{key}-are-links-out-of-the-repo"), Finding, move |repo| {
            outside(repo);
            repo.kustomize(format!("configMapGenerator: [{{name: a, {key}: [text]}}]\n"));
            repo.link("apps/text", Path::new("../../outside/text"));
        });
    }
}

fn links_to_folders(table: &mut Table) {
    for (name, target) in [
        ("a-folder-that-is-a-link-out-of-the-repo", "../../outside"),
        ("a-folder-that-is-a-link-to-the-system", "/etc"),
        ("a-folder-that-is-a-link-to-processes", "/proc"),
        ("a-folder-that-is-a-link-to-the-root", "/"),
        ("a-folder-that-is-a-link-to-where-it-stands", "."),
        ("a-folder-that-is-a-link-to-what-is-above", ".."),
    ] {
        table.row(&format!("{name}-and-is-applied"), Nothing, move |repo| {
            outside(repo);
            repo.cluster(&[("apps.yaml", &unit("apps", "./apps/link", ""))]);
            repo.write("apps/y.yaml", map("web", ""));
            repo.link("apps/link", Path::new(target));
        });
        table.row(&format!("{name}-and-is-listed"), Finding, move |repo| {
            outside(repo);
            repo.kustomize("resources: [link]\n");
            repo.link("apps/link", Path::new(target));
        });
    }
    table.row("a-file-behind-a-link-out-of-the-repo", Finding, |repo| {
        outside(repo);
        repo.kustomize("resources: [link/x.yaml]\n");
        repo.link("apps/link", Path::new("../../outside"));
    });
    table.row("a-generator-that-reads-behind-a-link-out-of-the-repo", Finding, |repo| {
        outside(repo);
        repo.kustomize("configMapGenerator: [{name: a, files: [link/text]}]\n");
        repo.link("apps/link", Path::new("../../outside"));
    });
    table.row("a-patch-behind-a-link-out-of-the-repo", Finding, |repo| {
        outside(repo);
        fs::write(repo.outside().join("patch.yaml"), map("web", &format!("  a: {OUTSIDE}\n"))).unwrap();
        repo.transformed("patches: [{path: link/patch.yaml}]\n");
        repo.link("apps/link", Path::new("../../outside"));
    });
    table.row("a-hole-of-four-gigabytes-behind-a-link", Finding, |repo| {
        Repo::hole(&repo.outside().join("hole"), 4 << 30);
        repo.kustomize("configMapGenerator: [{name: a, files: [link/hole]}]\n");
        repo.link("apps/link", Path::new("../../outside"));
    });
    table.row("clusters-that-are-a-link", Nothing, |repo| {
        repo.write("real/a/flux-system/gotk-sync.yaml", SYNC);
        repo.link("clusters", Path::new("real"));
    });
    table.row("a-repo-that-is-a-link-in-itself", Nothing, |repo| {
        repo.app(map("web", ""));
        repo.link("apps/repo", repo.root());
    });
    table.row("a-path-through-a-link-a-hundred-times", Finding, |repo| {
        repo.cluster(&[("apps.yaml", &unit("apps", &format!("./apps{}", "/link".repeat(100)), ""))]);
        repo.write("apps/y.yaml", map("web", ""));
        repo.link("apps/link", Path::new("."));
    });
}

fn stranger_things(table: &mut Table) {
    table.row("a-pipe-in-a-folder-that-is-applied", Nothing, |repo| {
        repo.app(map("web", ""));
        repo.fifo("apps/pipe.yaml");
    });
    table.row("a-pipe-that-is-listed", Finding, |repo| {
        repo.kustomize("resources: [pipe.yaml]\n");
        repo.fifo("apps/pipe.yaml");
    });
    table.row("a-pipe-in-the-place-of-a-kustomization", Nothing, |repo| {
        repo.app(map("web", ""));
        repo.fifo("apps/kustomization.yaml");
    });
    table.row("a-pipe-in-the-place-of-a-sync-file", Nothing, |repo| repo.fifo("clusters/a/flux-system/gotk-sync.yaml"));
    table.row("a-pipe-in-the-place-of-flux", Nothing, |repo| {
        repo.cluster(&[]);
        repo.fifo("clusters/a/flux-system/gotk-components.yaml");
    });
    table.row("a-pipe-for-a-generator", Finding, |repo| {
        repo.kustomize("configMapGenerator: [{name: a, files: [pipe], envs: [pipe]}]\n");
        repo.fifo("apps/pipe");
    });
    table.row("a-pipe-for-a-patch", Finding, |repo| {
        repo.transformed("patches: [{path: pipe}]\nreplacements: [{path: pipe}]\n");
        repo.fifo("apps/pipe");
    });
    table.row("a-pipe-that-says-what-git-ignores", Nothing, |repo| {
        repo.app(map("web", ""));
        for name in [".gitignore", ".sourceignore", ".gitmodules", ".sops.yaml"] {
            repo.fifo(name);
        }
    });
    table.row("a-socket-in-a-folder-that-is-applied", Nothing, |repo| {
        repo.app(map("web", ""));
        drop(UnixListener::bind(repo.at("apps/socket.yaml")).unwrap());
    });
    table.row("a-socket-that-is-listed", Finding, |repo| {
        repo.kustomize("resources: [socket.yaml]\n");
        drop(UnixListener::bind(repo.at("apps/socket.yaml")).unwrap());
    });
    for name in ["x.yaml", "kustomization.yaml"] {
        table.row(&format!("a-folder-by-the-name-of-{}", name.replace('.', "-")), Nothing, move |repo| {
            repo.apps("");
            repo.write(format!("apps/{name}/y.yaml"), map("web", ""));
        });
    }
    table.row("a-folder-by-the-name-of-a-sync-file", Nothing, |repo| {
        repo.write("clusters/a/flux-system/gotk-sync.yaml/x.yaml", SYNC);
        repo.write("clusters/b/flux-system/gotk-sync.yaml/gotk-sync.yaml", SYNC);
    });
    table.row("a-hole-of-four-gigabytes", Nothing, |repo| {
        repo.app(map("web", ""));
        Repo::hole(&repo.at("apps/hole.yaml"), 4 << 30);
    });
    table.row("a-hole-of-a-terabyte", Nothing, |repo| {
        repo.app(map("web", ""));
        Repo::hole(&repo.at("apps/hole.yaml"), 1 << 40);
    });
    table.row("a-sync-file-of-four-gigabytes", Nothing, |repo| {
        Repo::hole(&repo.at("clusters/a/flux-system/gotk-sync.yaml"), 4 << 30);
    });
    table.row("a-file-of-four-gigabytes-that-is-no-manifest", Nothing, |repo| {
        repo.app(map("web", ""));
        Repo::hole(&repo.at("disk.img"), 4 << 30);
    });
}

fn locked(table: &mut Table) {
    for (name, path) in [
        ("a-manifest-that-nobody-may-read", "apps/x.yaml"),
        ("a-folder-that-nobody-may-read", "apps"),
        ("a-sync-file-that-nobody-may-read", "clusters/a/flux-system/gotk-sync.yaml"),
        ("a-cluster-that-nobody-may-read", "clusters/a"),
        ("a-git-that-nobody-may-read", ".git"),
    ] {
        table.row(name, Nothing, move |repo| {
            repo.app(map("web", ""));
            repo.lock(path);
        });
    }
    table.row("a-kustomization-that-nobody-may-read", Nothing, |repo| {
        repo.kustomize("resources: [web.yaml]\n");
        repo.lock("apps/kustomization.yaml");
    });
    table.row("a-folder-that-nobody-may-read-and-nobody-needs", Nothing, |repo| {
        repo.app(map("web", ""));
        repo.write("private/x.yaml", "a: b\n");
        repo.lock("private");
    });
}

const NAMES: &[(&str, &[u8])] = &[
    ("with-blanks", b"  a  b  "),
    ("with-line-breaks", b"a\nb\r\nc"),
    ("that-is-no-text", b"a\xff\xfeb"),
    ("with-a-null-in-utf-8", b"a\xc0\x80b"),
    ("with-a-backslash", b"a\\b"),
    ("with-backslashes-that-lead-out-of-the-repo", b"..\\..\\..\\outside\\x"),
    ("that-is-a-dash", b"-"),
    ("that-is-an-argument", b"--help"),
    ("that-is-a-command", b"$(id)`id`;id|id&"),
    ("that-is-a-format", b"%s%n{}{0}{{a}}%25"),
    ("that-is-a-variable", b"${a:-${b"),
    ("with-quotes", b"'a\"b"),
    ("with-the-signs-of-a-terminal", b"\x1b[2J\x1b]0;owned\x07\x08\x7f"),
    ("that-is-a-command-of-github", b"a\n::error file=x::owned"),
    ("that-is-a-table-of-markdown", b"|a|`b`<script>[x](y)"),
    ("from-right-to-left", "a\u{202e}lmay.b".as_bytes()),
    ("that-nobody-can-see", "\u{200b}\u{feff}".as_bytes()),
    ("of-pictures", "👩‍👩‍👧‍👦".as_bytes()),
    ("with-a-tilde", b"~"),
    ("with-a-number-sign", b"#a#"),
    ("that-looks-like-an-address", b"https:"),
    ("that-looks-remote", b"git@example.com:a?ref=b"),
    ("of-yaml", b"- a: [b"),
    ("of-three-dots", b"..."),
    ("that-begins-with-a-dot", b".a"),
    ("with-a-star", b"**"),
];

fn file_names(table: &mut Table) {
    for (name, bytes) in NAMES {
        table.row(&format!("a-file-name-{name}"), Nothing, move |repo| {
            repo.apps("");
            outside(repo);
            let named = |end: &str| [*bytes, end.as_bytes()].concat();
            let at = |path: &str, end: &str| Path::new(path).join(OsStr::from_bytes(&named(end)));
            repo.write(at("apps", ".yaml"), map("web", ""));
            repo.write(at("apps", ".yml"), "a: [\n");
            repo.write(at("", ".yaml"), map("more", ""));
            repo.write(at("", ""), "x");
            repo.write(at("listed", ".yaml"), map("listed", ""));
            let entry = json(&String::from_utf8_lossy(&named(".yaml")));
            repo.write("listed/kustomization.yaml", format!("resources: [{entry}]\n"));
            repo.write("clusters/a/listed.yaml", unit("listed", "./listed", ""));
        });
    }
    table.row("a-file-name-of-255-bytes", Nothing, |repo| {
        repo.apps("");
        repo.write(format!("apps/{}.yaml", "x".repeat(250)), "a: [\n");
    });
    table.row("file-names-that-differ-in-case", Nothing, |repo| {
        repo.apps("");
        for name in ["KUSTOMIZATION.YAML", "Kustomization.yaml", "X.YAML", "x.yaml", "x.YAML", "gotk-sync.yaml"] {
            repo.write(format!("apps/{name}"), map("web", ""));
        }
    });
    table.row("file-names-that-look-the-same", Nothing, |repo| {
        repo.apps("");
        repo.write("apps/\u{e9}.yaml", map("web", ""));
        repo.write("apps/e\u{301}.yaml", map("web", ""));
    });
}

fn folder_names(table: &mut Table) {
    for (name, bytes) in NAMES {
        table.row(&format!("a-folder-name-{name}"), Nothing, move |repo| {
            outside(repo);
            let folder = Path::new(OsStr::from_bytes(bytes));
            let said = String::from_utf8_lossy(bytes).into_owned();
            let path = json(&format!("./clusters/{said}"));
            repo.write(
                Path::new("clusters").join(folder).join("flux-system/gotk-sync.yaml"),
                SYNC.replace("./clusters/a", &path),
            );
            repo.write(
                Path::new("clusters").join(folder).join("apps.yaml"),
                unit("apps", &json(&format!("./{said}")), ""),
            );
            repo.write(folder.join("kustomization.yaml"), "resources: [x.yaml, none.yaml]\n");
            repo.write(folder.join("x.yaml"), "a: [\n");
        });
    }
    table.row("a-repo-that-is-only-a-folder-named-dash", Nothing, |repo| {
        fs::create_dir(repo.at("-")).unwrap();
    });
    table.row("a-folder-five-hundred-deep", Nothing, |repo| {
        let deep = "a/".repeat(500);
        repo.cluster(&[("apps.yaml", &unit("apps", &format!("./{deep}"), ""))]);
        repo.write(format!("{deep}x.yaml"), map("web", ""));
    });
    table.row("a-folder-five-hundred-deep-that-is-applied-whole", Nothing, |repo| {
        repo.apps("");
        let mut path = "apps/".to_owned();
        for at in 0..500 {
            repo.write(format!("{path}x.yaml"), map(&format!("w{at}"), ""));
            path += "a/";
        }
    });
    table.row("a-path-longer-than-the-system-allows", Nothing, |repo| {
        repo.app(map("web", ""));
        let script =
            "i=0; while [ $i -lt 30 ]; do mkdir $0 && cd -P ./$0 2>/dev/null; i=$((i+1)); done; echo 'a: [' >x.yaml";
        let mut shell = std::process::Command::new("sh");
        let made = shell.args(["-c", script, &"x".repeat(200)]).current_dir(repo.root().join("apps")).status().unwrap();
        assert!(made.success());
    });
}

fn entries(table: &mut Table) {
    let entries: [(&str, &str); 20] = [
        ("out-of-the-repo", "../../outside/x.yaml"),
        ("far-out-of-the-repo", "../../../../../../../../../../../../etc/passwd"),
        ("of-an-absolute-path", "/etc/passwd"),
        ("of-a-file-address", "file:///etc/passwd"),
        ("of-nothing", ""),
        ("of-a-blank", " "),
        ("of-a-null-byte", "a\0b.yaml"),
        ("of-line-breaks", "\n\n"),
        ("of-a-tilde", "~/x.yaml"),
        ("of-slashes", "////////"),
        ("of-a-file-and-a-slash", "web.yaml/"),
        ("of-what-is-below-a-file", "web.yaml/x.yaml"),
        ("of-a-backslash", "..\\..\\outside\\x.yaml"),
        ("of-the-git-folder", "../.git"),
        ("of-a-device", "/dev/zero"),
        ("of-a-half-address", "https://"),
        ("of-a-port-that-is-none", "https://[::1]:99999999/x?ref=%zz"),
        ("of-a-ref-that-is-none", "?ref=../.."),
        ("of-the-signs-of-a-terminal", "\u{1b}[2J\u{202e}.yaml"),
        ("of-a-star", "*.yaml"),
    ];
    for (name, entry) in entries {
        // What looks like an address is not fetched, and that is a note.
        let remote = entry.contains("://") || entry.contains("?ref=");
        let expects = if remote { Nothing } else { Finding };
        table.row(&format!("an-entry-{name}"), expects, move |repo| {
            outside(repo);
            let entry = json(entry);
            repo.transformed(&format!(
                "bases: [{entry}]\ncomponents: [{entry}]\ncrds: [{entry}]\nconfigurations: [{entry}]\nopenapi: {{path: {entry}}}\n\
                 transformers: [{entry}]\ngenerators: [{entry}]\npatches: [{{path: {entry}}}]\nreplacements: [{{path: {entry}}}]\n\
                 configMapGenerator: [{{name: a, files: [{entry}]}}, {{name: b, envs: [{entry}]}}, {{name: c, env: {entry}}}]\n"
            ));
        });
    }
    table.row("an-entry-of-a-million-letters", Finding, |repo| {
        repo.kustomize(format!("resources: ['{}']\n", "x".repeat(1_000_000)));
    });
    table.row("an-entry-of-a-million-steps-up-and-down", Finding, |repo| {
        repo.kustomize(format!("resources: ['{}']\n", "a/../".repeat(500_000)));
    });
    table.row("an-entry-of-a-million-folders", Finding, |repo| {
        repo.kustomize(format!("resources: ['{}x.yaml']\n", "a/".repeat(500_000)));
    });
    table.row("ten-thousand-entries-that-are-not-there", Finding, |repo| {
        let entries: Vec<String> = (0..10_000).map(|at| format!("none-{at}.yaml")).collect();
        repo.kustomize(format!("resources: [{}]\n", entries.join(", ")));
    });
    table.row("an-entry-ten-thousand-times", Finding, |repo| {
        repo.kustomize(format!("resources: [{}]\n", "web.yaml, ".repeat(10_000)));
    });
}

fn around(table: &mut Table) {
    table.row("a-git-that-is-a-file-of-nothing", Nothing, |repo| git(repo, Some("")));
    table.row("a-git-that-leads-nowhere", Nothing, |repo| git(repo, Some("gitdir: /nowhere/at/all\n")));
    table.row("a-git-that-leads-to-itself", Nothing, |repo| git(repo, Some("gitdir: .git\n")));
    table.row("a-git-that-is-noise", Nothing, |repo| git(repo, Some("\u{0}\u{1}\u{2}gitdir: \u{ff}")));
    table.row("a-repo-without-git", Nothing, |repo| git(repo, None));
    table.row("a-git-with-a-head-of-noise", Nothing, |repo| {
        repo.app(map("web", ""));
        repo.write(".git/HEAD", [0xff; 4096]);
        repo.write(".git/config", "[core\n\trepositoryformatversion = 999999999999999999999\n");
        repo.write(".git/index", [0xff; 4096]);
    });
    table.row("lists-of-what-to-ignore-that-are-noise", Nothing, |repo| {
        repo.app(map("web", ""));
        for name in [".sourceignore", "apps/.sourceignore", ".gitignore", ".fluxwright/version", ".sops.yaml"] {
            repo.write(name, "[\n**/**/**/**/**/**/**/**/**/**/*a*b*c*d*e*\n!\n\\\n!/\n[!\u{0}-\n".repeat(1000));
        }
        repo.write("apps/.gitignore", b"\xff\xfe\n");
    });
    table.row("a-sourceignore-of-a-hundred-thousand-lines", Nothing, |repo| {
        repo.app(documents((0..200).map(|at| map(&format!("w{at}"), ""))));
        (0..200).for_each(|at| repo.write(format!("apps/f{at}.yaml"), map(&format!("f{at}"), "")));
        let lines: String = (0..100_000).map(|at| format!("/**/x{at}*/**\n")).collect();
        repo.write(".sourceignore", lines);
    });
}

fn git(repo: &Repo, text: Option<&str>) {
    repo.app(map("web", ""));
    fs::remove_dir(repo.at(".git")).unwrap();
    if let Some(text) = text {
        repo.write(".git", text);
    }
}
