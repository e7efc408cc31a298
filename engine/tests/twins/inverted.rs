//! Inverted attention: shapes, masks, causal order and the least divisor.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{Inverted, inverted_attention};
use percio::reference;

#[derive(Debug)]
struct Invert {
    shape: Inverted,
    mask: Vec<bool>,
    /// Factor of the operands: large ones make one query outweigh all others.
    gain: f32,
}

impl Invert {
    fn new(queries: usize, keys: usize, heads: usize, qk: usize, v: usize) -> Self {
        let scale = 1.0 / (qk as f32).sqrt();
        let shape = Inverted { queries, keys, masked: keys, heads, qk, v, scale, causal: false, eps: 1e-8 };
        Self { shape, mask: Vec::new(), gain: 1.0 }
    }

    fn masked(mut self, mask: impl Fn(usize) -> bool) -> Self {
        self.mask = (0..self.shape.keys).map(mask).collect();
        self
    }

    fn operands(&self) -> [Vec<f32>; 4] {
        let Inverted { queries, keys, heads, qk, v, .. } = self.shape;
        let loud = |len, seed| numbers(len, seed).into_iter().map(|x| x * self.gain).collect();
        let out = vec![f32::NAN; self.shape.out_len()];
        [loud(queries * heads * qk, 1), loud(keys * heads * qk, 2), numbers(keys * heads * v, 3), out]
    }

    /// The part of `out` that is the result.
    fn result(&self, mut out: Vec<f32>) -> Vec<f32> {
        out.truncate(self.shape.queries * self.shape.heads * self.shape.v);
        out
    }

    fn check(&self) {
        let mut bound = tolerance::inverted(self.shape.qk, self.shape.queries, self.shape.keys);
        bound.absolute *= self.gain * self.gain;
        check(self, bound);
    }
}

impl Case for Invert {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [q, k, v, mut out] = self.operands();
        inverted_attention(isa, &self.shape, &q, &k, &v, &self.mask, &mut out);
        self.result(out)
    }

    fn twin(&self) -> Vec<f32> {
        let [q, k, v, mut out] = self.operands();
        reference::inverted_attention(&self.shape, &q, &k, &v, &self.mask, &mut out);
        self.result(out)
    }
}

#[test]
fn every_number_of_queries() {
    for queries in 0..=34 {
        Invert::new(queries, 9, 2, 6, 5).check();
    }
}

#[test]
fn every_number_of_keys() {
    for keys in (0..=10).chain([63, 64, 65]) {
        Invert::new(5, keys, 2, 6, 5).check();
    }
}

#[test]
fn every_head_width() {
    for qk in LENGTHS {
        for v in LENGTHS {
            Invert::new(5, 7, 2, qk, v).check();
        }
    }
}

#[test]
fn masked_keys_are_shared_by_nobody() {
    for queries in [1, 4, 17] {
        for keys in [1, 8, 40] {
            let invert = || Invert::new(queries, keys, 3, 7, 10);
            invert().masked(|_| false).check();
            invert().masked(|key| key % 3 == 1).check();
            invert().masked(|key| key + 1 == keys).check();
            let mut short = invert();
            short.mask = vec![false; keys / 2];
            short.check();
            let mut partial = invert().masked(|key| key % 2 == 0);
            partial.shape.masked = keys / 2;
            partial.check();
        }
    }
}

#[test]
fn queries_share_the_keys_up_to_their_place() {
    for (queries, keys) in [(1, 1), (9, 9), (5, 30), (9, 4), (17, 40)] {
        let mut invert = Invert::new(queries, keys, 2, 7, 10);
        invert.shape.causal = true;
        invert.check();
        invert.masked(|key| key % 3 == 1).check();
    }
}

#[test]
fn sums_below_the_least_divisor() {
    let mut invert = Invert::new(6, 5, 2, 16, 12);
    invert.shape.eps = 0.8;
    invert.check();
    (invert.shape.eps, invert.gain) = (1e-8, 12.0);
    invert.check();
}
