//! `PerceiverForMaskedLM` and `PerceiverForSequenceClassification`.

use super::decoder::{Cross, classification};
use super::source::Source;
use super::{Ends, FIXED};
use crate::model::{Combine, Decoder, Encoding, Extent, Input, Linear, Output, Position, Queries, Stem, Tensor};

/// A query a position, and logits that are products with the embedding.
pub(super) fn masked_lm(source: &mut Source<'_>) -> Ends {
    let embedding = embedding(source);
    let input = input(source, embedding.clone());
    let width = (source.config.d_model, "d_model");
    let cross = Cross {
        prefix: "perceiver.decoder",
        width,
        heads: (8, FIXED),
        qk: Some((256, FIXED)),
        v: Some(width),
        residual: false,
    };
    let count = source.config.max_position_embeddings;
    let queries = Queries::Learned(cross.table(source, (count, "max_position_embeddings")));
    let mut block = cross.read(source);
    block.attention.masks_queries = source.is_deepmind();
    let vocabulary = (source.config.vocab_size, "vocab_size");
    let bias = Some(source.checkpoint.tensor("embedding_decoder.bias", &[vocabulary]));
    let logits = Output::new("logits", Extent::Rows(0..count), Some(Linear { weight: embedding, bias }));
    let decoder = Decoder { queries, block, project: None };
    Ends { inputs: vec![input], is_masked: true, decoder: Some(decoder), outputs: vec![logits] }
}

/// One query.
pub(super) fn classifier(source: &mut Source<'_>) -> Ends {
    let embedding = embedding(source);
    let input = input(source, embedding);
    let (decoder, output) = classification(source, true);
    Ends { inputs: vec![input], is_masked: true, decoder: Some(decoder), outputs: vec![output] }
}

fn embedding(source: &mut Source<'_>) -> Tensor {
    let axes = [(source.config.vocab_size, "vocab_size"), (source.config.d_model, "d_model")];
    source.checkpoint.tensor("perceiver.input_preprocessor.embeddings.weight", &axes)
}

/// `PerceiverTextPreprocessor`: embeddings plus learned positions.
fn input(source: &mut Source<'_>, embedding: Tensor) -> Input {
    let tokens = source.config.max_position_embeddings;
    let axes = [(tokens, "max_position_embeddings"), (source.config.d_model, "d_model")];
    let table = source.checkpoint.tensor("perceiver.input_preprocessor.position_embeddings.weight", &axes);
    let position = Position::new(Encoding::Learned(table), Combine::Add);
    Input { position: Some(position), ..Input::new("input_ids", Stem::Ids { tokens, embedding }) }
}
