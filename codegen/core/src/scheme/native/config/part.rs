//! The sections that are read the same way wherever they stand.

use super::{Attention, Fourier, Output, Queries};
use crate::model::Activation;
use crate::scheme::fields::{Fields, SIZE, to_numbers, to_whole};
use serde_json::Value;
use std::ops::RangeInclusive;

const ACTIVATIONS: [(&str, Activation); 8] = [
    ("gelu", Activation::GeluErf),
    ("gelu_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("squared_relu", Activation::SquaredRelu),
    ("silu", Activation::Silu),
    ("tanh", Activation::Tanh),
    ("identity", Activation::Identity),
];

/// An MLP's hidden width over that of its rows; 0 for no MLP.
const WIDENING: RangeInclusive<usize> = 0..=1 << 10;

/// `kind` of positions and queries: whether they are computed.
pub(super) const LEARNED_OR_FOURIER: [(&str, bool); 2] = [("learned", false), ("fourier", true)];

/// An attention block; self-attention has no choice of `residual`.
pub(super) fn attention(fields: &mut Fields, cross: bool) -> Attention {
    Attention {
        heads: fields.whole("heads", &SIZE).unwrap_or(1),
        qk: fields.whole("qk", &SIZE),
        v: fields.whole("v", &SIZE),
        widening: fields.whole("widening", &WIDENING).unwrap_or(1),
        activation: fields.word("activation", &ACTIVATIONS).unwrap_or(Activation::GeluErf),
        residual: !cross || fields.flag("residual").unwrap_or(true),
    }
}

/// `decoder.queries`
pub(super) fn queries(fields: &mut Fields) -> Queries {
    let axes = |value: &Value| {
        let list = value.as_array().filter(|list| (1..=3).contains(&list.len()))?;
        list.iter().map(|axis| to_whole(axis, &SIZE)).collect()
    };
    match fields.need_word("kind", &LEARNED_OR_FOURIER) {
        Some(true) => Queries::Fourier {
            shape: fields.need("shape", "a list of one to three axis lengths", axes).unwrap_or_default(),
            fourier: fourier(fields),
        },
        Some(false) => {
            Queries::Learned { count: fields.need_whole("count", &SIZE), width: fields.need_whole("width", &SIZE) }
        }
        None => {
            fields.forgive();
            Queries::Learned { count: 1, width: 1 }
        }
    }
}

/// The fields of a Fourier encoding.
pub(super) fn fourier(fields: &mut Fields) -> Fourier {
    Fourier {
        bands: fields.need_whole("bands", &SIZE),
        max_resolution: fields.read("max_resolution", "a list with a number for each axis", to_numbers),
        sine_only: fields.flag("sine_only").unwrap_or(false),
        with_position: fields.flag("with_position").unwrap_or(true),
    }
}

/// An entry of `outputs`.
pub(super) fn output(fields: &mut Fields) -> Output {
    let pair = |value: &Value| {
        let [first, end] = value.as_array()?.as_slice() else { return None };
        Some([to_whole(first, &(0..=*SIZE.end()))?, to_whole(end, &SIZE)?])
    };
    let texts = |value: &Value| value.as_array()?.iter().map(|label| label.as_str().map(str::to_owned)).collect();
    Output {
        name: identifier(fields),
        queries: fields.read("queries", "a pair [first, end] of row numbers", pair),
        width: fields.whole("width", &SIZE),
        tied: fields.text("tied"),
        labels: fields.read("labels", "a list of texts", texts).unwrap_or_default(),
    }
}

/// The name of an input or output, which the generated code uses as that of a field.
pub(super) fn identifier(fields: &mut Fields) -> String {
    let usable = |value: &Value| {
        let name = value.as_str()?;
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        (plain && syn::parse_str::<syn::Ident>(name).is_ok()).then(|| name.to_owned())
    };
    let expected = "letters, digits and `_` that make the name of a Rust field (no digit first, no keyword)";
    fields.need("name", expected, usable).unwrap_or_default()
}
