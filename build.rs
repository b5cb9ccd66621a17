//! Rebuilds when a template changes: the catalog is embedded, and cargo does not see files that a macro reads.

fn main() {
    println!("cargo:rerun-if-changed=templates");
}
