//! Encodings with their tensors.

use super::config::{Fourier, Frequencies};
use crate::model::{self, linear_frequencies};
use crate::scheme::checkpoint::Checkpoint;

/// The features whose fields stand at `place`, where their tensors are too; those of `grid` where they do not say of which.
pub(super) fn fourier(checkpoint: &mut Checkpoint, place: &str, grid: &[usize], spec: &Fourier) -> model::Fourier {
    let shape = spec.shape.as_deref().unwrap_or(grid);
    if !(1..=3).contains(&shape.len()) {
        checkpoint.complain(format!(
            "`{place}` has Fourier features of {} axes {shape:?}, expected one to three: give a `shape` of as many positions",
            shape.len()
        ));
    }
    model::Fourier {
        shape: shape.to_vec(),
        grid: spec.grid,
        frequencies: frequencies(checkpoint, place, shape, spec),
        layout: spec.order,
        with_position: spec.with_position,
        sine_only: spec.sine_only,
    }
}

fn frequencies(checkpoint: &mut Checkpoint, place: &str, shape: &[usize], spec: &Fourier) -> Vec<Vec<f32>> {
    let resolutions = match &spec.frequencies {
        Frequencies::Stored => return stored(checkpoint, place, shape.len(), spec.bands),
        Frequencies::Linear(resolutions) => resolutions.clone(),
    };
    let resolutions: Vec<f64> = resolutions.unwrap_or_else(|| shape.iter().map(|&length| length as f64).collect());
    if resolutions.len() != shape.len() {
        checkpoint.complain(format!(
            "`max_resolution` of `{place}` has {} numbers, expected one for each axis of {shape:?}: correct the list, or leave it out",
            resolutions.len()
        ));
    }
    resolutions.iter().map(|&resolution| linear_frequencies(resolution, spec.bands)).collect()
}

fn stored(checkpoint: &mut Checkpoint, place: &str, axes: usize, bands: usize) -> Vec<Vec<f32>> {
    let (name, source) = (format!("{place}.frequencies"), format!("{place}.bands"));
    let tensor = checkpoint.buffer(&name, &[(axes, "the number of axes"), (bands, &source)]);
    let numbers = checkpoint.numbers(&tensor);
    let row =
        |axis: usize| numbers.get(axis * bands..(axis + 1) * bands).map_or_else(|| vec![0.0; bands], <[f32]>::to_vec);
    (0..axes).map(row).collect()
}
