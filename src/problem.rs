//! What we tell users: a finding with its code, its name, its place, the cause and a hint.
//!
//! A [`Problem`] is a value: it is gathered, sorted by place and shown by `cli`, never printed from here.
//! What the machine did wrong (a full disk, a locked index) is an [`Error`](crate::error::Error) instead.
//!
//! The codes stand in one table below. A code's number never changes and is never used again; the first digit says
//! who speaks: 1 the profile, 2 the catalog and the plan, 3 the tree, 4 the repo's files, 5 git, 6 the command line, 7 the rules
//! of `check`, whose codes stand in their own files.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The stable identity of a finding: `FW101 unknown-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// `FW` and three digits.
    pub id: &'static str,
    /// The same in words, for people and for `explain`.
    pub name: &'static str,
    /// One sentence on what the finding means; `docs/findings.md` is made of these.
    pub about: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

macro_rules! codes {
    ($($konst:ident = $id:literal $name:literal $about:literal;)*) => {
        impl Code {
            $(#[doc = $about] pub const $konst: Code = Code { id: $id, name: $name, about: $about };)*
        }
        /// Every code that there is, in the order of their numbers.
        pub const CODES: &[Code] = &[$(Code::$konst),*];
    };
}

codes! {
    NOT_YAML = "FW101" "not-yaml" "The file is not YAML, or not YAML that every reader reads alike.";
    DUPLICATE_KEY = "FW102" "duplicate-key" "A mapping holds the same key twice; readers disagree on which one counts.";
    FILE_TOO_LARGE = "FW103" "file-too-large" "The file is larger than a profile or component may be (1 MiB).";
    TOO_DEEP = "FW104" "too-deep" "Mappings and lists are nested deeper than any profile needs.";
    ALIAS_BOMB = "FW105" "alias-bomb" "Aliases multiply the document past any sensible size.";
    YAML_TAG = "FW106" "yaml-tag" "A YAML tag (`!!str`, `!x`) stands in the file; types are said by quoting.";
    MERGE_KEY = "FW107" "merge-key" "A YAML merge key (`<<`) stands in the file; readers disagree on it.";
    UNKNOWN_KEY = "FW108" "unknown-key" "A key that the profile does not have.";
    MISSING_KEY = "FW109" "missing-key" "A key that must be there is not.";
    WRONG_TYPE = "FW110" "wrong-type" "A value of another type than the key takes.";
    READ_AS_NUMBER = "FW111" "read-otherwise" "A text without quotes that YAML readers take for a number, a truth value or nothing.";
    UNKNOWN_VALUE = "FW112" "unknown-value" "A value that is none of those the key takes.";
    MISSING_VERSION = "FW113" "missing-version" "A version is not written down; every version stands in the profile.";
    WRONG_DOCUMENT = "FW114" "wrong-document" "The file is no ClusterProfile of an apiVersion that we read.";
    BAD_NAME = "FW120" "bad-name" "A name that Kubernetes refuses.";
    BAD_VERSION = "FW121" "bad-version" "A text that is no version, or not one written as its source writes it.";
    BAD_NETWORK = "FW122" "bad-network" "A text that is no network in CIDR form.";
    BAD_ADDRESS = "FW123" "bad-address" "A text that is no IP address, or no range of them.";
    BAD_DURATION = "FW124" "bad-duration" "A text that is no duration as Flux writes them.";
    BAD_URL = "FW125" "bad-url" "A text that is no URL of a form that Flux takes here.";
    BAD_PATH = "FW126" "bad-path" "A path that leaves the repository, or is not relative to its root.";
    BAD_ROLE_ARN = "FW127" "bad-role-arn" "A text that is no ARN of an IAM role.";
    BAD_DATASTORE_URL = "FW128" "bad-datastore-url" "A text that is no datastore URL of vSphere.";
    BAD_THUMBPRINT = "FW129" "bad-thumbprint" "A text that is no SHA-1 thumbprint.";
    BAD_USER = "FW130" "bad-user" "A vCenter user without its domain; the CSI driver refuses such a name.";
    BAD_IMAGE = "FW131" "bad-image" "An image reference without a tag or digest.";
    BAD_LABEL = "FW132" "bad-label" "A label or annotation that Kubernetes refuses.";
    BAD_QUANTITY = "FW133" "bad-quantity" "A text that is no quantity as Kubernetes writes them.";
    BAD_HOST = "FW134" "bad-host" "A text that is no host name or address.";
    BAD_CONFIG_TEXT = "FW135" "bad-config-text" "A text with characters that the file it goes to cannot hold.";
    SECRET_VALUE = "FW140" "secret-value" "Something that looks like a secret itself; a profile names secrets by their place.";
    OVERLAPPING_NETWORKS = "FW141" "overlapping-networks" "Two networks of the cluster share addresses.";
    TWO_DEFAULTS = "FW142" "two-defaults" "Two classes say that they are the default.";
    DUPLICATE_NAME = "FW143" "duplicate-name" "Two items of one list have the same name.";
    NAME_DIFFERS = "FW144" "name-differs" "The profile's file name and the cluster's name differ.";
    CHOOSE_ONE = "FW145" "choose-one" "Keys that exclude each other, or of which one must be there.";
    RESERVED_NAME = "FW146" "reserved-name" "A name that fluxwright or the cluster needs for itself.";
    UNKNOWN_STORE = "FW147" "unknown-store" "A secret store that the profile does not have.";
    STORE_CLOSED = "FW148" "store-closed" "Something reads through a store from a namespace that may not.";
    NODE_COUNT = "FW150" "node-count" "A number of machines that EKS Anywhere refuses, or does not recommend.";
    ADDRESS_OUTSIDE = "FW151" "address-outside" "An address outside of the network that it belongs to.";
    BAD_INVENTORY_PATH = "FW152" "bad-inventory-path" "A text that is no full path of vSphere's inventory, or one in another datacenter.";
    WRONG_TEMPLATE = "FW153" "wrong-template" "A machine template whose path does not have the cluster's Kubernetes version.";
    MIXED_SYSTEMS = "FW154" "mixed-systems" "Machines with several operating systems where all need the same.";
    MACHINE_USER = "FW155" "machine-user" "A machine's user that its operating system does not have.";
    BAD_SSH_KEY = "FW156" "bad-ssh-key" "A text that is no public SSH key.";
    BAD_TAG_URN = "FW157" "bad-tag-urn" "A text that is no URN of a vSphere tag.";
    SMALL_MACHINE = "FW158" "small-machine" "A machine smaller than EKS Anywhere makes or recommends.";
    NO_ROOM_FOR_PODS = "FW159" "no-room-for-pods" "No group of workers that every pod may run on.";
    CONTRADICTION = "FW160" "contradiction" "Two keys of the profile that say different things about one.";
    PODS_NETWORK_SIZE = "FW161" "pods-network-size" "A pods' network that cannot be cut into one part for each node.";
    INSECURE = "FW165" "insecure" "A connection whose other end could be anybody.";
    UNKNOWN_COMPONENT = "FW201" "unknown-component" "A component that neither the catalog nor the repo has.";
    BAD_OPTION = "FW202" "bad-option" "A component's or a store's option that is unknown, missing or has a wrong value.";
    UNKNOWN_PROVIDER = "FW203" "unknown-provider" "A kind of secret store that the catalog does not have.";
    BROKEN_COMPONENT = "FW204" "broken-component" "A component.yaml or store.yaml that breaks the format.";
    BROKEN_TEMPLATE = "FW205" "broken-template" "A template that cannot be rendered.";
    SHADOWED_COMPONENT = "FW206" "shadowed-component" "A component of the repo has the name of a built-in one.";
    UNIT_CLASH = "FW207" "unit-clash" "Two units have the same name.";
    CONFLICT = "FW208" "conflict" "Two components that exclude each other.";
    MISSING_CAPABILITY = "FW209" "missing-capability" "Something that a unit requires is provided by nothing in the profile.";
    DEPENDENCY_CYCLE = "FW210" "dependency-cycle" "Units wait for each other in a circle.";
    UNKNOWN_NEED = "FW211" "unknown-need" "A `needs:` that names no unit.";
    VERSIONS_DO_NOT_FIT = "FW212" "versions-do-not-fit" "Two versions in the profile do not work together.";
    NEWER_THAN_KNOWN = "FW213" "newer-than-known" "A version newer than any that the catalog knows.";
    NO_PROVISIONER = "FW214" "no-provisioner" "A class names no driver and the profile provides none, or more than one.";
    MISSING_CREDENTIALS = "FW215" "missing-credentials" "Something needs vSphere credentials, and the profile says none, or none in a form that it takes.";
    NOT_YET = "FW216" "not-yet" "A part of the profile that this version of fluxwright does not render.";
    TOO_OLD = "FW217" "too-old" "A version older than any whose objects we can write.";
    PATCH_MATCHES_NOTHING = "FW218" "patch-matches-nothing" "A patch whose target is not among the unit's objects.";
    PATCH_FAILS = "FW219" "patch-fails" "A patch that cannot be applied.";
    DUPLICATE_OBJECT = "FW220" "duplicate-object" "The same object is rendered by two units.";
    POD_SECURITY = "FW221" "pod-security" "A namespace with a pod-security level too strict for what runs in it.";
    NAMESPACE_MISSING = "FW222" "namespace-missing" "An object in a namespace that nothing makes.";
    RETIRED = "FW223" "retired" "A component that its makers have retired.";
    DEADLOCK = "FW224" "deadlock" "What nodes wait for before they take pods waits for pods itself.";
    NOT_PATCHED = "FW225" "not-patched" "A release whose makers do not mend it any more.";
    CLASS_PARAMETER = "FW226" "class-parameter" "A storage class with a parameter that its driver refuses, or without one that it needs.";
    REMOTE_KEY = "FW227" "remote-key" "A name that no secret of the store can have.";
    BROKEN_OBJECT = "FW301" "broken-object" "A rendered document that is no Kubernetes object.";
    FIELD_TOO_NEW = "FW302" "field-too-new" "A rendered field that the profile's version does not know.";
    PATH_CLASH = "FW304" "path-clash" "Two files of the tree have the same path, or paths that differ only in case.";
    NOT_IN_TREE = "FW305" "not-in-tree" "A file that the tree does not have.";
    FOREIGN_FILE = "FW401" "foreign-file" "A file that fluxwright did not write stands where it would write.";
    EDITED_BY_HAND = "FW402" "edited-by-hand" "A file that fluxwright wrote was edited since.";
    WOULD_DROP = "FW403" "would-drop" "An object that Flux applies today would not be applied any more.";
    WALKED_FOLDER = "FW404" "walked-folder" "Flux walks this folder today, and would stop to apply what else is in it.";
    LEAVES_THE_REPO = "FW405" "leaves-the-repo" "A path of the tree goes through a symbolic link.";
    UNMANAGED_MISSING = "FW406" "unmanaged-missing" "A file that the profile says is yours is not there.";
    NOTHING_TO_RENDER = "FW407" "nothing-to-render" "There is no profile to render.";
    INCLUDE_MISSING = "FW408" "include-missing" "An included file or folder is not there.";
    NEWER_REPO = "FW409" "newer-repo" "The repo asks for a newer fluxwright.";
    TREE_WITHOUT_PROFILE = "FW410" "tree-without-profile" "A tree that fluxwright wrote, and no profile that it belongs to.";
    APPLIED_TWICE = "FW411" "applied-twice" "An object of the tree is applied from a file of the user's, too.";
    OPERATOR_WITH_ITS_OBJECTS = "FW412" "operator-with-its-objects" "An operator would be deleted together with objects of its kinds.";
    OTHER_OBJECTS = "FW413" "other-objects" "A file that is to be taken over holds other objects than those that would be written.";
    NOTHING_TO_ADOPT = "FW414" "nothing-to-adopt" "A file that is to be taken over is not there.";
    WOULD_TOUCH = "FW415" "would-touch" "What `init` would write or change is there already.";
    INSIDE_A_REPOSITORY = "FW416" "inside-a-repository" "`init` would make a repository inside of another one that does not ignore it.";
    STALE_SCHEMA = "FW417" "stale-schema" "The schema of the repo's profiles is not what this fluxwright would write.";
    STILL_USED = "FW418" "still-used" "A component that would go, and that something in the profile still uses.";
    NOT_IN_COMMIT = "FW419" "not-in-commit" "A file that the tree lists, and that the commit would not hold.";
    NOTHING_TO_PRUNE = "FW420" "nothing-to-prune" "A `--prune-ok` that names nothing that would be dropped.";
    LEFT_BEHIND = "FW421" "left-behind" "Guarded objects that nothing would apply any more, and that stay in the cluster.";
    BEFORE_THE_CLUSTER = "FW422" "before-the-cluster" "A tree in a folder that EKS Anywhere wants to make itself when it makes the cluster.";
    CANNOT_BUILD = "FW430" "cannot-build" "Something in a repo that kustomize or Flux refuses; the Flux Kustomization that applies it gives nothing.";
    NOT_RESOLVED = "FW431" "not-resolved" "Something in a repo that is not looked at here: what it would bring or change is not shown.";
    NO_SUCH_KUSTOMIZATION = "FW432" "no-such-kustomization" "A Flux Kustomization that nothing in the repo leads to.";
    NO_REPOSITORY = "FW501" "no-repository" "There is no git repository to commit to.";
    GIT_STATE = "FW502" "git-state" "The repository is in a state in which fluxwright does not commit.";
    NO_AUTHOR = "FW503" "no-author" "Nothing says who the author of the commit is.";
    BRANCH_ELSEWHERE = "FW504" "branch-elsewhere" "The branch stands at another commit than HEAD.";
    BRANCH_MOVED = "FW505" "branch-moved" "Somebody moved the branch while the commit was made.";
    IGNORED_PATH = "FW506" "ignored-path" "Git ignores a file that the commit would hold.";
    MISSING_OBJECT = "FW507" "missing-object" "An object of HEAD that is needed is not in this clone.";
    INSIDE_SUBMODULE = "FW508" "inside-a-submodule" "A path of the commit lies inside of another repository, or of what git has as a file.";
    TRACKED_TWIN = "FW509" "tracked-twin" "Git has a path that differs from one of the commit's only in case.";
    FILTERED_PATH = "FW510" "filtered-path" "A git attribute has a program or an encoding change the file on its way to git.";
    SKIPPED_PATH = "FW511" "skipped-path" "A path of the commit is outside of the sparse checkout, or marked skip-worktree.";
    HOOKS_NOT_RUN = "FW512" "hooks-not-run" "The repository has hooks, and a commit made without git runs none.";
    FOREIGN_OWNER = "FW513" "foreign-owner" "The repository belongs to another user.";
    GIT_ENVIRONMENT = "FW514" "git-environment" "A variable of the environment has git work elsewhere.";
    NOT_CONVERTED = "FW515" "not-converted" "Files of the tree have CRLF, and git would not turn it into LF.";
    BAD_ARGUMENT = "FW601" "bad-argument" "A command-line argument that cannot be used.";
}

/// How bad a finding is. An error stops the command; a warning is said and counted; a note is only said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What was not looked at, or is as it should be and good to know.
    Note,
    /// Worth knowing; the command goes on.
    Warning,
    /// The command does not do what was asked.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Note => "note",
        })
    }
}

/// A text and the name that a user knows it by: a file's path, or `components/x/component.yaml` of the catalog.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The path as the user typed or would type it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source that many places can share.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// The byte offset, or the nearest one before it at which a character begins.
    pub fn boundary(&self, offset: usize) -> usize {
        (0..=offset.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// Where a finding points: bytes of a source, or only a path when there is no text to show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The text, or an empty one that only names the path.
    pub source: Arc<Source>,
    /// The bytes to underline.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Place {
    /// The bytes `span` of `source`.
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Place {
        Place { source: Arc::clone(source), start: span.start, end: span.end }
    }

    /// A whole file, without a text to show.
    pub fn file(path: impl Into<String>) -> Place {
        Place { source: Source::new(path, ""), start: 0, end: 0 }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its stable identity.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Option<Place>,
    /// One sentence, no full stop: what is.
    pub says: String,
    /// Why that matters, with the source of the rule.
    pub because: Option<String>,
    /// What to type; lines of several are kept.
    pub hint: Option<String>,
    /// Text to show below as it is: an edit, a list of objects.
    pub detail: Option<String>,
    /// The Flux Kustomizations that lead to what it is about, the first one first.
    pub chain: Vec<String>,
}

impl Problem {
    /// An error that says `says`; the rest is added with the methods below.
    pub fn new(code: Code, says: impl Into<String>) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            place: None,
            says: says.into(),
            because: None,
            hint: None,
            detail: None,
            chain: Vec::new(),
        }
    }

    /// The same as a warning.
    pub fn warning(code: Code, says: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::new(code, says) }
    }

    /// The same where the command goes on.
    pub fn as_warning(self) -> Problem {
        Problem { severity: Severity::Warning, ..self }
    }

    /// Points at `place`.
    pub fn at(mut self, place: Place) -> Problem {
        self.place = Some(place);
        self
    }

    /// Says why.
    pub fn because(mut self, because: impl Into<String>) -> Problem {
        self.because = Some(because.into());
        self
    }

    /// Says what to type.
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to type, where there is something to say.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Problem {
        self.hint = hint.or(self.hint);
        self
    }

    /// Shows text below.
    pub fn detail(mut self, detail: impl Into<String>) -> Problem {
        self.detail = Some(detail.into());
        self
    }
}

/// Findings in the making; everything that can be found is found before anything is reported.
#[derive(Debug, Default, Clone)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds many.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems);
    }

    /// The value, or nothing and what was found instead of it.
    pub fn keep<T>(&mut self, result: Result<T, Vec<Problem>>) -> Option<T> {
        result.map_err(|found| self.extend(found)).ok()
    }

    /// Shows another text of the same length in all places of that file.
    pub fn show(&mut self, source: &Arc<Source>) {
        let of_file =
            |place: &&mut Place| place.source.name == source.name && place.source.text.len() == source.text.len();
        for place in self.0.iter_mut().filter_map(|problem| problem.place.as_mut()).filter(of_file) {
            place.source = Arc::clone(source);
        }
    }

    /// Keeps those that hold.
    pub fn retain(&mut self, holds: impl FnMut(&Problem) -> bool) {
        self.0.retain(holds);
    }

    /// Whether one of them stops the command.
    pub fn any_error(&self) -> bool {
        self.0.iter().any(|p| p.severity == Severity::Error)
    }

    /// All of them, by place, each once.
    pub fn sorted(mut self) -> Vec<Problem> {
        self.0.sort_by(|a, b| (&a.place, a.code, &a.says).cmp(&(&b.place, b.code, &b.says)));
        self.0.dedup();
        self.0
    }

    /// The value with the warnings, or everything that was found when one is an error.
    ///
    /// # Errors
    /// All problems, sorted, when one of them is an error or there is no value.
    pub fn finish<T>(self, value: Option<T>) -> Result<(T, Vec<Problem>), Vec<Problem>> {
        match value {
            Some(value) if !self.any_error() => Ok((value, self.sorted())),
            _ => Err(self.sorted()),
        }
    }
}

/// A word as a POSIX shell takes it, for hints that can be pasted; quoted only where it must be.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A path as an item of a YAML list, for the same; quoted only where it must be.
pub fn yaml_word(text: &str) -> String {
    const NO_TEXTS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let letter = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_text = letter && text.chars().all(plain) && !NO_TEXTS.contains(&text.to_ascii_lowercase().as_str());
    if is_text { text.to_owned() } else { format!("{text:?}") }
}

/// The name nearest to `wrong` among `names`, if one is near enough to be meant.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let near = |name: &str| strsim::damerau_levenshtein(&wrong, &name.to_lowercase());
    let allowed = (wrong.chars().count() / 3).max(1);
    names.into_iter().map(|name| (near(name), name)).filter(|(far, _)| *far <= allowed).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_stand_once_and_in_order() {
        for pair in CODES.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} before {}", pair[0], pair[1]);
        }
        let mut names: Vec<_> = CODES.iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CODES.len());
    }

    #[test]
    fn the_nearest_name_is_one_that_could_be_meant() {
        assert_eq!(nearest("verson", ["version", "values"]), Some("version"));
        assert_eq!(nearest("colour", ["version", "values"]), None);
    }

    #[test]
    fn columns_count_characters_from_one() {
        let source = Source::new("p", "a: ä\nbé: x\n");
        assert_eq!(source.line_column(source.text.find('x').unwrap_or(0)), (2, 5));
    }
}
