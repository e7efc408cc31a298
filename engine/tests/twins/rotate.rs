//! Rotary positions.

use crate::support::{Case, check, numbers};
use crate::tolerance::ROTATION;
use percio::isa::Isa;
use percio::layers::{self, Rotate};
use percio::reference;

#[derive(Debug)]
struct Turned {
    shape: Rotate,
    frequencies: Vec<f32>,
}

impl Turned {
    /// Frequencies as sources have them, 10000^(−i/count); one number of a head and one head stay as they are.
    fn new(rows: usize, count: usize) -> Self {
        let frequencies = (0..count).map(|i| 10_000_f32.powf(-(i as f32) / count as f32)).collect();
        let head_width = 2 * count + 1;
        let shape = Rotate { rows, width: 3 * head_width, heads: 2, head_width, first: 0, skipped: 0, from_end: false };
        Self { shape, frequencies }
    }

    fn rows(&self) -> Vec<f32> {
        numbers(self.shape.rows * self.shape.width, 1)
    }
}

impl Case for Turned {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let mut rows = self.rows();
        layers::rotate(isa, &self.shape, &self.frequencies, &mut rows);
        rows
    }

    fn twin(&self) -> Vec<f32> {
        let mut rows = self.rows();
        reference::rotate(&self.shape, &self.frequencies, &mut rows);
        rows
    }
}

#[test]
fn every_number_of_frequencies() {
    for count in 0..=35 {
        check(&Turned::new(3, count), ROTATION);
    }
}

#[test]
fn every_rule_of_places() {
    for (first, skipped, from_end) in [(0, 0, false), (7, 0, false), (3, 5, false), (0, 9, false), (5, 2, true)] {
        let mut turned = Turned::new(6, 5);
        turned.shape = Rotate { first, skipped, from_end, ..turned.shape };
        check(&turned, ROTATION);
    }
}

#[test]
fn far_places() {
    let mut turned = Turned::new(100, 4);
    turned.shape.first = 99_900;
    check(&turned, ROTATION);
}

#[test]
fn no_rows() {
    check(&Turned::new(0, 4), ROTATION);
}
