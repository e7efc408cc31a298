//! Linear layers of many shapes.

use crate::compare;
use crate::tolerance::{ACTIVATION, Bound, sum};
use device::{ROOM, Random, RunLinear};
use percio::layers::Linear;
use percio::{Activation, isa};
use percio_format::pack;

const SHAPES: usize = 400;

/// The operands of all shapes.
struct Operands {
    x: [f32; ROOM],
    weight: [f32; ROOM],
    packed: [f32; ROOM],
    bias: [f32; ROOM],
    out: [f32; ROOM],
    expected: [f32; ROOM],
}

/// Compares all shapes; returns how many there are.
pub(crate) fn check() -> usize {
    let mut random = Random(1);
    let mut operands = Operands {
        x: [0.0; ROOM],
        weight: [0.0; ROOM],
        packed: [f32::NAN; ROOM],
        bias: [0.0; ROOM],
        out: [0.0; ROOM],
        expected: [0.0; ROOM],
    };
    for _ in 0..SHAPES {
        operands.check(shape(&mut random), &mut random);
    }
    SHAPES
}

fn shape(random: &mut Random) -> Linear {
    use Activation::{GeluErf, GeluTanh, Identity, QuickGelu, Relu, Silu, SquaredRelu, Tanh};
    let (rows, inputs, outputs) = (random.size(1, 20), random.size(1, 70), random.size(1, 40));
    Linear {
        rows,
        inputs,
        outputs,
        x_stride: random.one(&[0, inputs, inputs, inputs + 3]),
        out_stride: outputs + random.one(&[0, 0, 5]),
        activation: random.one(&[
            Identity,
            Identity,
            Identity,
            Identity,
            GeluErf,
            GeluTanh,
            QuickGelu,
            Relu,
            SquaredRelu,
            Silu,
            Tanh,
        ]),
        accumulate: random.one(&[false, true]),
    }
}

impl Operands {
    fn check(&mut self, shape: Linear, random: &mut Random) {
        let Linear { inputs, outputs, .. } = shape;
        random.fill(&mut self.x, 1.0);
        random.fill(&mut self.weight, 1.0);
        random.fill(&mut self.bias, 1.0);
        random.fill(&mut self.out, 1.0);
        let bias = &self.bias[..random.one(&[0, outputs])];
        pack(&self.weight[..outputs * inputs], outputs, inputs, &mut self.packed);
        self.expected = self.out;
        percio::reference::linear(&shape, &self.x, &self.weight, bias, &mut self.expected);
        isa::dispatch(RunLinear { shape, x: &self.x, weight: &self.packed, bias, out: &mut self.out });
        // What lies between and behind the rows is compared too: it must stay as it was.
        compare(&self.out, &self.expected, bound(&shape), &shape);
    }
}

/// An activation passes an error of its argument on, at most 1.13-fold; squared ReLU by twice a sum of up to 2·√inputs.
fn bound(shape: &Linear) -> Bound {
    let sum = sum(shape.inputs + 2);
    let (slope, own) = match shape.activation {
        Activation::Identity => (1.0, 0.0),
        Activation::SquaredRelu => (8.0 * shape.inputs as f32, 1.0),
        _ => (1.13, 1.0),
    };
    Bound {
        absolute: slope * sum.absolute + own * ACTIVATION.absolute,
        relative: sum.relative + own * ACTIVATION.relative,
    }
}
