//! Fourier position features, feature by feature.

use crate::layers::Fourier;

/// [`crate::layers::fourier`]
pub fn fourier(shape: &Fourier, tables: &[f32], out: &mut [f32]) {
    let record = 2 * shape.bands + 1;
    let sizes = &shape.shape[3 - shape.axes..];
    for row in 0..shape.rows {
        let (mut coordinates, mut sines, mut cosines, mut by_axis) = (vec![], vec![], vec![], vec![]);
        for axis in 0..shape.axes {
            let position = (shape.first + row) / sizes[axis + 1..].iter().product::<usize>() % sizes[axis];
            let table = (sizes[..axis].iter().sum::<usize>() + position) * record;
            let (coordinate, waves) = tables[table..table + record].split_at(usize::from(shape.with_position));
            let (sine, cosine) = waves[waves.len() - 2 * shape.bands..].split_at(shape.bands);
            let cosine = if shape.sine_only { &[] } else { cosine };
            coordinates.extend_from_slice(coordinate);
            sines.extend_from_slice(sine);
            cosines.extend_from_slice(cosine);
            by_axis.extend([sine, cosine, coordinate].concat());
        }
        let features = if shape.by_axis { by_axis } else { [coordinates, sines, cosines].concat() };
        out[row * shape.out_stride..][..features.len()].copy_from_slice(&features);
    }
}
