//! Layer norms and RMS norms of many shapes.

use crate::{compare, tolerance};
use device::{ROOM, Random, RunNorm};
use percio::isa;
use percio::layers::Normalize;

const SHAPES: usize = 100;

/// Compares all shapes; returns how many there are.
pub(crate) fn check() -> usize {
    let mut random = Random(4);
    for _ in 0..SHAPES {
        let (rows, width) = (random.size(0, 9), random.one(&[2, 3, 7, 8, 9, 15, 16, 24, 31, 32, 33, 40, 64, 65]));
        let shape = Normalize { rows, width, centred: random.one(&[true, true, false]), eps: 1e-2 };
        let affine = random.one(&[0, width]);
        let [mut x, mut gain, mut offset] = [[0.0; ROOM]; 3];
        [&mut x, &mut gain, &mut offset].into_iter().for_each(|numbers| random.fill(numbers, 1.0));
        let (gain, offset) = (&gain[..affine], &offset[..affine]);
        let mut expected = x;
        percio::reference::normalize(&shape, &x, gain, offset, &mut expected);
        isa::dispatch(RunNorm { shape, gain, offset, x: &mut x });
        compare(&x, &expected, tolerance::norm(width), &shape);
    }
    SHAPES
}
