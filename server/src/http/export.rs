//! `GET /api/export`: what a filter finds, as a file.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{HeaderName, HeaderValue, Method, header};
use rewind_app::api::export::Ticket;
use rewind_app::api::find::{FindBegun, UnreadStreams};
use rewind_app::api::query::{ExportQuery, read_url};
use rewind_app::api::{ApiError, ErrorCode};
use rewind_domain::caller::Caller;
use rewind_domain::filter::read_list;
use tokio::time::timeout;

use super::find::search;
use super::{AppState, errors};
use crate::exports::Running;
use crate::find::{FindFrame, FindQuery as Search, find};
use crate::transfer::format::{FileText, Format, FormatName};

/// How long the head of the answer waits until it is known which streams cannot be read. Finding the streams of a category may take
/// longer; then the file begins without saying so, and is broken off at its end where there are any.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);
/// How many streams are not in the file, since they cannot be read.
const UNREAD_COUNT: HeaderName = HeaderName::from_static("rewind-unread-count");
/// The keys of the first of them, encoded as in addresses, with commas between them.
const UNREAD: HeaderName = HeaderName::from_static("rewind-unread");

pub(super) async fn export(
    Extension(_caller): Extension<Arc<Caller>>,
    State(state): State<AppState>,
    method: Method,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    if method == Method::HEAD {
        let meant = async {
            let query: ExportQuery = read_url(&query)?;
            search(query.find(), &state.engines).await?;
            format(&query)
        };
        return match meant.await {
            Ok(format) => file(headers_of(&format), Body::from_stream(nothing())),
            Err(error) => errors::response(&error),
        };
    }
    let (format, search, running) = match asked(&state, &query).await {
        Ok(asked) => asked,
        Err(error) => return errors::response(&error),
    };
    let AppState { store, indexes, discovery, event_reader, .. } = state;
    let headers = headers_of(&format);
    let text = FileText::new(format);
    let head = Bytes::from(text.head());
    if let Some(running) = &running {
        // Where it is cancelled already the first frame notices.
        let _ = running.made(head.len());
    }
    let mut frames = Box::pin(find(store, indexes, discovery, event_reader, search));
    let begun = match timeout(BEGINS_WITHIN, begin(&mut frames, running.as_ref())).await {
        Ok(Ok(begun)) => Some(begun),
        Ok(Err(error)) => return errors::response(&error),
        Err(_) => None,
    };
    let unread = begun.and_then(|begun| begun.unread);
    let mut writing = Writing {
        text,
        running,
        told_of: unread.as_ref().map_or(0, |unread| unread.count),
        known: unread.as_ref().map_or(0, |unread| unread.count),
    };
    let rest = frames.filter_map(move |frame| {
        let written = writing.text_of(frame);
        async move { written.transpose() }
    });
    let head = futures::stream::once(async move { Ok(head) });
    let mut response = file(headers, Body::from_stream(head.chain(rest)));
    if let Some(unread) = &unread {
        name_unread(&mut response, unread);
    }
    response
}

/// Waits until the search knows where it looks.
async fn begin(
    frames: &mut (impl Stream<Item = FindFrame> + Unpin),
    running: Option<&Running>,
) -> Result<FindBegun, ApiError> {
    while let Some(frame) = frames.next().await {
        match frame {
            FindFrame::Begun(begun) => return Ok(begun),
            FindFrame::Failed(error) => {
                if let Some(running) = running {
                    running.fail(error.message.clone());
                }
                return Err(error);
            }
            FindFrame::Progress(progress, _) => {
                if let Some(running) = running {
                    running.progress(progress);
                }
            }
            // Nothing is found before it begins.
            FindFrame::Found(..) | FindFrame::Done(..) => break,
        }
    }
    Err(ApiError::new(ErrorCode::Internal, "the export failed; the server's log says why"))
}

/// Says in the head of a file which streams are not in it: whoever saves it by a command sees nothing else.
fn name_unread(response: &mut Response, unread: &UnreadStreams) {
    let keys: Vec<String> = unread
        .streams
        .iter()
        .map(|key| form_urlencoded::byte_serialize(key.as_bytes()).collect())
        .collect();
    let headers = response.headers_mut();
    headers.insert(UNREAD_COUNT, HeaderValue::from(unread.count));
    if let Ok(keys) = HeaderValue::try_from(keys.join(", ")) {
        headers.insert(UNREAD, keys);
    }
}

/// Tells the page that follows an export that it was refused: its browser shows nobody why.
pub(super) fn refuse(state: &AppState, query: &str, error: &ApiError) {
    if let Some(ticket) = ticket_in(query)
        && let Ok(running) = state.exports.begin(ticket)
    {
        running.fail(error.message.clone());
    }
}

/// The ticket in a question, whatever is wrong with the rest of it.
fn ticket_in(query: &str) -> Option<Ticket> {
    query.split('&').find_map(|pair| pair.strip_prefix("ticket=")?.parse().ok())
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
) -> Result<(Format, Search, Option<Running>), ApiError> {
    let query: ExportQuery = read_url(query).inspect_err(|error| refuse(state, query, error))?;
    let running = query.ticket.clone().map(|ticket| state.exports.begin(ticket)).transpose();
    let running = running.map_err(|error| ApiError::bad_parameter("ticket", error))?;
    let meant = async {
        let format = format(&query)?;
        Ok::<_, ApiError>((format, search(query.find(), &state.engines).await?))
    };
    match meant.await {
        Ok((format, search)) => Ok((format, search, running)),
        Err(error) => {
            // A browser that saves files shows nobody what it was answered in place of one.
            if let Some(running) = running {
                running.fail(error.message.clone());
            }
            Err(error)
        }
    }
}

/// Which kind of file is asked for.
fn format(query: &ExportQuery) -> Result<Format, ApiError> {
    let name = match &query.format {
        None => FormatName::Ndjson,
        Some(name) => <FormatName as clap::ValueEnum>::from_str(name, false)
            .map_err(|_| ApiError::bad_parameter("format", "must be `ndjson`, `csv` or `json`"))?,
    };
    let wrong = |error: &dyn std::fmt::Display| ApiError::bad_parameter("columns", error);
    let columns = read_list(&query.columns).map_err(|error| wrong(&error))?;
    Format::new(name, columns).map_err(|error| wrong(&error))
}

/// The content type, and what the browser is told to do with it.
const fn headers_of(format: &Format) -> (&'static str, &'static str) {
    match format {
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"events.ndjson\""),
        Format::Csv(_) => ("text/csv; charset=utf-8", "attachment; filename=\"events.csv\""),
        Format::Json => ("application/json", "attachment; filename=\"events.json\""),
    }
}

/// A file that is being made.
struct Writing {
    text: FileText,
    /// For a page that follows it.
    running: Option<Running>,
    /// How many unreadable streams the head of the answer names.
    told_of: u64,
    /// How many the search knew when it began.
    known: u64,
}

impl Writing {
    /// What a frame adds. A search that cannot go on, or comes to a stream that it cannot read any more, breaks the file off: one that
    /// looked whole would not be.
    fn text_of(&mut self, frame: FindFrame) -> io::Result<Option<Bytes>> {
        let mut is_whole = false;
        let (text, progress) = match frame {
            FindFrame::Found(found, _) => (Some(Bytes::from(self.text.event(&found))), None),
            FindFrame::Begun(begun) => {
                self.known = begun.unread.map_or(0, |unread| unread.count);
                (None, None)
            }
            FindFrame::Progress(progress, _) => (None, Some(progress)),
            FindFrame::Done(done, _) => {
                if let Some(unread) = &done.progress.unread
                    && (unread.count > self.known || !self.is_told(unread))
                {
                    return Err(self.fail(unread.message.clone()));
                }
                is_whole = true;
                let foot = Bytes::from_static(self.text.foot().as_bytes());
                (Some(foot), Some(done.progress))
            }
            FindFrame::Failed(error) => return Err(self.fail(error.message)),
        };
        if let Some(running) = &self.running {
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

    /// Whether whoever gets the file is told that these streams are not in it.
    fn is_told(&self, unread: &UnreadStreams) -> bool {
        self.running.is_some() || unread.count <= self.told_of
    }

    fn fail(&self, message: String) -> io::Error {
        if let Some(running) = &self.running {
            running.fail(message.clone());
        }
        io::Error::other(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Format, ApiError> {
        format(&read_url(&format!("stream=a&{query}"))?)
    }

    #[test]
    fn bad_parameters_are_named() {
        for (query, name) in [
            ("format=xml", "format"),
            ("format=csv&columns=total", "columns"),
            ("format=json&columns=data.total", "columns"),
            ("ticket=short", "ticket"),
            ("colums=data.total", "colums"),
            ("limit=5", "limit"),
        ] {
            let error = asked(query).unwrap_err();
            assert_eq!(error.parameter.as_deref(), Some(name), "{query}");
        }
    }

    #[test]
    fn columns_are_paths() {
        let columns = vec!["data.total".parse().unwrap(), "fields.user".parse().unwrap()];
        let format = asked("format=csv&columns=data.total,fields.user").unwrap();
        assert_eq!(format, Format::Csv(columns));
    }

    #[test]
    fn a_page_is_told_of_a_question_that_cannot_be_read() {
        let ticket = "0123456789abcdef";
        let found = ticket_in(&format!("colums=x&ticket={ticket}&limit=x"));
        assert_eq!(found.map(|ticket| ticket.to_string()).as_deref(), Some(ticket));
        assert_eq!(ticket_in("stream=ticket=x"), None);
    }
}
