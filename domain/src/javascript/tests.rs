use proptest::prelude::*;

use super::*;

fn texts(source: &str) -> Vec<(TokenKind, &str)> {
    lex(source).tokens.into_iter().map(|token| (token.kind, token.text)).collect()
}

fn problem(source: &str) -> Option<(String, usize)> {
    lex(source).problem.map(|problem| (problem.kind.to_string(), problem.at))
}

#[test]
fn a_source_is_divided_into_its_tokens() {
    use TokenKind::{Comment, Number, Punctuator, Regex, String, Template, Word};
    assert_eq!(
        texts("a += 1.5e-3; // one\n`x${b}y` /* two */ ?? 'c\\''.d / /[/]\\//g"),
        [
            (Word, "a"),
            (Punctuator, "+="),
            (Number, "1.5e-3"),
            (Punctuator, ";"),
            (Comment, "// one"),
            (Template, "`x${"),
            (Word, "b"),
            (Template, "}y`"),
            (Comment, "/* two */"),
            (Punctuator, "??"),
            (String, "'c\\''"),
            (Punctuator, "."),
            (Word, "d"),
            (Punctuator, "/"),
            (Regex, "/[/]\\//g"),
        ]
    );
    assert_eq!(problem("a += 1"), None);
}

#[test]
fn a_slash_divides_behind_a_value_only() {
    let has_regex =
        |source: &str| lex(source).tokens.iter().any(|token| token.kind == TokenKind::Regex);
    for source in
        ["/a/", "return /a/", "x = /a/", "if (x) /a/", "{} /a/", "() => {} /a/", "`${/a/}`"]
    {
        assert!(has_regex(source), "{source}");
    }
    for source in
        ["x /a/ b", "f(x) /a/ b", "x.return /a/ b", "({}) /a/ b", "x[0] /a/ b", "x++ /a/ b"]
    {
        assert!(!has_regex(source), "{source}");
    }
}

#[test]
fn the_first_thing_that_no_engine_reads_is_noted() {
    let cases = [
        ("a; 'open\n'b'", "a string is not closed", 3),
        ("/* open", "a comment is not closed", 0),
        ("a = `open", "a template is not closed", 4),
        ("a = /open\n", "a regular expression is not closed", 4),
        ("f(", "`(` is not closed", 2),
        ("`${", "``` is not closed", 3),
        ("a) 'open", "`)` closes nothing", 1),
        ("(a]", "`]` closes nothing", 2),
    ];
    for (source, message, at) in cases {
        assert_eq!(problem(source), Some((message.to_owned(), at)), "{source}");
    }
}

#[test]
fn it_is_known_what_stands_in_a_function_and_behind_a_line_break() {
    let source = "f(a => { b }, {\n c })";
    let lexed = lex(source);
    let of = |text: &str| lexed.tokens.iter().find(|token| token.text == text).unwrap();
    assert!(of("b").is_in_function && !of("c").is_in_function);
    assert!(of("c").follows_line_break && !of("b").follows_line_break);
    assert_eq!((of("f").depth, of("b").depth, of("c").depth), (0, 2, 2));
}

proptest! {
    #[test]
    fn any_text_is_divided_without_losing_any_of_it(source in "[a-c\\s/*`'\"${}()\\[\\]\\\\.0-9éß\u{2028}=>+-]{0,60}") {
        let lexed = lex(&source);
        let mut at = 0;
        for token in &lexed.tokens {
            prop_assert!(!token.text.is_empty() && source[at..token.at].trim().is_empty());
            prop_assert_eq!(&source[token.range()], token.text);
            at = token.range().end;
        }
        prop_assert!(source[at..].trim().is_empty());
    }

    #[test]
    fn whatever_text_there_is_can_be_lexed(source: String) {
        let _ = lex(&source);
    }
}
