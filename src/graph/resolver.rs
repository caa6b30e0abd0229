//! Name resolution that keeps Meta's names on public addresses.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::picture::is_meta_host;

/// Resolves names with the system's resolver. For Meta's hosts it drops addresses that are not
/// public, so that a picture's address cannot lead into the host's own network.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = allowed(name.as_str(), found);
            if allowed.is_empty() {
                return Err(io::Error::other("the host name has no public address").into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn allowed(name: &str, found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_meta = is_meta_host(&name.to_ascii_lowercase());
    let found = found.into_iter();
    found
        .filter(|address| !is_meta || is_public(address.ip()))
        .collect()
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || first == 0
                || (first == 100 && (64..128).contains(&second)))
        }
        IpAddr::V6(v6) => {
            !(v6 == Ipv6Addr::LOCALHOST
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b1_metas_names_lead_to_public_addresses_only() {
        let found = [
            "157.240.1.1:0",
            "127.0.0.1:0",
            "10.1.2.3:0",
            "192.168.1.1:0",
            "169.254.169.254:0",
            "100.64.0.1:0",
            "0.0.0.0:0",
            "[::1]:0",
            "[fd00::1]:0",
            "[fe80::1]:0",
            "[::ffff:127.0.0.1]:0",
            "[2a03:2880::1]:0",
        ]
        .map(|address| address.parse().unwrap())
        .to_vec();
        for name in [
            "fbsbx.com",
            "Platform-Lookaside.FBSBX.com",
            "scontent.xx.fbcdn.net",
        ] {
            let left = allowed(name, found.clone());
            assert_eq!(left, [found[0], found[11]], "{name}");
        }
        assert_eq!(allowed("proxy.internal", found.clone()), found);
        assert_eq!(allowed("evilfbsbx.com", found.clone()), found);
    }
}
