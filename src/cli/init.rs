//! `init`: a repository with one cluster in it, rendered and committed; or one more cluster in a repository that is there.
//!
//! Nothing that exists is touched. Everything that stands in the way is found before the first file is written; if git itself
//! then refuses, the empty repository that was made for it stays, and the next `init` goes on in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::commit::{self, Asked};
use super::workspace::{Workspace, argument};
use super::{Done, Format, Global, report, who};
use crate::catalog::{self, Catalog};
use crate::cluster::{Allowed, Cluster, Lost, leaves_the_repo};
use crate::disk::{self, Disk, Entry, LocalDisk, changes, said, write};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem, Source, nearest, shell_word};
use crate::profile::Profile;
use crate::repo::{self, ByHand, Committed, Repo, Who, git_at};
use crate::scaffold;
use crate::schema;
use crate::texts::Name;
use crate::tree::File;

/// Begin a repository with an example cluster, rendered and committed
///
/// Makes DIR a git repository, unless it is the root of one already, with profiles/<NAME>.yaml of an example, the tree that is
/// rendered of it, and the files around them: README.md, renovate.json, .gitignore, .gitattributes, .fluxwright/. Of those, what
/// exists is kept as it is; a profile or tree that exists is never touched.
///
/// Exit codes: 0 done; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Init {
    /// The repository's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// The cluster's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The example to begin with: minimal, or another cluster of the documentation
    #[arg(long, value_name = "EXAMPLE", default_value = "minimal")]
    example: String,
    /// Author and committer
    #[arg(long, value_name = "NAME <MAIL>")]
    author: Option<String>,
    /// When the commit is made
    #[arg(long, value_name = "RFC3339")]
    date: Option<String>,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// A repository to be.
struct Beginning {
    catalog: Catalog,
    cluster: Cluster,
    profile: Profile,
    /// The files around the cluster that are not there yet.
    files: BTreeMap<String, File>,
    /// Those that are, and stay as they are.
    kept: Vec<String>,
    /// What is at the folder now.
    place: InPlace,
    /// What to do if git is in no state for it.
    by_hand: ByHand,
}

impl Init {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let start = global.directory.clone().unwrap_or_else(|| PathBuf::from("."));
        let root = if self.folder == Path::new(".") { start.clone() } else { start.join(&self.folder) };
        let workspace = Workspace { disk: LocalDisk, start, root };
        let (name, who) = (self.name()?, who::said(self.author.as_deref(), self.date.as_deref())?);
        let (beginning, warnings) = self.plan(&workspace, &name)?;
        if self.format == Format::Text {
            report::warnings(&warnings);
        }
        let committed = beginning.make(&workspace, who)?;
        beginning.tell(&workspace, &committed, self.format);
        Ok(Done::Same)
    }

    fn name(&self) -> Result<Name, Failure> {
        let examples = catalog::examples();
        if !examples.contains_key(&self.example) {
            let names: Vec<&str> = examples.keys().map(String::as_str).collect();
            let hint = match nearest(&self.example, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the examples are: {}", names.join(", ")),
            };
            let problem = argument(format!("there is no example `{}`", self.example));
            return Err(problem.hint(hint).into());
        }
        let name = Name::parse(&self.name).map_err(|why| argument(format!("`{}` {why}", self.name)));
        name.map_err(|problem| problem.hint("--name my-cluster").into())
    }

    /// Everything that will be written, or what stands in its way.
    fn plan(&self, workspace: &Workspace, name: &Name) -> Result<(Beginning, Vec<Problem>), Failure> {
        let (disk, root) = (&workspace.disk, workspace.root.as_path());
        let by_hand = self.by_hand(workspace, name);
        let place = place_of(disk, workspace, by_hand.clone())?;
        let path = root.join(format!("profiles/{name}.yaml"));
        for path in [&path, &path.with_extension("yml")] {
            if disk::entry(disk, path)?.is_some() {
                return Err(would_touch(&workspace.shown(path)).into());
            }
        }
        let catalog = workspace.catalog()?;
        let read = |text: String| {
            let source = Source::new(workspace.shown(&path), text);
            Cluster::read(disk, root, &catalog, path.clone(), &source, false)
        };
        let text = self.text(name, &place)?;
        let (mut cluster, mut warnings) = read(text.clone())?;
        let cut = cluster.cut_off();
        if !cut.is_empty() {
            (cluster, warnings) = read(edited(scaffold::including(&text, &cut))?)?;
        }
        let allowed = Allowed { prune_ok: &[], catalog: &catalog, head_follows: false };
        let lost = if cluster.is_blocked() { Lost::default() } else { cluster.lost_on_disk(disk, root, allowed)? };
        warnings.extend(lost.told);
        warnings.extend(self.unknown_address(&place, &workspace.shown(&path)));
        let mut problems = [cluster.in_the_way(&lost.files), cluster.edited(), lost.problems].concat();
        if !problems.is_empty() {
            let profiles = workspace.shown(&root.join("profiles"));
            problems.push(self.needs_render(name, &cluster.rendered.path, &profiles));
        }
        let profile = Profile::read(&cluster.source)?;
        let (files, kept) = around(disk, root, &profile, schema::text(&catalog)?)?;
        let written = files.keys().map(String::as_str).chain(["profiles/x"]);
        problems.extend(through_links(workspace, written)?);
        if !problems.is_empty() {
            return Err(problems.into());
        }
        Ok((Beginning { catalog, cluster, profile, files, kept, place, by_hand }, warnings))
    }

    /// A first commit that is to be signed is made by us, and made anew by git: there is no tree before it.
    fn by_hand(&self, workspace: &Workspace, name: &Name) -> ByHand {
        let (git, folder) = (git_at(&workspace.root), shell_word(&workspace.root.display().to_string()));
        let again = format!("fluxwright init {folder} --name {name} --example {}", self.example);
        ByHand {
            commit: "put a profile into profiles/, then:\nfluxwright render\ngit add .\ngit commit".to_owned(),
            signed: format!(
                "let git sign the commit after it was made:\n{git} config commit.gpgsign false\n{again}\n{git} config commit.gpgsign true\n\
                 {git} commit --amend --no-edit --gpg-sign"
            ),
        }
    }

    /// What the other refusals say to do is done with a profile that is there, and by `render`.
    fn needs_render(&self, name: &Name, tree: &str, profiles: &str) -> Problem {
        let profiles = shell_word(profiles);
        let says = format!("`{tree}` is in use, and init cannot adopt, keep or let go what is there");
        Problem::new(Code::WOULD_TOUCH, says)
            .at(Place::file(tree))
            .because("that takes a profile which says so, and `render`; what to say in it stands above")
            .hint(format!(
                "take the profile of a repository that is made for it only, and go on with render:\nfluxwright init /tmp/{name} --name {name} --example \
                 {}\nmkdir -p {profiles}\ncp /tmp/{name}/profiles/{name}.yaml {profiles}",
                self.example
            ))
    }

    /// The profile cannot say where the repository is, if `origin` is a folder of this machine.
    fn unknown_address(&self, place: &InPlace, profile: &str) -> Option<Problem> {
        let InPlace::Repository { origin: Some(origin), .. } = place else { return None };
        let says = "Flux cannot read from the address of `origin`, so `flux.url` is still the example's";
        scaffold::address_of(origin).is_none().then(|| {
            Problem::warning(Code::BAD_URL, says)
                .at(Place::file(profile))
                .because(format!(
                    "`{}` began as the example `{}`, and Flux reads http, https and ssh",
                    self.name, self.example
                ))
                .hint("url: ssh://git@my-host/my/repository")
        })
    }

    /// The example under the user's name; in a repository that is there with its branch and address.
    fn text(&self, name: &Name, place: &InPlace) -> Result<String, Failure> {
        let mut text = edited(scaffold::profile(&self.example, name))?;
        if let InPlace::Repository { branch, origin } = place {
            text = edited(scaffold::with(&text, &["flux", "branch"], branch))?;
            if let Some(url) = origin.as_deref().and_then(scaffold::address_of) {
                text = edited(scaffold::at(&text, &url))?;
            }
        }
        Ok(text)
    }
}

/// What is at the folder before anything is made.
enum InPlace {
    /// No repository.
    Fresh,
    /// A repository: the branch that HEAD is at, and where `origin` is.
    Repository { branch: String, origin: Option<String> },
}

/// An edit of one of our own examples, which are tested to be as an edit needs them.
fn edited(text: Option<String>) -> Result<String, Error> {
    text.ok_or_else(|| Error::Internal("an example profile cannot be read".to_owned()))
}

/// Whether a repository is there, or may be made.
fn place_of(disk: &dyn Disk, workspace: &Workspace, by_hand: ByHand) -> Result<InPlace, Failure> {
    let root = workspace.root.as_path();
    let shown = workspace.shown_root();
    match disk::entry(disk, root)? {
        Some(Entry::File) => return Err(argument(format!("`{shown}` is a file")).hint("take another folder").into()),
        Some(Entry::Other) if disk.real(root).is_err() => {
            return Err(argument(format!("`{shown}` is a link that leads nowhere")).hint("take another folder").into());
        }
        _ => {}
    }
    if disk::entry(disk, &root.join(".git"))?.is_none() {
        refuse_inside(disk, root, &shown)?;
        return Ok(InPlace::Fresh);
    }
    let repo = Repo::open(disk, root, by_hand)?;
    Ok(InPlace::Repository { branch: repo.branch()?, origin: repo.origin()? })
}

/// The files around a cluster that are not there yet, and the names of those that are.
type Around = (BTreeMap<String, File>, Vec<String>);

fn around(disk: &dyn Disk, root: &Path, profile: &Profile, schema: String) -> Result<Around, Error> {
    let schema = (schema::FILE.to_owned(), File { bytes: schema.into_bytes(), executable: false });
    let all = scaffold::files().into_iter().chain([schema]).map(|(path, file)| (path.clone(), (path, file)));
    let (mut files, mut kept) = (BTreeMap::new(), Vec::new());
    for (place, (path, file)) in all.chain(scaffold::folders(profile)) {
        if disk::entry(disk, &root.join(&place))?.is_some() {
            kept.push(place);
        } else {
            files.insert(path, file);
        }
    }
    Ok((files, kept))
}

/// What is no folder on the way to files that would be written.
fn through_links<'p>(workspace: &Workspace, paths: impl Iterator<Item = &'p str>) -> Result<Vec<Problem>, Error> {
    let folders: BTreeSet<&str> = paths.filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder).collect();
    let mut found = BTreeSet::new();
    for folder in folders {
        found.extend(changes::blocked(&workspace.disk, &workspace.root, folder)?);
    }
    Ok(found.iter().map(|path| leaves_the_repo(&workspace.shown(path))).collect())
}

impl Beginning {
    /// Makes it, and says the commit's id and branch.
    fn make(&self, workspace: &Workspace, who: Who) -> Result<(String, String), Failure> {
        let (disk, root) = (&workspace.disk, workspace.root.as_path());
        if let InPlace::Fresh = self.place {
            repo::identities_without_repository(&who)?;
            said("make the folder", root, disk.make_folder(root))?;
            repo::begin(root, &self.profile.flux.branch.value)?;
        }
        let message = format!("Begin with the cluster {}", self.cluster.name());
        let more = self.files.iter().map(|(path, file)| (path.clone(), Some(file.clone()))).collect();
        let by_hand = Some(self.by_hand.clone());
        let asked = Asked { who, branch: None, message: Some(&message), more, by_hand };
        let clusters = std::slice::from_ref(&self.cluster);
        let allowed = Allowed { prune_ok: &[], catalog: &self.catalog, head_follows: true };
        let commit = commit::prepare(disk, root, clusters, asked, allowed)?;
        for (path, file) in &self.files {
            write::one(disk, &root.join(path), &file.bytes)?;
        }
        write::one(disk, &self.cluster.profile_path, self.cluster.source.text.as_bytes())?;
        self.cluster.write(disk, root)?;
        let (committed, told) = commit.make()?;
        report::warnings(told.as_slice());
        match committed {
            Committed::Commit { id, branch } => Ok((id, branch)),
            Committed::Nothing => Err(Error::Internal("HEAD holds a profile that was not there".to_owned()).into()),
        }
    }

    fn tell(&self, workspace: &Workspace, (id, branch): &(String, String), format: Format) {
        let name = self.cluster.name();
        // The profile and the lock are files, too.
        let count = self.files.len() + self.cluster.files().len() + 2;
        let shown = workspace.shown_root();
        let next = self.next(&shown);
        if format == Format::Json {
            let commit = json!({ "id": id, "branch": branch });
            let json = json!({ "cluster": name, "folder": shown, "files": count, "kept": self.kept, "commit": commit, "next": next });
            return report::say(&format!("{json:#}"));
        }
        report::say(&format!("{name}: {count} files in {shown}, committed {} on {branch}", &id[..id.len().min(12)]));
        if !self.kept.is_empty() {
            report::say(&format!("kept as they are: {}", self.kept.join(", ")));
        }
        report::say("next:");
        for (index, line) in next.iter().enumerate() {
            report::say(&format!("  {}. {line}", index + 1));
        }
    }

    /// What is to be done next, in three lines.
    fn next(&self, shown: &str) -> [String; 3] {
        let (name, flux) = (self.cluster.name(), &self.profile.flux);
        let cd = if shown == "." { String::new() } else { format!("cd {}, ", shell_word(shown)) };
        let push = format!("git push -u origin {}", shell_word(flux.branch.as_str()));
        let push = if matches!(self.place, InPlace::Repository { origin: Some(_), .. }) {
            push
        } else {
            format!("git remote add origin {} && {push}", shell_word(flux.url.as_str()))
        };
        let path = &self.cluster.rendered.path;
        let readme = self.cluster.in_repo("README.md");
        let steps = if self.cluster.is_bootstrapped() {
            format!("the steps of {readme}; Flux reads {path} already: it applies what is pushed")
        } else {
            let flux = scaffold::bootstrap(&self.profile);
            let flux = flux.unwrap_or_else(|| format!("let Flux read {path} of this repository"));
            format!("the steps of {readme}, among them: {flux}")
        };
        [format!("{cd}edit profiles/{name}.yaml, then: fluxwright render --commit"), push, steps]
    }
}

fn would_touch(shown: &str) -> Problem {
    Problem::new(Code::WOULD_TOUCH, format!("`{shown}` is there already"))
        .at(Place::file(shown))
        .because("init begins a cluster, and touches nothing that exists")
        .hint("take another --name; a cluster that is there is changed by its profile, and: fluxwright render")
}

/// A repository inside of another's work tree is lost between the two, unless the outer one ignores it.
fn refuse_inside(disk: &dyn Disk, root: &Path, shown: &str) -> Result<(), Failure> {
    let here = disk::real_place(disk, root)?;
    for folder in here.ancestors() {
        if disk::entry(disk, &folder.join("HEAD"))?.is_some() && disk::entry(disk, &folder.join("objects"))?.is_some() {
            let says = format!("`{shown}` is inside of a folder of git's own, {}", folder.display());
            let problem = Problem::new(Code::INSIDE_A_REPOSITORY, says).at(Place::file(shown));
            return Err(problem.hint("take a folder elsewhere; a bare repository is cloned first").into());
        }
    }
    let mut around = None;
    for folder in here.ancestors().skip(1) {
        if disk::entry(disk, &folder.join(".git"))?.is_some() {
            around = Some(folder);
            break;
        }
    }
    let Some(outer) = around else { return Ok(()) };
    let inside = here.strip_prefix(outer).unwrap_or(&here).to_string_lossy().replace('\\', "/");
    if repo::ignores_folder(outer, &inside)? {
        return Ok(());
    }
    let says = format!("`{shown}` is inside of the repository {}, which does not ignore it", outer.display());
    let because = "the outer repository would take the inner one for a submodule that nobody registered, and hold none of its files";
    let hint = format!(
        "take the repository's root for DIR, or a folder elsewhere; or let it ignore the folder:\nprintf '/%s/\\n' {} >> {}",
        shell_word(&inside),
        shell_word(&outer.join(".gitignore").display().to_string())
    );
    Err(Problem::new(Code::INSIDE_A_REPOSITORY, says).at(Place::file(shown)).because(because).hint(hint).into())
}
