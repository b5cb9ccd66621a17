//! EKS Anywhere's own Flux: what must go with it in the profile, and what its FluxConfig cannot say. Most of it the
//! command-line tool refuses only when the cluster is made (aws/eks-anywhere pkg/api/v1alpha1, pkg/gitops/flux@v0.26.1).

use super::Check;
use crate::problem::Code;
use crate::profile::cluster::Bootstrap;
use crate::profile::eks_anywhere::Apply;
use crate::profile::gitops::{Provider, around, is_branch};

impl Check<'_> {
    pub(super) fn gitops(&mut self) {
        let flux = &self.profile.flux;
        let Some(bootstrap) = flux.of_eks_anywhere() else {
            let algorithm = flux.bootstrap.as_ref().and_then(|bootstrap| bootstrap.ssh_key_algorithm.as_ref());
            if let Some(algorithm) = algorithm {
                let says = "`sshKeyAlgorithm` is for EKS Anywhere's own Flux".to_owned();
                self.report(Code::CHOOSE_ONE, &algorithm.span, says, "", "take the line out".to_owned());
            }
            return;
        };
        self.gitops_section(bootstrap);
        self.gitops_keys(bootstrap);
        self.gitops_repository(bootstrap);
        self.gitops_branch();
        self.gitops_folder();
    }

    /// The FluxConfig stands beside the cluster's own objects, and Flux applies all of them.
    fn gitops_section(&mut self, bootstrap: &Bootstrap) {
        let Some(eks) = &self.profile.eks_anywhere else {
            let says = "EKS Anywhere's own Flux needs the section `eksAnywhere`".to_owned();
            let because = "`eksctl anywhere` brings Flux along when it makes the cluster, as the cluster's spec says";
            let hint = "with: github\n# or let the profile say the cluster, too:\nkubernetes:\n  distribution: eks-anywhere\neksAnywhere:\n  version: v0.26.1";
            self.report(Code::MISSING_KEY, &bootstrap.span, says, because, hint.to_owned());
            return;
        };
        if let Some(apply) = eks.apply.as_ref().filter(|apply| apply.value == Apply::Cli) {
            let says = "EKS Anywhere's own Flux applies the cluster's objects".to_owned();
            let because = "they stand in the folder that its root applies (pkg/gitops/flux/files.go)";
            self.report(Code::CONTRADICTION, &apply.span, says, because, "apply: flux".to_owned());
        }
    }

    /// What `flux bootstrap` is told by flags, and EKS Anywhere by nothing.
    fn gitops_keys(&mut self, bootstrap: &Bootstrap) {
        let said = [
            ("tokenAuth", bootstrap.token_auth.is_some()),
            ("interval", bootstrap.interval.is_some()),
            ("components", !bootstrap.components.is_empty()),
            ("tolerationKeys", !bootstrap.toleration_keys.is_empty()),
        ];
        let keys: Vec<String> = said.into_iter().filter(|(_, said)| *said).map(|(key, _)| format!("`{key}`")).collect();
        let says = match keys.as_slice() {
            [] => return,
            [one] => format!("EKS Anywhere's own Flux cannot be told {one}"),
            many => format!("EKS Anywhere's own Flux can be told none of {}", many.join(", ")),
        };
        let because = "a FluxConfig has no such key (config/crd/bases/anywhere.eks.amazonaws.com_fluxconfigs.yaml)";
        let hint = format!("take out {}, or let `flux bootstrap` bring Flux: with: github", keys.join(", "));
        self.report(Code::CHOOSE_ONE, &bootstrap.span, says, because, hint);
    }

    fn gitops_repository(&mut self, bootstrap: &Bootstrap) {
        let url = &self.profile.flux.url;
        let algorithm = bootstrap.ssh_key_algorithm.as_ref();
        match (Provider::of(&url.value), algorithm) {
            (None, _) => {
                let says = format!("EKS Anywhere cannot reach `{url}`");
                let because = "a FluxConfig takes a repository of github.com by https, or one of any host over SSH, with a name of letters, digits, `-`, `_` and `.`";
                let hint = match url.as_str().split_once("://") {
                    Some(("http" | "https", rest)) => format!("url: ssh://git@{rest}"),
                    _ => "url: ssh://git@git.example.com/platform/infra".to_owned(),
                };
                self.report(Code::BAD_URL, &url.span, says, because, hint);
            }
            (Some(Provider::Github { .. }), Some(algorithm)) => {
                let says = "`sshKeyAlgorithm` is for a repository over SSH, and this one is reached by GitHub's API";
                let hint = "take the line out, or write `url: ssh://…`".to_owned();
                self.report(Code::CHOOSE_ONE, &algorithm.span, says.to_owned(), "", hint);
            }
            (Some(Provider::Git { .. }), _) if bootstrap.personal.is_some() => {
                let says = "`personal` is for GitHub's API, and this repository is reached over SSH".to_owned();
                let hint = "take `personal` out, or write `url: https://github.com/…`".to_owned();
                self.report(Code::CHOOSE_ONE, &bootstrap.span, says, "", hint);
            }
            _ => {}
        }
    }

    fn gitops_branch(&mut self) {
        let branch = &self.profile.flux.branch;
        if !is_branch(branch.as_str()) {
            let says = format!("EKS Anywhere does not take `{branch}` for a branch");
            let because =
                "it takes two characters or more, with one `.` or `/` among them at most, and `-` not before it";
            self.report(Code::BAD_NAME, &branch.span, says, because, "branch: main".to_owned());
        }
    }

    /// The tree stands in the folder of its own name, below the one that Flux begins with.
    fn gitops_folder(&mut self) {
        let Some(path) = &self.profile.flux.path else { return };
        let name = self.profile.name();
        if around(path.as_str()).is_some_and(|(_, last)| last == name) {
            return;
        }
        let says = format!(
            "the tree would stand in `{path}`, and EKS Anywhere has a cluster in a folder of its name, inside of another"
        );
        let because = "its Flux begins at `clusterConfigPath`, and the cluster is in `<clusterConfigPath>/<name>` (pkg/gitops/flux/files.go)";
        self.report(Code::CONTRADICTION, &path.span, says, because, format!("path: clusters/{name}/{name}"));
    }
}
