use super::*;
use crate::Expression;

fn expression(source: &str) -> Expression {
    Expression::compile(source, Limits::default())
        .unwrap_or_else(|error| panic!("{source}: {error:?}"))
}

fn is_true(source: &str, state: &str) -> Result<bool, FoldError> {
    let fields = fields("OrderPaid", r#"{"amount":5}"#);
    let event = RawEvent::new(id(7), 7, &fields);
    expression(source).begin()?.is_true(&Json::parse(state).unwrap(), &event)
}

#[test]
fn an_expression_asks_about_state_event_and_version() {
    for (source, answer) in [
        ("state.total > 100", true),
        ("state.total > 100 && event.type === 'OrderCreated'", false),
        ("event.data.amount === 5", true),
        ("event.fields.type === 'OrderPaid'", true),
        ("version === 7", true),
        ("event.version === version && event.id === '1706185200007-0'", true),
        ("state.missing?.name", false),
        ("state.items.some((item) => item.sku === 'a')", true),
        ("state.items.map((item) => item.sku).sort().join() === 'a,b'", true),
        ("'text'", true),
        ("''", false),
        ("null, 1", true),
        ("1 // with a comment", true),
        ("(x => { let y = x; y += 1; return y; })(1) === 2", true),
        ("`${state.total}`.startsWith('150')", true),
    ] {
        let state = r#"{"total":150.50,"items":[{"sku":"b"},{"sku":"a"}]}"#;
        assert_eq!(is_true(source, state), Ok(answer), "{source}");
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for (source, message, place) in [
        ("", "empty", Some((1, 1))),
        ("  // nothing", "empty", Some((1, 1))),
        ("state.", "ends too early", Some((1, 7))),
        ("a; b", "one expression", Some((1, 2))),
        ("let x = 1", "not a statement", Some((1, 1))),
        ("if (state) 1", "not a statement", Some((1, 1))),
        (") + (", "closes nothing", Some((1, 1))),
        ("state.a)}, function(){(1", "closes nothing", Some((1, 8))),
        ("await 1", "", Some((1, 7))),
        ("async () => 1", "`async`", Some((1, 1))),
        ("state.a +\n  * 2", "", Some((2, 3))),
    ] {
        let error = Expression::compile(source, Limits::default()).map(drop).expect_err(source);
        assert_eq!(error.kind, FoldErrorKind::Invalid, "{source} {error:?}");
        assert!(error.message.contains(message), "{source} {error:?}");
        assert_eq!(error.line.zip(error.column), place, "{source} {error:?}");
    }
}

#[test]
fn an_expression_that_throws_says_so_and_can_be_asked_again() {
    let expression = expression("state.customer.name === 'x'");
    let mut evaluating = expression.begin().unwrap();
    let fields = fields("E", "{}");
    let event = RawEvent::new(id(1), 1, &fields);
    let error = evaluating.is_true(&Json::empty_object(), &event).unwrap_err();
    assert_eq!(error.kind, FoldErrorKind::Threw);
    assert_eq!((error.line, error.column.is_some()), (Some(1), true));
    let state = Json::parse(r#"{"customer":{"name":"x"}}"#).unwrap();
    assert_eq!(evaluating.is_true(&state, &event), Ok(true));
}

#[test]
fn an_expression_is_limited_and_cannot_be_asked_after_that() {
    let limits = Limits { event_ms: 30, ..Limits::default() };
    let expression = Expression::compile("version && (() => { for (;;); })()", limits).unwrap();
    let mut evaluating = expression.begin().unwrap();
    let fields = fields("E", "{}");
    for _ in 0..2 {
        let error = evaluating.is_true(&Json::Null, &RawEvent::new(id(1), 1, &fields)).unwrap_err();
        assert_eq!(error.kind, FoldErrorKind::EventTimeout);
    }
}

#[test]
fn a_state_that_changes_step_by_step_is_seen_as_it_is() {
    let expression = expression("JSON.stringify(state) === event.data");
    let mut evaluating = expression.begin().unwrap();
    let mut state = Json::empty_object();
    for text in [
        r#"{"a":1}"#,
        r#"{"a":1,"b":[1,2]}"#,
        r#"{"a":1,"b":[1,3,4]}"#,
        r#"{"a":{"x":1},"b":[1]}"#,
        r#"{"a":{"x":2,"y":[]},"b":[1]}"#,
        r#"{"a":{"y":[]}}"#,
        "[]",
        r#"["x",{"y":1}]"#,
        r#"["x",{"y":2}]"#,
        "null",
    ] {
        let next = Json::parse(text).unwrap();
        // Parts that are the same are shared, as a fold has it.
        let changes = rewind_domain::diff::diff(&state, &next);
        rewind_domain::diff::apply(&mut state, &changes).unwrap();
        let fields = fields("E", &Json::string(state.to_string()).to_string());
        assert_eq!(
            evaluating.is_true(&state, &RawEvent::new(id(1), 1, &fields)),
            Ok(true),
            "{text}"
        );
    }
}

#[test]
fn an_expression_cannot_change_the_state() {
    for source in [
        "state.list.sort()",
        "state.x = 1",
        "delete state.list",
        "Object.assign(state, { a: 1 })",
        "[9].map(state.list.push, state.list)",
    ] {
        assert_eq!(
            is_true(source, r#"{"list":[2,1]}"#).unwrap_err().kind,
            FoldErrorKind::Threw,
            "{source}"
        );
    }
}
