//! `PerceiverTextPreprocessor`: embeddings plus learned positions.

use super::config::Config;
use crate::model::{Combine, Encoding, Input, Position, Stem};
use crate::scheme::checkpoint::Checkpoint;

/// Reads the ids' input.
pub(super) fn read(config: &Config, checkpoint: &mut Checkpoint) -> Input {
    let width = (config.d_model, "d_model");
    let tokens = config.max_position_embeddings;
    let embedding = checkpoint
        .tensor("perceiver.input_preprocessor.embeddings.weight", &[(config.vocab_size, "vocab_size"), width]);
    let table = checkpoint.tensor(
        "perceiver.input_preprocessor.position_embeddings.weight",
        &[(tokens, "max_position_embeddings"), width],
    );
    Input {
        name: "input_ids".to_owned(),
        stem: Stem::Ids { tokens, embedding },
        scale: None,
        project: None,
        tail: None,
        position: Some(Position { encoding: Encoding::Learned(table), project: None, combine: Combine::Add }),
        padding: None,
        masked: None,
    }
}
