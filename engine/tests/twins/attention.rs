//! Attention: shapes, masks and tails.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{Attention, attention};
use percio::reference;

#[derive(Debug)]
struct Attend {
    shape: Attention,
    mask: Vec<bool>,
    /// Factor of the operands: large ones make one key outweigh all others.
    gain: f32,
}

impl Attend {
    fn new(queries: usize, keys: usize, heads: usize, qk: usize, v: usize) -> Self {
        let scale = 1.0 / (qk as f32).sqrt();
        let shape = Attention {
            queries,
            keys,
            masked: keys,
            heads,
            key_heads: heads,
            value_heads: heads,
            qk,
            v,
            scale,
            causal: false,
            zero_empty: false,
        };
        Self { shape, mask: Vec::new(), gain: 1.0 }
    }

    fn masked(mut self, mask: impl Fn(usize) -> bool) -> Self {
        self.mask = (0..self.shape.keys).map(mask).collect();
        self
    }

    fn operands(&self) -> [Vec<f32>; 4] {
        let Attention { queries, keys, heads, key_heads, value_heads, qk, v, .. } = self.shape;
        let loud = |len, seed| numbers(len, seed).into_iter().map(|x| x * self.gain).collect();
        let out = vec![f32::NAN; queries * heads * v];
        [loud(queries * heads * qk, 1), loud(keys * key_heads * qk, 2), numbers(keys * value_heads * v, 3), out]
    }

    fn check(&self) {
        let mut bound = tolerance::attention(self.shape.qk, self.shape.keys);
        bound.absolute *= self.gain * self.gain;
        check(self, bound);
    }
}

impl Case for Attend {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [q, k, v, mut out] = self.operands();
        attention(isa, &self.shape, &q, &k, &v, &self.mask, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [q, k, v, mut out] = self.operands();
        reference::attention(&self.shape, &q, &k, &v, &self.mask, &mut out);
        out
    }
}

#[test]
fn every_number_of_queries() {
    for queries in 0..=34 {
        Attend::new(queries, 19, 2, 6, 5).check();
    }
}

#[test]
fn every_number_of_keys() {
    for keys in (0..=36).chain([63, 64, 65, 95, 96, 97, 193]) {
        Attend::new(5, keys, 2, 6, 5).check();
    }
}

#[test]
fn every_head_width() {
    for qk in LENGTHS {
        for v in LENGTHS {
            Attend::new(3, 9, 2, qk, v).check();
            Attend::new(19, 9, 1, qk, v).check();
        }
    }
}

#[test]
fn heads_wider_than_a_turn() {
    for qk in [127, 128, 129, 261] {
        Attend::new(18, 100, 2, qk, 12).check();
    }
}

#[test]
fn more_than_what_is_near() {
    for (queries, keys, qk, v) in [(65, 65, 6, 8), (97, 300, 9, 83), (105, 257, 130, 20)] {
        let attend = || Attend::new(queries, keys, 2, qk, v);
        attend().check();
        attend().masked(|key| key % 3 == 1 || key > 280).check();
        let mut causal = attend();
        causal.shape.causal = true;
        causal.check();
    }
}

#[test]
fn masks() {
    for queries in [1, 4, 17] {
        for keys in [1, 8, 40, 100] {
            let attend = || Attend::new(queries, keys, 3, 7, 10);
            attend().masked(|_| false).check();
            attend().masked(|_| true).check();
            attend().masked(|key| key % 3 == 1).check();
            attend().masked(|key| key + 1 == keys).check();
            attend().masked(|key| key == 0).check();
        }
    }
}

#[test]
fn keys_beyond_the_mask_are_kept() {
    let mut attend = Attend::new(4, 20, 1, 8, 8);
    attend.mask = vec![false; 5];
    attend.check();
}

#[test]
fn a_mask_says_nothing_of_keys_it_is_not_about() {
    for masked in [0, 1, 9, 20] {
        let mut attend = Attend::new(4, 20, 2, 8, 8).masked(|key| key % 4 == 3);
        attend.shape.masked = masked;
        attend.check();
    }
}

#[test]
fn queries_that_see_keys_up_to_their_place() {
    for (queries, keys) in [(1, 1), (9, 9), (17, 17), (40, 40), (5, 30), (33, 100), (1, 97), (9, 4), (30, 20)] {
        for zero_empty in [false, true] {
            let attend = || {
                let mut attend = Attend::new(queries, keys, 2, 7, 10);
                (attend.shape.causal, attend.shape.zero_empty) = (true, zero_empty);
                attend
            };
            attend().check();
            attend().masked(|key| key >= keys / 2).check();
            attend().masked(|key| key % 3 == 1).check();
            attend().masked(|_| false).check();
        }
    }
}

#[test]
fn queries_that_see_no_key_gather_zeros() {
    for keys in [1, 8, 100] {
        let mut attend = Attend::new(17, keys, 3, 7, 10).masked(|_| false);
        attend.shape.zero_empty = true;
        attend.check();
        attend.masked(|key| key + 1 == keys).check();
    }
}

#[test]
fn heads_that_share_keys_or_values() {
    for (queries, keys) in [(1, 5), (9, 40), (18, 33)] {
        for (key_heads, value_heads) in [(1, 6), (6, 1), (1, 1), (2, 3)] {
            for causal in [false, true] {
                let mut attend = Attend::new(queries, keys, 6, 7, 13).masked(|key| key % 5 != 3);
                attend.shape = Attention { key_heads, value_heads, causal, ..attend.shape };
                attend.check();
            }
        }
    }
}

#[test]
fn one_key_outweighs_the_others() {
    let mut attend = Attend::new(6, 50, 2, 16, 12);
    attend.gain = 12.0;
    attend.check();
}
