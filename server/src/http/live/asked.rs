//! What the parameters of a live line say.

use http::HeaderMap;
use rewind_app::api::ApiError;
use rewind_app::api::query::{LiveQuery, Selection};
use rewind_domain::{EntryId, StreamKey};

use crate::live::{CategoryPosition, Watched};

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
    Category(StreamKey, Option<CategoryPosition>),
}

/// What is watched, and where to go on: what the browser remembers wins over what the URL says.
pub(super) fn asked(headers: &HeaderMap, query: LiveQuery) -> Result<Asked, ApiError> {
    let selection = query.selection()?;
    let remembered = headers.get("last-event-id").filter(|id| !id.is_empty());
    let after = match remembered {
        Some(id) => Some(("Last-Event-ID", String::from_utf8_lossy(id.as_bytes()).into_owned())),
        None => query.after.map(|after| ("after", after)),
    };
    let what = match selection {
        Selection::Streams(streams) => What::Streams(watched(streams, after)?),
        Selection::Prefix(prefix) => {
            let from = after.map(|(name, text)| {
                text.parse().map_err(|error| ApiError::bad_parameter(name, error))
            });
            What::Category(prefix, from.transpose()?)
        }
    };
    Ok(Asked { what, filter: Some(query.filter).filter(|filter| !filter.is_empty()) })
}

fn watched(
    streams: Vec<StreamKey>,
    after: Option<(&str, String)>,
) -> Result<Vec<Watched>, ApiError> {
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

#[cfg(test)]
mod tests {
    use rewind_app::api::live::MAX_WATCHES;
    use rewind_app::api::query::read_url;

    use super::*;

    fn asked(headers: &HeaderMap, query: &str) -> Result<Asked, ApiError> {
        super::asked(headers, read_url(query)?)
    }

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
        let joined = |query: &str| read_url::<LiveQuery>(query).map(|query| query.watch);
        let watches = joined("watch=stream%3Da%2526b%26after%3D5-0&watch=category%3Dc").unwrap();
        assert_eq!(watches, ["stream=a%26b&after=5-0", "category=c"]);
        let [(stream, after)] = &parse(&watches[0], None).unwrap()[..] else { panic!("several") };
        assert_eq!((stream.as_str(), after.as_deref()), ("a&b", Some("5-0")));
        assert_eq!(joined("stream=a").unwrap(), [""; 0]);
        assert!(joined(&"watch=all&".repeat(MAX_WATCHES)).is_ok());
        for wrong in ["watch=all&".repeat(MAX_WATCHES + 1), "watch=all&stream=a".to_owned()] {
            let error = joined(&wrong).unwrap_err();
            assert_eq!(error.parameter.as_deref(), Some("watch"));
        }
    }

    #[test]
    fn bad_parameters_are_named() {
        for (query, name) in [
            ("", "`stream`"),
            ("stream=", "`stream`"),
            ("stream=a\\", "`stream`"),
            ("stream=a&after=x", "`after`"),
            ("stream=a&after=1-0,2-0", "`after`"),
            ("stream=a&category=b", "`category`"),
            ("stream=a&all", "`all`"),
            ("category=a&after=x", "`after`"),
            ("category=a\\", "`category`"),
        ] {
            let error = parse(query, None).unwrap_err();
            assert!(error.contains(name), "{query}: {error}");
        }
    }
}
