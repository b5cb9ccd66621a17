//! Whether a text is a value of its own, or stands for one: a variable, a template, a path, the name of a Secret, a setting.

use super::Secret;
use super::keys::{self, Asks};

/// What a text begins with that says where its value is.
const REFERENCES: &[&str] = &[
    "ENC[",
    "ref+",
    "vault:",
    "bao:",
    "op://",
    "arn:",
    "env:",
    "file:",
    "secret:",
    "secretref:",
    "ssm:",
    "awsssm:",
    "awssm:",
    "gcpsm:",
    "sm://",
    "keyvault:",
    "azurekv:",
    "k8s:",
    "kubernetes:",
    "doppler:",
    "akeyless:",
    "projects/",
    "{cipher}",
    "urn:",
    "sha256:",
    "sha512:",
];

/// Signs of templates and variables.
const TEMPLATES: &[&str] = &["${", "$(", "{{", "}}", "{%", "%(", "[[", "<%", "#{", "@{", "$__", "…", "..."];

/// Words of those who want a value put here.
const TO_FILL: &[&str] = &[
    "replace",
    "replaced",
    "replaceme",
    "your",
    "redacted",
    "todo",
    "placeholder",
    "dummy",
    "fixme",
    "insert",
    "tbd",
    "fill",
    "filled",
    "removed",
    "masked",
    "hidden",
    "sensitive",
    "unused",
    "ignored",
    "notused",
    "undefined",
    "xxx",
    "xxxx",
    "omitted",
    "injected",
];

/// Values that are settings, whatever they are called.
const SETTINGS: &[&str] = &[
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "null",
    "nil",
    "none",
    "empty",
    "enabled",
    "disabled",
    "required",
    "optional",
    "auto",
    "automatic",
    "random",
    "generated",
    "generate",
    "manual",
    "string",
    "text",
    "basic",
    "plain",
    "scram",
    "md5",
    "trust",
    "prompt",
    "never",
    "always",
    "disable",
    "enable",
    "inherit",
    "unset",
    "sufficient",
    "opaque",
];

/// What everybody would try first.
const WELL_KNOWN: &[&str] = &[
    "password",
    "passw0rd",
    "password1",
    "password123",
    "pass",
    "pass123",
    "passwd",
    "changeme",
    "changeit",
    "changethis",
    "changemenow",
    "changeplease",
    "secret",
    "secretpassword",
    "supersecret",
    "topsecret",
    "verysecret",
    "mysecret",
    "mysecretpassword",
    "s3cr3t",
    "admin",
    "admin123",
    "administrator",
    "adminadmin",
    "adminpassword",
    "root",
    "rootpassword",
    "toor",
    "test",
    "test123",
    "testing",
    "demo",
    "example",
    "default",
    "guest",
    "user",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "mongodb",
    "rabbitmq",
    "elastic",
    "grafana",
    "keycloak",
    "minio",
    "minio123",
    "minioadmin",
    "miniosecret",
    "vagrant",
    "letmein",
    "qwerty",
    "foobar",
    "foobared",
    "welcome",
    "welcome1",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "promoperator",
    "harbor12345",
    "hunter2",
    "bitnami",
];

/// How hashes of passwords begin.
const HASHES: &[&str] = &[
    "$2a$", "$2b$", "$2y$", "$apr1$", "$1$", "$5$", "$6$", "$y$", "$argon2", "$pbkdf2", "$scrypt$", "{SHA}", "{SSHA",
    "{CRYPT}", "{PBKDF2",
];

/// Words with which the names of Secrets and of keys in them end.
const NAMES: &[&str] =
    &["secret", "secrets", "credentials", "credential", "creds", "password", "passwords", "token", "key", "auth"];

/// What the value of a name is, if it is a secret. `used` is a value that a program surely takes as it is: of an environment variable,
/// of an argument.
pub fn secret(key: &str, text: &str, used: bool) -> Option<Secret> {
    let (asks, what) = keys::of(key)?;
    let text = text.trim();
    if is_hash(text) {
        return (asks == Asks::Any).then_some(Secret::mild("the hash of a password"));
    }
    // Of `${PASSWORD:=hunter2}` the default is looked at.
    if let Some(default) = default_of(text) {
        return secret(key, default, used);
    }
    let is_value =
        text.len() >= 3 && !text.contains(char::is_whitespace) && !stands_for_another(text) && !is_setting(text);
    if !is_value {
        return None;
    }
    match asks {
        Asks::Any => password(key, text, used, what),
        Asks::Mixed if is_well_known(text) && text.len() >= 8 => {
            Some(Secret::mild("a secret that everybody would try first"))
        }
        Asks::Mixed => is_mixed(text).then_some(Secret::new(what)),
        Asks::Random => is_random(text).then_some(Secret::new(what)),
    }
}

fn password(key: &str, text: &str, used: bool, what: &'static str) -> Option<Secret> {
    let words = keys::words(text);
    let same = words == keys::words(key) || words.concat() == keys::words(key).concat();
    let names_a_secret =
        words.len() > 1 && is_name(text) && words.last().is_some_and(|last| NAMES.contains(&last.as_str()));
    let number = text.bytes().all(|sign| sign.is_ascii_digit());
    if (!used && (same || names_a_secret)) || (number && text.len() < 4) || is_code(text) {
        return None;
    }
    Some(if is_well_known(text) {
        Secret::mild("a password that everybody would try first")
    } else {
        Secret::new(what)
    })
}

/// The text that a variable has where nothing else is said.
fn default_of(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let (name, default) = inner.split_once(":=").or_else(|| inner.split_once(":-"))?;
    (name.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'_') && !default.contains('$')).then_some(default)
}

/// Whether a text is a password's hash: from it one that is easy can be guessed, and no other.
pub fn is_hash(text: &str) -> bool {
    text.len() > 12 && HASHES.iter().any(|begins| text.starts_with(begins))
}

/// Whether it is something that a program, a person or a controller puts a value in the place of, or that says where it is.
pub fn stands_for_another(text: &str) -> bool {
    let text = text.trim();
    let first = text.chars().next().unwrap_or(' ');
    let in_signs = |open: char, close: char| first == open && text.len() > 1 && text.ends_with(close);
    let variable = (first == '$' || in_signs('%', '%'))
        && text[1..].bytes().all(|sign| sign.is_ascii_alphanumeric() || b"_.:-%".contains(&sign))
        && !text[1..].bytes().next().is_some_and(|sign| sign.is_ascii_digit());
    let lower = text.to_ascii_lowercase();
    text.chars().all(|sign| sign == first)
        || variable
        || TEMPLATES.iter().any(|sign| text.contains(sign))
        || REFERENCES.iter().any(|begins| text.starts_with(begins) && text.len() > begins.len())
        || in_signs('<', '>')
        || in_signs('[', ']')
        || (in_signs('(', ')'))
        || (text.starts_with("__") && text.ends_with("__"))
        || in_signs('@', '@')
        || is_env_name(text)
        || is_path(text)
        || text.contains("://")
        || lower.split(|sign: char| !sign.is_ascii_alphanumeric()).any(|word| TO_FILL.contains(&word))
}

/// `DB_PASSWORD`.
fn is_env_name(text: &str) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_uppercase).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.contains('_')
        && letters > digits
        && text.bytes().all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit() || sign == b'_')
}

/// `/run/secrets/password`, `./token`, `~/.netrc`, `C:\keys\a.pem`, `tls.key`.
fn is_path(text: &str) -> bool {
    const ENDS: &[&str] =
        &[".key", ".pem", ".crt", ".txt", ".json", ".yaml", ".yml", ".conf", ".jks", ".p12", ".pfx", ".asc", ".env"];
    let rooted =
        ["/", "./", "../", "~/"].iter().any(|begins| text.starts_with(begins)) || text.get(1..3) == Some(":\\");
    (rooted && text.split('/').all(|part| part.len() < 20 || is_name(part)))
        || (ENDS.iter().any(|end| text.ends_with(end)) && text.len() > 5)
}

/// A truth value, an amount, a way of doing something.
pub fn is_setting(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let number = lower.trim_end_matches(|sign: char| sign.is_ascii_lowercase());
    let unit = lower.len() - number.len();
    let amount = !number.is_empty() && (1..=2).contains(&unit) && number.bytes().all(|sign| sign.is_ascii_digit());
    SETTINGS.contains(&lower.as_str()) || amount || matches!(lower.as_str(), "|-" | ">-" | "|+" | ">+")
}

fn is_well_known(text: &str) -> bool {
    let plain: String = text.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    WELL_KNOWN.contains(&plain.as_str())
}

/// `settings.db_password`, `getPassword()`: an expression of a program.
fn is_code(text: &str) -> bool {
    let call = text.ends_with(')')
        || text.ends_with("()")
        || text.contains("(\"")
        || text.contains("['")
        || text.contains("[\"");
    let parts: Vec<&str> = text.split('.').collect();
    let identifier = |part: &&str| {
        part.starts_with(|sign: char| sign.is_ascii_alphabetic())
            && part.bytes().all(|sign| sign.is_ascii_alphabetic() || sign == b'_')
    };
    call || (parts.len() > 1
        && parts.iter().all(identifier)
        && parts.last().is_some_and(|last| keys::of(last).is_some()))
}

/// Whether each part of a text is a word, a number, or a word with a number: the name of something.
pub fn is_name(text: &str) -> bool {
    let word_like = |part: &str| {
        let digits = part.len() - part.trim_end_matches(|sign: char| sign.is_ascii_digit()).len();
        let front = &part[..part.len() - digits];
        let letters = front.bytes().all(|sign| sign.is_ascii_alphabetic()) && (digits <= 4 || front.is_empty());
        letters || part.len() <= 4
    };
    // A hash that kustomize or a ReplicaSet puts behind a name.
    let stem = text.rsplit_once('-').filter(|(stem, end)| {
        matches!(end.len(), 5 | 9 | 10)
            && stem.len() > 3
            && end.bytes().all(|s| b"bcdfghjklmnpqrstvwxz2456789".contains(&s))
    });
    let text = stem.map_or(text, |(stem, _)| stem);
    let parts = |sign: char| !sign.is_alphanumeric();
    text.is_ascii()
        && text.bytes().all(|sign| sign.is_ascii_alphanumeric() || b"-_./:@".contains(&sign))
        && text.split(parts).all(word_like)
        && text.split(parts).all(|part| part.len() < 24)
}

/// Not a plain word and not a name: letters with digits.
fn is_mixed(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|sign| is(&sign));
    let one_word = text.bytes().all(|sign| sign.is_ascii_alphanumeric());
    text.len() >= 8
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (one_word || !is_name(text))
        && !is_date(text)
        || is_random(text)
}

fn is_date(text: &str) -> bool {
    text.len() >= 10 && text.starts_with("20") && text.as_bytes().get(4) == Some(&b'-')
}

/// Whether a text looks drawn by lot: long enough, and letters and digits in turns.
pub fn is_random(text: &str) -> bool {
    let token = text.bytes().all(|sign| sign.is_ascii_graphic()) && !is_name(text) && !is_date(text);
    let count = |is: fn(&u8) -> bool| text.bytes().filter(is).count();
    let (digits, upper, lower) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let signs: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let turns = signs.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    let bootstrap = text.len() == 23 && text.as_bytes().get(6) == Some(&b'.') && digits > 4;
    let varied = (digits > 0 && upper > 0 && lower > 0 && turns >= 2) || turns >= 4 || (text.len() >= 32 && turns >= 2);
    token && text.len() >= 12 && !stands_for_another(text) && (varied || bootstrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(key: &str, text: &str) -> &'static str {
        match secret(key, text, false) {
            None => "none",
            Some(Secret { mild: true, .. }) => "mild",
            Some(_) => "bad",
        }
    }

    #[test]
    fn a_password_can_be_every_word() {
        for text in [
            "correct-horse-battery",
            "Tr0ub4dor&3",
            "s3cr3t-oidc-value",
            "20230412",
            "p@ss/w0rd",
            "${DB_PASSWORD:=elephant-7}",
        ] {
            assert_eq!(kind("password", text), "bad", "{text}");
        }
        for text in
            ["changeme", "change-me", "admin", "P@ssw0rd".replace('@', "a").as_str(), "$2y$10$abcdefghijklmnopqrstuv"]
        {
            assert_eq!(kind("password", text), "mild", "{text}");
        }
    }

    #[test]
    fn what_stands_for_a_password_is_none() {
        for text in [
            "",
            "${DB_PASSWORD}",
            "$(DB_PASSWORD)",
            "{{ .password }}",
            "$PASSWORD",
            "<password>",
            "/run/secrets/password",
            "DB_PASSWORD",
            "db-password",
            "postgres-credentials",
            "password",
            "true",
            "vault:secret/data/db#password",
            "xxxxxxxx",
            "********",
            "YOUR_PASSWORD",
            "your-password-here",
            "REPLACE_ME",
            "ENC[AES256_GCM,data:abc]",
            "%PASSWORD%",
            "the password of the user",
            "settings.password",
        ] {
            assert_eq!(kind("password", text), "none", "{text}");
        }
    }

    #[test]
    fn a_token_looks_drawn_by_lot() {
        for text in [
            "8f14e45fceea167a5a36dedd4bea2543",
            "a1b2c3d4-e5f6-7a8b-9c0d-1e2f3a4b5c6d",
            "abcdef.0123456789abcdef",
            "Zm9vYmFyMTIzNDU2Nzg5MA==",
        ] {
            assert_eq!(kind("token", text), "bad", "{text}");
        }
        for text in [
            "my-app-token",
            "kubernetes.io/service-account-token",
            "app-secret-5g9k2h7tm4",
            "15m",
            "PerRequest",
            "ip-10-0-1-2.eu-west-1",
        ] {
            assert_eq!(kind("token", text), "none", "{text}");
        }
        assert_eq!(kind("clientSecret", "s3cr3t-oidc-value"), "bad");
        assert_eq!(kind("clientSecret", "grafana-oidc"), "none");
        assert_eq!(kind("secretKey", "minio123"), "mild");
    }
}
