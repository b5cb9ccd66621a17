//! What a new repo begins with: an example profile under the user's name, and the files around it.
//!
//! In: the catalog's examples and a name. Out: texts and files. Not here: whether they may be written, and writing (`cli`).

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog;
use crate::problem::{Problems, Source, shell_word};
use crate::profile::Profile;
use crate::profile::bootstrap::address;
use crate::profile::cluster::BootstrapWith;
use crate::texts::{GitUrl, Name};
use crate::tree::File;
use crate::yaml::{self, Kind, Meaning, Node};

/// An example profile with a name of the user's in place of its own; comments and all else stay as they are. Nothing if there
/// is no such example.
pub fn profile(example: &str, name: &Name) -> Option<String> {
    let text = *catalog::examples().get(example)?;
    let source = Source::new(example, text);
    let root = yaml::read(&source, &mut Problems::default())?;
    let mut spans = Vec::new();
    scalars(&root, &mut |node, plain| spans.push((node.span.clone(), plain)));
    let mut renamed = text.to_owned();
    for (span, plain) in spans.into_iter().rev() {
        let scalar = rename(&text[span.clone()], example, name.as_str());
        if scalar != text[span.clone()] {
            renamed.replace_range(span, &written(scalar, plain));
        }
    }
    Some(renamed)
}

/// A profile with another value at some keys.
pub fn with(text: &str, keys: &[&str], value: &str) -> Option<String> {
    let root = yaml::read(&Source::new("profile", text), &mut Problems::default())?;
    let node = root.follow(keys.iter().copied());
    let mut changed = text.to_owned();
    changed.replace_range(node.span.clone(), &written(value.to_owned(), true));
    Some(changed)
}

/// A profile for a repository at this address: with it, and with the bootstrap of its host.
pub fn at(text: &str, url: &GitUrl) -> Option<String> {
    // Before the address is another: in between the profile would have the bootstrap of another host, which is refused.
    let profile = Profile::read(&Source::new("profile", text)).ok()?;
    let text = with(text, &["flux", "url"], url.as_str())?;
    let host = address(url).map(|(host, ..)| host);
    let by_host = match host.as_deref() {
        Some("github.com") => "github",
        Some("gitlab.com") => "gitlab",
        _ => "git",
    };
    let hosted = [BootstrapWith::Github, BootstrapWith::Gitlab, BootstrapWith::Git];
    match profile.flux.bootstrap.as_ref().filter(|bootstrap| hosted.contains(&bootstrap.with)) {
        Some(_) => with(&text, &["flux", "bootstrap", "with"], by_host),
        None => Some(text),
    }
}

/// A profile that includes files and folders beside the tree.
pub fn including(text: &str, entries: &BTreeSet<String>) -> Option<String> {
    let root = yaml::read(&Source::new("profile", text), &mut Problems::default())?;
    let (flux, _) = root.entry("flux")?;
    let line_end = text[flux.span.end..].find('\n').map(|at| flux.span.end + at + 1)?;
    let items: Vec<String> = entries.iter().map(|entry| format!("    - {}\n", written(entry.clone(), true))).collect();
    let lines =
        format!("  # What Flux applies from this folder already, beside the tree.\n  include:\n{}", items.concat());
    Some(format!("{}{lines}{}", &text[..line_end], &text[line_end..]))
}

/// An address as Flux takes it: git's short form for SSH is one of its own, and a name or token in front of a web address is left
/// out, since a profile holds no secrets.
pub fn address_of(remote: &str) -> Option<GitUrl> {
    let long = match remote.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => {
            let (host, path) = rest.split_once('/')?;
            format!("{scheme}://{}/{path}", host.rsplit('@').next().unwrap_or(host))
        }
        Some(_) => remote.to_owned(),
        None => remote
            .split_once(':')
            .filter(|(host, _)| !host.contains('/'))
            .map(|(host, path)| format!("ssh://{host}/{path}"))?,
    };
    GitUrl::parse(&long).ok()
}

/// Every text of a document, in its order.
fn scalars<'n>(node: &'n Node, found: &mut impl FnMut(&'n Node, bool)) {
    match &node.kind {
        Kind::Scalar { plain, .. } => found(node, *plain),
        Kind::List(items) => items.iter().for_each(|item| scalars(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|(_, value)| scalars(value, found)),
    }
}

/// A name such as `on` or `1e3` is no text without quotes, nor is one with characters that mean something else.
fn written(scalar: String, plain: bool) -> String {
    let word = |c: char| c.is_alphanumeric() || "_-./:@".contains(c);
    let is_text = yaml::plain_meaning(&scalar) == Meaning::Text
        && scalar.chars().all(word)
        && !scalar.starts_with(['-', ':', '@']);
    if plain && !is_text { yaml::quoted(&scalar) } else { scalar }
}

/// Writes `to` for `from` where it stands as a word of its own: `homelab` in `apps/homelab`, not in `homelabs`.
fn rename(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in text.match_indices(from) {
        let end = at + from.len();
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if at < done || word(text[..at].chars().next_back()) || word(text[end..].chars().next()) {
            continue;
        }
        out.push_str(&text[done..at]);
        out.push_str(to);
        done = end;
    }
    out + &text[done..]
}

/// The files around the profiles, by their paths.
pub fn files() -> BTreeMap<String, File> {
    let mut files: BTreeMap<String, File> =
        catalog::repo_files().into_iter().map(|(path, text)| (path, plain(text))).collect();
    files.insert(".fluxwright/version".to_owned(), plain(concat!(env!("CARGO_PKG_VERSION"), "\n")));
    files
}

/// An empty kustomization for each folder of this repo that a profile lists under `paths:`, by the folder: Flux does not apply
/// a folder that is not there. In one that is there it would cut off what Flux walks.
pub fn folders(profile: &Profile) -> BTreeMap<String, (String, File)> {
    let own = profile.paths.iter().filter(|path| path.source.is_none());
    let text = "# List your manifests here.\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n";
    own.map(|path| (path.path.to_string(), (format!("{}/kustomization.yaml", path.path), plain(text)))).collect()
}

fn plain(text: &str) -> File {
    File { bytes: text.as_bytes().to_vec(), executable: false }
}

/// The command that brings Flux into the cluster, as a line to paste; nothing where the profile leaves that to somebody else.
pub fn bootstrap(profile: &Profile) -> Option<String> {
    let command = profile.flux_command()?;
    Some(command.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_takes_the_place_of_a_word() {
        assert_eq!(rename("homelab, apps/homelab and homelabs", "homelab", "x"), "x, apps/x and homelabs");
        assert_eq!(rename("homelab.example", "homelab", "homelab-2"), "homelab-2.example");
    }

    #[test]
    fn flux_tolerates_the_taint_that_nodes_start_with_and_says_it_once() {
        let command = |keys: &str| {
            let text = format!(
                "apiVersion: fluxwright/v1alpha1\nkind: ClusterProfile\nmetadata:\n  name: a\nkubernetes:\n  version: \"1.34\"\n  kubeletExternal: true\n\
                 flux:\n  version: 2.9.4\n  url: https://github.com/example/infra\n  branch: main\n  bootstrap:\n    with: install\n{keys}"
            );
            bootstrap(&Profile::read(&Source::new("profiles/a.yaml", text)).unwrap()).unwrap()
        };
        let key = "node.cloudprovider.kubernetes.io/uninitialized";
        assert!(command("").ends_with(&format!(" --toleration-keys={key}")));
        let said = format!("    tolerationKeys:\n      - {key}\n      - example.com/gpu\n");
        assert!(command(&said).ends_with(&format!(" --toleration-keys={key},example.com/gpu")));
    }

    #[test]
    fn every_example_can_have_any_name() {
        for (example, text) in catalog::examples() {
            assert_eq!(profile(&example, &Name::parse(&example).unwrap()).unwrap(), text);
            for name in ["on", "true", "a-b"] {
                let text = profile(&example, &Name::parse(name).unwrap()).unwrap();
                let read = Profile::read(&Source::new(format!("profiles/{name}.yaml"), text)).unwrap();
                assert_eq!(read.name(), name);
            }
        }
    }
}
