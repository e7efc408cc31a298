//! Measures how deep a call reaches into the stack.

use core::arch::asm;
use core::hint::black_box;
use core::ptr;

/// Bytes below the stack pointer that are watched.
const WATCHED: usize = 48 << 10;
/// What unused stack holds.
const PAINT: u32 = 0xC0DE_CAFE;

/// The bytes of stack that `work` uses, at most `WATCHED`.
#[inline(never)]
pub fn used(work: &mut dyn FnMut()) -> usize {
    let top: usize;
    // SAFETY: it reads the stack pointer and changes nothing.
    unsafe { asm!("mov {top}, sp", top = out(reg) top, options(nomem, nostack, preserves_flags)) };
    let words = || (top - WATCHED..top).step_by(size_of::<u32>());
    for word in words() {
        // SAFETY: the word lies in RAM below the stack pointer; no call is in progress there and no interrupt is on.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(word), PAINT) };
    }
    black_box(work)();
    let untouched = words().take_while(|&word| {
        // SAFETY: as above; the word was painted before.
        let found: u32 = unsafe { ptr::read_volatile(ptr::with_exposed_provenance(word)) };
        found == PAINT
    });
    WATCHED - untouched.count() * size_of::<u32>()
}
