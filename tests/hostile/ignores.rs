//! Comments that tell us to be silent, and are hard to understand.

use crate::Expects::{self, Nothing};
use crate::Table;
use crate::repo::{map, unit};

pub fn rows(table: &mut Table) {
    left_out(table);
    let comments: [(&str, Expects, &str); 18] = [
        ("of-nothing", Nothing, "# fluxwright: ignore"),
        ("without-a-blank", Nothing, "#fluxwright:ignore"),
        ("of-a-code-that-is-none", Nothing, "# fluxwright: ignore FW999 because"),
        ("of-a-name-that-is-none", Nothing, "# fluxwright: ignore no/such/rule because"),
        ("without-a-reason", Nothing, "# fluxwright: ignore FW708"),
        ("with-a-reason-of-a-blank", Nothing, "# fluxwright: ignore FW708  "),
        ("of-commas", Nothing, "# fluxwright: ignore ,,,, because"),
        ("of-brackets", Nothing, "# fluxwright: ignore [FW708 (because {"),
        ("of-a-star", Nothing, "# fluxwright: ignore * because"),
        ("of-itself", Nothing, "# fluxwright: ignore ignore FW795 FW796 ignore-without-reason unused-ignore"),
        ("of-another-word", Nothing, "# fluxwright: explode FW708 because"),
        ("of-capitals", Nothing, "# FLUXWRIGHT: IGNORE fw708 BECAUSE"),
        ("from-right-to-left", Nothing, "# fluxwright: ignore FW708 \u{202e}because\u{2066}"),
        ("of-letters-of-many-bytes", Nothing, "# fluxwright: ignore 名前👩‍👩‍👧‍👦é\u{301}"),
        ("of-other-blanks", Nothing, "#\u{a0}fluxwright:\u{2003}ignore\u{3000}FW708\u{200b}because"),
        ("of-colons", Nothing, "# fluxwright::::: ignore: FW708: : because:"),
        ("with-numbers-that-fit-nowhere", Nothing, "# fluxwright: ignore FW99999999999999999999 FW-1 FW because"),
        ("of-tabs", Nothing, "#\tfluxwright:\tignore\tFW708\tbecause"),
    ];
    for (name, expects, comment) in comments {
        table.row(&format!("an-ignore-{name}"), expects, move |repo| everywhere(repo, comment));
    }
    table.row("an-ignore-of-a-million-letters", Nothing, |repo| {
        everywhere(repo, &format!("# fluxwright: ignore FW708 {}", "x".repeat(1_000_000)));
    });
    table.row("an-ignore-of-ten-thousand-codes", Nothing, |repo| {
        let codes: Vec<String> = (0..10_000).map(|at| format!("FW{at}")).collect();
        everywhere(repo, &format!("# fluxwright: ignore {} because", codes.join(",")));
    });
    table.row("a-hundred-thousand-ignores", Nothing, |repo| {
        repo.app("# fluxwright: ignore FW708 because\n".repeat(100_000) + &map("web", ""));
    });
    table.row("an-ignore-behind-every-line", Nothing, |repo| {
        let lines: String =
            (0..20_000).map(|at| format!("  k{at}: yes # fluxwright: ignore FW706 because\n")).collect();
        repo.app(map("web", &lines));
    });
    table.row("an-ignore-in-a-file-that-is-no-text", Nothing, |repo| {
        repo.app(b"# fluxwright: ignore FW701 because\n\xff\xfe\n".as_slice());
    });
    table.row("an-ignore-in-a-file-that-is-torn", Nothing, |repo| {
        repo.app("# fluxwright: ignore FW701 because\na: [ # fluxwright: ignore FW701 because\n");
    });
    table.row("an-ignore-behind-carriage-returns", Nothing, |repo| {
        repo.app(format!("# fluxwright: ignore FW708 because\r\r\n{}", map("web", "").replace('\n', "\r\n")));
    });
}

/// At the beginning, behind a value, in a text, at the end without a line break: in each kind of file.
fn everywhere(repo: &crate::repo::Repo, comment: &str) {
    let all = |text: &str| {
        let lines: Vec<String> = text.lines().map(|line| format!("{line} {comment}\n")).collect();
        format!("{comment}\n{}{comment}", lines.concat())
    };
    repo.cluster(&[("apps.yaml", &all(&unit("apps", "./apps", "")))]);
    repo.write("apps/kustomization.yaml", all("resources:\n- x.yaml\n- none.yaml\n"));
    repo.write(
        "apps/x.yaml",
        all(&map("WEB", "")) + "\n" + &format!("  text: |\n    {comment}\n    x\n  b: '{comment}'"),
    );
}

/// What a `.sourceignore` says.
fn left_out(table: &mut Table) {
    let texts: [(&str, String); 9] = [
        ("a-hundred-thousand-patterns", (0..100_000).map(|at| format!("*/a{at}*.yaml\n")).collect()),
        ("a-hundred-thousand-names", (0..100_000).map(|at| format!("a{at}.yaml\n")).collect()),
        ("a-pattern-of-sixty-thousand-stars", "*".repeat(60_000)),
        ("a-pattern-of-stars-and-letters", "*a".repeat(30_000)),
        ("a-pattern-of-ten-thousand-folders", "**/a/".repeat(10_000)),
        ("braces-in-braces", "{a,".repeat(15_000) + &"}".repeat(15_000)),
        ("classes-that-are-not-closed", "[a-z\n[!\n[]\n\\\n!\n\0\n".repeat(200)),
        ("two-thousand-patterns", (0..2000).map(|at| format!("*/a{at}*[x-z]?.yaml\n")).collect()),
        ("everything", "/*\n".to_owned()),
    ];
    for (name, text) in texts {
        table.row(&format!("a-sourceignore-of-{name}"), Nothing, move |repo| {
            repo.app(map("web", ""));
            repo.write(".sourceignore", &text);
        });
    }
    table.row("a-sourceignore-in-each-of-ten-thousand-folders", Nothing, |repo| {
        repo.apps("");
        for at in 0..10_000 {
            repo.write(format!("apps/{at}/.sourceignore"), "b*.yaml\n!c.yaml\n");
            repo.write(format!("apps/{at}/a.yaml"), map(&format!("w{at}"), ""));
        }
    });
}
