//! Compares kernels with their textbook twins on the processor that it runs on.
//!
//! It prints to the semihosting console: `isa` and its name; a line `wrong …` for every number that is further from its
//! twin than the bound allows; `checked` and how many shapes there were; `widened` and how many
//! numbers of half precision.
#![no_std]
#![no_main]

mod attention;
mod grid;
mod linear;
mod norm;
#[expect(dead_code, reason = "only some bounds are needed here")]
#[path = "../../../../../engine/tests/twins/tolerance.rs"]
mod tolerance;
mod widen;

use semihosting::{println, process};
use tolerance::Bound;

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    println!("isa {}", percio::isa::name());
    println!("checked {}", linear::check() + attention::check() + grid::check() + norm::check());
    println!("widened {}", widen::check());
    process::exit(0)
}

/// Reports the numbers of `actual` that are too far from `expected`.
fn compare(actual: &[f32], expected: &[f32], bound: Bound, case: &dyn core::fmt::Debug) {
    for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        let limit = bound.absolute + bound.relative * expected.abs();
        let close = actual == expected || (actual - expected).abs() <= limit;
        if !close {
            println!("wrong {case:?}: number {index} is {actual:e}, its twin {expected:e}, limit {limit:e}");
        }
    }
}
