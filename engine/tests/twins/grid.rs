//! Tokens on a grid, a few at a time and in two states that are merged, against rows with a one at each of their places; and against
//! tokens that hold their positions.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance::{self, Bound};
use percio::isa::Isa;
use percio::layers::{self, Attention, Columns, OnGrid};
use percio::reference;

#[derive(Clone, Debug)]
struct Grid {
    shape: OnGrid,
    /// Numbers of an axis' part of a position.
    features: usize,
    centred: bool,
    /// How many tokens arrive at a time, over and over.
    arrivals: Vec<usize>,
    /// The token from which on a second state takes them, to be merged into the first at the end.
    second: usize,
    mask: Vec<bool>,
    /// Factor of the queries: large ones make one token outweigh all others.
    gain: f32,
}

impl Grid {
    fn new(queries: usize, shape: [usize; 3], axes: usize, width: usize) -> Self {
        let keys = shape.iter().product();
        let shape = OnGrid { queries, heads: 2, keys, width, shape, axes, first: 0, zero_empty: false };
        let (arrivals, mask) = (vec![1, 5, 40, 19], Vec::new());
        Self { shape, features: 3, centred: true, arrivals, second: keys, mask, gain: 1.0 }
    }

    fn places(&self) -> usize {
        self.shape.attention().v - self.shape.width
    }

    fn columns(&self) -> Columns {
        let OnGrid { keys: rows, width, shape, axes, first, .. } = self.shape;
        Columns { rows, width, features: self.features, centred: self.centred, eps: 1e-5, shape, axes, first }
    }

    /// Numbers of a token, its position included.
    fn all(&self) -> usize {
        self.shape.width + self.shape.axes * self.features
    }

    /// The part of a position that each place of each axis has.
    fn features(&self) -> Vec<f32> {
        numbers(self.places() * self.features, 7)
    }

    /// What the statistics of tokens take of these.
    fn parts(&self) -> Vec<f32> {
        let features = self.features();
        let parts = features.chunks_exact(self.features);
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let apart = |part: &[f32]| part.iter().map(|x| (x - mean(part)) * (x - mean(part))).sum::<f32>();
        parts.clone().map(mean).chain(parts.map(apart)).collect()
    }

    fn x(&self) -> Vec<f32> {
        numbers(self.shape.keys * self.shape.width, 2)
    }

    fn q(&self) -> Vec<f32> {
        let len = self.shape.queries * self.shape.heads * self.shape.attention().qk;
        numbers(len, 1).into_iter().map(|x| x * self.gain).collect()
    }

    fn twin_columns(&self) -> Vec<f32> {
        let mut columns = vec![f32::NAN; (self.shape.width + 1) * self.shape.keys];
        reference::columns(&self.columns(), &self.x(), &self.parts(), &mut columns);
        columns
    }

    /// Scores are of channels and an axis' places; a number of a token is up to the root of its width.
    fn bound(&self) -> Bound {
        let terms = self.shape.width + self.shape.axes;
        let largest = libm::sqrtf(self.all() as f32);
        let bound = tolerance::attention(terms, self.shape.keys);
        Bound { absolute: bound.absolute * self.gain * largest * largest, ..bound }
    }

    fn check(&self) {
        check(&Gathered(self), self.bound());
        check(&Turned(self), tolerance::norm(self.all()));
    }
}

/// The state of all tokens, settled.
#[derive(Debug)]
struct Gathered<'a>(&'a Grid);

impl Case for Gathered<'_> {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let Grid { shape, arrivals, second, mask, .. } = self.0;
        let (q, k) = (self.0.q(), self.0.twin_columns());
        let whole = shape.attention();
        let mut states = [(); 2].map(|()| vec![f32::NAN; whole.state_len()]);
        states.iter_mut().for_each(|state| layers::begin(isa, &whole, state));
        let (mut first, mut arrivals) = (0, arrivals.iter().cycle());
        while let (true, Some(&keys)) = (first < shape.keys, arrivals.next()) {
            let keys = keys.min(shape.keys - first);
            let columns = k.chunks_exact(shape.keys).flat_map(|column| column[first..first + keys].to_vec());
            let columns: Vec<f32> = columns.collect();
            let state = &mut states[usize::from(first >= *second)];
            let part = OnGrid { keys, first: shape.first + first, ..*shape };
            layers::gather_grid(isa, &part, &q, &columns, mask.get(first..).unwrap_or_default(), state);
            first += keys;
        }
        let [mut state, other] = states;
        layers::merge(isa, &whole, &other, &mut state);
        let mut out = vec![f32::NAN; q.len()];
        layers::settle(isa, &whole, &state, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let q = self.0.q();
        let mut out = vec![f32::NAN; q.len()];
        reference::on_grid(&self.0.shape, &q, &self.0.twin_columns(), &self.0.mask, &mut out);
        out
    }
}

/// The tokens as columns.
#[derive(Debug)]
struct Turned<'a>(&'a Grid);

impl Case for Turned<'_> {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let mut columns = vec![f32::NAN; (self.0.shape.width + 1) * self.0.shape.keys];
        layers::columns(isa, &self.0.columns(), &self.0.x(), &self.0.parts(), &mut columns);
        columns
    }

    fn twin(&self) -> Vec<f32> {
        self.0.twin_columns()
    }
}

#[test]
fn grids_of_every_number_of_axes() {
    for (shape, axes) in
        [([1, 1, 37], 1), ([1, 7, 9], 2), ([1, 3, 70], 2), ([3, 5, 7], 3), ([1, 1, 1], 2), ([2, 1, 3], 3)]
    {
        for second in [0, 11, 1000] {
            Grid { second, ..Grid::new(5, shape, axes, 3) }.check();
        }
    }
}

#[test]
fn rows_of_every_length_and_every_number_of_channels() {
    for length in LENGTHS {
        Grid::new(3, [1, 3, length], 2, 2).check();
        Grid::new(length, [1, 4, 5], 2, 3).check();
        Grid::new(2, [1, 3, 11], 2, length).check();
    }
}

#[test]
fn tokens_go_on_from_any_place_and_after_the_last_begin_again() {
    for first in [1, 6, 7, 20, 61, 62] {
        let mut grid = Grid::new(4, [1, 9, 7], 2, 2);
        grid.shape.first = first;
        grid.check();
    }
}

#[test]
fn masked_tokens_are_not_attended_to() {
    type Mask = fn(usize) -> bool;
    let masks: [Mask; 4] = [|_| false, |key| key > 30, |key| key % 3 == 1, |key| key == 49];
    for (mask, zero_empty) in masks.into_iter().flat_map(|mask| [(mask, false), (mask, true)]) {
        for second in [0, 20, 56] {
            let mut grid = Grid { second, mask: (0..56).map(mask).collect(), ..Grid::new(3, [1, 8, 7], 2, 2) };
            grid.shape.zero_empty = zero_empty;
            grid.check();
        }
    }
}

#[test]
fn one_token_outweighs_the_others() {
    Grid { gain: 20.0, ..Grid::new(3, [1, 9, 11], 2, 4) }.check();
}

#[test]
fn no_mean_is_taken_off() {
    Grid { centred: false, ..Grid::new(3, [1, 9, 11], 2, 4) }.check();
}

/// Queries of whole tokens against the same queries of channels and places.
#[test]
fn it_is_attention_to_tokens_that_hold_their_positions() {
    let grid = Grid { arrivals: vec![64], ..Grid::new(4, [2, 5, 6], 3, 4) };
    let OnGrid { queries, heads, keys, width, .. } = grid.shape;
    let (all, each, parts, x) = (grid.all(), grid.features, grid.features(), grid.x());
    let mut tokens = Vec::new();
    for key in 0..keys {
        let places = [key / 30, 2 + key / 6 % 5, 7 + key % 6];
        tokens.extend_from_slice(&x[key * width..][..width]);
        places.iter().for_each(|place| tokens.extend_from_slice(&parts[place * each..][..each]));
    }
    let norm = layers::Normalize { rows: keys, width: all, centred: true, eps: 1e-5 };
    let mut normal = vec![0.0; tokens.len()];
    reference::normalize(&norm, &tokens, &[], &[], &mut normal);
    let asked = numbers(queries * heads * all, 1);
    let whole = Attention { qk: all, v: all, ..grid.shape.attention() };
    let mut expected = vec![0.0; asked.len()];
    reference::attention(&whole, &asked, &normal, &normal, &[], &mut expected);

    let mut q = Vec::new();
    for row in asked.chunks_exact(all) {
        let mean = row.iter().sum::<f32>() / all as f32;
        let row: Vec<f32> = row.iter().map(|x| x - mean).collect();
        q.extend_from_slice(&row[..width]);
        q.extend(parts.chunks_exact(each).enumerate().map(|(place, part)| {
            let axis = [2, 7].iter().filter(|&&end| place >= end).count();
            part.iter().zip(&row[width + axis * each..]).map(|(f, q)| f * q).sum::<f32>()
        }));
    }
    let mut gathered = vec![0.0; q.len()];
    reference::on_grid(&grid.shape, &q, &grid.twin_columns(), &[], &mut gathered);
    let bound = grid.bound().absolute;
    for (gathered, expected) in gathered.chunks_exact(width + 13).zip(expected.chunks_exact(all)) {
        let mut row = gathered[..width].to_vec();
        for (axis, places) in [0..2, 2..7, 7..13].into_iter().enumerate() {
            row.extend((0..each).map(|feature| {
                places.clone().map(|place| gathered[width + place] * parts[place * each + feature]).sum::<f32>()
            }));
            assert_eq!(row.len(), width + (axis + 1) * each);
        }
        let mean = row.iter().sum::<f32>() / all as f32;
        for (row, expected) in row.iter().zip(expected) {
            assert!((row - mean - expected).abs() <= bound, "{} is not {expected}", row - mean);
        }
    }
}
