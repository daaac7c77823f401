//! Bodies of `POST` calls that are not what they should be, each with the status that it deserves.

/// A body, and how it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// What it says that it is; nothing where it does not say.
    pub content_type: Option<&'static str>,
    /// What it is.
    pub text: &'static str,
    /// The status of the answer.
    pub status: u16,
}

const JSON: Option<&str> = Some("application/json");

const fn body(content_type: Option<&'static str>, text: &'static str, status: u16) -> Body {
    Body { content_type, text, status }
}

/// All of them. None is right for any call.
pub const BODIES: [Body; 23] = [
    body(JSON, "", 400),
    body(JSON, "{", 400),
    body(JSON, "null", 400),
    body(JSON, "[]", 400),
    body(JSON, "\"text\"", 400),
    body(JSON, "5", 400),
    body(JSON, "{} {}", 400),
    body(JSON, "{'a': 1}", 400),
    body(JSON, "{\"a\": 1,}", 400),
    body(JSON, "{\"a\": \"\u{0}\"}", 400),
    body(JSON, "{\"stream\": \"\\ud800\"}", 400),
    body(JSON, "{\"stream\": 5, \"source\": 5, \"ticket\": 5, \"action\": 5, \"streams\": 5}", 400),
    body(
        JSON,
        "{\"stream\": [], \"source\": {}, \"ticket\": [], \"action\": {}, \"streams\": {}}",
        400,
    ),
    body(
        JSON,
        "{\"stream\": null, \"source\": null, \"ticket\": null, \"action\": null, \"streams\": null}",
        400,
    ),
    body(JSON, "\u{feff}{}", 400),
    body(None, "{}", 415),
    body(Some(""), "{}", 415),
    body(Some("text/plain"), "{}", 415),
    body(Some("text/plain; application/json"), "{}", 415),
    body(Some("application/x-www-form-urlencoded"), "stream=a&source=b", 415),
    body(Some("multipart/form-data; boundary=x"), "--x--", 415),
    body(Some("application/json; charset=utf-16"), "{}", 415),
    body(Some("application/jsonp"), "{}", 415),
];
