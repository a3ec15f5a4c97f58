//! How deep a text is nested, before anything is called for each level of it.
//!
//! The TOML parser calls itself for every bracket that opens, and refuses more than 80 levels. After an
//! error it goes on, to find further ones, and may then count a level as closed that it is still in; a
//! text of some kilobytes made it use up its stack, which ends the whole process. Here the brackets are
//! counted by its own lexer and by nobody's recovery: only a bracket of the same kind closes one.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// What is left open at the same time. Four times what the parser takes in a text without errors, so that
/// a text with a bracket forgotten in many places still has each of them named; and a fifth of what fits
/// on the stack of a thread.
const OPEN_MAX: usize = 400;

/// Where a text is nested too deep to be read, if it is: the place of the bracket, in bytes.
#[must_use]
pub fn too_deep(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    for token in Source::new(text).lex() {
        match token.kind() {
            kind @ (TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket) => open.push(kind),
            TokenKind::RightSquareBracket => drop(open.pop_if(|kind| *kind == TokenKind::LeftSquareBracket)),
            TokenKind::RightCurlyBracket => drop(open.pop_if(|kind| *kind == TokenKind::LeftCurlyBracket)),
            _ => {}
        }
        if open.len() > OPEN_MAX {
            return Some(token.span().start());
        }
    }
    None
}
