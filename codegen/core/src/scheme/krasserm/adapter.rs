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
    }
}

/// Up to `tokens` ids with the learned positions `table`, if there is one.
pub(super) fn ids(name: &str, embedding: Tensor, tokens: usize, table: Option<Tensor>) -> Input {
    let learned = |table| Position { encoding: Encoding::Learned(table), project: None, combine: Combine::Add };
    Input { position: table.map(learned), ..bare(name, Stem::Ids { tokens, embedding }) }
}
