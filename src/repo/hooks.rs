//! Hooks are never run from here. Who has some is told which, and how to have them run.

use super::{Repo, Target};
use crate::disk::{self, Entry, said};
use crate::error::Error;
use crate::problem::{Code, Place, Problem};

/// The hooks that `git commit` would run (githooks(5)).
const HOOKS: [&str; 5] = ["pre-commit", "prepare-commit-msg", "commit-msg", "reference-transaction", "post-commit"];

impl Repo<'_> {
    /// A warning with the hooks that git would have run for a commit.
    ///
    /// # Errors
    /// What git or the system says.
    pub fn hooks_not_run(&self, target: &Target) -> Result<Option<Problem>, Error> {
        let configured = self.git("read the configuration", self.opened.config())?.get_path("core.hookspath");
        let folder = match configured {
            Ok(path) => self.root.join(path),
            Err(_) => self.shared.join("hooks"),
        };
        let mut names = Vec::new();
        for name in HOOKS {
            let path = folder.join(name);
            let entry = match disk::entry(self.disk, &path)? {
                Some(Entry::Other) => self.disk.real(&path).ok().and_then(|path| self.disk.entry(&path).ok()).flatten(),
                entry => entry,
            };
            if entry == Some(Entry::File) && said("look at", &path, self.disk.is_executable(&path))? {
                names.push(name);
            }
        }
        let (Some((last, others)), verb) = (names.split_last(), if names.len() == 1 { "was" } else { "were" }) else {
            return Ok(None);
        };
        let names = if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
        let git = self.git_here();
        let again = if target.is_head {
            format!("to have git run them for this commit:\n{git} commit --amend --only --no-edit\n# or next time ")
        } else {
            "next time ".to_owned()
        };
        Ok(Some(
            Problem::warning(Code::HOOKS_NOT_RUN, format!("{names} {verb} not run"))
                .at(Place::file(folder.display().to_string()))
                .because("fluxwright makes the commit itself, without git")
                .hint(format!("{again}{}", self.by_hand.commit)),
        ))
    }
}
