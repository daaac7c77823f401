//! Reading the part of JavaScript that can be answered natively. Nothing is read where anything else is in it.

use super::{Comparison, Expr, Member};

/// How deep parentheses and `!` may nest: deeper than anyone writes, and no strain for any stack.
const MAX_DEPTH: usize = 32;
/// Numbers of this many digits are the same in every reader of decimals; longer ones are left to the engine.
const MAX_DIGITS: usize = 15;

/// Members that every object has in JavaScript, whatever is in the data.
const INHERITED: [&str; 7] = [
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// Longer ones before those with which they begin.
const EQUALITIES: [(&str, Comparison); 4] = [
    ("===", Comparison::Strict { negated: false }),
    ("!==", Comparison::Strict { negated: true }),
    ("==", Comparison::Loose { negated: false }),
    ("!=", Comparison::Loose { negated: true }),
];
const RELATIONS: [(&str, Comparison); 4] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

pub(super) fn expression(source: &str) -> Option<Expr> {
    let mut parser = Parser { rest: source };
    let expr = parser.or(0)?;
    parser.skip_space();
    parser.rest.is_empty().then_some(expr)
}

struct Parser<'s> {
    rest: &'s str,
}

impl<'s> Parser<'s> {
    fn or(&mut self, depth: usize) -> Option<Expr> {
        let mut any = vec![self.and(depth)?];
        while self.eat("||") {
            any.push(self.and(depth)?);
        }
        if any.len() == 1 { any.pop() } else { Some(Expr::Or(any)) }
    }

    fn and(&mut self, depth: usize) -> Option<Expr> {
        let mut all = vec![self.equality(depth)?];
        while self.eat("&&") {
            all.push(self.equality(depth)?);
        }
        if all.len() == 1 { all.pop() } else { Some(Expr::And(all)) }
    }

    fn equality(&mut self, depth: usize) -> Option<Expr> {
        let left = self.relation(depth)?;
        match self.comparison(&EQUALITIES) {
            Some(how) => Some(Expr::Compare(how, Box::new((left, self.relation(depth)?)))),
            None => Some(left),
        }
    }

    fn relation(&mut self, depth: usize) -> Option<Expr> {
        let left = self.unary(depth)?;
        match self.comparison(&RELATIONS) {
            Some(how) => Some(Expr::Compare(how, Box::new((left, self.unary(depth)?)))),
            None => Some(left),
        }
    }

    fn comparison(&mut self, signs: &[(&str, Comparison)]) -> Option<Comparison> {
        signs.iter().find(|(sign, _)| self.eat(sign)).map(|(_, how)| *how)
    }

    fn unary(&mut self, depth: usize) -> Option<Expr> {
        if depth >= MAX_DEPTH {
            return None;
        }
        if self.eat("!") {
            return Some(Expr::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.eat("(") {
            let inner = self.or(depth + 1)?;
            return self.eat(")").then_some(inner);
        }
        if self.eat("-") {
            self.skip_space();
            return self.number().map(|value| Expr::Number(-value));
        }
        match self.rest.chars().next()? {
            '"' | '\'' => Some(Expr::String(self.string()?.into())),
            '0'..='9' => self.number().map(Expr::Number),
            _ => match self.name()? {
                "undefined" => Some(Expr::Undefined),
                "null" => Some(Expr::Null),
                "true" => Some(Expr::Bool(true)),
                "false" => Some(Expr::Bool(false)),
                "event" => self.member().map(Expr::Member),
                _ => None,
            },
        }
    }

    /// What follows `event`.
    fn member(&mut self) -> Option<Member> {
        let (_, first) = self.key()??;
        let mut keys = Vec::new();
        let mut is_optional = Vec::new();
        while let Some((optional, key)) = self.key()? {
            if INHERITED.contains(&&*key) || key.starts_with("__") {
                return None;
            }
            keys.push(key);
            is_optional.push(optional);
        }
        match &*first {
            "data" => Some(Member::Data { keys, is_optional }),
            _ if !keys.is_empty() => None,
            "type" => Some(Member::Type),
            "id" => Some(Member::Id),
            "version" => Some(Member::Version),
            "timestamp_ms" => Some(Member::Timestamp),
            _ => None,
        }
    }

    /// The next key of a path and whether it follows `?.`; no key where the path ends, nothing where it goes on in another way.
    #[expect(clippy::option_option, reason = "a path that ends is none that cannot be read")]
    fn key(&mut self) -> Option<Option<(bool, Box<str>)>> {
        let is_optional = self.eat("?.");
        if self.eat("[") {
            self.skip_space();
            let key = match self.rest.chars().next()? {
                '"' | '\'' => self.string()?,
                _ => self.index()?,
            };
            return self.eat("]").then(|| Some((is_optional, key.into())));
        }
        if is_optional || self.eat(".") {
            self.skip_space();
            return self.name().map(|name| Some((is_optional, name.into())));
        }
        Some(None)
    }

    fn name(&mut self) -> Option<&'s str> {
        let is_part = |char: char| char.is_ascii_alphanumeric() || "_$".contains(char);
        let end = self.rest.find(|char| !is_part(char)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        // Letters of other scripts and escapes may be parts of a name as well.
        let ends_here = rest.chars().next().is_none_or(|char| char.is_ascii() && char != '\\');
        let starts_well = name.starts_with(|char: char| !char.is_ascii_digit());
        self.rest = rest;
        (ends_here && starts_well).then_some(name)
    }

    fn index(&mut self) -> Option<&'s str> {
        let digits = self.digits();
        let is_canonical = digits == "0" || !digits.starts_with('0');
        (is_canonical && (1..=9).contains(&digits.len())).then_some(digits)
    }

    fn number(&mut self) -> Option<f64> {
        let before = self.rest;
        let whole = self.digits().len();
        let mut length = whole;
        let mut digits = whole;
        if let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            let fraction = self.digits().len();
            if fraction == 0 {
                return None;
            }
            length += 1 + fraction;
            digits += fraction;
        }
        let text = &before[..length];
        let is_octal = whole > 1 && text.starts_with('0');
        let goes_on = self.rest.starts_with(|char: char| {
            char.is_alphanumeric() || "_$.\\".contains(char) || !char.is_ascii()
        });
        if whole == 0 || is_octal || goes_on || digits > MAX_DIGITS {
            return None;
        }
        text.parse().ok()
    }

    fn digits(&mut self) -> &'s str {
        let end = self.rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    /// A string in quotes of either kind, without escapes.
    fn string(&mut self) -> Option<&'s str> {
        let quote = self.rest.chars().next()?;
        let (string, rest) = self.rest.get(1..)?.split_once(quote)?;
        let is_odd =
            |char: char| char.is_control() || matches!(char, '\\' | '\u{2028}' | '\u{2029}');
        self.rest = rest;
        (!string.contains(is_odd)).then_some(string)
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}
