//! The one reader of parameters: from the text of a URL, or a JSON object, to a question.
//!
//! No library says which parameter is unknown, repeated or cannot be read in a form that can be shown, so the few methods of a
//! deserializer that questions need are here.

use std::borrow::Cow;
use std::fmt::{self, Display};

use percent_encoding::percent_decode_str;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::{NO_GROUP, NO_ID, NO_STREAM, Query};
use crate::api::{ApiError, ErrorCode};

/// Reads the parameters of a URL.
///
/// An empty parameter counts as left out, as forms send it, but where an empty text has a meaning.
///
/// # Errors
/// Names the parameter that is unknown, given twice, or not what it should be.
pub fn read_url<Q: Query>(search: &str) -> Result<Q, ApiError> {
    let mut parameters: Vec<(String, Given)> = Vec::new();
    for pair in search.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).map_err(|()| {
            ApiError::new(ErrorCode::BadParameter, "a parameter's name is not UTF-8")
        })?;
        let value = decoded(value).map_err(|()| {
            ApiError::bad_parameter(&name, "is not UTF-8; write other bytes of keys as `\\xff`")
        })?;
        match parameters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Given(values))) => values.push(value),
            None => parameters.push((name, Given(vec![value]))),
        }
    }
    read(parameters)
}

/// Reads a JSON object.
///
/// # Errors
/// As for a URL, and if the text is no JSON object.
pub fn read_json<Q: Query>(text: &str) -> Result<Q, ApiError> {
    let Members(members) = serde_json::from_str(text).map_err(|error| {
        ApiError::new(ErrorCode::BadParameter, format!("the body is no JSON object: {error}"))
    })?;
    let mut parameters: Vec<(String, Posted)> = Vec::new();
    for (name, value) in members {
        if parameters.iter().any(|(known, _)| *known == name) {
            return Err(ApiError::bad_parameter(&name, TWICE));
        }
        parameters.push((name, Posted(value)));
    }
    read(parameters)
}

const TWICE: &str = "is given more than once";

/// The members of a JSON object, repeated ones too.
struct Members(Vec<(String, Value)>);

impl<'de> de::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

fn read<Q: Query, V: Parameter>(parameters: Vec<(String, V)>) -> Result<Q, ApiError> {
    let query = Q::deserialize(Parameters(parameters)).map_err(|wrong| match wrong.name {
        Some(name) => ApiError::bad_parameter(&name, wrong.reason),
        None => ApiError::new(ErrorCode::BadParameter, wrong.reason),
    })?;
    query.check().map(|()| query)
}

fn decoded(text: &str) -> Result<String, ()> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().map(Cow::into_owned).map_err(drop)
}

/// What is wrong, with which parameter.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) name: Option<String>,
    pub(super) reason: String,
}

impl Wrong {
    fn with_name(mut self, name: &str) -> Self {
        self.name.get_or_insert_with(|| name.to_owned());
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(reason: T) -> Self {
        Self { name: None, reason: reason.to_string() }
    }

    fn missing_field(name: &'static str) -> Self {
        let reason = match name {
            "stream" => NO_STREAM,
            "group" => NO_GROUP,
            "id" => NO_ID,
            _ => "is missing",
        };
        Self { name: Some(name.to_owned()), reason: reason.to_owned() }
    }
}

/// The value of a parameter.
pub(super) trait Parameter {
    /// Reads it as what the field is.
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Wrong>;
}

/// All values of a parameter in a URL.
pub(super) struct Given(pub(super) Vec<String>);

impl Parameter for Given {
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Wrong> {
        seed.deserialize(self)
    }
}

/// A member of a posted object.
struct Posted(Value);

impl Parameter for Posted {
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Wrong> {
        seed.deserialize(self)
    }
}

impl<'de> Deserializer<'de> for Posted {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.0.deserialize_any(visitor).map_err(de::Error::custom)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match &self.0 {
            Value::Null => visitor.visit_none(),
            Value::String(text) if text.is_empty() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_seq(Values(Vec::new().into_iter())),
            value => value.deserialize_seq(visitor).map_err(de::Error::custom),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        // What is no text is none of them.
        let text = self.0.as_str().unwrap_or_default().to_owned();
        Given(vec![text]).deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// The parameters of a question, as the fields of a struct.
pub(super) struct Parameters<V>(pub(super) Vec<(String, V)>);

impl<'de, P: Parameter> Deserializer<'de> for Parameters<P> {
    type Error = Wrong;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        if let Some((name, _)) = self.0.iter().find(|(name, _)| !fields.contains(&name.as_str())) {
            let known: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            let reason = match known.is_empty() {
                true => "is not known; this call has no parameters".to_owned(),
                false => format!("is not known; this call has {}", known.join(", ")),
            };
            return Err(Wrong { name: Some(name.clone()), reason });
        }
        visitor.visit_map(Fields { rest: self.0.into_iter(), value: None })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(Fields { rest: self.0.into_iter(), value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields<V> {
    rest: std::vec::IntoIter<(String, V)>,
    value: Option<(String, V)>,
}

impl<'de, P: Parameter> MapAccess<'de> for Fields<P> {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        let name_read: StrDeserializer<'_, Wrong> = name.as_str().into_deserializer();
        let key = seed.deserialize(name_read)?;
        self.value = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        let (name, value) =
            self.value.take().ok_or_else(|| <Wrong as de::Error>::custom("has no value"))?;
        value.read(seed).map_err(|wrong| wrong.with_name(&name))
    }
}

impl Given {
    fn only(self) -> Result<String, Wrong> {
        match <[String; 1]>::try_from(self.0) {
            Ok([value]) => Ok(value),
            Err(_) => Err(de::Error::custom(TWICE)),
        }
    }
}

impl<'de> Deserializer<'de> for Given {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_string(self.only()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let number = self.only()?;
        // Without the sign that Rust allows.
        match number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse()) {
            Some(Ok(number)) => visitor.visit_u64(number),
            _ => Err(de::Error::custom("is not a whole number from 0 to 18446744073709551615")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.only()?.as_str() {
            // Being there says it.
            "" | "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => Err(de::Error::custom("must be `true` or `false`")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0.iter().all(String::is_empty) {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let values = self.0.into_iter().filter(|value| !value.is_empty());
        visitor.visit_seq(Values(values.collect::<Vec<_>>().into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let value = self.only()?;
        if !variants.contains(&value.as_str()) {
            let known: Vec<String> = variants.iter().map(|one| format!("`{one}`")).collect();
            let reason = match known.split_last() {
                Some((last, others)) if !others.is_empty() => {
                    format!("must be {} or {last}", others.join(", "))
                }
                _ => format!("must be {}", known.join("")),
            };
            return Err(de::Error::custom(reason));
        }
        let value: de::value::StringDeserializer<Wrong> = value.into_deserializer();
        value.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

struct Values(std::vec::IntoIter<String>);

impl<'de> SeqAccess<'de> for Values {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        self.0.next().map(|value| seed.deserialize(Given(vec![value]))).transpose()
    }
}
