//! eˣ, erf, sine, cosine and the activations over dense grids of numbers.

use crate::support::{Case, check};
use crate::tolerance::{ACTIVATION, Bound, ERF, EXP, SINE};
use percio::isa::Isa;
use percio::kernels::{activation::apply, erf::erf, exp::exp, sine::sine_and_cosine};
use percio::{Activation, reference};

/// A function at `steps` + 1 numbers from `first` to `last`.
struct Grid {
    function: Function,
    first: f64,
    last: f64,
    steps: usize,
}

#[derive(Debug)]
enum Function {
    Exp,
    Erf,
    Sine,
    Cosine,
    Activation(Activation),
}

impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} from {} to {} in {} steps", self.function, self.first, self.last, self.steps)
    }
}

impl Grid {
    fn numbers(&self) -> Vec<f32> {
        let step = (self.last - self.first) / self.steps as f64;
        (0..=self.steps).map(|i| (self.first + step * i as f64) as f32).collect()
    }
}

impl Case for Grid {
    #[inline(always)]
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let mut numbers = self.numbers();
        match self.function {
            Function::Activation(activation) => apply(isa, activation, &mut numbers.as_mut_slice().into()),
            Function::Exp => numbers.chunks_mut(I::LANES).for_each(|x| isa.store(exp(isa, isa.load(x)), x)),
            Function::Erf => numbers.chunks_mut(I::LANES).for_each(|x| isa.store(erf(isa, isa.load(x)), x)),
            Function::Sine => {
                numbers.chunks_mut(I::LANES).for_each(|x| isa.store(sine_and_cosine(isa, isa.load(x))[0], x))
            }
            Function::Cosine => {
                numbers.chunks_mut(I::LANES).for_each(|x| isa.store(sine_and_cosine(isa, isa.load(x))[1], x))
            }
        }
        numbers
    }

    fn twin(&self) -> Vec<f32> {
        let exact = |x: f64| match self.function {
            Function::Activation(activation) => reference::activate(activation, x),
            Function::Exp => libm::exp(x),
            Function::Erf => libm::erf(x),
            Function::Sine => libm::sin(x),
            Function::Cosine => libm::cos(x),
        };
        self.numbers().into_iter().map(|x| exact(f64::from(x)) as f32).collect()
    }
}

fn grid(function: Function, first: f64, last: f64, bound: Bound) {
    check(&Grid { function, first, last, steps: 1_000_000 }, bound);
}

#[test]
fn exponential() {
    grid(Function::Exp, -87.0, 88.0, EXP);
    grid(Function::Exp, -1.0, 1.0, EXP);
}

#[test]
fn exponential_ends() {
    let flat = |first, last, expected: f32| {
        let grid = Grid { function: Function::Exp, first, last, steps: 1000 };
        for name in percio::isa::available() {
            let results = percio::isa::on(name, crate::support::Run(&grid));
            assert!(results.iter().all(|&x| x == expected), "{name}: {grid:?}");
        }
    };
    flat(-200.0, -87.75, 0.0);
    flat(-1e38, -1e37, 0.0);
    flat(0.0, 0.0, 1.0);
}

#[test]
fn error_function() {
    grid(Function::Erf, -6.0, 6.0, ERF);
    grid(Function::Erf, -0.01, 0.01, ERF);
    grid(Function::Erf, -1e6, 1e6, ERF);
}

#[test]
fn sines_and_cosines() {
    for reach in [1.0, 100_000.0] {
        grid(Function::Sine, -reach, reach, SINE);
        grid(Function::Cosine, -reach, reach, SINE);
    }
}

#[test]
fn activations() {
    use Activation::{GeluErf, GeluTanh, Identity, QuickGelu, Relu, Silu, SquaredRelu, Tanh};
    for activation in [Identity, GeluErf, GeluTanh, QuickGelu, Relu, SquaredRelu, Silu, Tanh] {
        grid(Function::Activation(activation), -20.0, 20.0, ACTIVATION);
        grid(Function::Activation(activation), -1.0, 1.0, ACTIVATION);
    }
}
