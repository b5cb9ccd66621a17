//! Which versions go together: what a component's and the cluster's versions ask of each other. What Flux and EKS Anywhere
//! ask of Kubernetes is in `origins`.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::Value;

use crate::catalog::Folder;
use crate::catalog::apis::Table;
use crate::catalog::component::{Component, VersionRow};
use crate::problem::{Code, Place, Problem, Problems};
use crate::profile::Profile;
use crate::profile::workloads;
use crate::texts::{is_whole, lenient};

/// The versions of a profile by what has them: `kubernetes`, `flux`, `eks-anywhere`, components.
pub fn versions(profile: &Profile) -> BTreeMap<String, Version> {
    let components = profile.components.0.iter();
    let with_version = components.filter_map(|(name, c)| c.version.as_ref().map(|v| (name.to_string(), v.number())));
    let own = [
        ("kubernetes".to_owned(), profile.kubernetes.version.number()),
        ("flux".to_owned(), profile.flux.version.number()),
    ];
    let eks = profile.eks_anywhere.iter().map(|eks| ("eks-anywhere".to_owned(), eks.version.number()));
    with_version.chain(own).chain(eks).collect()
}

/// The same with those that a component's own options say.
pub fn with_options(
    versions: &BTreeMap<String, Version>,
    spec: &Component,
    options: &Value,
) -> BTreeMap<String, Version> {
    let said = options.as_object().into_iter().flatten().filter(|(name, _)| spec.has_version_option(name));
    let said = said.filter_map(|(name, value)| Some((name.clone(), lenient(value.as_str()?)?)));
    versions.iter().map(|(name, version)| (name.clone(), version.clone())).chain(said).collect()
}

/// Checks the version of Kubernetes against the table.
pub fn check_kubernetes(profile: &Profile, table: &Table, problems: &mut Problems) {
    let Some(known) = table.origins.iter().find(|origin| origin.of.as_str() == "kubernetes") else { return };
    let (version, newest) = (profile.kubernetes.version.number(), known.newest.number());
    if version < known.oldest.number() {
        let says = format!(
            "Kubernetes {} is older than {}, the oldest that fluxwright knows",
            profile.kubernetes.version, known.oldest
        );
        let problem = Problem::new(Code::TOO_OLD, says).at(profile.place(&profile.kubernetes.version.span));
        problems.push(problem.hint(format!("version: \"{}.{}\"", newest.major, newest.minor)));
    }
    if (version.major, version.minor) > (newest.major, newest.minor) {
        let says = format!(
            "Kubernetes {} is newer than {}.{}, the newest that fluxwright knows",
            profile.kubernetes.version, newest.major, newest.minor
        );
        problems.push(newer_than_known(says).at(profile.place(&profile.kubernetes.version.span)));
    }
}

/// The warning that something is newer than the table or the catalog.
pub fn newer_than_known(says: String) -> Problem {
    Problem::warning(Code::NEWER_THAN_KNOWN, says)
        .because("what changed since is not in the catalog; it is rendered like the newest one that is")
        .hint("look at its release notes, or update fluxwright")
}

/// Checks a component's version: that there is one where there must be, that it is known, and what it needs.
pub fn check_component(
    profile: &Profile,
    folder: &Folder<Component>,
    asked: &workloads::Component,
    place: &Place,
    versions: &BTreeMap<String, Version>,
    problems: &mut Problems,
) {
    let spec = &folder.spec;
    let Some(version) = &asked.version else {
        if !spec.versions.is_empty() {
            problems.push(missing(spec, versions).at(place.clone()));
        }
        return;
    };
    let at = profile.place(&version.span);
    if spec.versions.is_empty() {
        let says = format!("the component `{}` has no version", spec.name);
        problems.push(
            Problem::new(Code::BAD_VERSION, says)
                .at(at)
                .hint("leave the line out; each image that it runs is an option"),
        );
        return;
    }
    if let Some(problem) = not_whole(spec, version.as_str()) {
        problems.push(problem.at(at));
        return;
    }
    let number = version.number();
    let newer = newest(&spec.versions).filter(|row| row.newest.number() < number);
    if let Some(row) = newer {
        let says = format!("{} {version} is newer than {}, the newest that the catalog knows", spec.title, row.newest);
        problems.push(newer_than_known(says).at(at.clone()));
    }
    match spec.versions.iter().find(|row| row.matches.holds(&number)) {
        Some(row) => match written_otherwise(spec, row, version.as_str()) {
            Some(problem) => problems.push(problem.at(at)),
            None => check_row(spec, row, version.as_str(), &at, versions, problems),
        },
        None if newer.is_some() => {}
        None => {
            let known: Vec<&str> = spec.versions.iter().map(|row| row.matches.as_str()).collect();
            let says = format!("{} {version} is not among the versions that the catalog knows", spec.title);
            problems.push(
                Problem::new(Code::TOO_OLD, says).at(at).hint(format!("versions that it knows: {}", known.join(", "))),
            );
        }
    }
}

/// Whether its manifests are those of a git tag.
fn has_tags(spec: &Component) -> bool {
    spec.units.iter().any(|unit| unit.git.is_some())
}

/// A version that more than one release could be meant by, or that is no tag without its `v`.
fn not_whole(spec: &Component, version: &str) -> Option<Problem> {
    let tags = has_tags(spec);
    if is_whole(version) && !(tags && has_v(version)) {
        return None;
    }
    let says = if tags {
        format!("`{version}` is no tag of {}: three numbers, without the `v` of the tag", spec.title)
    } else {
        format!("`{version}` is a range to Helm, which would take the newest in it")
    };
    Some(Problem::new(Code::BAD_VERSION, says).hint("write all three numbers: `version: 1.2.3`"))
}

fn has_v(version: &str) -> bool {
    version.starts_with(['v', 'V'])
}

/// A chart's version with a `v` where its source has none, or the other way round. The newest of the row shows which it is.
fn written_otherwise(spec: &Component, row: &VersionRow, version: &str) -> Option<Problem> {
    let with_v = has_v(row.newest.as_str());
    if has_tags(spec) || has_v(version) == with_v {
        return None;
    }
    let number = version.trim_start_matches(['v', 'V']);
    let right = if with_v { format!("v{number}") } else { number.to_owned() };
    let says = format!("the chart of {} has the version `{right}`, not `{version}`", spec.title);
    let because = "a version stands in the profile as its source writes it, for whoever looks for newer ones";
    Some(Problem::new(Code::BAD_VERSION, says).because(because).hint(format!("version: {right}")))
}

fn check_row(
    spec: &Component,
    row: &VersionRow,
    version: &str,
    at: &Place,
    versions: &BTreeMap<String, Version>,
    problems: &mut Problems,
) {
    if let Some(why) = &row.refused {
        let says = format!("{} {version} cannot be used", spec.title);
        let problem =
            Problem::new(Code::VERSIONS_DO_NOT_FIT, says).at(at.clone()).because(format!("{why} ({})", row.source));
        problems.push(problem.hint(fitting(spec, versions)));
        return;
    }
    for (name, range) in &row.needs.0 {
        let Some(other) = versions.get(name.as_str()).filter(|other| !range.holds(other)) else { continue };
        let (what, has) = if spec.has_version_option(name.as_str()) {
            (format!("`{name}`"), format!("it is {other}"))
        } else {
            let what = if name.as_str() == "kubernetes" { "Kubernetes" } else { name.as_str() };
            (what.to_owned(), format!("the cluster has {}.{}", other.major, other.minor))
        };
        let says = format!("{} {version} needs {what} {}, and {has}", spec.title, range.as_str());
        let problem = Problem::new(Code::VERSIONS_DO_NOT_FIT, says).at(at.clone()).because(&row.source);
        problems.push(problem.hint(fitting(spec, versions)));
    }
}

fn missing(spec: &Component, versions: &BTreeMap<String, Version>) -> Problem {
    let hint = match newest_fitting(spec, versions).or_else(|| newest(&spec.versions)) {
        Some(row) => format!("add the line `version: {}`", row.newest),
        None => "add a line `version: …`".to_owned(),
    };
    Problem::new(Code::MISSING_VERSION, format!("the component `{}` has no `version`", spec.name))
        .because("every version stands in the profile, so that a change of it is a change in git")
        .hint(hint)
}

fn fits(row: &VersionRow, versions: &BTreeMap<String, Version>) -> bool {
    row.refused.is_none()
        && row
            .needs
            .0
            .iter()
            .all(|(name, range)| versions.get(name.as_str()).is_none_or(|version| range.holds(version)))
}

fn newest_fitting<'a>(spec: &'a Component, versions: &BTreeMap<String, Version>) -> Option<&'a VersionRow> {
    spec.versions.iter().filter(|row| fits(row, versions)).max_by_key(|row| lenient(row.newest.as_str()))
}

/// The row with the newest version that can be used.
pub fn newest(rows: &[VersionRow]) -> Option<&VersionRow> {
    rows.iter().filter(|row| row.refused.is_none()).max_by_key(|row| lenient(row.newest.as_str()))
}

/// What the newest version would have to find, where none fits.
fn asks(row: &VersionRow) -> String {
    let needs: Vec<String> = row.needs.0.iter().map(|(name, range)| format!("{name} {}", range.as_str())).collect();
    format!("; the newest, {}, needs {}", row.newest, needs.join(" and "))
}

fn fitting(spec: &Component, versions: &BTreeMap<String, Version>) -> String {
    match newest_fitting(spec, versions) {
        Some(row) => format!("the newest that fits: `version: {}`", row.newest),
        None => {
            format!("no version that the catalog knows fits{}", newest(&spec.versions).map(asks).unwrap_or_default())
        }
    }
}
