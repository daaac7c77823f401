//! `GET /api/export`: what a filter finds, as a file.

use std::io;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderValue, header};
use rewind_app::api::ApiError;
use rewind_domain::filter::read_list;

use super::find::Asked;
use super::{AppState, errors};
use crate::find::{FindFrame, find};
use crate::transfer::format::{FileText, Format, FormatName};

pub(super) async fn export(State(state): State<AppState>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = read(&query)
        .and_then(|format| Ok((format, Asked::read(&query)?.all(state.script_limits)?)));
    let (format, query) = match asked {
        Ok(asked) => asked,
        Err(error) => return errors::response(&error),
    };
    let AppState { store, indexes, codecs, .. } = state;
    let (content_type, disposition) = headers_of(&format);
    let mut file = FileText::new(format);
    let head = futures::stream::once({
        let head = file.head();
        async move { Ok(Bytes::from(head)) }
    });
    let frames = find(store, indexes, codecs, query);
    let rest = frames.filter_map(move |frame| {
        let written = text_of(&mut file, frame);
        async move { written.transpose() }
    });
    let mut response = Response::new(Body::from_stream(head.chain(rest)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Which file is asked for.
fn read(query: &str) -> Result<Format, ApiError> {
    let (mut name, mut columns) = (FormatName::Ndjson, Vec::new());
    for (parameter, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*parameter {
            "format" if !value.is_empty() => {
                let known = <FormatName as clap::ValueEnum>::from_str(&value, false);
                name = known.map_err(|_| {
                    ApiError::bad_parameter("format", "must be `ndjson`, `csv` or `json`")
                })?;
            }
            "columns" => {
                columns =
                    read_list(&value).map_err(|error| ApiError::bad_parameter("columns", error))?;
            }
            _ => {}
        }
    }
    Format::new(name, columns).map_err(|error| ApiError::bad_parameter("columns", error))
}

/// The content type, and what the browser is told to do with it.
const fn headers_of(format: &Format) -> (&'static str, &'static str) {
    match format {
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"events.ndjson\""),
        Format::Csv(_) => ("text/csv; charset=utf-8", "attachment; filename=\"events.csv\""),
        Format::Json => ("application/json", "attachment; filename=\"events.json\""),
    }
}

/// What a frame adds. A search that cannot go on, or leaves out a stream, breaks the file off: one that looked whole would not be.
fn text_of(file: &mut FileText, frame: FindFrame) -> io::Result<Option<Bytes>> {
    match frame {
        FindFrame::Found(found, _) => Ok(Some(file.event(&found).into())),
        FindFrame::Begun(_) | FindFrame::Progress(..) => Ok(None),
        FindFrame::Done(done, _) => match done.progress.unread {
            Some(unread) => Err(io::Error::other(unread.message)),
            None => Ok(Some(Bytes::from_static(file.foot().as_bytes()))),
        },
        FindFrame::Failed(error) => Err(io::Error::other(error.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_parameters_are_named() {
        for (query, name) in [
            ("format=xml", "format"),
            ("format=csv&columns=total", "columns"),
            ("format=json&columns=data.total", "columns"),
        ] {
            assert_eq!(read(query).unwrap_err().parameter.as_deref(), Some(name), "{query}");
        }
    }

    #[test]
    fn columns_are_paths() {
        let columns = vec!["data.total".parse().unwrap(), "fields.user".parse().unwrap()];
        let format = read("format=csv&columns=data.total,fields.user");
        assert_eq!(format.unwrap(), Format::Csv(columns));
    }
}
