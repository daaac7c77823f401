use proptest::prelude::*;
use rewind_domain::filter::native::{Native, Verdict};
use rewind_domain::{Filter, UNKNOWN_VERSION};

use super::*;
use crate::{EventFilter, Expression};

fn filter(text: &str) -> EventFilter {
    EventFilter::compile(&Filter::parse(text).unwrap(), Limits::default())
        .unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn matches(text: &str, event_type: &str, data: &str) -> Result<bool, FoldError> {
    let fields = fields(event_type, data);
    filter(text).begin().matches(&RawEvent::new(id(1), 1, &fields))
}

#[test]
fn terms_and_an_expression_have_to_hold_together() {
    let data = r#"{"total":150.50,"items":[{"sku":"a"},{"sku":"b"}]}"#;
    for (text, answer) in [
        ("", true),
        ("type:Order*", true),
        ("type:Order* data.total>150.5", false),
        ("type:OrderPaid =event.data.total > 100", true),
        ("type:StockTaken =event.data.total > 100", false),
        ("=event.data.items.some((item) => item.sku === 'b')", true),
        ("event.data.items.length > 2", false),
        ("(event.type === 'OrderPaid') && event.data.items.length", true),
    ] {
        assert_eq!(matches(text, "OrderPaid", data), Ok(answer), "{text}");
    }
}

#[test]
fn what_is_wrong_in_an_expression_is_told_at_its_column_in_the_filter() {
    for (text, column, length) in [
        ("type:Ä =event.data.a +", 23, 0),
        ("=event.data.a; 1", 14, 1),
        ("  event.data.a ) (", 16, 1),
        ("=event.data.a +\n  * 2", 19, 1),
    ] {
        let filter = Filter::parse(text).unwrap();
        let error = EventFilter::compile(&filter, Limits::default()).map(drop).unwrap_err();
        assert_eq!((error.column, error.length), (column, length), "{text} {error:?}");
    }
}

#[test]
fn an_event_for_which_the_expression_throws_is_told_and_the_next_one_is_asked() {
    let filter = filter("type:E =event.data.customer.name === 'x'");
    let mut filtering = filter.begin();
    let mut ask =
        |event_type, data| filtering.matches(&RawEvent::new(id(1), 1, &fields(event_type, data)));
    assert_eq!(ask("E", "{}").unwrap_err().kind, FoldErrorKind::Threw);
    // Where another term does not hold, nobody asks.
    assert_eq!(ask("F", "{}"), Ok(false));
    assert_eq!(ask("E", r#"{"customer":{"name":"x"}}"#), Ok(true));
}

#[test]
fn a_version_that_is_not_known_is_a_failure_however_it_is_asked_for() {
    let fields = fields("E", r#"{"version":7,"total":5}"#);
    for text in [
        "=event.version > 3",
        "=event.version < 3",
        "=event?.version >= 0",
        "=event.type && version > 3",
        "=event.type && typeof version === 'undefined'",
        "=event['version'] > 3",
        "=event[['ver', 'sion'].join('')] === undefined",
        "=(({ version }) => version > 3)(event)",
        "=JSON.stringify(event).length > 3",
        "=({ ...event }).type === 'E'",
        "=(() => { try { return event.version > 3; } catch { return true; } })()",
        "event.data.total === 5 && event.version > 3",
        "type:E =event.version > 3",
    ] {
        let filter = filter(text);
        assert!(filter.asks_version(), "{text}");
        let mut filtering = filter.begin();
        let error = filtering.matches(&RawEvent::new(id(1), UNKNOWN_VERSION, &fields)).unwrap_err();
        assert_eq!(error.kind, FoldErrorKind::Threw, "{text}");
        assert!(error.message.contains("the version of this event is not known"), "{text} {error}");
        // The next one is asked all the same.
        assert!(filtering.matches(&RawEvent::new(id(4), 4, &fields)).is_ok(), "{text}");
    }
    for (text, answer) in [
        ("type:F =event.version > 3", false),
        ("=event.type === 'F' && event.version > 3", false),
        ("=event.type === 'E' || event.version > 3", true),
        ("=event.data.version === 7", true),
    ] {
        let found = filter(text).begin().matches(&RawEvent::new(id(1), UNKNOWN_VERSION, &fields));
        assert_eq!(found, Ok(answer), "{text}");
    }
}

#[test]
fn an_expression_of_a_filter_is_limited() {
    let limits = Limits { event_ms: 30, ..Limits::default() };
    let filter = Filter::parse("=event && (() => { for (;;); })()").unwrap();
    let filter = EventFilter::compile(&filter, limits).unwrap();
    let fields = fields("E", "{}");
    let error = filter.begin().matches(&RawEvent::new(id(1), 1, &fields)).unwrap_err();
    assert_eq!(error.kind, FoldErrorKind::EventTimeout);
}

/// Values of all kinds that comparisons treat in ways of their own.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "1.0",
        "2.50",
        "-1",
        "1e400",
        "0.1",
        "0.1000000000000000055",
        "9007199254740991",
        "9007199254740993",
        "12345678901234567890",
        r#""""#,
        r#""0""#,
        r#""1""#,
        r#""1.0""#,
        r#"" 1""#,
        r#""0x1""#,
        r#""1e0""#,
        r#""-1""#,
        r#""a""#,
        r#""paid""#,
        r#""Infinity""#,
        r#""null""#,
        r#""true""#,
        r#""é""#,
        r#""\u0061""#,
        r#""\uffee""#,
        r#""\ud83d\ude00""#,
        "[]",
        "[1]",
        "{}",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 16, 3, |inner| {
        let key = prop::sample::select(vec!["a", "b", "0", "length", "\\u0061"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key, inner), 0..4).prop_map(|members| {
                let members = members.iter().map(|(key, value)| format!("\"{key}\":{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn member() -> impl Strategy<Value = String> {
    let step = prop::sample::select(vec![
        ".a", ".b", "[0]", "[1]", ".length", "['a']", "?.a", "?.[0]", ".zz", " . b",
    ]);
    let fixed = prop::sample::select(vec![
        "event.type",
        "event['type']",
        "event.id",
        "event.version",
        "event.timestamp_ms",
        "event?.type",
        "event.data",
    ]);
    prop_oneof![
        1 => fixed.prop_map(str::to_owned),
        4 => prop::collection::vec(step, 0..4).prop_map(|steps| format!("event.data{}", steps.concat())),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    let literal = prop::sample::select(vec![
        "null",
        "undefined",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "2.5",
        "0.1",
        "1706185200001",
        "9007199254740992",
        "''",
        "'0'",
        "'1'",
        "\"paid\"",
        "'a'",
        "'é'",
        "'😀'",
        "'\u{ffee}'",
        "'E'",
        "'1706185200001-0'",
        "'0x1'",
        "'true'",
        "' '",
        "- 1",
    ])
    .prop_map(str::to_owned);
    let comparison =
        prop::sample::select(vec!["==", "===", "!=", "!==", "<", "<=", ">", ">=", " < "]);
    let leaf = prop_oneof![2 => member(), 1 => literal];
    leaf.prop_recursive(4, 12, 2, move |inner| {
        prop_oneof![
            4 => (inner.clone(), comparison.clone(), inner.clone())
                .prop_map(|(a, how, b)| format!("{a}{how}{b}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} && {b}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}||{b}")),
            1 => inner.clone().prop_map(|a| format!("!{a}")),
            1 => inner.prop_map(|a| format!("({a})")),
        ]
    })
}

fn payloads() -> impl Strategy<Value = Vec<Fields>> {
    let payload = prop_oneof![8 => json(), 1 => Just("{oops".to_owned())];
    let event_type = prop::sample::select(vec!["E", "paid", "1", "é"]);
    let fields = prop_oneof![
        4 => (event_type.clone(), payload.clone())
            .prop_map(|(name, data)| Fields::from_iter([("type", name.to_owned()), ("data", data)])),
        1 => payload.clone().prop_map(|data| Fields::from_iter([("data", data)])),
        1 => (event_type, payload.clone()).prop_map(|(name, data)| Fields::from_iter([("event", name.to_owned()), ("body", data)])),
        1 => payload.prop_map(|value| Fields::from_iter([("a", value.clone()), ("event", value)])),
    ];
    prop::collection::vec(fields, 1..12)
}

/// Whatever is answered without the engine is what the engine answers.
fn agrees(source: &str, events: &[Fields]) -> Result<(), TestCaseError> {
    let filter = Filter::parse(&format!("={source} || event.type === 'none'")).unwrap();
    let (source, _) = filter.script().unwrap();
    let Ok(expression) = Expression::compile(source, Limits::default()) else {
        prop_assert_eq!(Native::read(source), None, "{}", source);
        return Ok(());
    };
    let mut evaluating = expression.begin().unwrap();
    for (version, fields) in (1..).zip(events) {
        let event = RawEvent::new(id(version), version, fields);
        let verdict = filter.verdict(&event);
        if verdict == Verdict::Ask {
            continue;
        }
        let answer = evaluating.is_true(&Json::Null, &event);
        prop_assert_eq!(Ok(verdict == Verdict::Yes), answer, "{} {:?}", source, fields);
        // An index that knows only the types never leaves out an event that is meant.
        let event_type = event.decode().event_type;
        prop_assert!(verdict == Verdict::No || filter.may_match_type(event_type.as_deref()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_expression_that_is_answered_natively_is_answered_as_the_engine_does(source in expression(), events in payloads()) {
        agrees(&source, &events)?;
    }

    #[test]
    fn one_comparison_is_answered_as_the_engine_does(
        path in member(),
        how in prop::sample::select(vec!["==", "===", "!=", "!==", "<", "<=", ">", ">="]),
        other in prop_oneof![member(), prop::sample::select(vec!["null", "1", "'1'", "'a'", "true", "'😀'", "undefined"]).prop_map(str::to_owned)],
        events in payloads(),
    ) {
        agrees(&format!("{path} {how} {other}"), &events)?;
    }

    #[test]
    fn an_expression_with_something_odd_in_it_is_read_as_the_engine_reads_it(
        source in expression(),
        at: prop::sample::Index,
        odd in r#"[!()&|<>=?.'"\[\]+\-* \n0-9neé_$\\]{1,2}|--|/\*|//|<!--|-->|\*/|=>|\?\?|\\u0061|0x|void |in "#,
        events in payloads(),
    ) {
        let places: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
        let (before, after) = source.split_at(*at.get(&places));
        agrees(&format!("{before}{odd}{after}"), &events)?;
    }
}

#[test]
fn usual_expressions_need_no_engine() {
    let fields =
        fields("OrderPaid", r#"{"total":150,"customer":{"name":"x"},"items":[{"sku":"a"}]}"#);
    let event = RawEvent::new(id(1), 1, &fields);
    for source in [
        "event.type == \"OrderPaid\" && event.data.total > 100",
        "event.data.customer.name !== 'y' || event.version < 0",
        "!(event.data.items[0].sku === 'b')",
        "event.data.discount == null && event.data.customer != null",
        "event.data.discount?.code === undefined",
        "event[\"data\"].total >= 150",
    ] {
        assert_eq!(Filter::parse(source).unwrap().verdict(&event), Verdict::Yes, "{source}");
    }
}

/// Texts that are nearly JSON, or JSON with odd parts.
const ODD: &[&str] = &[
    r#"{"a":1,"b":{"c":[1,{"d":"\u0041"}],"e":-1.5e3},"total":7}"#,
    r#"{"b":tru,"total":7}"#,
    r#"{"b":01,"total":7}"#,
    r#"{"b":"\ud800","total":7}"#,
    r#"{"b":"\x","total":7}"#,
    r#"{"b":[1,],"total":7}"#,
    r#"{"b":{"c"},"total":7}"#,
    r#"{"b":1 "total":7}"#,
    r#"{"total":1,"b":2,"total":7}"#,
    r#"{"to\u0074al":7,"b":2}"#,
    r#"{"b":"unclosed,"total":7}"#,
    r#"{"b":9007199254740993,"total":7}"#,
    "{\"b\":\"\t\",\"total\":7}",
    r#"[{"total":7}]"#,
    "{}",
    "7",
    "",
];

#[test]
fn what_an_expression_does_not_take_changes_nothing_of_its_answer() {
    let deep = format!("{{\"b\":{}{},\"total\":7}}", "[".repeat(2_000), "]".repeat(2_000));
    for data in ODD.iter().copied().chain([deep.as_str()]) {
        let some = matches("=Math.round(event.data.total) === 7", "E", data);
        // Whoever takes it by a text may take any member.
        let all = matches("=Math.round(event['data']['total']) === 7", "E", data);
        assert_eq!(some, all, "{data}");
    }
}

proptest! {
    #[test]
    fn members_passed_over_change_nothing_whatever_the_payload(
        cut in 0_usize..90, with in "[\\[\\]{}:,\"\\\\0-9a-z .-]{0,3}",
    ) {
        let data = r#"{"a":{"b":[1,2.50,{"c":"x\"y"}],"n":null},"s":"text","t":true,"total":7}"#;
        let cut = cut.min(data.len());
        let data = format!("{}{with}{}", &data[..cut], &data[cut..]);
        let some = matches("=Math.round(event.data.total) === 7", "E", &data);
        let all = matches("=Math.round(event['data']['total']) === 7", "E", &data);
        prop_assert_eq!(some.map_err(|e| e.kind), all.map_err(|e| e.kind), "{}", data);
    }
}
