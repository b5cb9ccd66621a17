//! Secrets in the lines of a text: INI, properties, YAML, JSON, files of variables, scripts, arguments, connection strings.
//!
//! Nobody can read every format, and nobody has to: a secret stands behind its name on one line, or is known by its shape.

use super::literals::{self, secret, stands_for_another};
use super::{Secret, keys, shapes};
use crate::flux::given::from_base64;

/// What is found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The line, from 0.
    pub line: usize,
    /// The name beside it; empty if there is none that can be shown.
    pub word: String,
    /// What it is.
    pub secret: Secret,
}

/// Programs that take a password as an argument, and behind what.
const COMMANDS: &[(&str, &str)] = &[
    ("mysql", "-p"),
    ("mysqldump", "-p"),
    ("mysqladmin", "-p"),
    ("mariadb", "-p"),
    ("sshpass", "-p"),
    ("redis-cli", "-a"),
    ("curl", "-u"),
    ("curl", "--user"),
];

/// How lines begin that set something.
const SETTERS: &[&str] =
    &["- ", "export ", "set ", "ENV ", "local ", "declare ", "readonly ", "const ", "let ", "var ", "env "];

/// All that is found, one for each line at most.
pub fn hits(text: &str) -> Vec<Hit> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut named = None;
    for (at, line) in lines.iter().enumerate() {
        let begins_key = line.contains("-----BEGIN ")
            && shapes::private_key(&lines[at..lines.len().min(at + 8)].join("\n"))
            && !lines[at + 1..lines.len().min(at + 8)].iter().any(|next| next.contains("-----BEGIN "));
        let hit = if begins_key || shapes::private_key(line) {
            Some((shown(pair(line).map_or("", |pair| pair.key)), Secret::new("a private key")))
        } else {
            of_line(line, named)
        };
        found.extend(hit.map(|(word, secret)| Hit { line: at, word, secret }));
        named = pair(line).filter(|pair| matches!(pair.key, "name" | "key")).map(|pair| pair.value).or(named);
        if line.trim().is_empty() {
            named = None;
        }
    }
    found
}

/// What a line holds; `named` is what a line before says that its `value:` is called.
pub fn of_line(line: &str, named: Option<&str>) -> Option<(String, Secret)> {
    let pair = pair(line);
    let word = shown(pair.as_ref().map_or("", |pair| pair.key));
    if let Some(secret) = shapes::find(line) {
        return Some((word, secret));
    }
    if is_comment(line) || !line.contains(is_between) {
        return None;
    }
    if let Some(secret) = url_login(line) {
        return Some((word, secret));
    }
    let of_pair = pair.and_then(|pair| {
        let key = named.filter(|_| pair.key == "value").unwrap_or(pair.key);
        of_pair(key, pair.value).map(|secret| (word, secret))
    });
    of_pair.or_else(|| of_user(line)).or_else(|| inside(line)).or_else(|| two_words(line))
}

/// A name and its value.
struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

/// What has to stand between a name and its value, or between the words of a command.
fn is_between(sign: char) -> bool {
    sign.is_whitespace() || "=:<\"'`(|;".contains(sign)
}

fn is_comment(line: &str) -> bool {
    ["#", "//", ";", "-- ", "/*", "* ", "<!--", "rem "].iter().any(|begins| line.trim_start().starts_with(begins))
        && !line.trim_start().starts_with("//r")
}

/// `key = value`, `key: value`, `"key": "value",`, `export KEY=value`.
fn pair(line: &str) -> Option<Pair<'_>> {
    let mut line = line.trim();
    while let Some(rest) = SETTERS.iter().find_map(|begins| line.strip_prefix(begins)) {
        line = rest.trim_start();
    }
    let line = line.trim_start_matches(['{', ' ']);
    let parts = |(at, sign): &(usize, char)| {
        let next = line.get(at + 1..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
        *sign == '=' || (*sign == ':' && (next.is_whitespace() || line[..*at].ends_with(['"', '\''])))
    };
    let (at, _) = line.char_indices().find(parts)?;
    let key = line[..at].trim().trim_end_matches(':').trim().trim_matches(['"', '\'']);
    let key = if key.starts_with("//") { key.rsplit(':').next().unwrap_or(key) } else { key };
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "_.-/@".contains(sign);
    let value = value(line[at + 1..].trim().trim_start_matches('>').trim())?;
    (!key.is_empty() && key.len() <= 80 && key.chars().all(plain)).then_some(Pair { key, value })
}

/// A value without its quotes and what stands behind it; nothing of an expression.
fn value(text: &str) -> Option<&str> {
    if let Some(quote) = text.chars().next().filter(|sign| "\"'`".contains(*sign)) {
        return text[1..].split(quote).next();
    }
    let text = text.split(" #").next().unwrap_or(text).trim().trim_end_matches([',', ';']);
    let expression =
        text.contains(char::is_whitespace) || text.starts_with(['*', '&', '!', '|', '>', '[', '{', '(', '=']);
    (!expression).then_some(text)
}

fn of_pair(key: &str, value: &str) -> Option<Secret> {
    if literals::is_hash(value) {
        return Some(Secret::mild("the hash of a password"));
    }
    if key == "auth" && from_base64(value).is_some_and(|text| shapes::is_login(&text)) {
        return Some(Secret::new("the login of a registry"));
    }
    secret(key, value, false)
}

/// `user:$apr1$…`, a line of an htpasswd file.
fn of_user(line: &str) -> Option<(String, Secret)> {
    let (user, hash) = line.trim().split_once(':')?;
    let plain = user.len() <= 60 && !user.contains(char::is_whitespace);
    (plain && literals::is_hash(hash)).then(|| (String::new(), Secret::mild("the hash of a password")))
}

/// A URL with a login in it.
pub fn url_login(line: &str) -> Option<Secret> {
    let login = |(at, sign): (usize, &str)| {
        let rest = &line[at + sign.len()..];
        let end = rest.find(|sign: char| sign.is_whitespace() || "/?#\"'`<>,)".contains(sign)).unwrap_or(rest.len());
        let (user, _) = rest[..end].rsplit_once('@')?;
        let (name, password) = user.split_once(':')?;
        let to_fill = password.is_empty()
            || password.bytes().all(|sign| sign.is_ascii_uppercase() || sign == b'_')
            || stands_for_another(password)
            || (!name.is_empty() && stands_for_another(name))
            || password.contains(['$', '{', '}', '%', '<', '>']) && user.contains(['{', '}', '(', ')', '<', '>']);
        (!to_fill).then(|| match secret("password", password, true) {
            Some(secret) if secret.mild => secret,
            _ => Secret::new("a login"),
        })
    };
    line.match_indices("://").find_map(login)
}

/// `… --db-password=x`, `Server=…;Password=x`, `?token=x`, `<password>x</password>`, `-u user:x`, `IDENTIFIED BY 'x'`.
fn inside(line: &str) -> Option<(String, Secret)> {
    assigned(line).or_else(|| flag(line)).or_else(|| element(line)).or_else(|| command(line)).or_else(|| sql(line))
}

fn assigned(line: &str) -> Option<(String, Secret)> {
    line.match_indices('=').find_map(|(at, _)| {
        let before = &line[..at];
        let begins = before.rfind(|sign: char| !sign.is_ascii_alphanumeric() && !"_.-".contains(sign));
        let key = &before[begins.map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))..];
        let rest = &line[at + 1..];
        let quote = rest.chars().next().filter(|sign| "\"'".contains(*sign));
        let value = match quote {
            Some(quote) => rest[1..].split(quote).next()?,
            None => rest.split(|sign: char| sign.is_whitespace() || ";&,\"'`)}|<>\\".contains(sign)).next()?,
        };
        let in_code = before.trim_end().ends_with(['"', '$', '!', '=', '<', '>']) || rest.starts_with(['=', '~']);
        let secret = secret(key, value, false).filter(|_| !in_code)?;
        Some((shown(key), secret))
    })
}

fn flag(line: &str) -> Option<(String, Secret)> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\'', ',', '[', ']'])).collect();
    let is_netrc = words.contains(&"login");
    words.windows(2).find_map(|pair| {
        let names = pair[0].starts_with("--") || (is_netrc && pair[0] == "password");
        let secret = secret(pair[0], pair[1], false).filter(|_| names && !pair[1].starts_with('-'))?;
        Some((shown(pair[0]), secret))
    })
}

fn element(line: &str) -> Option<(String, Secret)> {
    line.match_indices("</").find_map(|(at, _)| {
        let name = line[at + 2..].split('>').next()?;
        let (before, value) = line[..at].rsplit_once('>')?;
        let opens = before.rsplit('<').next()?.split_whitespace().next()? == name;
        let secret = secret(name, value, false).filter(|_| opens)?;
        Some((shown(name), secret))
    })
}

fn command(line: &str) -> Option<(String, Secret)> {
    let words: Vec<&str> = line.split(|sign: char| sign.is_whitespace() || "\"'`(|;".contains(sign)).collect();
    let called = |program: &str| words.iter().any(|word| word.rsplit('/').next() == Some(program));
    let behind = |flag: &str| {
        words.iter().enumerate().find_map(|(at, word)| {
            let rest = word.strip_prefix(flag)?;
            let next = words.get(at + 1).copied().unwrap_or_default();
            Some(if rest.is_empty() { next } else { rest.trim_start_matches('=') })
        })
    };
    COMMANDS.iter().filter(|(program, _)| called(program)).find_map(|(_, flag)| {
        let said = behind(flag).filter(|said| !said.starts_with('-'))?;
        let password = if flag.starts_with("-u") || *flag == "--user" { said.split_once(':')?.1 } else { said };
        let mild = secret("password", password, true)?;
        Some((String::new(), mild))
    })
}

fn sql(line: &str) -> Option<(String, Secret)> {
    let lower = line.to_ascii_lowercase();
    ["password '", "identified by '"].iter().find_map(|begins| {
        let at = lower.find(begins)? + begins.len();
        let value = line.get(at..)?.split('\'').next()?;
        secret("password", value, true).map(|secret| (String::new(), secret))
    })
}

/// `requirepass x`, `HTTP_Passwd x`: only where the name is clear and the value no word of a sentence.
fn two_words(line: &str) -> Option<(String, Secret)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [key, value] = words[..] else { return None };
    let value = value.trim_matches(['"', '\'']);
    let identifier = key.chars().all(|sign| sign.is_ascii_alphanumeric() || "_.-".contains(sign))
        && (key.contains('_') || !key.contains(|sign: char| sign.is_ascii_uppercase()));
    let is_any = keys::of(key).is_some_and(|(asks, _)| asks == keys::Asks::Any);
    let secret =
        secret(key, value, false).filter(|secret| secret.mild || value.contains(|c: char| c.is_ascii_digit()))?;
    (identifier && is_any).then(|| (shown(key), secret))
}

/// A name as it may be shown: one that is surely no part of a value.
fn shown(word: &str) -> String {
    let is_name = word.len() <= 60 && literals::is_name(&word.replace('_', "-")) && !literals::is_random(word);
    if is_name { word.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(usize, String)> {
        hits(text).into_iter().map(|hit| (hit.line, hit.word)).collect()
    }

    #[test]
    fn a_value_stands_behind_its_name() {
        let text = "[Global]\nuser = \"me\"\npassword = \"correct-horse\"\nsecret-name = x\n";
        assert_eq!(words(text), [(2, "password".to_owned())]);
        for line in [
            "password: correct-horse",
            "  \"dbPassword\": \"correct-horse\",",
            "export DB_PASSWORD=correct-horse",
            "spring.datasource.password=correct-horse",
            "password => \"correct-horse\"",
            "//r.example.org/:_authToken=8f14e45fceea167a5a36ded",
        ] {
            assert_eq!(hits(line).len(), 1, "{line}");
        }
    }

    #[test]
    fn a_value_stands_in_the_midst_of_a_line() {
        for line in [
            "exec app --db-password=correct-horse --port 80",
            "exec app --db-password correct-horse",
            "Server=db;User=sa;Password=correct-horse;",
            "<password>correct-horse</password>",
            "curl -u me:correct-horse https://x",
            "mysql -ume -pcorrect-horse shop",
            "ALTER USER me WITH PASSWORD 'correct-horse';",
            "postgres://me:correct-horse@db:5432/shop",
            "requirepass correct-h0rse",
            "machine git.example.org login me password correct-horse",
            "me:$apr1$abcdefgh$0123456789abcdefghijkl",
            "jdbc:postgresql://db/shop?user=me&password=correct-horse",
        ] {
            assert_eq!(hits(line).len(), 1, "{line}");
        }
    }

    #[test]
    fn programs_and_prose_hold_none() {
        for line in [
            "# password = correct-horse",
            "password = getpass()",
            "token = request.headers['x']",
            "PASSWORD=$(cat /run/password)",
            "if [ \"$password\" = \"\" ]; then",
            "password: the one of the user",
            "postgres://$(USER):$(PASSWORD)@db/shop",
            "postgres://{{ .user }}:{{ .password }}@db",
            "oci://registry:5000/app@sha256:abc",
            "git@github.com:org/repo",
            "curl -u \"$LOGIN\" x",
            "read password",
            "password required",
            "rate(token_requests{job=\"x\"}[5m])",
            "--password-file=/run/password",
            "secretName: app-tls",
        ] {
            assert_eq!(hits(line), [], "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in "([ -~]|[äü…\n\t]|=|: |\"|password|://|-----BEGIN |eyJ|\\$\\{){0,40}") {
            hits(&text);
            shapes::find(&text);
            literals::secret("password", &text, true);
        }
    }
}
