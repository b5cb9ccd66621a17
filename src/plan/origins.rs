//! Releases of what has a row in the table of APIs and a version of its own in the profile, Flux and EKS Anywhere: whether
//! the table knows them, and whether they go with the cluster's Kubernetes.

use semver::Version;

use super::versions::newer_than_known;
use crate::catalog::apis::{Minors, OnKubernetes, Origin, Table};
use crate::problem::{Code, Place, Problem, Problems};
use crate::profile::Profile;

/// A release in the profile.
struct Release<'a> {
    /// What people call the thing.
    title: &'static str,
    /// As the profile writes it.
    text: &'a str,
    number: Version,
    place: Place,
}

impl Release<'_> {
    /// Whether it is a newer minor than any that the table knows.
    fn is_new(&self, origin: &Origin) -> bool {
        minor_of(&self.number) > minor_of(&origin.newest.number())
    }
}

/// Checks Flux's version against the table.
pub fn check_flux(profile: &Profile, table: &Table, problems: &mut Problems) {
    let version = &profile.flux.version;
    let place = profile.place(&version.span);
    let release = Release { title: "Flux", text: version.as_str(), number: version.number(), place };
    check(profile, table, "flux", &release, problems);
}

/// Checks EKS Anywhere's version against the table.
pub fn check_eks_anywhere(profile: &Profile, table: &Table, problems: &mut Problems) {
    let Some(version) = profile.eks_anywhere.as_ref().map(|eks| &eks.version) else { return };
    let place = profile.place(&version.span);
    let release = Release { title: "EKS Anywhere", text: version.as_str(), number: version.number(), place };
    check(profile, table, "eks-anywhere", &release, problems);
}

fn check(profile: &Profile, table: &Table, of: &str, release: &Release<'_>, problems: &mut Problems) {
    let Some(origin) = table.origins.iter().find(|origin| origin.of.as_str() == of) else { return };
    let Release { title, text, number, place } = release;
    if *number < origin.oldest.number() {
        let says =
            format!("{title} {text} is older than {}, the oldest whose objects fluxwright can write", origin.oldest);
        let problem = Problem::new(Code::TOO_OLD, says).at(place.clone()).because(&origin.source);
        problems.push(problem.hint(format!("version: {}", origin.newest)));
        return;
    }
    if release.is_new(origin) {
        let says = format!("{title} {text} is newer than {}, the newest that fluxwright knows", origin.newest);
        problems.push(newer_than_known(says).at(place.clone()));
    }
    problems.extend(not_patched(origin, title, text, number, place));
    if let Some(known) = &origin.kubernetes {
        problems.extend(on_kubernetes(profile, release, known, release.is_new(origin)));
    }
}

/// That the makers of something do not mend this release any more. By the table, not by a clock: the same profile always gives the
/// same output.
pub(super) fn not_patched(
    origin: &Origin,
    title: &str,
    text: &str,
    number: &Version,
    place: &Place,
) -> Option<Problem> {
    let patched = origin.patched.as_ref()?;
    let newest = origin.newest.number();
    let oldest = Version::new(newest.major, (newest.minor + 1).saturating_sub(u64::from(patched.minors)), 0);
    if minor_of(number) >= minor_of(&oldest) {
        return None;
    }
    let says = format!("{title} {text} gets no patches any more");
    let because = format!("its makers mend {} to {} ({})", in_words(&oldest), in_words(&newest), patched.source);
    let hint = format!("plan for {title} {} or newer", in_words(&oldest));
    Some(Problem::warning(Code::NOT_PATCHED, says).at(place.clone()).because(because).hint(hint))
}

fn minor_of(version: &Version) -> (u64, u64) {
    (version.major, version.minor)
}

/// A minor as people write it.
fn in_words(version: &Version) -> String {
    format!("{}.{}", version.major, version.minor)
}

/// The minors of a row in words; where those of a release end that the table does not know, nobody can say.
fn minors(row: &Minors, open: bool) -> String {
    let from = in_words(&row.from.number());
    match row.to.as_ref().filter(|_| !open) {
        Some(to) => format!("{from} to {}", in_words(&to.number())),
        None => format!("{from} or newer"),
    }
}

fn holds(row: &Minors, kubernetes: &Version, open: bool) -> bool {
    let kubernetes = minor_of(kubernetes);
    let to = row.to.as_ref().filter(|_| !open);
    minor_of(&row.from.number()) <= kubernetes && to.is_none_or(|to| kubernetes <= minor_of(&to.number()))
}

fn on_kubernetes(profile: &Profile, release: &Release<'_>, known: &OnKubernetes, open: bool) -> Option<Problem> {
    let kubernetes = &profile.kubernetes.version;
    let (_, row) = known.releases.0.iter().rfind(|(since, _)| since.number() <= release.number)?;
    if holds(row, &kubernetes.number(), open) {
        return None;
    }
    let Release { title, text, place, .. } = release;
    let needed = minors(row, open);
    let says = format!("{title} {text} needs Kubernetes {needed}, and the cluster has {kubernetes}");
    let other = fitting(known, &kubernetes.number()).map(|releases| format!("{title} {releases}, or "));
    let hint = format!("take {}Kubernetes {needed}", other.unwrap_or_default());
    Some(Problem::new(Code::VERSIONS_DO_NOT_FIT, says).at(place.clone()).because(&known.because).hint(hint))
}

/// The releases that go with a Kubernetes, in words.
fn fitting(known: &OnKubernetes, kubernetes: &Version) -> Option<String> {
    let rows = &known.releases.0;
    let first = rows.iter().position(|(_, row)| holds(row, kubernetes, false))?;
    let last = rows.iter().rposition(|(_, row)| holds(row, kubernetes, false))?;
    let at = |index: usize| rows.get(index).map(|(since, _)| in_words(&since.number()));
    Some(match (first, at(first)?, at(last)?, at(last + 1)) {
        (0, _, _, Some(next)) => format!("older than {next}"),
        (_, from, _, None) => format!("{from} or newer"),
        (_, from, to, _) if from == to => from,
        (_, from, to, _) => format!("{from} to {to}"),
    })
}
