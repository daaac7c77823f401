use super::*;

#[track_caller]
fn refused(source: &str, message: &str, place: Option<(u32, u32)>) {
    let error = compile(source).map(|_| ()).expect_err(source);
    assert_eq!(error.kind, FoldErrorKind::Invalid, "{error:?}");
    assert!(error.message.contains(message), "{error:?}");
    assert_eq!(error.line.zip(error.column), place, "{error:?}");
}

#[test]
fn what_is_no_module_is_refused_where_the_engine_stumbles() {
    refused("export default {\n  on: {\n    A(state) { state. }\n  }\n}", "", Some((3, 23)));
    refused("export default { on: {}", "", Some((1, 24)));
    refused("export default { on: {} }\nreturn 1", "return", Some((2, 1)));
}

#[test]
fn what_exports_no_fold_is_refused() {
    refused("", "exports nothing", None);
    refused("const x = 1;", "exports nothing", None);
    refused("export const on = {};", "only its default", Some((1, 1)));
    refused("export default 5;", "exports `5` where", Some((1, 1)));
    refused("\nexport default function () {}", "exports a function where", Some((2, 1)));
    refused("export default {};", "no `on`", Some((1, 1)));
    refused("export default { on: [] };", "`on` is an array", Some((1, 18)));
    refused("export default {\n  on: { A: 5 },\n};", "handler of `A` is `5`", Some((2, 9)));
    refused(
        "export default { on: { 'a b': {} } };",
        "handler of `a b` is an object",
        Some((1, 24)),
    );
    refused("export default { on: { *A() {} } };", "generator", Some((1, 25)));
    refused("export default { initail: {}, on: {} };", "did you mean `initial`?", Some((1, 18)));
    refused("export default { handlers: {}, on: {} };", "there are `initial`, `on`", Some((1, 18)));
    refused("export default { on: { $Any() {} } };", "did you mean `$any`?", Some((1, 24)));
    refused("export default { initial: 1, $init: 2, on: {} };", "keep one", Some((1, 30)));
    refused(
        "export default { initial: () => { n: 1 }, on: {} };",
        "with parentheses",
        Some((1, 18)),
    );
}

#[test]
fn what_throws_while_it_is_read_says_where() {
    let error = compile("export default { on: {} };\nnull.x;").unwrap_err();
    assert_eq!(error.kind, FoldErrorKind::Threw);
    assert_eq!(error.line, Some(2));
    let error = compile("export default {\n  initial: () => null.x, on: {} };").unwrap_err();
    assert_eq!(error.line, Some(2));
    let error =
        compile("export default { initial: () => ({ a: new Set() }), on: {} };").unwrap_err();
    assert_eq!(error.kind, FoldErrorKind::NotJson);
}

#[test]
fn variables_outside_of_handlers_are_refused() {
    refused(
        "let n = 0;\nexport default { on: {} };",
        "`let` outside of the handlers",
        Some((1, 1)),
    );
    refused("const a = 1;\n  var n;\nexport default { on: {} };", "`var`", Some((2, 3)));
    refused("for (var i = 0; i < 1; i++) {}\nexport default { on: {} };", "`var`", Some((1, 6)));
    refused("if (true) { var x = 1; }\nexport default { on: {} };", "`var`", Some((1, 13)));
}

#[test]
fn variables_in_functions_are_fine() {
    for source in [
        "export default { on: { A(state) { let a = 1; var b = 2; state.n = a + b; } } };",
        "const f = () => { var x = 1; return x; }; export default { on: { A: f } };",
        "function f() { if (1) { var y; } } export default { on: {} };",
        "class C { m() { var y; } static { var z; } } export default { on: {} };",
        "const o = { let: 1, var: 2 }; export default { on: {} }; o.let;",
        "const s = 'let x'; /* var y */ // let z\nconst r = /let [/] \\/ var/; const t = `let ${ ((x) => { var q = `${x}`; return q; })(1) } var`;\nexport default { on: {} };",
        "const a = 4 / 2 / 1, b = 'x'.length / 2; export default { on: {} };",
        "const f = (x) => x ? /}/ : [/{/][0]; export default { on: {} };",
    ] {
        compile(source).unwrap_or_else(|error| panic!("{source}: {error:?}"));
    }
}

#[test]
fn what_waits_or_imports_is_refused() {
    refused("export default { on: { async A() {} } };", "`async`", Some((1, 24)));
    refused("export default { on: { A: async () => 1 } };", "`async`", Some((1, 27)));
    refused("import x from 'y';\nexport default { on: {} };", "`import`", Some((1, 1)));
    refused("export default { on: { A() { return import('x'); } } };", "`import`", Some((1, 37)));
    refused("export default { on: { A() { return import.meta; } } };", "`import`", Some((1, 37)));
    refused("await 1; export default { on: {} };", "", Some((1, 7)));
}

#[test]
fn a_source_is_read_however_it_is_written() {
    for source in [
        "\u{feff}export default { on: {} }",
        "export default{on:{}}",
        "const a = 1\nexport default {\n  on: {}\n}\nconst b = 2",
        "export /* x */ default /* y */ { on: {} };",
        "export\ndefault\n{ on: {} };",
        "const fold = { on: {} };\nexport default fold;",
        "export default ({ on: {} })",
        "const _a_ = 1; export default { on: {} };",
        "const { a, b: [c, { d = 5 }], ...rest } = { a: 1, b: [2, {}] }, e = 1; export default { on: {} };",
        "const [x, , y = () => { return 1; }] = [1, 2]; export default { on: {} };",
        "'use strict'; export default { on: {} };",
        "class A { static x = 1 } class B extends A {} function* g() { yield 1; } export default { on: {} };",
        "export default { on: {} };\r\nconst a = 1;\r\n",
    ] {
        compile(source).unwrap_or_else(|error| panic!("{source}: {error:?}"));
    }
    assert_eq!(compile("export default { on: {} }\0").unwrap_err().kind, FoldErrorKind::Invalid);
}

#[test]
fn columns_count_characters() {
    refused("const ä = 'äöü'; let x; export default { on: {} };", "`let`", Some((1, 18)));
    let error = folded(
        &compile("export default { on: { E() { const ö = 'ä'; ö.x.y(); } } };").unwrap(),
        &[("E", "")],
    );
    assert_eq!(error.unwrap_err().line, Some(1));
}
