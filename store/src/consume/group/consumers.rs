//! Removing a consumer. Redis forgets what a consumer had pending when it is deleted, so that is given to another one, or acknowledged,
//! before.

use redis::Value;

use super::super::replies;
use super::{AT_ONCE, Group};
use crate::write::Script;
use crate::{StoreError, WriteError};

/// Moves or acknowledges a bounded number of entries that a consumer has pending.
static CLEAR: Script = Script::new(include_str!("clear_consumer.lua"));
/// Deletes a consumer that has nothing pending.
static DELETE: Script = Script::new(include_str!("delete_consumer.lua"));

/// What becomes of the entries that a consumer has pending when it is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingOf {
    /// This consumer gets them, with their idle times and counts of deliveries.
    ClaimedBy(Vec<u8>),
    /// They are acknowledged: nobody handles them any more.
    Acknowledged,
}

/// What removing a consumer came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsumerRemoved {
    /// How many pending entries were claimed or acknowledged.
    pub settled: u64,
    /// How many pending entries no longer exist, and could only be acknowledged.
    pub gone: u64,
}

impl Group {
    /// Removes a consumer, after what it has pending was claimed or acknowledged. A consumer that keeps reading is not removed as long
    /// as it has entries pending; in no case are pending entries forgotten.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, what else Redis refuses; [`WriteError::Unknown`] if a reply was lost. Some
    /// entries may have been settled then; repeating it goes on.
    pub async fn delete_consumer(
        &self,
        consumer: &[u8],
        pending: &PendingOf,
    ) -> Result<ConsumerRemoved, WriteError> {
        let heir = match pending {
            PendingOf::ClaimedBy(heir) if heir == consumer => {
                let message = "a consumer that is removed cannot be the one that gets its entries";
                return Err(StoreError::Server { message: message.to_owned() }.into());
            }
            PendingOf::ClaimedBy(heir) => Some(heir.as_slice()),
            PendingOf::Acknowledged => None,
        };
        let keys = [self.stream.as_bytes()];
        let mut removed = ConsumerRemoved::default();
        loop {
            let mut arguments =
                vec![self.name.clone(), consumer.to_vec(), AT_ONCE.to_string().into()];
            arguments.extend(heir.map(<[u8]>::to_vec));
            match CLEAR.run(&self.store, &keys, arguments).await? {
                Value::Array(counts) => {
                    let [settled, gone] = &counts[..] else {
                        return Err(StoreError::unexpected("counts of another shape").into());
                    };
                    removed.settled += replies::count(settled)?;
                    removed.gone += replies::count(gone)?;
                    if replies::count(settled)? + replies::count(gone)? > 0 {
                        continue;
                    }
                }
                _ => return Err(StoreError::unexpected("counts of another shape").into()),
            }
            let arguments = [&self.name[..], consumer];
            if replies::count(&DELETE.run(&self.store, &keys, arguments).await?)? == 0 {
                return Ok(removed);
            }
            // It got entries in between.
        }
    }
}
