//! The only door to git: reading HEAD and making one commit. Nothing is ever pushed, fetched or checked out.
//!
//! A commit holds exactly the paths that it is given, on top of HEAD's tree. The index gets the same entries for these
//! paths and keeps every other one as it is, so `git status` says afterwards what it said before. The branch moves under
//! its own lock and only from where it stood when we looked.
//!
//! A state in which that cannot be promised is refused with what to type (`docs/decisions/commit.md`). Config is read as
//! data: no hook, filter, signing program or other command of it is ever started.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::build::TreeUpdateBuilder;
use git2::{
    Config, FileMode, IndexEntry, IndexTime, ObjectType, Oid, Repository, RepositoryOpenFlags, RepositoryState,
    Signature, Time,
};

use crate::disk::{self, Disk};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem};
use crate::tree::{File, Tree, TreePath};

/// A repository that can be committed to.
pub struct Repo {
    repo: Repository,
    root: PathBuf,
}

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

/// A path of a commit with its content and mode, or nothing for one that goes.
type Blob<'p> = (&'p str, Option<(Oid, FileMode)>);

/// One path of a commit: its file, or nothing for one that goes.
pub type Entry = (String, Option<File>);

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

impl Repo {
    /// Opens the repository whose work tree's root is `root`.
    ///
    /// # Errors
    /// There is none, or it is in a state in which we do not commit; each with what to type.
    pub fn open(disk: &dyn Disk, root: &Path) -> Result<Repo, Failure> {
        refuse_layout(disk, root)?;
        let flags = RepositoryOpenFlags::NO_SEARCH;
        let none: [&Path; 0] = [];
        let repo = Repository::open_ext(root, flags, none).map_err(|error| git("open the repository", root, error))?;
        let repo = Repo { repo, root: root.to_owned() };
        repo.refuse_state()?;
        Ok(repo)
    }

    fn git<T>(&self, what: &'static str, result: Result<T, git2::Error>) -> Result<T, Error> {
        result.map_err(|error| git(what, &self.root, error))
    }

    fn refuse_state(&self) -> Result<(), Failure> {
        let (under_way, hint) = match self.repo.state() {
            RepositoryState::Clean => ("", ""),
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
        if !under_way.is_empty() {
            return Err(self
                .state(format!("{under_way} is under way"), "a commit now would become a part of it", hint)
                .into());
        }
        if self.git("read the index", self.repo.index())?.has_conflicts() {
            let because = "a commit would leave them half solved";
            return Err(self.state("the index has unmerged files".to_owned(), because, "git status").into());
        }
        if self.repo.head_detached().unwrap_or(false) {
            return Err(self
                .state(
                    "HEAD is detached".to_owned(),
                    "a commit would be on no branch, and lost at the next checkout",
                    "git switch -c my-branch",
                )
                .into());
        }
        let config = self.git("read the configuration", self.repo.config())?;
        if config.get_bool("commit.gpgsign").unwrap_or(false) {
            let hint = "render without --commit, then:\ngit add profiles clusters .fluxwright\ngit commit";
            return Err(self
                .state(
                    "commits are to be signed (commit.gpgsign)".to_owned(),
                    "fluxwright does not sign yet, and an unsigned commit is not what you asked for",
                    hint,
                )
                .into());
        }
        Ok(())
    }

    fn state(&self, says: String, because: &str, hint: &str) -> Problem {
        Problem::new(Code::GIT_STATE, says).at(Place::file(self.root.display().to_string())).because(because).hint(hint)
    }

    /// The files below a folder of HEAD's tree; nothing if there is no commit or folder.
    ///
    /// # Errors
    /// What git says.
    pub fn head_files(&self, folder: &str) -> Result<Tree, Error> {
        let Some(head) = self.head_commit()? else { return Ok(Tree::default()) };
        let tree = self.git("read HEAD", head.tree())?;
        let Ok(entry) = tree.get_path(Path::new(folder)) else { return Ok(Tree::default()) };
        let Ok(folder) = self.git("read HEAD", entry.to_object(&self.repo))?.into_tree() else {
            return Ok(Tree::default());
        };
        let mut files = Vec::new();
        let walked = folder.walk(git2::TreeWalkMode::PreOrder, |parent, entry| {
            let path = entry.name().ok().and_then(|name| TreePath::new(&format!("{parent}{name}")));
            let is_file = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != i32::from(FileMode::Link);
            if let (Some(path), true) = (path, is_file)
                && let Ok(blob) = self.repo.find_blob(entry.id())
            {
                let executable = entry.filemode() == i32::from(FileMode::BlobExecutable);
                files.push((path, File { bytes: blob.content().to_vec(), executable }));
            }
            git2::TreeWalkResult::Ok
        });
        self.git("read HEAD", walked)?;
        Ok(files.into_iter().collect())
    }

    /// A file of HEAD's tree; nothing if there is none.
    ///
    /// # Errors
    /// What git says.
    pub fn head_file(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(entry) = self.head_entry(path)?.filter(|entry| is_file(entry)) else { return Ok(None) };
        let blob = self.git("read HEAD", self.repo.find_blob(entry.id()))?;
        Ok(Some(blob.content().to_vec()))
    }

    /// The paths of all files below a folder of HEAD's tree.
    ///
    /// # Errors
    /// What git says.
    pub fn head_paths(&self, folder: &str) -> Result<BTreeSet<String>, Error> {
        let mut paths = BTreeSet::new();
        let tree = match self.head_entry(folder)? {
            Some(entry) => self.git("read HEAD", entry.to_object(&self.repo))?.into_tree().ok(),
            None if folder.is_empty() => self.head_tree()?,
            None => None,
        };
        let Some(tree) = tree else { return Ok(paths) };
        let walked = tree.walk(git2::TreeWalkMode::PreOrder, |parent, entry| {
            if let (Ok(name), true) = (entry.name(), is_file(entry)) {
                let below = format!("{parent}{name}");
                paths.insert(if folder.is_empty() { below } else { format!("{folder}/{below}") });
            }
            git2::TreeWalkResult::Ok
        });
        self.git("read HEAD", walked)?;
        Ok(paths)
    }

    fn head_entry(&self, path: &str) -> Result<Option<git2::TreeEntry<'static>>, Error> {
        let Some(tree) = self.head_tree()?.filter(|_| !path.is_empty()) else { return Ok(None) };
        match tree.get_path(Path::new(path)) {
            Ok(entry) => Ok(Some(entry.to_owned())),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(git("read HEAD", &self.root, error)),
        }
    }

    fn head_tree(&self) -> Result<Option<git2::Tree<'_>>, Error> {
        self.head_commit()?.map(|head| self.git("read HEAD", head.tree())).transpose()
    }

    fn head_commit(&self) -> Result<Option<git2::Commit<'_>>, Error> {
        match self.repo.head() {
            Ok(head) => self.git("read HEAD", head.peel_to_commit()).map(Some),
            Err(error) if error.code() == git2::ErrorCode::UnbornBranch => Ok(None),
            Err(error) => Err(git("read HEAD", &self.root, error)),
        }
    }

    /// Whether git ignores a path that it does not have yet.
    ///
    /// # Errors
    /// What git says.
    pub fn ignores(&self, path: &str) -> Result<bool, Error> {
        let index = self.git("read the index", self.repo.index())?;
        let tracked = index.get_path(Path::new(path), 0).is_some();
        Ok(!tracked && self.git("read .gitignore", self.repo.is_path_ignored(path))?)
    }

    /// Refuses paths that git ignores: they would be in the commit and nowhere else.
    ///
    /// # Errors
    /// What git says.
    pub fn refuse_ignored<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<Option<Problem>, Error> {
        let mut ignored = Vec::new();
        for path in paths {
            if self.ignores(path)? {
                ignored.push(path);
            }
        }
        let Some(first) = ignored.first() else { return Ok(None) };
        let says = match ignored.as_slice() {
            [one] => format!("git ignores `{one}`"),
            many => format!("git ignores {} files that the commit would hold", many.len()),
        };
        let problem = Problem::new(Code::IGNORED_PATH, says)
            .at(Place::file(*first))
            .because("a file that is committed and ignored is lost at the next `git clean -X`, and no `git add` takes its changes")
            .hint(format!("see which line does it:\ngit check-ignore -v {first}"));
        Ok(Some(if ignored.len() > 1 { problem.detail(ignored.join("\n")) } else { problem }))
    }

    /// Who commits.
    ///
    /// # Errors
    /// Nothing says it.
    pub fn identities(&self, who: &Who) -> Result<(Identity, Identity), Failure> {
        if let Some(identity) = &who.explicit {
            return Ok((identity.clone(), identity.clone()));
        }
        let config = self.git("read the configuration", self.repo.config())?;
        let configured = |key: &str| config.get_string(key).ok().filter(|value| !value.is_empty());
        let identity = |(name, mail): &(Option<String>, Option<String>)| {
            let name = name.clone().or_else(|| configured("user.name"))?;
            Some(Identity { name, mail: mail.clone().or_else(|| configured("user.email"))? })
        };
        let author = identity(&who.author).ok_or_else(|| {
            Problem::new(Code::NO_AUTHOR, "nothing says who the author of the commit is")
                .because("neither --author nor GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL nor git's user.name and user.email are set")
                .hint("git config user.name 'My Name'\ngit config user.email me@example.com\n# or, for this commit only:\n--author 'My Name <me@example.com>'")
        })?;
        let committer = identity(&who.committer).unwrap_or_else(|| author.clone());
        Ok((author, committer))
    }

    /// Where a commit would go: HEAD's branch, or `branch`, which must stand at HEAD or not exist.
    ///
    /// # Errors
    /// The branch is elsewhere.
    pub fn target(&self, branch: Option<&str>) -> Result<Target, Failure> {
        let head = self.head_commit()?.map(|commit| commit.id());
        let head_ref = self.git("read HEAD", self.repo.find_reference("HEAD"))?;
        let own = head_ref.symbolic_target().ok().flatten().unwrap_or("refs/heads/main").to_owned();
        let Some(branch) = branch else {
            return Ok(Target { reference: own, stands_at: head, parent: head, is_head: true });
        };
        let reference = format!("refs/heads/{branch}");
        if reference == own {
            return Ok(Target { reference, stands_at: head, parent: head, is_head: true });
        }
        self.refuse_beside(branch, &reference)?;
        let stands_at = self.repo.refname_to_id(&reference).ok();
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
        let above = above.into_iter().find(|name| self.repo.find_reference(&format!("refs/heads/{name}")).is_ok());
        let mut below = self.git("read the branches", self.repo.references_glob(&format!("{reference}/*")))?;
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

    /// Makes the commit and moves the branch, if HEAD's tree does not hold all of it already.
    ///
    /// # Errors
    /// Somebody moved the branch; the index is locked; what else git says. Nothing has changed then but for objects that
    /// nobody refers to.
    pub fn commit(
        &self,
        target: &Target,
        entries: &[Entry],
        message: &str,
        author: &Identity,
        committer: &Identity,
        date: Option<Moment>,
    ) -> Result<Committed, Failure> {
        let parent = match target.parent {
            Some(id) => Some(self.git("read HEAD", self.repo.find_commit(id))?),
            None => None,
        };
        let before = match &parent {
            Some(commit) => self.git("read HEAD", commit.tree())?,
            None => self.empty_tree()?,
        };
        let blobs = self.blobs(entries)?;
        let tree = self.updated(&before, &blobs)?;
        if parent.is_some() && tree == before.id() {
            return Ok(Committed::Nothing);
        }
        let tree = self.git("write the tree", self.repo.find_tree(tree))?;
        let (author, committer) = (self.signature(author, date)?, self.signature(committer, date)?);
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let id = self.git("write the commit", self.repo.commit(None, &author, &committer, message, &tree, &parents))?;
        self.publish(target, id, &blobs, message, &committer)?;
        let branch = target.reference.trim_start_matches("refs/heads/").to_owned();
        Ok(Committed::Commit { id: id.to_string(), branch })
    }

    fn empty_tree(&self) -> Result<git2::Tree<'_>, Error> {
        let empty = self.git("write the tree", self.repo.treebuilder(None).and_then(|builder| builder.write()))?;
        self.git("write the tree", self.repo.find_tree(empty))
    }

    fn blobs<'e>(&self, entries: &'e [Entry]) -> Result<Vec<Blob<'e>>, Error> {
        let blob = |(path, file): &'e Entry| {
            let Some(file) = file else { return Ok((path.as_str(), None)) };
            let id = self.git("write a file's content", self.repo.blob(&file.bytes))?;
            let mode = if file.executable { FileMode::BlobExecutable } else { FileMode::Blob };
            Ok((path.as_str(), Some((id, mode))))
        };
        entries.iter().map(blob).collect()
    }

    fn updated(&self, before: &git2::Tree<'_>, blobs: &[Blob<'_>]) -> Result<Oid, Error> {
        let mut update = TreeUpdateBuilder::new();
        for (path, blob) in blobs {
            match blob {
                Some((id, mode)) => {
                    update.upsert(*path, *id, *mode);
                }
                None if before.get_path(Path::new(path)).is_ok() => {
                    update.remove(*path);
                }
                None => {}
            }
        }
        self.git("write the tree", update.create_updated(&self.repo, before))
    }

    fn signature(&self, identity: &Identity, date: Option<Moment>) -> Result<Signature<'static>, Error> {
        let signature = match date {
            Some(date) => Signature::new(&identity.name, &identity.mail, &Time::new(date.seconds, date.offset)),
            None => Signature::now(&identity.name, &identity.mail),
        };
        self.git("write the author's name", signature)
    }

    /// Under the branch's lock: looks whether it is where it was, writes the index, moves it.
    fn publish(
        &self,
        target: &Target,
        id: Oid,
        blobs: &[Blob<'_>],
        message: &str,
        committer: &Signature<'_>,
    ) -> Result<(), Failure> {
        let subject = message.lines().next().unwrap_or_default();
        let mut transaction = self.git("lock the branch", self.repo.transaction())?;
        self.git("lock the branch", transaction.lock_ref(&target.reference))?;
        if self.repo.refname_to_id(&target.reference).ok() != target.stands_at {
            let says = format!("somebody moved {} while the commit was made", target.reference);
            return Err(Problem::new(Code::BRANCH_MOVED, says)
                .because("the commit would undo theirs")
                .hint("run the same command again")
                .into());
        }
        if target.is_head {
            self.update_index(blobs)?;
        }
        self.git(
            "move the branch",
            transaction.set_target(&target.reference, id, Some(committer), &format!("commit (fluxwright): {subject}")),
        )?;
        self.git("move the branch", transaction.commit())?;
        Ok(())
    }

    fn update_index(&self, blobs: &[Blob<'_>]) -> Result<(), Error> {
        let mut index = self.git("read the index", self.repo.index())?;
        // Somebody may have staged something since it was looked at.
        self.git("read the index", index.read(false))?;
        for (path, blob) in blobs {
            let done = match blob {
                Some((id, mode)) => index.add(&index_entry(path, *id, *mode)),
                None if index.get_path(Path::new(path), 0).is_some() => index.remove_path(Path::new(path)),
                None => Ok(()),
            };
            self.git("write the index", done)?;
        }
        self.git("write the index", index.write())
    }
}

/// Whether an entry of a tree is a file, and no link, folder or submodule.
fn is_file(entry: &git2::TreeEntry<'_>) -> bool {
    entry.kind() == Some(ObjectType::Blob) && entry.filemode() != i32::from(FileMode::Link)
}

/// Where a commit goes, and from where its branch may move.
#[derive(Debug, Clone)]
pub struct Target {
    reference: String,
    stands_at: Option<Oid>,
    parent: Option<Oid>,
    is_head: bool,
}

/// An entry without the file's times and size: git looks at the file itself the next time.
fn index_entry(path: &str, id: Oid, mode: FileMode) -> IndexEntry {
    let never = IndexTime::new(0, 0);
    IndexEntry {
        ctime: never,
        mtime: never,
        dev: 0,
        ino: 0,
        mode: u32::try_from(i32::from(mode)).unwrap_or(0o100_644),
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

fn git(what: &'static str, path: &Path, error: git2::Error) -> Error {
    Error::Git { what, path: path.to_owned(), source: Box::new(error) }
}

/// Refuses what libgit2 cannot open, or what stands elsewhere, before anything is opened.
fn refuse_layout(disk: &dyn Disk, root: &Path) -> Result<(), Failure> {
    let elsewhere = "render without --commit, then:\ngit add profiles clusters .fluxwright\ngit commit";
    let dot_git = root.join(".git");
    let place = || Place::file(root.display().to_string());
    let entry = disk::entry(disk, &dot_git)?;
    if entry == Some(disk::Entry::File) {
        return Err(Problem::new(Code::GIT_STATE, "this is a worktree or a submodule of another repository")
            .at(place())
            .because("its index and branches stand elsewhere, and fluxwright does not write there yet")
            .hint(elsewhere)
            .into());
    }
    if entry.is_none() {
        return Err(Problem::new(Code::NO_REPOSITORY, "this is not the root of a git repository")
            .at(place())
            .hint(format!("git init --initial-branch=main {}", root.display()))
            .into());
    }
    let lock = dot_git.join("index.lock");
    if disk::entry(disk, &lock)?.is_some() {
        return Err(Problem::new(
            Code::GIT_STATE,
            "another git is at work here, or was stopped: there is an index.lock",
        )
        .at(Place::file(lock.display().to_string()))
        .hint(format!("wait for it; if no git is running:\nrm {}", lock.display()))
        .into());
    }
    let config = Config::open(&dot_git.join("config")).map_err(|error| git("read the configuration", root, error))?;
    let says = |key: &str, value: &str| config.get_string(key).is_ok_and(|text| text.eq_ignore_ascii_case(value));
    let set = |key: &str| config.get_bool(key).unwrap_or(false);
    let no_sparse = "git sparse-checkout disable\ngit config --unset extensions.worktreeConfig";
    let refused = [
        (says("extensions.objectformat", "sha256"), "the repository uses SHA-256", elsewhere),
        (says("extensions.refstorage", "reftable"), "the repository keeps its branches as reftable", elsewhere),
        (set("core.bare"), "the repository is bare", "git clone it, and work in the clone"),
        (set("core.sparsecheckout"), "the repository has a sparse checkout", no_sparse),
        (
            set("extensions.worktreeconfig"),
            "the repository has a sparse checkout, or a configuration for each worktree",
            no_sparse,
        ),
        (
            config.get_string("core.worktree").is_ok(),
            "the repository's work tree is elsewhere (core.worktree)",
            "git config --unset core.worktree",
        ),
    ];
    match refused.into_iter().find(|(is, ..)| *is) {
        Some((_, what, hint)) => Err(Problem::new(Code::GIT_STATE, what)
            .at(place())
            .because("fluxwright does not commit to such a repository yet")
            .hint(hint)
            .into()),
        None => Ok(()),
    }
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
