//! Mixtures of states that come one at a time, against all of them at once.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{self, Mix};
use percio::reference;

#[derive(Debug)]
struct Mixture {
    shape: Mix,
    states: usize,
    /// Factor of the logits: large ones make one state outweigh all others.
    gain: f32,
}

impl Mixture {
    fn operands(&self) -> [Vec<f32>; 3] {
        let len = self.shape.rows * self.shape.width;
        let logits = numbers(self.states * len, 1).into_iter().map(|x| x * self.gain).collect();
        [logits, numbers(self.states * len, 2), vec![f32::NAN; len]]
    }
}

impl Case for Mixture {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [logits, x, mut out] = self.operands();
        let len = self.shape.rows * self.shape.width;
        let mut mixed = vec![f32::NAN; 3 * len];
        for state in 0..self.states {
            let at = state * len..(state + 1) * len;
            let shape = Mix { first: state == 0, ..self.shape };
            layers::mix(isa, &shape, &logits[at.clone()], &x[at], &mut mixed);
        }
        layers::mixed(isa, &self.shape, &mixed, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [logits, x, mut out] = self.operands();
        reference::mix(&self.shape, &logits, &x, &mut out);
        out
    }
}

#[test]
fn every_width_and_number_of_states() {
    for width in LENGTHS {
        for (rows, states) in [(1, 1), (3, 2), (2, 5), (5, 17)] {
            for gain in [1.0, 30.0, 200.0] {
                let shape = Mix { rows, width, first: false };
                check(&Mixture { shape, states, gain }, tolerance::mix(states));
            }
        }
    }
}
