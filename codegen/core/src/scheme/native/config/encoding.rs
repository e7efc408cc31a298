//! Encodings of positions, wherever they stand.

use super::words::{GRIDS, ORDERS};
use crate::model::{FeatureLayout, Grid};
use crate::scheme::fields::{Fields, SIZE, to_numbers, to_whole};
use serde_json::Value;

/// `kind` of an encoding: whether it is computed.
pub(super) const LEARNED_OR_FOURIER: [(&str, bool); 2] = [("learned", false), ("fourier", true)];

/// A table or features of a grid.
pub(crate) enum Encoding {
    /// What is absent follows from what is encoded.
    Learned {
        rows: Option<usize>,
        width: Option<usize>,
    },
    Fourier(Fourier),
}

/// Fourier features of a grid.
pub(crate) struct Fourier {
    /// That of what is encoded when absent.
    pub(crate) shape: Option<Vec<usize>>,
    pub(crate) grid: Grid,
    pub(crate) order: FeatureLayout,
    pub(crate) bands: usize,
    pub(crate) frequencies: Frequencies,
    pub(crate) sine_only: bool,
    pub(crate) with_position: bool,
}

/// Where frequencies come from.
pub(crate) enum Frequencies {
    /// Evenly spaced up to half of these, one an axis; the lengths of the axes when absent.
    Linear(Option<Vec<f64>>),
    /// A tensor.
    Stored,
}

/// The fields of a Fourier encoding.
pub(super) fn fourier(fields: &mut Fields) -> Fourier {
    let stored = fields.word("frequencies", &[("linear", false), ("stored", true)]).unwrap_or(false);
    Fourier {
        shape: shape(fields),
        grid: fields.word("grid", &GRIDS).unwrap_or_default(),
        order: fields.word("order", &ORDERS).unwrap_or(FeatureLayout::Blocks),
        bands: fields.need_whole("bands", &SIZE),
        frequencies: if stored {
            Frequencies::Stored
        } else {
            let expected = "a list with a number for each axis";
            Frequencies::Linear(fields.read("max_resolution", expected, to_numbers))
        },
        sine_only: fields.flag("sine_only").unwrap_or(false),
        with_position: fields.flag("with_position").unwrap_or(true),
    }
}

/// [`fourier`] of a grid that nothing else gives.
pub(super) fn fourier_of_shape(fields: &mut Fields) -> Fourier {
    if fields.value("shape").is_none_or(Value::is_null) {
        fields.complain("shape", "is missing, expected a list of one to three axis lengths: add it");
    }
    let fourier = fourier(fields);
    Fourier { shape: Some(fourier.shape.unwrap_or_else(|| vec![1])), ..fourier }
}

fn shape(fields: &mut Fields) -> Option<Vec<usize>> {
    let axes = |value: &Value| {
        let list = value.as_array().filter(|list| (1..=3).contains(&list.len()))?;
        list.iter().map(|axis| to_whole(axis, &SIZE)).collect()
    };
    fields.read("shape", "a list of one to three axis lengths", axes)
}
