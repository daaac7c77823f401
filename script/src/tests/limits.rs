use std::time::{Duration, Instant};

use super::*;

fn limited(on: &str, limits: Limits) -> Result<String, FoldError> {
    let source = format!("export default {{ on: {{ {on} }} }};");
    let fold = ScriptFold::compile("Order.js", &source, limits)?;
    folded(&fold, &[("E", r#"{"text":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}"#)])
}

const SHORT: Limits = Limits {
    event_ms: 50,
    replay_ms: 10_000,
    memory_bytes: 16 * 1024 * 1024,
    stack_bytes: 256 * 1024,
    state_bytes: 1024 * 1024,
};

#[track_caller]
fn stopped(handler: &str, kind: FoldErrorKind, names: &str) {
    let started = Instant::now();
    let error = limited(handler, SHORT).unwrap_err();
    assert_eq!(error.kind, kind, "{handler}: {error:?}");
    assert!(error.message.contains(names), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{handler} took {:?}", started.elapsed());
}

#[test]
fn endless_loops_are_stopped() {
    for handler in [
        "E() { while (true); }",
        "E() { for (;;) { try { for (;;); } catch { } finally { } } }",
        "E() { try { for (;;); } finally { for (;;); } }",
        "E(s, e) { /(a+)+b/.test(e.data.text); }",
        "E(s, e) { e.data.text.replace(/(a|a)*b/g, ''); }",
        "E() { const a = []; a.length = 4294967295; a.indexOf(1); }",
        "E() { const a = []; a.length = 4294967295; a.forEach(() => {}); }",
        "E() { Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1); }",
        "E() { function* g() { for (;;) yield 1; } for (const x of g()); }",
        "E() { throw Object.defineProperty(new Error(), 'message', { get() { for (;;); } }); }",
        "E(s) { Object.defineProperty(s, 'x', { enumerable: true, get() { for (;;); } }); }",
        "E() { return { toJSON() { for (;;); } }; }",
        "E() { [3, 2, 1].sort(() => { for (;;); }); }",
        "E() { `${{ toString() { for (;;); } }}`; }",
        "E() { class A { static { for (;;); } } }",
        "E() { const a = 'a'.repeat(3e6); a.includes('a'.repeat(1.5e6) + 'b'); }",
        "E() { 'a'.repeat(1e7).replaceAll('a', 'bb'); }",
        "E() { for (;;) 'a'.repeat(1e6).normalize('NFD'); }",
    ] {
        stopped(handler, FoldErrorKind::EventTimeout, "longer than 50 ms (`fold-event-ms`)");
    }
}

#[test]
fn an_endless_loop_while_the_module_is_read_is_stopped() {
    let error =
        ScriptFold::compile("x", "for (;;); export default { on: {} };", SHORT).unwrap_err();
    assert_eq!(error.kind, FoldErrorKind::EventTimeout);
    let error =
        ScriptFold::compile("x", "export default { initial() { for (;;); }, on: {} };", SHORT)
            .unwrap_err();
    assert_eq!((error.kind, error.line), (FoldErrorKind::EventTimeout, Some(1)));
}

#[test]
fn all_events_together_have_a_limit() {
    let limits = Limits { event_ms: 10_000, replay_ms: 50, ..SHORT };
    let fold = ScriptFold::compile(
        "x",
        "export default { on: { E() { for (let i = 0; i < 1e4; i++); } } };",
        limits,
    )
    .unwrap();
    let mut folding = fold.begin(None).unwrap();
    let error = (1..1_000_000)
        .find_map(|version| apply(folding.as_mut(), version, "E", "{}").err())
        .unwrap();
    assert_eq!(error.kind, FoldErrorKind::ReplayTimeout);
    assert!(error.message.contains("longer than 50 ms for all events together (`fold-replay-ms`)"));
    drop(folding);
    // Each folding has that much.
    assert!(folded(&fold, &[("E", "{}")]).is_ok());
}

#[test]
fn memory_is_limited() {
    for handler in [
        "E() { const a = []; for (;;) a.push(new Array(1000).fill(0)); }",
        "E() { 'x'.repeat(5e8); }",
        "E() { let s = 'x'; for (;;) s += s + 'y'; }",
        "E() { const a = []; for (;;) a.push(new Array(8e6).fill(0)); }",
        "E() { [...new Array(1e8)]; }",
        "E() { JSON.stringify(new Array(8e6).fill('some text')); }",
        "E() { const m = new Map(); for (let i = 0; ; i++) m.set(i, {}); }",
    ] {
        let limits = Limits { event_ms: 20_000, ..SHORT };
        let error = limited(handler, limits).unwrap_err();
        // The engine itself refuses texts beyond half a gigabyte.
        let is_refused = ["invalid string length", "string too long"]
            .iter()
            .any(|text| error.message.contains(text));
        assert!(is_refused || error.kind == FoldErrorKind::OutOfMemory, "{handler}: {error:?}");
        assert!(
            is_refused || error.message.contains("16 MiB of memory were needed (`fold-memory-mb`)")
        );
    }
}

#[test]
fn lists_that_only_say_that_they_are_long_are_refused() {
    for expression in [
        "a.join()",
        "a.reverse()",
        "a.slice()",
        "a.sort()",
        "a.shift()",
        "[].concat(a)",
        "`${a}`",
        "a.flat()",
        "JSON.stringify(a)",
        "Array.prototype.join.call({ length: 2 ** 53 - 1 })",
        "String.raw({ raw: { length: 2 ** 53 - 1 } })",
    ] {
        let handler = format!("E() {{ const a = []; a.length = 4294967295; {expression}; }}");
        stopped(&handler, FoldErrorKind::Threw, "there can be 8388608");
    }
}

#[test]
fn depth_of_calls_is_limited() {
    let names = "256 KiB of stack were needed (`fold-stack-kb`)";
    stopped("E() { const f = () => f() + 1; f(); }", FoldErrorKind::StackOverflow, names);
    stopped(
        "E() { const o = { toString() { return `${o}`; } }; `${o}`; }",
        FoldErrorKind::StackOverflow,
        names,
    );
    stopped("E() { new RegExp('('.repeat(1e5) + ')'.repeat(1e5)); }", FoldErrorKind::Threw, "");
}

#[test]
fn a_large_state_is_refused_when_it_is_read() {
    let names = "the state is larger than 1 MiB (`fold-state-mb`)";
    stopped("E(s) { s.text = 'x'.repeat(2e6); }", FoldErrorKind::StateTooLarge, names);
    stopped("E(s) { s.list = new Array(5e5).fill(12); }", FoldErrorKind::StateTooLarge, names);
    // One that is small to the engine, as its parts are all the same.
    let doubling = "E(s) { let x = [1]; for (let i = 0; i < 60; i++) x = [x, x]; s.x = x; }";
    stopped(doubling, FoldErrorKind::StateTooLarge, names);
}

#[test]
fn whatever_is_thrown_is_told() {
    for (handler, message) in [
        ("E() { throw 'text'; }", "threw \"text\", which is no error"),
        ("E() { throw 5n; }", "threw `5`, which is no error"),
        ("E() { throw undefined; }", "threw `undefined`, which is no error"),
        ("E() { throw { message: 1 }; }", "threw an object, which is no error"),
        ("E() { throw Symbol('x'); }", "threw symbol, which is no error"),
        ("E() { throw new RangeError('far'); }", "RangeError: far"),
        ("E() { throw new Error('plain'); }", "plain"),
        ("E() { class Mine extends Error { name = 'Mine'; } throw new Mine('own'); }", "Mine: own"),
        (
            "E() { throw Object.defineProperty(new Error('x'), 'message', { get() { throw 1; } }); }",
            "",
        ),
        ("E() { throw Object.assign(new Error('x'), { stack: '', name: {} }); }", "x"),
        (
            "E() { console.log(1); }",
            "ReferenceError: console is not defined: a fold has nowhere to write to; look at the state instead",
        ),
        (
            "E() { setTimeout(() => 1); }",
            "ReferenceError: setTimeout is not defined: a fold cannot wait for anything",
        ),
    ] {
        let error = limited(handler, SHORT).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (FoldErrorKind::Threw, message),
            "{handler}"
        );
    }
}

#[test]
fn a_fold_that_failed_serves_the_next_folding() {
    let fold = ScriptFold::compile(
        "x",
        "export default { on: { E() { while (true); }, M() { 'x'.repeat(1e8); }, F(s) { s.ok = 1; } } };",
        SHORT,
    )
    .unwrap();
    for _ in 0..3 {
        assert!(folded(&fold, &[("E", "{}")]).is_err());
        assert!(folded(&fold, &[("M", "{}")]).is_err());
        assert_eq!(folded(&fold, &[("F", "{}")]).unwrap(), r#"{"ok":1}"#);
    }
}
