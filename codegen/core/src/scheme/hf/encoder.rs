//! Latents, the cross-attention to the tokens and the self-attention layers.

use super::config::Config;
use super::{EPS, LAYER};
use crate::model::{Block, Tensor};
use crate::scheme::block::{self, Spec};
use crate::scheme::checkpoint::{Axis, Checkpoint};

/// What [`crate::model::Model`] holds of the encoder.
pub(super) struct Encoder {
    pub(super) latents: Tensor,
    pub(super) blocks: Vec<Block>,
    pub(super) schedule: Vec<usize>,
}

/// Reads the encoder of tokens with `token_width` numbers.
pub(super) fn read(config: &Config, checkpoint: &mut Checkpoint, token_width: usize) -> Encoder {
    check_heads(config, checkpoint);
    let latents = [(config.num_latents, "num_latents"), (config.d_latents, "d_latents")];
    let latents = checkpoint.tensor("perceiver.embeddings.latents", &latents);
    let mut blocks = vec![cross(config, checkpoint, (token_width, "the tokens' width"))];
    let layers = config.num_self_attends_per_block;
    blocks.extend((0..layers).map(|index| layer(config, checkpoint, index)));
    let repeated = (0..config.num_blocks).flat_map(|_| 1..=layers);
    Encoder { latents, blocks, schedule: std::iter::once(0).chain(repeated).collect() }
}

/// Upstream refuses these whatever the widths in use are.
fn check_heads(config: &Config, checkpoint: &mut Checkpoint) {
    let heads = [
        (config.num_self_attention_heads, "num_self_attention_heads"),
        (config.num_cross_attention_heads, "num_cross_attention_heads"),
    ];
    for (heads, source) in heads {
        if !config.d_latents.is_multiple_of(heads) {
            checkpoint.complain(format!(
                "`{source}` is {heads}, but transformers requires it to divide `d_latents` {}: correct one of the two",
                config.d_latents
            ));
        }
    }
}

fn cross(config: &Config, checkpoint: &mut Checkpoint, tokens: Axis<'_>) -> Block {
    let latents = (config.d_latents, "d_latents");
    let qk = qk(config, if config.shape_of_queries { latents } else { tokens });
    let spec = Spec {
        name: "encoder.cross",
        prefix: "perceiver.encoder.cross_attention",
        rows: latents,
        context: Some(tokens),
        heads: (config.num_cross_attention_heads, "num_cross_attention_heads"),
        qk,
        v: v(config, qk),
        widening: (config.cross_attention_widening_factor, "cross_attention_widening_factor"),
        activation: config.hidden_act,
        residual: config.use_query_residual,
        eps: EPS,
    };
    block::read(checkpoint, &LAYER, &spec)
}

fn layer(config: &Config, checkpoint: &mut Checkpoint, index: usize) -> Block {
    let latents = (config.d_latents, "d_latents");
    let qk = qk(config, latents);
    let v = v(config, qk);
    if index == 0 && v.0 != latents.0 {
        checkpoint.complain(format!(
            "the values of self-attention are {} numbers wide (`{}`), but transformers adds them to latents of {} (`d_latents`): \
             set `v_channels` to {}",
            v.0, v.1, latents.0, latents.0
        ));
    }
    let spec = Spec {
        name: &format!("encoder.layers.{index}"),
        prefix: &format!("perceiver.encoder.self_attends.{index}"),
        rows: latents,
        context: None,
        heads: (config.num_self_attention_heads, "num_self_attention_heads"),
        qk,
        v,
        widening: (config.self_attention_widening_factor, "self_attention_widening_factor"),
        activation: config.hidden_act,
        residual: true,
        eps: EPS,
    };
    block::read(checkpoint, &LAYER, &spec)
}

fn qk<'a>(config: &Config, default: Axis<'a>) -> Axis<'a> {
    config.qk_channels.map_or(default, |width| (width, "qk_channels"))
}

fn v<'a>(config: &Config, qk: Axis<'a>) -> Axis<'a> {
    config.v_channels.map_or(qk, |width| (width, "v_channels"))
}
