//! Releases of what has a row in the table of APIs and a version of its own in the profile, Flux and EKS Anywhere: whether
//! the table knows them, and whether they go with each other and with the cluster's Kubernetes.

use semver::Version;

use crate::catalog::apis::{InstalledFlux, Minors, OnKubernetes, Origin, Table};
use crate::problem::{Code, Place, Problem, Problems};
use crate::profile::Profile;
use crate::texts::Version as VersionText;

/// A release in the profile.
struct Release<'a> {
    /// What people call the thing.
    title: &'static str,
    /// As the profile writes it.
    text: &'a str,
    number: Version,
    place: Place,
    /// Whether it follows from something else in the profile.
    follows: bool,
}

impl Release<'_> {
    /// Whether it is a newer minor than any that the table knows.
    fn is_new(&self, origin: &Origin) -> bool {
        minor_of(&self.number) > minor_of(&origin.newest.number())
    }
}

/// Checks Flux's version against the table, and against EKS Anywhere's where that brings it.
pub fn check_flux(profile: &Profile, table: &Table, problems: &mut Problems) {
    let Some(origin) = origin_of(table, "flux") else { return };
    let version = &profile.flux.version;
    let (said, place) = ((version.as_str(), version.number()), profile.place(&version.span));
    let installed = installed_flux(profile, table);
    let (text, number) = installed.map_or(said, |(flux, _)| (flux.as_str(), flux.number()));
    // One that cannot be rendered for is no way out.
    if let Some((flux, known)) = installed.filter(|_| number != version.number() && number >= origin.oldest.number()) {
        problems.push(other_flux(profile, flux.as_str(), &known.because).at(place));
        return;
    }
    check(profile, origin, &Release { title: "Flux", text, number, place, follows: installed.is_some() }, problems);
}

/// Checks EKS Anywhere's version against the table.
pub fn check_eks_anywhere(profile: &Profile, table: &Table, problems: &mut Problems) {
    let Some(version) = profile.eks_anywhere.as_ref().map(|eks| &eks.version) else { return };
    let (text, number, place) = (version.as_str(), version.number(), profile.place(&version.span));
    let Some(origin) = origin_of(table, "eks-anywhere") else { return };
    check(profile, origin, &Release { title: "EKS Anywhere", text, number, place, follows: false }, problems);
}

/// The Flux that EKS Anywhere brings, where the profile leaves it to that; what a release brings that the table does not
/// know, nobody can say.
fn installed_flux<'t>(profile: &Profile, table: &'t Table) -> Option<(&'t VersionText, &'t InstalledFlux)> {
    profile.flux.of_eks_anywhere()?;
    let version = profile.eks_anywhere.as_ref()?.version.number();
    let origin = origin_of(table, "eks-anywhere")?;
    let known = origin.flux.as_ref().filter(|_| minor_of(&version) <= minor_of(&origin.newest.number()))?;
    let (_, flux) = known.releases.0.iter().rfind(|(since, _)| since.number() <= version)?;
    Some((flux, known))
}

fn other_flux(profile: &Profile, installed: &str, because: &str) -> Problem {
    let eks = profile.eks_anywhere.as_ref().map(|eks| eks.version.as_str()).unwrap_or_default();
    let says = format!("EKS Anywhere {eks} installs Flux {installed}, and the profile has {}", profile.flux.version);
    Problem::new(Code::VERSIONS_DO_NOT_FIT, says).because(because).hint(format!("version: {installed}"))
}

/// What the table knows of `kubernetes`, `flux` or another of its origins.
pub(super) fn origin_of<'t>(table: &'t Table, of: &str) -> Option<&'t Origin> {
    table.origins.iter().find(|origin| origin.of.as_str() == of)
}

fn check(profile: &Profile, origin: &Origin, release: &Release<'_>, problems: &mut Problems) {
    let Release { title, text, number, place, .. } = release;
    if *number < origin.oldest.number() {
        problems.push(too_old(origin, release));
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

/// The warning that something is newer than the table or the catalog.
pub fn newer_than_known(says: String) -> Problem {
    Problem::warning(Code::NEWER_THAN_KNOWN, says)
        .because("what changed since is not in the catalog; it is rendered like the newest one that is")
        .hint("look at its release notes, or update fluxwright")
}

/// The oldest minor that its makers mend, where they say so.
fn oldest_patched(origin: &Origin) -> Option<Version> {
    let newest = origin.newest.number();
    let minors = u64::from(origin.patched.as_ref()?.minors);
    Some(Version::new(newest.major, (newest.minor + 1).saturating_sub(minors), 0))
}

/// Whether the makers of Kubernetes still mend the cluster's.
pub fn kubernetes_is_patched(profile: &Profile, table: &Table) -> bool {
    let oldest = origin_of(table, "kubernetes").and_then(oldest_patched);
    oldest.is_none_or(|oldest| minor_of(&profile.kubernetes.version.number()) >= minor_of(&oldest))
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
    let (newest, oldest) = (origin.newest.number(), oldest_patched(origin)?);
    if minor_of(number) >= minor_of(&oldest) {
        return None;
    }
    let says = format!("{title} {text} gets no patches any more");
    let because = format!("its makers mend {} to {} ({})", in_words(&oldest), in_words(&newest), patched.source);
    let hint = format!("plan for {title} {} or newer", in_words(&oldest));
    Some(Problem::warning(Code::NOT_PATCHED, says).at(place.clone()).because(because).hint(hint))
}

fn too_old(origin: &Origin, release: &Release<'_>) -> Problem {
    let Release { title, text, place, .. } = release;
    let oldest = format!("older than {}, the oldest whose objects fluxwright can write", origin.oldest);
    let (says, hint) = if release.follows {
        let hint = "take a newer EKS Anywhere, or let `flux bootstrap` bring another Flux: with: github".to_owned();
        (format!("EKS Anywhere would bring {title} {text}, {oldest}"), hint)
    } else {
        (format!("{title} {text} is {oldest}"), format!("version: {}", origin.newest))
    };
    Problem::new(Code::TOO_OLD, says).at(place.clone()).because(&origin.source).hint(hint)
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
    let Release { title, text, place, follows, .. } = release;
    let needed = minors(row, open);
    let says = format!("{title} {text} needs Kubernetes {needed}, and the cluster has {kubernetes}");
    let other = fitting(known, &kubernetes.number()).filter(|_| !follows);
    let other = other.map(|releases| format!("{title} {releases}, or ")).unwrap_or_default();
    let problem = Problem::new(Code::VERSIONS_DO_NOT_FIT, says).at(place.clone()).because(&known.because);
    let problem = problem.hint(format!("take {other}Kubernetes {needed}"));
    // No other can be had there, and Flux mostly works on a minor that its makers promise nothing for.
    Some(if *follows { problem.as_warning() } else { problem })
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
