//! Keyword arguments of `PerceiverAR`, with the original's defaults.

use crate::model::Activation;
use crate::scheme::fields::{Fields, LAYERS, SIZE, to_whole};
use serde_json::Value;

/// A Perceiver AR.
pub(super) struct Args {
    pub(super) num_classes: usize,
    pub(super) max_context_length: usize,
    pub(super) input_embed_dim: usize,
    pub(super) z_index_dim: usize,
    pub(super) num_z_channels: usize,
    pub(super) layers: usize,
    /// Whether there is a cross-attention before the layers.
    pub(super) has_first_cross: bool,
    /// Layers after which there is one more.
    pub(super) more_cross_after: Vec<usize>,
    pub(super) cross_heads: usize,
    pub(super) self_heads: usize,
    pub(super) cross_widening: usize,
    pub(super) self_widening: usize,
    /// Whether queries and keys of a cross-attention are as wide as the tokens, instead of the latents.
    pub(super) cross_is_as_wide_as_tokens: bool,
    pub(super) cross_residual: bool,
    pub(super) activation: Activation,
    pub(super) positions: Positions,
}

/// Where tokens and latents are.
pub(super) enum Positions {
    /// A table of so many rows, the last token at its first row, is added to the tokens.
    Added(usize),
    /// Queries and keys turn.
    Turning(Turning),
}

/// How queries and keys turn.
pub(super) struct Turning {
    /// Of each head's numbers, the share that turns.
    pub(super) of_numbers: f64,
    /// Of the heads, the share that turns.
    pub(super) of_heads: f64,
    pub(super) max_wavelength: usize,
    /// Whether the last token is at 0 and those before it at -1, -2, …, instead of 1, 2, ….
    pub(super) is_negative: bool,
    /// Whether the first queries of the latents are one place further.
    pub(super) is_offset: bool,
}

/// Functions by the names that `jax.nn` and the original have for them.
const ACTIVATIONS: [(&str, Activation); 6] = [
    ("sq_relu", Activation::SquaredRelu),
    ("relu", Activation::Relu),
    ("gelu", Activation::GeluTanh),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("tanh", Activation::Tanh),
];

/// Arguments that change no number of what is computed here.
const UNREAD: [&str; 15] = [
    "chunked_cross_attention",
    "chunked_cross_key_size",
    "chunked_cross_query_size",
    "concat_pos",
    "cross_attention_head_group_size",
    "dropout_prob",
    "encoder_dropout_prob",
    "final_layer_init_zeros",
    "initial_query_embed_activation_name",
    "initial_query_embed_num_layers",
    "latent_dropout_prob",
    "learnable_position_embeddings",
    "name",
    "share_learned_initial_query",
    "z_pos_enc_init_scale",
];

impl Args {
    /// Reads the arguments; `None` when some are wrong. What is wrong stays in `fields`.
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        refuse(fields);
        let mut size = |name, default| fields.whole(name, &SIZE).unwrap_or(default);
        let (input_embed_dim, num_z_channels) = (size("input_embed_dim", 1024), size("num_z_channels", 1024));
        let (cross_heads, self_heads) = (size("num_cross_attend_heads", 1), size("num_transformer_heads", 8));
        let (cross_widening, self_widening) =
            (size("cross_attend_widening_factor", 1), size("transformer_widening_factor", 1));
        let z_index_dim = size("z_index_dim", 1024);
        let max_context_length = fields.need_whole("max_context_length", &SIZE);
        let layers = fields.whole("num_transformers_per_block", &LAYERS).unwrap_or(12);
        let shapes = [("kv", true), ("q", false)];
        let args = Self {
            num_classes: fields.need_whole("num_classes", &SIZE),
            max_context_length,
            input_embed_dim,
            z_index_dim,
            num_z_channels,
            layers,
            has_first_cross: fields.flag("include_initial_cross_attention").unwrap_or(true),
            more_cross_after: more_cross_after(fields, layers),
            cross_heads,
            self_heads,
            cross_widening,
            self_widening,
            cross_is_as_wide_as_tokens: fields.word("cross_attention_shape_for_attn", &shapes).unwrap_or(true),
            cross_residual: fields.flag("encoder_use_query_residual").unwrap_or(true),
            activation: fields.word("activation_name", &ACTIVATIONS).unwrap_or(Activation::SquaredRelu),
            positions: Positions::read(fields, max_context_length),
        };
        if fields.is_fine() && z_index_dim > max_context_length {
            let complaint = format!(
                "is {z_index_dim}, more than `args.max_context_length` {max_context_length}: correct one of the two"
            );
            fields.complain("z_index_dim", &complaint);
        }
        let is_fine = fields.is_fine();
        fields.skip(&UNREAD);
        is_fine.then_some(args)
    }

    /// Width of the queries, keys and values of a cross-attention, and its source.
    pub(super) fn cross_width(&self) -> (usize, &'static str) {
        if self.cross_is_as_wide_as_tokens {
            (self.input_embed_dim, "args.input_embed_dim")
        } else {
            (self.num_z_channels, "args.num_z_channels")
        }
    }

    /// Most tokens: as many as there are places for.
    pub(super) fn tokens(&self) -> usize {
        match self.positions {
            Positions::Added(rows) => self.max_context_length.min(rows),
            Positions::Turning(_) => self.max_context_length,
        }
    }
}

/// What is not computed, with the reason.
fn refuse(fields: &mut Fields) {
    fields.word("mask_style", &[("final_block", ())]);
    let words = [("none", None), ("mlp", Some("through an MLP")), ("learned", Some("from a table"))];
    if let Some(how) = fields.word("initial_query_embed_style", &words).flatten() {
        let complaint = format!(
            "makes the latents {how} beside the tokens, which percio does not compute: train a model with \"none\", whose latents \
             are a linear layer on the tokens"
        );
        fields.complain("initial_query_embed_style", &complaint);
    }
    let latents = fields.whole("num_latents_per_position", &SIZE).unwrap_or(1);
    if latents > 1 {
        let complaint = format!("is {latents}, but percio computes one latent a token: train a model with 1");
        fields.complain("num_latents_per_position", &complaint);
    }
    if fields.flag("use_positions_from_data").unwrap_or(false) {
        let complaint = "is true, so that places come with the tokens, but percio counts them from the last token: train a model without";
        fields.complain("use_positions_from_data", complaint);
    }
    fields.whole("train_input_positions", &(0..=*SIZE.end()));
}

fn more_cross_after(fields: &mut Fields, layers: usize) -> Vec<usize> {
    let expected = format!("a list of different whole numbers below `args.num_transformers_per_block` {layers}");
    let read = |value: &Value| {
        let range = 0..=layers.checked_sub(1)?;
        let mut after: Vec<_> = value.as_array()?.iter().map(|layer| to_whole(layer, &range)).collect::<Option<_>>()?;
        after.sort_unstable();
        let given = after.len();
        after.dedup();
        (after.len() == given).then_some(after)
    };
    fields
        .value("additional_cross_attend_after_layers")
        .is_some_and(|value| value.as_array().is_some_and(Vec::is_empty))
        .then(|| fields.skip(&["additional_cross_attend_after_layers"]));
    fields.read("additional_cross_attend_after_layers", &expected, read).unwrap_or_default()
}

impl Positions {
    fn read(fields: &mut Fields, max_context_length: usize) -> Self {
        let kinds = [("rotary", true), ("absolute", false)];
        let turns = fields.need_word("position_encoding_type", &kinds).unwrap_or(true);
        let encodings = [("sinusoidal", ()), ("linear", ()), ("random", ()), ("fourier", ())];
        fields.word("position_encoding", &encodings);
        let rows = rows(fields, max_context_length);
        let mut share = |name, default| {
            let share = |value: &Value| value.as_f64().filter(|share| (0.0..=1.0).contains(share));
            fields.read(name, "a number from 0 to 1", share).unwrap_or(default)
        };
        let (of_numbers, of_heads) = (share("fraction_to_rotate", 0.25), share("fraction_heads_to_rotate", 1.0));
        let max_wavelength = fields.whole("max_wavelength", &SIZE).unwrap_or(8192);
        let is_negative = fields.flag("use_negative_rotary_positions").unwrap_or(false);
        let is_offset = fields.flag("initial_query_offsetting").unwrap_or(false);
        if !turns {
            if is_offset {
                let complaint = "is true, but there are no places to move with absolute positions, and the original cannot run: \
                                 remove it";
                fields.complain("initial_query_offsetting", complaint);
            }
            return Self::Added(rows);
        }
        // The original counts one place more where the first queries are moved by one.
        let max_wavelength = max_wavelength + usize::from(is_offset);
        if max_wavelength < max_context_length {
            let complaint = format!(
                "is {max_wavelength}, less than `args.max_context_length` {max_context_length}, which the original refuses: \
                 correct one of the two"
            );
            fields.complain("max_wavelength", &complaint);
        }
        Self::Turning(Turning { of_numbers, of_heads, max_wavelength, is_negative, is_offset })
    }
}

/// Rows of the table of positions, if there is one: the length of the only axis, −1 for as many as there are tokens.
fn rows(fields: &mut Fields, max_context_length: usize) -> usize {
    let length = |value: &Value| match value.as_array()?.as_slice() {
        [length] if length.as_i64() == Some(-1) => Some(max_context_length),
        [length] => to_whole(length, &SIZE),
        _ => None,
    };
    let expected = "a list of one length, -1 for `args.max_context_length`: percio counts places on one axis";
    fields.read("input_idx_size", expected, length).unwrap_or(max_context_length)
}
