//! Components of the catalog become units: options complete, versions checked, conditions of component.yaml decided.

use std::sync::Arc;

use serde_json::{Value, json};

use super::needs::Need;
use super::sources::Git;
use super::unit::{AppliedBy, Chart, Check, Content, Part, Unit};
use super::{Planner, defaults, options, versions};
use crate::catalog::Folder;
use crate::catalog::component::{Capability, ChartCrds, ChartSpec, Component, Expectation, GitSpec, UnitSpec};
use crate::problem::{Code, Place, Problem};
use crate::profile::workloads;
use crate::template::{Context, Engine};
use crate::texts::{Name, RepoPath};

/// A component of one cluster, as its units need it.
pub(super) struct Chosen<'a> {
    pub(super) name: &'a Name,
    pub(super) place: Place,
    asked: &'a workloads::Component,
    pub(super) folder: Arc<Folder<Component>>,
    pub(super) engine: Arc<Engine>,
    pub(super) context: Context,
    version: Option<String>,
    namespace: Option<String>,
}

impl Chosen<'_> {
    /// Its templates below a folder, with its context.
    fn part(&self, folder: &str) -> Part {
        Part { engine: Arc::clone(&self.engine), folder: folder.to_owned(), file: None, context: self.context.clone() }
    }
}

impl Planner<'_> {
    pub(super) fn components(&mut self) {
        let profile = self.profile;
        let mut chosen = Vec::new();
        for (name, asked) in &profile.components.0 {
            let place = profile.place(&name.span);
            if let Some(folder) = self.problems.keep(self.catalog.component(name.as_str(), &place)) {
                chosen.extend(self.choose(&name.value, place, asked, folder));
            }
        }
        for component in &chosen {
            self.units_of(component);
        }
        for component in &chosen {
            self.conflicts(component);
        }
    }

    fn choose<'b>(
        &mut self,
        name: &'b Name,
        place: Place,
        asked: &'b workloads::Component,
        folder: Arc<Folder<Component>>,
    ) -> Option<Chosen<'b>> {
        let spec = &folder.spec;
        if spec.name.as_str() != name.as_str() {
            let says = format!("the component in folder `{name}` calls itself `{}`", spec.name);
            let at = Place::new(&folder.source, spec.name.span.clone());
            self.report(Problem::new(Code::BROKEN_COMPONENT, says).at(at).hint(format!("name: {name}")));
        }
        if let Some(retired) = &spec.retired {
            let says = format!("{} is retired as of {}", spec.title, retired.date);
            self.report(
                Problem::warning(Code::RETIRED, says)
                    .at(place.clone())
                    .because(format!("{} ({})", retired.because, retired.source)),
            );
        }
        if !self.sections_there(&folder, &place) {
            return None;
        }
        let what = format!("the component `{name}`");
        let options =
            options::read(self.profile, &what, &asked.options, spec.options.as_ref(), !folder.own, self.problems);
        let versions = versions::with_options(&self.versions, spec, &options);
        versions::check_component(self.profile, &folder, asked, &place, &versions, self.problems);
        self.pools(name.as_str(), &asked.options, spec.options.as_ref());
        let namespace = asked.namespace.as_ref().map(|namespace| namespace.value.clone());
        let namespace =
            namespace.or_else(|| spec.namespace.as_ref().map(|own| own.name.clone())).map(|name| name.to_string());
        if let Some(namespace) = &namespace {
            self.homes.insert(name.to_string(), namespace.clone());
            self.namespace(namespace, spec.namespace.as_ref().map(|own| own.pod_security), name.as_str());
        }
        // That it is missing has been said; nothing more is to be said of it than of the newest.
        let newest = || versions::newest(&spec.versions).map(|row| &row.newest);
        let version = asked.version.as_ref().map(|version| &version.value).or_else(newest).map(ToString::to_string);
        let asked_for = [("options", options), ("version", json!(version)), ("namespace", json!(namespace))];
        let mut context = self.context.with(asked_for);
        if let (Some(asked), true) = (&asked.namespace, spec.units.iter().any(|unit| unit.git.is_some())) {
            let says = format!("the manifests of `{name}` say their namespace themselves");
            let place = self.profile.place(&asked.span);
            self.report(Problem::new(Code::BAD_OPTION, says).at(place).hint("take the line `namespace:` out"));
        }
        if let Some(options) = spec.options.as_ref().filter(|options| options.is_credentials("credentials")) {
            let credentials = self.credentials(name, asked, options, &place, namespace.as_deref());
            context = context.with([("credentials", credentials)]);
        }
        let engine = Arc::clone(&folder.engine);
        Some(Chosen { name, place, asked, folder, engine, context, version, namespace })
    }

    /// Whether the profile has the sections that a component requires; without them it could only fail again and again.
    fn sections_there(&mut self, folder: &Folder<Component>, place: &Place) -> bool {
        let spec = &folder.spec;
        let required = spec.requires.iter().chain(spec.units.iter().flat_map(|unit| &unit.requires));
        let missing: Vec<&str> = required
            .filter(|capability| !capability.optional && !self.given.contains(&capability.name))
            .filter_map(|capability| capability.name.strip_prefix("profile:"))
            .collect();
        for section in &missing {
            let says = format!("the component `{}` needs the section `{section}` of the profile", spec.name);
            let problem = Problem::new(Code::MISSING_CAPABILITY, says).at(place.clone());
            self.report(problem.hint(format!("add `{section}:` with what belongs to it")));
        }
        missing.is_empty()
    }

    fn units_of(&mut self, component: &Chosen<'_>) {
        let specs = &component.folder.spec.units;
        if specs.is_empty() {
            let says = format!("the component `{}` has no units, so it would apply nothing", component.name);
            let place = Place::new(&component.folder.source, 0..0);
            self.report(
                Problem::new(Code::BROKEN_COMPONENT, says).at(place).hint("units:\n  - name: app\n    templates: app"),
            );
        }
        let carrier = component.folder.spec.carrier().map(|unit| unit.name.as_str());
        let mut before = None;
        for spec in specs {
            let of_component = (Some(spec.name.as_str()) == carrier).then_some(&component.folder.spec);
            if let Some(unit) = self.unit(component, spec, of_component, before.clone()) {
                before = Some(unit.name.clone());
                self.units.push(unit);
            }
        }
        self.bootstrap_of(&component.engine, &component.context, str::to_owned);
        self.notes_of(
            &component.folder.spec.title,
            &component.folder.spec.notes,
            &component.engine,
            &component.context,
        );
    }

    /// What a unit's `verify` says, where its `when:` holds.
    fn checks(&mut self, component: &Chosen<'_>, expected: &[Expectation]) -> Vec<Check> {
        let mut checks = Vec::new();
        for item in expected {
            if !self.holds(&component.engine, item.when.as_deref(), &component.context) {
                continue;
            }
            let mut text = |text: &String| {
                let expanded = self.expanded(component, &Value::String(text.clone()));
                expanded.and_then(|value| value.as_str().map(str::to_owned))
            };
            if let Some(object) = text(&item.object) {
                let namespace = item.namespace.as_ref().and_then(&mut text);
                checks.push(Check { object, namespace, expect: item.expect.clone() });
            }
        }
        checks
    }

    fn unit(
        &mut self,
        component: &Chosen<'_>,
        spec: &UnitSpec,
        of_component: Option<&Component>,
        after: Option<String>,
    ) -> Option<Unit> {
        let name = component.folder.spec.unit_name(spec);
        let (content, own_objects) = match (&spec.templates, &spec.chart, &spec.git) {
            (Some(folder), None, None) => {
                self.expect_templates(component, folder);
                (Content::Templates(vec![component.part(folder.as_str())]), true)
            }
            (None, Some(chart), None) => (self.chart(component, spec, chart, &name), true),
            (None, None, Some(git)) => (self.git(component, git, &name)?, false),
            _ => {
                let at = Place::new(&component.folder.source, spec.span.clone());
                let says = format!("the unit `{}` has one of `templates`, `chart` and `git`", spec.name);
                self.report(Problem::new(Code::BROKEN_COMPONENT, says).at(at).hint("templates: app"));
                return None;
            }
        };
        let own = of_component.iter().flat_map(|component| &component.requires).chain(&spec.requires);
        let mut requires = self.requirements(component, own);
        if !own_objects && let Some(namespace) = &component.namespace {
            requires.push(Need { capability: format!("namespace:{namespace}"), what: name.clone(), optional: true });
        }
        let own = of_component.iter().flat_map(|component| &component.provides).chain(&spec.provides);
        let provides = self.provisions(component, own);
        let waits = spec.timeout.as_ref().map_or(defaults::UNIT_TIMEOUT, seconds);
        let timeout = if spec.chart.is_some() { waits + defaults::TIMEOUT_MARGIN } else { waits };
        Some(Unit {
            folder: own_objects.then(|| format!("{}/{}", component.name, spec.name)),
            name,
            key: format!("components.{}", component.name),
            place: component.place.clone(),
            content,
            needs: component.asked.needs.clone(),
            after,
            requires,
            provides,
            timeout,
            applied_by: AppliedBy::Itself,
            prune: spec.prune.unwrap_or(true),
            wait: true,
            target_namespace: None,
            patches: component.asked.patches.clone(),
            health: spec.health.as_ref().and_then(Value::as_array).cloned().unwrap_or_default(),
            verify: self.checks(component, &spec.verify),
            infrastructure: true,
            rewritten: false,
        })
    }

    /// A folder without templates would apply nothing, and nobody would know.
    fn expect_templates(&mut self, component: &Chosen<'_>, folder: &RepoPath) {
        if component.engine.below(folder.as_str()).is_empty() {
            let says = format!("the component `{}` has no templates in `{folder}/`", component.name);
            let place = Place::new(&component.folder.source, 0..0);
            let hint = format!("put a template there: {}/{folder}/my-object.yaml.j2", component.folder.label);
            self.report(Problem::new(Code::BROKEN_COMPONENT, says).at(place).hint(hint));
        }
    }

    fn chart(&mut self, component: &Chosen<'_>, spec: &UnitSpec, chart: &ChartSpec, unit: &str) -> Content {
        let version = component.version.clone().unwrap_or_default();
        let source = self.sources.chart(unit, chart.url.as_str(), &chart.name, &version, None, self.oci_charts);
        let values_template = component.engine.has("values.yaml.j2").then(|| component.part("values.yaml.j2"));
        Content::Chart(Box::new(Chart {
            source,
            chart: chart.name.clone(),
            version,
            release: chart.release.as_ref().map_or(unit.to_owned(), std::string::ToString::to_string),
            namespace: component.namespace.clone().unwrap_or_else(|| "default".to_owned()),
            values_template,
            values: component.asked.values.as_ref().map(|values| values.value.0.clone()),
            values_from: Vec::new(),
            crds: chart.crds.filter(|crds| *crds != ChartCrds::None).map(|crds| crds.as_str().to_owned()),
            timeout: spec
                .timeout
                .as_ref()
                .map_or(defaults::RELEASE_TIMEOUT.to_owned(), std::string::ToString::to_string),
        }))
    }

    fn git(&mut self, component: &Chosen<'_>, git: &GitSpec, unit: &str) -> Option<Content> {
        let tag = self.expanded(component, &Value::String(git.tag.clone()))?;
        let path = self.git_path(component, git)?;
        let images = self.list(component, git.images.as_ref());
        let patches = self.list(component, git.patches.as_ref());
        let source = self.sources.git(
            unit,
            &Git {
                url: git.url.as_str(),
                reference: json!({ "tag": tag }),
                moves: false,
                sparse_checkout: git.sparse_checkout.iter().map(std::string::ToString::to_string).collect(),
                ignore: git.ignore.clone(),
                secret_ref: None,
            },
        );
        Some(Content::Git { source: source.name, path: path.to_string(), images, patches })
    }

    /// The folder of another repository, which may depend on options and version.
    fn git_path(&mut self, component: &Chosen<'_>, git: &GitSpec) -> Option<RepoPath> {
        let path = self.expanded(component, &Value::String(git.path.value.clone()))?;
        match RepoPath::parse(path.as_str().unwrap_or_default()) {
            Ok(path) => Some(path),
            Err(why) => {
                let says = format!("`path` of the component `{}` comes out as {path}, which {why}", component.name);
                let place = Place::new(&component.folder.source, git.path.span.clone());
                self.report(Problem::new(Code::BROKEN_COMPONENT, says).at(place).hint("path: config/crd"));
                None
            }
        }
    }

    fn expanded(&mut self, component: &Chosen<'_>, value: &Value) -> Option<Value> {
        self.expand(&component.engine, value, &component.context)
    }

    /// A list of component.yaml: items whose `when` holds, without it, their texts expanded.
    fn list(&mut self, component: &Chosen<'_>, list: Option<&Value>) -> Vec<Value> {
        let mut kept = Vec::new();
        for item in list.and_then(Value::as_array).into_iter().flatten() {
            let mut item = item.clone();
            let when = item.as_object_mut().and_then(|item| item.shift_remove("when"));
            if self.holds(&component.engine, when.as_ref().and_then(Value::as_str), &component.context) {
                kept.extend(self.expanded(component, &item));
            }
        }
        kept
    }

    fn requirements<'c>(
        &mut self,
        component: &Chosen<'_>,
        capabilities: impl Iterator<Item = &'c Capability>,
    ) -> Vec<Need> {
        let what = format!("the component `{}`", component.name);
        let need = |capability: &Capability| Need {
            capability: capability.name.clone(),
            what: what.clone(),
            optional: capability.optional,
        };
        self.that_hold(component, capabilities).into_iter().map(need).collect()
    }

    fn provisions<'c>(
        &mut self,
        component: &Chosen<'_>,
        capabilities: impl Iterator<Item = &'c Capability>,
    ) -> Vec<String> {
        let held = self.that_hold(component, capabilities);
        let provides: Vec<String> = held.into_iter().map(|capability| capability.name.clone()).collect();
        for capability in &provides {
            self.provided.entry(capability.clone()).or_default().insert(component.name.to_string());
        }
        provides
    }

    /// The capabilities whose `when:` holds.
    fn that_hold<'c>(
        &mut self,
        component: &Chosen<'_>,
        capabilities: impl Iterator<Item = &'c Capability>,
    ) -> Vec<&'c Capability> {
        let holds =
            |capability: &&Capability| self.holds(&component.engine, capability.when.as_deref(), &component.context);
        capabilities.filter(holds).collect()
    }
}

/// A duration in whole seconds, rounded up.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn seconds(duration: &crate::texts::Duration) -> u64 {
    duration.seconds().ceil() as u64
}
