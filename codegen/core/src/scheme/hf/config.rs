//! `PerceiverConfig`: the fields that matter at inference, with the library's defaults.

use crate::model::Activation;
use crate::scheme::Fidelity;
use crate::scheme::fields::{Fields, LAYERS, SIZE, to_whole};
use crate::scheme::labels;
use serde_json::Value;
use std::collections::BTreeMap;

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
    /// `[height, width]`
    pub(super) train_size: [usize; 2],
    pub(super) num_frames: usize,
    pub(super) audio_samples_per_frame: usize,
    pub(super) samples_per_patch: usize,
    /// `[frames, height, width]`, without upstream's batch.
    pub(super) output_shape: [usize; 3],
    pub(super) output_num_channels: usize,
    /// `_label_trainable_num_channels`
    pub(super) label_channels: usize,
    pub(super) num_labels: usize,
    /// A name a class, or none when they are the library's placeholders.
    pub(super) labels: Vec<String>,
    /// Shapes of inputs, which upstream knows nothing of.
    pub(super) input_shapes: BTreeMap<String, Vec<usize>>,
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
pub(super) fn read(fields: &mut Fields, fidelity: Fidelity) -> Config {
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
        train_size: fields.read("train_size", "[height, width]", sizes).unwrap_or([368, 496]),
        num_frames: fields.whole("num_frames", &SIZE).unwrap_or(16),
        audio_samples_per_frame: fields.whole("audio_samples_per_frame", &SIZE).unwrap_or(1920),
        samples_per_patch: fields.whole("samples_per_patch", &SIZE).unwrap_or(16),
        output_shape: fields.read("output_shape", "[1, frames, height, width]", video).unwrap_or([16, 224, 224]),
        output_num_channels: fields.whole("output_num_channels", &SIZE).unwrap_or(512),
        label_channels: fields.whole("_label_trainable_num_channels", &SIZE).unwrap_or(1024),
        num_labels,
        labels,
        input_shapes: fields
            .read("input_shapes", "an object with a list of lengths for each input", shapes)
            .unwrap_or_default(),
        ignored_eps: None,
        sizes_are_known: fields.is_fine(),
    };
    config.hidden_act = match fields.word("hidden_act", &ACTIVATIONS).unwrap_or(config.hidden_act) {
        Activation::GeluErf if fidelity == Fidelity::DeepMind => Activation::GeluTanh,
        activation => activation,
    };
    config.use_query_residual = fields.flag("use_query_residual").unwrap_or(config.use_query_residual);
    config.ignored_eps = fields.number("layer_norm_eps").filter(|eps| *eps != super::EPS);
    config
}

fn image_size(value: &Value) -> Option<[usize; 2]> {
    if value.is_array() { sizes(value) } else { to_whole(value, &SIZE).map(|side| [side; 2]) }
}

fn shapes(value: &Value) -> Option<BTreeMap<String, Vec<usize>>> {
    let lengths = |value: &Value| -> Option<Vec<usize>> {
        value.as_array()?.iter().map(|length| to_whole(length, &SIZE)).collect()
    };
    value.as_object()?.iter().map(|(name, shape)| Some((name.clone(), lengths(shape)?))).collect()
}

fn sizes<const N: usize>(value: &Value) -> Option<[usize; N]> {
    let sizes: Option<Vec<usize>> = value.as_array()?.iter().map(|size| to_whole(size, &SIZE)).collect();
    sizes?.try_into().ok()
}

fn video(value: &Value) -> Option<[usize; 3]> {
    let [_, video @ ..] = sizes::<4>(value)?;
    Some(video)
}

/// The number of classes and their names: `id2label` decides, then `num_labels`, then the library's default of two.
fn classes(fields: &mut Fields) -> (usize, Vec<String>) {
    let num_labels = fields.whole("num_labels", &SIZE);
    match labels::read(fields) {
        Some(labels) => (labels.count(), labels.names()),
        None => (num_labels.unwrap_or(2), Vec::new()),
    }
}
