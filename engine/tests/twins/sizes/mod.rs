//! Every size from 1 to 1,000 of every dimension in turn, beside sizes drawn at random, then random sizes of all dimensions.
//!
//! Rows repeat after a few, as do heads and columns of weights and values, so the twin computes few of them and still says
//! what each number has to be. The periods are odd, so that a panel of eight from the wrong place shows.

mod attention;
mod linear;
mod rows;

use crate::support::numbers;
use std::ops::Range;
use std::sync::LazyLock;

/// The largest size.
const MOST: usize = 1000;

/// Draws that are the same in every run.
#[derive(Debug)]
struct Draw(u64);

impl Draw {
    /// A row of draws for each seed.
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize
    }

    fn within(&mut self, range: Range<usize>) -> usize {
        range.start + self.next() % range.len()
    }

    fn yes(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() % choices.len()]
    }

    /// A size that is small as often as it is large.
    fn size(&mut self) -> usize {
        let most = 1 << self.within(0..11);
        self.within(1..most.min(MOST) + 1)
    }

    /// `N` sizes whose product is at most `most`.
    fn sizes<const N: usize>(&mut self, most: usize) -> [usize; N] {
        loop {
            let sizes = [(); N].map(|()| self.size());
            if sizes.iter().product::<usize>() <= most {
                return sizes;
            }
        }
    }
}

/// Each dimension of `N` in turn with every size, and the others drawn from `others`.
fn in_turn<const N: usize>(seed: u64, others: [Range<usize>; N], mut with: impl FnMut(&mut Draw, [usize; N])) {
    let mut draw = Draw::new(seed);
    for dimension in 0..N {
        for size in 1..=MOST {
            let mut sizes = others.clone().map(|range| draw.within(range));
            sizes[dimension] = size;
            with(&mut draw, sizes);
        }
    }
}

/// `count` tuples of `N` sizes, whose product is at most `most`.
fn at_random<const N: usize>(seed: u64, count: usize, most: usize, mut with: impl FnMut(&mut Draw, [usize; N])) {
    let mut draw = Draw::new(seed);
    for _ in 0..count {
        let sizes = draw.sizes(most);
        with(&mut draw, sizes);
    }
}

/// `len` numbers in −1 ..= 1 that look random, others for another `seed` of up to 9.
fn noise(len: usize, seed: usize) -> &'static [f32] {
    static NOISE: LazyLock<Vec<f32>> = LazyLock::new(|| numbers(1 << 20, 1));
    &NOISE[seed * 70_001..][..len]
}

/// `count` groups of `width` numbers of `source`, where the first `period` follow each other over and over. Copies of whole
/// slices are fast in code that is not optimised, too.
fn repeat(source: &[f32], width: usize, period: usize, count: usize) -> Vec<f32> {
    let mut groups = Vec::with_capacity(count * width);
    for _ in 0..count / period {
        groups.extend_from_slice(&source[..period * width]);
    }
    groups.extend_from_slice(&source[..count % period * width]);
    groups
}

#[test]
fn sizes_are_drawn_from_the_whole_range() {
    let mut draw = Draw::new(1);
    let drawn: Vec<usize> = (0..10_000).map(|_| draw.size()).collect();
    assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&1), Some(&MOST)));
}
