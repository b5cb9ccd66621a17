//! States of a repository in which no commit is made, each with what to type.

use git2::RepositoryState;

use super::layout::NOT_YET;
use super::{Repo, git};
use crate::error::Failure;
use crate::problem::{Code, Place, Problem};

impl Repo<'_> {
    /// Refuses what stands elsewhere, what is under way, and what a commit without git would do otherwise than git.
    ///
    /// # Errors
    /// The refusal; what git says.
    pub(super) fn refuse_state(&self) -> Result<(), Failure> {
        let refusals = [self.elsewhere()?, self.under_way(), self.index_state()?, self.head_state()?, self.signed()?];
        refusals.into_iter().flatten().next().map_or(Ok(()), |problem| Err(problem.into()))
    }

    fn state(&self, says: impl Into<String>, because: &str, hint: impl Into<String>) -> Problem {
        let place = Place::file(self.root.display().to_string());
        let hint: String = hint.into();
        // To be pasted where the user stands.
        let here = |line: &str| match line.strip_prefix("git ").filter(|rest| !rest.starts_with("-C ")) {
            Some(rest) => format!("{} {rest}", self.git_here()),
            None => line.to_owned(),
        };
        let hint = hint.lines().map(here).collect::<Vec<_>>().join("\n");
        Problem::new(Code::GIT_STATE, says).at(place).because(because).hint(hint)
    }

    fn elsewhere(&self) -> Result<Option<Problem>, Failure> {
        let Some(folder) = self.opened.workdir() else {
            return Ok(Some(self.state("the repository is bare", NOT_YET, "clone it, and work in the clone")));
        };
        let same = self.real(folder)? == self.real(&self.root)?;
        let says = "the repository's work tree is elsewhere (core.worktree)";
        Ok((!same).then(|| self.state(says, NOT_YET, "git config --unset core.worktree")))
    }

    fn under_way(&self) -> Option<Problem> {
        let (under_way, hint) = match self.opened.state() {
            RepositoryState::Clean => return None,
            RepositoryState::Merge => ("a merge", "git merge --continue\n# or\ngit merge --abort"),
            RepositoryState::Revert | RepositoryState::RevertSequence => {
                ("a revert", "git revert --continue\n# or\ngit revert --abort")
            }
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => {
                ("a cherry-pick", "git cherry-pick --continue\n# or\ngit cherry-pick --abort")
            }
            RepositoryState::Bisect => ("a bisect", "git bisect reset"),
            RepositoryState::ApplyMailbox => ("a mailbox", "git am --continue\n# or\ngit am --abort"),
            _ => ("a rebase", "git rebase --continue\n# or\ngit rebase --abort"),
        };
        Some(self.state(format!("{under_way} is under way"), "a commit now would become a part of it", hint))
    }

    /// An index with unmerged files, or in a form that libgit2 does not read.
    fn index_state(&self) -> Result<Option<Problem>, Failure> {
        let (says, because, hint) = match self.opened.index() {
            Ok(index) if !index.has_conflicts() => return Ok(None),
            Ok(_) => ("the index has unmerged files", "a commit would leave them half solved", "git status"),
            Err(error) if lacks(&error, "sdir") => {
                let hint = "git sparse-checkout reapply --no-sparse-index";
                ("the index is sparse (index.sparse)", "fluxwright reads a whole index only", hint)
            }
            Err(error) if lacks(&error, "link") => {
                let hint = "git config core.splitIndex false\ngit update-index --no-split-index";
                ("the index is split (core.splitIndex)", "fluxwright reads a whole index only", hint)
            }
            Err(error) => return Err(git("read the index", &self.own.join("index"), error).into()),
        };
        Ok(Some(self.state(says, because, hint)))
    }

    fn head_state(&self) -> Result<Option<Problem>, Failure> {
        let path = self.own.join("HEAD");
        let head = match self.opened.find_reference("HEAD") {
            Ok(head) => head,
            Err(error) => {
                let says = format!("HEAD cannot be read: {}", error.message());
                let hint = "put the branch that you were on into it:\necho 'ref: refs/heads/main' >";
                let because = "it says which branch a commit is made on";
                return Ok(Some(self.state(says, because, format!("{hint} {}", path.display()))));
            }
        };
        Ok(match self.git("read HEAD", head.symbolic_target())? {
            Some(branch) if branch.starts_with("refs/heads/") => None,
            Some(other) => {
                let says = format!("HEAD is at `{other}`, which is no branch");
                Some(self.state(says, "Flux and people look for commits on branches", "git switch -c my-branch"))
            }
            None => {
                let because = "a commit would be on no branch, and lost at the next checkout";
                Some(self.state("HEAD is detached", because, "git switch -c my-branch"))
            }
        })
    }

    fn signed(&self) -> Result<Option<Problem>, Failure> {
        if !self.flag("commit.gpgsign")?.unwrap_or(false) {
            return Ok(None);
        }
        let format = self.configured("gpg.format")?.unwrap_or_else(|| "openpgp".to_owned());
        let key = match (format.as_str(), self.configured("user.signingkey")?) {
            ("ssh", None) => "tell git the key:\ngit config user.signingkey ~/.ssh/id_ed25519.pub\n# and ",
            _ => "",
        };
        let says = format!("commits are to be signed (commit.gpgsign, with {format})");
        let because = "fluxwright does not sign yet, and an unsigned commit is not what you asked for";
        Ok(Some(self.state(says, because, format!("{key}{}", self.by_hand.signed))))
    }
}

/// Whether libgit2 could not read the index for want of an extension; it says so in words only.
fn lacks(error: &git2::Error, extension: &str) -> bool {
    error.message().contains(&format!("unsupported mandatory extension: '{extension}'"))
}

/// The refusal of a repository that belongs to somebody else.
pub(super) fn foreign(root: &str, real: &str) -> Problem {
    Problem::new(Code::FOREIGN_OWNER, "the repository belongs to another user")
        .at(Place::file(root))
        .because("its configuration is somebody else's, and git does not work in it either")
        .hint(format!("if you trust it:\ngit config --global --add safe.directory {real}"))
}
