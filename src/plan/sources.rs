//! The sources of a cluster: one per address, shared by all units that read from it.
//!
//! A source is named after its address, so that a version that moves or a unit that comes or goes does not rename it.
//! Where one address is needed in two ways (two tags of one repository), the later unit's name is added.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::defaults;

/// A source of a kind, by name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reference {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A source to be: the template of its kind, and what the template asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its kind.
    pub kind: &'static str,
    /// What its template asks for, but for the name.
    pub context: Value,
}

/// All sources, by name.
#[derive(Debug, Default)]
pub struct Sources {
    by_name: BTreeMap<String, Source>,
}

/// A folder of a git repository, as a unit needs it.
pub struct Git<'a> {
    /// Where the repository is.
    pub url: &'a str,
    /// `ref` of the GitRepository.
    pub reference: Value,
    /// Whether `reference` can move.
    pub moves: bool,
    /// The folders to fetch; all if none.
    pub sparse_checkout: Vec<String>,
    /// What is left out.
    pub ignore: Option<String>,
    /// The Secret with the login.
    pub secret_ref: Option<String>,
}

impl Sources {
    /// The GitRepository for a unit.
    pub fn git(&mut self, unit: &str, git: &Git<'_>) -> Reference {
        let interval = if git.moves { defaults::MOVING_SOURCE_INTERVAL } else { defaults::SOURCE_INTERVAL };
        let context = json!({
            "url": git.url, "ref": git.reference, "interval": interval, "sparseCheckout": git.sparse_checkout,
            "ignore": git.ignore, "secretRef": git.secret_ref,
        });
        // A host's name says little about a repository; its path says it all.
        let path =
            git.url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or(git.url, |(_, path)| path);
        self.add(unit, &slug(path.trim_end_matches(".git")), Source { kind: "GitRepository", context })
    }

    /// The source of a Helm chart; `oci_charts` says whether Flux can read a chart from an OCIRepository.
    pub fn chart(
        &mut self,
        unit: &str,
        url: &str,
        chart: &str,
        version: &str,
        secret_ref: Option<&str>,
        oci_charts: bool,
    ) -> Reference {
        let interval = defaults::SOURCE_INTERVAL;
        if url.starts_with("oci://") && oci_charts {
            let url = format!("{url}/{chart}");
            let context = json!({ "url": url, "version": version.replace('+', "_"), "interval": interval, "secretRef": secret_ref });
            return self.add(unit, &slug(&url), Source { kind: "OCIRepository", context });
        }
        let context = json!({ "url": url, "interval": interval, "secretRef": secret_ref });
        self.add(unit, &slug(url), Source { kind: "HelmRepository", context })
    }

    fn add(&mut self, unit: &str, name: &str, source: Source) -> Reference {
        let free = |name: &String| self.by_name.get(name).is_none_or(|known| *known == source);
        let others = (1..).map(|number| slug(&format!("{name}-{unit}-{number}")));
        let mut names = [name.to_owned(), slug(&format!("{name}-{unit}"))].into_iter().chain(others);
        let name = names.find(free).unwrap_or_default();
        let reference = Reference { kind: source.kind.to_owned(), name: name.clone() };
        self.by_name.insert(name, source);
        reference
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Source)> {
        self.by_name.iter()
    }
}

/// An address as a name: its letters and digits in lower case, everything else `-`; at most 63 characters.
fn slug(address: &str) -> String {
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let mut out = String::new();
    for c in address.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    let start = out.len().saturating_sub(63);
    out[start..].trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(url: &str, tag: &str) -> Git<'static> {
        let url: &'static str = Box::leak(url.to_owned().into_boxed_str());
        Git {
            url,
            reference: json!({ "tag": tag }),
            moves: false,
            sparse_checkout: vec![],
            ignore: None,
            secret_ref: None,
        }
    }

    #[test]
    fn a_source_is_named_after_its_address_and_shared() {
        let mut sources = Sources::default();
        assert_eq!(sources.git("a", &git("https://github.com/x/y.git", "v1")).name, "x-y");
        assert_eq!(sources.git("b", &git("https://github.com/x/y.git", "v1")).name, "x-y");
        assert_eq!(sources.git("c", &git("https://github.com/x/y.git", "v2")).name, "x-y-c");
        assert_eq!(
            sources.chart("d", "https://charts.example.com/stable", "z", "1", None, true).name,
            "charts-example-com-stable"
        );
        assert_eq!(sources.iter().count(), 3);
    }

    #[test]
    fn an_oci_chart_is_a_source_of_its_own_where_flux_can() {
        let mut sources = Sources::default();
        assert_eq!(sources.chart("a", "oci://ghcr.io/x", "z", "1", None, true).kind, "OCIRepository");
        assert_eq!(sources.chart("b", "oci://ghcr.io/x", "z", "1", None, false).kind, "HelmRepository");
    }
}
