//! Whether the server is a node of a cluster. Rewind reads the node that it was given, and says so.

use super::{ServerInfo, Store, StoreError};

/// A cluster that the server is a node of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// How many nodes it has; `None` where Redis does not tell this user.
    pub nodes: Option<u64>,
}

impl Cluster {
    /// Whether no key can be on another node.
    pub fn is_whole(&self) -> bool {
        self.nodes == Some(1)
    }

    /// What is said of it, given the address of the node that is read.
    pub fn explanation(&self, address: &str) -> String {
        match self.nodes {
            Some(1) => format!("Redis at `{address}` is a cluster of one node"),
            Some(nodes) => format!(
                "Redis is a cluster of {nodes} nodes, and only the keys of the node at `{address}` are shown: Rewind does not support clusters yet"
            ),
            None => format!(
                "Redis is a cluster, and only the keys of the node at `{address}` are shown: Rewind does not support clusters yet"
            ),
        }
    }
}

impl Store {
    /// The cluster that the server is a node of; `None` where it is none, or where Redis does not tell.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn cluster(&self) -> Result<Option<Cluster>, StoreError> {
        let info = match self.server_info_about("cluster").await {
            Ok(info) => info,
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => return Ok(None),
        };
        if info.number("cluster_enabled") != Some(1) {
            return Ok(None);
        }
        let mut pipeline = redis::pipe();
        pipeline.cmd("CLUSTER").arg("INFO");
        let nodes = match self.single_on(self.shared.nodes.seed(), &pipeline).await {
            Ok(reply) => {
                let text = super::reply::text(&reply).unwrap_or_default();
                ServerInfo::parse(&text).number("cluster_known_nodes")
            }
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => None,
        };
        Ok(Some(Cluster { nodes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cluster_of_one_node_is_whole() {
        let cluster = |nodes| Cluster { nodes };
        assert!(cluster(Some(1)).is_whole());
        assert!(!cluster(Some(3)).is_whole() && !cluster(None).is_whole());
        assert!(cluster(Some(3)).explanation("x").contains("3 nodes"));
    }
}
