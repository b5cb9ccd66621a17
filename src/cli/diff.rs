//! `diff`: what `render` would change, as unified text.

use clap::Args;
use serde_json::json;

use super::workspace::{Workspace, lost_on_disk};
use super::{Done, Format, Global, report};
use crate::cluster::{Allowed, Cluster};
use crate::compare;
use crate::disk::lock;
use crate::error::Failure;
use crate::problem::Problem;
use crate::tree::{Tree, TreePath};

/// Show what `render` would change
///
/// The difference from the files as they stand to those that would be written, as git writes it; the lock is left out unless
/// nothing else differs. What `render` would refuse is said beside it. Nothing is written.
///
/// Exit codes: 0 nothing differs; 1 something does; 2 not done, with the reason.
#[derive(Debug, Args)]
pub struct Diff {
    /// Only this cluster (can be repeated); all under profiles/ if none is given
    #[arg(long, value_name = "NAME")]
    cluster: Vec<String>,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Diff {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Done, Failure> {
        let workspace = Workspace::find(global)?;
        let catalog = workspace.catalog()?;
        let sources = workspace.profiles(&self.cluster)?;
        // An edit by hand is shown as what rendering over it would change.
        let (clusters, mut warnings) = workspace.clusters(&catalog, &workspace.root, &sources, true)?;
        let allowed = Allowed { prune_ok: &[], catalog: &catalog, head_follows: false };
        let known = clusters.iter().filter(|cluster| !cluster.is_blocked());
        let lost = lost_on_disk(&workspace.disk, &workspace.root, known, allowed)?;
        let in_the_way =
            clusters.iter().flat_map(|cluster| [cluster.in_the_way(&lost.files), cluster.discarded()].concat());
        warnings.extend(in_the_way.chain(lost.problems).map(Problem::as_warning));
        warnings.extend(lost.told);
        match self.format {
            Format::Text => {
                report::warnings(&warnings);
                clusters.iter().flat_map(differences).for_each(|(_, text)| report::data(text.as_bytes()));
            }
            Format::Json => {
                let file = |(path, text): (String, String)| json!({ "path": path, "diff": text });
                let files: Vec<_> = clusters.iter().flat_map(differences).map(file).collect();
                report::say(&format!("{:#}", json!({ "files": files, "findings": report::list(&warnings) })));
            }
        }
        let same = clusters.iter().all(|cluster| cluster.changes.is_empty());
        Ok(if same { Done::Same } else { Done::Differences })
    }
}

/// Each file that would be written, with its difference.
fn differences(cluster: &Cluster) -> Vec<(String, String)> {
    let one = |(path, _): (&TreePath, _)| {
        let text = |tree: &Tree| tree.get(path.as_str()).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        let wanted = if cluster.rendered.tree.get(path.as_str()).is_some() {
            &cluster.rendered.tree
        } else {
            &cluster.rendered.seeds
        };
        let (before, after) = (text(&cluster.today.files), text(wanted));
        let runs = |tree: &Tree| tree.get(path.as_str()).is_some_and(|file| file.executable);
        let shown = cluster.in_repo(path.as_str());
        let modes = (runs(&cluster.today.files), runs(wanted));
        let difference = compare::file(&shown, before.as_deref(), after.as_deref(), modes);
        (shown, difference)
    };
    let files: Vec<_> = cluster.files().into_iter().map(one).collect();
    if files.is_empty() { lock(cluster).into_iter().collect() } else { files }
}

/// The lock says what the files say; only where nothing else differs it is shown.
fn lock(cluster: &Cluster) -> Option<(String, String)> {
    let (shown, after) = (cluster.in_repo(lock::NAME), cluster.changes.lock.as_ref()?.write());
    let difference = compare::file(&shown, cluster.today.lock_text.as_deref(), Some(&after), (false, false));
    Some((shown, difference))
}
