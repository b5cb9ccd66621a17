//! What Flux does with a repository: where it begins, what it follows from there, and what each cluster is given in the end.
//!
//! In: the files of a repo, wherever they are ([`files::Files`]). Out: what kustomize makes of a folder ([`kustomize`]), what a cluster
//! is given ([`given`]), and the same as a set to compare ([`applied`]).
//!
//! Not here: what becomes of a difference of two such sets (`compare`), what is wrong with what is given (`checks`), and reading or
//! writing (`disk`, `repo`).

pub mod applied;
pub mod artifact;
pub mod files;
pub mod folder;
pub mod given;
pub mod kustomize;
pub mod start;
pub mod substitute;

pub use folder::{KUSTOMIZATION_FILES, generated_resources, has_kustomization};
