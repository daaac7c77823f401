//! Who may do what, and who says who somebody is.

use std::net::IpAddr;
use std::str::FromStr;

use clap::Args;
use clap::builder::PossibleValuesParser;
use http::HeaderName;
use rewind_domain::caller::{Grant, Permission};

use super::ConfigError;

/// What callers may do by default, besides reading.
const DEFAULT_ALLOWED: [Permission; 1] = [Permission::Discovery];
const USER_HEADER: HeaderName = HeaderName::from_static("x-forwarded-user");
const GROUPS_HEADER: HeaderName = HeaderName::from_static("x-forwarded-groups");

/// Who may do what, and who says who somebody is.
#[derive(Args, Clone, Debug, Default)]
pub struct AccessOptions {
    /// What callers may do besides reading, on all streams, separated by commas [default: discovery]
    ///
    /// `append`, to append to aggregates; `delete`, to delete entries and streams; `discovery`, to pause the search for streams that all
    /// share; `folds`, to save folds; `groups`, to change consumer groups, what they have pending, and their dead letters; `projections`, to
    /// rebuild, pause and reset them; `publish`, to publish events; `trim`, to trim streams; `none`. The configuration file gives permissions
    /// on some streams only, in `[[allow]]`.
    #[arg(long, value_name = "PERMISSION", env = "REWIND_ALLOW", value_delimiter = ',')]
    #[arg(value_parser = PossibleValuesParser::new(allowed_words()))]
    pub allow: Vec<String>,

    /// The address of a reverse proxy that says who somebody is, such as `10.0.0.5` or `10.0.0.0/8`; can be given several times
    ///
    /// From there `X-Forwarded-User` and `X-Forwarded-Groups` are believed. From anywhere else a request that has them is refused.
    #[arg(long, value_name = "ADDRESS", env = "REWIND_TRUSTED_PROXY", value_delimiter = ',')]
    pub trusted_proxy: Vec<Network>,

    /// The header in which the proxy names the user [default: X-Forwarded-User]
    #[arg(long, value_name = "NAME", env = "REWIND_USER_HEADER")]
    pub user_header: Option<HeaderName>,

    /// The header in which the proxy names the user's groups, separated by commas [default: X-Forwarded-Groups]
    #[arg(long, value_name = "NAME", env = "REWIND_GROUPS_HEADER")]
    pub groups_header: Option<HeaderName>,
}

/// Who may do what, and who says who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessConfig {
    /// What callers with a name, and local ones, may do besides reading.
    pub permissions: Vec<Permission>,
    /// What they may do on some streams.
    pub grants: Vec<Grant>,
    /// Where proxies are that say who somebody is.
    pub proxies: Vec<Network>,
    /// The header in which they name the user.
    pub user_header: HeaderName,
    /// The header in which they name the user's groups.
    pub groups_header: HeaderName,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            permissions: DEFAULT_ALLOWED.to_vec(),
            grants: Vec::new(),
            proxies: Vec::new(),
            user_header: USER_HEADER,
            groups_header: GROUPS_HEADER,
        }
    }
}

/// What `--allow` takes: the name of each permission, and the word for nothing.
fn allowed_words() -> Vec<&'static str> {
    Permission::ALL.iter().map(|permission| permission.name()).chain(["none"]).collect()
}

impl AccessOptions {
    /// What they say, with the defaults for what they do not. `--allow-fold-edits` adds the permission `folds` to either.
    ///
    /// # Errors
    /// If both headers are one, or `none` is given beside a permission.
    pub fn check(self, allow_fold_edits: bool) -> Result<AccessConfig, ConfigError> {
        let named = |name: &str| Permission::ALL.into_iter().find(|one| one.name() == name);
        let edits = allow_fold_edits.then_some(Permission::Folds);
        let given = self.allow.iter().filter_map(|name| named(name));
        let permissions: Vec<_> = given.chain(edits).collect();
        let is_none = self.allow.iter().any(|name| name == "none");
        if is_none && !permissions.is_empty() {
            return Err(ConfigError::NoneBesideOthers);
        }
        let default = AccessConfig::default();
        let config = AccessConfig {
            permissions: match self.allow.is_empty() {
                true => default.permissions.into_iter().chain(edits).collect(),
                false => permissions,
            },
            grants: Vec::new(),
            proxies: self.trusted_proxy,
            user_header: self.user_header.unwrap_or(default.user_header),
            groups_header: self.groups_header.unwrap_or(default.groups_header),
        };
        if config.user_header == config.groups_header {
            return Err(ConfigError::OneHeader(config.user_header));
        }
        Ok(config)
    }
}

/// Some addresses: one, or all that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give an address such as `10.0.0.5` or `fd00::5`, or a network such as `10.0.0.0/8`")]
pub struct NoNetwork;

impl Network {
    /// Whether an address is in it.
    pub fn has(&self, address: IpAddr) -> bool {
        let (network, network_bits) = bits_of(self.address);
        let (address, address_bits) = bits_of(address);
        if network_bits != address_bits {
            return false;
        }
        let rest = u32::from(network_bits - self.bits);
        // Shifting all bits out is not defined.
        network.checked_shr(rest).unwrap_or(0) == address.checked_shr(rest).unwrap_or(0)
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let (_, all) = bits_of(address);
        let bits = match bits {
            // Without the sign that Rust allows.
            Some(bits) if bits.starts_with('+') => return Err(NoNetwork),
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= all).ok_or(NoNetwork)?,
            None => all,
        };
        Ok(Self { address, bits })
    }
}

/// An address as a number, and how many bits it has. IPv4 addresses that are written as IPv6 ones are what they are.
fn bits_of(address: IpAddr) -> (u128, u8) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, inside, outside) in [
            ("10.0.0.5", "10.0.0.5", "10.0.0.6"),
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("fd00::/8", "fd12::1", "fe00::1"),
            ("::/0", "fe80::1", "10.0.0.1"),
            ("127.0.0.1", "::ffff:127.0.0.1", "127.0.0.2"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.has(inside.parse().unwrap()), "{network:?} {inside}");
            assert!(!network.has(outside.parse().unwrap()), "{network:?} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "proxy.example",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0/8",
            "fd00::/129",
            "/8",
            "10.0.0.0/+8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }

    #[test]
    fn what_is_allowed_replaces_the_default() {
        let allowed = |names: &[&str]| {
            let allow = names.iter().map(|name| (*name).to_owned()).collect();
            AccessOptions { allow, ..AccessOptions::default() }.check(false)
        };
        assert_eq!(allowed(&[]).unwrap().permissions, [Permission::Discovery]);
        assert_eq!(allowed(&["folds"]).unwrap().permissions, [Permission::Folds]);
        assert_eq!(allowed(&["none"]).unwrap().permissions, []);
        assert!(allowed(&["none", "folds"]).is_err());
        let same = AccessOptions { user_header: Some(GROUPS_HEADER), ..AccessOptions::default() };
        assert!(same.check(false).is_err());
        let none = AccessOptions { allow: vec!["none".to_owned()], ..AccessOptions::default() };
        assert!(none.check(true).is_err());
        let edits = AccessOptions::default().check(true).unwrap();
        assert_eq!(edits.permissions, [Permission::Discovery, Permission::Folds]);
    }
}
