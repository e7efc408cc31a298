//! Layer norms and RMS norms.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{Normalize, normalize};
use percio::reference;

#[derive(Debug)]
struct Norm {
    shape: Normalize,
    affine: bool,
    /// Added to every number: a mean far from zero.
    shift: f32,
}

impl Norm {
    fn operands(&self) -> [Vec<f32>; 4] {
        let Normalize { rows, width, .. } = self.shape;
        let constants = if self.affine { width } else { 0 };
        let x = numbers(rows * width, 1).into_iter().map(|x| x + self.shift).collect();
        [x, numbers(constants, 2), numbers(constants, 3), vec![f32::NAN; rows * width]]
    }
}

impl Case for Norm {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [x, gain, offset, mut out] = self.operands();
        normalize(isa, &self.shape, &x, &gain, &offset, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [x, gain, offset, mut out] = self.operands();
        reference::normalize(&self.shape, &x, &gain, &offset, &mut out);
        out
    }
}

#[test]
fn every_width() {
    for width in LENGTHS.into_iter().filter(|&width| width > 1) {
        for affine in [false, true] {
            for (shift, centred) in [(0.0, true), (1.0, true), (0.0, false), (1.0, false)] {
                let shape = Normalize { rows: 3, width, centred, eps: 1e-2 };
                check(&Norm { shape, affine, shift }, tolerance::norm(width));
            }
        }
    }
}

#[test]
fn one_number_has_no_deviation() {
    let shape = Normalize { rows: 4, width: 1, centred: true, eps: 1e-5 };
    check(&Norm { shape, affine: true, shift: 0.0 }, tolerance::EXACT);
}

#[test]
fn no_rows() {
    check(
        &Norm { shape: Normalize { rows: 0, width: 8, centred: true, eps: 1e-5 }, affine: false, shift: 0.0 },
        tolerance::EXACT,
    );
}
