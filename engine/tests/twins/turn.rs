//! Rotary positions of rows that stay.

use crate::support::{Case, check, numbers};
use crate::tolerance::TURN;
use percio::isa::Isa;
use percio::layers::{self, Turn};
use percio::reference;

#[derive(Debug)]
struct Turned {
    shape: Turn,
    steps: Vec<u64>,
}

impl Turned {
    /// So many pairs, the first of which turns by 1/127 of a turn from place to place; one number of a head and one head stay.
    fn new(rows: usize, count: u64) -> Self {
        let head_width = 2 * count as usize + 1;
        let shape = Turn { rows, width: 3 * head_width, heads: 2, head_width, first: 0 };
        Self { shape, steps: (0..count).map(|pair| u64::MAX / 127 * (pair + 1)).collect() }
    }

    fn rows(&self) -> Vec<f32> {
        numbers(self.shape.rows * self.shape.width, 1)
    }
}

impl Case for Turned {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let mut rows = self.rows();
        layers::turn(isa, &self.shape, &self.steps, &mut rows);
        rows
    }

    fn twin(&self) -> Vec<f32> {
        let mut rows = self.rows();
        reference::turn(&self.shape, &self.steps, &mut rows);
        rows
    }
}

#[test]
fn every_number_of_pairs() {
    for count in 0..=35 {
        check(&Turned::new(3, count), TURN);
    }
}

#[test]
fn places_years_away_are_as_exact_as_the_first() {
    for first in [7, 99_990, 86_400_000, 1 << 45, u64::MAX - 2] {
        let mut turned = Turned::new(5, 8);
        turned.shape.first = first;
        check(&turned, TURN);
    }
}

#[test]
fn no_rows() {
    check(&Turned::new(0, 4), TURN);
}
