//! What is said of streams that could not be read.

use rewind_domain::foreign_text::visible;

use crate::api::find::UnreadStreams;
use crate::ui::text;

/// How many of them are named: the rest is counted.
const NAMED: usize = 5;

/// How many there are, which they are, what became of them, and why.
pub(crate) fn sentence(unread: &UnreadStreams, fate: &str) -> String {
    let count = text::counted(unread.count, "stream", "streams");
    let named: Vec<String> = unread
        .streams
        .iter()
        .take(NAMED)
        .map(|stream| format!("`{}`", visible(&stream.to_string())))
        .collect();
    let more = unread.count.saturating_sub(named.len() as u64);
    let names = match (named.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", named.join(", ")),
        (false, more) => format!(": {} and {} more", named.join(", "), text::grouped(more)),
    };
    format!("{count} {fate}{names}. {}", text::sentence(&unread.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(count: u64) -> UnreadStreams {
        let mut unread = None;
        for n in 0..count {
            let stream = format!("secret:{n}").as_str().into();
            UnreadStreams::add(&mut unread, &stream, || "the user may not read it".to_owned());
        }
        unread.unwrap()
    }

    #[test]
    fn a_few_are_named_and_the_rest_is_counted() {
        assert_eq!(
            sentence(&unread(1), "could not be read"),
            "1 stream could not be read: `secret:0`. The user may not read it."
        );
        assert_eq!(
            sentence(&unread(30), "could not be read"),
            "30 streams could not be read: `secret:0`, `secret:1`, `secret:2`, `secret:3`, `secret:4` and 25 more. The user may not read it."
        );
    }
}
