//! Attention to tokens on a grid: every token as a row with a one at each of its places.

use crate::layers::{Columns, OnGrid};

/// [`crate::layers::columns`]
pub fn columns(shape: &Columns, x: &[f32], parts: &[f32], out: &mut [f32]) {
    let Columns { rows, width, features, axes, centred, eps, .. } = *shape;
    let count = (width + axes * features) as f64;
    for token in 0..rows {
        let x = &x[token * width..][..width];
        let places = places(shape.shape, axes, shape.first + token);
        let of = |table: usize| places.iter().flatten().map(move |&place| f64::from(parts[table + place]));
        let sum = features as f64 * of(0).sum::<f64>() + x.iter().map(|&x| f64::from(x)).sum::<f64>();
        let mean = if centred { sum / count } else { 0.0 };
        let apart = |number: f64| (number - mean) * (number - mean);
        let squares = of(parts.len() / 2).sum::<f64>() + features as f64 * of(0).map(apart).sum::<f64>();
        let variance = (squares + x.iter().map(|&x| apart(f64::from(x))).sum::<f64>()) / count;
        let factor = 1.0 / libm::sqrt(variance + f64::from(eps));
        for (channel, &x) in x.iter().enumerate() {
            out[channel * rows + token] = (f64::from(x) * factor) as f32;
        }
        out[width * rows + token] = factor as f32;
    }
}

/// What [`crate::layers::settle`] makes of the state of [`crate::layers::gather_grid`] once it has taken all tokens.
pub fn on_grid(shape: &OnGrid, q: &[f32], k: &[f32], mask: &[bool], out: &mut [f32]) {
    let keys = shape.keys;
    let row = shape.attention().v;
    for (q, out) in q.chunks_exact(row).zip(out.chunks_exact_mut(row)) {
        let score = |key: usize| {
            let hidden = if shape.zero_empty { f64::NEG_INFINITY } else { f64::MIN };
            let product = |at: usize| f64::from(q[at]) * number(shape, k, key, at);
            if mask.get(key) == Some(&false) { hidden } else { (0..row).map(product).sum() }
        };
        let largest = (0..keys).map(score).fold(f64::MIN, f64::max);
        let weight = |key: usize| libm::exp(score(key) - largest);
        let sum: f64 = (0..keys).map(weight).sum();
        for (at, out) in out.iter_mut().enumerate() {
            let weighted: f64 = (0..keys).map(|key| weight(key) * number(shape, k, key, at)).sum();
            *out = if sum == 0.0 { 0.0 } else { (weighted / sum) as f32 };
        }
    }
}

/// Number `at` of a token's row: a channel, or one over its deviation at each of its places.
fn number(shape: &OnGrid, k: &[f32], key: usize, at: usize) -> f64 {
    let OnGrid { keys, width, .. } = *shape;
    let is_there = || places(shape.shape, shape.axes, shape.first + key).contains(&Some(at - width));
    if at < width || is_there() { f64::from(k[at.min(width) * keys + key]) } else { 0.0 }
}

/// The places of the `position`-th token, row-major, among those of all axes in use.
fn places(shape: [usize; 3], axes: usize, position: usize) -> [Option<usize>; 3] {
    let position = position % shape.iter().product::<usize>();
    let mut places = [None; 3];
    for axis in 3 - axes..3 {
        let before: usize = shape[3 - axes..axis].iter().sum();
        places[axis] = Some(before + position / shape[axis + 1..].iter().product::<usize>() % shape[axis]);
    }
    places
}
