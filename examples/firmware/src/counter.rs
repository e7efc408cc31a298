//! Counts instructions exactly, in QEMU with `-icount shift=0`.
//!
//! There an instruction takes 1 ns and SysTick runs at 25 MHz, so a tick is 40 instructions: too coarse for one reading.
//! [`instructions`] therefore does the same work 40 times, each time d more instructions after the timer was cleared,
//! with d once in every class modulo 40. For x instructions from the clearing to the reading, Σ_d ⌊(x + d) / 40⌋ is x
//! plus a number that depends on the delays alone, and the same sum over no work removes that number again.

use core::arch::asm;
use core::hint::black_box;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// Instructions of a tick.
const TICK: u32 = 40;
/// The timer counts 24 bits down from here: enough for 671 million instructions.
const RELOAD: u32 = 0x00FF_FFFF;

/// The instructions of `work`, which must take the same ones each time it is called.
pub fn instructions(timer: &mut SYST, work: &mut dyn FnMut()) -> u32 {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(RELOAD);
    timer.enable_counter();
    sum(timer, work) - sum(timer, &mut || ())
}

/// Σ_d ⌊(x + d) / 40⌋
fn sum(timer: &mut SYST, work: &mut dyn FnMut()) -> u32 {
    // The first tick only loads the timer, so that every delay spans at least one.
    (TICK..2 * TICK).map(|delay| ticks(timer, delay, black_box(&mut *work))).sum()
}

/// The ticks from clearing the timer to the end of `work`.
#[inline(never)]
fn ticks(timer: &mut SYST, delay: u32, work: &mut dyn FnMut()) -> u32 {
    timer.clear_current();
    wait(delay);
    work();
    RELOAD - SYST::get_current()
}

/// Takes 3 · `rounds` instructions; 3 and 40 have no common factor, so 40 successive `rounds` meet every class.
#[inline(always)]
fn wait(rounds: u32) {
    // SAFETY: the loop touches only the register it is given and the flags, and ends because `rounds` is not 0.
    unsafe {
        asm!("2:", "nop", "subs {0}, #1", "bne 2b", inout(reg) rounds => _, options(nomem, nostack));
    }
}
