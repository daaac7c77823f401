//! What the server tells of itself.

use std::collections::HashMap;

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
        let mut pipeline = redis::pipe();
        pipeline.cmd("INFO");
        let reply = self.single(&pipeline).await?;
        let text = reply::text(&reply).ok_or(StoreError::unexpected("figures that are no text"))?;
        Ok(ServerInfo::parse(&text))
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

    /// A figure; nothing where it is not told.
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

    /// How many keys all databases have, and how many of them will expire.
    pub fn keys(&self) -> (u64, u64) {
        let databases = self.figures.iter().filter(|(name, _)| {
            name.strip_prefix("db").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
        });
        let figure = |value: &str, name: &str| {
            let parts = value.split(',').filter_map(|part| part.split_once('='));
            parts.filter(|(n, _)| *n == name).find_map(|(_, n)| n.parse::<u64>().ok()).unwrap_or(0)
        };
        databases.fold((0, 0), |(keys, expiring), (_, value)| {
            (keys + figure(value, "keys"), expiring + figure(value, "expires"))
        })
    }
}
