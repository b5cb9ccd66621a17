//! Which addresses belong to whom: the networks of a cluster share none.

use std::ops::Range;

use super::Check;
use crate::problem::Code;
use crate::profile::Profile;
use crate::texts::Covers;

/// Addresses that the profile gives to something.
pub struct Claim<'a> {
    /// To what, as a finding calls it.
    pub what: &'a str,
    /// The addresses.
    pub covers: &'a dyn Covers,
    /// The same as the profile writes them.
    pub text: &'a str,
    /// Where it does.
    pub span: Range<usize>,
}

/// Why no two may share an address.
pub const BECAUSE_SHARED: &str = "a packet to a shared address reaches one of the two, and nobody says which";

/// All addresses that the profile's own sections give away.
pub fn claims(profile: &Profile) -> Vec<Claim<'_>> {
    let mut claims = Vec::new();
    let Some(network) = &profile.network else { return claims };
    for (what, cidr) in [("nodes", &network.nodes), ("pods", &network.pods), ("services", &network.services)] {
        claims.extend(cidr.iter().map(|cidr| Claim {
            what,
            covers: &cidr.value,
            text: cidr.as_str(),
            span: cidr.span.clone(),
        }));
    }
    let dhcp = network.dhcp.iter();
    claims.extend(dhcp.map(|range| Claim {
        what: "dhcp",
        covers: &range.value,
        text: range.as_str(),
        span: range.span.clone(),
    }));
    claims
}

impl Check<'_> {
    pub(super) fn networks(&mut self) {
        let profile = self.profile;
        let claims = claims(profile);
        for (index, claim) in claims.iter().enumerate() {
            for other in &claims[..index] {
                // DHCP hands out addresses of the nodes' network, so these two overlap rightly.
                let rightly = matches!((other.what, claim.what), ("nodes" | "dhcp", "dhcp"));
                if !rightly && claim.covers.overlaps(other.covers) {
                    let says =
                        format!("{} {} and {} {} share addresses", claim.what, claim.text, other.what, other.text);
                    let hint = format!("give {} a network of its own", claim.what);
                    self.report(Code::OVERLAPPING_NETWORKS, &claim.span, says, BECAUSE_SHARED, hint);
                }
            }
        }
    }
}
