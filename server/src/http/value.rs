//! `GET /api/value`: the bytes of one field, as a file.

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderValue, header};
use rewind_app::api::query::{FieldQuery, read_url};
use rewind_app::api::{ApiError, ErrorCode};
use rewind_domain::caller::Caller;
use rewind_domain::{EntryId, Fields};
use std::sync::Arc;

use super::{AppState, errors};
use crate::api_errors::api_error;
use crate::backend::{LoneEntry, entry};
use rewind_store::Store;

/// How much of a field's name its file is named by.
const MAX_NAME_CHARS: usize = 40;

/// The name and the value of a field.
type Pair = (Vec<u8>, Vec<u8>);

pub(super) async fn value(
    Extension(_caller): Extension<Arc<Caller>>,
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = match read_url::<FieldQuery>(query.as_deref().unwrap_or_default()) {
        Ok(asked) => asked,
        Err(error) => return errors::response(&error),
    };
    match answer(&asked, &state.store).await {
        Ok((name, length, body)) => file(&file_name(&name, asked.id), length, body),
        Err(error) => errors::response(&error),
    }
}

/// The name of the field, and its value with the length. One that is too large to be held is passed on as it comes.
async fn answer(asked: &FieldQuery, store: &Store) -> Result<(Vec<u8>, u64, Body), ApiError> {
    let LoneEntry { entry, cut, .. } = entry(store, &asked.stream, asked.id).await?;
    let (at, (name, value)) = value_of(asked, entry.fields)?;
    if cut.iter().all(|field| field.at != at as u64) {
        return Ok((name, value.len() as u64, Body::from(value)));
    }
    let long = store.long_value(&asked.stream, asked.id, at).await;
    match long.map_err(|error| api_error(Some(&asked.stream), &error))? {
        Some(long) => Ok((name, long.length, Body::from_stream(long.into_stream()))),
        None => {
            let message = format!("stream `{}` has no entry `{}` any more", asked.stream, asked.id);
            Err(ApiError::new(ErrorCode::EventNotFound, message))
        }
    }
}

/// The field asked for, with its place: the one at its place, which must have the name that is given as well; else the first of
/// this name.
fn value_of(asked: &FieldQuery, fields: Fields) -> Result<(usize, Pair), ApiError> {
    let FieldQuery { stream, id, field, at } = asked;
    let is_named = |name: &[u8]| field.as_ref().is_none_or(|field| field.as_bytes() == name);
    let mut pairs = fields.into_pairs().into_iter().enumerate();
    let found =
        pairs.find(|(place, (name, _))| at.is_none_or(|at| at == *place as u64) && is_named(name));
    found.ok_or_else(|| {
        let which = match (field, at) {
            (Some(field), Some(at)) => format!("`{field}` at place {at}"),
            (Some(field), None) => format!("`{field}`"),
            (None, at) => format!("at place {}", at.unwrap_or_default()),
        };
        let message = format!("entry `{id}` of stream `{stream}` has no field {which}");
        ApiError::new(ErrorCode::NotFound, message)
    })
}

fn file(name: &str, length: u64, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    // Whatever the bytes are, a browser is to save them and not to make a page of them.
    let bytes = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, bytes);
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}

/// A name of letters, digits, dashes and dots, which every system and header takes.
fn file_name(field: &[u8], id: EntryId) -> String {
    let plain = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(*byte),
        _ => '_',
    };
    let field: String = field.iter().take(MAX_NAME_CHARS).map(plain).collect();
    format!("{field}-{id}.bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_named_by_its_name_its_place_or_both() {
        let fields = || Fields::from_iter([("tag", "a"), ("tag", "b")]);
        let value = |query: &str| {
            let asked = read_url(&format!("stream=s&id=1-0&{query}"))?;
            value_of(&asked, fields()).map(|(_, (_, value))| String::from_utf8(value).unwrap())
        };
        assert_eq!(value("field=tag").unwrap(), "a");
        assert_eq!(value("at=1").unwrap(), "b");
        assert_eq!(value("field=tag&at=1").unwrap(), "b");
        for (query, part) in [
            ("field=no", "`no`"),
            ("at=2", "place 2"),
            ("field=no&at=1", "`no` at place 1"),
            ("", "`field`"),
            ("at=x", "`at`"),
            ("field=%5C", "`field`"),
        ] {
            let error = value(query).unwrap_err();
            assert!(error.message.contains(part), "{query}: {error}");
        }
    }

    #[test]
    fn a_file_has_a_harmless_name() {
        let name = file_name(b"../\"a\r\n\xff", EntryId::new(5, 1));
        assert_eq!(name, "____a___-5-1.bin");
        assert!(file_name(&[b'a'; 1_000], EntryId::MAX).len() < 100);
    }
}
