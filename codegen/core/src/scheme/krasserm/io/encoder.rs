//! Latents, cross-attentions and blocks of self-attention, repeated with shared weights or with others.

use super::config::Config;
use super::dialect::Found;
use crate::model::{Activation, Block, Tensor};
use crate::scheme::block::{self, Spec};
use crate::scheme::checkpoint::{Axis, Checkpoint};
use crate::scheme::krasserm::EPS;
use crate::scheme::krasserm::layer::Layer;

/// What [`crate::model::Model`] holds of the encoder.
pub(super) struct Encoder {
    pub(super) latents: Tensor,
    pub(super) blocks: Vec<Block>,
    pub(super) schedule: Vec<usize>,
}

/// Reads the encoder of tokens with `width` numbers.
pub(super) fn read(checkpoint: &mut Checkpoint, source: &Source<'_>) -> Encoder {
    let Source { found, config, .. } = source;
    let encoder = &config.encoder;
    let axes = [(config.num_latents, "num_latents"), (config.num_latent_channels, "num_latent_channels")];
    let latents = checkpoint.tensor(&found.in_encoder(found.names.latents), &axes);
    let sets = |repetitions: usize, shared: bool| if repetitions > 1 && !shared { 2 } else { 1 };
    let cross_sets = sets(encoder.cross_layers, encoder.shares_cross);
    let layer_sets = sets(encoder.blocks, encoder.shares_blocks);
    for (sets, [first, others]) in [(cross_sets, found.names.cross), (layer_sets, found.names.layers)] {
        // 0.2 to 0.4 save shared weights twice.
        if sets == 1 {
            checkpoint.drop_copies(&found.in_encoder(others), &found.in_encoder(first));
        }
    }
    let mut blocks: Vec<_> = (0..cross_sets).map(|set| source.cross(checkpoint, set)).collect();
    for set in 0..layer_sets {
        blocks.extend((0..encoder.layers).map(|index| source.layer(checkpoint, set, index)));
    }
    let mut schedule = Vec::new();
    for repetition in 0..encoder.blocks {
        let cross = (repetition < encoder.cross_layers).then(|| repetition.min(cross_sets - 1));
        let first = cross_sets + repetition.min(layer_sets - 1) * encoder.layers;
        schedule.extend(cross.into_iter().chain(first..first + encoder.layers));
    }
    Encoder { latents, blocks, schedule }
}

/// What the layers are read from.
pub(super) struct Source<'a> {
    pub(super) found: &'a Found,
    pub(super) config: &'a Config,
    /// Numbers of a token.
    pub(super) tokens: Axis<'a>,
    /// What a model chooses for queries and keys, and for values, where the configuration leaves it open.
    pub(super) qk: Option<Axis<'a>>,
    pub(super) v: Option<Axis<'a>>,
}

impl Source<'_> {
    fn cross(&self, checkpoint: &mut Checkpoint, set: usize) -> Block {
        let Self { found, config, tokens, .. } = self;
        let latents = latents(config);
        let attention = &config.encoder.cross;
        let qk = attention.qk.or(self.qk).unwrap_or(latents);
        let spec = Spec {
            name: ["encoder.cross", "encoder.cross_n"][set],
            prefix: &found.in_encoder(found.names.cross[set]),
            rows: latents,
            context: Some(*tokens),
            heads: (attention.heads, "encoder.num_cross_attention_heads"),
            qk,
            v: attention.v.or(self.v).unwrap_or(qk),
            widening: (attention.widening, "cross_attention_widening_factor"),
            activation: Activation::GeluErf,
            residual: true,
            eps: EPS,
        };
        block::read(checkpoint, &found.layer(Layer::Cross), &spec)
    }

    fn layer(&self, checkpoint: &mut Checkpoint, set: usize, index: usize) -> Block {
        let Self { found, config, .. } = self;
        let latents = latents(config);
        let attention = &config.encoder.layer;
        let qk = attention.qk.unwrap_or(latents);
        let spec = Spec {
            name: &format!("{}.{index}", ["encoder.layers", "encoder.layers_n"][set]),
            prefix: &found.in_encoder(&format!("{}.{index}{}", found.names.layers[set], found.names.nest)),
            rows: latents,
            context: None,
            heads: (attention.heads, "encoder.num_self_attention_heads"),
            qk,
            v: attention.v.unwrap_or(qk),
            widening: (attention.widening, "self_attention_widening_factor"),
            activation: Activation::GeluErf,
            residual: true,
            eps: EPS,
        };
        block::read(checkpoint, &found.layer(Layer::SelfAttention), &spec)
    }
}

fn latents(config: &Config) -> Axis<'static> {
    (config.num_latent_channels, "num_latent_channels")
}
