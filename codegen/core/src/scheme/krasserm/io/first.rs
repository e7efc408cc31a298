//! The configuration of version 0.1: what its Lightning modules keep.

use super::config::{Attention, Config, Decoder, Encoder, Head, Tokens, lengths};
use crate::scheme::fields::{Fields, LAYERS, SIZE};
use crate::scheme::krasserm::class::Class;

/// Fields that only training reads.
const TRAINING: [&str; 9] = [
    "dropout",
    "freeze",
    "activation_checkpoint",
    "optimizer_init",
    "scheduler_init",
    "masked_samples",
    "num_predictions",
    "mlm_ckpt",
    "clf_ckpt",
];

/// Reads it; `None` when sizes are wrong. What is wrong stays in `fields`.
///
/// All widths are those of the latents, each cross-attention is followed by a block, and only the first of each has weights
/// of its own.
pub(super) fn read(fields: &mut Fields, class: Class) -> Option<Config> {
    let mut encoder = fields.need_object("encoder");
    let mut decoder = fields.need_object("decoder");
    let width = fields.need_whole("num_latent_channels", &SIZE);
    let axis = (width, "num_latent_channels");
    let repetitions = encoder.whole("num_layers", &SIZE).unwrap_or(3);
    let attention = |fields: &mut Fields, heads| {
        let heads = fields.whole(heads, &SIZE).unwrap_or(4);
        Attention { heads, qk: Some(axis), v: Some(axis), widening: 1 }
    };
    let text = class.is_text().then(|| ["vocab_size", "max_seq_len"].map(|name| fields.need_whole(name, &SIZE)));
    let [vocabulary, most] = text.unwrap_or([1; 2]);
    let config = Config {
        num_latents: fields.need_whole("num_latents", &SIZE),
        num_latent_channels: width,
        tokens: match class {
            Class::ImageClassifier => Tokens::Image {
                shape: fields.need("image_shape", "[height, width, channels]", lengths).unwrap_or([1; 3]),
                bands: fields.whole("num_frequency_bands", &SIZE).unwrap_or(32),
            },
            _ => Tokens::Text { vocabulary, most, width: axis },
        },
        encoder: Encoder {
            cross: attention(&mut encoder, "num_cross_attention_heads"),
            cross_layers: repetitions,
            shares_cross: false,
            layer: attention(&mut encoder, "num_self_attention_heads"),
            layers: encoder.whole("num_self_attention_layers_per_block", &LAYERS).unwrap_or(6),
            blocks: repetitions,
            shares_blocks: false,
        },
        head: match class {
            Class::MaskedLm => Head::Text { width: Some(axis), vocabulary, most },
            _ => Head::Classes { queries: 1, width: axis, classes: fields.need_whole("num_classes", &SIZE) },
        },
        decoder: Decoder { cross: attention(&mut decoder, "num_cross_attention_heads"), residual: true },
    };
    super::config::finish(fields, encoder, decoder, &TRAINING).then_some(config)
}
