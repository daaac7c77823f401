//! [`Json`] as a part of serde types, its digits intact.
//!
//! serde's own numbers are machine numbers, so numbers travel as `RawValue`, serde_json's way of passing JSON
//! text through untouched. That ties these to serde_json, which is the only format in use.

use std::fmt;

use serde::ser::{self, SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use super::value::{Json, Number};

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => number.serialize(serializer),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items.iter() {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Json::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, member) in members.iter() {
                    map.serialize_entry(&**key, member)?;
                }
                map.end()
            }
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str().parse::<u64>() {
            // Short plain integers, by far the most, need no detour.
            Ok(value) if self.as_str().len() < 19 => serializer.serialize_u64(value),
            _ => RawValue::from_string(self.as_str().to_owned())
                .map_err(ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Json::parse(raw.get()).map_err(de::Error::custom)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive_inside_serde_types() {
        #[derive(Serialize, Deserialize)]
        struct Wrapper {
            value: Json,
        }
        let text = r#"{"value":{"a":12345678901234567890,"b":1.10,"c":[-0,1E+2,7],"d":"x\u0000"}}"#;
        let wrapper: Wrapper = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&wrapper).unwrap(), text);
    }
}
