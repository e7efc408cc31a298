//! Every number of half precision, and parts whose length fills no vector.

use device::RunWiden;
use half::f16;
use percio::isa;
use semihosting::println;

/// Numbers at a time: an odd length, so that parts start at odd places too.
const PART: usize = 37;
/// What may not be written.
const UNTOUCHED: f32 = 0.125;

/// Compares all numbers with the textbook's; returns how many there are.
pub(crate) fn check() -> usize {
    let mut first = 0;
    while first <= usize::from(u16::MAX) {
        let halves: [f16; PART] = core::array::from_fn(|index| f16::from_bits((first + index) as u16));
        let mut wide = [UNTOUCHED; PART + 1];
        // From an address that is no multiple of four every other time.
        let skipped = first / (PART - 1) % 2;
        isa::dispatch(RunWiden { from: &halves[skipped..], to: &mut wide });
        for (index, (&wide, half)) in wide.iter().zip(&halves[skipped..]).enumerate() {
            let expected = half.to_f32_const();
            let same = wide.to_bits() == expected.to_bits() || wide.is_nan() && expected.is_nan();
            if !same {
                println!("wrong half {half:?}, number {index} from {first} on: became {wide:e}");
            }
        }
        if wide[PART - skipped..].iter().any(|&number| number != UNTOUCHED) {
            println!("wrong numbers behind the last of those from {first} on");
        }
        first += PART - 1;
    }
    usize::from(u16::MAX) + 1
}
