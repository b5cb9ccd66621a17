//! The host of the repository: `flux bootstrap github` and `gitlab` ask its API for the repository of an owner, so both have to be in
//! the address (fluxcd/flux2 cmd/flux/bootstrap_github.go and bootstrap_gitlab.go@v2.9.4).

use super::Check;
use crate::problem::Code;
use crate::profile::bootstrap::address;
use crate::profile::cluster::BootstrapWith;

impl Check<'_> {
    pub(super) fn hosts(&mut self) {
        let flux = &self.profile.flux;
        let Some(bootstrap) = &flux.bootstrap else { return };
        let (own, other) = match bootstrap.with {
            BootstrapWith::Github => ("github", "gitlab"),
            BootstrapWith::Gitlab => ("gitlab", "github"),
            _ => return,
        };
        let found = address(&flux.url).filter(|(_, owner, _)| own != "github" || !owner.contains('/'));
        match found {
            None => {
                let says = format!("`flux bootstrap {own}` finds no owner and repository in `{}`", flux.url);
                let because = "it asks the host's API for the repository of an owner";
                let hint = format!("url: https://{own}.com/example/infra");
                self.report(Code::BAD_URL, &flux.url.span, says, because, hint);
            }
            Some((host, ..)) if host == format!("{other}.com") => {
                let says = format!("the repository is at {host}, and `flux bootstrap {own}` is not for that host");
                self.report(Code::CONTRADICTION, &bootstrap.span, says, "", format!("with: {other}"));
            }
            Some(_) => {}
        }
    }
}
