//! Latents, the cross-attention to the tokens and the self-attention layers.

use super::config::Config;
use super::source::Source;
use super::{EPS, LAYER};
use crate::model::{Block, EmptyRows, Tensor};
use crate::scheme::block::{self, Spec};
use crate::scheme::checkpoint::Axis;

/// What [`crate::model::Model`] holds of the encoder.
pub(super) struct Encoder {
    pub(super) latents: Tensor,
    pub(super) blocks: Vec<Block>,
    pub(super) schedule: Vec<usize>,
}

/// Reads the encoder of tokens with `token_width` numbers; the names of its tensors start with `prefix`.
pub(super) fn read(source: &mut Source<'_>, prefix: &str, token_width: Axis<'_>) -> Encoder {
    check_heads(source);
    let config = &source.config;
    let axes = [(config.num_latents, "num_latents"), (config.d_latents, "d_latents")];
    let layers = config.num_self_attends_per_block;
    let repeated = (0..config.num_blocks).flat_map(|_| 1..=layers);
    let schedule = std::iter::once(0).chain(repeated).collect();
    let latents = source.checkpoint.tensor(&format!("{prefix}embeddings.latents"), &axes);
    let mut blocks = vec![cross(source, prefix, token_width)];
    blocks.extend((0..layers).map(|index| layer(source, prefix, index)));
    Encoder { latents, blocks, schedule }
}

/// Upstream refuses these whatever the widths in use are.
fn check_heads(source: &mut Source<'_>) {
    let Config { num_self_attention_heads, num_cross_attention_heads, d_latents, .. } = source.config;
    let heads = [
        (num_self_attention_heads, "num_self_attention_heads"),
        (num_cross_attention_heads, "num_cross_attention_heads"),
    ];
    for (heads, field) in heads {
        if !d_latents.is_multiple_of(heads) {
            source.checkpoint.complain(format!(
                "`{field}` is {heads}, but transformers requires it to divide `d_latents` {d_latents}: correct one of the two"
            ));
        }
    }
}

fn cross(source: &mut Source<'_>, prefix: &str, tokens: Axis<'_>) -> Block {
    let empty_rows = if source.is_deepmind() { EmptyRows::Zero } else { EmptyRows::Uniform };
    let config = &source.config;
    let latents = (config.d_latents, "d_latents");
    let qk = qk(config, if config.shape_of_queries { latents } else { tokens });
    let spec = Spec {
        name: "encoder.cross",
        prefix: &format!("{prefix}encoder.cross_attention"),
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
    let mut block = block::read(&mut source.checkpoint, &LAYER, &spec);
    block.attention.empty_rows = empty_rows;
    block
}

fn layer(source: &mut Source<'_>, prefix: &str, index: usize) -> Block {
    let (config, checkpoint) = (&source.config, &mut source.checkpoint);
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
        prefix: &format!("{prefix}encoder.self_attends.{index}"),
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
