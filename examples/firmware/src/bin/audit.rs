//! One inference and nothing else, for an audit of the ELF: no panic, no formatting, no heap may be linked in.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m_rt::entry;
use firmware::Motion;
use firmware::windows::WINDOWS;

/// The bits of the logits, for a debugger. `used` keeps the stores although nothing in the program reads them.
#[used]
static LOGITS: [AtomicU32; Motion::LABELS.len()] = [const { AtomicU32::new(0) }; _];

#[entry]
fn main() -> ! {
    static mut NET: Motion = Motion::new();

    let logits = NET.infer(black_box(&WINDOWS[0]));
    for (place, logit) in LOGITS.iter().zip(logits) {
        place.store(logit.to_bits(), Ordering::Relaxed);
    }
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
