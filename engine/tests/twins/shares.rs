//! Inverted attention a few keys at a time, and in two states that are merged: what it is over all keys at once.

use crate::support::{Case, check, numbers};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{Inverted, begin_shares, gather_shares, merge_shares, settle_shares};
use percio::reference;

#[derive(Debug)]
struct Gathered {
    shape: Inverted,
    /// Keys at a time.
    tile: usize,
    /// The keys from this one on go into a state of their own.
    halved: usize,
    mask: Vec<bool>,
}

impl Gathered {
    fn new(queries: usize, keys: usize, tile: usize, halved: usize) -> Self {
        let shape =
            Inverted { queries, keys, masked: keys, heads: 3, qk: 7, v: 10, scale: 0.4, causal: false, eps: 1e-8 };
        Self { shape, tile, halved, mask: Vec::new() }
    }

    fn operands(&self) -> [Vec<f32>; 3] {
        let Inverted { queries, keys, heads, qk, v, .. } = self.shape;
        [numbers(queries * heads * qk, 1), numbers(keys * heads * qk, 2), numbers(keys * heads * v, 3)]
    }

    fn check(&self) {
        check(self, tolerance::inverted(self.shape.qk, self.shape.queries, self.shape.keys));
    }
}

impl Case for Gathered {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [q, k, v] = self.operands();
        let Inverted { queries, keys, heads, qk, v: width, .. } = self.shape;
        let state = || {
            let mut state = vec![f32::NAN; self.shape.state_len()];
            begin_shares(isa, &self.shape, &mut state);
            state
        };
        let mut states = [state(), state()];
        for (first, tile) in percio::tiles(keys, self.tile) {
            let shape = Inverted { keys: tile, masked: tile, ..self.shape };
            let mask = self.mask.get(first..).unwrap_or_default();
            let state = &mut states[usize::from(first >= self.halved)];
            gather_shares(isa, &shape, &q, &k[first * heads * qk..], &v[first * heads * width..], mask, state);
        }
        let [mut state, other] = states;
        merge_shares(isa, &self.shape, &other, &mut state);
        let mut out = vec![f32::NAN; queries * heads * width];
        settle_shares(isa, &self.shape, &state, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [q, k, v] = self.operands();
        let mut out = vec![f32::NAN; self.shape.queries * self.shape.heads * self.shape.v];
        reference::inverted_attention(&self.shape, &q, &k, &v, &self.mask, &mut out);
        out
    }
}

#[test]
fn every_tile_and_every_half() {
    for queries in [1, 4, 17] {
        for (keys, tile, halved) in [(0, 3, 0), (1, 1, 0), (9, 1, 4), (9, 4, 9), (40, 7, 14), (40, 64, 64)] {
            Gathered::new(queries, keys, tile, halved).check();
        }
    }
}

#[test]
fn masked_keys_are_shared_by_nobody() {
    for mask in [vec![false; 40], (0..40).map(|key| key % 3 == 1).collect(), vec![false; 20]] {
        let mut gathered = Gathered::new(5, 40, 6, 12);
        gathered.mask = mask;
        gathered.check();
    }
}

#[test]
fn sums_below_the_least_divisor() {
    let mut gathered = Gathered::new(6, 5, 2, 2);
    gathered.shape.eps = 0.8;
    gathered.check();
}
