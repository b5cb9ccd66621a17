//! What charts and repositories that the catalog knows bring into a cluster, so that it counts as there although no file of the
//! repo has it.
//!
//! In: the catalog. Out: capabilities, as `plan` writes them, by chart and by git address. A chart is known by its name wherever it
//! is fetched from, since many mirror them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::catalog::apis::Apis;
use crate::catalog::component::Component;
use crate::problem::Place;

/// What is known of charts and repositories.
#[derive(Debug)]
pub struct Known {
    /// The table of kinds, seen from the newest releases.
    pub apis: Apis,
    /// By the name of the chart.
    charts: BTreeMap<String, Brings>,
    /// By the address of the repository and the folder in it.
    folders: BTreeMap<(String, String), Brings>,
    /// The addresses alone, with what any folder of it brings.
    repositories: BTreeMap<String, Brings>,
}

/// What something brings.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Brings {
    /// Capabilities: `crd:external-secrets.io/ExternalSecret`, `storageclass:longhorn`, `ingressclass:traefik`.
    pub capabilities: BTreeSet<String>,
    /// Objects, as `kubectl` names them: `deployment/external-secrets`.
    pub objects: BTreeSet<String>,
}

impl Brings {
    fn add(&mut self, other: &Brings) {
        self.capabilities.extend(other.capabilities.iter().cloned());
        self.objects.extend(other.objects.iter().cloned());
    }
}

impl Known {
    /// Of a catalog. A component of the repo's own that cannot be read is left to `render`, which says so.
    pub fn of(catalog: &Catalog) -> Known {
        let apis = Apis::new(Arc::clone(&catalog.table), BTreeMap::new());
        let (charts, folders, repositories) = Default::default();
        let mut known = Known { apis, charts, folders, repositories };
        let names: Vec<String> = catalog.component_names().into_iter().collect();
        // Each is a file of its own to read.
        let all: Vec<_> = names.par_iter().map(|name| catalog.component(name, &Place::file(""))).collect();
        all.iter().flatten().for_each(|folder| known.add(&folder.spec));
        known
    }

    fn add(&mut self, component: &Component) {
        let carrier = component.carrier().map(|unit| unit.name.clone());
        for unit in &component.units {
            let own = if Some(&unit.name) == carrier.as_ref() { &component.provides[..] } else { &[] };
            let capabilities = own.iter().chain(&unit.provides).map(|capability| capability.name.clone()).collect();
            let objects = unit.verify.iter().map(|expectation| expectation.object.clone()).collect();
            let brings = Brings { capabilities, objects };
            if let Some(chart) = &unit.chart {
                self.charts.entry(chart.name.clone()).or_default().add(&brings);
            }
            if let Some(git) = &unit.git {
                let address = address(git.url.as_str());
                let path = git.path.trim_matches('/').to_owned();
                self.folders.entry((address.clone(), path)).or_default().add(&brings);
                self.repositories.entry(address).or_default().add(&brings);
            }
        }
    }

    /// What a chart brings, by its name.
    pub fn chart(&self, name: &str) -> Option<&Brings> {
        self.charts.get(name)
    }

    /// What a folder of a git repository brings; of a folder that is not known, what any of that repository does.
    pub fn folder(&self, url: &str, path: &str) -> Option<&Brings> {
        let address = address(url);
        let path = path.trim_start_matches("./").trim_matches('/').to_owned();
        self.folders.get(&(address.clone(), path)).or_else(|| self.repositories.get(&address))
    }
}

fn address(url: &str) -> String {
    url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase()
}
