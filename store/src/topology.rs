//! Which servers hold the keys, and which of them holds which key.
//!
//! One server is the only kind so far. The rest of the crate is written for several nodes: a key is routed, many keys are split by
//! node, a walk through the keyspace goes from node to node, each node has its own clock, and a transaction or a script is about
//! keys that are on one node.

use super::StoreUrl;
use super::connection::SharedConnection;
use super::reader::ReaderPool;

/// Where the nodes are.
#[derive(Clone, Debug)]
pub(crate) enum Topology {
    /// One server has all keys.
    Single(StoreUrl),
}

/// Something that there is once for each node, such as a connection.
#[derive(Debug)]
pub(crate) struct PerNode<T> {
    topology: Topology,
    all: Vec<T>,
}

/// The connections to a node that all share.
pub(crate) struct Node {
    /// Where it is.
    pub(crate) url: StoreUrl,
    /// For commands that Redis answers at once.
    pub(crate) quick: SharedConnection,
    /// For what reads many entries.
    pub(crate) readers: ReaderPool,
}

impl Topology {
    /// The address that the user gave, which is shown for all nodes together.
    pub(crate) fn seed(&self) -> &StoreUrl {
        match self {
            Self::Single(url) => url,
        }
    }

    /// Which node has a key, as an index.
    fn node_of(&self, _key: &[u8]) -> usize {
        match self {
            Self::Single(_) => 0,
        }
    }

    /// Where each node is.
    pub(crate) fn urls(&self) -> &[StoreUrl] {
        match self {
            Self::Single(url) => std::slice::from_ref(url),
        }
    }

    /// Makes one for each node.
    pub(crate) fn per_node<T>(&self, make: impl FnMut(&StoreUrl) -> T) -> PerNode<T> {
        PerNode { topology: self.clone(), all: self.urls().iter().map(make).collect() }
    }
}

impl<T> PerNode<T> {
    /// Those that were made for [`Topology::urls`], in that order.
    pub(crate) fn of(topology: Topology, all: Vec<T>) -> Self {
        debug_assert_eq!(all.len(), topology.urls().len());
        Self { topology, all }
    }

    /// The one of the node that has a key.
    pub(crate) fn route(&self, key: &[u8]) -> &T {
        &self.all[self.topology.node_of(key)]
    }

    /// All of them; a [`ScanCursor`](rewind_domain::ScanCursor) counts them in this order.
    pub(crate) fn all(&self) -> &[T] {
        &self.all
    }

    /// All of them.
    pub(crate) fn all_mut(&mut self) -> &mut [T] {
        &mut self.all
    }

    /// The one of the node that is asked about what concerns no key.
    pub(crate) fn seed(&self) -> &T {
        &self.all[0]
    }

    /// Where the nodes are.
    pub(crate) fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The address that the user gave.
    pub(crate) fn address(&self) -> &StoreUrl {
        self.topology.seed()
    }

    /// The indices of the keys on each node, in the order of [`Self::all`]; a node that has none of them has an empty list.
    pub(crate) fn split<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) -> Vec<Vec<usize>> {
        let mut split = vec![Vec::new(); self.all.len()];
        for (index, key) in keys.into_iter().enumerate() {
            split[self.topology.node_of(key)].push(index);
        }
        split
    }

    /// How many keys from the first on are on one node.
    pub(crate) fn together<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) -> usize {
        let mut nodes = keys.into_iter().map(|key| self.topology.node_of(key));
        match nodes.next() {
            None => 0,
            Some(first) => 1 + nodes.take_while(|node| *node == first).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_has_all_keys() {
        let topology = Topology::Single("redis://localhost".parse().unwrap());
        let nodes = topology.per_node(ToString::to_string);
        assert_eq!(nodes.all().len(), 1);
        assert_eq!(nodes.route(b"a"), nodes.route(b"{b}:c"));
        let keys = || [&b"a"[..], b"b", b"c"];
        assert_eq!(nodes.split(keys()), [[0, 1, 2]]);
        assert_eq!((nodes.together(keys()), nodes.together([])), (3, 0));
    }
}
