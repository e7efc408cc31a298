//! `PerceiverConfig`: the fields that matter at inference, with the library's defaults.

use crate::model::Activation;
use crate::scheme::fields::{Fields, LAYERS, SIZE, to_whole};
use crate::scheme::labels;
use serde_json::Value;

/// The configuration; names are the library's.
pub(super) struct Config {
    pub(super) num_latents: usize,
    pub(super) d_latents: usize,
    pub(super) d_model: usize,
    pub(super) num_blocks: usize,
    pub(super) num_self_attends_per_block: usize,
    pub(super) num_self_attention_heads: usize,
    pub(super) num_cross_attention_heads: usize,
    pub(super) qk_channels: Option<usize>,
    pub(super) v_channels: Option<usize>,
    /// `cross_attention_shape_for_attention` is "q": the queries' width instead of the keys'.
    pub(super) shape_of_queries: bool,
    pub(super) self_attention_widening_factor: usize,
    pub(super) cross_attention_widening_factor: usize,
    pub(super) hidden_act: Activation,
    pub(super) use_query_residual: bool,
    pub(super) vocab_size: usize,
    pub(super) max_position_embeddings: usize,
    /// `[height, width]`
    pub(super) image_size: [usize; 2],
    pub(super) num_labels: usize,
    /// A name a class, or none when they are the library's placeholders.
    pub(super) labels: Vec<String>,
    /// A `layer_norm_eps` that differs from the one in use.
    pub(super) ignored_eps: Option<f64>,
    /// Every field that a tensor's shape depends on is right: the tensors can be checked.
    pub(super) sizes_are_known: bool,
}

/// The library's names for elementwise functions that the engine has. Those of GELU's tanh form differ upstream only in
/// rounding.
const ACTIVATIONS: [(&str, Activation); 14] = [
    ("gelu", Activation::GeluErf),
    ("gelu_python", Activation::GeluErf),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_accurate", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("gelu_python_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("relu2", Activation::SquaredRelu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("tanh", Activation::Tanh),
    ("linear", Activation::Identity),
];

/// Reads the configuration; what is wrong stays in `fields`.
pub(super) fn read(fields: &mut Fields) -> Config {
    let (num_labels, labels) = classes(fields);
    let mut config = Config {
        num_latents: fields.whole("num_latents", &SIZE).unwrap_or(256),
        d_latents: fields.whole("d_latents", &SIZE).unwrap_or(1280),
        d_model: fields.whole("d_model", &SIZE).unwrap_or(768),
        num_blocks: fields.whole("num_blocks", &LAYERS).unwrap_or(1),
        num_self_attends_per_block: fields.whole("num_self_attends_per_block", &LAYERS).unwrap_or(26),
        num_self_attention_heads: fields.whole("num_self_attention_heads", &SIZE).unwrap_or(8),
        num_cross_attention_heads: fields.whole("num_cross_attention_heads", &SIZE).unwrap_or(8),
        qk_channels: fields.whole("qk_channels", &SIZE),
        v_channels: fields.whole("v_channels", &SIZE),
        shape_of_queries: fields
            .word("cross_attention_shape_for_attention", &[("kv", false), ("q", true)])
            .unwrap_or(false),
        self_attention_widening_factor: fields.whole("self_attention_widening_factor", &SIZE).unwrap_or(1),
        cross_attention_widening_factor: fields.whole("cross_attention_widening_factor", &SIZE).unwrap_or(1),
        hidden_act: Activation::GeluErf,
        use_query_residual: true,
        vocab_size: fields.whole("vocab_size", &SIZE).unwrap_or(262),
        max_position_embeddings: fields.whole("max_position_embeddings", &SIZE).unwrap_or(2048),
        image_size: fields.read("image_size", "a whole number, or [height, width]", image_size).unwrap_or([56; 2]),
        num_labels,
        labels,
        ignored_eps: None,
        sizes_are_known: fields.is_fine(),
    };
    config.hidden_act = fields.word("hidden_act", &ACTIVATIONS).unwrap_or(config.hidden_act);
    config.use_query_residual = fields.flag("use_query_residual").unwrap_or(config.use_query_residual);
    config.ignored_eps = fields.number("layer_norm_eps").filter(|eps| *eps != super::EPS);
    config
}

fn image_size(value: &Value) -> Option<[usize; 2]> {
    match value.as_array() {
        Some(sides) => match sides.as_slice() {
            [height, width] => Some([to_whole(height, &SIZE)?, to_whole(width, &SIZE)?]),
            _ => None,
        },
        None => to_whole(value, &SIZE).map(|side| [side; 2]),
    }
}

/// The number of classes and their names: `id2label` decides, then `num_labels`, then the library's default of two.
fn classes(fields: &mut Fields) -> (usize, Vec<String>) {
    let num_labels = fields.whole("num_labels", &SIZE);
    match labels::read(fields) {
        Some(labels) => (labels.count(), labels.names()),
        None => (num_labels.unwrap_or(2), Vec::new()),
    }
}
