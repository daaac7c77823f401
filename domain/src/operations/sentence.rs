//! What operations do, in words.

use super::{Operation, PendingChoice, TrimTo};
use crate::numbers::counted;

impl Operation {
    /// What it does to this many things, in one sentence.
    pub fn sentence(&self, count: u64) -> String {
        let entries = counted(count, "entry", "entries");
        let letters = counted(count, "dead letter", "dead letters");
        match self {
            Self::Publish { stream, max_len, .. } => {
                let events = counted(count, "event", "events");
                let kept = max_len.map_or_else(String::new, |length| {
                    format!(", and keeps about the newest {}", counted(length, "entry", "entries"))
                });
                format!("Publishes {events} to `{stream}`{kept}.")
            }
            Self::Append { stream, expected, .. } => {
                let events = counted(count, "event", "events");
                match expected {
                    0 => format!("Begins `{stream}` with {events}."),
                    version => format!("Appends {events} to `{stream}`, behind version {version}."),
                }
            }
            Self::CreateGroup { stream, group, from } => {
                format!(
                    "Makes the group `{group}` of `{stream}`, beginning at {from}: it will get {entries}."
                )
            }
            Self::ResetGroup { stream, group, to } => {
                format!(
                    "Sets the group `{group}` of `{stream}` to {to}: {entries} will be given to it from there."
                )
            }
            Self::DeleteGroup { stream, group } => {
                format!(
                    "Deletes the group `{group}` of `{stream}` with {entries} that it has pending."
                )
            }
            Self::CreateConsumer { stream, group, consumer } => {
                format!("Makes the consumer `{consumer}` of the group `{group}` of `{stream}`.")
            }
            Self::DeleteConsumer { group, consumer, heir: Some(heir), .. } => format!(
                "Removes the consumer `{consumer}` of the group `{group}`, and gives {entries} that it has pending to `{heir}`."
            ),
            Self::DeleteConsumer { group, consumer, heir: None, .. } => format!(
                "Removes the consumer `{consumer}` of the group `{group}`, and acknowledges {entries} that it has pending: nobody will handle them."
            ),
            Self::Ack { group, entries: choice, .. } => format!(
                "Acknowledges {entries}{} for the group `{group}`: nobody will handle them.",
                chosen(choice)
            ),
            Self::Claim { group, entries: choice, to, .. } => {
                format!(
                    "Gives {entries}{} of the group `{group}` to the consumer `{to}`.",
                    chosen(choice)
                )
            }
            Self::Bury { group, entries: choice, .. } => format!(
                "Moves {entries}{} to the dead letters of the group `{group}`.",
                chosen(choice)
            ),
            Self::Replay { stream, group, to_group: true, .. } => {
                format!("Gives {letters} to the group `{group}` of `{stream}` again.")
            }
            Self::Replay { stream, group, .. } => format!(
                "Publishes {letters} of the group `{group}` to `{stream}` again, as new events that everybody gets."
            ),
            Self::Drop { stream, group, .. } => {
                format!("Deletes {letters} of the group `{group}` of `{stream}` for good.")
            }
            Self::DeleteEntries { stream, .. } => {
                format!(
                    "Deletes {entries} of `{stream}` for good: versions behind them are no longer exact."
                )
            }
            Self::Trim { stream, by, .. } => {
                let which = match by {
                    TrimTo::Length(length) => {
                        format!("all but the newest {}", counted(*length, "entry", "entries"))
                    }
                    TrimTo::OlderThanMs(_) => "what is older than asked for".to_owned(),
                    TrimTo::Before(id) => format!("what is before `{id}`"),
                    TrimTo::Acknowledged => "what every group has acknowledged".to_owned(),
                };
                format!("Removes the oldest {entries} of `{stream}` for good: {which}.")
            }
            Self::DeleteStream { stream } => {
                format!(
                    "Deletes the stream `{stream}` with {entries} and all of its groups, for good."
                )
            }
            Self::ResetProjection { projection } => format!(
                "Removes {} of the projection `{projection}`: it begins again with the first event.",
                counted(count, "key", "keys")
            ),
            Self::RebuildProjection { projection } => format!(
                "Builds the projection `{projection}` again beside its present state, from {}.",
                counted(count, "event", "events")
            ),
            Self::PauseProjection { projection } => {
                format!("Pauses the projection `{projection}`: nobody runs it until it is resumed.")
            }
            Self::ResumeProjection { projection } => {
                format!("Has the projection `{projection}` go on from where it is.")
            }
            Self::SkipEvent { projection, stream, id } => format!(
                "Has the projection `{projection}` go on behind the event `{id}` of `{stream}`, which will not be in its state."
            ),
        }
    }
}

fn chosen(choice: &PendingChoice) -> String {
    match choice {
        PendingChoice::Ids(_) => String::new(),
        PendingChoice::Filter(filter) if filter.trim().is_empty() => {
            ", all that are pending,".to_owned()
        }
        PendingChoice::Filter(filter) => format!(" that are pending and match `{filter}`"),
    }
}
