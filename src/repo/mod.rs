//! The only door to git: reading a commit ([`revision`]) and making one. Nothing is ever pushed, fetched or checked out.
//!
//! A commit holds exactly the paths that it is given, on top of HEAD's tree. The index gets the same entries for these
//! paths and keeps every other one as it is, so `git status` says afterwards what it said before. Index and branch are
//! written under their own locks, and the branch moves only from a commit that we compared with.
//!
//! A state in which that cannot be promised is refused with what to type (`docs/decisions/commit.md`): [`layout`] says
//! what cannot be opened, [`state`] when there is no commit, [`paths`] what stands in the way of a file. Config is read
//! as data: no hook, filter, signing program or other command of it is ever started.

mod begin;
mod hooks;
mod ignored;
mod index;
mod layout;
mod locks;
mod objects;
mod paths;
mod revision;
mod state;
mod who;

use std::path::{Path, PathBuf};

use git2::{Config, ErrorCode, Oid, Repository, RepositoryOpenFlags, Signature, Transaction};

pub use self::begin::{begin, ignores_folder};
pub use self::ignored::Ignored;
use self::index::LockedIndex;
use self::objects::Blob;
pub use self::revision::Revision;
pub use self::who::{Identity, Moment, Who, identities_without_repository};
use crate::disk::{Disk, said};
use crate::error::{Error, Failure};
use crate::problem::{Code, Problem, shell_word};
use crate::tree::File;

/// A repository that can be committed to.
pub struct Repo<'d> {
    opened: Repository,
    disk: &'d dyn Disk,
    root: PathBuf,
    /// The folder of HEAD and the index.
    own: PathBuf,
    /// The folder of branches and configuration.
    shared: PathBuf,
    by_hand: ByHand,
}

/// One path of a commit: its file, or nothing for one that goes.
pub type Entry = (String, Option<File>);

/// What a commit is made of.
#[derive(Debug)]
pub struct Draft {
    /// Where it goes.
    pub target: Target,
    /// Its paths.
    pub entries: Vec<Entry>,
    /// The folders that were compared with HEAD; if another commit changes one, it is to be looked at again.
    pub compared: Vec<String>,
    /// Its message.
    pub message: String,
    /// Its author.
    pub author: Identity,
    /// Its committer.
    pub committer: Identity,
    /// When; now if nothing is said.
    pub date: Option<Moment>,
}

/// A commit that was made, or was not needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// HEAD holds all of it already.
    Nothing,
    /// It was made.
    Commit {
        /// Its id.
        id: String,
        /// The branch that it is on.
        branch: String,
    },
}

/// Where a commit goes, and from where its branch may move.
#[derive(Debug, Clone)]
pub struct Target {
    reference: String,
    stands_at: Option<Oid>,
    parent: Option<Oid>,
    is_head: bool,
}

/// The mode of a submodule's entry in the index.
const SUBMODULE: u32 = 0o160_000;

/// How often a commit is made anew because the branch moved by a commit of other files.
const MOST_MOVES: usize = 20;

/// How a user makes the commit that we refuse to make, as a hint says it.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// With git itself: `render without --commit, then: …`.
    pub commit: String,
    /// So that git signs it.
    pub signed: String,
}

impl<'d> Repo<'d> {
    /// Opens the repository whose work tree's root is `root`. `by_hand` says how to commit with git itself.
    ///
    /// # Errors
    /// There is none, or it is in a state in which we do not commit; each with what to type.
    pub fn open(disk: &'d dyn Disk, root: &Path, by_hand: ByHand) -> Result<Repo<'d>, Failure> {
        let layout = layout::find(disk, root)?;
        layout::refuse_format(&layout, root, layout::NOT_YET, &by_hand.commit)?;
        let opened = opened(disk, root)?;
        let layout::Layout { own, shared } = layout;
        let repo = Repo { opened, disk, root: root.to_owned(), own, shared, by_hand };
        repo.refuse_state()?;
        locks::wait_for(disk, &locks::lock_of(&repo.own.join("index")))?;
        locks::wait_for(disk, &locks::lock_of(&repo.own.join("HEAD")))?;
        Ok(repo)
    }

    /// Refuses variables of the environment by which git would work elsewhere: each with its value, and what it may be.
    ///
    /// # Errors
    /// The refusal.
    pub fn refuse_environment(&self, variables: &[(&str, PathBuf)]) -> Result<(), Problem> {
        let same = |path: &Path, ours: &Path| {
            self.disk.real(path).is_ok_and(|path| self.disk.real(ours).is_ok_and(|ours| ours == path))
        };
        let elsewhere = |(name, path): &&(&str, PathBuf)| match *name {
            "GIT_DIR" => !same(path, &self.own),
            "GIT_COMMON_DIR" => !same(path, &self.shared),
            "GIT_WORK_TREE" => !same(path, &self.root),
            "GIT_INDEX_FILE" => !same(path, &self.own.join("index")),
            "GIT_OBJECT_DIRECTORY" => !same(path, &self.shared.join("objects")),
            _ => true,
        };
        match variables.iter().find(elsewhere) {
            None => Ok(()),
            Some((name, path)) => {
                let says = format!("{name} has git work elsewhere: {}", path.display());
                Err(Problem::new(Code::GIT_ENVIRONMENT, says)
                    .because("fluxwright commits to the repository that it stands in, and git would look at another")
                    .hint(format!("unset {name}\n# or cd to where it leads")))
            }
        }
    }

    fn git<T>(&self, what: &'static str, result: Result<T, git2::Error>) -> Result<T, Error> {
        result.map_err(|error| git(what, &self.root, error))
    }

    fn real(&self, path: &Path) -> Result<PathBuf, Error> {
        said("follow", path, self.disk.real(path))
    }

    /// `git`, as it is to be typed to work at the root.
    pub fn git_here(&self) -> String {
        git_at(&self.root)
    }

    fn configured(&self, key: &str) -> Result<Option<String>, Error> {
        let config = self.git("read the configuration", self.opened.config())?;
        Ok(configured(&config, key, &self.root)?.filter(|value| !value.is_empty()))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>, Error> {
        let config = self.git("read the configuration", self.opened.config())?;
        if_there("read the configuration", &self.root, config.get_bool(key))
    }

    fn head_commit(&self) -> Result<Option<git2::Commit<'_>>, Error> {
        match self.opened.head() {
            Ok(head) => self.git("read HEAD", head.peel_to_commit()).map(Some),
            Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(None),
            Err(error) => Err(git("read HEAD", &self.root, error)),
        }
    }

    /// The branch that HEAD is at.
    ///
    /// # Errors
    /// What git says.
    pub fn branch(&self) -> Result<String, Error> {
        Ok(self.head_branch()?.trim_start_matches("refs/heads/").to_owned())
    }

    /// Where `origin` is, if there is one.
    ///
    /// # Errors
    /// What git says.
    pub fn origin(&self) -> Result<Option<String>, Error> {
        self.configured("remote.origin.url")
    }

    /// The branch that HEAD is at, as `refs/heads/…`.
    fn head_branch(&self) -> Result<String, Error> {
        let head = self.git("read HEAD", self.opened.find_reference("HEAD"))?;
        Ok(self.git("read HEAD", head.symbolic_target())?.unwrap_or_default().to_owned())
    }

    /// Where a reference stands; nothing if there is none.
    fn stands_at(&self, reference: &str) -> Result<Option<Oid>, Error> {
        if_there("read the branch", &self.shared.join(reference), self.opened.refname_to_id(reference))
    }

    /// Where a commit would go: HEAD's branch, or `branch`, which must stand at HEAD or not exist.
    ///
    /// # Errors
    /// The branch is elsewhere, or locked.
    pub fn target(&self, branch: Option<&str>) -> Result<Target, Failure> {
        let head = self.head_commit()?.map(|commit| commit.id());
        let own = self.head_branch()?;
        let reference = branch.map_or_else(|| own.clone(), |branch| format!("refs/heads/{branch}"));
        locks::wait_for(self.disk, &locks::lock_of(&self.shared.join(&reference)))?;
        if reference == own {
            return Ok(Target { reference, stands_at: head, parent: head, is_head: true });
        }
        let branch = reference.trim_start_matches("refs/heads/");
        self.refuse_beside(branch, &reference)?;
        let stands_at = self.stands_at(&reference)?;
        if stands_at.is_some() && stands_at != head {
            return Err(Problem::new(Code::BRANCH_ELSEWHERE, format!("the branch `{branch}` is not where HEAD is"))
                .because("the commit is made of HEAD's tree; on another branch it would undo what is there")
                .hint(format!("git switch {branch}\n# or take a branch that does not exist yet"))
                .into());
        }
        Ok(Target { reference, stands_at, parent: head, is_head: false })
    }

    /// Git keeps branches as files: `x` and `x/y` cannot both be.
    fn refuse_beside(&self, branch: &str, reference: &str) -> Result<(), Failure> {
        let above = branch.match_indices('/').map(|(at, _)| branch[..at].to_owned());
        let above = above.into_iter().find(|name| self.opened.find_reference(&format!("refs/heads/{name}")).is_ok());
        let mut below = self.git("read the branches", self.opened.references_glob(&format!("{reference}/*")))?;
        let below =
            below.names().next().and_then(Result::ok).map(|name| name.trim_start_matches("refs/heads/").to_owned());
        match above.or(below) {
            None => Ok(()),
            Some(other) => Err(Problem::new(
                Code::BRANCH_ELSEWHERE,
                format!("there is a branch `{other}`, so there can be none called `{branch}`"),
            )
            .because("git keeps branches as files, and one cannot be a folder of the other")
            .hint("take another name")
            .into()),
        }
    }

    /// Makes the commit and moves the branch, if HEAD's tree does not hold all of it already. Where somebody committed
    /// other files meanwhile, it is made on top of theirs.
    ///
    /// # Errors
    /// Somebody moved the branch by a commit of what was compared; the index is locked; what else git says. Nothing has
    /// changed then but for objects that nobody refers to.
    pub fn commit(&self, draft: &Draft) -> Result<Committed, Failure> {
        let mut target = draft.target.clone();
        for _ in 0..MOST_MOVES {
            if let Some(committed) = self.commit_at(draft, &target)? {
                return Ok(committed);
            }
            target = self.moved(draft, &target)?;
        }
        Err(moved(&target).into())
    }

    /// One try; nothing if the branch is not where `target` says.
    fn commit_at(&self, draft: &Draft, target: &Target) -> Result<Option<Committed>, Failure> {
        let before = self.tree_of(target.parent)?;
        let blobs = self.blobs(&draft.entries, &before)?;
        let tree = self.updated(&before, &blobs)?;
        if target.parent.is_some() && tree == before.id() {
            return Ok(Some(Committed::Nothing));
        }
        let tree = self.git("write the tree", self.opened.find_tree(tree))?;
        let parent = target.parent.map(|id| self.git("read HEAD", self.opened.find_commit(id))).transpose()?;
        let (author, committer) =
            (self.signature(&draft.author, draft.date)?, self.signature(&draft.committer, draft.date)?);
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let commit = self.opened.commit(None, &author, &committer, &draft.message, &tree, &parents);
        let id = self.git("write the commit", commit)?;
        let subject = draft.message.lines().next().unwrap_or_default();
        let log = format!("commit (fluxwright): {subject}");
        let branch = target.reference.trim_start_matches("refs/heads/").to_owned();
        let made = self.publish(target, id, &blobs, &committer, &log)?;
        Ok(made.then(|| Committed::Commit { id: id.to_string(), branch }))
    }

    fn tree_of(&self, commit: Option<Oid>) -> Result<git2::Tree<'_>, Error> {
        match commit {
            Some(id) => self.git("read HEAD", self.opened.find_commit(id).and_then(|commit| commit.tree())),
            None => self.empty_tree(),
        }
    }

    /// The target where the branch stands now, if everything that was compared is there as it was.
    fn moved(&self, draft: &Draft, target: &Target) -> Result<Target, Failure> {
        let now = self.stands_at(&target.reference)?;
        let (before, after) = (self.tree_of(target.parent)?, self.tree_of(now)?);
        let entries = draft.entries.iter().map(|(path, _)| path);
        for path in entries.chain(&draft.compared) {
            if self.found(&before, path)? != self.found(&after, path)? {
                return Err(moved(target).into());
            }
        }
        if !target.is_head || now.is_none() || self.head_branch()? != target.reference {
            return Err(moved(target).into());
        }
        Ok(Target { stands_at: now, parent: now, ..target.clone() })
    }

    /// Under the locks of index, HEAD and branch, in git's order: looks whether the branch is where it was, moves it, and
    /// writes the index. Says whether the branch was there.
    fn publish(
        &self,
        target: &Target,
        id: Oid,
        blobs: &[Blob<'_>],
        committer: &Signature<'_>,
        log: &str,
    ) -> Result<bool, Failure> {
        let index = if target.is_head { Some(LockedIndex::take(self.disk, &self.own)?) } else { None };
        let mut transaction = self.git("lock the branch", self.opened.transaction())?;
        if target.is_head {
            lock(&mut transaction, "HEAD", &self.own)?;
        }
        lock(&mut transaction, &target.reference, &self.shared)?;
        let head_left = target.is_head && self.head_branch()? != target.reference;
        if head_left || self.stands_at(&target.reference)? != target.stands_at {
            return Ok(false);
        }
        if let Some(index) = &index {
            index.prepare(&self.root, blobs)?;
        }
        self.git("move the branch", transaction.set_target(&target.reference, id, Some(committer), log))?;
        self.git("move the branch", transaction.commit())?;
        if let Some(index) = index {
            index.put()?;
        }
        Ok(true)
    }
}

/// Opens what is at `root` and nowhere else.
fn opened(disk: &dyn Disk, root: &Path) -> Result<Repository, Failure> {
    let none: [&Path; 0] = [];
    match Repository::open_ext(root, RepositoryOpenFlags::NO_SEARCH, none) {
        Ok(opened) => Ok(opened),
        Err(error) if error.code() == ErrorCode::Owner => {
            let real = said("follow", root, disk.real(root))?;
            Err(state::foreign(&root.display().to_string(), &real.display().to_string()).into())
        }
        Err(error) => Err(git("open the repository", root, error).into()),
    }
}

/// Locks a reference for a transaction.
fn lock(transaction: &mut Transaction<'_>, reference: &str, folder: &Path) -> Result<(), Failure> {
    let take = || match transaction.lock_ref(reference) {
        Ok(()) => Ok(Some(())),
        Err(error) if error.code() == ErrorCode::Locked => Ok(None),
        Err(error) => Err(git("lock the branch", &folder.join(reference), error)),
    };
    locks::patiently(take)?.ok_or_else(|| locks::held(&locks::lock_of(&folder.join(reference))).into())
}

fn moved(target: &Target) -> Problem {
    Problem::new(Code::BRANCH_MOVED, format!("somebody moved {} while the commit was made", target.reference))
        .because("the commit would undo theirs")
        .hint("run the same command again")
}

/// `git`, as it is to be typed to work at a root.
pub fn git_at(root: &Path) -> String {
    if root == Path::new(".") {
        "git".to_owned()
    } else {
        format!("git -C {}", shell_word(&root.display().to_string()))
    }
}

/// A value of a configuration, if it is there.
fn configured(config: &Config, key: &str, path: &Path) -> Result<Option<String>, Error> {
    if_there("read the configuration", path, config.get_string(key))
}

/// What git found, or nothing where there is none.
fn if_there<T>(what: &'static str, path: &Path, result: Result<T, git2::Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(git(what, path, error)),
    }
}

fn git(what: &'static str, path: &Path, error: git2::Error) -> Error {
    Error::Git { what, path: path.to_owned(), source: Box::new(error) }
}
