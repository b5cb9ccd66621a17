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
    if let Some(network) = &profile.network {
        for (what, cidr) in [("nodes", &network.nodes), ("pods", &network.pods), ("services", &network.services)] {
            claims.extend(cidr.iter().map(|cidr| claim(what, &cidr.value, cidr.as_str(), &cidr.span)));
        }
        claims.extend(network.dhcp.iter().map(|range| claim("dhcp", &range.value, range.as_str(), &range.span)));
    }
    let server = profile.vsphere.iter().map(|vsphere| &vsphere.server);
    claims.extend(server.map(|host| claim("vCenter", &host.value, host.as_str(), &host.span)));
    let endpoint = profile.eks_anywhere.iter().map(|eks| &eks.endpoint);
    claims.extend(endpoint.map(|address| claim("endpoint", &address.value, address.as_str(), &address.span)));
    claims
}

fn claim<'a>(what: &'a str, covers: &'a dyn Covers, text: &'a str, span: &Range<usize>) -> Claim<'a> {
    Claim { what, covers, text, span: span.clone() }
}

impl Check<'_> {
    pub(super) fn networks(&mut self) {
        let profile = self.profile;
        let claims = claims(profile);
        for (index, claim) in claims.iter().enumerate() {
            for other in &claims[..index] {
                // What DHCP hands out, the vCenter, to which it may give always the same, and the endpoint are addresses of
                // the nodes' network.
                let rightly =
                    matches!((other.what, claim.what), ("nodes" | "dhcp", "dhcp" | "vCenter") | ("nodes", "endpoint"));
                if !rightly && claim.covers.overlaps(other.covers) {
                    let says =
                        format!("{} {} and {} {} share addresses", claim.what, claim.text, other.what, other.text);
                    let hint = match claim.what {
                        "endpoint" | "vCenter" => format!("take an address outside of {}", other.text),
                        what => format!("give {what} a network of its own"),
                    };
                    self.report(Code::OVERLAPPING_NETWORKS, &claim.span, says, BECAUSE_SHARED, hint);
                }
            }
        }
    }
}
