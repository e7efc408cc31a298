//! A norm: one word, or an object where a word does not say it.

use crate::model::NormKind;
use crate::scheme::fields::Fields;
use serde_json::Value;

/// A norm over a row.
#[derive(Clone, Copy)]
pub(crate) struct Norm {
    pub(crate) kind: NormKind,
    /// The file's `norm_eps` when absent.
    pub(crate) eps: Option<f64>,
    pub(crate) gain: bool,
    pub(crate) offset: bool,
}

/// What the word "layer" stands for.
pub(super) const LAYER: Norm = Norm { kind: NormKind::Layer, eps: None, gain: true, offset: true };
/// What the word "rms" stands for.
const RMS: Norm = Norm { kind: NormKind::RootMeanSquare, eps: None, gain: true, offset: false };

/// The norm `name`, or what stands for it where it is not there.
pub(super) fn read(fields: &mut Fields, name: &'static str, default: Option<Norm>) -> Option<Norm> {
    if !fields.value(name).is_some_and(Value::is_object) {
        return fields.word(name, &[("none", None), ("layer", Some(LAYER)), ("rms", Some(RMS))]).unwrap_or(default);
    }
    let mut norm = fields.object(name)?;
    let word = norm.need_word("kind", &[("layer", LAYER), ("rms", RMS)]).unwrap_or(LAYER);
    let read = Norm {
        eps: eps(&mut norm, "eps"),
        gain: norm.flag("gain").unwrap_or(word.gain),
        offset: norm.flag("offset").unwrap_or(word.offset),
        ..word
    };
    fields.close(norm);
    Some(read)
}

/// A number that is added to a variance.
pub(super) fn eps(fields: &mut Fields, name: &'static str) -> Option<f64> {
    let small = |value: &Value| value.as_f64().filter(|eps| (0.0..1.0).contains(eps));
    fields.read(name, "a number from 0 to below 1", small)
}
