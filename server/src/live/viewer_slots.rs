//! ViewerSlots: how many viewers there may be, from each address and in all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::LiveError;

/// How many viewers there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveLimits {
    /// In all.
    pub max_viewers: usize,
    /// From one address.
    pub max_viewers_per_address: usize,
}

impl Default for LiveLimits {
    /// A viewer who reads nothing holds on to at most half a megabyte until it is noticed, so twice a thousand fit beside the
    /// rest of the server. Behind a reverse proxy everybody has the same address, hence as much as half of them for one.
    fn default() -> Self {
        Self { max_viewers: 2_000, max_viewers_per_address: 1_000 }
    }
}

/// All seats.
pub(super) struct ViewerSlots {
    limits: LiveLimits,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    in_all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The seat of one viewer, free again when this is dropped.
pub struct ViewerSlot {
    seats: Arc<ViewerSlots>,
    address: IpAddr,
}

impl ViewerSlots {
    pub(super) fn new(limits: LiveLimits) -> Self {
        Self { limits, taken: Mutex::default() }
    }

    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<ViewerSlot, LiveError> {
        let LiveLimits { max_viewers, max_viewers_per_address } = self.limits;
        let mut taken = self.taken();
        if taken.in_all >= max_viewers {
            return Err(LiveError::Viewers { limit: max_viewers });
        }
        let of_address = taken.by_address.get(&address).copied().unwrap_or_default();
        if of_address >= max_viewers_per_address {
            return Err(LiveError::ViewersOfAddress { limit: max_viewers_per_address });
        }
        taken.in_all += 1;
        taken.by_address.insert(address, of_address + 1);
        Ok(ViewerSlot { seats: Arc::clone(self), address })
    }

    pub(super) fn taken_in_all(&self) -> usize {
        self.taken().in_all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing panics while it is locked.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ViewerSlot {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.in_all -= 1;
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_limited_by_address_and_in_all_and_free_again_when_left() {
        let limits = LiveLimits { max_viewers: 3, max_viewers_per_address: 2 };
        let seats = Arc::new(ViewerSlots::new(limits));
        let [a, b] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let (first, _second) = (seats.take(a).unwrap(), seats.take(a).unwrap());
        assert_eq!(seats.take(a).err(), Some(LiveError::ViewersOfAddress { limit: 2 }));
        let _third = seats.take(b).unwrap();
        assert_eq!(seats.take(b).err(), Some(LiveError::Viewers { limit: 3 }));
        drop(first);
        assert!(seats.take(a).is_ok());
    }
}
