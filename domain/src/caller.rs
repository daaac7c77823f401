//! Callers: who asks, and what they may do.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::StreamKey;
use crate::glob::Glob;

/// Who asks, and what they may do. Every question that the server answers has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Caller {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// What they may do besides reading, in alphabetical order, on all streams.
    pub permissions: Vec<Permission>,
    /// What they may do on some streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// From where they ask; of those whom a proxy knows, where that proxy is. The server's audit log has it.
    #[serde(skip)]
    pub address: Option<IpAddr>,
}

/// A rule that gives permissions on some streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// On streams with keys of these patterns, in which `*` stands for anything and `?` for one byte.
    pub streams: Vec<Glob>,
    /// Which permissions.
    pub can: Vec<Permission>,
}

impl Grant {
    /// Whether it gives a permission on a stream.
    pub fn gives(&self, permission: Permission, stream: &StreamKey) -> bool {
        self.can.contains(&permission)
            && self.streams.iter().any(|pattern| pattern.matches(stream.as_bytes()))
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Identity {
    /// Whoever reaches the server itself.
    Local,
    /// Somebody whom a proxy in front of the server knows.
    User {
        /// Their name.
        name: String,
        /// The groups that they belong to.
        groups: Vec<String>,
    },
    /// Somebody whom the proxy does not name.
    Anonymous,
}

/// Something that one may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// To append events to aggregates.
    Append,
    /// To delete entries and streams.
    Delete,
    /// To pause the search for streams, which all share, and to begin it again.
    Discovery,
    /// To save folds.
    Folds,
    /// To change consumer groups, what they have pending, and their dead letters.
    Groups,
    /// To rebuild, pause, resume and reset projections.
    Projections,
    /// To publish events.
    Publish,
    /// To trim streams.
    Trim,
}

impl Permission {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 8] = [
        Self::Append,
        Self::Delete,
        Self::Discovery,
        Self::Folds,
        Self::Groups,
        Self::Projections,
        Self::Publish,
        Self::Trim,
    ];

    /// Its name in the configuration and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Delete => "delete",
            Self::Discovery => "discovery",
            Self::Folds => "folds",
            Self::Groups => "groups",
            Self::Projections => "projections",
            Self::Publish => "publish",
            Self::Trim => "trim",
        }
    }

    /// Whether it can be given on some streams only.
    pub const fn is_of_streams(self) -> bool {
        !matches!(self, Self::Discovery | Self::Folds | Self::Projections)
    }
}

impl Caller {
    /// Whoever reaches the server itself, with these permissions.
    pub fn local(permissions: Vec<Permission>) -> Self {
        Self::new(Identity::Local, permissions)
    }

    /// Somebody with these permissions. Nobody without a name has any.
    pub fn new(identity: Identity, mut permissions: Vec<Permission>) -> Self {
        if identity == Identity::Anonymous {
            permissions.clear();
        }
        permissions.sort_unstable();
        permissions.dedup();
        Self { identity, permissions, grants: Vec::new(), address: None }
    }

    /// The same, with what these rules give. Nobody without a name has any.
    #[must_use]
    pub fn with_grants(mut self, grants: Vec<Grant>) -> Self {
        if self.identity != Identity::Anonymous {
            self.grants = grants;
        }
        self
    }

    /// The same, who asks from this address.
    #[must_use]
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// What stands in the way of their doing this, and what would help; `None` if nothing does.
    pub fn obstacle(&self, permission: Permission) -> Option<String> {
        let name = permission.name();
        match self.identity {
            _ if self.may(permission) => None,
            Identity::Anonymous => Some(format!(
                "this needs the permission `{name}`, which only callers have whom the proxy names; log in there"
            )),
            _ => Some(format!(
                "this needs the permission `{name}`, which you do not have; the server gives it with `--allow {name}`"
            )),
        }
    }

    /// What stands in the way of their doing this to a stream, and which rule would allow it; `None` if nothing does.
    pub fn obstacle_on(&self, permission: Permission, stream: &StreamKey) -> Option<String> {
        let name = permission.name();
        match self.identity {
            _ if self.may_on(permission, stream) => None,
            Identity::Anonymous => self.obstacle(permission),
            _ => Some(format!(
                "this needs the permission `{name}` on `{stream}`, which you do not have; the server gives it with `--allow {name}`, or in \
                 its configuration with `[[allow]] streams = [\"{stream}\"] can = [\"{name}\"]`"
            )),
        }
    }

    /// Whether they may do this, everywhere.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Whether they may do this to a stream.
    pub fn may_on(&self, permission: Permission, stream: &StreamKey) -> bool {
        self.may(permission) || self.grants.iter().any(|grant| grant.gives(permission, stream))
    }

    /// What they are called; `None` for those without a name.
    pub fn name(&self) -> Option<&str> {
        match &self.identity {
            Identity::User { name, .. } => Some(name),
            Identity::Local | Identity::Anonymous => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_without_a_name_may_do_anything_but_read() {
        let all = Permission::ALL.to_vec();
        let anonymous = Caller::new(Identity::Anonymous, all.clone());
        assert!(Permission::ALL.iter().all(|permission| !anonymous.may(*permission)));
        assert!(anonymous.obstacle(Permission::Folds).unwrap().contains("the proxy"));
        let reader = Caller::local(Vec::new());
        assert!(reader.obstacle(Permission::Folds).unwrap().contains("`--allow folds`"));
        let named = Identity::User { name: "ada".into(), groups: Vec::new() };
        for caller in [Caller::new(named, all.clone()), Caller::local(all)] {
            assert!(Permission::ALL.iter().all(|permission| caller.may(*permission)));
        }
    }
    #[test]
    fn a_rule_gives_a_permission_on_its_streams_alone() {
        let grant = Grant { streams: vec![Glob::new("events:*")], can: vec![Permission::Trim] };
        let caller = Caller::local(Vec::new()).with_grants(vec![grant.clone()]);
        assert!(caller.may_on(Permission::Trim, &"events:orders".into()));
        assert!(!caller.may_on(Permission::Trim, &"aggregate:Order:1".into()));
        assert!(!caller.may_on(Permission::Delete, &"events:orders".into()));
        assert!(!caller.may(Permission::Trim));
        let why = caller.obstacle_on(Permission::Trim, &"aggregate:Order:1".into()).unwrap();
        assert!(why.contains("streams = [\"aggregate:Order:1\"] can = [\"trim\"]"), "{why}");
        let anonymous = Caller::new(Identity::Anonymous, Vec::new()).with_grants(vec![grant]);
        assert!(!anonymous.may_on(Permission::Trim, &"events:orders".into()));
    }
}
