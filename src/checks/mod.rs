//! `check`: what in a Flux repo would not work, or would hurt. It is read as Flux reads it, and rules look at what comes of that.
//!
//! In: the files of a repo, where Flux begins in it, and what the catalog knows. Out: findings, as [`Problem`]s ([`Report`]).
//!
//! A rule is one file in the folder of its group, with a row in the group's `mod.rs`: its code and name, how bad it is, what it is
//! about, a wrong and a right example, and the function that finds it. `docs/checks/<name>.md` and `explain` are made of it, and
//! `fixtures/checks/<name>/` has a repo in which it fires and one in which it does not.
//!
//! What is not resolved (`flux`) is a note, and what may be among it is never an error. Not here: how findings are shown and which of
//! them make a command fail (`cli`), and what comes of a change (`cluster`).

mod deletion;
pub mod finding;
mod ignores;
pub mod known;
mod order;
mod place;
mod reach;
mod reading;
mod references;
mod secrets;
mod substitution;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use self::finding::Finding;
use self::known::Known;
use self::place::Texts;
use self::view::ClusterView;
use crate::error::Failure;
use crate::flux::files::Files;
use crate::flux::given::{Everything, everything};
use crate::flux::kustomize::{Manifest, Parsed};
use crate::flux::start::Start;
use crate::problem::{Code, Problem, Severity};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its code, its name, and in one sentence what it finds.
    pub code: Code,
    /// How bad that is; a finding may be less so.
    pub severity: Severity,
    /// Why it matters, in one sentence without a full stop, with the source.
    pub because: &'static str,
    /// What there is to know besides, in paragraphs of Markdown.
    pub explains: &'static str,
    /// A file that it fires on.
    pub wrong: &'static str,
    /// The same as it should be.
    pub right: &'static str,
    /// What finds it.
    pub check: Check,
}

/// What a rule looks at.
#[derive(Debug)]
pub enum Check {
    /// One cluster with everything that it is given.
    Cluster(fn(&ClusterView<'_>) -> Vec<Finding>),
    /// The repo as a whole.
    Repo(fn(&RepoView<'_>) -> Vec<Finding>),
    /// The comments in files that say what is to be ignored; it is found beside all others.
    Comments,
}

/// The rules by their groups, in the order in which the documentation has them.
pub const GROUPS: &[(&str, &[&Rule])] = &[
    ("Reading", reading::RULES),
    ("Reach", reach::RULES),
    ("References", references::RULES),
    ("Order", order::RULES),
    ("Deletion", deletion::RULES),
    ("Secrets", secrets::RULES),
    ("Substitution", substitution::RULES),
    ("Comments", ignores::RULES),
];

/// Every rule, in the order of the codes.
pub fn rules() -> Vec<&'static Rule> {
    let mut rules: Vec<&Rule> = GROUPS.iter().flat_map(|(_, rules)| rules.iter().copied()).collect();
    rules.sort_by_key(|rule| rule.code);
    rules
}

/// A rule by its code, in any case, or its name.
pub fn rule(called: &str) -> Option<&'static Rule> {
    rules().into_iter().find(|rule| rule.code.name == called || rule.code.id.eq_ignore_ascii_case(called))
}

/// The repo as a whole.
pub struct RepoView<'a> {
    /// Its files.
    pub files: &'a (dyn Files + Sync),
    /// Every path of the folders that are checked.
    pub paths: &'a BTreeSet<String>,
    /// Where Flux begins.
    pub starts: &'a [Start],
    /// Whether git ignores a path, so that it is on this disk alone.
    pub ignored: &'a (dyn Fn(&str) -> bool + Sync),
    /// The files that were read as manifests.
    pub manifests: &'a [(String, Arc<Manifest>)],
    /// Every file that Flux reads for some cluster.
    pub reached: &'a BTreeSet<String>,
    /// The folders that Flux applies whole, because they have no kustomization.
    pub whole: &'a BTreeSet<String>,
    /// What charts bring.
    pub known: &'a Known,
}

/// What is asked.
pub struct Asked<'a> {
    /// The files of the repo.
    pub files: &'a (dyn Files + Sync),
    /// Every path of the folders that are checked.
    pub paths: &'a BTreeSet<String>,
    /// Where Flux begins.
    pub starts: &'a [Start],
    /// What charts bring.
    pub known: &'a Known,
    /// Only these rules; all, if there is none.
    pub only: &'a [&'static Rule],
    /// Not these.
    pub skip: &'a [&'static Rule],
    /// Whether git ignores a path.
    pub ignored: &'a (dyn Fn(&str) -> bool + Sync),
    /// A path of the repo as users type it.
    pub shown: &'a (dyn Fn(&str) -> String + Sync),
}

impl Asked<'_> {
    fn wants(&self, rule: &Rule) -> bool {
        let is_it = |other: &&&Rule| other.code == rule.code;
        (self.only.is_empty() || self.only.iter().any(|other| is_it(&other)))
            && !self.skip.iter().any(|other| is_it(&other))
    }

    /// What the rules find that are asked for, in their order.
    fn findings(&self, find: impl Fn(&Check) -> Vec<Finding> + Sync) -> Vec<(&'static Rule, Finding)> {
        let wanted: Vec<&'static Rule> = rules().into_iter().filter(|rule| self.wants(rule)).collect();
        let found: Vec<Vec<Finding>> = wanted.par_iter().map(|rule| find(&rule.check)).collect();
        let all = wanted.into_iter().zip(found);
        all.flat_map(|(rule, found)| found.into_iter().map(move |finding| (rule, finding))).collect()
    }
}

/// What comes of a check.
#[derive(Debug, Default)]
pub struct Report {
    /// What was found, by place.
    pub problems: Vec<Problem>,
    /// How many files were read.
    pub files: usize,
    /// How many objects the clusters are given.
    pub objects: usize,
    /// How many Flux Kustomizations there are.
    pub kustomizations: usize,
}

/// What was found in one cluster.
struct OfCluster {
    findings: Vec<(&'static Rule, Finding)>,
    objects: usize,
    kustomizations: usize,
    reached: BTreeSet<String>,
    whole: BTreeSet<String>,
}

/// Checks a repo.
///
/// # Errors
/// What the files' place says.
pub fn check(asked: &Asked<'_>) -> Result<Report, Failure> {
    let parsed = Parsed::default();
    let of = |start: &Start| of_cluster(asked, start, &parsed);
    let clusters: Vec<OfCluster> = asked.starts.par_iter().map(of).collect::<Result<_, _>>()?;
    let reached = clusters.iter().flat_map(|cluster| cluster.reached.iter().cloned()).collect();
    let whole = clusters.iter().flat_map(|cluster| cluster.whole.iter().cloned()).collect();
    let manifests = parsed.manifests();
    let Asked { files, paths, starts, known, ignored, .. } = *asked;
    let repo =
        RepoView { files, paths, starts, ignored, manifests: &manifests, reached: &reached, whole: &whole, known };
    let mut report = Report {
        files: reached.len(),
        objects: clusters.iter().map(|cluster| cluster.objects).sum(),
        kustomizations: clusters.iter().map(|cluster| cluster.kustomizations).sum(),
        problems: Vec::new(),
    };
    let mut findings: Vec<(&'static Rule, Finding)> =
        clusters.into_iter().flat_map(|cluster| cluster.findings).collect();
    findings.extend(asked.findings(|check| match check {
        Check::Repo(check) => check(&repo),
        _ => Vec::new(),
    }));
    let mut texts = Texts::new(asked.files, asked.shown);
    let findings = limited(&once(findings));
    texts.hide(findings.iter().map(|(_, finding)| finding))?;
    let placed = findings.into_iter().map(|(rule, finding)| texts.placed(rule, finding));
    let placed = placed.collect::<Result<Vec<_>, _>>()?;
    report.problems = ignores::applied(asked, &reached, placed, &mut texts)?;
    report.problems.sort_by(|a, b| (&a.place, a.code, &a.says).cmp(&(&b.place, b.code, &b.says)));
    Ok(report)
}

fn of_cluster(asked: &Asked<'_>, start: &Start, parsed: &Parsed) -> Result<OfCluster, Failure> {
    let found = everything(asked.files, start, parsed)?;
    let view = ClusterView::new(start, &found, asked.files, asked.known);
    let findings = asked.findings(|check| match check {
        Check::Cluster(check) => check(&view),
        _ => Vec::new(),
    });
    let (reached, whole) = reached(&found);
    Ok(OfCluster { findings, objects: found.objects.len(), kustomizations: found.kustomizations.len(), reached, whole })
}

/// The files that are read for a cluster, and the folders that are applied whole.
fn reached(found: &Everything) -> (BTreeSet<String>, BTreeSet<String>) {
    let reached = found.kustomizations.values().flat_map(|it| it.files.iter().cloned()).collect();
    let whole = found.kustomizations.values().filter(|it| it.whole).filter_map(|it| it.folder.clone()).collect();
    (reached, whole)
}

/// How many findings of one rule are said of one file.
const MOST_OF_A_FILE: usize = 1_000;
/// How many findings are said at all.
const MOST: usize = 10_000;

/// The findings, sorted by their rules and files, without those that nobody would read: the last of a rule in a file says how many
/// more there are, and of all only the worst are kept.
fn limited(findings: &[(&'static Rule, Finding)]) -> Vec<(&'static Rule, Finding)> {
    let of_file = |(rule, finding): &(&'static Rule, Finding)| (rule.code, finding.file.clone());
    let mut kept = Vec::new();
    for all in findings.chunk_by(|one, other| of_file(one) == of_file(other)) {
        let more = all.len().saturating_sub(MOST_OF_A_FILE);
        kept.extend(all[..all.len() - more].iter().cloned());
        if let Some((_, last)) = kept.last_mut().filter(|_| more > 0) {
            last.says = format!("{}; and {more} more of this rule in this file", last.says);
        }
    }
    if kept.len() > MOST {
        kept.sort_by_key(|(rule, finding)| std::cmp::Reverse(finding.severity(rule)));
        kept.truncate(MOST);
    }
    kept
}

/// What several clusters share is found in each of them and said once, with the way that leads to it in the first.
fn once(findings: Vec<(&'static Rule, Finding)>) -> Vec<(&'static Rule, Finding)> {
    let mut known: BTreeMap<(Code, Finding), (&'static Rule, Finding)> = BTreeMap::new();
    for (rule, finding) in findings {
        known.entry((rule.code, finding.clone().without_chain())).or_insert((rule, finding));
    }
    known.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::CODES;

    #[test]
    fn codes_and_names_are_those_of_one_rule() {
        // What `build` says, too, has the code that it has there.
        let own: Vec<Code> = rules().iter().map(|rule| rule.code).filter(|code| !CODES.contains(code)).collect();
        let mut names: Vec<_> = own.iter().map(|code| code.name).collect();
        let mut ids: Vec<_> = own.iter().map(|code| code.id).collect();
        assert!(ids.iter().all(|id| id.starts_with("FW7")));
        names.extend(CODES.iter().map(|code| code.name));
        ids.extend(CODES.iter().map(|code| code.id));
        for mut all in [names, ids] {
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{all:?}");
        }
    }

    #[test]
    fn a_rule_says_what_it_is_in_a_form_that_can_be_printed() {
        for rule in rules() {
            let name = rule.code.name;
            assert!(rule.code.about.ends_with('.') && !rule.because.ends_with('.'), "{name}");
            assert!(!rule.explains.is_empty() && !rule.wrong.is_empty() && !rule.right.is_empty(), "{name}");
            assert_ne!(rule.wrong, rule.right, "{name}");
        }
    }
}
