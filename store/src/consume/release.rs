//! Giving back what a consumer has pending, so that others get it at once.

use rewind_domain::EntryId;

use super::group::AT_ONCE;
use super::{Consumer, PendingEntry};
use crate::write::Script;
use crate::{StoreError, WriteError};

static RELEASE: Script = Script::new(include_str!("release.lua"));

/// How long ago a released entry seems to have been delivered, in milliseconds: a day, which is longer than what any consumer waits before
/// it claims.
pub(super) const RELEASED_IDLE_MS: u64 = 24 * 60 * 60 * 1_000;

/// How a consumer gives entries back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReleaseBy {
    /// They stay in the consumer's name and look as if they had been delivered a day ago, so every consumer that claims idle entries gets
    /// them at once.
    #[default]
    Idle,
    /// By `XNACK` where the server has it (Redis 8.8 and newer), else as [`ReleaseBy::Idle`]. They have no consumer and no idle time
    /// then; [`Consumer::claim_idle`] and `XAUTOCLAIM` get them at once, but consumers that first look for idle times in `XPENDING`, as the
    /// reference's `claim_pending` does, never do.
    Nack,
}

/// Entries that are given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Released {
    /// Nobody tried to handle them: the delivery does not count.
    Untried,
    /// They were tried.
    Tried,
}

impl Consumer {
    /// Gives back everything that is pending for this consumer, so that others can claim it at once; its delivery to this consumer does
    /// not count. Returns how many entries that were. What this consumer handed out is no longer its own then.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, and whatever Redis refuses; repeating it is harmless.
    pub async fn release(&mut self) -> Result<u64, StoreError> {
        self.release_all(&[]).await
    }

    /// The same, with the entries whose handling began.
    pub(super) async fn release_all(&mut self, tried: &[EntryId]) -> Result<u64, StoreError> {
        // A read that still blocks must not be given more.
        self.reads = None;
        let (mut after, mut released) = (EntryId::MIN, 0);
        loop {
            let page = self.group.pending_page(after, AT_ONCE, Some(&self.name)).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            released += page.len() as u64;
            let is_end = page.len() < AT_ONCE;
            let (tried, untried): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|entry| tried.contains(&entry.id));
            self.release_some(&tried, Released::Tried).await?;
            self.release_some(&untried, Released::Untried).await?;
            if is_end {
                break;
            }
        }
        self.held.ids().clear();
        Ok(released)
    }

    async fn release_some(
        &self,
        entries: &[PendingEntry],
        how: Released,
    ) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        if self.release_by == ReleaseBy::Idle {
            return self.make_claimable(entries, how).await;
        }
        let mut command = redis::cmd("XNACK");
        command.arg(self.group.stream.as_bytes()).arg(&self.group.name);
        command.arg(match how {
            Released::Untried => "SILENT",
            Released::Tried => "FAIL",
        });
        command.arg("IDS").arg(entries.len());
        for entry in entries {
            command.arg(entry.id.to_string());
        }
        match self.group.writes().send(&command).await.map_err(WriteError::into_cause) {
            Err(StoreError::CommandRefused { .. }) => self.make_claimable(entries, how).await,
            reply => reply.map(|_| ()),
        }
    }

    /// Makes entries look as if they had been delivered long ago, unless another consumer has them by now.
    async fn make_claimable(
        &self,
        entries: &[PendingEntry],
        how: Released,
    ) -> Result<(), StoreError> {
        let mut arguments =
            vec![self.group.name.clone(), self.name.clone(), RELEASED_IDLE_MS.to_string().into()];
        for entry in entries {
            arguments.push(entry.id.to_string().into_bytes());
            arguments.push(how.deliveries(entry).to_string().into_bytes());
        }
        let keys = [self.group.stream.as_bytes()];
        match RELEASE.run(&self.group.store, &keys, arguments).await {
            Err(WriteError::NotDone(StoreError::CommandRefused { command, .. }))
                if command.to_ascii_uppercase().starts_with("EVAL") =>
            {
                self.make_claimable_in_steps(entries, how).await
            }
            reply => reply.map(drop).map_err(WriteError::into_cause),
        }
    }

    /// What does the same where the server runs no scripts. An entry that another consumer claimed just now is handled twice then.
    async fn make_claimable_in_steps(
        &self,
        entries: &[PendingEntry],
        how: Released,
    ) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        for entry in entries {
            pipeline.cmd("XCLAIM").arg(self.group.stream.as_bytes()).arg(&self.group.name);
            pipeline.arg(&self.name).arg(0).arg(entry.id.to_string());
            pipeline.arg("IDLE").arg(RELEASED_IDLE_MS).arg("RETRYCOUNT").arg(how.deliveries(entry));
            pipeline.arg("JUSTID");
        }
        let replies = self.group.writes().send_all(&pipeline).await;
        replies.map_err(WriteError::into_cause)?.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(())
    }
}

impl Released {
    /// How many deliveries of an entry count.
    fn deliveries(self, entry: &PendingEntry) -> u64 {
        match self {
            Self::Untried => entry.deliveries.saturating_sub(1),
            Self::Tried => entry.deliveries,
        }
    }
}
