//! The words of the format, and what they stand for.

use crate::model::{Activation, Combine, EmptyRows, FeatureLayout, Gate, Grid, Layout, Places, Reads};

pub(crate) const ACTIVATIONS: [(&str, Activation); 8] = [
    ("gelu", Activation::GeluErf),
    ("gelu_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("squared_relu", Activation::SquaredRelu),
    ("silu", Activation::Silu),
    ("tanh", Activation::Tanh),
    ("identity", Activation::Identity),
];
pub(crate) const READS: [(&str, Reads); 4] = [
    ("itself", Reads::Itself),
    ("context", Reads::Context),
    ("context_then_itself", Reads::ContextThenItself),
    ("prefix_then_itself", Reads::PrefixThenItself),
];
/// Of rotary positions.
pub(crate) const ROTARY_PLACES: [(&str, Places); 3] =
    [("from_start", Places::FromStart), ("after_padding", Places::AfterPadding), ("from_end", Places::FromEnd)];
/// Of learned positions.
pub(crate) const POSITION_PLACES: [(&str, Places); 3] = ROTARY_PLACES;
pub(crate) const EMPTY_ROWS: [(&str, EmptyRows); 2] = [("uniform", EmptyRows::Uniform), ("zero", EmptyRows::Zero)];
pub(crate) const GATES: [(&str, Option<Gate>); 3] =
    [("none", None), ("first", Some(Gate::First)), ("second", Some(Gate::Second))];
pub(crate) const COMBINE: [(&str, Combine); 2] = [("add", Combine::Add), ("concat", Combine::Concat)];
pub(crate) const LAYOUTS: [(&str, Layout); 2] =
    [("channels_last", Layout::ChannelsLast), ("channels_first", Layout::ChannelsFirst)];
pub(crate) const GRIDS: [(&str, Grid); 2] = [("inclusive", Grid::Inclusive), ("half_open", Grid::HalfOpen)];
pub(crate) const ORDERS: [(&str, FeatureLayout); 2] =
    [("blocks", FeatureLayout::Blocks), ("axes", FeatureLayout::Axes)];

/// The word of `table` that stands for `meaning`; every meaning has one.
pub(crate) fn word<T: PartialEq>(table: &[(&'static str, T)], meaning: &T) -> &'static str {
    table.iter().find(|(_, known)| known == meaning).map_or("", |(word, _)| word)
}
