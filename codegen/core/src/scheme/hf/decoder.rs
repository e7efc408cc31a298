//! `PerceiverBasicDecoder` as the classes set it up, and the head of the classifiers.

use super::source::Source;
use super::{EPS, FIXED, LAYER};
use crate::model::{Block, Decoder, Extent, Output, Queries, Tensor};
use crate::scheme::block::{self, Spec};
use crate::scheme::checkpoint::{Axis, Bias};

/// The cross-attention from queries to the latents.
pub(super) struct Cross<'a> {
    /// What the names of the decoder's tensors start with.
    pub(super) prefix: &'static str,
    /// Of the queries.
    pub(super) width: Axis<'a>,
    pub(super) heads: Axis<'a>,
    /// Where the class sets them: widths of queries and keys, and of values.
    pub(super) qk: Option<Axis<'a>>,
    pub(super) v: Option<Axis<'a>>,
    pub(super) residual: bool,
}

impl Cross<'_> {
    /// The learned queries `[count, width]`.
    pub(super) fn table(&self, source: &mut Source<'_>, count: Axis<'_>) -> Tensor {
        let name = format!("{}.output_position_encodings.position_embeddings", self.prefix);
        source.checkpoint.tensor(&name, &[count, self.width])
    }

    /// The block.
    pub(super) fn read(&self, source: &mut Source<'_>) -> Block {
        let config = &source.config;
        let latents = (config.d_latents, "d_latents");
        let qk = self.qk.unwrap_or(if config.shape_of_queries { self.width } else { latents });
        let spec = Spec {
            name: "decoder.cross",
            prefix: &format!("{}.decoding_cross_attention", self.prefix),
            rows: self.width,
            context: Some(latents),
            heads: self.heads,
            qk,
            v: self.v.unwrap_or(qk),
            widening: (1, FIXED),
            activation: config.hidden_act,
            residual: self.residual,
            eps: EPS,
        };
        block::read(&mut source.checkpoint, &LAYER, &spec)
    }
}

/// One query, and a linear layer over it.
pub(super) fn classification(source: &mut Source<'_>, residual: bool) -> (Decoder, Output) {
    let width = (source.config.d_latents, "d_latents");
    let cross = Cross { prefix: "perceiver.decoder.decoder", width, heads: (1, FIXED), qk: None, v: None, residual };
    let queries = Queries::Learned(cross.table(source, (1, FIXED)));
    let decoder = Decoder { queries, block: cross.read(source), project: None };
    let classes = (source.config.num_labels, "the number of labels (`id2label`)");
    let linear = source.checkpoint.linear("perceiver.decoder.decoder.final_layer", classes, width, Bias::Required);
    let labels = source.config.labels.clone();
    (decoder, Output { labels, ..Output::new("logits", Extent::Rows(0..1), Some(linear)) })
}
