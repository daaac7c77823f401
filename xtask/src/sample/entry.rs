//! One entry of a stream.

use crate::sample::json::{Json, object};

/// An entry that is ready to be added to its stream.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key of the stream.
    pub(crate) stream: String,
    /// The first half of the entry's id.
    pub(crate) id_ms: u64,
    /// The second half of the entry's id.
    pub(crate) id_seq: u64,
    /// Names and values.
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Entry {
    /// The entry's id.
    pub(crate) fn id(&self) -> String {
        format!("{}-{}", self.id_ms, self.id_seq)
    }

    /// As `rewind import` reads it, without the line's end.
    pub(crate) fn line(&self) -> String {
        let fields =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
        object([
            ("stream", self.stream.as_str().into()),
            ("id", self.id().into()),
            ("fields", Json::Object(fields.collect())),
        ])
        .to_string()
    }

    /// The command that adds it.
    pub(crate) fn command(&self) -> Vec<String> {
        let mut words = vec!["XADD".to_owned(), self.stream.clone(), self.id()];
        words.extend(
            self.fields.iter().flat_map(|(name, value)| [(*name).to_owned(), value.clone()]),
        );
        words
    }

    /// The value of a field.
    #[cfg(test)]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_the_data_as_text_within_text() {
        let entry = Entry {
            stream: "aggregate:Order:1".to_owned(),
            id_ms: 1_706_185_200_000,
            id_seq: 0,
            fields: vec![
                ("type", "OrderPaid".to_owned()),
                ("data", r#"{"total":49.90}"#.to_owned()),
            ],
        };
        assert_eq!(
            entry.line(),
            r#"{"stream":"aggregate:Order:1","id":"1706185200000-0","fields":{"type":"OrderPaid","data":"{\"total\":49.90}"}}"#
        );
        let command = [
            "XADD",
            "aggregate:Order:1",
            "1706185200000-0",
            "type",
            "OrderPaid",
            "data",
            r#"{"total":49.90}"#,
        ];
        assert_eq!(entry.command(), command);
    }
}
