//! Attention: queries, keys, heads, and the widths of a head, whole and in parts.

use super::{Draw, MOST, at_random, in_turn, noise, repeat};
use crate::support::{Case, check};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{self, Attention};
use percio::reference;

/// After so many queries, heads, and numbers of a value, the numbers repeat.
const QUERIES: usize = 3;
const HEADS: usize = 3;
const VALUES: usize = 3;

#[derive(Debug)]
struct Attend {
    shape: Attention,
    mask: Vec<bool>,
    /// How many keys come first, where they come in two parts.
    first_part: Option<usize>,
}

impl Attend {
    fn drawn(draw: &mut Draw, [queries, keys, heads, qk, v]: [usize; 5]) -> Self {
        let shape = Attention {
            queries,
            keys,
            masked: keys,
            heads,
            key_heads: heads,
            value_heads: heads,
            qk,
            v,
            scale: 1.0 / (qk as f32).sqrt(),
            causal: false,
            zero_empty: draw.yes(),
        };
        let masked = if draw.yes() { keys } else { 0 };
        Self { shape, mask: (0..masked).map(|_| draw.within(0..4) > 0).collect(), first_part: None }
    }

    /// The queries, heads and values that differ.
    fn different(&self) -> Attention {
        let Attention { queries, heads, v, .. } = self.shape;
        let heads = heads.min(HEADS);
        let (queries, v) = (queries.min(QUERIES), v.min(VALUES));
        Attention { queries, heads, key_heads: heads, value_heads: heads, v, ..self.shape }
    }

    /// Queries, keys and values of those that differ.
    fn operands(&self) -> [&'static [f32]; 3] {
        let Attention { queries, keys, heads, qk, v, .. } = self.different();
        [noise(queries * heads * qk, 1), noise(keys * heads * qk, 2), noise(keys * heads * v, 5)]
    }

    /// `rows` rows of all heads, `width` numbers each, from those that differ.
    fn whole(&self, different: &[f32], rows: usize, width: usize) -> Vec<f32> {
        let heads = self.shape.heads.min(HEADS);
        let period = different.len() / (heads * width);
        let mut period_of_rows = Vec::with_capacity(period * self.shape.heads * width);
        for row in different.chunks(heads * width) {
            period_of_rows.extend(repeat(row, width, heads, self.shape.heads));
        }
        repeat(&period_of_rows, self.shape.heads * width, period, rows)
    }

    /// Values or results of `rows` rows, from those that differ.
    fn values(&self, different: &[f32], rows: usize) -> Vec<f32> {
        let period = self.shape.v.min(VALUES);
        let mut heads = Vec::with_capacity(different.len() / period * self.shape.v);
        for head in different.chunks(period) {
            heads.extend(repeat(head, 1, period, self.shape.v));
        }
        self.whole(&heads, rows, self.shape.v)
    }

    /// All keys at once, and now and then in two parts.
    fn check(mut self, draw: &mut Draw) {
        let bound = tolerance::attention(self.shape.qk, self.shape.keys);
        check(&self, bound);
        if draw.within(0..4) == 0 {
            self.first_part = Some(draw.within(0..self.shape.keys + 1));
            check(&self, bound);
        }
    }

    fn in_parts<I: Isa>(&self, isa: I, first: usize, [q, k, v]: [&[f32]; 3], out: &mut [f32]) {
        let Attention { keys, heads, qk, v: v_width, .. } = self.shape;
        let mut state = vec![f32::NAN; self.shape.state_len()];
        layers::begin(isa, &self.shape, &mut state);
        for (start, end) in [(0, first), (first, keys)] {
            let shape = Attention { keys: end - start, masked: end - start, ..self.shape };
            let mask = self.mask.get(start..).unwrap_or_default();
            layers::gather(isa, &shape, q, &k[start * heads * qk..], &v[start * heads * v_width..], mask, &mut state);
        }
        layers::settle(isa, &self.shape, &state, out);
    }
}

impl Case for Attend {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let Attention { queries, keys, heads, qk, v: v_width, .. } = self.shape;
        let [q, k, v] = self.operands();
        let (q, k, v) = (self.whole(q, queries, qk), self.whole(k, keys, qk), self.values(v, keys));
        let mut out = vec![f32::NAN; queries * heads * v_width];
        match self.first_part {
            None => layers::attention(isa, &self.shape, &q, &k, &v, &self.mask, &mut out),
            Some(first) => self.in_parts(isa, first, [&q, &k, &v], &mut out),
        }
        out
    }

    fn twin(&self) -> Vec<f32> {
        let shape = self.different();
        let [q, k, v] = self.operands();
        let mut out = vec![f32::NAN; shape.queries * shape.heads * shape.v];
        reference::attention(&shape, q, k, v, &self.mask, &mut out);
        self.values(&out, self.shape.queries)
    }
}

#[test]
fn queries_keys_and_widths_of_every_size() {
    in_turn(4, [1..5, 1..6, 1..6, 1..6], |draw, [queries, keys, qk, v]| {
        let heads = draw.within(1..3);
        Attend::drawn(draw, [queries, keys, heads, qk, v]).check(draw);
    });
}

/// A head costs as much as a tile, however little is in it.
#[test]
fn every_number_of_heads() {
    let mut draw = Draw::new(6);
    for heads in 1..=MOST {
        Attend::drawn(&mut draw, [1, 2, heads, 2, 1]).check(&mut draw);
    }
}

#[test]
fn attentions_of_random_sizes() {
    at_random(5, 100, 60_000, |draw, sizes| Attend::drawn(draw, sizes).check(draw));
}

/// Queries that see keys up to their place: all of them differ.
#[test]
fn causal_attentions_of_every_size() {
    in_turn(17, [1..3, 1..3], |_, [queries, keys]| {
        let shape = Attention {
            queries,
            keys,
            masked: keys,
            heads: 1,
            key_heads: 1,
            value_heads: 1,
            qk: 2,
            v: 1,
            scale: 0.7,
            causal: true,
            zero_empty: true,
        };
        check(&Causal(shape), tolerance::attention(2, keys));
    });
}

#[derive(Debug)]
struct Causal(Attention);

impl Causal {
    fn operands(&self) -> ([&'static [f32]; 3], Vec<f32>) {
        let Attention { queries, keys, .. } = self.0;
        ([noise(2 * queries, 1), noise(2 * keys, 2), noise(keys, 3)], vec![f32::NAN; queries])
    }
}

impl Case for Causal {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let ([q, k, v], mut out) = self.operands();
        layers::attention(isa, &self.0, q, k, v, &[], &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let ([q, k, v], mut out) = self.operands();
        reference::attention(&self.0, q, k, v, &[], &mut out);
        out
    }
}
