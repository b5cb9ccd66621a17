//! EKS Anywhere's own Flux: what its FluxConfig says of a repository and of a tree's folder
//! (aws/eks-anywhere pkg/api/v1alpha1, pkg/gitops/flux@v0.26.1).
//!
//! Not here: what it refuses (`rules`), and the object (`plan`).

use crate::texts::GitUrl;

/// How EKS Anywhere reaches a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider<'a> {
    /// By GitHub's API.
    Github {
        /// Whose it is.
        owner: &'a str,
        /// Its name.
        repository: &'a str,
    },
    /// By git alone.
    Git {
        /// Its address.
        url: &'a str,
    },
}

impl Provider<'_> {
    /// How it reaches the repository at an address; nothing if it cannot.
    pub fn of(url: &GitUrl) -> Option<Provider<'_>> {
        let text = url.as_str();
        if let Some((_, path)) = text.strip_prefix("ssh://").and_then(|rest| rest.split_once('/')) {
            return Some(Provider::Git { url: text }).filter(|_| is_repository(name_in(path)));
        }
        let (owner, repository) = text.strip_prefix("https://github.com/")?.split_once('/')?;
        let repository = repository.strip_suffix(".git").unwrap_or(repository);
        (is_repository(repository) && !owner.is_empty()).then_some(Provider::Github { owner, repository })
    }
}

/// The last part of a path, without git's ending.
fn name_in(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".git").unwrap_or(name)
}

/// Whether EKS Anywhere takes the name of a repository: `^[0-9A-Za-z-_.]+$`.
fn is_repository(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Whether EKS Anywhere takes the name of a branch: `^([0-9A-Za-z\_\+,]+)\.?\/?([0-9A-Za-z\-\_\+,]+)$`.
pub fn is_branch(name: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b"_+,".contains(&b);
    let end = |text: &str| !text.is_empty() && text.bytes().all(|b| word(b) || b == b'-');
    let Some(at) = name.find(['.', '/']) else {
        // Its two parts stand side by side, and a word of one letter is the first of them.
        return name.bytes().next().is_some_and(word) && end(&name[1..]);
    };
    let (first, rest) = name.split_at(at);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    !first.is_empty() && first.bytes().all(word) && end(rest)
}

/// The folder around a tree, which EKS Anywhere calls `clusterConfigPath`, and the tree's own name; nothing if there is none
/// around it.
pub fn around(tree: &str) -> Option<(&str, &str)> {
    tree.rsplit_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_reached_by_github_or_over_ssh() {
        let of = |url: &str| {
            let url = GitUrl::parse(url).unwrap();
            match Provider::of(&url) {
                Some(Provider::Github { owner, repository }) => format!("{owner} {repository}"),
                Some(Provider::Git { url }) => url.to_owned(),
                None => "none".to_owned(),
            }
        };
        assert_eq!(of("https://github.com/example/homelab"), "example homelab");
        assert_eq!(of("https://github.com/example/homelab.git"), "example homelab");
        assert_eq!(of("ssh://git@git.example.com:22/a/b/infra.git"), "ssh://git@git.example.com:22/a/b/infra.git");
        for other in [
            "http://github.com/example/homelab",
            "https://gitlab.com/example/homelab",
            "https://github.com/homelab",
            "https://github.com/a/b/c",
            "ssh://git@git.example.com/a/in~fra",
        ] {
            assert_eq!(of(other), "none", "{other}");
        }
    }

    #[test]
    fn a_branch_is_two_words_with_little_between_them() {
        for good in ["main", "my-branch", "release/1", "v1.2", "feature/my-x", "a./b", "ab", "1.0"] {
            assert!(is_branch(good), "{good}");
        }
        for bad in ["m", "release/1.2", "a/b/c", "my-feature/x", "-a", "a.", "/a", "a#b", ""] {
            assert!(!is_branch(bad), "{bad}");
        }
    }
}
