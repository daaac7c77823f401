//! What filters find, from outside.

use proptest::prelude::*;

use super::*;
use crate::diff::tests::any_json;
use crate::{Fields, Json, Pointer};

const DATA: &str = r#"{"total":150.50,"amount":"99.90","status":"paid","zip":"0012","note":null,"gift":true,
    "customer":{"address":{"city":"Utrecht","a b":1}},"items":[{"sku":"GADGET","qty":2},{"sku":"WIDGET","qty":12345678901234567890}],
    "tags":["vip","new"],"date":"2012-05-01","name":"M\u00fcller said \"hi\"","status":"open"}"#;

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The order of 2012-01-14, noon, on which these filters are tried.
fn finds(text: &str) -> bool {
    let fields = Fields::from_iter([
        ("type", "OrderPaid"),
        ("timestamp", "2012-01-13T23:30:00Z"),
        ("correlation_id", "abc"),
        ("data", DATA),
    ]);
    finds_in(text, EntryId::new(1_326_542_400_000, 1), &fields)
}

fn finds_in(text: &str, id: EntryId, fields: &Fields) -> bool {
    match filter(text).verdict(&RawEvent::new(id, 1, fields)) {
        Verdict::Yes => true,
        Verdict::No => false,
        Verdict::Ask => panic!("{text} asks"),
    }
}

fn found(texts: &[&str]) {
    texts.iter().for_each(|text| assert!(finds(text), "{text}"));
}

fn not_found(texts: &[&str]) {
    texts.iter().for_each(|text| assert!(!finds(text), "{text}"));
}

#[test]
fn all_terms_have_to_hold() {
    found(&["", "  ", "type:OrderPaid gadget", "-type:OrderCreated -nonsense"]);
    not_found(&["type:OrderPaid nonsense", "-type:OrderPaid"]);
}

#[test]
fn words_are_found_in_names_values_and_the_type() {
    found(&["orderpaid", "CORRELATION", "ABC", "utrecht", "data", "\"\\\"vip\\\",\"", "150.50"]);
    found(&["\"\\\"total\\\":150\"", "MÜLLER", "müller", "\"said \\\"hi\\\"\"", "u00fc"]);
    not_found(&["\"order paid\"", "mueller", "-utrecht"]);
}

#[test]
fn a_type_is_one_of_several_or_looks_like_one() {
    found(&["type:OrderPaid", "type:A,OrderPaid", "type:Order*", "type:*Paid,X", "type=OrderPaid"]);
    found(&["type!=A", "type:\"OrderPaid\"", "has:type"]);
    not_found(&["type:orderpaid", "type:Order", "type=Order*", "type:\"Order*\"", "-type:*"]);
}

#[test]
fn numbers_compare_by_value_with_numbers_and_with_strings_of_digits() {
    found(&["data.total:150.5", "data.total=1505e-1", "data.total>150.4999999999999999999999"]);
    found(&[
        "data.amount<100",
        "data.amount:99.9",
        "data.amount>=99.90",
        "data.items[1].qty>12345678901234567889",
    ]);
    not_found(&[
        "data.total>150.5",
        "data.items[1].qty>12345678901234567890",
        "data.total!=150.50",
    ]);
    not_found(&["data.total:\"150.50\"", "data.zip:12.5"]);
}

#[test]
fn other_values_compare_as_text() {
    found(&[
        "data.zip:0012",
        "data.date>2012",
        "data.date<2012-05-02",
        "data.note:null",
        "data.gift:true",
    ]);
    found(&["data.date:2012-05*", "data.total:15*", "data.zip=\"0012\""]);
    not_found(&[
        "data.gift:\"true\"",
        "data.gift>a",
        "data.tags:vip",
        "data.customer:*",
        "data.status:OPEN",
    ]);
}

#[test]
fn paths_lead_to_members_items_and_any_item() {
    found(&[
        "data.customer.address.city:Utrecht",
        "data.items[0].sku:GADGET",
        "data.items[].sku:WIDGET",
    ]);
    found(&[
        "data.customer.address[\"a b\"]:1",
        "data.tags[]:new",
        "data[\"zip\"]:0012",
        "data.items[].sku!=GADGET",
    ]);
    found(&[
        "-data.missing:1",
        "has:data.note",
        "has:data.items[].qty",
        "-has:data.missing",
        "data.status:open",
    ]);
    not_found(&[
        "data.items[2].sku:*",
        "data.items.sku:GADGET",
        "data.missing!=1",
        "data.status:paid",
        "has:fields.x",
    ]);
}

#[test]
fn raw_fields_are_asked_as_they_are() {
    found(&[
        "fields.correlation_id:abc",
        "fields[\"type\"]:Order*",
        "has:fields.data",
        "-fields.x:1",
    ]);
    not_found(&["fields.correlation_id:ABC", "fields.total:150.50"]);
}

#[test]
fn ids_and_times_are_ranges() {
    found(&[
        "id:1326542400000-1",
        "id:1326542400000",
        "id>1326542400000-0",
        "id:..1326542400000-1",
        "id:1-0..1326542400001",
    ]);
    found(&[
        "time:2012-01-14",
        "time:2011-10-01..2012-01-14",
        "time>=2012-01-14T12:00",
        "time:2012-01-14T13+01:00",
    ]);
    found(&[
        "time:1326542400000",
        "time<2012-01-15",
        "time>1960-01-01",
        "time:1960-01-01..",
        "time:2011-01-01,2012-01-14",
    ]);
    found(&[
        "timestamp:2012-01-13",
        "timestamp<2012-01-14",
        "timestamp!=2012-01-14",
        "-timestamp>2012-01-13",
    ]);
    not_found(&[
        "id>1326542400000-1",
        "id>1326542400000",
        "id!=1326542400000-1",
        "time>2012-01-14",
        "time<1960-01-01",
    ]);
    not_found(&[
        "time!=2012-01-14",
        "-time:2012-01-14",
        "timestamp:2012-01-14",
        "time<2012-01-14T12:00",
    ]);
}

#[test]
fn events_of_other_layouts_are_found_as_well() {
    let id = EntryId::new(1, 0);
    let flat =
        Fields::from_iter([("event", "created"), ("order_id", "123"), ("tag", "a"), ("tag", "b")]);
    let inside = Fields::from_iter([("body", r#"{"type":"Paid","total":5}"#)]);
    let broken = Fields::from_iter([("type", "Paid"), ("data", r#"{"total":5,"#)]);
    let event = Fields::from_iter([("event", r#"{"type":"Paid","total":5}"#)]);
    assert!(finds_in("type:created data.order_id>100 data.tag[]:b fields.tag:b", id, &flat));
    assert!(finds_in("type:Paid data.total:5", id, &inside));
    assert!(finds_in("type:Paid data.total:5", id, &event));
    assert!(finds_in("type:Paid total -has:data.total", id, &broken));
}

#[test]
fn an_error_says_what_where_and_what_would_help() {
    for (text, column, length, message) in [
        ("type:", 6, 0, "a value is missing after `type:`"),
        ("ä data.total>", 14, 0, "a value is missing after `data.total>`"),
        ("type:A,", 8, 0, "a value is missing"),
        ("data.total", 1, 10, "has:data.total"),
        ("total>100", 1, 5, "data.total"),
        ("http://x", 1, 4, "in quotes"),
        ("data.total > 100", 1, 10, "is not compared"),
        ("x > 100", 3, 1, "without white space"),
        ("x = 100", 5, 3, "JavaScript"),
        ("=", 2, 0, "an expression is missing"),
        ("data.items[x]:1", 12, 1, "no index"),
        ("data.items[0:1", 11, 2, "`]`"),
        ("data.:1", 6, 0, "a name is missing"),
        ("a \"b", 3, 2, "closing quote"),
        ("\"a\"b", 4, 0, "white space is missing"),
        ("- a", 1, 1, "`-` stands alone"),
        ("type>A", 1, 5, "no order"),
        ("fields.a.b:1", 1, 10, "one name"),
        ("has:total", 5, 5, "has:data.total"),
        ("time:yesterday", 6, 9, "`yesterday` is not a time"),
        ("id:5..1", 4, 4, "ends before it begins"),
        ("id>=1..5", 5, 4, "stands behind `:`"),
        ("id:x", 4, 1, "not an entry id"),
    ] {
        let error = Filter::parse(text).map(drop).expect_err(text);
        assert_eq!((error.column, error.length), (column, length), "{text} {error}");
        assert!(error.message.contains(message), "{text} {error}");
    }
    assert!(Filter::parse(&"a ".repeat(MAX_CHARS)).is_err());
}

#[test]
fn words_that_look_a_little_like_terms_are_words() {
    for text in ["12:30", "type", "data", "fields", "has", "a.b", "ü:1", "event"] {
        assert_eq!(filter(text).terms()[0].kind(), TermKind::Words, "{text}");
    }
}

#[test]
fn an_expression_is_all_that_follows() {
    for (text, source, start) in [
        ("type:A =event.data.a == \"b c\" ", "event.data.a == \"b c\"", 8),
        ("=  event.x", "event.x", 3),
        (" !(event.a)", "!(event.a)", 1),
        ("event[\"a\"]", "event[\"a\"]", 0),
    ] {
        assert_eq!(filter(text).script(), Some((source, start)), "{text}");
    }
    assert_eq!(filter("a event.x").script(), None);
}

#[test]
fn terms_tell_where_they_stand_and_what_they_are() {
    let filter = filter("ä -type:A,\"b c\"  =event.x");
    let terms: Vec<_> = filter
        .terms()
        .iter()
        .map(|term| (filter.text_of(term), term.kind(), term.is_negated()))
        .collect();
    assert_eq!(
        terms,
        [
            ("ä".to_owned(), TermKind::Words, false),
            ("-type:A,\"b c\"".to_owned(), TermKind::Type, true),
            ("=event.x".to_owned(), TermKind::Script, false),
        ]
    );
}

#[test]
fn a_term_is_added_before_an_expression_and_only_once() {
    let filter = filter("event.x == 1");
    assert_eq!(filter.with("type:A"), "type:A =event.x == 1");
    let filter = Filter::parse(&filter.with("type:A")).unwrap();
    assert_eq!(filter.with("type:\"A\""), "type:A =event.x == 1");
    assert_eq!(filter.without(0), "=event.x == 1");
    assert_eq!(filter.without(7), "type:A =event.x == 1");
}

#[test]
fn readers_need_not_read_outside_of_the_range_of_ids() {
    let id = |ms, seq| Some(EntryId::new(ms, seq));
    let max = u64::MAX;
    for (text, range) in [
        ("a", (None, None)),
        ("id>=5 id<9-3", (id(5, 0), id(9, 2))),
        ("time:1970-01-01 -id<7", (id(7, 0), id(86_399_999, max))),
        ("id:3,9", (id(3, 0), id(9, max))),
        ("-id:3", (None, None)),
        ("timestamp:5", (None, None)),
        ("id:3 id:4", (id(4, 0), id(3, max))),
        ("time>=5", (id(5, 0), None)),
    ] {
        assert_eq!(filter(text).id_range(), range, "{text}");
    }
}

#[test]
fn an_index_may_skip_types_that_cannot_match() {
    for (text, event_type, may) in [
        ("type:A,B x", Some("A"), true),
        ("type:A,B x", Some("C"), false),
        ("type:A", None, false),
        ("-type:A", None, true),
        ("type!=A", Some("A"), false),
        ("-has:type", None, true),
        ("-has:type", Some("A"), false),
        ("=event.type == 'A' && event.data.x > 1", Some("B"), false),
        ("=event.type == 'A' && event.data.x > 1", Some("A"), true),
        ("=event.data.x > 1 && event.type == 'A'", Some("B"), true),
        ("=event.type == null", None, true),
        ("x", Some("B"), true),
    ] {
        assert_eq!(filter(text).may_match_type(event_type), may, "{text} {event_type:?}");
    }
}

/// A filter, or something like one.
fn text() -> impl Strategy<Value = String> {
    let term = prop::sample::select(vec![
        "a",
        "\"b \\\" c\"",
        "-\"\"",
        "type:A,B*",
        "type!=A",
        "data.a>1",
        "data[\"a b\"][].c:x,\"y,z\"",
        "-data.a[0]=1.50",
        "has:data.a",
        "fields.f<=\"x\"",
        "id:1-0..5",
        "id>3",
        "time:1970-01-01",
        "-timestamp:..7",
        "=event.data.a > 1",
        "data.a",
        "x:1",
        "ü",
    ]);
    prop_oneof![
        4 => prop::collection::vec(term, 0..5).prop_map(|terms| terms.join(" ")),
        1 => r#"(data|type|id|time|has|fields|[.:=<>!,\[\]" a0-]){0,8}"#,
    ]
}

fn event() -> impl Strategy<Value = (EntryId, Fields)> {
    let data = prop::sample::select(vec![
        r#"{"a":1}"#,
        r#"{"a":"1.50","b":"b \" c"}"#,
        r#"{"a":[1.5]}"#,
        r#"{"a b":[{"c":"x"}]}"#,
        "[]",
        "{",
    ]);
    let event_type = prop::sample::select(vec!["A", "B", "BC", ""]);
    (0..9u64, 0..2u64, event_type, data).prop_map(|(ms, seq, name, data)| {
        (EntryId::new(ms, seq), Fields::from_iter([("type", name), ("data", data), ("f", "w")]))
    })
}

proptest! {
    #[test]
    fn a_filter_survives_being_written_and_read(text in text()) {
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(&Filter::parse(&filter.to_string()).unwrap(), &filter);
            for (at, term) in filter.terms().iter().enumerate() {
                let alone = Filter::parse(&filter.text_of(term)).unwrap();
                prop_assert_eq!(alone.terms(), &filter.terms()[at..=at]);
                let rest = Filter::parse(&filter.without(at)).unwrap();
                prop_assert_eq!(rest.terms().len(), filter.terms().len() - 1);
                prop_assert_eq!(&Filter::parse(&rest.with("new")).unwrap().terms().len(), &filter.terms().len());
            }
        }
    }

    #[test]
    fn any_text_is_a_filter_or_an_error_at_a_place_in_it(text in prop_oneof![text(), any::<String>()]) {
        if let Err(error) = Filter::parse(&text) {
            let chars = u32::try_from(text.chars().count()).unwrap();
            prop_assert!(error.column >= 1 && error.column - 1 + error.length <= chars, "{:?}", error);
        }
    }

    #[test]
    fn an_event_that_is_meant_is_in_the_range_and_of_a_type_that_may_match(text in text(), (id, fields) in event()) {
        if let Ok(filter) = Filter::parse(&text) {
            let event = RawEvent::new(id, 1, &fields);
            if filter.verdict(&event) != Verdict::No {
                let (first, last) = filter.id_range();
                prop_assert!(first.is_none_or(|first| first <= id) && last.is_none_or(|last| id <= last));
                prop_assert!(filter.may_match_type(event.event_type().as_deref()));
            }
        }
    }

    #[test]
    fn a_negated_term_holds_exactly_where_the_term_does_not(text in text(), (id, fields) in event()) {
        if let Ok(filter) = Filter::parse(&text) {
            for term in filter.terms().iter().filter(|term| term.kind() != TermKind::Script) {
                let written = filter.text_of(term);
                let opposite = match written.strip_prefix('-') {
                    Some(plain) => plain.to_owned(),
                    None => format!("-{written}"),
                };
                prop_assert_ne!(finds_in(&written, id, &fields), finds_in(&opposite, id, &fields));
            }
        }
    }

    #[test]
    fn data_is_found_wherever_it_is(text in text(), data in any_json()) {
        let written = data.to_string();
        let promised = Fields::from_iter([("type", "A"), ("data", written.as_str())]);
        let decoded = Fields::from_iter([("type", "A"), ("data", "{"), ("payload", written.as_str())]);
        if let Ok(filter) = Filter::parse(&text) {
            for term in filter.terms().iter().filter(|term| term.kind() == TermKind::Data) {
                let text = filter.text_of(term);
                let id = EntryId::new(1, 0);
                prop_assert_eq!(finds_in(&text, id, &promised), finds_in(&text, id, &decoded));
            }
        }
    }

    #[test]
    fn the_term_of_a_value_finds_the_event_that_has_it(data in any_json(), other in any::<String>()) {
        let data = Json::object([("a", data), (other.as_str(), Json::string(other.as_str()))]);
        let written = data.to_string();
        let fields = Fields::from_iter([("type", "A"), ("data", written.as_str())]);
        let mut pending = vec![Pointer::root()];
        while let Some(place) = pending.pop() {
            match place.find(&data) {
                Some(Json::Object(members)) => pending.extend(members.keys().map(|key| place.key(key))),
                Some(Json::Array(items)) => pending.extend((0..items.len()).map(|at| place.index(at))),
                _ => {
                    let term = term_of_value(&data, &place).unwrap();
                    prop_assert!(finds_in(&term, EntryId::new(1, 0), &fields), "{}", term);
                }
            }
        }
    }
}
