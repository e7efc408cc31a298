//! Gated recurrent cells.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance;
use percio::isa::Isa;
use percio::layers::{self, Gru};
use percio::reference;

#[derive(Debug)]
struct Cells {
    shape: Gru,
    /// Factor of the gates' arguments: large ones close the gates.
    gain: f32,
}

impl Cells {
    fn operands(&self) -> [Vec<f32>; 3] {
        let Gru { rows, width } = self.shape;
        let gates = |seed| numbers(rows * 3 * width, seed).into_iter().map(|x| x * self.gain).collect();
        [gates(1), gates(2), numbers(rows * width, 3)]
    }
}

impl Case for Cells {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [input, hidden, mut state] = self.operands();
        layers::gru(isa, &self.shape, &input, &hidden, &mut state);
        state
    }

    fn twin(&self) -> Vec<f32> {
        let [input, hidden, mut state] = self.operands();
        reference::gru(&self.shape, &input, &hidden, &mut state);
        state
    }
}

#[test]
fn every_width() {
    for width in LENGTHS {
        for rows in [0, 1, 3] {
            for gain in [1.0, 8.0] {
                check(&Cells { shape: Gru { rows, width }, gain }, tolerance::gru(gain));
            }
        }
    }
}
