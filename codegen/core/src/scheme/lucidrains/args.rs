//! Keyword arguments of the constructors, with the library's defaults.

use super::class::Class;
use super::layout::Layout;
use crate::scheme::checkpoint::Axis;
use crate::scheme::fields::{Fields, LAYERS, SIZE};
use serde_json::Value;

/// What every class takes; names are the library's.
pub(super) struct Args {
    pub(super) depth: usize,
    pub(super) num_latents: usize,
    pub(super) latent_dim: usize,
    pub(super) cross_heads: usize,
    pub(super) latent_heads: usize,
    pub(super) cross_dim_head: usize,
    pub(super) latent_dim_head: usize,
    pub(super) self_per_cross_attn: usize,
    pub(super) weight_tie_layers: bool,
    /// Whether the cross-attention of a layer is inverted.
    pub(super) inverted_cross_attn: Vec<bool>,
    /// Whether the latents are among the keys and values of cross-attentions.
    pub(super) queries_contribute_kv: bool,
    /// The rank of the mixtures of the latents' history, if there are any.
    pub(super) attn_residual_rank: Option<usize>,
}

/// What `Perceiver` takes besides.
pub(super) struct Data {
    pub(super) input_channels: usize,
    pub(super) input_axis: usize,
    /// Absent when the data comes with its positions.
    pub(super) fourier: Option<FourierArgs>,
    /// `None` without the final head.
    pub(super) num_classes: Option<usize>,
}

/// Fourier features of the data's positions.
pub(super) struct FourierArgs {
    pub(super) num_freq_bands: usize,
    pub(super) max_freq: f64,
    /// Of the versions that knew it.
    pub(super) freq_base: f64,
}

/// Axes of the data that Fourier features are made of.
const FOURIER_AXES: std::ops::RangeInclusive<usize> = 1..=3;

impl Args {
    /// Reads what a class takes whose layers lie as `layout` says; what is wrong stays in `fields`.
    pub(super) fn read(class: Class, layout: Layout, fields: &mut Fields) -> Self {
        let mut size = |name, default| fields.whole(name, &SIZE).unwrap_or(default);
        let (num_latents, latent_dim) = (size("num_latents", 512), size("latent_dim", 512));
        let (cross_heads, latent_heads) = (size("cross_heads", 1), size("latent_heads", 8));
        let (cross_dim_head, latent_dim_head) = (size("cross_dim_head", 64), size("latent_dim_head", 64));
        let depth = fields.need_whole("depth", &LAYERS);
        for training_only in ["attn_dropout", "ff_dropout", "seq_dropout_prob"] {
            fields.number(training_only);
        }
        let mut args = Self {
            depth,
            num_latents,
            latent_dim,
            cross_heads,
            latent_heads,
            cross_dim_head,
            latent_dim_head,
            self_per_cross_attn: 1,
            weight_tie_layers: fields.flag("weight_tie_layers").unwrap_or(false),
            inverted_cross_attn: vec![false; if layout.repeats_cross() { depth } else { 1 }],
            queries_contribute_kv: false,
            attn_residual_rank: None,
        };
        if class.has_options() {
            args.read_options(layout, fields);
        }
        args
    }

    fn read_options(&mut self, layout: Layout, fields: &mut Fields) {
        if matches!(layout, Layout::Blocks | Layout::Nested) {
            self.self_per_cross_attn = fields.whole("self_per_cross_attn", &LAYERS).unwrap_or(1);
        }
        let layers = self.inverted_cross_attn.len();
        let expected = format!("true or false, or a list with one of them for each cross-attention ({layers})");
        let inverted = fields.read("inverted_cross_attn", &expected, |value| flags(value, layers));
        self.inverted_cross_attn = inverted.unwrap_or_else(|| vec![false; layers]);
        if matches!(layout, Layout::Blocks | Layout::SingleBlocks) {
            self.queries_contribute_kv = fields.flag("queries_contribute_kv").unwrap_or(false);
        }
        let rank = fields.whole("attn_residual_rank", &SIZE).unwrap_or(64);
        self.attn_residual_rank = fields.flag("attn_residual").unwrap_or(false).then_some(rank);
    }

    /// D
    pub(super) fn latent_width(&self) -> Axis<'static> {
        (self.latent_dim, "args.latent_dim")
    }
}

impl Data {
    /// Reads what `class` takes; what is wrong stays in `fields`.
    pub(super) fn read(class: Class, fields: &mut Fields) -> Self {
        let is_plain = class == Class::Perceiver;
        let has_fourier = !is_plain || fields.flag("fourier_encode_data").unwrap_or(true);
        let has_head = !is_plain || fields.flag("final_classifier_head").unwrap_or(true);
        let axes = if has_fourier { FOURIER_AXES } else { SIZE };
        Self {
            input_channels: fields.whole("input_channels", &SIZE).unwrap_or(3),
            input_axis: fields.whole("input_axis", &axes).unwrap_or(2),
            fourier: FourierArgs::read(fields, has_fourier),
            num_classes: Some(fields.whole("num_classes", &SIZE).unwrap_or(1000)).filter(|_| has_head),
        }
    }

    /// The words for where the width of the data with its positions comes from.
    pub(super) fn width_source(&self) -> String {
        let features = if self.fourier.is_some() { " + args.input_axis × (2 × args.num_freq_bands + 1)" } else { "" };
        format!("args.input_channels{features}")
    }
}

impl FourierArgs {
    /// The arguments are not looked at where there are no features.
    fn read(fields: &mut Fields, has_fourier: bool) -> Option<Self> {
        let positive = |value: &Value| value.as_f64().filter(|&number| number > 0.0);
        let max_freq =
            if has_fourier { fields.need("max_freq", "a number above 0", positive) } else { fields.number("max_freq") };
        let bands = if has_fourier {
            fields.need_whole("num_freq_bands", &SIZE)
        } else {
            fields.whole("num_freq_bands", &SIZE).unwrap_or(1)
        };
        let freq_base = fields.read("freq_base", "a number above 0", positive).unwrap_or(2.0);
        has_fourier.then(|| Self { num_freq_bands: bands, max_freq: max_freq.unwrap_or(2.0), freq_base })
    }
}

fn flags(value: &Value, layers: usize) -> Option<Vec<bool>> {
    match value.as_array() {
        Some(list) => list.iter().map(Value::as_bool).collect::<Option<Vec<_>>>().filter(|list| list.len() == layers),
        None => value.as_bool().map(|flag| vec![flag; layers]),
    }
}
