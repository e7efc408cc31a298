//! `PerceiverBasicDecoder` as the classes set it up, and their heads.

use super::config::Config;
use super::{EPS, LAYER};
use crate::model::{Block, Decoder, Extent, Input, Linear, Output, Queries, Stem};
use crate::scheme::block::{self, Spec};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};

/// Where the numbers come from that no configuration changes.
const FIXED: &str = "transformers (fixed)";

/// A query a position, and logits that are products with the embedding.
pub(super) fn masked_lm(config: &Config, checkpoint: &mut Checkpoint, input: &Input) -> (Decoder, Output) {
    let width = (config.d_model, "d_model");
    let decoder = Shape {
        prefix: "perceiver.decoder",
        queries: (config.max_position_embeddings, "max_position_embeddings"),
        width,
        heads: (8, FIXED),
        qk: (256, FIXED),
        residual: false,
    };
    let decoder = decoder.read(config, checkpoint);
    let bias = checkpoint.tensor("embedding_decoder.bias", &[(config.vocab_size, "vocab_size")]);
    let linear = match &input.stem {
        Stem::Ids { embedding, .. } => Some(Linear { weight: embedding.clone(), bias: Some(bias) }),
        _ => None,
    };
    (decoder, Output::new("logits", Extent::Rows(0..config.max_position_embeddings), linear))
}

/// One query, and a linear layer over it.
pub(super) fn classification(config: &Config, checkpoint: &mut Checkpoint) -> (Decoder, Output) {
    let width = (config.d_latents, "d_latents");
    let decoder = Shape {
        prefix: "perceiver.decoder.decoder",
        queries: (1, FIXED),
        width,
        heads: (1, FIXED),
        qk: width,
        residual: true,
    };
    let decoder = decoder.read(config, checkpoint);
    let classes = (config.num_labels, "the number of labels (`id2label`)");
    let linear = checkpoint.linear("perceiver.decoder.decoder.final_layer", classes, width, Bias::Required);
    let labels = config.labels.clone();
    (decoder, Output { labels, ..Output::new("logits", Extent::Rows(0..1), Some(linear)) })
}

/// What differs between the classes.
struct Shape {
    prefix: &'static str,
    queries: Axis<'static>,
    /// Of the queries and of the values.
    width: Axis<'static>,
    heads: Axis<'static>,
    qk: Axis<'static>,
    residual: bool,
}

impl Shape {
    fn read(&self, config: &Config, checkpoint: &mut Checkpoint) -> Decoder {
        let table = format!("{}.output_position_encodings.position_embeddings", self.prefix);
        let queries = Queries::Learned(checkpoint.tensor(&table, &[self.queries, self.width]));
        Decoder { queries, block: self.block(config, checkpoint) }
    }

    fn block(&self, config: &Config, checkpoint: &mut Checkpoint) -> Block {
        let spec = Spec {
            name: "decoder.cross",
            prefix: &format!("{}.decoding_cross_attention", self.prefix),
            rows: self.width,
            context: Some((config.d_latents, "d_latents")),
            heads: self.heads,
            qk: self.qk,
            v: self.width,
            widening: (1, FIXED),
            activation: config.hidden_act,
            residual: self.residual,
            eps: EPS,
        };
        block::read(checkpoint, &LAYER, &spec)
    }
}
