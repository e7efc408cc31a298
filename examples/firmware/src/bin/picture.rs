//! A picture that arrives pixel by pixel, and nothing else: for an audit of the ELF, as `audit`.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m_rt::entry;

/// A small classifier whose pixels stand on a grid.
#[percio::model("../../tests/fixtures/hf-image-fourier", outside = true)]
pub struct Picture;

/// The bits of the logits, for a debugger. `used` keeps the stores although nothing in the program reads them.
#[used]
static LOGITS: [AtomicU32; 3] = [const { AtomicU32::new(0) }; _];

#[entry]
fn main() -> ! {
    static mut NET: Picture = Picture::new();

    let mut encoder = NET.encoder();
    let half = encoder.state();
    for _ in 0..Picture::TOKENS {
        encoder.push(black_box(&[0.25, 0.5, 0.75]));
    }
    encoder.merge(&half);
    let mut latents = encoder.finish();
    for (place, logit) in LOGITS.iter().zip(latents.decode(0)) {
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
