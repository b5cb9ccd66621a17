//! What Flux does with a repository: which files of a folder it applies, and which objects, by which Flux Kustomization.
//!
//! In: the files of a repo, wherever they are ([`walk::Files`]). Out: paths, and the applied set, for which what kustomize does
//! beyond listing (patches, generators, prefixes) is not resolved, and such an entry is kept as itself; and what kustomize makes
//! of a folder, whole ([`kustomize`]).
//!
//! Not here: what becomes of a difference of two such sets (`compare`), and reading or writing (`disk`, `repo`).

pub mod applied;
pub mod folder;
pub mod given;
pub mod kustomize;
pub mod start;
pub mod substitute;
pub mod walk;

pub use folder::{KUSTOMIZATION_FILES, generated_resources, has_kustomization};
