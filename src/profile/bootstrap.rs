//! The command that brings Flux into the cluster, from what the profile says of it (fluxcd/flux2 cmd/flux/bootstrap*.go@v2.9.4).

use super::Profile;
use super::cluster::{Bootstrap, BootstrapWith};
use crate::texts::GitUrl;

impl Profile {
    /// The words of the command; nothing where the profile leaves that to somebody else.
    pub fn flux_command(&self) -> Option<Vec<String>> {
        let bootstrap = self.flux.bootstrap.as_ref()?;
        let hosted = |provider: &str, own_host: &str| {
            let (host, owner, repository) = address(&self.flux.url)?;
            let (over_ssh, at) = (self.flux.url.as_str().starts_with("ssh://"), at(&self.flux.url)?);
            let mut words = words(&["flux", "bootstrap", provider]);
            // Over SSH the port is not that of the host's API.
            let api = if over_ssh { &host } else { at };
            words.extend((api != own_host).then(|| format!("--hostname={api}")));
            words.extend((over_ssh && at != host).then(|| format!("--ssh-hostname={at}")));
            words.extend([format!("--owner={owner}"), format!("--repository={repository}")]);
            words.extend(self.what_is_read());
            words.extend((bootstrap.personal == Some(true)).then(|| "--personal".to_owned()));
            Some(words)
        };
        let mut command = match bootstrap.with {
            BootstrapWith::Github => hosted("github", "github.com")?,
            BootstrapWith::Gitlab => hosted("gitlab", "gitlab.com")?,
            BootstrapWith::Git => {
                let mut words = words(&["flux", "bootstrap", "git"]);
                words.push(format!("--url={}", self.flux.url));
                words.extend(self.what_is_read());
                words.extend(self.flux.url.as_str().starts_with("http://").then(|| "--allow-insecure-http".to_owned()));
                words
            }
            BootstrapWith::Install => vec!["flux".to_owned(), "install".to_owned(), self.flux_version()],
            BootstrapWith::EksAnywhere | BootstrapWith::None => return None,
        };
        if bootstrap.with != BootstrapWith::Install {
            command.extend((self.token_in_cluster()).then(|| "--token-auth".to_owned()));
            command.extend(bootstrap.interval.as_ref().map(|interval| format!("--interval={interval}")));
        }
        command.extend(self.shared(bootstrap));
        Some(command)
    }

    /// Whether Flux reads the repo with a token that the cluster holds: over SSH there is a key and no token.
    pub fn token_in_cluster(&self) -> bool {
        let Some(bootstrap) = &self.flux.bootstrap else { return false };
        let by_key = bootstrap.with == BootstrapWith::Git && self.flux.url.as_str().starts_with("ssh://");
        bootstrap.token_auth == Some(true) && !by_key
    }

    /// What of the repo Flux reads.
    fn what_is_read(&self) -> [String; 3] {
        [format!("--branch={}", self.flux.branch), format!("--path={}", self.tree_path()), self.flux_version()]
    }

    /// Flags of `flux bootstrap` and `flux install`.
    fn shared(&self, bootstrap: &Bootstrap) -> impl Iterator<Item = String> {
        let list =
            |flag: &str, items: Vec<String>| (!items.is_empty()).then(|| format!("--{flag}={}", items.join(",")));
        let components = bootstrap.components.iter().map(ToString::to_string).collect();
        let keys = list("toleration-keys", self.toleration_keys());
        list("components-extra", components).into_iter().chain(keys)
    }

    fn flux_version(&self) -> String {
        format!("--version=v{}", self.flux.version)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Host without a port, owner and repository of an address.
pub fn address(url: &GitUrl) -> Option<(String, String, String)> {
    let host = at(url)?.split(':').next()?;
    let (_, path) = url.as_str().split_once("://")?.1.split_once('/')?;
    let path = path.trim_end_matches('/');
    let (owner, repository) = path.strip_suffix(".git").unwrap_or(path).rsplit_once('/')?;
    let is_whole = !owner.is_empty() && !repository.is_empty();
    is_whole.then(|| (host.to_owned(), owner.to_owned(), repository.to_owned()))
}

/// Host of an address, with its port where it has one.
fn at(url: &GitUrl) -> Option<&str> {
    let (_, rest) = url.as_str().split_once("://")?;
    rest.split('/').next()?.rsplit('@').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;

    #[test]
    fn the_port_is_that_of_the_api_or_of_ssh() {
        let command = |with: &str, url: &str| {
            let text = format!(
                "apiVersion: fluxwright/v1alpha1\nkind: ClusterProfile\nmetadata:\n  name: a\nkubernetes:\n  version: \"1.34\"\n\
                 flux:\n  version: 2.9.4\n  url: {url}\n  branch: main\n  bootstrap:\n    with: {with}\n"
            );
            Profile::read(&Source::new("profiles/a.yaml", text)).unwrap().flux_command().unwrap().join(" ")
        };
        let rest = "--branch=main --path=clusters/a --version=v2.9.4";
        let of = |flags: &str| format!("flux bootstrap {flags} --owner=group/sub --repository=infra {rest}");
        assert_eq!(
            command("gitlab", "https://git.example:8443/group/sub/infra/"),
            of("gitlab --hostname=git.example:8443")
        );
        assert_eq!(
            command("gitlab", "ssh://git@git.example:2222/group/sub/infra.git"),
            of("gitlab --hostname=git.example --ssh-hostname=git.example:2222")
        );
        let plain = "http://git.example/infra.git";
        assert_eq!(command("git", plain), format!("flux bootstrap git --url={plain} {rest} --allow-insecure-http"));
    }

    #[test]
    fn an_address_is_a_host_an_owner_and_a_repository() {
        let of = |url: &str| address(&GitUrl::parse(url).unwrap());
        let parts = |parts: [&str; 3]| Some(parts.map(str::to_owned).into());
        assert_eq!(of("https://github.com/example/infra"), parts(["github.com", "example", "infra"]));
        assert_eq!(of("ssh://git@git.example:2222/a/b/infra.git"), parts(["git.example", "a/b", "infra"]));
        assert_eq!(of("https://github.com/example/infra.git.git"), parts(["github.com", "example", "infra.git"]));
    }
}
