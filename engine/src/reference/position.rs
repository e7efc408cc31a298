//! Fourier position features, feature by feature.

use crate::layers::Fourier;

/// [`crate::layers::fourier`]
pub fn fourier(shape: &Fourier, tables: &[f32], out: &mut [f32]) {
    for row in 0..shape.rows {
        features(shape, shape.first + row, tables, &mut out[row * shape.out_stride..]);
    }
}

/// [`crate::layers::fourier_at`]
pub fn fourier_at(shape: &Fourier, points: &[u32], tables: &[f32], out: &mut [f32]) {
    let positions = shape.shape.iter().product::<usize>();
    for row in 0..shape.rows {
        let point = points.get(shape.first + row).map_or(0, |&point| point as usize);
        let point = if point < positions { point } else { 0 };
        features(shape, point, tables, &mut out[row * shape.out_stride..]);
    }
}

/// [`crate::layers::fourier_of`]. An angle is rounded to single precision before its sine: that is part of the models.
pub fn fourier_of(shape: &Fourier, frequencies: &[&[f32]], coordinates: &[f32], out: &mut [f32]) {
    let Fourier { axes, bands, by_axis, with_position, sine_only, .. } = *shape;
    let (before, waves) = (usize::from(with_position), if sine_only { 1 } else { 2 });
    for (axis, (frequencies, &coordinate)) in frequencies.iter().zip(coordinates).enumerate() {
        let own = axis * (before + waves * bands);
        if with_position {
            out[if by_axis { own + waves * bands } else { axis }] = coordinate;
        }
        for (band, &frequency) in frequencies.iter().enumerate() {
            let angle = f64::from(coordinate * frequency * core::f32::consts::PI);
            let [sine, cosine] = [0, 1].map(|wave| {
                if by_axis { own + wave * bands + band } else { axes * before + (wave * axes + axis) * bands + band }
            });
            out[sine] = libm::sin(angle) as f32;
            if !sine_only {
                out[cosine] = libm::cos(angle) as f32;
            }
        }
    }
}

/// The features of the `position`-th position in row-major order.
fn features(shape: &Fourier, position: usize, tables: &[f32], out: &mut [f32]) {
    let Fourier { axes, bands, by_axis, with_position, sine_only, .. } = *shape;
    let record = 2 * bands + 1;
    let sizes = &shape.shape[3 - axes..];
    let (coordinates, waves) = (usize::from(with_position), if sine_only { 1 } else { 2 });
    for axis in 0..axes {
        let at = position / sizes[axis + 1..].iter().product::<usize>() % sizes[axis];
        let table = &tables[(sizes[..axis].iter().sum::<usize>() + at) * record..];
        let before = axis * (coordinates + waves * bands);
        if with_position {
            out[if by_axis { before + waves * bands } else { axis }] = table[0];
        }
        for wave in 0..waves {
            for band in 0..bands {
                let apart = axes * coordinates + (wave * axes + axis) * bands;
                let place = if by_axis { before + wave * bands } else { apart };
                out[place + band] = table[1 + wave * bands + band];
            }
        }
    }
}
