//! Counts instructions exactly.
//!
//! QEMU with `-icount shift=0` lets one instruction take 1 ns. A board's counter ticks every m/t instructions
//! (`board::INSTRUCTIONS` and `TICKS`), so one reading is off by up to m/t. But m readings, s instructions apart, are
//! exact together: after n instructions the k-th reads ⌊t(n + sk)/m⌋, and where ts and m have no common factor the m
//! remainders are 0 … m − 1 in some order, so the readings' sum is tn plus a number that does not depend on n. The
//! difference of such sums before and after the work is taken once with and once without the work; the two differ by
//! t times the instructions of the work.

use crate::board;
use core::arch::asm;

/// Instructions between two readings; 41 has no factor in common with 40, 50 or 125.
const BETWEEN: usize = 41;

/// The instructions of `work`; the call and the return are not counted.
pub fn instructions(work: &mut dyn FnMut()) -> u64 {
    board::start();
    let nothing = ticks(&mut || ());
    (ticks(work) - nothing) / u64::from(board::TICKS)
}

/// All readings after `work`, less all readings before.
#[inline(never)]
fn ticks(work: &mut dyn FnMut()) -> u64 {
    let before = sum_of_readings();
    percio_measured(work);
    sum_of_readings() - before
}

/// Nothing but `work`: its symbol tells an execution trace what is measured.
#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn percio_measured(work: &mut dyn FnMut()) {
    work();
}

/// The sum of `board::INSTRUCTIONS` readings. What counts down from the top is read as its complement.
#[inline(never)]
fn sum_of_readings() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: it reads the counter and changes no memory.
    unsafe {
        asm!(
            ".rept {readings}",
            "ldr {ticks}, [{counter}]",
            "eors {ticks}, {ticks}, {flip}",
            "adds {low}, {low}, {ticks}",
            "adc {high}, {high}, #0",
            ".rept {between} - 4",
            "nop",
            ".endr",
            ".endr",
            readings = const board::INSTRUCTIONS,
            between = const BETWEEN,
            flip = in(reg) if board::DOWN { u32::MAX } else { 0 },
            counter = in(reg) board::COUNTER,
            ticks = out(reg) _,
            low = inout(reg) 0u32 => low,
            high = inout(reg) 0u32 => high,
            options(nostack),
        );
    }
    u64::from(high) << 32 | u64::from(low)
}
