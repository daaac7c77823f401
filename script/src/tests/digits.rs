use proptest::prelude::*;

use super::*;

const COPY: &str = "export default { initial: null, on: { $any: (state, event) => event.data } };";

#[test]
fn numbers_that_are_passed_on_keep_their_digits() {
    for data in [
        "1.10",
        "-0",
        "1e400",
        "12345678901234567890",
        r#"{"a":1.0,"b":1,"c":1.00,"d":1e0}"#,
        "[1.0,1,1.00]",
        r#"{"a":[0.1000000000000000055,0.1],"b":{"c":3000000000.0,"d":3000000000}}"#,
        r#"[9007199254740991,9007199254740992,-9007199254740993,2147483648]"#,
        r#"{"a":1.10,"b":{"a":1.1}}"#,
    ] {
        assert_eq!(folded(&compile(COPY).unwrap(), &[("E", data)]).unwrap(), data);
        assert_eq!(
            after_one("(s, e) => { s.x = [e.data]; }", data).unwrap(),
            format!(r#"{{"x":[{data}]}}"#)
        );
    }
}

#[test]
fn numbers_that_are_copied_one_by_one_keep_their_digits() {
    let handler = "(s, { data }) => { s.total = data.total; s.list = [data.total]; }";
    assert_eq!(
        after_one(handler, r#"{"total":100.00}"#).unwrap(),
        r#"{"total":100.00,"list":[100.00]}"#
    );
}

#[test]
fn a_script_computes_with_what_a_number_is() {
    assert_eq!(
        after_one("(s, e) => [e.data.a + e.data.b]", r#"{"a":1.10,"b":2}"#).unwrap(),
        "[3.1]"
    );
    assert_eq!(
        after_one("(s, e) => [e.data.a + 1n, typeof e.data.a]", r#"{"a":12345678901234567890}"#)
            .unwrap(),
        r#"[12345678901234567891,"bigint"]"#
    );
}

#[test]
fn a_counter_is_not_spelled_like_an_amount() {
    let fold =
        fold_on("E(s, { data }) { s.n = (s.n ?? 0) + 1; s.qty = data.qty; s.price = data.price; }");
    let data = r#"{"qty":1,"price":1.0}"#;
    assert_eq!(folded(&fold, &[("E", data)]).unwrap(), r#"{"n":1,"qty":1,"price":1.0}"#);
}

#[test]
fn spellings_go_along_when_an_object_is_spread() {
    let fold = fold_on(
        "E: (s, { data }) => ({ ...data, seen: Object.keys(data), text: JSON.stringify(data) })",
    );
    assert_eq!(
        folded(&fold, &[("E", r#"{"a":1.10,"b":1.1}"#)]).unwrap(),
        r#"{"a":1.10,"b":1.1,"seen":["a","b"],"text":"{\"a\":1.1,\"b\":1.1}"}"#
    );
}

#[test]
fn a_number_that_is_set_again_is_spelled_again() {
    let data = r#"{"a":2.50,"b":2.5}"#;
    assert_eq!(
        after_one("(s, { data }) => { data.a = 7.5; return data; }", data).unwrap(),
        r#"{"a":7.5,"b":2.5}"#
    );
}

#[test]
fn an_array_keeps_digits_by_value_once_something_was_moved() {
    let data = "[2.50,1,3.500,2.50,3.5]";
    assert_eq!(
        after_one("(s, { data }) => { data.shift(); return data; }", data).unwrap(),
        "[1,3.5,2.50,3.5]"
    );
}

#[test]
fn of_two_spellings_in_one_history_the_first_stays() {
    let fold = fold_on("E(s, { data }) { s[data.key] = data.value; }");
    let events = [("E", r#"{"key":"a","value":1.10}"#), ("E", r#"{"key":"b","value":1.100}"#)];
    assert_eq!(folded(&fold, &events).unwrap(), r#"{"a":1.10,"b":1.10}"#);
}

#[test]
fn objects_of_events_are_what_they_were_whatever_comes_later() {
    let fold = fold_on("E(s, { data }) { (s.list ??= []).push(data); }");
    let events =
        [("E", r#"{"v":1}"#), ("E", r#"{"v":1.0}"#), ("E", r#"{"v":1.00}"#), ("E", r#"{"v":1}"#)];
    assert_eq!(
        folded(&fold, &events).unwrap(),
        r#"{"list":[{"v":1},{"v":1.0},{"v":1.00},{"v":1}]}"#
    );
}

/// JSON with many numbers that are hard to keep.
fn data() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        4 => prop::sample::select(vec![
            "0", "-0", "1", "1.0", "1.00", "1e0", "1.1", "1.10", "2.50", "-1.10", "20", "20.0", "19.5", "0.5", "1e400", "-1e400",
            "9007199254740992", "9007199254740993", "3000000000", "3000000000.0", "0.000001", "1e-7",
        ]).prop_map(str::to_owned),
        1 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
    ];
    let key = prop_oneof![4 => "[a-c]", 1 => any::<String>()];
    let leaf = prop_oneof![
        6 => number,
        1 => Just("null".to_owned()),
        1 => any::<String>().prop_map(|text| Json::string(text).to_string()),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("{}:{value}", Json::string(key.as_str())))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Handlers that do all sorts of things with numbers; `data` is an array of two values.
const MIX: &str = r"
const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);
export default {
  initial: { n: 0, sum: 0, list: [] },
  on: {
    Copy(state, { data }) { state.copy = data[0]; state.other = data[1]; },
    Push(state, { data }) { state.list.push(data[0]); if (state.list.length > 3) state.list.shift(); },
    Spread(state, { data }) { state.spread = { ...(isObject(state.copy) ? state.copy : {}), ...(isObject(data[0]) ? data[0] : {}) }; },
    Sum(state, { data }) { if (typeof data[0] === 'number' && Number.isFinite(data[0])) state.sum += data[0] / 2; state.n++; },
    Half(state) { state.half = state.n / 2; state.whole = state.half + 0.5; },
    Big(state, { data }) { state.big = typeof data[0] === 'bigint' ? data[0] - 9007199254740990n : 0n; },
    Back(state) { if (isObject(state.copy)) for (const key in state.copy) state.copy[key] = state.other; },
    Take(state) { state.other = state.list[0] ?? null; state.copy = isObject(state.spread) ? { ...state.spread } : null; },
  },
};
";

proptest! {
    #[test]
    fn any_data_that_is_passed_on_is_what_it_was(data in data()) {
        let fold = compile(COPY).unwrap();
        let expected = Json::parse(&data).unwrap();
        let state = folded(&fold, &[("E", &data)]).unwrap();
        prop_assert_eq!(Json::parse(&state).unwrap(), expected);
    }

    #[test]
    fn a_text_is_data_exactly_where_it_is_json(text in r#"[\[\]{}",:0-9.eE+\-a-z\\ uÀ\n]{0,24}"#) {
        let fold = compile(COPY).unwrap();
        let expected = Json::parse(&text).unwrap_or_default();
        let state = folded(&fold, &[("E", &text)]).unwrap();
        prop_assert_eq!(Json::parse(&state).unwrap(), expected);
    }

    #[test]
    fn a_folding_that_resumes_comes_to_the_states_of_one_that_went_on(
        events in prop::collection::vec(
            (prop::sample::select(vec!["Copy", "Push", "Spread", "Sum", "Half", "Big", "Back", "Take"]), data(), data()),
            1..14,
        ),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..3),
    ) {
        let fold = compile(MIX).unwrap();
        let mut straight = fold.begin(None).unwrap();
        let mut resuming = fold.begin(None).unwrap();
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(events.len())).collect();
        for (at, (event_type, a, b)) in events.iter().enumerate() {
            if cuts.contains(&at) {
                let Ok(checkpoint) = resuming.checkpoint() else { return Ok(()) };
                resuming = fold.begin(Some(&checkpoint)).unwrap();
            }
            let version = at as u64 + 1;
            let data = format!("[{a},{b}]");
            let one = apply(straight.as_mut(), version, event_type, &data);
            let other = apply(resuming.as_mut(), version, event_type, &data);
            prop_assert_eq!(one.is_ok(), other.is_ok(), "{:?} {:?}", one, other);
            if one.is_err() {
                return Ok(());
            }
        }
        let (one, other) = (straight.state(), resuming.state());
        prop_assert_eq!(one.map(|state| state.to_string()), other.map(|state| state.to_string()));
    }
}
