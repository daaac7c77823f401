//! The tokens of a source that an engine is to run.

use rewind_domain::javascript::lex;
pub(crate) use rewind_domain::javascript::{Token, TokenKind as Kind};

/// Something in a source that a script cannot have, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    /// In bytes.
    pub(crate) at: usize,
}

impl Refusal {
    /// Refuses a source because of a token.
    pub(crate) fn of(token: &Token<'_>, message: &str) -> Self {
        Self { message: message.to_owned(), at: token.at }
    }
}

/// The tokens of a source, without its comments.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Refusal> {
    let mut lexed = lex(source);
    if let Some(problem) = lexed.problem {
        return Err(Refusal { message: problem.kind.to_string(), at: problem.at });
    }
    lexed.tokens.retain(|token| token.kind != Kind::Comment);
    Ok(lexed.tokens)
}
