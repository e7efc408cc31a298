//! Keys that arrive a few at a time, against attention over all of them at once.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{self, Attention};
use percio::reference;

#[derive(Debug)]
struct Gather {
    shape: Attention,
    /// How many keys arrive at a time, over and over.
    arrivals: Vec<usize>,
    /// The key from which on a second state takes them, to be merged into the first at the end.
    second: usize,
    mask: Vec<bool>,
    /// Factor of the operands: large ones make one key outweigh all others.
    gain: f32,
}

impl Gather {
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
        Self { shape, arrivals: vec![1, 5, 19], second: keys, mask: vec![true; keys], gain: 1.0 }
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

impl Case for Gather {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let Attention { key_heads, value_heads, qk, v: v_width, .. } = self.shape;
        let [q, k, v, mut out] = self.operands();
        let mut states = [(); 2].map(|()| vec![f32::NAN; self.shape.state_len()]);
        states.iter_mut().for_each(|state| layers::begin(isa, &self.shape, state));
        let (mut first, mut arrivals) = (0, self.arrivals.iter().cycle());
        while let (true, Some(&keys)) = (first < self.shape.keys, arrivals.next()) {
            let keys = keys.min(self.shape.keys - first);
            let shape = Attention { keys, masked: keys, ..self.shape };
            let (k, v) = (&k[first * key_heads * qk..], &v[first * value_heads * v_width..]);
            let state = &mut states[usize::from(first >= self.second)];
            layers::gather(isa, &shape, &q, k, v, &self.mask[first..], state);
            first += keys;
        }
        let [mut state, other] = states;
        layers::merge(isa, &self.shape, &other, &mut state);
        layers::settle(isa, &self.shape, &state, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [q, k, v, mut out] = self.operands();
        reference::attention(&self.shape, &q, &k, &v, &self.mask, &mut out);
        out
    }
}

#[test]
fn every_number_of_keys_in_uneven_parts() {
    for keys in 0..=60 {
        Gather::new(5, keys, 2, 6, 5).check();
        Gather { second: keys / 3, ..Gather::new(5, keys, 2, 6, 5) }.check();
    }
}

#[test]
fn parts_of_every_size() {
    for size in (1..=20).chain([95, 96, 97, 200]) {
        Gather { arrivals: vec![size], ..Gather::new(18, 200, 2, 8, 8) }.check();
    }
}

#[test]
fn parts_of_more_than_what_is_near() {
    for (queries, size) in [(65, 70), (100, 300)] {
        Gather { arrivals: vec![size, 66], second: 210, ..Gather::new(queries, 400, 2, 9, 70) }.check();
    }
}

#[test]
fn every_number_of_queries_and_every_head_width() {
    for width in LENGTHS {
        Gather::new(width, 30, 2, 6, 5).check();
        Gather::new(3, 30, 2, width, width).check();
        Gather { second: 11, ..Gather::new(19, 30, 1, 9, width) }.check();
    }
}

#[test]
fn masked_keys_before_between_and_after_the_others() {
    type Mask = fn(usize) -> bool;
    let masks: [Mask; 5] = [|_| false, |key| key > 30, |key| key < 7, |key| key % 3 == 1, |key| key == 49];
    for mask in masks {
        for second in [0, 7, 20, 50] {
            let gather = Gather { second, ..Gather::new(9, 50, 3, 7, 10) };
            Gather { mask: (0..50).map(mask).collect(), ..gather }.check();
        }
    }
}

#[test]
fn queries_that_see_no_key_gather_zeros() {
    for second in [0, 20, 40] {
        let mut gather = Gather::new(9, 40, 2, 6, 5);
        (gather.shape.zero_empty, gather.second, gather.mask) = (true, second, vec![false; 40]);
        gather.check();
        gather.mask[30] = true;
        gather.check();
    }
}

#[test]
fn heads_that_share_keys_or_values() {
    for (key_heads, value_heads) in [(1, 4), (4, 1), (1, 1), (2, 1)] {
        let mut gather = Gather::new(5, 50, 4, 7, 10);
        gather.shape = Attention { key_heads, value_heads, ..gather.shape };
        gather.check();
    }
}

#[test]
fn one_key_outweighs_the_others() {
    for second in [0, 25, 50] {
        Gather { gain: 12.0, second, ..Gather::new(6, 50, 2, 16, 12) }.check();
    }
}

#[test]
fn one_part_is_attention_to_the_bit() {
    let gather = Gather { arrivals: vec![40], ..Gather::new(17, 40, 2, 8, 12) };
    for name in percio::isa::available() {
        let whole = percio::isa::on(name, crate::support::Run(&Whole(&gather)));
        let parts = percio::isa::on(name, crate::support::Run(&gather));
        let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&whole), bits(&parts), "{name}");
    }
}

/// The same operands in one call.
#[derive(Debug)]
struct Whole<'a>(&'a Gather);

impl Case for Whole<'_> {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [q, k, v, mut out] = self.0.operands();
        layers::attention(isa, &self.0.shape, &q, &k, &v, &self.0.mask, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        self.0.twin()
    }
}
