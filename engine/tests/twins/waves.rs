//! Fourier features of places on a line without end.

use crate::support::{Case, check, numbers};
use crate::tolerance::WAVE;
use percio::isa::Isa;
use percio::layers::{self, Waves};
use percio::reference;

#[derive(Debug)]
struct Line {
    shape: Waves,
    waves: Vec<[u64; 2]>,
}

impl Line {
    /// So many waves, the first of which turns by 1/127 of a turn from place to place, the others faster.
    fn new(count: u64) -> Self {
        let wave = |wave: u64| [u64::MAX / 7 * (wave % 7), u64::MAX / 127 * (wave + 1)];
        let shape = Waves {
            position_last: false,
            with_position: true,
            sine_only: false,
            origin: -1.0,
            step: 2.0 / 63.0,
            first: 0,
            rows: 5,
            out_stride: 2 * count as usize + 3,
        };
        Self { shape, waves: (0..count).map(wave).collect() }
    }

    fn room(&self) -> Vec<f32> {
        numbers(self.shape.rows * self.shape.out_stride, 1)
    }
}

impl Case for Line {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let mut out = self.room();
        layers::waves(isa, &self.shape, &self.waves, &mut out);
        out
    }

    fn twin(&self) -> Vec<f32> {
        let mut out = self.room();
        reference::waves(&self.shape, &self.waves, &mut out);
        out
    }
}

#[test]
fn every_number_of_waves() {
    for count in 0..=35 {
        check(&Line::new(count), WAVE);
    }
}

#[test]
fn every_order_of_features() {
    for position_last in [false, true] {
        for (with_position, sine_only) in [(false, false), (true, false), (true, true), (false, true)] {
            let mut line = Line::new(9);
            line.shape = Waves { position_last, with_position, sine_only, ..line.shape };
            check(&line, WAVE);
        }
    }
}

#[test]
fn places_a_day_away_are_as_exact_as_the_first() {
    for first in [99_990, 86_400_000, u32::MAX as usize - 9] {
        let mut line = Line::new(8);
        line.shape.first = first;
        check(&line, WAVE);
    }
}

#[test]
fn no_rows() {
    let mut line = Line::new(3);
    line.shape.rows = 0;
    check(&line, WAVE);
}
