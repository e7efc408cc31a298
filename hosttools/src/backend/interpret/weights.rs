//! What an attention weighs, from its queries and keys: the textbook's formula, for pictures.

use super::memory::Readable;
use percio::kernels::grid::Places;
use percio_codegen_core::program::{Gathering, Program, Step, Target};

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
    /// The softmax runs over the queries of each key, and the weights of a query are divided by their sum, at least so much.
    inverted: Option<f32>,
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
        let (heads, zero_empty, inverted) = match *step {
            Step::Attention { heads, zero_empty, .. } => (heads, zero_empty, None),
            Step::InvertedAttention { heads, eps, .. } => (heads, true, Some(eps)),
            Step::Gather { shape, .. } | Step::GatherGrid { shape, .. } => {
                (shape.heads, shape.zero_empty || shape.shares.is_some(), shape.shares)
            }
            _ => (0, false, None),
        };
        Self { name: name.to_owned(), heads, zero_empty, inverted, rows: Vec::new(), asked: Vec::new() }
    }

    /// The scores of what `step` is about to read.
    pub(super) fn add(&mut self, step: &Step, read: Readable<'_>) {
        let lengths = read.turn().lengths;
        match step {
            Step::Attention { queries, keys, masked, heads, qk, scale, causal, q, k, mask, .. }
            | Step::InvertedAttention { queries, keys, masked, heads, qk, scale, causal, q, k, mask, .. } => {
                let key_heads = if let Step::Attention { key_heads, .. } = step { *key_heads } else { *heads };
                let [queries, keys, masked] = [queries, keys, masked].map(|count| count.at(lengths));
                let hidden = read.mask(*mask);
                let is_hidden = |query: usize, key: usize| {
                    let is_later = *causal && key + queries > query + keys;
                    is_later || key < masked && !hidden.get(key).copied().unwrap_or(true)
                };
                let of = Operands {
                    heads: *heads,
                    key_heads,
                    qk: *qk,
                    scale: *scale,
                    q: read.numbers(q),
                    k: read.numbers(k),
                };
                self.asked.extend(&of.q[..queries * heads * qk]);
                self.rows.extend(of.scores(queries, keys, is_hidden));
            }
            Step::Gather { shape, keys, q, k, mask, .. } => {
                self.arrive(shape, read.numbers(q), read.numbers(k), keys.at(lengths), read.mask(*mask));
            }
            Step::GatherGrid { shape, width, grid, axes, keys, q, k, mask, .. } => {
                let keys = keys.at(lengths);
                let places = Places { shape: *grid, axes: *axes, first: read.turn().first };
                let rows = rows_on_grid(places, read.numbers(k), *width, keys);
                self.arrive(shape, read.numbers(q), &rows, keys, read.mask(*mask));
            }
            _ => {}
        }
    }

    /// The scores of the queries `q` for a few more keys.
    fn arrive(&mut self, shape: &Gathering, q: &[f32], k: &[f32], keys: usize, mask: &[bool]) {
        let is_hidden = |_, key: usize| !mask.get(key).copied().unwrap_or(true);
        let of = Operands { heads: shape.heads, key_heads: shape.key_heads, qk: shape.qk, scale: shape.scale, q, k };
        let scores = of.scores(shape.queries, keys, is_hidden);
        if self.asked.is_empty() {
            self.asked.extend(&of.q[..shape.queries * shape.heads * shape.qk]);
        }
        self.rows.resize(shape.queries * shape.heads, Vec::new());
        self.rows.iter_mut().zip(scores).for_each(|(row, scores)| row.extend(scores));
    }

    pub(super) fn finish(self) -> AttentionMap {
        let Self { name, heads, zero_empty, inverted, mut rows, asked } = self;
        let queries = rows.len() / heads.max(1);
        let keys = rows.first().map_or(0, Vec::len);
        if let Some(eps) = inverted {
            (0..heads).for_each(|head| invert(&mut rows, head, heads, keys, eps));
        }
        let weigh = |row: &Vec<f32>| if inverted.is_some() { row.clone() } else { softmax(row, zero_empty) };
        let mut weights = Vec::with_capacity(rows.len() * keys);
        for head in 0..heads {
            rows.iter().skip(head).step_by(heads).for_each(|row| weights.extend(weigh(row)));
        }
        AttentionMap { name, heads, queries, keys, weights, asked }
    }
}

/// Tokens on a grid, from columns of `width` channels and a factor, as the rows that queries multiply: the channels, and the factor at
/// the token's place on each axis.
fn rows_on_grid(places: Places, columns: &[f32], width: usize, tokens: usize) -> Vec<f32> {
    let used = &places.shape[3 - places.axes..];
    let mut rows = Vec::with_capacity(tokens * (width + places.count()));
    for token in 0..tokens {
        let at = |column: usize| columns[column * tokens + token];
        let mut row: Vec<f32> = (0..width).map(at).collect();
        row.resize(width + places.count(), 0.0);
        for (axis, &length) in used.iter().enumerate() {
            let (before, inner) = (used[..axis].iter().sum::<usize>(), used[axis + 1..].iter().product::<usize>());
            row[width + before + (places.first + token) / inner % length] = at(width);
        }
        rows.extend(row);
    }
    rows
}

struct Operands<'a> {
    heads: usize,
    /// Heads of the keys, each read by as many that follow each other.
    key_heads: usize,
    qk: usize,
    scale: f32,
    q: &'a [f32],
    k: &'a [f32],
}

impl Operands<'_> {
    /// For each query and head the scores of all keys.
    fn scores(&self, queries: usize, keys: usize, is_hidden: impl Fn(usize, usize) -> bool) -> Vec<Vec<f32>> {
        let Self { heads, key_heads, qk, scale, q, k } = *self;
        let score = |row: usize, key: usize| {
            if is_hidden(row / heads, key) {
                return f32::NEG_INFINITY;
            }
            let head = row % heads * key_heads / heads;
            let keys = &k[(key * key_heads + head) * qk..][..qk];
            scale * q[row * qk..][..qk].iter().zip(keys).map(|(q, k)| q * k).sum::<f32>()
        };
        (0..queries * heads).map(|row| (0..keys).map(|key| score(row, key)).collect()).collect()
    }
}

/// Scores of one head to weights: a softmax over the queries of each key, then each query's weights over their sum.
fn invert(rows: &mut [Vec<f32>], head: usize, heads: usize, keys: usize, eps: f32) {
    for key in 0..keys {
        let column: Vec<f32> = rows.iter().skip(head).step_by(heads).map(|row| row[key]).collect();
        let weights = softmax(&column, true);
        rows.iter_mut().skip(head).step_by(heads).zip(weights).for_each(|(row, weight)| row[key] = weight);
    }
    for row in rows.iter_mut().skip(head).step_by(heads) {
        let sum = row.iter().sum::<f32>().max(eps);
        row.iter_mut().for_each(|weight| *weight /= sum);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_may_share_keys() {
        // Two heads, one of keys; two queries, one key.
        let of = Operands { heads: 2, key_heads: 1, qk: 1, scale: 0.5, q: &[1.0, 2.0, 3.0, 4.0], k: &[2.0] };
        assert_eq!(of.scores(2, 1, |_, _| false), [[1.0], [2.0], [3.0], [4.0]]);
    }

    #[test]
    fn tokens_on_a_grid_are_rows() {
        let places = Places { shape: [1, 2, 3], axes: 2, first: 2 };
        let rows = rows_on_grid(places, &[5.0, 6.0, 7.0, 8.0], 1, 2);
        assert_eq!(rows, [[5.0, 7.0, 0.0, 0.0, 0.0, 7.0], [6.0, 0.0, 8.0, 8.0, 0.0, 0.0]].concat());
    }

    #[test]
    fn inverted_weights_are_shares_of_keys() {
        let mut rows = vec![vec![0.0, 0.0], vec![0.0, f32::NEG_INFINITY]];
        invert(&mut rows, 0, 1, 2, 1e-8);
        assert_eq!(rows, [[1.0 / 3.0, 2.0 / 3.0], [1.0, 0.0]]);
    }
}
