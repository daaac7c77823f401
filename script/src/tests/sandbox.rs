use super::*;

#[track_caller]
fn evaluates(expression: &str, json: &str) {
    assert_eq!(
        after_one(&format!("(s, event) => ({{ v: {expression} }})"), "{}").unwrap(),
        format!(r#"{{"v":{json}}}"#),
        "{expression}"
    );
}

#[track_caller]
fn throws(expression: &str, message: &str) {
    let error = after_one(&format!("() => {{ {expression}; }}"), "{}").expect_err(expression);
    assert_eq!(error.kind, FoldErrorKind::Threw, "{error:?}");
    assert!(error.message.contains(message), "{expression}: {error:?}");
}

#[test]
fn there_is_no_clock() {
    for expression in ["Date.now()", "new Date()", "Date()", "new Date(...[])"] {
        throws(expression, "the time now differs each time");
    }
    evaluates("typeof performance", r#""undefined""#);
}

#[test]
fn dates_are_those_of_utc() {
    evaluates("new Date(0).getTime()", "0");
    evaluates("new Date('2024-01-25T12:20:00Z').toISOString()", r#""2024-01-25T12:20:00.000Z""#);
    evaluates("new Date('2024-01-25T12:20:00').toISOString()", r#""2024-01-25T12:20:00.000Z""#);
    evaluates("new Date('2024-01-25').toISOString()", r#""2024-01-25T00:00:00.000Z""#);
    evaluates("new Date('2024-01-25T12:20:00+02:00').getHours()", "10");
    evaluates("new Date(2024, 0, 25, 12).toISOString()", r#""2024-01-25T12:00:00.000Z""#);
    evaluates("new Date(2024, 0).getDate()", "1");
    evaluates("new Date(new Date(5)).getTime()", "5");
    evaluates("`${new Date(0)}`", r#""Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)""#);
    evaluates("new Date(0).getTimezoneOffset()", "0");
    evaluates("Date.UTC(1970, 0, 2)", "86400000");
    evaluates("Date.parse('Thu, 01 Jan 1970 00:00:01 GMT')", "1000");
    evaluates("`${new Date('x')}`", r#""Invalid Date""#);
    evaluates("new Date(0) instanceof Date", "true");
    evaluates("(d => { d.setHours(5); return d.getUTCHours(); })(new Date(0))", "5");
    evaluates("new Date(event.timestamp_ms).getFullYear()", "2024");
}

#[test]
fn there_is_no_chance() {
    throws("Math.random()", "`Math.random` differs each time");
    evaluates("typeof crypto", r#""undefined""#);
}

#[test]
fn there_is_nothing_that_waits_and_no_text_becomes_code() {
    for name in [
        "Promise",
        "WeakRef",
        "WeakMap",
        "FinalizationRegistry",
        "Proxy",
        "eval",
        "queueMicrotask",
        "setTimeout",
    ] {
        evaluates(&format!("typeof {name}"), r#""undefined""#);
    }
    for expression in [
        "Function('return 1')",
        "new Function('return 1')",
        "(() => {}).constructor('return 1')",
        "(function* () {}).constructor('yield 1')",
        "Object.getPrototypeOf(function* () {}).constructor('1')",
    ] {
        throws(expression, "functions cannot be made from text here");
    }
    evaluates("(() => {}) instanceof Function", "true");
    evaluates("typeof Array.fromAsync", r#""undefined""#);
}

#[test]
fn nothing_can_be_left_behind_in_what_is_there() {
    for expression in [
        "globalThis.x = 1",
        "Object.prototype.x = 1",
        "Array.prototype.push = 1",
        "Math.x = 1",
        "Object.getPrototypeOf([][Symbol.iterator]()).x = 1",
        "Object.getPrototypeOf(function* () {}).x = 1",
        "Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())).x = 1",
        "Date.prototype.getHours = 1",
        "RegExp.prototype.x = 1",
        "Symbol.x = 1",
        "Error.stackTraceLimit = 1",
        "Error.prepareStackTrace = 1",
        "Function.prototype.x = 1",
        "Map.prototype.x = 1",
        "JSON.x = 1",
        "''.constructor.x = 1",
        "Object.prototype.toString = 1",
        "undeclared = 1",
    ] {
        let error = after_one(&format!("() => {{ {expression}; }}"), "{}").expect_err(expression);
        assert_eq!(error.kind, FoldErrorKind::Threw, "{expression} {error:?}");
    }
}

#[test]
fn everything_that_can_be_reached_is_frozen() {
    // Walks through all that can be reached from what a script can name.
    let walk = "(s) => {
      const roots = [globalThis, [][Symbol.iterator](), new Map().entries(), new Set().values(), ''[Symbol.iterator](), ''.matchAll(/x/g),
        function* () {}, Object.getPrototypeOf((function* () {})()), [].values().map((x) => x), Iterator.from({ next() {} }), (function () { return arguments; })()]
        .map((root, i) => i === 0 ? root : Object.getPrototypeOf(root));
      const seen = new Set(), open = [];
      const queue = roots.map((root) => ['', root]);
      while (queue.length > 0) {
        const [path, value] = queue.pop();
        if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
        seen.add(value);
        if (!Object.isFrozen(value)) open.push(path);
        for (const key of Reflect.ownKeys(value)) {
          const own = Object.getOwnPropertyDescriptor(value, key);
          for (const part of ['get', 'set', 'value']) queue.push([path + '.' + String(key), own[part]]);
        }
        queue.push([path + '.[[proto]]', Object.getPrototypeOf(value)]);
      }
      s.open = open; s.many = seen.size > 300;
    }";
    assert_eq!(after_one(walk, "{}").unwrap(), r#"{"open":[],"many":true}"#);
}

#[test]
fn only_known_names_are_global() {
    let names = "(s) => { s.names = Reflect.ownKeys(globalThis).map(String).sort().join(' '); }";
    let state = after_one(names, "{}").unwrap();
    assert_eq!(
        state,
        r#"{"names":"AggregateError Array BigInt Boolean Date Error EvalError Function Infinity InternalError Iterator JSON Map Math NaN Number Object RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError decodeURI decodeURIComponent encodeURI encodeURIComponent escape globalThis isFinite isNaN parseFloat parseInt undefined unescape"}"#
    );
}

#[test]
fn ordinary_code_runs() {
    evaluates("[3, 1, 2].sort().map((x) => x * 2)", "[2,4,6]");
    evaluates("[1, 2].concat([3], 4).slice(1).join('-')", r#""2-3-4""#);
    evaluates("[...'ab'].reverse().fill('x', 1)", r#"["b","x"]"#);
    evaluates("Array.from({ length: 2 }, (_, i) => i)", "[0,1]");
    evaluates("String.raw`\\n${1}`", r#""\\n1""#);
    evaluates("'ab'.padStart(4, '-').repeat(2)", r#""--ab--ab""#);
    evaluates("[].slice.name + [].slice.length", r#""slice2""#);
    evaluates("JSON.stringify([1, undefined], null, 1)", r#""[\n 1,\n null\n]""#);
    evaluates("'a1b2'.replace(/\\d/g, (d) => d * 2)", r#""a2b4""#);
    evaluates("Object.groupBy([1, 2, 3], (x) => x % 2 ? 'odd' : 'even').odd", "[1,3]");
    evaluates("'a-b'.replaceAll('-', '+').split('+')", r#"["a","b"]"#);
    evaluates("[...new Set([1, 1, 2])]", "[1,2]");
    evaluates("[...new Map([['a', 1]])].flat()", r#"["a",1]"#);
    evaluates("'2024-01'.match(/(?<y>\\d+)-(?<m>\\d+)/).groups.y", r#""2024""#);
    evaluates("(() => { try { null.x; } catch (e) { return e.name; } })()", r#""TypeError""#);
    evaluates(
        "(() => { class A { #n = 1; get n() { return this.#n; } } return new A().n; })()",
        "1",
    );
    evaluates(
        "(() => { class Bad extends Error { constructor(m) { super(m); this.name = 'Bad'; } } return `${new Bad('x')}`; })()",
        r#""Bad: x""#,
    );
    evaluates("((o) => { o.toString = () => 'mine'; return `${o}`; })({})", r#""mine""#);
    evaluates("(function () { return this === undefined; })()", "true");
    evaluates("((...args) => args.length)(1, 2)", "2");
    evaluates("(0.1 + 0.2).toFixed(2)", r#""0.30""#);
    evaluates("BigInt(2) ** 70n", "1180591620717411303424");
}
