//! What an attention costs, from its shape alone.
//!
//! Letters: m rows that ask, n rows that answer, D and C their widths, H heads.

use super::{Optimize, tile};
use crate::model::{Attention, Block, Query};
use crate::passes::{Choice, Layer};
use crate::program::{Way, WeightFormat};
use percio_format::packed_len;

/// An attention in its model.
pub(super) struct Site<'a> {
    pub(super) block: &'a Block,
    /// How often it runs.
    pub(super) runs: usize,
    /// m
    pub(super) rows: usize,
    /// The most of them that are in memory at once.
    pub(super) tile: usize,
    /// n
    pub(super) context: usize,
    /// Whether the rows that answer arrive a few at a time.
    pub(super) arrives: bool,
    /// Where the queries are made from constants: how many numbers those take in flash.
    pub(super) constant: Option<usize>,
    /// Where the rows that answer stand on a grid, and the attention may take their positions as places.
    pub(super) grid: Option<OnGrid>,
    /// How the weights of linear layers are stored.
    pub(super) format: WeightFormat,
}

/// Rows on a grid.
#[derive(Clone, Copy)]
pub(super) struct OnGrid {
    /// Their numbers beside their positions.
    pub(super) channels: usize,
    /// Places of all axes.
    pub(super) places: usize,
}

/// Multiplications, bytes of weights, and numbers that the arena holds for the attention beside the rows themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    macs: u64,
    flash: usize,
    ram: usize,
}

impl Cost {
    /// What is least first.
    pub(super) const fn in_order(self, optimize: Option<Optimize>) -> [u64; 3] {
        let [macs, flash, ram] = [self.macs, self.flash as u64, self.ram as u64];
        match optimize {
            None | Some(Optimize::Speed) => [macs, flash, ram],
            Some(Optimize::Flash) => [flash, macs, ram],
            Some(Optimize::Ram) => [ram, macs, flash],
        }
    }

    pub(super) const fn described(self, what: String) -> Way {
        Way { what, macs: self.macs, flash_bytes: self.flash, ram_bytes: 4 * self.ram }
    }
}

/// The widths of an attention.
struct Widths {
    /// D of the rows that ask, and of what the attention writes.
    asking: usize,
    written: usize,
    /// C, or channels and places of all axes
    answering: usize,
    /// Multiplications of a score, and of what is gathered by it.
    weighed: usize,
    /// Of keys and values as the source makes them, all heads together.
    qk: usize,
    v: usize,
    /// Of queries, and of what is gathered.
    query: usize,
    gathered: usize,
    heads: usize,
}

impl Site<'_> {
    /// What it costs as `choice` says, all its runs together.
    pub(super) fn cost(&self, choice: Choice) -> Cost {
        let widths = Widths::new(self, choice);
        Cost {
            macs: self.runs as u64 * self.macs(choice, &widths),
            flash: self.flash(choice, &widths),
            ram: self.ram(choice, &widths),
        }
    }

    fn macs(&self, choice: Choice, widths: &Widths) -> u64 {
        let [m, n] = [self.rows, self.context].map(|rows| rows as u64);
        let Widths { asking, written, answering, weighed, qk, v, query, gathered, .. } = *widths;
        let number = |layer, on_rows: u64, merged: usize, separate: usize, moved: usize| match layer {
            Layer::OnRows => on_rows + m * separate as u64,
            Layer::Merged => m * merged as u64,
            Layer::PerHead => m * (separate + moved) as u64,
        };
        let keys = number(choice.keys, n * (answering * qk) as u64, asking * query, asking * qk, qk * answering);
        let baked = if choice.keys == Layer::OnRows { n * (answering * qk) as u64 } else { 0 };
        let values = number(choice.values, n * (answering * v) as u64, gathered * written, v * written, v * answering);
        (if choice.bake { baked } else { keys }) + values + m * n * weighed as u64
    }

    fn flash(&self, choice: Choice, widths: &Widths) -> usize {
        let attention = &self.block.attention;
        let Widths { asking, written, answering, qk, v, query, gathered, heads, .. } = *widths;
        let number = WeightFormat::F32.bytes();
        let layer = |outputs: usize, inputs: usize| packed_len(outputs, inputs) * self.format.bytes();
        let bias = |linear: &crate::model::Linear, len: usize| if linear.bias.is_some() { len * number } else { 0 };
        let keys = match choice.keys {
            Layer::OnRows => layer(qk, answering) + bias(&attention.key, qk),
            Layer::Merged => 0,
            Layer::PerHead => heads * layer(answering, qk / heads),
        };
        let values = match choice.values {
            Layer::OnRows => layer(v, answering) + bias(&attention.value, v),
            Layer::Merged => 0,
            Layer::PerHead => heads * layer(v / heads, answering),
        };
        let made = if choice.keys == Layer::Merged { query } else { qk };
        let queries = match &attention.query {
            _ if choice.bake => self.rows * query * number,
            Query::Projected { linear, .. } => layer(made, asking) + bias(linear, made),
            Query::Constant(table) => table.len() * number,
        };
        let are_read = !choice.bake || super::block::takes_up(attention);
        let rows = self.constant.filter(|_| are_read).unwrap_or(0) * number;
        let read = if choice.values == Layer::Merged { gathered } else { v };
        let parts = self.grid.filter(|_| choice.separate).map_or(0, |grid| 2 * grid.places) * number;
        queries + rows + keys + values + parts + layer(written, read) + bias(&attention.output, written)
    }

    fn ram(&self, choice: Choice, widths: &Widths) -> usize {
        let Widths { qk, v, query, gathered, heads, .. } = *widths;
        let context = if self.arrives { self.context.min(tile::USUAL) } else { self.context };
        let of_rows = |layer, width| if layer == Layer::OnRows { context * width } else { 0 };
        let beside = |layer, width| if layer == Layer::PerHead { self.tile * width } else { 0 };
        let queries = if choice.bake { 0 } else { self.tile * query + beside(choice.keys, qk) };
        let state = if self.arrives { self.tile * (2 * heads + gathered) } else { 0 };
        let columns = self.grid.filter(|_| choice.separate).map_or(0, |grid| context * (grid.channels + 1));
        let keys = of_rows(choice.keys, qk) + of_rows(choice.values, v) + columns;
        queries + keys + state + self.tile * gathered + beside(choice.values, v)
    }
}

impl Widths {
    fn new(site: &Site<'_>, choice: Choice) -> Self {
        let attention = &site.block.attention;
        let Attention { heads, qk, v, .. } = *attention;
        let grid = site.grid.filter(|_| choice.separate);
        let answering = grid.map_or(attention.key.weight.columns(), |grid| grid.channels + grid.places);
        let written = attention.output.weight.rows();
        let asking = match &attention.query {
            Query::Projected { linear, .. } => linear.weight.columns(),
            Query::Constant(_) => written,
        };
        let wide = |layer, width| if layer == Layer::OnRows { width } else { heads * answering };
        let (query, gathered) = (wide(choice.keys, qk), wide(choice.values, v));
        // A place takes one multiplication, by what all places of a row are divided by.
        let weighed = grid.map_or(query + gathered, |grid| 2 * heads * (grid.channels + 1));
        Self { asking, written, answering, weighed, qk, v, query, gathered, heads }
    }
}
