//! Fourier features of a grid of positions, computed once at compile time.

use super::{Fourier, Tensor};

/// `linspace(from, to, count)` as PyTorch computes it: from both ends towards the middle.
fn linspace(from: f64, to: f64, count: usize) -> Vec<f32> {
    let step = if count > 1 { (to as f32 - from as f32) / (count - 1) as f32 } else { 0.0 };
    let half = count / 2;
    let at =
        |i: usize| if i < half { from as f32 + step * i as f32 } else { to as f32 - step * (count - 1 - i) as f32 };
    if count == 1 { vec![from as f32] } else { (0..count).map(at).collect() }
}

/// The per-axis tables of a Fourier encoding, in the layout of `percio::layers::Fourier`: for each axis and position
/// `[p, sin(π f p) × bands, cos(π f p) × bands]`.
#[must_use]
pub fn fourier_tables(fourier: &Fourier) -> Vec<f32> {
    let mut tables = Vec::new();
    for (&length, &resolution) in fourier.shape.iter().zip(&fourier.max_resolution) {
        let frequencies = linspace(1.0, resolution / 2.0, fourier.bands);
        for p in linspace(-1.0, 1.0, length) {
            // The product is rounded to f32 before the sine, as the sources do: the argument's rounding is part of the model.
            let angles: Vec<f32> = frequencies.iter().map(|f| (p * f) * std::f32::consts::PI).collect();
            tables.push(p);
            tables.extend(angles.iter().map(|&angle| f64::from(angle).sin() as f32));
            tables.extend(angles.iter().map(|&angle| f64::from(angle).cos() as f32));
        }
    }
    tables
}

/// The features of every position, row-major `[positions, width]`.
#[must_use]
pub fn fourier_features(fourier: &Fourier) -> Tensor {
    let tables = fourier_tables(fourier);
    let record = 2 * fourier.bands + 1;
    let mut features = Vec::with_capacity(fourier.positions() * fourier.width());
    for position in 0..fourier.positions() {
        let records = axis_records(fourier, position).map(|at| &tables[at * record..(at + 1) * record]);
        let records: Vec<&[f32]> = records.collect();
        if fourier.with_position {
            features.extend(records.iter().map(|record| record[0]));
        }
        records.iter().for_each(|record| features.extend_from_slice(&record[1..=fourier.bands]));
        if !fourier.sine_only {
            records.iter().for_each(|record| features.extend_from_slice(&record[1 + fourier.bands..]));
        }
    }
    Tensor::new("positions", &[fourier.positions(), fourier.width()], features)
}

/// The record of each axis that belongs to the `position`-th position in row-major order.
fn axis_records(fourier: &Fourier, position: usize) -> impl Iterator<Item = usize> {
    (0..fourier.shape.len()).map(move |axis| {
        let before: usize = fourier.shape[..axis].iter().sum();
        let inner: usize = fourier.shape[axis + 1..].iter().product();
        before + position / inner % fourier.shape[axis]
    })
}
