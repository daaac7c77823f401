//! JSON as the events of the sample need it: objects that keep their order, and amounts of money
//! written with their two decimals.

use std::fmt::{self, Write as _};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// An amount in cents; 4990 is written `49.90`.
    Money(u64),
    /// A whole number.
    Number(u64),
    /// `true` or `false`.
    Bool(bool),
    /// A string.
    Text(String),
    /// Members in the order in which they are written.
    Object(Vec<(String, Json)>),
}

/// An object of these members.
pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Money(cents) => write!(f, "{}.{:02}", cents / 100, cents % 100),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Text(text) => write_string(f, text),
            Self::Object(members) => {
                f.write_char('{')?;
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    write_string(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_both_of_its_decimals() {
        let written = [4990, 5, 100_000].map(|cents| Json::Money(cents).to_string());
        assert_eq!(written, ["49.90", "0.05", "1000.00"]);
    }

    #[test]
    fn any_text_survives() {
        let text = "a \"quoted\" \\ line\n\u{1} Zoë 田";
        let written =
            object([("text", text.into()), ("n", 1.into()), ("b", true.into())]).to_string();
        let read: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read, serde_json::json!({"text": text, "n": 1, "b": true}));
    }
}
