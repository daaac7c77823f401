use super::*;

#[track_caller]
fn impure(source: &str, message: &str) {
    let fold = compile(source).unwrap_or_else(|error| panic!("{source}: {error:?}"));
    let error = folded(&fold, &[("E", "{}"); 3]).expect_err(source);
    assert_eq!(error.kind, FoldErrorKind::Impure, "{source}: {error:?}");
    assert!(error.message.contains(message), "{error:?}");
}

#[test]
fn a_counter_in_a_closure_is_found_out() {
    impure(
        "const next = (() => { let n = 0; return () => ++n; })(); export default { on: { E(s) { s.n = next(); } } };",
        "event `E` (version 2) gave two different states: at `/n` 2 in the course of events, and 1 from the state before it",
    );
}

#[test]
fn one_object_in_two_places_is_found_out() {
    impure(
        "export default { on: { E(s) { s.a ??= { n: 0 }; s.b ??= s.a; s.a.n++; } } };",
        "the state is more than its JSON",
    );
}

#[test]
fn a_state_with_methods_is_found_out() {
    impure(
        "class Cart { n = 0; add() { this.n++; } } export default { on: { E(s) { s.cart ??= new Cart(); s.cart.add(); } } };",
        "not to the state before it",
    );
}

#[test]
fn constants_do_not_change() {
    for (constant, change) in [
        ("const c = { n: 0 };", "c.n++"),
        ("const c = { a: [{ n: 0 }] };", "c.a[0].n++"),
        ("const c = [];", "c.push(1)"),
        ("const c = new Map();", "c.set(1, 1)"),
        ("const c = new Map([[1, { n: 0 }]]);", "c.get(1).n++"),
        ("const c = new Set();", "c.add(1)"),
        ("const c = new Date(0);", "c.setTime(1)"),
        ("const { c } = { c: [] };", "c.push(1)"),
        ("const [, c = []] = [];", "c.push(1)"),
        ("const a = 1, c = [];", "c.push(1)"),
        ("class c { static n = 0; }", "c.n++"),
        ("function c() {}", "c.n = 1"),
        ("const d = { e: {} }, c = () => d.e;", "c().x = 1"),
        ("const c = Object.freeze({ a: {} });", "c.a.x = 1"),
        ("const c = /x/;", "c.x = 1"),
    ] {
        let fold =
            compile(&format!("{constant} export default {{ on: {{ E() {{ {change}; }} }} }};"))
                .unwrap();
        let error = folded(&fold, &[("E", "{}")]).expect_err(change);
        assert_eq!(error.kind, FoldErrorKind::Threw, "{constant} {error:?}");
    }
}

#[test]
fn a_fold_cannot_keep_anything_in_itself() {
    for change in ["this.n = 1", "fold.on.n = 1", "fold.on.E.n = 1"] {
        let source =
            format!("const fold = {{ on: {{ E() {{ {change}; }} }} }}; export default fold;");
        let error = folded(&compile(&source).unwrap(), &[("E", "{}")]).expect_err(change);
        assert_eq!(error.kind, FoldErrorKind::Threw, "{change} {error:?}");
    }
}

#[test]
fn constants_that_are_only_read_do_not_hinder() {
    let source = r"
      const LABELS = new Map([['a', 'A']]), WORD = /\w+/g, RATES = Object.freeze({ EUR: 1 });
      const letters = 'ab cd';
      export default { on: { E(s) {
        s.label = LABELS.get('a'); s.rate = RATES.EUR;
        s.words = letters.match(WORD); s.first = WORD.exec(letters)[0]; s.replaced = letters.replace(WORD, 'x');
        s.test = WORD.test(letters);
      } } };";
    assert_eq!(
        folded(&compile(source).unwrap(), &[("E", "{}"); 4]).unwrap(),
        r#"{"label":"A","rate":1,"words":["ab","cd"],"first":"ab","replaced":"x x","test":true}"#
    );
}

#[test]
fn nothing_goes_from_one_folding_to_the_next() {
    let fold = compile(
        "const next = (() => { let n = 0; return () => ++n; })(); export default { on: { E(s) { s.n = next(); } } };",
    )
    .unwrap();
    for _ in 0..3 {
        assert_eq!(folded(&fold, &[("E", "{}")]).unwrap(), r#"{"n":1}"#);
    }
}

#[test]
fn what_shows_late_is_found_out_after_a_checkpoint() {
    let fold = compile(
        "const seen = (() => { let n = 0; return () => n++; })(); export default { on: { E(s) { s.late = seen() > 100; } } };",
    )
    .unwrap();
    let mut folding = fold.begin(None).unwrap();
    for version in 1..=200 {
        apply(folding.as_mut(), version, "E", "{}").unwrap();
    }
    folding.checkpoint().unwrap();
    let error = apply(folding.as_mut(), 201, "E", "{}").unwrap_err();
    assert_eq!(error.kind, FoldErrorKind::Impure);
}

#[test]
fn what_shows_late_is_found_out_in_the_course_of_events() {
    let fold = compile(
        "const seen = (() => { let n = 0; return () => n++; })(); export default { on: { E(s) { s.late = seen() > 100; } } };",
    )
    .unwrap();
    let mut folding = fold.begin(None).unwrap();
    let error = (1..10_000).find_map(|version| apply(folding.as_mut(), version, "E", "{}").err());
    assert_eq!(error.unwrap().kind, FoldErrorKind::Impure);
}
