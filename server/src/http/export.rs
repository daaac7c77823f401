//! `GET /api/export`: what a filter finds, as a file.

use std::io;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderValue, header};
use rewind_app::api::ApiError;
use rewind_app::api::find::FoundEvent;
use rewind_domain::filter::EventPath;
use rewind_domain::ndjson::Line;
use rewind_domain::{Entry, csv};

use super::find::Asked;
use super::{AppState, errors};
use crate::find::{FindFrame, find};

/// How a file is written.
#[derive(Clone, Debug, PartialEq)]
enum Format {
    /// Entries as Redis holds them, as `rewind import` reads them.
    Ndjson,
    /// A table with these columns.
    Csv(Vec<EventPath>),
    /// An array of events.
    Json,
}

pub(super) async fn export(State(state): State<AppState>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = Format::read(&query)
        .and_then(|format| Ok((format, Asked::read(&query)?.all(state.script_limits)?)));
    let (format, query) = match asked {
        Ok(asked) => asked,
        Err(error) => return errors::response(&error),
    };
    let AppState { store, indexes, codecs, .. } = state;
    let mut writer = Writer { format: format.clone(), is_first: true };
    let head = futures::stream::once({
        let head = writer.head();
        async move { Ok(Bytes::from(head)) }
    });
    let frames = find(store, indexes, codecs, query);
    let rest = frames.filter_map(move |frame| {
        let written = writer.frame(frame);
        async move { written.transpose() }
    });
    let mut response = Response::new(Body::from_stream(head.chain(rest)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(format.disposition()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Format {
    fn read(query: &str) -> Result<Self, ApiError> {
        let (mut format, mut columns) = (String::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.as_str() {
                "format" => format = value,
                "columns" => {
                    let paths = value.split(',').filter(|path| !path.is_empty()).map(str::parse);
                    columns = paths
                        .collect::<Result<_, _>>()
                        .map_err(|error| ApiError::bad_parameter("columns", error))?;
                }
                _ => {}
            }
        }
        match format.as_str() {
            "" | "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv(columns)),
            "json" => Ok(Self::Json),
            _ => Err(ApiError::bad_parameter("format", "must be `ndjson`, `csv` or `json`")),
        }
    }

    const fn content_type(&self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv(_) => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    const fn disposition(&self) -> &'static str {
        match self {
            Self::Ndjson => "attachment; filename=\"events.ndjson\"",
            Self::Csv(_) => "attachment; filename=\"events.csv\"",
            Self::Json => "attachment; filename=\"events.json\"",
        }
    }
}

/// Writes a file, event by event.
struct Writer {
    format: Format,
    is_first: bool,
}

impl Writer {
    fn head(&self) -> String {
        match &self.format {
            Format::Ndjson => String::new(),
            Format::Csv(columns) => csv::head(columns),
            Format::Json => "[".to_owned(),
        }
    }

    /// What a frame adds. A search that cannot go on, or leaves out a stream, breaks the file off: one that looked whole would not be.
    fn frame(&mut self, frame: FindFrame) -> io::Result<Option<Bytes>> {
        match frame {
            FindFrame::Found(found, _) => Ok(Some(self.event(&found).into())),
            FindFrame::Begun(_) | FindFrame::Progress(..) => Ok(None),
            FindFrame::Done(done, _) => match done.progress.unread {
                Some(unread) => Err(io::Error::other(unread.message)),
                None => Ok(self.foot()),
            },
            FindFrame::Failed(error) => Err(io::Error::other(error.message)),
        }
    }

    fn event(&mut self, found: &FoundEvent) -> String {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let FoundEvent { stream, event } = found;
        match &self.format {
            Format::Ndjson => {
                let entry = Entry { id: event.id, fields: event.fields.clone() };
                Line::to_json(stream, &entry) + "\n"
            }
            Format::Csv(columns) => csv::row(stream, event, columns),
            Format::Json => {
                // These are plain structs with string keys, for which writing to memory cannot fail.
                let event = serde_json::to_string(found).unwrap_or_default();
                format!("{}{event}", if is_first { "\n" } else { ",\n" })
            }
        }
    }

    fn foot(&self) -> Option<Bytes> {
        (self.format == Format::Json).then(|| Bytes::from_static(b"\n]\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_parameters_are_named() {
        for (query, name) in [("format=xml", "format"), ("format=csv&columns=total", "columns")] {
            assert_eq!(Format::read(query).unwrap_err().parameter.as_deref(), Some(name));
        }
    }

    #[test]
    fn columns_are_paths() {
        let columns = vec!["data.total".parse().unwrap(), "fields.user".parse().unwrap()];
        let format = Format::read("format=csv&columns=data.total,fields.user");
        assert_eq!(format.unwrap(), Format::Csv(columns));
    }
}
