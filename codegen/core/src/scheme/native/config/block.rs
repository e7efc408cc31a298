//! An attention block: the same fields wherever one stands.

use super::norm::{self, LAYER, Norm};
use super::words::{ACTIVATIONS, EMPTY_ROWS, GATES, READS, ROTARY_PLACES};
use crate::model::{Activation, EmptyRows, Gate, Places, Reads, Softmax};
use crate::scheme::fields::{Fields, SIZE, to_whole};
use serde_json::Value;
use std::ops::RangeInclusive;

/// An MLP's hidden width over that of its rows; 0 for no MLP.
const WIDENING: RangeInclusive<usize> = 0..=1 << 10;

/// An attention block.
#[derive(Clone)]
pub(crate) struct Block {
    /// Where its fields stand.
    pub(crate) section: String,
    /// What the names of its tensors start with.
    pub(crate) prefix: String,
    /// For reports; the prefix when absent.
    pub(crate) name: Option<String>,
    pub(crate) reads: Reads,
    pub(crate) heads: usize,
    pub(crate) qk: Option<usize>,
    pub(crate) v: Option<usize>,
    pub(crate) norm_q: Option<Norm>,
    pub(crate) norm_kv: Option<Norm>,
    pub(crate) head_norms: Option<Norm>,
    pub(crate) scale: Option<f64>,
    pub(crate) rotary: Option<Rotary>,
    pub(crate) causal: bool,
    pub(crate) softmax: Softmax,
    pub(crate) empty_rows: EmptyRows,
    pub(crate) masks_queries: bool,
    pub(crate) residual: Residual,
    pub(crate) mlp: Option<Mlp>,
    pub(crate) mixer: Option<Mixer>,
}

/// How the rows take up the result.
#[derive(Clone, Copy)]
pub(crate) enum Residual {
    None,
    Add,
    Gru,
}

/// Rotary positions.
#[derive(Clone)]
pub(crate) struct Rotary {
    /// Pairs that turn in a head.
    pub(crate) pairs: usize,
    /// Heads that turn; all when absent.
    pub(crate) heads: Option<usize>,
    pub(crate) places: Places,
}

/// An MLP.
#[derive(Clone)]
pub(crate) struct Mlp {
    pub(crate) hidden: Hidden,
    pub(crate) activation: Activation,
    pub(crate) gate: Option<Gate>,
    pub(crate) norm: Option<Norm>,
}

/// The hidden width of an MLP.
#[derive(Clone, Copy)]
pub(crate) enum Hidden {
    /// So many times the width of its rows.
    Widening(usize),
    /// This.
    Is(usize),
}

/// An MLP over each column, and one over each row.
#[derive(Clone)]
pub(crate) struct Mixer {
    pub(crate) columns: Mlp,
    pub(crate) rows: Mlp,
}

/// Reads the block whose fields stand in `section`, and whose tensors are called `prefix` and more. `reads` is what it reads
/// where it does not say; where that is absent too, it has to.
pub(super) fn read(fields: &mut Fields, section: &str, prefix: &str, reads: Option<Reads>) -> Block {
    let word = match reads {
        Some(reads) => fields.word("reads", &READS).or(Some(reads)),
        None => fields.need_word("reads", &READS),
    };
    let reads = word.unwrap_or(Reads::Itself);
    let mlp = mlp(fields);
    Block {
        section: section.to_owned(),
        prefix: prefix.to_owned(),
        name: fields.text("name"),
        reads,
        heads: fields.whole("heads", &SIZE).unwrap_or(1),
        qk: fields.whole("qk", &SIZE),
        v: fields.whole("v", &SIZE),
        norm_q: norm::read(fields, "norm_q", Some(LAYER)),
        norm_kv: if reads.context() { norm::read(fields, "norm_kv", Some(LAYER)) } else { None },
        head_norms: norm::read(fields, "head_norms", None),
        scale: fields.number("scale"),
        rotary: rotary(fields),
        causal: fields.flag("causal").unwrap_or(false),
        softmax: softmax(fields),
        empty_rows: fields.word("empty_rows", &EMPTY_ROWS).unwrap_or_default(),
        masks_queries: fields.flag("masks_queries").unwrap_or(false),
        residual: residual(fields),
        mlp: (!matches!(mlp.hidden, Hidden::Widening(0))).then_some(mlp),
        mixer: mixer(fields),
    }
}

fn residual(fields: &mut Fields) -> Residual {
    let word = |value: &Value| match value {
        Value::Bool(adds) => Some(if *adds { Residual::Add } else { Residual::None }),
        Value::String(word) if word == "gru" => Some(Residual::Gru),
        _ => None,
    };
    fields.read("residual", "true, false or \"gru\"", word).unwrap_or(Residual::Add)
}

fn softmax(fields: &mut Fields) -> Softmax {
    if !fields.word("softmax", &[("keys", false), ("queries", true)]).unwrap_or(false) {
        return Softmax::Keys;
    }
    Softmax::Queries { eps: norm::eps(fields, "softmax_eps").unwrap_or(1e-8) }
}

fn rotary(fields: &mut Fields) -> Option<Rotary> {
    let mut rotary = fields.object("rotary")?;
    let read = Rotary {
        pairs: rotary.need("pairs", "a whole number", |value| to_whole(value, &(0..=*SIZE.end()))).unwrap_or(1),
        heads: rotary.whole("heads", &SIZE),
        places: rotary.word("places", &ROTARY_PLACES).unwrap_or_default(),
    };
    fields.close(rotary);
    Some(read)
}

/// The fields of an MLP, wherever one stands.
fn mlp(fields: &mut Fields) -> Mlp {
    let (widening, hidden) = (fields.whole("widening", &WIDENING), fields.whole("hidden", &SIZE));
    if widening.is_some() && hidden.is_some() {
        fields.complain("hidden", "stands beside `widening`, expected one of the two: remove the other");
    }
    Mlp {
        hidden: hidden.map_or(Hidden::Widening(widening.unwrap_or(1)), Hidden::Is),
        activation: fields.word("activation", &ACTIVATIONS).unwrap_or(Activation::GeluErf),
        gate: fields.word("gate", &GATES).unwrap_or_default(),
        norm: norm::read(fields, "mlp_norm", Some(LAYER)),
    }
}

fn mixer(fields: &mut Fields) -> Option<Mixer> {
    let mut mixer = fields.object("mixer")?;
    let [columns, rows] = ["columns", "rows"].map(|part| {
        let mut part = mixer.need_object(part);
        let read = mlp(&mut part);
        mixer.close(part);
        read
    });
    fields.close(mixer);
    Some(Mixer { columns, rows })
}
