//! Which addresses a stranger may make us connect to: public ones, and no others.
//!
//! Source: the IANA special-purpose address registries for IPv4 and IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What an address that is not public is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Unspecified,
    Loopback,
    Private,
    LinkLocal,
    /// Between a provider and its customers (RFC 6598).
    CarrierNat,
    /// Set aside by the IETF for its protocols.
    Protocol,
    Documentation,
    Benchmark,
    Multicast,
    /// Given to nobody.
    Reserved,
    /// Of the machine that virtual machines run on.
    Platform,
    /// An IPv4 address inside an IPv6 one: mapped, compatible, 6to4, NAT64, Teredo, ISATAP.
    Tunnel,
    /// For packets to be thrown away.
    Discard,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::CarrierNat => "carrier NAT",
            Self::Protocol => "protocol",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Platform => "platform",
            Self::Tunnel => "tunnel",
            Self::Discard => "discard",
        })
    }
}

/// A block of addresses, as text such as `10.1.0.0/16` or `127.0.0.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    first: IpAddr,
    bits: u8,
}

const V4: &[(Ipv4Addr, u8, Class)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, Class::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Class::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Class::CarrierNat),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Class::Loopback),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Class::Platform),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Class::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Class::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Class::Protocol),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Class::Documentation),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Class::Protocol),
    (Ipv4Addr::new(192, 52, 193, 0), 24, Class::Protocol),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Class::Tunnel),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Class::Private),
    (Ipv4Addr::new(192, 175, 48, 0), 24, Class::Protocol),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Class::Benchmark),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Class::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Class::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Class::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Class::Reserved),
];

const V6: &[(Ipv6Addr, u8, Class)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, Class::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Class::Loopback),
    // Compatible and mapped: `::1.2.3.4` and `::ffff:1.2.3.4`, and the old translation beside them.
    (v6(0, 0), 80, Class::Tunnel),
    // NAT64, well known and local.
    (v6(0x0064_ff9b, 0), 96, Class::Tunnel),
    (v6(0x0064_ff9b, 0x0001_0000), 48, Class::Tunnel),
    (v6(0x0100_0000, 0), 64, Class::Discard),
    // Teredo, then what else the IETF keeps beside it.
    (v6(0x2001_0000, 0), 32, Class::Tunnel),
    (v6(0x2001_0002, 0), 48, Class::Benchmark),
    (v6(0x2001_0000, 0), 23, Class::Protocol),
    (v6(0x2001_0db8, 0), 32, Class::Documentation),
    // 6to4.
    (v6(0x2002_0000, 0), 16, Class::Tunnel),
    (v6(0x2620_004f, 0x8000_0000), 48, Class::Protocol),
    (v6(0x3ffe_0000, 0), 16, Class::Reserved),
    (v6(0x3fff_0000, 0), 20, Class::Documentation),
    (v6(0xfc00_0000, 0), 7, Class::Private),
    (v6(0xfe80_0000, 0), 10, Class::LinkLocal),
    // Site-local, as it was once called.
    (v6(0xfec0_0000, 0), 10, Class::Private),
    (v6(0xff00_0000, 0), 8, Class::Multicast),
];

/// The only block of IPv6 from which public addresses are given out.
const V6_PUBLIC: (Ipv6Addr, u8) = (v6(0x2000_0000, 0), 3);

/// The address that begins with these 64 bits.
const fn v6(first: u32, second: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(((first as u128) << 96) | ((second as u128) << 64))
}

/// Says why `address` must not be connected to, unless it is public or one of `allowed`.
pub(crate) fn check(address: IpAddr, allowed: &[Range]) -> Result<(), Class> {
    let Some(class) = class(address) else {
        return Ok(());
    };
    if !allowed.iter().any(|range| range.contains(address)) {
        return Err(class);
    }
    // Whoever allows a tunnel has not allowed what lies behind it.
    match inner(address) {
        Some(inner) if class == Class::Tunnel => check(inner.into(), allowed),
        _ => Ok(()),
    }
}

/// What an address is for; none if it is public.
fn class(address: IpAddr) -> Option<Class> {
    match address {
        IpAddr::V4(Ipv4Addr::BROADCAST) => Some(Class::Multicast),
        IpAddr::V4(address) => {
            let mut table = V4.iter();
            let found = table.find(|(first, bits, _)| contains_v4(*first, *bits, address));
            found.map(|(.., class)| *class)
        }
        IpAddr::V6(address) => {
            let mut table = V6.iter();
            let found = table.find(|(first, bits, _)| contains_v6(*first, *bits, address));
            match found {
                Some((.., class)) => Some(*class),
                None if !contains_v6(V6_PUBLIC.0, V6_PUBLIC.1, address) => Some(Class::Reserved),
                None => is_isatap(address).then_some(Class::Tunnel),
            }
        }
    }
}

/// An interface named after an IPv4 address: `…:0:5efe:1.2.3.4` or `…:200:5efe:1.2.3.4` (RFC 5214).
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    (high & !0x0200, low) == (0, 0x5efe)
}

/// The IPv4 address that packets to an IPv6 one end up at, where it tells.
fn inner(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let [a, b, c, ..] = address.segments();
    let bits = match (a, b) {
        (0x2002, _) => (u32::from(b) << 16) | u32::from(c),
        // Teredo hides its client; it is allowed as a whole or not at all.
        (0x2001, 0) => return None,
        _ => (address.to_bits() & u128::from(u32::MAX)) as u32,
    };
    Some(Ipv4Addr::from_bits(bits))
}

fn contains_v4(first: Ipv4Addr, bits: u8, address: Ipv4Addr) -> bool {
    let differing = first.to_bits() ^ address.to_bits();
    differing.leading_zeros() >= u32::from(bits)
}

fn contains_v6(first: Ipv6Addr, bits: u8, address: Ipv6Addr) -> bool {
    let differing = first.to_bits() ^ address.to_bits();
    differing.leading_zeros() >= u32::from(bits)
}

impl Range {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => contains_v4(first, self.bits, address),
            (IpAddr::V6(first), IpAddr::V6(address)) => contains_v6(first, self.bits, address),
            _ => false,
        }
    }

    /// Whether no bit beyond the block's own is set.
    fn is_aligned(&self) -> bool {
        let tail = match self.first {
            IpAddr::V4(first) => first.to_bits().trailing_zeros(),
            IpAddr::V6(first) => first.to_bits().trailing_zeros(),
        };
        tail >= u32::from(Self::bits_max(self.first) - self.bits)
    }

    fn bits_max(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is not a block of addresses such as \"10.1.0.0/16\"");
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().map_err(|_| expected())?;
        let bits_max = Self::bits_max(first);
        let bits = match bits {
            None => bits_max,
            Some(bits) => bits.parse().map_err(|_| expected())?,
        };
        let range = Self { first, bits };
        if bits == 0 || bits > bits_max || !range.is_aligned() {
            return Err(expected());
        }
        Ok(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> Option<Class> {
        check(address.parse().unwrap(), &[]).err()
    }

    /// First and last address of what must be refused, and as what.
    fn assert_refused(table: &[(&str, &str, Class)]) {
        for &(first, last, class) in table {
            assert_eq!(refused(first), Some(class), "{first}");
            assert_eq!(refused(last), Some(class), "{last}");
        }
    }

    #[test]
    fn every_class_of_ipv4_is_refused_from_its_first_address_to_its_last() {
        use Class::{
            Benchmark, CarrierNat, Documentation, LinkLocal, Loopback, Multicast, Platform,
            Private, Protocol, Reserved, Tunnel, Unspecified,
        };
        assert_refused(&[
            ("0.0.0.0", "0.255.255.255", Unspecified),
            ("10.0.0.0", "10.255.255.255", Private),
            ("100.64.0.0", "100.127.255.255", CarrierNat),
            ("127.0.0.0", "127.255.255.255", Loopback),
            ("168.63.129.16", "168.63.129.16", Platform),
            ("169.254.0.0", "169.254.255.255", LinkLocal),
            ("169.254.169.254", "169.254.170.2", LinkLocal),
            ("172.16.0.0", "172.31.255.255", Private),
            ("192.0.0.0", "192.0.0.255", Protocol),
            ("192.0.2.0", "192.0.2.255", Documentation),
            ("192.88.99.0", "192.88.99.255", Tunnel),
            ("192.168.0.0", "192.168.255.255", Private),
            ("198.18.0.0", "198.19.255.255", Benchmark),
            ("198.51.100.0", "198.51.100.255", Documentation),
            ("203.0.113.0", "203.0.113.255", Documentation),
            ("224.0.0.0", "239.255.255.255", Multicast),
            ("240.0.0.0", "255.255.255.254", Reserved),
            ("255.255.255.255", "255.255.255.255", Multicast),
        ]);
    }

    #[test]
    fn every_class_of_ipv6_is_refused_from_its_first_address_to_its_last() {
        use Class::{
            Benchmark, Discard, Documentation, LinkLocal, Loopback, Multicast, Private, Protocol,
            Reserved, Tunnel, Unspecified,
        };
        assert_refused(&[
            ("::", "::", Unspecified),
            ("::1", "::1", Loopback),
            ("::2", "::255.255.255.255", Tunnel),
            ("::ffff:127.0.0.1", "::ffff:8.8.8.8", Tunnel),
            ("::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", Reserved),
            ("64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", Tunnel),
            (
                "64:ff9b:1::10.0.0.1",
                "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
                Tunnel,
            ),
            ("100::", "100::ffff:ffff:ffff:ffff", Discard),
            ("2001::1", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Tunnel),
            ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Benchmark),
            (
                "2001:10::",
                "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                Protocol,
            ),
            (
                "2001:db8::",
                "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                Documentation,
            ),
            ("2002:7f00:1::", "2002:808:808::1", Tunnel),
            ("3ffe::", "3ffe:ffff::1", Reserved),
            (
                "3fff::",
                "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
                Documentation,
            ),
            ("4000::", "fbff:ffff::1", Reserved),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
            ("fd00:ec2::254", "fd00:ec2::254", Private),
            ("fe80::1", "febf:ffff::1", LinkLocal),
            ("fec0::1", "feff:ffff::1", Private),
            (
                "ff00::",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                Multicast,
            ),
            (
                "2606:4700::5efe:10.0.0.1",
                "2606:4700::200:5efe:8.8.8.8",
                Tunnel,
            ),
        ]);
    }

    #[test]
    fn public_neighbours_of_those_blocks_are_not_refused() {
        for address in [
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2001:200::1",
            "2001:db7::1",
            "2001:db9::1",
            "2003::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001::200e",
            "3fff:1000::1",
        ] {
            assert_eq!(refused(address), None, "{address}");
        }
    }

    #[test]
    fn what_is_allowed_by_name_may_be_reached_and_nothing_beside_it() {
        let allowed = ["10.1.0.0/16", "127.0.0.1", "64:ff9b::/96", "fd00::/8"]
            .map(|text| text.parse::<Range>().unwrap());
        let check = |address: &str| super::check(address.parse().unwrap(), &allowed);
        assert_eq!(check("10.1.255.255"), Ok(()));
        assert_eq!(check("10.2.0.0"), Err(Class::Private));
        assert_eq!(check("127.0.0.1"), Ok(()));
        assert_eq!(check("127.0.0.2"), Err(Class::Loopback));
        assert_eq!(check("::ffff:127.0.0.1"), Err(Class::Tunnel));
        assert_eq!(check("fd12::1"), Ok(()));
        // A tunnel that is allowed leads to public addresses and to those that are allowed.
        assert_eq!(check("64:ff9b::8.8.8.8"), Ok(()));
        assert_eq!(check("64:ff9b::10.1.0.1"), Ok(()));
        assert_eq!(check("64:ff9b::169.254.169.254"), Err(Class::LinkLocal));
    }

    #[test]
    fn a_block_is_written_with_zeroes_behind_it() {
        for text in ["10.0.0.0/8", "127.0.0.1", "127.0.0.1/32", "::1", "fd00::/8"] {
            assert!(text.parse::<Range>().is_ok(), "{text}");
        }
        for text in [
            "",
            "10",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/-1",
            "0.0.0.0/0",
            "::/0",
            "fd00::/129",
            "fd00::1/8",
            "a.example/8",
            "10.0.0.0/8/8",
        ] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
