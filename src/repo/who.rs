//! Who commits, and when: from the command line, the environment or git's configuration, in this order.

use std::path::Path;

use git2::{Config, Signature, Time};

use super::{Repo, configured, git};
use crate::error::{Error, Failure};
use crate::problem::{Code, Problem};

/// A name and an address for a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The address.
    pub mail: String,
}

impl Identity {
    /// Reads `NAME <MAIL>`.
    pub fn parse(text: &str) -> Option<Identity> {
        let (name, rest) = text.split_once('<')?;
        let (name, mail) = (name.trim(), rest.trim().strip_suffix('>')?.trim());
        let plain = |part: &str| !part.is_empty() && !part.contains(['<', '>', '\n', '\0']);
        (plain(name) && plain(mail)).then(|| Identity { name: name.to_owned(), mail: mail.to_owned() })
    }
}

/// A moment, as git writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// Who commits, as far as the command line and the environment say it.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// `--author`: author and committer, so that the same words give the same commit.
    pub explicit: Option<Identity>,
    /// `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL`.
    pub author: (Option<String>, Option<String>),
    /// `GIT_COMMITTER_NAME` and `GIT_COMMITTER_EMAIL`.
    pub committer: (Option<String>, Option<String>),
    /// `--date`; now if nothing is said.
    pub date: Option<Moment>,
}

impl Repo<'_> {
    /// Author and committer.
    ///
    /// # Errors
    /// Nothing says it.
    pub fn identities(&self, who: &Who) -> Result<(Identity, Identity), Failure> {
        decided(who, &(self.configured("user.name")?, self.configured("user.email")?), "")
    }

    pub(super) fn signature(&self, identity: &Identity, date: Option<Moment>) -> Result<Signature<'static>, Error> {
        let signature = match date {
            Some(date) => Signature::new(&identity.name, &identity.mail, &Time::new(date.seconds, date.offset)),
            None => Signature::now(&identity.name, &identity.mail),
        };
        self.git("write the author's name", signature)
    }
}

/// Author and committer where there is no repository yet: its configuration would say nothing.
///
/// # Errors
/// Nothing says it; a configuration of the user's that cannot be read.
pub fn identities_without_repository(who: &Who) -> Result<(Identity, Identity), Failure> {
    let path = Path::new("the user's configuration");
    let config = Config::open_default().map_err(|error| git("read the configuration", path, error))?;
    let value = |key| configured(&config, key, path).map(|value| value.filter(|value| !value.is_empty()));
    decided(who, &(value("user.name")?, value("user.email")?), "--global ")
}

/// What the command line and the environment say, filled up by a configuration; `scope` says where a hint sets it.
fn decided(who: &Who, own: &(Option<String>, Option<String>), scope: &str) -> Result<(Identity, Identity), Failure> {
    if let Some(identity) = &who.explicit {
        return Ok((identity.clone(), identity.clone()));
    }
    let identity = |(name, mail): &(Option<String>, Option<String>)| {
        let name = name.clone().or_else(|| own.0.clone())?;
        Some(Identity { name, mail: mail.clone().or_else(|| own.1.clone())? })
    };
    let author = identity(&who.author).ok_or_else(|| {
        Problem::new(Code::NO_AUTHOR, "nothing says who the author of the commit is")
            .because("neither --author nor GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL nor git's user.name and user.email are set")
            .hint(format!(
                "git config {scope}user.name 'My Name'\ngit config {scope}user.email me@example.com\n# or, for this commit only:\n--author 'My \
                 Name <me@example.com>'"
            ))
    })?;
    let committer = identity(&who.committer).unwrap_or_else(|| author.clone());
    Ok((author, committer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_a_name_and_an_address() {
        let identity = Identity::parse("A B <a@b>").unwrap();
        assert_eq!((identity.name.as_str(), identity.mail.as_str()), ("A B", "a@b"));
        for bad in ["", "A", "<a@b>", "A <>", "A <a", "A <a> b"] {
            assert!(Identity::parse(bad).is_none(), "{bad}");
        }
    }
}
