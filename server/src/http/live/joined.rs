//! Several watches side by side on one line, for browsers, which open only six connections to a server over HTTP/1.1.
//!
//! The frames of each stay as they are. A frame `watch` before them says whose they are, whenever that is another one than before.

use bytes::Bytes;
use futures::future::FutureExt as _;
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use rewind_app::api::ApiError;

use super::sse;

/// The frames of all of them, as they come. One that is refused says so in a frame, and ends; the others go on.
pub(super) fn join<W>(watches: impl IntoIterator<Item = W>) -> impl Stream<Item = Bytes>
where
    W: Future<Output = Result<BoxStream<'static, Bytes>, ApiError>> + Send + 'static,
{
    let numbered = watches.into_iter().enumerate().map(|(number, watch)| {
        let frames = watch.map(|opened| opened.unwrap_or_else(|error| refused(&error)));
        frames.flatten_stream().map(move |frame| (number, frame)).boxed()
    });
    let mut current = None;
    stream::select_all(numbered).map(move |(number, frame)| {
        if current.replace(number) == Some(number) {
            return frame;
        }
        // Its empty `id:` keeps browsers from taking the position of one for that of another.
        [sse::frame("watch", Some(""), &number), frame].concat().into()
    })
}

fn refused(error: &ApiError) -> BoxStream<'static, Bytes> {
    stream::iter([sse::frame("refused", None, error)]).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(watches: Vec<Result<Vec<&'static str>, ApiError>>) -> String {
        let open = |watch: Result<Vec<&'static str>, ApiError>| async move {
            watch.map(|frames| stream::iter(frames).map(|f| Bytes::from(f.to_owned())).boxed())
        };
        let frames: Vec<Bytes> = join(watches.into_iter().map(open)).collect().await;
        String::from_utf8(frames.concat()).unwrap()
    }

    /// The frames of each watch, as one who reads the line tells them apart.
    fn told_apart(text: &str, watches: usize) -> Vec<String> {
        let mut of = vec![String::new(); watches];
        let mut current = None;
        for frame in text.split_inclusive("\n\n") {
            match frame.strip_prefix("id: \nevent: watch\ndata: ") {
                Some(number) => current = Some(number.trim().parse::<usize>().unwrap()),
                None => of[current.expect("a watch is named first")] += frame,
            }
        }
        of
    }

    #[tokio::test]
    async fn each_frame_can_be_told_to_be_of_its_watch() {
        let (a, b) = (vec!["data: 1\n\n", "data: 2\n\n"], vec!["data: 3\n\n", "data: 4\n\n"]);
        let text = text(vec![Ok(a.clone()), Ok(b.clone())]).await;
        assert_eq!(told_apart(&text, 2), [a.concat(), b.concat()]);
    }

    #[tokio::test]
    async fn one_that_is_refused_says_why_and_leaves_the_others_alone() {
        let refused = ApiError::bad_parameter("filter", "is none");
        let text = text(vec![Err(refused.clone()), Ok(vec!["data: 1\n\n"])]).await;
        let of = told_apart(&text, 2);
        let json = of[0].strip_prefix("event: refused\ndata: ").unwrap();
        assert_eq!(serde_json::from_str::<ApiError>(json).unwrap(), refused);
        assert_eq!(of[1], "data: 1\n\n");
    }
}
