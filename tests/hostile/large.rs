//! Repos of a size that nobody has, one after the other.

use std::fs;

use crate::Expects::{Finding, Nothing};
use crate::Table;
use crate::repo::{Repo, documents, map};

pub fn rows(table: &mut Table) {
    table.row("a-file-of-a-hundred-megabytes", Nothing, |repo| {
        repo.app(map("web", &format!("  a: {}\n", "x".repeat(100_000_000))));
    });
    table.row("a-file-of-a-hundred-megabytes-of-short-lines", Nothing, |repo| {
        repo.app(map("web", "") + &"# a: b\n".repeat(14_000_000));
    });
    table.row("a-file-of-a-hundred-megabytes-that-nothing-applies", Nothing, |repo| {
        repo.app(map("web", ""));
        repo.write("large.yaml", "a: b\n".repeat(20_000_000));
    });
    table.row("a-file-of-a-hundred-megabytes-that-is-no-manifest", Nothing, |repo| {
        repo.app(map("web", ""));
        repo.write("large.bin", vec![b'x'; 100_000_000]);
    });
    table.row("a-sync-file-of-a-hundred-megabytes", Nothing, |repo| {
        repo.write("clusters/a/flux-system/gotk-sync.yaml", "a: b\n".repeat(20_000_000));
    });
    table.row("a-generator-of-a-hundred-megabytes", Nothing, |repo| {
        repo.kustomize("configMapGenerator: [{name: a, files: [large]}]\n");
        repo.write("apps/large", vec![b'x'; 100_000_000]);
    });
    table.row("a-file-of-fifteen-megabytes", Nothing, |repo| {
        repo.app(map("web", &"  ? a\n  : {b: [c, d, e]}\n".repeat(500_000)));
    });
    table.row("twenty-thousand-documents-in-a-file", Nothing, |repo| {
        repo.app(documents((0..20_000).map(|at| map(&format!("w{at}"), ""))));
    });
    table.row("twenty-thousand-documents-without-a-name", Finding, |repo| {
        repo.app(documents((0..20_000).map(|_| "apiVersion: v1\nkind: ConfigMap\n".to_owned())));
    });
    table.row("a-hundred-thousand-files-that-are-no-manifests", Nothing, |repo| {
        repo.app(map("web", ""));
        files(repo, "docs", 100_000, |at| (format!("{at}.md"), "x".to_owned()));
    });
    table.row("a-hundred-thousand-files-that-nothing-applies", Nothing, |repo| {
        repo.app(map("web", ""));
        files(repo, "more", 100_000, |at| (format!("{at}.yaml"), "a: b\n".to_owned()));
    });
    table.row("a-hundred-thousand-files-that-are-applied", Nothing, |repo| {
        repo.apps("");
        files(repo, "apps", 100_000, |at| {
            let name = format!("{at}.yaml");
            (name, format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: w{at}, namespace: a}}}}\n"))
        });
    });
    table.row("fifty-thousand-empty-folders", Nothing, |repo| {
        repo.app(map("web", ""));
        (0..50_000).for_each(|at| fs::create_dir_all(repo.root().join(format!("apps/{at}"))).unwrap());
    });
    table.row("ten-thousand-folders-with-a-kustomization", Nothing, |repo| {
        repo.apps("");
        for at in 0..10_000 {
            repo.write(format!("apps/{at}/kustomization.yaml"), "resources: [x.yaml]\n");
            repo.write(format!("apps/{at}/x.yaml"), map(&format!("w{at}"), ""));
        }
    });
    table.row("fifty-thousand-files-with-a-line-that-is-torn", Finding, |repo| {
        repo.apps("");
        files(repo, "apps", 50_000, |at| (format!("{at}.yaml"), "a: [\n".to_owned()));
    });
}

/// Many files in folders of a thousand.
fn files(repo: &Repo, folder: &str, count: usize, one: impl Fn(usize) -> (String, String)) {
    for thousand in 0..count / 1000 {
        let folder = repo.root().join(format!("{folder}/{thousand}"));
        fs::create_dir_all(&folder).unwrap();
        for at in thousand * 1000..(thousand + 1) * 1000 {
            let (name, text) = one(at);
            fs::write(folder.join(name), text).unwrap();
        }
    }
}
