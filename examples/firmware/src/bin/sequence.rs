//! A sequence that is continued token by token, and nothing else: for an audit of the ELF, as `audit`.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m_rt::entry;

/// A small Perceiver AR.
#[percio::model("../../tests/fixtures/lucidrains-ar", outside = true)]
pub struct Melody;

/// The ids, for a debugger. `used` keeps the stores although nothing in the program reads them.
#[used]
static IDS: [AtomicU32; 16] = [const { AtomicU32::new(0) }; _];

#[entry]
fn main() -> ! {
    static mut GENERATOR: MelodyGenerator = Melody::generator();

    let mut logits = GENERATOR.begin(black_box(&[9, 5, 2, 0, 4, 8, 1]));
    for place in &IDS {
        let id = percio::top::<1>(logits)[0].0 as u32;
        place.store(id, Ordering::Relaxed);
        logits = GENERATOR.push(id);
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
