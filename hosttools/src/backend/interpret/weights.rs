//! What an attention weighs, from its queries and keys: the textbook's formula, for pictures.

use super::memory::Readable;
use percio_codegen_core::program::{Program, Step, Target};

/// The weights of one attention of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionMap {
    /// The block: `encoder.cross`, …
    pub name: String,
    /// Heads.
    pub heads: usize,
    /// Rows that ask.
    pub queries: usize,
    /// Rows that are asked.
    pub keys: usize,
    /// `[heads, queries, keys]`; the weights of a query sum to 1, or to 0 where it sees no key and gathers nothing.
    pub weights: Vec<f32>,
    /// The queries `[queries, heads · width of a head]`.
    pub asked: Vec<f32>,
}

/// Scores in the making: queries or keys may come a tile at a time.
pub(super) struct Scores {
    name: String,
    heads: usize,
    zero_empty: bool,
    /// For each query and head the scores of the keys so far, −∞ where a key is hidden.
    rows: Vec<Vec<f32>>,
    /// The queries so far.
    asked: Vec<f32>,
}

impl Scores {
    pub(super) fn of(program: &Program, step: &Step) -> Self {
        let buffer = match step.target() {
            Target::Arena(place) => program.buffers[place.buffer].name.as_str(),
            Target::Output(_) => "",
        };
        let name = [" attended", " state"].iter().find_map(|suffix| buffer.strip_suffix(suffix)).unwrap_or(buffer);
        let (heads, zero_empty) = match *step {
            Step::Attention { heads, zero_empty, .. } => (heads, zero_empty),
            Step::Gather { shape, .. } => (shape.heads, shape.zero_empty),
            _ => (0, false),
        };
        Self { name: name.to_owned(), heads, zero_empty, rows: Vec::new(), asked: Vec::new() }
    }

    /// The scores of what `step` is about to read.
    pub(super) fn add(&mut self, step: &Step, read: Readable<'_>) {
        let lengths = read.turn().lengths;
        match step {
            Step::Attention { queries, keys, masked, heads, qk, scale, causal, q, k, mask, .. } => {
                let [queries, keys, masked] = [queries, keys, masked].map(|count| count.at(lengths));
                let hidden = read.mask(*mask);
                let is_hidden = |query: usize, key: usize| {
                    let is_later = *causal && key + queries > query + keys;
                    is_later || key < masked && !hidden.get(key).copied().unwrap_or(true)
                };
                let of = Operands { heads: *heads, qk: *qk, scale: *scale, q: read.numbers(q), k: read.numbers(k) };
                self.asked.extend(&of.q[..queries * heads * qk]);
                self.rows.extend(of.scores(queries, keys, is_hidden));
            }
            Step::Gather { shape, keys, q, k, mask, .. } => {
                let hidden = read.mask(*mask);
                let is_hidden = |_, key: usize| !hidden.get(key).copied().unwrap_or(true);
                let (q, k) = (read.numbers(q), read.numbers(k));
                let of = Operands { heads: shape.heads, qk: shape.qk, scale: shape.scale, q, k };
                let scores = of.scores(shape.queries, keys.at(lengths), is_hidden);
                if self.asked.is_empty() {
                    self.asked.extend(&of.q[..shape.queries * shape.heads * shape.qk]);
                }
                self.rows.resize(shape.queries * shape.heads, Vec::new());
                self.rows.iter_mut().zip(scores).for_each(|(row, scores)| row.extend(scores));
            }
            _ => {}
        }
    }

    pub(super) fn finish(self) -> AttentionMap {
        let Self { name, heads, zero_empty, rows, asked } = self;
        let queries = rows.len() / heads.max(1);
        let keys = rows.first().map_or(0, Vec::len);
        let mut weights = Vec::with_capacity(rows.len() * keys);
        for head in 0..heads {
            rows.iter().skip(head).step_by(heads).for_each(|row| weights.extend(softmax(row, zero_empty)));
        }
        AttentionMap { name, heads, queries, keys, weights, asked }
    }
}

struct Operands<'a> {
    heads: usize,
    qk: usize,
    scale: f32,
    q: &'a [f32],
    k: &'a [f32],
}

impl Operands<'_> {
    /// For each query and head the scores of all keys.
    fn scores(&self, queries: usize, keys: usize, is_hidden: impl Fn(usize, usize) -> bool) -> Vec<Vec<f32>> {
        let Self { heads, qk, scale, q, k } = *self;
        let score = |row: usize, key: usize| {
            if is_hidden(row / heads, key) {
                return f32::NEG_INFINITY;
            }
            let keys = &k[(key * heads + row % heads) * qk..][..qk];
            scale * q[row * qk..][..qk].iter().zip(keys).map(|(q, k)| q * k).sum::<f32>()
        };
        (0..queries * heads).map(|row| (0..keys).map(|key| score(row, key)).collect()).collect()
    }
}

fn softmax(scores: &[f32], zero_empty: bool) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if largest == f32::NEG_INFINITY {
        let share = if zero_empty { 0.0 } else { 1.0 / scores.len().max(1) as f32 };
        return vec![share; scores.len()];
    }
    crate::labels::softmax(scores)
}
