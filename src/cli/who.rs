//! Who commits and when, and where git works, as far as the command line and the environment say it.

use std::path::PathBuf;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::workspace::argument;
use crate::error::Failure;
use crate::repo::{Identity, Moment, Who};

/// What `--author`, `--date` and git's variables say.
///
/// # Errors
/// One that cannot be read.
pub fn said(author: Option<&str>, date: Option<&str>) -> Result<Who, Failure> {
    let identity = |text: &str| {
        Identity::parse(text).ok_or_else(|| argument(format!("`{text}` is no author: write 'NAME <MAIL>'")))
    };
    let environment = |who: &str| {
        let variable = |what: &str| std::env::var(format!("GIT_{who}_{what}")).ok().filter(|value| !value.is_empty());
        (variable("NAME"), variable("EMAIL"))
    };
    Ok(Who {
        explicit: author.map(identity).transpose()?,
        author: environment("AUTHOR"),
        committer: environment("COMMITTER"),
        date: date.map(moment).transpose()?,
    })
}

/// The variables of the environment that have git work elsewhere.
pub fn git_variables() -> Vec<(&'static str, PathBuf)> {
    let names =
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"];
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| (name, PathBuf::from(value)));
    names.into_iter().filter_map(set).collect()
}

/// Git keeps seconds in 32 bits without a sign.
fn moment(text: &str) -> Result<Moment, Failure> {
    let date = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| argument(format!("`{text}` is no date: write it like 2026-11-21T13:00:00Z")))?;
    if u32::try_from(date.unix_timestamp()).is_err() {
        return Err(argument(format!("`{text}` is before 1970 or after 2105, which git cannot hold")).into());
    }
    Ok(Moment { seconds: date.unix_timestamp(), offset: i32::from(date.offset().whole_minutes()) })
}
