//! Fourier position features, feature by feature.

use crate::layers::Fourier;

/// [`crate::layers::fourier`]
pub fn fourier(shape: &Fourier, tables: &[f32], out: &mut [f32]) {
    let record = 2 * shape.bands + 1;
    let sizes = &shape.shape[3 - shape.axes..];
    for row in 0..shape.rows {
        let out = &mut out[row * shape.out_stride..];
        for axis in 0..shape.axes {
            let position = (shape.first + row) / sizes[axis + 1..].iter().product::<usize>() % sizes[axis];
            let table = (sizes[..axis].iter().sum::<usize>() + position) * record;
            let first_wave = if shape.with_position { shape.axes } else { 0 };
            if shape.with_position {
                out[axis] = tables[table];
            }
            for band in 0..shape.bands {
                out[first_wave + axis * shape.bands + band] = tables[table + 1 + band];
                if !shape.sine_only {
                    let cosine = first_wave + (shape.axes + axis) * shape.bands + band;
                    out[cosine] = tables[table + 1 + shape.bands + band];
                }
            }
        }
    }
}
