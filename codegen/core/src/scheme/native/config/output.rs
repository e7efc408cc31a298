//! An entry of `outputs`.

use super::norm::{self, Norm};
use super::{identifier, texts};
use crate::scheme::fields::{Fields, SIZE, to_whole};
use serde_json::Value;

/// One output.
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) rows: Rows,
    pub(crate) mean: bool,
    pub(crate) norm: Option<Norm>,
    pub(crate) width: Option<usize>,
    pub(crate) tied: Option<String>,
    pub(crate) last_norm: Option<Norm>,
    pub(crate) shape: Vec<usize>,
    pub(crate) labels: Vec<String>,
}

/// The rows that an output reads.
#[derive(Clone, Copy)]
pub(crate) enum Rows {
    All,
    /// From the first to before the second.
    Some([usize; 2]),
    /// As many as a run has tokens.
    Tokens,
    /// As many as a run has latents.
    Latents,
}

/// Reads the entry.
pub(super) fn read(fields: &mut Fields) -> Output {
    let axes = |value: &Value| value.as_array()?.iter().map(|axis| to_whole(axis, &SIZE)).collect();
    Output {
        name: identifier(fields),
        rows: fields
            .read("queries", "a pair [first, end] of row numbers, \"tokens\" or \"latents\"", rows)
            .unwrap_or(Rows::All),
        mean: fields.flag("mean").unwrap_or(false),
        norm: norm::read(fields, "norm", None),
        width: fields.whole("width", &SIZE),
        tied: fields.text("tied"),
        last_norm: norm::read(fields, "last_norm", None),
        shape: fields.read("shape", "a list of axis lengths", axes).unwrap_or_default(),
        labels: fields.read("labels", "a list of texts", texts).unwrap_or_default(),
    }
}

fn rows(value: &Value) -> Option<Rows> {
    match value.as_str() {
        Some("tokens") => return Some(Rows::Tokens),
        Some("latents") => return Some(Rows::Latents),
        _ => {}
    }
    let [first, end] = value.as_array()?.as_slice() else { return None };
    Some(Rows::Some([to_whole(first, &(0..=*SIZE.end()))?, to_whole(end, &SIZE)?]))
}
