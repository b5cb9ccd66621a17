//! What does not go together: components with each other, and with what the cluster brings along.

use super::components::Chosen;
use super::needs::described_whole;
use super::{Planner, brought};
use crate::catalog::component::Conflict;
use crate::problem::{Code, Problem};

impl Planner<'_> {
    pub(super) fn conflicts(&mut self, component: &Chosen<'_>) {
        for conflict in &component.folder.spec.conflicts {
            if !self.holds(&component.engine, conflict.when.as_deref(), &component.context) {
                continue;
            }
            let providers = self.provided.get(&conflict.capability).cloned().unwrap_or_default();
            let (own, others): (Vec<String>, Vec<String>) =
                providers.into_iter().partition(|provider| provider == component.name.as_str());
            let own = !own.is_empty();
            if self.given.contains(&conflict.capability) {
                let for_ever = brought(self.profile, self.catalog)
                    .all(|one| one.capability != conflict.capability || one.before.is_none());
                self.report(component.conflict_with_cluster(conflict, own, for_ever));
            }
            if let Some(other) = others.first() {
                self.report(component.conflict_with(other, conflict, own));
            }
        }
    }
}

impl Chosen<'_> {
    /// The cluster has what the component does not go with; `own` if the component brings it itself.
    fn conflict_with_cluster(&self, conflict: &Conflict, own: bool, for_ever: bool) -> Problem {
        let (name, capability) = (self.name, &conflict.capability);
        let (says, hint) = if own {
            (
                format!("the cluster brings {capability} itself, and `{name}` does, too"),
                format!(
                    "take `{name}` out{}",
                    if for_ever { "" } else { ", or take a release of the distribution that does not" }
                ),
            )
        } else {
            let words = described_whole(capability);
            (
                format!("the cluster has {words}, and `{name}` does not go with that"),
                format!("take `{name}` out, or go without {words}"),
            )
        };
        self.conflict(conflict, says, hint)
    }

    /// Another component has what this one does not go with; `own` if it brings it itself.
    fn conflict_with(&self, other: &str, conflict: &Conflict, own: bool) -> Problem {
        let (name, capability) = (self.name, &conflict.capability);
        let says = if own {
            format!("`{name}` and `{other}` exclude each other: both provide {capability}")
        } else {
            format!("`{name}` does not go with `{other}`, which brings {}", described_whole(capability))
        };
        self.conflict(conflict, says, format!("take out one of the two: `{name}` or `{other}`"))
    }

    fn conflict(&self, conflict: &Conflict, says: String, hint: String) -> Problem {
        let problem = Problem::new(Code::CONFLICT, says).at(self.place.clone()).hint(hint);
        match &conflict.because {
            Some(because) => problem.because(because),
            None => problem,
        }
    }
}
