//! fluxwright: one cluster profile in; a complete, ordered, reviewable Flux tree out.

pub mod catalog;
pub mod decode;
pub mod error;
pub mod problem;
pub mod profile;
pub mod template;
pub mod texts;
pub mod yaml;
