//! Projections: what they have beside a fold.

use rewind_domain::{FoldErrorKind, Json, RawEvent};

use super::{fields, id};
use crate::{Limits, ScriptProjection};

fn compile(source: &str) -> ScriptProjection {
    ScriptProjection::compile("p.js", source, Limits::default())
        .unwrap_or_else(|error| panic!("{error:?}"))
}

fn folded(projection: &ScriptProjection, events: &[(&str, &str)]) -> String {
    let mut folding = projection.begin(None).unwrap();
    for (version, (event_type, data)) in (1..).zip(events) {
        let fields = fields(event_type, data);
        folding.apply(&RawEvent::new(id(version), version, &fields)).unwrap();
    }
    folding.state().unwrap().to_string()
}

/// The changed rows as text, one after the other.
fn table(
    projection: &ScriptProjection,
    stored: &[(&str, &str)],
    events: &[(&str, &str)],
) -> Vec<String> {
    let mut rows = projection.rows().unwrap();
    for (key, row) in stored {
        rows.insert((*key).to_owned(), Some(Json::parse(row).unwrap()));
    }
    for (version, (event_type, data)) in (1..).zip(events) {
        let fields = fields(event_type, data);
        let event = RawEvent::new(id(version), version, &fields);
        if let Some(key) = rows.key(&event).unwrap() {
            rows.apply(&key, &event).unwrap();
        }
    }
    let shown = |row: Option<Json>| row.map_or("gone".to_owned(), |row| row.to_string());
    let changed = rows.changed().unwrap();
    changed.into_iter().map(|(key, row)| format!("{key} {}", shown(row))).collect()
}

#[test]
fn a_projection_names_its_streams() {
    let projection =
        compile(r#"export default { streams: ["a", "b"], on: { E(s) { s.n = 1; } } };"#);
    assert_eq!(projection.streams(), ["a", "b"]);
    assert!(!projection.is_table());
    assert_eq!(folded(&projection, &[("E", "{}")]), r#"{"n":1}"#);
    let one = compile(r#"export default { streams: "a", on: {} };"#);
    assert_eq!(one.streams(), ["a"]);
}

#[test]
fn a_table_has_a_row_for_each_key() {
    let projection = compile(
        r#"export default {
          streams: ["a"],
          key: ({ data }) => data.customer,
          initial: () => ({ orders: 0, log: [] }),
          on: {
            Ordered(row, { data }) { row.orders += 1; row.log.push(data.n); },
            Forgotten: () => null,
          },
        };"#,
    );
    assert!(projection.is_table());
    let events = [
        ("Ordered", r#"{"customer":"ada","n":1.10}"#),
        ("Ordered", r#"{"customer":7,"n":2}"#),
        ("Ordered", r#"{"n":3}"#),
        ("Ordered", r#"{"customer":"ada","n":4}"#),
        ("Other", r#"{"customer":"eve"}"#),
        ("Forgotten", r#"{"customer":"bob"}"#),
        ("Forgotten", r#"{"customer":"col"}"#),
        ("Ordered", r#"{"customer":"col","n":12345678901234567890}"#),
    ];
    let stored = [("bob", r#"{"orders":9,"log":[]}"#), ("ada", r#"{"orders":5,"log":[0.50]}"#)];
    assert_eq!(
        table(&projection, &stored, &events),
        [
            r#"7 {"orders":1,"log":[2]}"#,
            r#"ada {"orders":7,"log":[0.50,1.10,4]}"#,
            "bob gone",
            r#"col {"orders":1,"log":[12345678901234567890]}"#,
        ]
    );
}

#[test]
fn old_events_are_brought_up_to_date_by_type_or_by_a_function() {
    let by_type = compile(
        r#"export default {
          streams: ["a"],
          upcast: {
            V1: ({ data }) => ({ type: "V2", data: { b: data.a } }),
            V2: (event) => { event.data = { c: event.data.b }; event.type = "V3"; },
          },
          key: (event) => event.data.c,
          initial: { seen: [] },
          on: { V3(row, event) { row.seen.push(event.type + event.data.c); }, $any(row) { row.other = true; } },
        };"#,
    );
    let events = [
        ("V1", r#"{"a":1}"#),
        ("V2", r#"{"b":1}"#),
        ("V3", r#"{"c":1}"#),
        ("V4", r#"{"c":1}"#),
        ("toString", "{}"),
    ];
    assert_eq!(table(&by_type, &[], &events), [r#"1 {"seen":["V31","V31","V31"],"other":true}"#]);
    let by_function = compile(
        r#"export default {
          streams: ["a"],
          upcast(event) { if (event.type === "Old") return { type: "New" }; },
          initial: { n: 0 },
          on: { New(state, { data }) { state.n += data.n; } },
        };"#,
    );
    let events = [("Old", r#"{"n":1}"#), ("New", r#"{"n":2}"#), ("Other", r#"{"n":4}"#)];
    assert_eq!(folded(&by_function, &events), r#"{"n":3}"#);
}

#[test]
fn what_is_no_projection_is_said_with_the_place() {
    for (source, line, expected) in [
        ("export default {\n on: {} };", 1, "`streams` is nothing"),
        ("export default {\n streams: [],\n on: {} };", 2, "`streams` is an array"),
        ("export default {\n streams: ['a'],\n key: 'customer', on: {} };", 3, "`key` is"),
        ("export default {\n streams: ['a'],\n upcast: 1, on: {} };", 3, "`upcast` is"),
        (
            "export default {\n streams: ['a'],\n upcast: { V1: 2 }, on: {} };",
            3,
            "`upcast` for `V1`",
        ),
        ("export default {\n streams: ['a'],\n keys: 1, on: {} };", 3, "did you mean `key`"),
        ("export default {\n streams: ['a'] };", 1, "no `on`"),
    ] {
        let error = ScriptProjection::compile("p.js", source, Limits::default()).unwrap_err();
        assert_eq!(error.kind, FoldErrorKind::Invalid);
        assert!(error.message.contains(expected), "{source}: {}", error.message);
        assert_eq!(error.line, Some(line), "{source}: {}", error.message);
    }
    // A fold has none of these.
    let error = super::compile("export default { streams: ['a'], on: {} };").unwrap_err();
    assert!(error.message.contains("`streams` is not known"), "{}", error.message);
}

#[test]
fn a_key_that_is_none_fails_at_its_line() {
    let projection = compile(
        "export default { streams: ['a'],\n key: (event) => event.data,\n on: { E() {} } };",
    );
    let fields = fields("E", "{}");
    let error = projection.rows().unwrap().key(&RawEvent::new(id(1), 1, &fields)).unwrap_err();
    assert!(error.message.contains("`key` returned an object"), "{}", error.message);
    let thrown =
        compile("export default { streams: ['a'],\n key: (event) =>\n event.data.a.b,\n on: {} };");
    let error = thrown.rows().unwrap().key(&RawEvent::new(id(1), 1, &fields)).unwrap_err();
    assert_eq!(error.line, Some(3), "{error:?}");
}
