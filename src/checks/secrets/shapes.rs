//! How the secrets of well-known services look: how they begin, of which signs they are, and how long.
//!
//! The forms are those that the services publish for scanners of repositories.

use super::Secret;
use crate::flux::given::from_base64;

/// The signs that a token is of.
#[derive(Debug, Clone, Copy)]
enum Signs {
    /// Letters and digits.
    Letters,
    /// Capital letters and digits.
    Capitals,
    /// Digits and the letters up to f.
    Hex,
    /// Letters, digits, `_` and `-`.
    Words,
    /// The same and `.`.
    Dotted,
    /// The same, `+`, `/` and `=`.
    Base64,
}

/// How a token begins, of which signs the rest is, how many of them there are at least, and what it is.
struct Shape(&'static str, Signs, usize, &'static str);

const SHAPES: &[Shape] = &[
    Shape("ghp_", Signs::Letters, 36, "a GitHub token"),
    Shape("gho_", Signs::Letters, 36, "a GitHub token"),
    Shape("ghu_", Signs::Letters, 36, "a GitHub token"),
    Shape("ghs_", Signs::Letters, 36, "a GitHub token"),
    Shape("ghr_", Signs::Letters, 36, "a GitHub token"),
    Shape("github_pat_", Signs::Words, 40, "a GitHub token"),
    Shape("glpat-", Signs::Dotted, 20, "a GitLab token"),
    Shape("gldt-", Signs::Words, 20, "a GitLab deploy token"),
    Shape("glrt-", Signs::Dotted, 20, "a GitLab runner token"),
    Shape("glcbt-", Signs::Words, 20, "a GitLab job token"),
    Shape("glptt-", Signs::Hex, 40, "a GitLab trigger token"),
    Shape("glagent-", Signs::Words, 50, "a GitLab agent token"),
    Shape("GR1348941", Signs::Words, 20, "a GitLab runner token"),
    Shape("ATBB", Signs::Letters, 32, "a Bitbucket token"),
    Shape("ATATT3", Signs::Base64, 60, "an Atlassian token"),
    Shape("xoxb-", Signs::Words, 20, "a Slack token"),
    Shape("xoxp-", Signs::Words, 20, "a Slack token"),
    Shape("xoxa-", Signs::Words, 20, "a Slack token"),
    Shape("xoxr-", Signs::Words, 20, "a Slack token"),
    Shape("xapp-", Signs::Words, 20, "a Slack token"),
    Shape("hooks.slack.com/services/T", Signs::Base64, 30, "the address of a Slack webhook"),
    Shape("hooks.slack.com/workflows/T", Signs::Base64, 30, "the address of a Slack webhook"),
    Shape("discord.com/api/webhooks/", Signs::Base64, 60, "the address of a Discord webhook"),
    Shape("discordapp.com/api/webhooks/", Signs::Base64, 60, "the address of a Discord webhook"),
    Shape("webhook.office.com/webhookb2/", Signs::Base64, 30, "the address of a Teams webhook"),
    Shape("AIza", Signs::Words, 35, "a Google API key"),
    Shape("GOCSPX-", Signs::Words, 24, "the secret of a Google OAuth client"),
    Shape("ya29.", Signs::Words, 40, "a Google access token"),
    Shape("sk_live_", Signs::Letters, 20, "a Stripe key"),
    Shape("sk_test_", Signs::Letters, 20, "a Stripe key"),
    Shape("rk_live_", Signs::Letters, 20, "a Stripe key"),
    Shape("whsec_", Signs::Base64, 24, "the secret of a webhook"),
    Shape("npm_", Signs::Letters, 36, "an npm token"),
    Shape("pypi-AgEI", Signs::Words, 40, "a PyPI token"),
    Shape("rubygems_", Signs::Hex, 40, "a RubyGems token"),
    Shape("dckr_pat_", Signs::Words, 20, "a Docker token"),
    Shape("dckr_oat_", Signs::Words, 20, "a Docker token"),
    Shape("AKCp", Signs::Letters, 60, "an Artifactory key"),
    Shape("SG.", Signs::Dotted, 60, "a SendGrid key"),
    Shape("dop_v1_", Signs::Hex, 64, "a DigitalOcean token"),
    Shape("doo_v1_", Signs::Hex, 64, "a DigitalOcean token"),
    Shape("v1.0-", Signs::Words, 100, "a Cloudflare key"),
    Shape("hvs.", Signs::Words, 24, "a Vault token"),
    Shape("hvb.", Signs::Words, 24, "a Vault token"),
    Shape("dp.st.", Signs::Dotted, 40, "a Doppler token"),
    Shape("dp.pt.", Signs::Dotted, 40, "a Doppler token"),
    Shape("ops_eyJ", Signs::Base64, 40, "a 1Password token"),
    Shape("AGE-SECRET-KEY-1", Signs::Capitals, 50, "an age key"),
    Shape("glsa_", Signs::Words, 40, "a Grafana token"),
    Shape("glc_eyJ", Signs::Base64, 40, "a Grafana token"),
    Shape("NRAK-", Signs::Capitals, 27, "a New Relic key"),
    Shape("sntrys_", Signs::Base64, 40, "a Sentry token"),
    Shape("tskey-auth-", Signs::Words, 20, "a Tailscale key"),
    Shape("tskey-client-", Signs::Words, 20, "a Tailscale key"),
    Shape("pul-", Signs::Hex, 40, "a Pulumi token"),
    Shape("dapi", Signs::Hex, 32, "a Databricks token"),
    Shape("shpat_", Signs::Hex, 32, "a Shopify token"),
    Shape("lin_api_", Signs::Letters, 32, "a Linear key"),
    Shape("hf_", Signs::Letters, 34, "a Hugging Face token"),
    Shape("sk-proj-", Signs::Words, 40, "an OpenAI key"),
    Shape("sk-ant-", Signs::Words, 40, "an Anthropic key"),
    Shape("sk-", Signs::Letters, 40, "an OpenAI key"),
    Shape("PuTTY-User-Key-File-", Signs::Dotted, 1, "a private key"),
];

/// The first of an AWS pair: by itself it opens nothing, but where it stands the other one is seldom far.
const AWS: &[&str] = &["AKIA", "ASIA"];

impl Signs {
    fn has(self, sign: u8) -> bool {
        let more: &[u8] = match self {
            Signs::Capitals => return sign.is_ascii_uppercase() || sign.is_ascii_digit(),
            Signs::Hex => return sign.is_ascii_hexdigit(),
            Signs::Letters => b"",
            Signs::Words => b"_-",
            Signs::Dotted => b"_-.",
            Signs::Base64 => b"_-.+/=",
        };
        sign.is_ascii_alphanumeric() || more.contains(&sign)
    }
}

/// What a line, or a text of one line, holds by its shape alone.
pub fn find(text: &str) -> Option<Secret> {
    if text.len() < 16 {
        return None;
    }
    let text = &Text::of(text);
    token(text).or_else(|| web_token(text)).or_else(|| header(text)).or_else(|| private_in_base64(text))
}

/// A text, and where something can begin in it.
struct Text<'a> {
    text: &'a str,
    begins: Vec<usize>,
}

impl<'a> Text<'a> {
    fn of(text: &'a str) -> Text<'a> {
        let is_behind = |before: u8| before.is_ascii_alphanumeric() || before == b'_' || before == b'+';
        let inner = text.bytes().enumerate().filter(|(_, before)| !is_behind(*before)).map(|(at, _)| at + 1);
        Text { text, begins: std::iter::once(0).chain(inner).collect() }
    }

    /// What stands behind each place where something begins, as long as it is of these signs.
    fn runs(&self, begins: &str, signs: Signs) -> impl Iterator<Item = &'a str> {
        let bytes = self.text.as_bytes();
        let first = begins.as_bytes().first();
        let behind = move |at: &usize| {
            let there = bytes.get(*at) == first && bytes[*at..].starts_with(begins.as_bytes());
            there.then(|| &self.text[at + begins.len()..])
        };
        self.begins.iter().filter_map(behind).map(move |rest| {
            let end = rest.bytes().position(|sign| !signs.has(sign)).unwrap_or(rest.len());
            &rest[..end]
        })
    }
}

fn token(text: &Text<'_>) -> Option<Secret> {
    let shape = SHAPES.iter().find(|Shape(begins, signs, least, _)| {
        text.runs(begins, *signs).any(|run| run.len() >= *least && (*least < 20 || is_varied(run)))
    });
    let aws = |begins: &str| text.runs(begins, Signs::Capitals).any(|run| run.len() == 16 && is_varied(run));
    shape
        .map(|Shape(.., what)| Secret::new(what))
        .or_else(|| AWS.iter().any(|begins| aws(begins)).then_some(Secret::mild("the id of an AWS access key")))
}

/// `xxxxxxxxxxxx` and `YOUR-TOKEN-HERE` are no tokens.
fn is_varied(run: &str) -> bool {
    let mut signs: Vec<u8> = run.bytes().collect();
    signs.sort_unstable();
    signs.dedup();
    signs.len() >= 8 && signs.iter().any(u8::is_ascii_digit)
}

/// A JSON web token with a signature; without, it proves nothing.
fn web_token(text: &Text<'_>) -> Option<Secret> {
    let is_one = |run: &str| {
        let parts: Vec<&str> = run.split('.').collect();
        matches!(parts[..], [head, claims, signature]
            if head.len() >= 8 && claims.starts_with("eyJ") && signature.len() >= 16)
    };
    text.runs("eyJ", Signs::Dotted).any(is_one).then_some(Secret::new("a JSON web token"))
}

/// `Authorization: Basic …` and `Bearer …`.
fn header(text: &Text<'_>) -> Option<Secret> {
    let login = |run: &str| run.len() >= 8 && from_base64(run).is_some_and(|text| is_login(&text));
    let bearer = |run: &str| run.len() >= 20 && super::literals::is_random(run);
    if text.runs("Basic ", Signs::Base64).any(login) {
        return Some(Secret::new("a login"));
    }
    text.runs("Bearer ", Signs::Base64).any(bearer).then_some(Secret::new("a bearer token"))
}

/// `user:password`, as headers and registries have it in base64.
pub fn is_login(text: &str) -> bool {
    let plain = |part: &str| part.chars().all(|sign| !sign.is_control());
    text.split_once(':').is_some_and(|(user, password)| {
        plain(user) && plain(password) && !password.is_empty() && !super::literals::stands_for_another(password)
    })
}

/// A private key that is encoded once more, as in a kubeconfig.
fn private_in_base64(text: &Text<'_>) -> Option<Secret> {
    let is_one = |run: &str| from_base64(run).is_some_and(|text| private_key(&text));
    let found = text.runs("LS0tLS1CRUdJTi", Signs::Base64).any(|run| is_one(&format!("LS0tLS1CRUdJTi{run}")));
    found.then_some(Secret::new("a private key"))
}

/// Whether the block of a private key begins in a text, with a key in it.
pub fn private_key(text: &str) -> bool {
    text.match_indices("-----BEGIN ").any(|(at, begins)| {
        let rest = &text[at + begins.len()..];
        let Some((kind, body)) = rest.split_once("-----") else { return false };
        let body: String = body.replace("\\n", "\n").split_whitespace().take(8).collect();
        kind.contains("PRIVATE KEY")
            && kind.len() < 40
            && body.bytes().take_while(|sign| Signs::Letters.has(*sign) || b"+/=:,".contains(sign)).count() >= 16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_known_by_how_they_begin() {
        let random = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
        for (text, what) in [
            (format!("--github-token={}{random}", concat!("gh", "p_")), "a GitHub token"),
            (format!("//registry/:_authToken={}{random}", concat!("np", "m_")), "an npm token"),
            (
                format!("https://hooks.{}/services/T0A1B2C3D/B0A1B2C3D/{random}", "slack.com"),
                "the address of a Slack webhook",
            ),
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), "the id of an AWS access key"),
            (format!("Authorization: Bearer {random}"), "a bearer token"),
            ("Authorization: Basic YWxhZGRpbjpvcGVuLXNlc2FtZQ==".to_owned(), "a login"),
            (format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{random}"), "a JSON web token"),
        ] {
            assert_eq!(find(&text).map(|secret| secret.what), Some(what), "{text}");
        }
    }

    #[test]
    fn what_only_begins_alike_is_none() {
        for text in [
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "the npm_config_registry_of_the_whole_build_farm_is_here",
            "SG.Europe.and.other.places",
            "Authorization: Bearer $(cat /run/token)",
            "task-name-of-a-rather-long-kind-that-goes-on-and-on",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn a_private_key_has_a_body() {
        let (begin, end) = (concat!("-----BEGIN RSA PRIV", "ATE KEY-----"), "-----END");
        assert!(private_key(&format!("{begin}\nMIIEpAIBAAKCAQEA7bq5\n{end}")));
        assert!(private_key(&format!("{begin}\\nMIIEpAIBAAKCAQEA7bq5\\n{end}")));
        assert!(!private_key(&format!("{begin}\n…\n{end}")));
        assert!(!private_key(&format!("{begin}\n${{TLS_KEY}}\n{end}")));
        assert!(!private_key("-----BEGIN PUBLIC KEY-----\nMIIEpAIBAAKCAQEA7bq5\n"));
    }
}
