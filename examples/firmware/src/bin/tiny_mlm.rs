//! A masked language model, one inference and nothing else: what a whole firmware with it takes of the flash.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m_rt::entry;

/// The masked language model that other engines were measured on.
#[percio::model("../../tests/fixtures/tiny-mlm", outside = true)]
pub struct TinyMlm;

/// The bits of the first position's logits, for a debugger. `used` keeps the stores although nothing in the program reads them.
#[used]
static LOGITS: [AtomicU32; 64] = [const { AtomicU32::new(0) }; _];

#[entry]
fn main() -> ! {
    static mut NET: TinyMlm = TinyMlm::new();

    let input_ids = black_box([7; TinyMlm::TOKENS]);
    let logits = NET.infer(&TinyMlmInput { input_ids: &input_ids, attention_mask: &[] });
    for (place, logit) in LOGITS.iter().zip(logits.as_flattened()) {
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
