//! Inputs as the library's input adapters make tokens of them.

use crate::model::{Combine, Encoding, Input, Position, Stem, Tensor};

/// An input that is not projected and has no position.
pub(super) fn bare(name: &str, stem: Stem) -> Input {
    Input {
        name: name.to_owned(),
        stem,
        scale: None,
        project: None,
        tail: None,
        position: None,
        padding: None,
        masked: None,
        merged: false,
    }
}

/// Up to `tokens` ids with learned positions.
pub(super) fn ids(name: &str, embedding: Tensor, tokens: usize, position: Option<Position>) -> Input {
    Input { position, ..bare(name, Stem::Ids { tokens, embedding }) }
}

/// Learned positions.
pub(super) fn learned(table: Tensor) -> Position {
    Position::new(Encoding::Learned(table), Combine::Add)
}
