//! What the name of a value says of it: `adminPassword` holds a password, `passwordFile` and `existingSecret` do not.

/// What has to stand under a name to be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Any text: a password can be every word.
    Any,
    /// One that is not a plain word or name.
    Mixed,
    /// One that looks drawn by lot: the name of a Secret or a token's kind often stands there, too.
    Random,
}

/// How names end, in lower case and without what parts their words, with what is asked and what it is then.
const ENDINGS: &[(&str, Asks, &str)] = &[
    ("password", Asks::Any, "a password"),
    ("passwords", Asks::Any, "a password"),
    ("passwd", Asks::Any, "a password"),
    ("passphrase", Asks::Any, "a passphrase"),
    ("passcode", Asks::Any, "a password"),
    ("rootpw", Asks::Any, "a password"),
    ("bindpw", Asks::Any, "a password"),
    ("userpw", Asks::Any, "a password"),
    ("requirepass", Asks::Any, "a password"),
    ("masterauth", Asks::Any, "a password"),
    ("clientsecret", Asks::Mixed, "a client secret"),
    ("appsecret", Asks::Mixed, "a secret"),
    ("apisecret", Asks::Mixed, "a secret"),
    ("consumersecret", Asks::Mixed, "a secret"),
    ("sharedsecret", Asks::Mixed, "a shared secret"),
    ("cookiesecret", Asks::Mixed, "a secret"),
    ("sessionsecret", Asks::Mixed, "a secret"),
    ("webhooksecret", Asks::Mixed, "a secret"),
    ("jwtsecret", Asks::Mixed, "a secret"),
    ("hmacsecret", Asks::Mixed, "a secret"),
    ("secretkeybase", Asks::Mixed, "a secret"),
    ("apikey", Asks::Mixed, "an API key"),
    ("apikeys", Asks::Mixed, "an API key"),
    ("apitoken", Asks::Mixed, "a token"),
    ("accesstoken", Asks::Mixed, "a token"),
    ("authtoken", Asks::Mixed, "a token"),
    ("bearertoken", Asks::Mixed, "a token"),
    ("refreshtoken", Asks::Mixed, "a token"),
    ("bottoken", Asks::Mixed, "a token"),
    ("roottoken", Asks::Mixed, "a token"),
    ("admintoken", Asks::Mixed, "a token"),
    ("secretaccesskey", Asks::Mixed, "an AWS secret access key"),
    ("secretkey", Asks::Mixed, "a secret key"),
    ("accountkey", Asks::Mixed, "the key of an account"),
    ("storagekey", Asks::Mixed, "the key of an account"),
    ("encryptionkey", Asks::Mixed, "an encryption key"),
    ("signingkey", Asks::Mixed, "a signing key"),
    ("masterkey", Asks::Mixed, "a key"),
    ("privatekey", Asks::Mixed, "a private key"),
    ("presharedkey", Asks::Mixed, "a shared key"),
    ("authkey", Asks::Mixed, "a key"),
    ("keydata", Asks::Random, "a private key"),
    ("sharedkey", Asks::Random, "a shared key"),
    ("sharedaccesskey", Asks::Random, "a shared key"),
    ("accesskey", Asks::Random, "an access key"),
    ("licensekey", Asks::Random, "a licence key"),
    ("integrationkey", Asks::Random, "a key"),
    ("routingkey", Asks::Random, "a key"),
    ("servicekey", Asks::Random, "a key"),
    ("token", Asks::Random, "a token"),
    ("tokens", Asks::Random, "a token"),
    ("secret", Asks::Random, "a secret"),
    ("secrets", Asks::Random, "a secret"),
    ("credential", Asks::Random, "credentials"),
    ("credentials", Asks::Random, "credentials"),
];

/// Short endings that count only as a word of their own: `compass` is no password.
const WORDS: &[(&str, Asks, &str)] =
    &[("pass", Asks::Any, "a password"), ("pwd", Asks::Any, "a password"), ("psk", Asks::Mixed, "a shared key")];

/// Endings of names that hold the name of a key in a Secret.
const NAMES_OF_KEYS: &[&str] =
    &["passwordsecretkey", "usersecretkey", "usernamesecretkey", "tokensecretkey", "keysecretkey"];

/// Words with which a name says something of a secret, and does not hold it.
const OTHERWISE: &[&str] = &[
    "existing",
    "checksum",
    "checksums",
    "hash",
    "digest",
    "sha256",
    "fingerprint",
    "thumbprint",
    "public",
    "use",
    "enable",
    "enabled",
    "disable",
    "disabled",
    "require",
    "required",
    "allow",
    "automount",
    "generate",
    "create",
    "has",
    "is",
    "no",
    "without",
    "min",
    "max",
    "num",
    "reset",
    "forgot",
    "validate",
    "rotate",
    "hide",
    "show",
    "mask",
    "image",
    "pull",
    "next",
    "continue",
    "page",
    "invalid",
    "wrong",
    "missing",
    "label",
    "title",
    "prompt",
    "text",
    "name",
    "type",
    "kind",
    "description",
    "encrypted",
];

/// What a name asks of its value to be a secret, and what that is then; nothing of most names.
pub fn of(key: &str) -> Option<(Asks, &'static str)> {
    let words = words(key);
    let joined = words.concat();
    let last = words.last()?;
    let own = WORDS.iter().find(|(word, ..)| last == word);
    let (_, asks, what) = own.or_else(|| {
        let ends = ENDINGS.iter().filter(|(ending, ..)| joined.ends_with(ending));
        ends.max_by_key(|(ending, ..)| ending.len())
    })?;
    let otherwise = words.iter().any(|word| OTHERWISE.contains(&word.as_str()));
    let names_a_key = NAMES_OF_KEYS.iter().any(|ending| joined.ends_with(ending));
    (!otherwise && !names_a_key).then_some((*asks, *what))
}

/// The words of a name, in lower case: `adminPassword`, `ADMIN_PASSWORD` and `admin.password` have the same.
pub fn words(name: &str) -> Vec<String> {
    let signs: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, sign) in signs.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| signs.get(at)).copied().unwrap_or(' ');
        let next_is_small = signs.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let begins = sign.is_ascii_uppercase() && (!before.is_ascii_uppercase() || next_is_small);
        if begins || !sign.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| sign.is_ascii_alphanumeric()) {
            word.push(sign.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_with_what_it_holds() {
        for key in [
            "password",
            "adminPassword",
            "POSTGRES_PASSWORD",
            "smtp.pass",
            "DBPASSWORD",
            "--db-password",
            "10.0.0.1.password",
        ] {
            assert_eq!(of(key).map(|(asks, _)| asks), Some(Asks::Any), "{key}");
        }
        assert_eq!(of("aws_secret_access_key").map(|(_, what)| what), Some("an AWS secret access key"));
        assert_eq!(of("APIKey").map(|(asks, _)| asks), Some(Asks::Mixed));
        assert_eq!(of("_authToken").map(|(asks, _)| asks), Some(Asks::Mixed));
    }

    #[test]
    fn a_name_that_says_something_of_a_secret_holds_none() {
        for key in [
            "passwordFile",
            "passwordSecretRef",
            "existingSecret",
            "tokenTTL",
            "passwordMinLength",
            "compass",
            "checksum/secret",
            "secretName",
            "kid",
            "public-token",
            "imagePullSecrets",
            "enablePassword",
            "password_hash",
            "",
        ] {
            assert_eq!(of(key), None, "{key}");
        }
    }
}
