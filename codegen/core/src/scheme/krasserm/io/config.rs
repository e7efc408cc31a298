//! The dataclasses that a model is built from: the fields that matter at inference, with the library's defaults.

use super::dialect::Found;
use crate::scheme::checkpoint::Axis;
use crate::scheme::fields::{Fields, LAYERS, SIZE, to_whole};
use crate::scheme::krasserm::class::Class;
use serde_json::Value;

/// A Perceiver IO.
pub(super) struct Config {
    pub(super) num_latents: usize,
    pub(super) num_latent_channels: usize,
    pub(super) encoder: Encoder,
    pub(super) decoder: Decoder,
    pub(super) tokens: Tokens,
    pub(super) head: Head,
}

/// The sizes of an attention layer.
pub(super) struct Attention {
    pub(super) heads: usize,
    pub(super) qk: Option<Axis<'static>>,
    pub(super) v: Option<Axis<'static>>,
    pub(super) widening: usize,
}

/// The encoder, without what it reads.
pub(super) struct Encoder {
    pub(super) cross: Attention,
    pub(super) cross_layers: usize,
    pub(super) shares_cross: bool,
    pub(super) layer: Attention,
    pub(super) layers: usize,
    pub(super) blocks: usize,
    pub(super) shares_blocks: bool,
}

/// The decoder, without what it computes.
pub(super) struct Decoder {
    pub(super) cross: Attention,
    pub(super) residual: bool,
}

/// What the encoder reads.
pub(super) enum Tokens {
    /// Ids.
    Text { vocabulary: usize, most: usize, width: Axis<'static> },
    /// `[height, width, channels]`
    Image { shape: [usize; 3], bands: usize },
    /// Two frames of `[channels, height, width]`
    Flow { shape: [usize; 2], channels: usize, hidden: usize, bands: usize },
}

/// What the decoder computes.
pub(super) enum Head {
    /// Classes.
    Classes { queries: usize, width: Axis<'static>, classes: usize },
    /// Ids; without a width the embedding is their head.
    Text { width: Option<Axis<'static>>, vocabulary: usize, most: usize },
    /// A vector a pixel.
    Flow { shape: [usize; 2], rescale: f64 },
}

/// What names the class of an object that was pickled.
const CLASS: &str = "__class__";

/// Fields that only training reads.
const TRAINING: [&str; 7] = [
    "dropout",
    "residual_dropout",
    "init_scale",
    "freeze",
    "params",
    "activation_checkpointing",
    "activation_offloading",
];

/// Reads the configuration of a version from 0.2 on; `None` when sizes are wrong. What is wrong stays in `fields`.
pub(super) fn read(fields: &mut Fields, class: Class, found: &Found) -> Option<Config> {
    let mut encoder = fields.need_object("encoder");
    let mut decoder = fields.need_object("decoder");
    let config = Config {
        num_latents: fields.need_whole("num_latents", &SIZE),
        num_latent_channels: fields.need_whole("num_latent_channels", &SIZE),
        tokens: tokens(&mut encoder, class),
        encoder: Encoder {
            cross: cross(&mut encoder),
            cross_layers: encoder.whole("num_cross_attention_layers", &SIZE).unwrap_or(1),
            shares_cross: encoder.flag("first_cross_attention_layer_shared").unwrap_or(false),
            layer: Attention {
                heads: encoder.whole("num_self_attention_heads", &SIZE).unwrap_or(8),
                qk: width(&mut encoder, "num_self_attention_qk_channels"),
                v: width(&mut encoder, "num_self_attention_v_channels"),
                widening: encoder.whole("self_attention_widening_factor", &SIZE).unwrap_or(1),
            },
            layers: encoder.whole("num_self_attention_layers_per_block", &LAYERS).unwrap_or(8),
            blocks: encoder.whole("num_self_attention_blocks", &SIZE).unwrap_or(1),
            shares_blocks: encoder.flag("first_self_attention_block_shared").unwrap_or(true),
        },
        head: head(&mut decoder, class, found),
        decoder: Decoder {
            cross: cross(&mut decoder),
            residual: decoder.flag("cross_attention_residual").unwrap_or(true),
        },
    };
    check_repetition(&mut encoder, &config.encoder);
    finish(fields, encoder, decoder, &TRAINING).then_some(config)
}

/// Closes the parts, which may also have fields of these names; whether all fields that were read are right.
pub(super) fn finish(fields: &mut Fields, encoder: Fields, decoder: Fields, others: &[&'static str]) -> bool {
    let fine = [&*fields, &encoder, &decoder].into_iter().all(Fields::is_fine);
    fields.skip(others);
    for mut part in [encoder, decoder] {
        part.skip(others);
        part.skip(&[CLASS]);
        fields.close(part);
    }
    fine
}

fn cross(fields: &mut Fields) -> Attention {
    Attention {
        heads: fields.whole("num_cross_attention_heads", &SIZE).unwrap_or(8),
        qk: width(fields, "num_cross_attention_qk_channels"),
        v: width(fields, "num_cross_attention_v_channels"),
        widening: fields.whole("cross_attention_widening_factor", &SIZE).unwrap_or(1),
    }
}

fn width(fields: &mut Fields, name: &'static str) -> Option<Axis<'static>> {
    fields.whole(name, &SIZE).map(|width| (width, name))
}

fn tokens(fields: &mut Fields, class: Class) -> Tokens {
    match class {
        Class::ImageClassifier => Tokens::Image {
            shape: fields.need("image_shape", "[height, width, channels]", lengths).unwrap_or([1; 3]),
            bands: fields.whole("num_frequency_bands", &SIZE).unwrap_or(32),
        },
        Class::OpticalFlow => Tokens::Flow {
            shape: fields.need("image_shape", "[height, width]", lengths).unwrap_or([1; 2]),
            channels: fields.whole("num_patch_input_channels", &SIZE).unwrap_or(27),
            hidden: fields.whole("num_patch_hidden_channels", &SIZE).unwrap_or(64),
            bands: fields.whole("num_frequency_bands", &SIZE).unwrap_or(64),
        },
        _ => Tokens::Text {
            vocabulary: fields.whole("vocab_size", &SIZE).unwrap_or(10_003),
            most: fields.whole("max_seq_len", &SIZE).unwrap_or(256),
            width: width(fields, "num_input_channels").unwrap_or((64, "num_input_channels")),
        },
    }
}

fn head(fields: &mut Fields, class: Class, found: &Found) -> Head {
    // From 0.7 on an image has one query, whatever the configuration says.
    let asks_once = class == Class::ImageClassifier && !found.names.versions.are_before(7);
    match class {
        Class::MaskedLm => Head::Text {
            width: width(fields, "num_output_query_channels"),
            vocabulary: fields.whole("vocab_size", &SIZE).unwrap_or(10_003),
            most: fields.whole("max_seq_len", &SIZE).unwrap_or(512),
        },
        Class::OpticalFlow => Head::Flow {
            shape: fields.need("image_shape", "[height, width]", lengths).unwrap_or([1; 2]),
            rescale: fields.number("rescale_factor").unwrap_or(100.0),
        },
        _ => Head::Classes {
            queries: fields.whole("num_output_queries", &SIZE).filter(|_| !asks_once).unwrap_or(1),
            width: width(fields, "num_output_query_channels").unwrap_or((256, "num_output_query_channels")),
            classes: fields.whole("num_classes", &SIZE).unwrap_or(100),
        },
    }
}

/// The lengths of so many axes.
pub(super) fn lengths<const N: usize>(value: &Value) -> Option<[usize; N]> {
    let lengths: Option<Vec<_>> = value.as_array()?.iter().map(|length| to_whole(length, &SIZE)).collect();
    lengths?.try_into().ok()
}

/// Upstream refuses more cross-attentions than blocks.
fn check_repetition(fields: &mut Fields, encoder: &Encoder) {
    let (cross, blocks) = (encoder.cross_layers, encoder.blocks);
    if cross > blocks {
        let complaint = format!(
            "is {cross}, but there are {blocks} blocks (`num_self_attention_blocks`), each after at most one cross-attention: \
             correct one of the two"
        );
        fields.complain("num_cross_attention_layers", &complaint);
    }
}
