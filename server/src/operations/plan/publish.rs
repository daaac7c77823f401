//! Publishing.

use rewind_domain::StreamKey;
use rewind_domain::operations::{Effect, EffectKind, EventDraft, Name, Thing};
use rewind_store::publish::Limit;
use rewind_store::{EventStore, StoreError};

use super::{Found, Work, is_own_stream};
use crate::operations::{OperationError, drafts};

pub(super) async fn plan(
    store: &EventStore,
    stream: &StreamKey,
    drafts: &[EventDraft],
    max_len: Option<u64>,
) -> Result<Found, OperationError> {
    is_own_stream(store, stream)?;
    let events = drafts::events(drafts)?;
    let count = events.len() as u64;
    let (groups, warning) = match store.reads().groups(std::slice::from_ref(stream)).await?.pop() {
        Some(Ok((groups, extent))) => {
            let shortened = max_len.filter(|most| extent.length + count > *most);
            let warning = shortened.map(|most| {
                format!(
                    "about {} of the oldest entries go, so that the newest {most} stay",
                    extent.length + count - most
                )
            });
            (groups, warning)
        }
        None | Some(Err(StoreError::NotFound)) => {
            (Vec::new(), Some(format!("there is no stream `{stream}` yet; it is made")))
        }
        Some(Err(error)) => return Err(OperationError::of(stream)(error)),
    };
    let bytes = drafts::bytes(&events);
    let (name, value) = events.first().and_then(|event| event.fields().next()).unwrap_or_default();
    let (name, value) = (name.to_vec(), value.to_vec());
    let limit = max_len.map(Limit::newest);
    let work = Work::Publish { stream: stream.clone(), events, limit };
    let more = match count {
        1 => "…".to_owned(),
        count => format!("… ({count} events in one step)"),
    };
    let length = max_len.map(|most| most.to_string());
    let mut command: Vec<&[u8]> = vec![b"XADD", stream.as_bytes()];
    if let Some(length) = &length {
        command.extend([b"MAXLEN".as_slice(), b"~", length.as_bytes()]);
    }
    command.extend([b"*".as_slice(), &name, &value]);
    let effects = groups.iter().map(|group| Effect {
        thing: Thing::Group(Name::from_bytes(&group.name)),
        kind: EffectKind::Gets,
        count,
    });
    let effects = effects.collect();
    let found = Found { bytes: Some(bytes), effects, ..Found::new(count, work) };
    Ok(Found { warnings: warning.into_iter().collect(), ..found.sending(&command, &more) })
}
