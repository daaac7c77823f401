//! `GET /api/export`: what a filter finds, as a file.

use std::io;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{HeaderValue, Method, header};
use rewind_app::api::ApiError;
use rewind_app::api::export::Ticket;
use rewind_domain::filter::read_list;

use super::find::Asked;
use super::{AppState, errors};
use crate::exports::Running;
use crate::find::{FindFrame, FindQuery, find};
use crate::transfer::format::{FileText, Format, FormatName};

pub(super) async fn export(
    State(state): State<AppState>,
    method: Method,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    if method == Method::HEAD {
        let meant = async {
            let (format, _) = read(&query)?;
            Asked::read(&query)?.all(&state.engines).await?;
            Ok::<_, ApiError>(format)
        };
        return match meant.await {
            Ok(format) => file(headers_of(&format), Body::from_stream(nothing())),
            Err(error) => errors::response(&error),
        };
    }
    let (format, query, running) = match asked(&state, &query).await {
        Ok(asked) => asked,
        Err(error) => return errors::response(&error),
    };
    let AppState { store, indexes, discovery, codecs, .. } = state;
    let headers = headers_of(&format);
    let mut text = FileText::new(format);
    let head = Bytes::from(text.head());
    if let Some(running) = &running {
        // Where it is cancelled already the first frame notices.
        let _ = running.made(head.len());
    }
    let frames = find(store, indexes, discovery, codecs, query);
    let rest = frames.filter_map(move |frame| {
        let written = text_of(&mut text, frame, running.as_ref());
        async move { written.transpose() }
    });
    let head = futures::stream::once(async move { Ok(head) });
    file(headers, Body::from_stream(head.chain(rest)))
}

/// Tells the page that follows an export that it was refused: its browser shows nobody why.
pub(super) fn refuse(state: &AppState, query: &str, error: &ApiError) {
    if let Ok((_, Some(ticket))) = read(query)
        && let Ok(running) = state.exports.begin(ticket)
    {
        running.fail(error.message.clone());
    }
}

fn nothing() -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    futures::stream::empty()
}

fn file((content_type, disposition): (&'static str, &'static str), body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Which file of what is asked for, and whether somebody follows it.
async fn asked(
    state: &AppState,
    query: &str,
) -> Result<(Format, FindQuery, Option<Running>), ApiError> {
    let (format, ticket) = read(query)?;
    let running = ticket.map(|ticket| state.exports.begin(ticket)).transpose();
    let running = running.map_err(|error| ApiError::bad_parameter("ticket", error))?;
    let query = match Asked::read(query) {
        Ok(asked) => asked.all(&state.engines).await,
        Err(error) => Err(error),
    };
    match query {
        Ok(query) => Ok((format, query, running)),
        Err(error) => {
            // A browser that saves files shows nobody what it was answered in place of one.
            if let Some(running) = running {
                running.fail(error.message.clone());
            }
            Err(error)
        }
    }
}

/// Which file is asked for, and by what it is followed.
fn read(query: &str) -> Result<(Format, Option<Ticket>), ApiError> {
    let (mut name, mut columns, mut ticket) = (FormatName::Ndjson, Vec::new(), None);
    for (parameter, value) in form_urlencoded::parse(query.as_bytes()) {
        let wrong = |error| ApiError::bad_parameter("ticket", error);
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
            "ticket" if !value.is_empty() => ticket = Some(value.parse().map_err(wrong)?),
            _ => {}
        }
    }
    let format =
        Format::new(name, columns).map_err(|error| ApiError::bad_parameter("columns", error))?;
    Ok((format, ticket))
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
fn text_of(
    file: &mut FileText,
    frame: FindFrame,
    running: Option<&Running>,
) -> io::Result<Option<Bytes>> {
    let fails = |message: String| {
        if let Some(running) = running {
            running.fail(message.clone());
        }
        io::Error::other(message)
    };
    let mut is_whole = false;
    let (text, progress) = match frame {
        FindFrame::Found(found, _) => (Some(Bytes::from(file.event(&found))), None),
        FindFrame::Begun(_) => (None, None),
        FindFrame::Progress(progress, _) => (None, Some(progress)),
        FindFrame::Done(done, _) => {
            if let Some(unread) = done.progress.unread {
                return Err(fails(unread.message));
            }
            is_whole = true;
            (Some(Bytes::from_static(file.foot().as_bytes())), Some(done.progress))
        }
        FindFrame::Failed(error) => return Err(fails(error.message)),
    };
    if let Some(running) = running {
        running.made(text.as_ref().map_or(0, Bytes::len)).map_err(io::Error::other)?;
        if let Some(progress) = progress {
            running.progress(progress);
        }
        if is_whole {
            running.complete();
        }
    }
    Ok(text)
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
            ("ticket=short", "ticket"),
        ] {
            assert_eq!(read(query).unwrap_err().parameter.as_deref(), Some(name), "{query}");
        }
    }

    #[test]
    fn columns_are_paths() {
        let columns = vec!["data.total".parse().unwrap(), "fields.user".parse().unwrap()];
        let (format, _) = read("format=csv&columns=data.total,fields.user").unwrap();
        assert_eq!(format, Format::Csv(columns));
    }
}
