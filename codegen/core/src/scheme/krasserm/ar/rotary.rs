//! Rotary positions of queries and keys.

use super::config::Config;
use super::dialect::Dialect;
use crate::model::{Attention, Linear, Query, Rotary, Tensor};
use crate::scheme::checkpoint::{Axis, Checkpoint};

/// The frequencies, which the checkpoint holds too.
const STORED: &str = "input_adapter.frq_pos_encoding.inv_freq";
/// How far a stored frequency may be from a computed one, relatively: both are rounded to single precision.
const ROUNDED: f32 = 1e-5;

/// What turns, and how.
pub(super) struct Turning {
    rotary: Option<Rotary>,
    half_split: bool,
}

/// Reads the frequencies: of dim numbers of a head that turn, `10000^(−2i/dim)`.
pub(super) fn read(checkpoint: &mut Checkpoint, dialect: &Dialect, config: &Config) -> Turning {
    let head = config.num_channels / config.num_heads;
    let dim = if config.abs_pos_emb { head / 2 } else { head };
    let computed: Vec<_> = (0..dim).step_by(2).map(|i| 10_000f64.powf(-(i as f64) / dim as f64) as f32).collect();
    if 2 * computed.len() > head {
        checkpoint.complain(format!(
            "{head} numbers of a head (`num_channels` {} / `num_heads` {}) do not make pairs that turn: choose an even number",
            config.num_channels, config.num_heads
        ));
    }
    let axis: Axis<'_> = (computed.len(), "the pairs of a head's numbers that turn");
    let computed = Tensor::new("inverse frequencies", &[computed.len()], computed);
    let frequencies = match checkpoint.optional_buffer(STORED, &[axis]) {
        Some(stored) if !stored.data.is_empty() => verified(checkpoint, stored, &computed),
        _ => computed,
    };
    let rotary = Rotary { frequencies, heads: config.num_heads, places: dialect.places() };
    Turning { rotary: Some(rotary).filter(|_| dim > 0), half_split: dialect.half_split }
}

/// The frequencies that the source computes with, unless they are others than its formula gives.
fn verified(checkpoint: &mut Checkpoint, stored: Tensor, computed: &Tensor) -> Tensor {
    let differs = |(a, b): (&f32, &f32)| (a - b).abs() > ROUNDED * b;
    if let Some(at) = stored.data.iter().zip(computed.data.iter()).position(differs) {
        let (found, expected) = (stored.data[at], computed.data[at]);
        checkpoint.complain(format!(
            "`{}` holds {found} at index {at}, where `num_channels`, `num_heads` and `abs_pos_emb` make {expected}: correct \
             config.json, or save the weights again",
            stored.name
        ));
    }
    stored
}

impl Turning {
    /// Turns the queries and keys of `attention`.
    pub(super) fn apply(&self, attention: &mut Attention) {
        let Some(rotary) = &self.rotary else { return };
        if self.half_split {
            let (heads, pairs) = (attention.heads, rotary.frequencies.len());
            if let Query::Projected { linear, .. } = &mut attention.query {
                *linear = side_by_side(linear, heads, pairs);
            }
            attention.key = side_by_side(&attention.key, heads, pairs);
        }
        attention.rotary = Some(rotary.clone());
    }
}

/// `linear` without bias, with outputs i and i + pairs of each head as outputs 2i and 2i + 1.
fn side_by_side(linear: &Linear, heads: usize, pairs: usize) -> Linear {
    let weight = &linear.weight;
    let (head, columns) = (weight.rows() / heads, weight.columns());
    if weight.data.is_empty() {
        return linear.clone();
    }
    let from = |output: usize| {
        let (first, within) = (output / head * head, output % head);
        first + if within < 2 * pairs { within % 2 * pairs + within / 2 } else { within }
    };
    let rows = (0..weight.rows()).map(|output| &weight.data[from(output) * columns..][..columns]);
    let numbers: Vec<f32> = rows.flatten().copied().collect();
    Linear { weight: Tensor::new(weight.name.clone(), &weight.shape, numbers), bias: None }
}
