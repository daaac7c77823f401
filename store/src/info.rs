//! What the server says about itself.

use std::collections::HashMap;

use super::topology::Node;
use super::{Store, StoreError, reply};

/// The figures of `INFO`, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerInfo {
    figures: HashMap<String, String>,
}

impl Store {
    /// Asks the server for its figures.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn server_info(&self) -> Result<ServerInfo, StoreError> {
        self.server_info_about("default").await
    }

    /// The same, of one section.
    pub(super) async fn server_info_about(&self, section: &str) -> Result<ServerInfo, StoreError> {
        self.info_of_node(self.shared.nodes.seed(), section).await
    }

    pub(super) async fn info_of_node(
        &self,
        node: &Node,
        section: &str,
    ) -> Result<ServerInfo, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("INFO").arg(section);
        let reply = self.single_on(node, &pipeline).await.inspect_err(|error| {
            self.shared.refusals.note(error, "INFO");
        })?;
        let text = reply::text(&reply).ok_or(StoreError::unexpected("figures that are no text"))?;
        Ok(ServerInfo::parse(&text))
    }

    /// What the server calls itself, such as `Redis 7.0.15` or `Valkey 8.1.1`.
    ///
    /// # Errors
    /// If it cannot be reached or does not tell.
    pub async fn server_version(&self) -> Result<Option<String>, StoreError> {
        Ok(self.server_info_about("server").await?.version())
    }
}

impl ServerInfo {
    /// Reads the text of an `INFO`.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.trim().split_once(':'));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self { figures: pairs.map(owned).collect() }
    }

    /// A figure; `None` if it is not told.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.figures.get(name).map(String::as_str)
    }

    /// A figure that is a whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// What the server calls itself.
    pub fn version(&self) -> Option<String> {
        match (self.text("valkey_version"), self.text("redis_version")) {
            (Some(version), _) => Some(format!("Valkey {version}")),
            (None, Some(version)) => Some(format!("Redis {version}")),
            (None, None) => None,
        }
    }

    /// How many keys a database has, and how many of them will expire. Redis does not list those without keys.
    pub fn keys(&self, database: i64) -> (u64, u64) {
        let told = self.text(&format!("db{database}")).unwrap_or_default();
        let figure = |name: &str| {
            let parts = told.split(',').filter_map(|part| part.split_once('='));
            parts.filter(|(n, _)| *n == name).find_map(|(_, n)| n.parse::<u64>().ok()).unwrap_or(0)
        };
        (figure("keys"), figure("expires"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_names_itself() {
        let version = |text: &str| ServerInfo::parse(text).version();
        assert_eq!(
            version("# Server\r\nredis_version:7.0.15\r\n").as_deref(),
            Some("Redis 7.0.15")
        );
        let valkey = "redis_version:7.2.4\r\nvalkey_version:8.1.1\r\n";
        assert_eq!(version(valkey).as_deref(), Some("Valkey 8.1.1"));
        assert_eq!(version("nothing"), None);
    }

    #[test]
    fn keys_are_those_of_one_database() {
        let info = ServerInfo::parse("db0:keys=10,expires=2,avg_ttl=0\r\ndb5:keys=1,expires=0\r\n");
        assert_eq!((info.keys(0), info.keys(5), info.keys(3)), ((10, 2), (1, 0), (0, 0)));
    }
}
