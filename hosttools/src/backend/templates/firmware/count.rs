//! Counts instructions exactly.
//!
//! QEMU with `-icount shift=0` lets one instruction take 1 ns. The board's timer counts at 25 MHz, so it ticks every
//! 40 instructions, and one reading is off by up to 39. Forty readings, 41 instructions apart, are exact: the k-th
//! reads ⌊(n + 41k) / 40⌋ = k + ⌊(n + k) / 40⌋ after n instructions (those since the tick before the start included),
//! and the sum of ⌊(n + k) / 40⌋ over k = 0 … 39 is n (Hermite's identity). The same sum after no work at all is taken
//! off; it holds everything else, the sum of k included.

use core::arch::asm;

/// CMSDK timer 0.
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;
const CONTROL: usize = 0;
const VALUE: usize = 1;
const RELOAD: usize = 2;

/// The instructions of `work`; the call and the return are not counted.
pub fn instructions(work: &mut dyn FnMut()) -> u64 {
    let nothing = reading_after(&mut || ());
    reading_after(work) - nothing
}

#[inline(never)]
fn reading_after(work: &mut dyn FnMut()) -> u64 {
    restart();
    work();
    sum_of_readings()
}

/// Starts the timer anew, so that its ticks fall on the same instructions every time.
fn restart() {
    for (register, value) in [(CONTROL, 0), (RELOAD, u32::MAX), (VALUE, u32::MAX), (CONTROL, 1)] {
        // SAFETY: these are registers of a timer that nothing else uses.
        unsafe { TIMER.wrapping_add(register).write_volatile(value) };
    }
}

/// The sum of forty readings, 41 instructions apart. The timer counts down from `u32::MAX`, so a reading is its complement.
#[inline(always)]
fn sum_of_readings() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: it reads the timer and changes no memory.
    unsafe {
        asm!(
            ".rept 40",
            "ldr {ticks}, [{value}]",
            "mvns {ticks}, {ticks}",
            "adds {low}, {low}, {ticks}",
            "adc {high}, {high}, #0",
            ".rept 37",
            "nop",
            ".endr",
            ".endr",
            value = in(reg) TIMER.wrapping_add(VALUE),
            ticks = out(reg) _,
            low = inout(reg) 0u32 => low,
            high = inout(reg) 0u32 => high,
            options(nostack),
        );
    }
    u64::from(high) << 32 | u64::from(low)
}
