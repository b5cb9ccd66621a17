//! Which versions go together: what a component's and the cluster's versions ask of each other. What Flux and EKS Anywhere
//! ask of Kubernetes is in `origins`.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::Value;

use super::origins::{newer_than_known, not_patched, origin_of};
use crate::catalog::Folder;
use crate::catalog::apis::Table;
use crate::catalog::component::{Component, VersionRow};
use crate::problem::{Code, Place, Problem, Problems};
use crate::profile::Profile;
use crate::profile::workloads;
use crate::texts::{Version as VersionText, is_whole, lenient};

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
    let Some(known) = origin_of(table, "kubernetes") else { return };
    let (version, newest) = (profile.kubernetes.version.number(), known.newest.number());
    let place = profile.place(&profile.kubernetes.version.span);
    problems.extend(not_patched(known, "Kubernetes", profile.kubernetes.version.as_str(), &version, &place));
    if version < known.oldest.number() {
        let says = format!(
            "Kubernetes {} is older than {}, the oldest that fluxwright knows",
            profile.kubernetes.version, known.oldest
        );
        let problem = Problem::new(Code::TOO_OLD, says).at(place.clone());
        problems.push(problem.hint(format!("version: \"{}.{}\"", newest.major, newest.minor)));
    }
    if (version.major, version.minor) > (newest.major, newest.minor) {
        let says = format!(
            "Kubernetes {} is newer than {}.{}, the newest that fluxwright knows",
            profile.kubernetes.version, newest.major, newest.minor
        );
        problems.push(newer_than_known(says).at(place));
    }
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
    let tags = spec.units.iter().all(|unit| unit.chart.is_none());
    if !is_whole(version.as_str()) || (tags && version.as_str().starts_with(['v', 'V'])) {
        let says = if tags {
            format!("`{version}` is no tag of {}: three numbers, without the `v` of the tag", spec.title)
        } else {
            format!("`{version}` is a range to Helm, which would take the newest in it")
        };
        problems.push(Problem::new(Code::BAD_VERSION, says).at(at).hint("write all three numbers: `version: 1.2.3`"));
        return;
    }
    check_known(spec, version, &at, versions, problems);
}

/// Checks a version of the right form: that its source writes it so, that it is known, and what it needs.
fn check_known(
    spec: &Component,
    version: &VersionText,
    at: &Place,
    versions: &BTreeMap<String, Version>,
    problems: &mut Problems,
) {
    let number = version.number();
    let row = spec.versions.iter().find(|row| row.matches.holds(&number));
    let newer = newest(&spec.versions).filter(|row| row.newest.number() < number);
    // How one is written that the catalog does not know, nobody can say.
    if let Some(right) = row.or(newer).and_then(|row| with_or_without_v(version.as_str(), row)) {
        let says = format!("{} writes `{version}` as `{right}`", spec.title);
        let because = "a chart is looked for by the very text of its version";
        problems.push(
            Problem::new(Code::BAD_VERSION, says).at(at.clone()).because(because).hint(format!("version: {right}")),
        );
        return;
    }
    if let Some(row) = newer {
        let says = format!("{} {version} is newer than {}, the newest that the catalog knows", spec.title, row.newest);
        problems.push(newer_than_known(says).at(at.clone()));
    }
    match row {
        Some(row) => check_row(spec, row, version.as_str(), at, versions, problems),
        None if newer.is_some() => {}
        None => {
            let known: Vec<&str> = spec.versions.iter().map(|row| row.matches.as_str()).collect();
            let says = format!("{} {version} is not among the versions that the catalog knows", spec.title);
            problems.push(
                Problem::new(Code::TOO_OLD, says)
                    .at(at.clone())
                    .hint(format!("versions that it knows: {}", known.join(", "))),
            );
        }
    }
}

/// The version as its source writes it, if that has a `v` where this has none, or none where this has one.
fn with_or_without_v(version: &str, row: &VersionRow) -> Option<String> {
    let bare = version.trim_start_matches(['v', 'V']);
    let right = if row.newest.as_str().starts_with('v') { format!("v{bare}") } else { bare.to_owned() };
    (right != version).then_some(right)
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
    if let Some(row) = newest_fitting(spec, versions) {
        return format!("the newest that fits: `version: {}`", row.newest);
    }
    // Another component can move; the cluster is what it is.
    let cluster = versions.iter().filter(|(name, _)| name.as_str() == "kubernetes");
    let cluster = cluster.map(|(name, version)| (name.clone(), version.clone())).collect();
    match newest_fitting(spec, &cluster) {
        Some(row) => {
            let others = row.needs.0.iter().filter(|(name, _)| name.as_str() != "kubernetes");
            let others: Vec<String> = others.map(|(name, range)| format!("{name} {}", range.as_str())).collect();
            format!("the newest that fits the cluster: `version: {}`, with {}", row.newest, others.join(" and "))
        }
        None => {
            format!("no version that the catalog knows fits{}", newest(&spec.versions).map(asks).unwrap_or_default())
        }
    }
}
