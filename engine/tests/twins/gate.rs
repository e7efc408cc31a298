//! Gated activations.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance::ACTIVATION;
use percio::isa::Isa;
use percio::layers::{self, Gate};
use percio::{Activation, reference};

#[derive(Debug)]
struct Gated(Gate);

impl Gated {
    fn operands(&self) -> [Vec<f32>; 2] {
        let Gate { rows, width, .. } = self.0;
        [numbers(rows * 2 * width, 1), vec![f32::NAN; rows * width]]
    }
}

impl Case for Gated {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [x, mut out] = self.operands();
        layers::gate(isa, &self.0, &x, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [x, mut out] = self.operands();
        reference::gate(&self.0, &x, &mut out);
        out
    }
}

#[test]
fn every_width_and_half() {
    use Activation::{GeluErf, GeluTanh, Identity, QuickGelu, Relu, Silu, SquaredRelu, Tanh};
    for activation in [Identity, GeluErf, GeluTanh, QuickGelu, Relu, SquaredRelu, Silu, Tanh] {
        for (width, second) in LENGTHS.into_iter().flat_map(|width| [(width, false), (width, true)]) {
            check(&Gated(Gate { rows: 3, width, activation, second }), ACTIVATION);
        }
    }
}

#[test]
fn no_rows() {
    check(&Gated(Gate { rows: 0, width: 5, activation: Activation::GeluErf, second: true }), ACTIVATION);
}
