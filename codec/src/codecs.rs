//! All rules together, and what they come to for one stream.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rewind_domain::event::DecodeErrorCode;
use rewind_domain::payload::{DecodedPayload, PayloadError, begins_like_json};
use rewind_domain::{Json, PayloadDecoder, StreamKey};
use serde::{Deserialize, Serialize};

use crate::error::{CodecError, RuleError};
use crate::files::Files;
use crate::finding::Finding;
use crate::format::Format;
use crate::meter::Meter;
use crate::rule::{DecoderRule, Plan, Rule};

/// What the payloads of all streams are. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Codecs {
    rules: Arc<[Arc<Rule>]>,
    parcel: Arc<CodecParcel>,
}

/// All that [`Codecs`] were made of, the contents of files included, for another process that has no files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CodecParcel {
    rules: Vec<DecoderRule>,
    files: Files,
}

/// What the payloads of one stream are.
#[derive(Debug)]
pub struct StreamCodec {
    /// Those that are for this stream, each field once.
    rules: Vec<Arc<Rule>>,
    /// The fields that rules are about.
    fields: Vec<String>,
    /// How many bytes there is room for yet, where several values are kept at the same time.
    room: Option<AtomicUsize>,
}

impl Codecs {
    /// Reads the files that the rules name. Relative paths begin at `folder`.
    ///
    /// # Errors
    /// The first rule that cannot be followed, and why.
    pub fn load(rules: &[DecoderRule], folder: &Path) -> Result<Self, RuleError> {
        Self::unpack(CodecParcel { rules: rules.to_vec(), files: Files::in_folder(folder) })
    }

    /// What they were made of.
    pub fn parcel(&self) -> &CodecParcel {
        &self.parcel
    }

    /// Makes them of what they were made of elsewhere.
    ///
    /// # Errors
    /// As for [`Codecs::load`].
    pub fn unpack(parcel: CodecParcel) -> Result<Self, RuleError> {
        let CodecParcel { rules, mut files } = parcel;
        let mut read = Vec::with_capacity(rules.len());
        for (number, rule) in (1..).zip(&rules) {
            let rule = Rule::read(rule, &mut files).map_err(|fault| RuleError { number, fault })?;
            read.push(Arc::new(rule));
        }
        Ok(Self { rules: read.into(), parcel: Arc::new(CodecParcel { rules, files }) })
    }

    /// What the payloads of this stream are. Of several rules for a field the first counts.
    pub fn of(&self, stream: &StreamKey) -> StreamCodec {
        let mut rules: Vec<Arc<Rule>> = Vec::new();
        let stream = stream.stored_in();
        for rule in self.rules.iter().filter(|rule| rule.stream.matches(stream.as_bytes())) {
            if rules.iter().all(|before| before.field != rule.field) {
                rules.push(Arc::clone(rule));
            }
        }
        let decoded = rules.iter().filter(|rule| rule.plan.is_some());
        let fields = decoded.map(|rule| rule.field.clone()).collect();
        StreamCodec { rules, fields, room: None }
    }
}

impl StreamCodec {
    /// The same for values of which about this many bytes are kept at the same time. Those that come when there is no room any more
    /// are not read, and say so.
    pub fn with_room(self, bytes: usize) -> Self {
        Self { room: Some(AtomicUsize::new(bytes)), ..self }
    }

    fn rule(&self, field: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.field == field).map(Arc::as_ref)
    }

    fn is_full(&self) -> bool {
        self.room.as_ref().is_some_and(|room| room.load(Ordering::Relaxed) == 0)
    }

    fn take_room(&self, bytes: usize) {
        if let Some(room) = &self.room {
            // The first one that does not fit is still kept.
            let less = |left: usize| Some(left.saturating_sub(bytes));
            let _ = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }
}

impl PayloadDecoder for StreamCodec {
    fn fields(&self) -> &[String] {
        &self.fields
    }

    fn concerns(&self, field: &str, value: &[u8]) -> bool {
        match self.rule(field) {
            Some(rule) => rule.plan.is_some(),
            None => !value.is_empty() && !begins_like_json(value),
        }
    }

    fn decode(
        &self,
        field: &str,
        value: &[u8],
        event_type: Option<&str>,
    ) -> Option<Result<DecodedPayload, PayloadError>> {
        let is_full = self.is_full();
        let mut meter = if is_full { Meter::used_up() } else { Meter::default() };
        let mut finding = Finding::default();
        let plan = self.rule(field).and_then(|rule| rule.plan.as_ref());
        let outcome = match plan {
            Some(plan) => plan.read(value, event_type, &mut finding, &mut meter),
            None => Format::Any.read(value, event_type, &mut finding, &mut meter),
        };
        if !is_full {
            self.take_room(meter.used_bytes());
        }
        match outcome {
            Ok(json) => Some(Ok(DecodedPayload { json: json?, from: finding.text() })),
            // Streams that went over to another format have JSON text in front.
            Err(error) if !error.is_bound() && is_json(value) => None,
            Err(error) if is_full && error.is_bound() => Some(Err(no_room())),
            Err(error) => Some(Err(failure(&finding, &error))),
        }
    }
}

impl Plan {
    fn read(
        &self,
        value: &[u8],
        event_type: Option<&str>,
        finding: &mut Finding,
        meter: &mut Meter,
    ) -> Result<Option<Json>, CodecError> {
        let mut unwrapped;
        let mut bytes = value;
        for step in &self.steps {
            finding.steps.push(*step);
            unwrapped = step.unwrap(bytes, meter)?;
            bytes = &unwrapped;
        }
        self.format.read(bytes, event_type, finding, meter)
    }
}

fn is_json(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value);
    begins_like_json(value) && text.is_ok_and(|text| Json::parse(text).is_ok())
}

fn no_room() -> PayloadError {
    PayloadError {
        code: DecodeErrorCode::TooLarge,
        message: "was not decoded, since the events before it are large; ask for fewer at once"
            .to_owned(),
    }
}

fn failure(finding: &Finding, error: &CodecError) -> PayloadError {
    let code =
        if error.is_bound() { DecodeErrorCode::TooLarge } else { DecodeErrorCode::NotDecodable };
    let message = match (finding.text().as_str(), error) {
        // It failed before anything was found out about it.
        ("", _) => format!("cannot be read: {error}"),
        (text, CodecError::Unknown) => format!("cannot be read, from {text}: {error}"),
        (text, _) => format!("cannot be read as {text}: {error}"),
    };
    PayloadError { code, message }
}
