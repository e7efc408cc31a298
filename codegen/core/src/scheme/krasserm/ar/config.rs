//! `CausalLanguageModelConfig` and `SymbolicAudioModelConfig`: the fields that matter at inference, with their defaults.

use super::dialect::Dialect;
use crate::scheme::fields::{Fields, LAYERS, SIZE};

/// A Perceiver AR.
pub(super) struct Config {
    pub(super) vocab_size: usize,
    pub(super) max_seq_len: usize,
    pub(super) latents: usize,
    pub(super) num_channels: usize,
    pub(super) num_heads: usize,
    pub(super) layers: usize,
    /// Layers whose queries and keys turn: the first so many.
    pub(super) rotary_layers: usize,
    pub(super) cross_widening: usize,
    pub(super) self_widening: usize,
    pub(super) output_norm: bool,
    pub(super) output_bias: bool,
    /// Whether ids have learned positions too; then only half of a head's numbers turn.
    pub(super) abs_pos_emb: bool,
}

/// Fields that only training reads, and one that changes no number.
const TRAINING: [&str; 13] = [
    "max_heads_parallel",
    "cross_attention_dropout",
    "post_attention_dropout",
    "residual_dropout",
    "init_scale",
    "activation_checkpointing",
    "activation_offloading",
    "random_sequence_truncation",
    "random_truncation",
    "random_min_seq_len",
    "validation_sample_prompt",
    "validation_sample_record",
    "params",
];

/// Reads the configuration; `None` when sizes are wrong. What is wrong stays in `fields`.
pub(super) fn read(fields: &mut Fields, dialect: &Dialect) -> Option<Config> {
    let latents = if dialect.takes_prefix {
        fields.whole("max_latents", &SIZE).unwrap_or(512)
    } else {
        fields.need_whole("num_latents", &SIZE)
    };
    let both = fields.whole("widening_factor", &SIZE).unwrap_or(4);
    let turning = |value: &serde_json::Value| value.as_i64().filter(|&layers| layers >= -1);
    let rotary_layers = fields.read("num_self_attention_rotary_layers", "a whole number from -1", turning).unwrap_or(1);
    let config = Config {
        vocab_size: fields.whole("vocab_size", &SIZE).unwrap_or(262),
        max_seq_len: fields.whole("max_seq_len", &SIZE).unwrap_or(4096),
        latents,
        num_channels: fields.whole("num_channels", &SIZE).unwrap_or(512),
        num_heads: fields.whole("num_heads", &SIZE).unwrap_or(8),
        layers: fields.whole("num_self_attention_layers", &LAYERS).unwrap_or(8),
        // All of them for −1.
        rotary_layers: usize::try_from(rotary_layers).unwrap_or(usize::MAX),
        cross_widening: fields.whole("cross_attention_widening_factor", &SIZE).unwrap_or(both),
        self_widening: fields.whole("self_attention_widening_factor", &SIZE).unwrap_or(both),
        output_norm: fields.flag("output_norm").unwrap_or(false),
        output_bias: fields.flag("output_bias").unwrap_or(true),
        abs_pos_emb: fields.flag("abs_pos_emb").unwrap_or(true),
    };
    if dialect.takes_prefix && config.latents > config.max_seq_len {
        let complaint = format!("is {latents}, more than `max_seq_len` {}: correct one of the two", config.max_seq_len);
        fields.complain("max_latents", &complaint);
    }
    let fine = fields.is_fine();
    fields.skip(&TRAINING);
    fine.then_some(config)
}
