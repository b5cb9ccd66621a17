//! What the program is made of: licences as `deny.toml` allows them, and nothing that reaches for the network.
//!
//! `cargo deny check` says more; this needs no program but cargo, which is there when tests run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The texts of a list in deny.toml.
fn listed(list: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let list = text.split(&format!("{list} = [")).nth(1).unwrap().split(']').next().unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let allowed = listed("allow");
    let fits = |expression: &str| {
        let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
        expression.split(" OR ").any(|all| all.split(" AND ").all(|licence| allowed.contains(licence.trim())))
    };
    let packages = packages();
    let wrong: Vec<_> = packages.iter().filter(|package| !package["license"].as_str().is_some_and(fits)).collect();
    let named: Vec<String> =
        wrong.iter().map(|package| format!("{} {}", package["name"], package["license"])).collect();
    assert!(named.is_empty(), "{named:#?}");
    assert!(packages.len() > 50);
}

#[test]
fn nothing_reaches_for_the_network() {
    let denied = listed("deny");
    assert!(denied.len() >= 3);
    let names: BTreeSet<String> =
        packages().iter().map(|package| package["name"].as_str().unwrap().to_owned()).collect();
    assert!(denied.is_disjoint(&names), "{:?}", denied.intersection(&names).collect::<Vec<_>>());
}
