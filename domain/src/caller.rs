//! Callers: who asks, and what they may do.

use serde::{Deserialize, Serialize};

/// Who asks, and what they may do. Every question that the server answers has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Who it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// What they may do besides reading, in alphabetical order.
    pub permissions: Vec<Permission>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// To pause the search for streams, which all share, and to begin it again.
    Discovery,
    /// To save folds.
    Folds,
}

impl Permission {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 2] = [Self::Discovery, Self::Folds];

    /// Its name in the configuration and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Folds => "folds",
        }
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
        Self { identity, permissions }
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

    /// Whether they may do this.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
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
}
