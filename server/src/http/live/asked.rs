//! What the parameters of a live line say.

use http::HeaderMap;
use rewind_app::api::ApiError;
use rewind_app::api::live::MAX_WATCHES;
use rewind_domain::{EntryId, StreamKey};

use crate::live::{Reached, Watched};

/// How many streams can be watched as one.
const MAX_STREAMS: usize = 100;

/// What is asked to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) what: What,
    /// Which events of it, as a filter.
    pub(super) filter: Option<String>,
}

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Streams by name.
    Streams(Vec<Watched>),
    /// All streams whose keys begin with this, from this position or from now on.
    Category(StreamKey, Option<Reached>),
}

/// The watches that a line is to carry side by side, where it is to: each is a query of its own.
pub(super) fn joined(query: &str) -> Result<Vec<String>, ApiError> {
    let watches: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .filter_map(|(name, value)| (name == "watch").then_some(value))
        .collect();
    if watches.len() > MAX_WATCHES {
        let reason = format!("one line carries at most {MAX_WATCHES}; open another one");
        return Err(ApiError::bad_parameter("watch", reason));
    }
    Ok(watches)
}

/// What is watched, and where to go on: what the browser remembers wins over what the URL says.
pub(super) fn asked(headers: &HeaderMap, query: &str) -> Result<Asked, ApiError> {
    let (mut streams, mut category, mut after, mut filter) = (Vec::new(), None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        match name.as_str() {
            "stream" => streams.push(key("stream", &value)?),
            "category" if !value.is_empty() => {
                category = Some(prefix_of(&key("category", &value)?));
            }
            "all" => category = Some(StreamKey::from("")),
            "after" if !value.is_empty() => after = Some(("after", value)),
            "filter" if !value.is_empty() => filter = Some(value),
            _ => {}
        }
    }
    if let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) {
        after = Some(("Last-Event-ID", String::from_utf8_lossy(id.as_bytes()).into_owned()));
    }
    let what = match category {
        Some(_) if !streams.is_empty() => Err(ApiError::bad_parameter(
            "stream",
            "cannot stand beside `category` or `all`; open a line for each",
        )),
        Some(prefix) => {
            let from = after
                .map(|(name, text)| {
                    text.parse().map_err(|error| ApiError::bad_parameter(name, error))
                })
                .transpose()?;
            Ok(What::Category(prefix, from))
        }
        None => watched(streams, after).map(What::Streams),
    };
    Ok(Asked { what: what?, filter })
}

fn watched(
    streams: Vec<StreamKey>,
    after: Option<(&str, String)>,
) -> Result<Vec<Watched>, ApiError> {
    if streams.is_empty() || streams.iter().any(|stream| stream.as_bytes().is_empty()) {
        return Err(ApiError::bad_parameter(
            "stream",
            "is missing; give the key of a stream, a `category`, or `all`",
        ));
    }
    if streams.len() > MAX_STREAMS {
        return Err(ApiError::bad_parameter(
            "stream",
            format!("at most {MAX_STREAMS} can be watched at once; watch their `category`"),
        ));
    }
    let positions: Vec<Option<EntryId>> = match after {
        None => vec![None; streams.len()],
        Some((name, text)) => text
            .split(',')
            .map(|id| id.parse().map(Some).map_err(|error| ApiError::bad_parameter(name, error)))
            .collect::<Result<_, _>>()?,
    };
    if positions.len() != streams.len() {
        let reason = format!("has {} positions for {} streams", positions.len(), streams.len());
        return Err(ApiError::bad_parameter("after", reason));
    }
    Ok(streams
        .into_iter()
        .zip(positions)
        .map(|(stream, after)| Watched { stream, after })
        .collect())
}

fn key(name: &str, text: &str) -> Result<StreamKey, ApiError> {
    text.parse().map_err(|error| ApiError::bad_parameter(name, error))
}

/// What the keys of a category begin with: `aggregate:Order:` for `aggregate:Order`, which does not take in `aggregate:OrderLine:1`.
fn prefix_of(category: &StreamKey) -> StreamKey {
    let bytes = category.as_bytes();
    let bytes = bytes.strip_suffix(b"*").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b":").unwrap_or(bytes);
    StreamKey::from_bytes([bytes, b":"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        query: &str,
        last_event_id: Option<&str>,
    ) -> Result<Vec<(String, Option<String>)>, String> {
        let mut headers = HeaderMap::new();
        if let Some(id) = last_event_id {
            headers.insert("last-event-id", id.parse().unwrap());
        }
        let asked = asked(&headers, query).map_err(|error| error.to_string())?;
        let What::Streams(watched) = asked.what else { panic!("a category") };
        Ok(watched
            .into_iter()
            .map(|w| (w.stream.to_string(), w.after.map(|id| id.to_string())))
            .collect())
    }

    #[test]
    fn each_stream_has_its_position() {
        let watched = parse("stream=a&stream=b%3A1&after=5-0,7-1", None).unwrap();
        assert_eq!(watched, [("a".into(), Some("5-0".into())), ("b:1".into(), Some("7-1".into()))]);
    }

    #[test]
    fn what_the_browser_remembers_wins() {
        assert_eq!(
            parse("stream=a&after=5-0", Some("9-0")).unwrap(),
            [("a".into(), Some("9-0".into()))]
        );
        assert_eq!(parse("stream=a", None).unwrap(), [("a".into(), None)]);
    }

    #[test]
    fn a_category_is_what_its_keys_begin_with() {
        for (query, prefix) in [
            ("category=aggregate:Order", "aggregate:Order:"),
            ("category=aggregate:Order:*", "aggregate:Order:"),
            ("category=aggregate%3AOrder%3A", "aggregate:Order:"),
            ("all", ""),
            ("all=1", ""),
        ] {
            let expected = Ok(What::Category(prefix.into(), None));
            assert_eq!(
                asked(&HeaderMap::new(), query).map(|asked| asked.what),
                expected,
                "{query}"
            );
        }
    }

    #[test]
    fn a_category_goes_on_from_one_position_for_all() {
        let query = "category=a&after=1706185200000-3%40a%3A7%2C5-0%40a%3A9";
        let asked = asked(&HeaderMap::new(), query).unwrap();
        let What::Category(_, Some(from)) = asked.what else { panic!("no position") };
        assert_eq!(from.to_string(), "1706185200000-3@a:7,5-0@a:9");
    }

    #[test]
    fn watches_side_by_side_are_queries_of_their_own() {
        let query = "watch=stream%3Da%2526b%26after%3D5-0&watch=category%3Dc";
        let watches = joined(query).unwrap();
        assert_eq!(watches, ["stream=a%26b&after=5-0", "category=c"]);
        let [(stream, after)] = &parse(&watches[0], None).unwrap()[..] else { panic!("several") };
        assert_eq!((stream.as_str(), after.as_deref()), ("a&b", Some("5-0")));
        assert_eq!(joined("stream=a").unwrap(), [""; 0]);
        assert!(joined(&"watch=all&".repeat(MAX_WATCHES)).is_ok());
        let error = joined(&"watch=all&".repeat(MAX_WATCHES + 1)).unwrap_err();
        assert_eq!(error.parameter.as_deref(), Some("watch"));
    }

    #[test]
    fn bad_parameters_are_named() {
        for (query, name) in [
            ("", "`stream`"),
            ("stream=", "`stream`"),
            ("stream=a\\", "`stream`"),
            ("stream=a&after=x", "`after`"),
            ("stream=a&after=1-0,2-0", "`after`"),
            ("stream=a&category=b", "`stream`"),
            ("stream=a&all", "`stream`"),
            ("category=a&after=x", "`after`"),
            ("category=a\\", "`category`"),
        ] {
            let error = parse(query, None).unwrap_err();
            assert!(error.contains(name), "{query}: {error}");
        }
    }
}
