//! Rotary positions of queries and keys.

use super::config::Config;
use super::dialect::Dialect;
use crate::model::{Attention, Rotary, Tensor};
use crate::scheme::checkpoint::{Axis, Checkpoint};
use crate::scheme::rotary::{put_side_by_side, verified};

/// The frequencies, which the checkpoint holds too.
const STORED: &str = "input_adapter.frq_pos_encoding.inv_freq";

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
        Some(stored) if !stored.data.is_empty() => {
            verified(checkpoint, stored, &computed, "`num_channels`, `num_heads` and `abs_pos_emb`")
        }
        _ => computed,
    };
    let rotary = Rotary { frequencies, heads: config.num_heads, places: dialect.places() };
    Turning { rotary: Some(rotary).filter(|_| dim > 0), half_split: dialect.half_split }
}

impl Turning {
    /// Turns the queries and keys of `attention`.
    pub(super) fn apply(&self, attention: &mut Attention) {
        let Some(rotary) = &self.rotary else { return };
        if self.half_split {
            put_side_by_side(attention, rotary.frequencies.len());
        }
        attention.rotary = Some(rotary.clone());
    }
}
