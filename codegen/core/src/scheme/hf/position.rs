//! `PerceiverFourierPositionEncoding` as the classes set it up.

use crate::model::{Combine, Encoding, FeatureLayout, Fourier, Grid, Position, linear_frequencies};

/// Features of the positions of a `grid`, with frequencies up to half of each axis' `resolutions`.
pub(super) fn features(shape: &[usize], grid: Grid, resolutions: &[usize], bands: usize) -> Fourier {
    Fourier {
        shape: shape.to_vec(),
        grid,
        frequencies: resolutions.iter().map(|&resolution| linear_frequencies(resolution as f64, bands)).collect(),
        layout: FeatureLayout::Blocks,
        with_position: true,
        sine_only: false,
    }
}

/// Such features beside a token's data.
pub(super) fn beside(shape: &[usize], resolutions: &[usize], bands: usize) -> Position {
    let encoding = Encoding::Fourier(features(shape, Grid::Inclusive, resolutions, bands));
    Position::new(encoding, Combine::Concat)
}
