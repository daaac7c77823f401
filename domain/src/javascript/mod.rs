//! JavaScript as text: what stands where in a source. Whether it is sound only the engine says.

mod lexer;
#[cfg(test)]
mod tests;

pub use lexer::{Lexed, Problem, ProblemKind, Token, TokenKind, lex};
