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

/// The features of the `position`-th position in row-major order.
fn features(shape: &Fourier, position: usize, tables: &[f32], out: &mut [f32]) {
    let record = 2 * shape.bands + 1;
    let sizes = &shape.shape[3 - shape.axes..];
    let (mut coordinates, mut sines, mut cosines) = (Vec::new(), Vec::new(), Vec::new());
    for axis in 0..shape.axes {
        let at = position / sizes[axis + 1..].iter().product::<usize>() % sizes[axis];
        let record = &tables[(sizes[..axis].iter().sum::<usize>() + at) * record..][..record];
        coordinates.push(record[0]);
        sines.push(&record[1..][..shape.bands]);
        cosines.push(&record[1 + shape.bands..]);
    }
    if !shape.with_position {
        coordinates.clear();
    }
    if shape.sine_only {
        cosines.clear();
    }
    let ordered = if shape.by_axis {
        let axis = |axis: usize| {
            let cosines = cosines.get(axis).into_iter().flat_map(|waves| waves.iter());
            sines[axis].iter().chain(cosines).chain(coordinates.get(axis)).copied().collect::<Vec<f32>>()
        };
        (0..shape.axes).flat_map(axis).collect::<Vec<f32>>()
    } else {
        [coordinates, sines.concat(), cosines.concat()].concat()
    };
    out[..ordered.len()].copy_from_slice(&ordered);
}
