//! What a `Host` header names, read strictly: what is not exactly a host and a port is nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host, and a port where one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) host: Host,
    pub(super) port: Option<u16>,
}

/// A host by its address or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Address(IpAddr),
    /// In lower case, without the dot that may end it.
    Name(String),
}

/// The longest name that the domain name system has, in bytes.
const MAX_NAME_BYTES: usize = 253;

impl Authority {
    /// Reads `localhost:7117`, `[::1]`, `rewind.example.`; `None` if it is anything else, such as one with a user, a zone, a
    /// path, or something between a bracket and the port.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
                (Host::Address(address.into()), port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (Host::read(host)?, Some(port)),
                None => (Host::read(text)?, None),
            },
        };
        Some(Self { host, port: port.map(read_port).transpose().ok()? })
    }
}

impl Host {
    /// Reads a name or an IPv4 address.
    fn read(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.bytes().all(is_plain)
        };
        let is_name = name.len() <= MAX_NAME_BYTES && name.split('.').all(is_label);
        is_name.then(|| Self::Name(name.to_ascii_lowercase()))
    }

    /// Whether it can only be this machine.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            // The name and all below it are this machine by RFC 6761.
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// Reads digits alone: a sign is none.
fn read_port(text: &str) -> Result<u16, ()> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().map_err(drop),
        false => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_host_is_read_with_its_port() {
        for (text, host, port) in [
            ("localhost", "localhost", None),
            ("LocalHost.:80", "localhost", Some(80)),
            ("127.0.0.1:7117", "127.0.0.1", Some(7117)),
            ("[::1]", "::1", None),
            ("[::1]:7117", "::1", Some(7117)),
            ("[0:0:0:0:0:0:0:1]:1", "::1", Some(1)),
            ("my_host.example", "my_host.example", None),
        ] {
            let read = Authority::read(text).unwrap();
            assert_eq!((read.host.to_string().as_str(), read.port), (host, port), "{text}");
        }
    }

    #[test]
    fn what_is_not_exactly_that_is_nothing() {
        for text in [
            "",
            ".",
            "localhost..",
            "a..b",
            ":80",
            "localhost:",
            "localhost:+80",
            "localhost:99999",
            "localhost:80:80",
            "localhost:80@evil.example",
            "user@localhost",
            "localhost/path",
            "localhost?x",
            "localhost#x",
            "localhost evil",
            " localhost",
            "localhost,evil.example",
            "localhost\\evil.example",
            "local%68ost",
            "lоcalhost",
            "[::1].evil.example",
            "[::1]evil.example",
            "[::1]80",
            "[::1]:",
            "[::1",
            "::1",
            "[::1%lo]",
            "[localhost]",
            "[127.0.0.1]",
            "[[::1]]",
        ] {
            assert_eq!(Authority::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_that_only_some_read_as_loopback_are_names() {
        for text in ["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "127.0.0.1."] {
            let read = Authority::read(text).unwrap();
            assert!(!read.host.is_loopback(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_follows_a_loopback_host_makes_it_another(rest in "[^:]{1,20}") {
            for host in ["[::1]", "127.0.0.1", "localhost"] {
                let read = Authority::read(&format!("{host}{rest}"));
                let is_trusted = read.is_some_and(|read| read.host.is_loopback());
                prop_assert!(!is_trusted || (host, rest.as_str()) == ("localhost", ".")
                    || host == "127.0.0.1" && rest.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
