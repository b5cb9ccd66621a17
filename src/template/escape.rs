//! How a value is written into each kind of file, so that it stays one value there.
//!
//! The kind is the file's ending before `.j2`. A second ending `.tpl` says that the text is a Go template too (an
//! ExternalSecret's), where `{{` in a value must not begin an action.

use crate::problem::shell_word;

/// The kind whose values become slots: YAML and JSON.
pub const SLOT: &str = "slot";
/// The kind for text that is YAML to whoever reads it, not an object to us: what an object carries as one value.
pub const YAML_TEXT: &str = "yaml.txt";
/// The same as [`SLOT`] for Terraform's JSON, where a text is a template of Terraform, too.
pub const TERRAFORM_SLOT: &str = "terraform slot";

/// The endings that have an escaper, for hints.
pub const KINDS: &[&str] =
    &["x.yaml.j2", "x.json.j2", "x.tf.json.j2", "x.yaml.txt.j2", "x.sh.j2", "x.conf.j2", "x.conf.tpl.j2", "x.md.j2"];

/// The escaper for a template's path; none means that the kind is refused.
pub fn for_file(path: &str) -> Option<&'static str> {
    let name = path.strip_suffix(".j2")?;
    let (name, go) = match name.strip_suffix(".tpl") {
        Some(name) => (name, true),
        None => (name, false),
    };
    if name.ends_with(".tf.json") {
        return (!go).then_some(TERRAFORM_SLOT);
    }
    match (name.rsplit_once('.')?.1, go) {
        ("yaml" | "yml" | "json", false) => Some(SLOT),
        ("txt", false) if name.ends_with(".yaml.txt") => Some(YAML_TEXT),
        ("sh", false) => Some("sh"),
        ("md", false) => Some("md"),
        ("conf", false) => Some("conf"),
        ("conf", true) => Some("conf.tpl"),
        _ => None,
    }
}

/// A value as the file of that kind writes it; `whole_file` when it is another file, put in with `text(…)`.
///
/// # Errors
/// A value that the file cannot hold.
pub fn escape(kind: &str, value: &str, whole_file: bool) -> Result<String, String> {
    match kind {
        "conf" | "md" if whole_file => Ok(value.to_owned()),
        "conf.tpl" if whole_file => Ok(go_template(value)),
        "sh" => shell(value),
        "conf" => gcfg(value),
        "conf.tpl" => gcfg(value).map(|text| go_template(&text)),
        "md" => Ok(markdown(value)),
        _ => Ok(value.to_owned()),
    }
}

/// A word as it is where nothing in it is special, else in POSIX single quotes.
fn shell(value: &str) -> Result<String, String> {
    if value.contains('\0') {
        return Err("a shell word cannot hold a NUL character".to_owned());
    }
    Ok(shell_word(value))
}

/// `${` and `%{` begin something in a text of Terraform; doubled they do not (developer.hashicorp.com, JSON Configuration Syntax).
pub fn terraform(value: &str) -> String {
    value.replace("${", "$${").replace("%{", "%%{")
}

/// A text as code of a Markdown file: in as many backticks as it takes.
pub fn markdown_code(value: &str) -> String {
    let fence = "`".repeat(longest_run(value) + 1);
    let space = if value.starts_with('`') || value.ends_with('`') { " " } else { "" };
    let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{fence}{space}{line}{space}{fence}")
}

/// Lines of text as a block of a Markdown file.
pub fn markdown_block(value: &str, language: &str) -> String {
    let fence = "`".repeat((longest_run(value) + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}", value.trim_end())
}

fn longest_run(value: &str) -> usize {
    value.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A quoted value of gcfg v1.2.3: only `\\`, `\"`, `\n` and `\t` are escapes; CR is dropped silently by the reader
/// (go-gcfg/gcfg scanner/scanner.go), so it is refused here.
fn gcfg(value: &str) -> Result<String, String> {
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err("csi-vsphere.conf and its like cannot hold control characters".to_owned());
    }
    let escaped = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n").replace('\t', r"\t");
    Ok(format!("\"{escaped}\""))
}

/// A text in double quotes on one line, with escapes that readers of YAML 1.1 and 1.2 know (both specifications, 5.7). What is
/// neither a letter nor plain ASCII is escaped: some readers break a line at U+0085 or U+2028, or refuse U+007F.
pub fn yaml_text(value: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        _ if c.is_alphanumeric() => c.to_string(),
        _ => format!("\\U{:08x}", u32::from(c)),
    };
    format!("\"{}\"", value.chars().map(escaped).collect::<String>())
}

/// `{{` begins an action of a Go template; as an action that prints itself it does not.
fn go_template(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

fn markdown(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '+' | '!' | '|' | '~' | '&'
        ) {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_word_stays_one_word() {
        assert_eq!(shell("it's $HOME").unwrap(), r"'it'\''s $HOME'");
        assert_eq!(shell("").unwrap(), "''");
        assert_eq!(shell("--path=clusters/a").unwrap(), "--path=clusters/a");
        assert!(shell("a\0b").is_err());
    }

    #[test]
    fn a_gcfg_value_has_the_four_escapes_only() {
        assert_eq!(gcfg("a\\b\"c\nd\te;#").unwrap(), "\"a\\\\b\\\"c\\nd\\te;#\"");
        assert!(gcfg("a\rb").is_err());
    }

    #[test]
    fn a_brace_in_a_go_template_prints_itself() {
        assert_eq!(escape("conf.tpl", "{{x}}", false).unwrap(), "\"{{\"{{\"}}x}}\"");
    }

    #[test]
    fn a_text_of_yaml_comes_back_through_both_readers() {
        let texts = [
            "a: b #c",
            "\"\\",
            "{{x}}",
            "\r\n\t\0",
            "\u{7f}\u{85}\u{2028}\u{feff}\u{e0f0}",
            "ü漢🦀",
            "",
            "1.30",
            "%YAML",
        ];
        for text in texts {
            let yaml = format!("key: {}\n", yaml_text(text));
            assert_eq!(yaml.lines().count(), 1);
            let mut problems = crate::problem::Problems::default();
            let source = crate::problem::Source::new("x", yaml.clone());
            let read = crate::yaml::read(&source, &mut problems).unwrap();
            assert_eq!(read.follow(["key"]).text(), Some(text), "{yaml}");
            let other: serde_yaml::Value = serde_yaml::from_str(&yaml).unwrap();
            assert_eq!(other["key"].as_str(), Some(text), "{yaml}");
        }
    }

    #[test]
    fn a_text_of_terraform_is_no_template() {
        assert_eq!(terraform("a ${b} %{c} $d"), "a $${b} %%{c} $d");
    }

    #[test]
    fn code_in_markdown_has_more_backticks_than_its_text() {
        assert_eq!(markdown_code("a"), "`a`");
        assert_eq!(markdown_code("`a` ``b"), "``` `a` ``b ```");
        assert_eq!(markdown_block("a\n```\n", "sh"), "````sh\na\n```\n````");
    }

    #[test]
    fn a_kind_without_an_escaper_is_refused() {
        assert_eq!(for_file("a/b.toml.j2"), None);
        assert_eq!(for_file("Makefile.j2"), None);
        assert_eq!(for_file("x.yaml.tpl.j2"), None);
        assert_eq!(for_file("x.txt.j2"), None);
        assert_eq!(for_file("files/x.yaml.txt.j2"), Some(YAML_TEXT));
        assert_eq!(for_file("files/x.conf.tpl.j2"), Some("conf.tpl"));
        assert_eq!(for_file("x/main.tf.json.j2"), Some(TERRAFORM_SLOT));
    }
}
