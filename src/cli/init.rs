//! `init`: a repository with one cluster in it, rendered and committed; or one more cluster in a repository that is there.
//!
//! Nothing that exists is touched. Everything that stands in the way is found before the first file is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::commit::{self, Asked};
use super::workspace::{Workspace, argument};
use super::{Done, Format, Global, report, who};
use crate::catalog;
use crate::cluster::{Allowed, Cluster};
use crate::disk::{self, Disk, Entry, LocalDisk, said, write};
use crate::error::{Error, Failure};
use crate::problem::{Code, Place, Problem, Source, nearest};
use crate::profile::Profile;
use crate::repo::{self, Committed, Who};
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
}

/// A repository to be.
struct Beginning {
    cluster: Cluster,
    profile: Profile,
    /// The files around the cluster that are not there yet.
    files: BTreeMap<String, File>,
    /// Those that are, and stay as they are.
    kept: Vec<String>,
    /// Whether the folder is no repository yet.
    fresh: bool,
}

impl Init {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let start = global.directory.clone().unwrap_or_else(|| PathBuf::from("."));
        let root = if self.folder == Path::new(".") { start.clone() } else { start.join(&self.folder) };
        let workspace = Workspace { disk: LocalDisk, start, root };
        let (name, who) = (self.name()?, who::said(self.author.as_deref(), self.date.as_deref())?);
        let (beginning, warnings) = self.plan(&workspace, &name)?;
        if global.format == Format::Text {
            report::warnings(&warnings);
        }
        let committed = beginning.make(&workspace, who)?;
        beginning.tell(&workspace, &committed, global.format);
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
        if disk::entry(disk, root)? == Some(Entry::File) {
            let says = format!("`{}` is a file", workspace.shown(root));
            return Err(argument(says).hint("take another folder").into());
        }
        let fresh = disk::entry(disk, &root.join(".git"))?.is_none();
        if fresh {
            refuse_inside(disk, root, &workspace.shown(root))?;
        }
        let text = scaffold::profile(&self.example, name)
            .ok_or_else(|| Error::Internal(format!("the example `{}` cannot be read", self.example)))?;
        let path = root.join(format!("profiles/{name}.yaml"));
        for path in [&path, &path.with_extension("yml")] {
            if disk::entry(disk, path)?.is_some() {
                return Err(would_touch(&workspace.shown(path)).into());
            }
        }
        let source = Source::new(workspace.shown(&path), text);
        let catalog = workspace.catalog()?;
        let (cluster, warnings) = Cluster::read(disk, root, &catalog, path, &source, false)?;
        let mut problems: Vec<Problem> = cluster.in_the_way().into_iter().chain(cluster.edited()).collect();
        if !cluster.is_blocked() {
            problems.extend(cluster.lost_on_disk(disk, root, Allowed { prune_ok: &[], catalog: &catalog })?);
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let profile = Profile::read(&source)?;
        let schema = File { bytes: schema::text(&catalog)?.into_bytes(), executable: false };
        let schema = (schema::FILE.to_owned(), schema);
        let around = scaffold::files().into_iter().chain([schema]).map(|(path, file)| (path.clone(), (path, file)));
        let (mut files, mut kept) = (BTreeMap::new(), Vec::new());
        for (place, (path, file)) in around.chain(scaffold::folders(&profile)) {
            if disk::entry(disk, &root.join(&place))?.is_some() {
                kept.push(place);
            } else {
                files.insert(path, file);
            }
        }
        Ok((Beginning { cluster, profile, files, kept, fresh }, warnings))
    }
}

impl Beginning {
    fn make(&self, workspace: &Workspace, who: Who) -> Result<Committed, Failure> {
        let (disk, root) = (&workspace.disk, workspace.root.as_path());
        if self.fresh {
            repo::identities_without_repository(&who)?;
            repo::begin(root, &self.profile.flux.branch.value)?;
        }
        let profiles = root.join("profiles");
        said("make the folder", &profiles, disk.make_folder(&profiles))?;
        let message = format!("Begin with the cluster {}", self.cluster.name());
        let more = self.files.iter().map(|(path, file)| (path.clone(), Some(file.clone()))).collect();
        let asked = Asked { who, branch: None, message: Some(&message), more };
        let catalog = workspace.catalog()?;
        let clusters = std::slice::from_ref(&self.cluster);
        let commit = commit::prepare(disk, root, clusters, asked, Allowed { prune_ok: &[], catalog: &catalog })?;
        for (path, file) in &self.files {
            write::one(disk, &root.join(path), &file.bytes)?;
        }
        write::one(disk, &self.cluster.profile_path, self.cluster.source.text.as_bytes())?;
        self.cluster.write(disk, root)?;
        let (committed, told) = commit.make()?;
        report::warnings(told.as_slice());
        Ok(committed)
    }

    fn tell(&self, workspace: &Workspace, committed: &Committed, format: Format) {
        let name = self.cluster.name();
        // The profile and the lock are files, too.
        let count = self.files.len() + self.cluster.files().len() + 2;
        let shown = match workspace.shown(&workspace.root) {
            here if here.is_empty() => ".".to_owned(),
            shown => shown,
        };
        let (id, branch) = match committed {
            Committed::Commit { id, branch } => (id.as_str(), branch.as_str()),
            Committed::Nothing => ("", ""),
        };
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
        let cd = if shown == "." { String::new() } else { format!("cd {shown}, ") };
        let push = if self.fresh {
            format!("git remote add origin {} && git push -u origin {}", flux.url, flux.branch)
        } else {
            "git push".to_owned()
        };
        let bootstrap = scaffold::bootstrap(&self.profile)
            .unwrap_or_else(|| format!("let Flux read {} of this repository", self.cluster.rendered.path));
        let scripts = self.cluster.rendered.tree.files().filter(|(_, file)| file.executable);
        let scripts: Vec<String> =
            scripts.map(|(path, _)| format!("sh {}", self.cluster.in_repo(path.as_str()))).collect();
        let bootstrap = match scripts.as_slice() {
            [] => bootstrap,
            scripts => format!("{} && {bootstrap}", scripts.join(" && ")),
        };
        [format!("{cd}edit profiles/{name}.yaml, then: fluxwright render --commit"), push, bootstrap]
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
    let here = said("look at", root, std::path::absolute(root))?;
    let here: PathBuf = here.components().collect();
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
        "take the repository's root for DIR, or a folder elsewhere; or let it ignore the folder:\nprintf '/%s/\\n' '{inside}' >> {}/.gitignore",
        outer.display()
    );
    Err(Problem::new(Code::INSIDE_A_REPOSITORY, says).at(Place::file(shown)).because(because).hint(hint).into())
}
