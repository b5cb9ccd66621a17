//! What stands in the way of committing a path: git ignores it, keeps it otherwise than as a file, or would change it.
//! Each refusal names the paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use git2::{AttrCheckFlags, AttrValue, IndexEntryExtendedFlag, ObjectType, Oid};

use super::objects::has_id;
use super::{Entry, Repo, SUBMODULE};
use crate::disk;
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem};
use crate::tree::is_below;

impl Repo<'_> {
    /// Everything that stands in the way of the paths of a commit.
    ///
    /// # Errors
    /// What git or the system says.
    pub fn refuse_paths(&self, entries: &[Entry]) -> Result<Vec<Problem>, Failure> {
        let elsewhere = self.in_another_repository(entries)?;
        if !elsewhere.is_empty() {
            return Ok(elsewhere);
        }
        let added = || entries.iter().filter(|(_, file)| file.is_some()).map(|(path, _)| path.as_str());
        let mut problems = self.filtered(entries)?;
        problems.extend(self.ignored(added())?);
        problems.extend(self.skipped(entries)?);
        problems.extend(self.twins(added())?);
        Ok(problems)
    }

    /// Whether git ignores a path that it does not have yet.
    ///
    /// # Errors
    /// What git says.
    pub fn ignores(&self, path: &str) -> Result<bool, Error> {
        let index = self.git("read the index", self.opened.index())?;
        let tracked = index.get_path(Path::new(path), 0).is_some();
        Ok(!tracked && self.git("read .gitignore", self.opened.is_path_ignored(path))?)
    }

    /// Paths that git ignores would be in the commit and nowhere else.
    fn ignored<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<Option<Problem>, Error> {
        let mut ignored = Vec::new();
        for path in paths {
            if self.ignores(path)? {
                ignored.push(path);
            }
        }
        Ok(named(&ignored, |first| {
            let says = match ignored.len() {
                1 => format!("git ignores `{first}`"),
                many => format!("git ignores {many} files that the commit would hold"),
            };
            Problem::new(Code::IGNORED_PATH, says)
                .because("a file that is committed and ignored is lost at the next `git clean -X`, and no `git add` takes its changes")
                .hint(format!("see which line does it:\n{} check-ignore -v {first}", self.git_here()))
        }))
    }

    /// Folders on the way to our paths that are another repository's, or that git has as a file.
    fn in_another_repository(&self, entries: &[Entry]) -> Result<Vec<Problem>, Failure> {
        let folders: BTreeSet<&str> = entries.iter().flat_map(|(path, _)| folders_above(path)).collect();
        let index = self.git("read the index", self.opened.index())?;
        let head = self.tree_of(self.head_commit()?.map(|commit| commit.id()))?;
        let mut problems = Vec::new();
        for folder in folders {
            let in_index = index.get_path(Path::new(folder), 0);
            let in_head = self.found(&head, folder)?.and_then(|found| found.kind);
            let submodule =
                in_index.as_ref().is_some_and(|entry| entry.mode == SUBMODULE) || in_head == Some(ObjectType::Commit);
            if submodule || disk::entry(self.disk, &self.root.join(folder).join(".git"))?.is_some() {
                problems.push(self.inner_repository(folder, entries));
            } else if in_index.is_some() || in_head.is_some_and(|kind| kind != ObjectType::Tree) {
                problems.push(self.is_a_file(folder));
            }
        }
        for (path, _) in entries.iter().filter(|(_, file)| file.is_some()) {
            if self.found(&head, path)?.is_some_and(|found| found.kind != Some(ObjectType::Blob)) {
                problems.push(self.is_a_file(path));
            }
        }
        problems.truncate(1);
        Ok(problems)
    }

    fn inner_repository(&self, folder: &str, entries: &[Entry]) -> Problem {
        let inside: Vec<&str> = entries.iter().map(|(path, _)| path.as_str()).filter(|p| is_below(p, folder)).collect();
        let here = self.root.join(folder);
        Problem::new(Code::INSIDE_SUBMODULE, format!("`{folder}` is another repository, and the commit would hold files of it"))
            .at(Place::file(folder))
            .because("git keeps of a submodule only which commit it stands at")
            .hint(format!(
                "with the profile inside of it, run there:\nfluxwright -C {} render --commit\n# or render without --commit, and commit there by hand",
                here.display()
            ))
            .detail(inside.join("\n"))
    }

    fn is_a_file(&self, path: &str) -> Problem {
        let git = self.git_here();
        Problem::new(
            Code::INSIDE_SUBMODULE,
            format!("git has `{path}` as something else than it would be in the commit"),
        )
        .at(Place::file(path))
        .because("a file and a folder cannot have one path")
        .hint(format!("first let go of what git has there:\n{git} rm -r --cached {path}\n{git} commit"))
    }

    /// Attributes by which git would keep something else than the file's bytes.
    fn filtered(&self, entries: &[Entry]) -> Result<Vec<Problem>, Error> {
        let mut by_attribute: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (path, file) in entries {
            let Some(file) = file else { continue };
            for name in ["filter", "working-tree-encoding", "ident"] {
                let value = self.opened.get_attr_bytes(Path::new(path), name, AttrCheckFlags::FILE_THEN_INDEX);
                let value = self.git("read .gitattributes", value)?;
                let attribute = match AttrValue::from_bytes(value) {
                    AttrValue::True if name == "ident" && has_id(&file.bytes) => name.to_owned(),
                    AttrValue::String(value) if name != "ident" && !value.eq_ignore_ascii_case("utf-8") => {
                        format!("{name}={value}")
                    }
                    _ => continue,
                };
                by_attribute.entry(attribute).or_default().push(path);
            }
        }
        let refusals = by_attribute
            .iter()
            .filter_map(|(attribute, paths)| named(paths, |first| self.is_filtered(attribute, first, paths)));
        Ok(refusals.collect())
    }

    fn is_filtered(&self, attribute: &str, first: &str, paths: &[&str]) -> Problem {
        let says = match paths {
            [one] => format!("`{one}` has the attribute `{attribute}`"),
            many => format!("{} files of the commit have the attribute `{attribute}`", many.len()),
        };
        let name = attribute.split('=').next().unwrap_or(attribute);
        let lines: Vec<String> = folders_of(paths).into_iter().map(|folder| format!("{folder}/** -{name}")).collect();
        Problem::new(Code::FILTERED_PATH, says)
            .because("git would keep it changed, and fluxwright starts no filter")
            .hint(format!(
                "see which line does it:\n{} check-attr {name} {first}\n# and take these paths out, at the end of .gitattributes:\n{}\n# or {}",
                self.git_here(),
                lines.join("\n"),
                self.by_hand.commit
            ))
    }

    /// Paths that are not checked out: what stands there on disk, or does not, says nothing.
    fn skipped(&self, entries: &[Entry]) -> Result<Option<Problem>, Error> {
        let index = self.git("read the index", self.opened.index())?;
        let skips = |path: &&str| {
            index.get_path(Path::new(path), 0).is_some_and(|entry| {
                IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_skip_worktree()
            })
        };
        let skipped: Vec<&str> = entries.iter().map(|(path, _)| path.as_str()).filter(skips).collect();
        let sparse = self.flag("core.sparsecheckout")?.unwrap_or(false);
        let git = self.git_here();
        Ok(named(&skipped, |first| {
            let says = match skipped.len() {
                1 => format!("`{first}` is not checked out"),
                many => format!("{many} files of the commit are not checked out"),
            };
            let hint = if sparse {
                format!("{git} sparse-checkout add {}", folders_of(&skipped).join(" "))
            } else {
                format!("{git} update-index --no-skip-worktree {}", skipped.join(" "))
            };
            Problem::new(Code::SKIPPED_PATH, says)
                .because("git was told to leave these files alone (skip-worktree), so the commit could undo what nobody sees")
                .hint(hint)
        }))
    }

    /// Where the file system takes names that differ only in case for one, git must not have both.
    fn twins<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<Option<Problem>, Error> {
        if !self.flag("core.ignorecase")?.unwrap_or(false) {
            return Ok(None);
        }
        let index = self.git("read the index", self.opened.index())?;
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for entry in index.iter() {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            for part in folders_above(&path).chain([path.as_str()]) {
                known.insert(part.to_lowercase(), part.to_owned());
            }
        }
        let twin = |path: &'p str| {
            folders_above(path).chain([path]).find_map(|part| {
                known.get(&part.to_lowercase()).filter(|other| *other != part).map(|other| (part, other.as_str()))
            })
        };
        let twins: BTreeMap<&str, &str> = paths.filter_map(twin).collect();
        let pairs: Vec<String> = twins.iter().map(|(ours, theirs)| format!("{theirs}  (ours: {ours})")).collect();
        let Some((ours, theirs)) = twins.first_key_value() else { return Ok(None) };
        let git = self.git_here();
        Ok(Some(
            Problem::new(Code::TRACKED_TWIN, format!("git has `{theirs}`, and the commit would add `{ours}`"))
                .at(Place::file(*ours))
                .because(
                    "the file system takes both for one (core.ignorecase), so a checkout could hold only one of them",
                )
                .hint(format!("{git} mv {theirs} {ours}.new\n{git} mv {ours}.new {ours}\n{git} commit"))
                .detail(pairs.join("\n")),
        ))
    }

    /// Refuses files that stand with CRLF on disk where git would not make LF of it: they would differ from the commit.
    ///
    /// # Errors
    /// What git says.
    pub fn refuse_unconverted(
        &self,
        files: impl Iterator<Item = (String, Vec<u8>, Vec<u8>)>,
    ) -> Result<Option<Problem>, Error> {
        let mut unconverted = Vec::new();
        for (path, there, wanted) in files {
            let wanted = self.git("write a file's content", Oid::hash_object(ObjectType::Blob, &wanted))?;
            if self.blob(&path, &there)? != wanted {
                unconverted.push(path);
            }
        }
        let unconverted: Vec<&str> = unconverted.iter().map(String::as_str).collect();
        Ok(named(&unconverted, |first| {
            let says = match unconverted.len() {
                1 => format!("`{first}` has CRLF, and git would keep it"),
                many => format!("{many} files of the tree have CRLF, and git would keep it"),
            };
            Problem::new(Code::NOT_CONVERTED, says)
                .because("the commit holds what was rendered, with LF, and the files would differ from it")
                .hint("to write them with LF:\nfluxwright render --discard-edits --commit")
        }))
    }
}

/// The folders above a path, the outermost first.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The folders that paths stand in, without those inside of another one.
fn folders_of(paths: &[&str]) -> Vec<String> {
    let all: BTreeSet<&str> =
        paths.iter().map(|path| path.rsplit_once('/').map_or(".", |(folder, _)| folder)).collect();
    let outermost = |folder: &&&str| !all.iter().any(|other| is_below(folder, other));
    all.iter().filter(outermost).map(|folder| (*folder).to_owned()).collect()
}

/// A refusal of paths, at the first of them; all of them below if there are more.
fn named(paths: &[&str], refusal: impl FnOnce(&str) -> Problem) -> Option<Problem> {
    let first = paths.first()?;
    let problem = refusal(first).at(Place::file(*first));
    Some(if paths.len() > 1 { problem.detail(paths.join("\n")) } else { problem })
}
