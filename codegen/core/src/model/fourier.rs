//! Fourier features of a grid of positions, computed once at compile time.

use super::{FeatureLayout, Fourier, Grid, Tensor};
use crate::program::Line;

/// `linspace(from, to, count)` to the bit as PyTorch computes it in single precision: a rounded step, from both ends
/// towards the middle, each number rounded once.
fn linspace(from: f64, to: f64, count: usize) -> Vec<f32> {
    let step = f64::from((to as f32 - from as f32) / count.saturating_sub(1).max(1) as f32);
    let half = if count == 1 { 1 } else { count / 2 };
    let at = |i: usize| if i < half { from + step * i as f64 } else { to - step * (count - 1 - i) as f64 };
    (0..count).map(|i| at(i) as f32).collect()
}

/// `bands` frequencies from 1 to half of `max_resolution`, evenly spaced.
#[must_use]
pub fn linear_frequencies(max_resolution: f64, bands: usize) -> Vec<f32> {
    linspace(1.0, max_resolution / 2.0, bands)
}

/// `base` to the power of `bands` exponents, evenly spaced between the two of `exponents`, to the bit as PyTorch's `logspace`
/// computes them in single precision: the two are rounded, all else is double precision, each power is rounded once.
#[must_use]
pub fn logarithmic_frequencies(base: f64, exponents: [f64; 2], bands: usize) -> Vec<f32> {
    let [from, to] = exponents.map(|exponent| f64::from(exponent as f32));
    let step = (to - from) / bands.saturating_sub(1).max(1) as f64;
    let half = if bands == 1 { 1 } else { bands / 2 };
    let at = |i: usize| if i < half { from + step * i as f64 } else { to - step * (bands - 1 - i) as f64 };
    (0..bands).map(|i| base.powf(at(i)) as f32).collect()
}

/// The positions on an axis of `length`.
fn positions(grid: Grid, length: usize) -> Vec<f32> {
    match grid {
        Grid::Inclusive => linspace(-1.0, 1.0, length),
        Grid::HalfOpen => (0..length).map(|i| -1.0 + (2 * i) as f32 / length as f32).collect(),
    }
}

/// The per-axis tables of a Fourier encoding, in the layout of `percio::layers::Fourier`: for each axis and position
/// `[p, sin(π f p) × bands, cos(π f p) × bands]`.
#[must_use]
pub fn fourier_tables(fourier: &Fourier) -> Vec<f32> {
    let mut tables = Vec::new();
    for (&length, frequencies) in fourier.shape.iter().zip(&fourier.frequencies) {
        for p in positions(fourier.grid, length) {
            // The product is rounded to f32 before the sine, as the sources do: the argument's rounding is part of the model.
            let angles: Vec<f32> = frequencies.iter().map(|f| (p * f) * std::f32::consts::PI).collect();
            tables.push(p);
            tables.extend(angles.iter().map(|&angle| f64::from(angle).sin() as f32));
            tables.extend(angles.iter().map(|&angle| f64::from(angle).cos() as f32));
        }
    }
    tables
}

/// The positions of an encoding of one axis as the start of a line that has no end; `None` where there are more axes.
///
/// Its numbers are those of the encoding but for roundings: a source rounds coordinates and angles to single precision,
/// which turns a wave of frequency f by up to f · 4e-7 radians.
#[must_use]
pub fn line(fourier: &Fourier) -> Option<Line> {
    let ([length], [frequencies]) = (fourier.shape.as_slice(), fourier.frequencies.as_slice()) else { return None };
    let parts = match fourier.grid {
        Grid::Inclusive => length.saturating_sub(1).max(1),
        Grid::HalfOpen => *length,
    };
    // Half a turn from −1 to 0, f of them; a frequency has so few digits that it is a whole number of 2⁻⁶⁴.
    let whole = |turns: f64| (turns * 18_446_744_073_709_551_616.0) as i128;
    let wave = |&f: &f32| {
        let (frequency, parts) = (whole(f64::from(f)), parts as i128);
        [(-frequency / 2) as u64, ((2 * frequency + parts) / (2 * parts)) as u64]
    };
    let step = (2.0 / parts as f64) as f32;
    Some(Line { origin: -1.0, step, waves: frequencies.iter().map(wave).collect() })
}

/// One axis of an encoding.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Which numbers of a position's features are this axis'.
    pub columns: Vec<usize>,
    /// These numbers at each of its places.
    pub places: Vec<Vec<f32>>,
}

/// The axes of an encoding, outermost first: together all features.
#[must_use]
pub fn axes(fourier: &Fourier) -> Vec<Axis> {
    let (tables, bands, count) = (fourier_tables(fourier), fourier.bands(), fourier.shape.len());
    let [waves, coordinates] = [if fourier.sine_only { 1 } else { 2 } * bands, usize::from(fourier.with_position)];
    let mut records = tables.chunks_exact(2 * bands + 1);
    let axis = |(axis, &length): (usize, &usize)| {
        let wave = |wave: usize| match fourier.layout {
            FeatureLayout::Blocks => count * coordinates + (wave / bands * count + axis) * bands + wave % bands,
            FeatureLayout::Axes => axis * (waves + coordinates) + wave,
        };
        let coordinate = match fourier.layout {
            FeatureLayout::Blocks => axis,
            FeatureLayout::Axes => wave(waves),
        };
        let columns = std::iter::once(coordinate).take(coordinates).chain((0..waves).map(wave)).collect();
        let place = |record: &[f32]| record[1 - coordinates..=waves].to_vec();
        Axis { columns, places: records.by_ref().take(length).map(place).collect() }
    };
    fourier.shape.iter().enumerate().map(axis).collect()
}

/// The features of every position, row-major `[positions, width]`.
#[must_use]
pub fn fourier_features(fourier: &Fourier) -> Tensor {
    let tables = fourier_tables(fourier);
    let record = 2 * fourier.bands() + 1;
    let mut features = Vec::with_capacity(fourier.positions() * fourier.width());
    for position in 0..fourier.positions() {
        let records: Vec<_> =
            axis_records(fourier, position).map(|at| &tables[at * record..(at + 1) * record]).collect();
        let groups = match fourier.layout {
            FeatureLayout::Blocks => vec![records],
            FeatureLayout::Axes => records.into_iter().map(|record| vec![record]).collect(),
        };
        for group in groups {
            push_features(fourier, &group, &mut features);
        }
    }
    Tensor::new("positions", &[fourier.positions(), fourier.width()], features)
}

/// Appends coordinates, sines and cosines of the axes whose records are `records`.
fn push_features(fourier: &Fourier, records: &[&[f32]], features: &mut Vec<f32>) {
    let bands = fourier.bands();
    let coordinates = records.iter().map(|record| record[0]).filter(|_| fourier.with_position);
    if fourier.layout == FeatureLayout::Blocks {
        features.extend(coordinates.clone());
    }
    records.iter().for_each(|record| features.extend_from_slice(&record[1..=bands]));
    if !fourier.sine_only {
        records.iter().for_each(|record| features.extend_from_slice(&record[1 + bands..]));
    }
    if fourier.layout == FeatureLayout::Axes {
        features.extend(coordinates);
    }
}

/// The record of each axis that belongs to the `position`-th position in row-major order.
fn axis_records(fourier: &Fourier, position: usize) -> impl Iterator<Item = usize> {
    (0..fourier.shape.len()).map(move |axis| {
        let before: usize = fourier.shape[..axis].iter().sum();
        let inner: usize = fourier.shape[axis + 1..].iter().product();
        before + position / inner % fourier.shape[axis]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_through_the_positions_it_starts_from() {
        for (grid, length) in [(Grid::Inclusive, 1), (Grid::Inclusive, 2), (Grid::Inclusive, 37), (Grid::HalfOpen, 24)]
        {
            let frequencies = linear_frequencies(length as f64, 5);
            let fourier = Fourier {
                shape: vec![length],
                grid,
                frequencies: vec![frequencies.clone()],
                layout: FeatureLayout::Blocks,
                with_position: true,
                sine_only: false,
            };
            let (line, tables) = (line(&fourier).expect("one axis"), fourier_tables(&fourier));
            for (place, record) in tables.chunks_exact(11).enumerate() {
                assert!((line.origin + place as f32 * line.step - record[0]).abs() < 3e-7);
                for (band, [start, step]) in line.waves.iter().enumerate() {
                    let phase = start.wrapping_add(step.wrapping_mul(place as u64));
                    let (sine, cosine) = (phase as f64 * std::f64::consts::TAU / 2f64.powi(64)).sin_cos();
                    let bound = 1e-7 + 4e-7 * f64::from(frequencies[band]);
                    for (wave, tabulated) in [(sine, record[1 + band]), (cosine, record[6 + band])] {
                        assert!((wave - f64::from(tabulated)).abs() < bound, "{grid:?}, place {place}, band {band}");
                    }
                }
            }
        }
    }

    #[test]
    fn axes_together_are_the_features() {
        let options = [FeatureLayout::Blocks, FeatureLayout::Axes].into_iter().flat_map(|layout| {
            [[false, false], [false, true], [true, false], [true, true]].map(|options| (layout, options))
        });
        for (layout, [with_position, sine_only]) in options {
            let frequencies = [3.0, 5.0, 7.0].map(|most| linear_frequencies(most, 3)).to_vec();
            let (shape, grid) = (vec![2, 3, 4], Grid::Inclusive);
            let fourier = Fourier { shape, grid, frequencies, layout, with_position, sine_only };
            let (features, axes) = (fourier_features(&fourier), axes(&fourier));
            for (position, row) in features.numbers().expect("made here").chunks_exact(fourier.width()).enumerate() {
                let mut made = vec![f32::NAN; fourier.width()];
                for (axis, place) in axes.iter().zip([position / 12, position / 4 % 3, position % 4]) {
                    axis.columns.iter().zip(&axis.places[place]).for_each(|(&column, &number)| made[column] = number);
                }
                assert_eq!(made, row, "{layout:?} {position}");
            }
        }
    }

    /// The bits of `torch.linspace(-1, 1, 7)` and of three numbers of `torch.linspace(1, 112, 64)`.
    #[test]
    fn linspace_is_that_of_pytorch() {
        let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<u32>>();
        let seven = [0xbf80_0000, 0xbf2a_aaaa, 0xbeaa_aaaa, 0xb300_0000, 0x3eaa_aaaa, 0x3f2a_aaaa, 0x3f80_0000];
        assert_eq!(bits(&linspace(-1.0, 1.0, 7)), seven);
        let frequencies = bits(&linspace(1.0, 112.0, 64));
        assert_eq!([frequencies[38], frequencies[40], frequencies[63]], [0x4287_e79f, 0x428e_f3cf, 0x42e0_0000]);
        assert_eq!(linspace(-1.0, 1.0, 1), [-1.0]);
    }
}
