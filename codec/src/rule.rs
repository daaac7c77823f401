//! Rules: which streams and fields hold what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use prost_reflect::DescriptorPool;
use serde::{Deserialize, Serialize};

use crate::avro;
use crate::error::RuleFault;
use crate::files::Files;
use crate::format::{Format, Messages};
use crate::protobuf;
use crate::step::{MAX_STEPS, Step};
use rewind_domain::glob::Glob;

/// The field that a rule is about where it names none.
const USUAL_FIELD: &str = "data";
/// The type that stands for all that are not named.
const OTHER_TYPES: &str = "*";

/// A rule as it stands in the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DecoderRule {
    /// The streams: their keys, with `*` for any characters and `?` for one.
    pub stream: String,
    /// The field that holds the payload; `data` where it is not said.
    pub field: Option<String>,
    /// What the payload is: wrappers in the order in which they are taken off, then a format.
    #[serde(rename = "as")]
    pub decoders: Names,
    /// A file with a Protobuf descriptor set.
    pub descriptor: Option<PathBuf>,
    /// The Protobuf message.
    pub message: Option<MessageChoice>,
    /// A file with an Avro schema.
    pub schema: Option<PathBuf>,
}

/// One name, or several in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// A single one.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// Which Protobuf message a payload is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MessageChoice {
    /// The same for all events.
    One(String),
    /// By the type of the event; `*` for all other types.
    ByType(BTreeMap<String, String>),
}

/// A rule that can be followed.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) stream: Glob,
    pub(crate) field: String,
    /// Nothing where values are left as they are.
    pub(crate) plan: Option<Plan>,
}

/// How a value is read.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) format: Format,
}

impl Rule {
    /// Reads what the rule names.
    pub(crate) fn read(rule: &DecoderRule, files: &mut Files) -> Result<Self, RuleFault> {
        let names = match &rule.decoders {
            Names::One(name) => std::slice::from_ref(name),
            Names::Several(names) => names.as_slice(),
        };
        Ok(Self {
            stream: Glob::new(&rule.stream),
            field: rule.field.clone().unwrap_or_else(|| USUAL_FIELD.to_owned()),
            plan: plan(names, rule, files)?,
        })
    }
}

fn plan(
    names: &[String],
    rule: &DecoderRule,
    files: &mut Files,
) -> Result<Option<Plan>, RuleFault> {
    let mut plan = Plan { steps: Vec::new(), format: Format::Any };
    let mut is_raw = false;
    for name in names {
        if is_raw {
            return Err(RuleFault::RawWithOthers);
        }
        if let Some(format) = plan.format.name() {
            return Err(RuleFault::NotLast(format));
        }
        if let Some(step) = Step::named(name) {
            plan.steps.push(step);
            continue;
        }
        match name.as_str() {
            "raw" if !plan.steps.is_empty() => return Err(RuleFault::RawWithOthers),
            "raw" => is_raw = true,
            "json" => plan.format = Format::Json,
            "msgpack" => plan.format = Format::MessagePack,
            "cbor" => plan.format = Format::Cbor,
            "protobuf" => plan.format = Format::Protobuf(messages(rule, files)?),
            "avro" => plan.format = Format::Avro(schema(rule, files)?),
            _ => return Err(RuleFault::UnknownName(name.clone())),
        }
    }
    if names.is_empty() {
        return Err(RuleFault::Nothing);
    }
    if plan.steps.len() > MAX_STEPS {
        return Err(RuleFault::TooManySteps(MAX_STEPS));
    }
    refuse_superfluous(rule, &plan.format)?;
    if matches!(plan.format, Format::Protobuf(_)) {
        for step in plan.steps.iter_mut().filter(|step| **step == Step::Confluent) {
            *step = Step::ConfluentProtobuf;
        }
    }
    Ok(Some(plan).filter(|_| !is_raw))
}

fn refuse_superfluous(rule: &DecoderRule, format: &Format) -> Result<(), RuleFault> {
    let is_protobuf = matches!(format, Format::Protobuf(_));
    let settings = [
        ("protobuf", "descriptor", rule.descriptor.is_some() && !is_protobuf),
        ("protobuf", "message", rule.message.is_some() && !is_protobuf),
        ("avro", "schema", rule.schema.is_some() && !matches!(format, Format::Avro(_))),
    ];
    match settings.into_iter().find(|(_, _, is_superfluous)| *is_superfluous) {
        Some((format, setting, _)) => Err(RuleFault::Superfluous { format, setting }),
        None => Ok(()),
    }
}

fn schema(rule: &DecoderRule, files: &mut Files) -> Result<Arc<avro::Schema>, RuleFault> {
    let missing = RuleFault::Missing { format: "avro", setting: "schema" };
    avro::load(files, rule.schema.as_ref().ok_or(missing)?).map(Arc::new)
}

fn messages(rule: &DecoderRule, files: &mut Files) -> Result<Messages, RuleFault> {
    let missing = |setting| RuleFault::Missing { format: "protobuf", setting };
    let path = rule.descriptor.as_ref().ok_or_else(|| missing("descriptor"))?;
    let choice = rule.message.as_ref().ok_or_else(|| missing("message"))?;
    let pool = protobuf::descriptors(files, path)?;
    let find = |name: &str| {
        pool.get_message_by_name(name).ok_or_else(|| RuleFault::NoSuchMessage {
            path: files.path(path),
            message: name.to_owned(),
            messages: names(&pool),
        })
    };
    match choice {
        MessageChoice::One(name) => Ok(Messages::One(find(name)?)),
        MessageChoice::ByType(names) => {
            let mut types = std::collections::HashMap::new();
            for (event_type, name) in names {
                types.insert(event_type.clone(), find(name)?);
            }
            let other = types.remove(OTHER_TYPES);
            Ok(Messages::ByType { types, other })
        }
    }
}

fn names(pool: &DescriptorPool) -> Vec<String> {
    let messages = pool.all_messages().filter(|message| !message.is_map_entry());
    messages.map(|message| message.full_name().to_owned()).collect()
}
