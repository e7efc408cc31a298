//! Classifies the recorded windows and measures itself. `cargo run --release --bin motion`; `motion.out` is what it
//! prints.
#![no_std]
#![no_main]

use core::fmt::Write;
use cortex_m::Peripherals;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use cortex_m_semihosting::{debug, hprintln};
use firmware::windows::{TRUTH, WINDOWS};
use firmware::{Motion, counter, memory, stack};
use heapless::String;

#[entry]
fn main() -> ! {
    static mut NET: Motion = Motion::new();

    let mut correct = 0;
    for (index, (window, &truth)) in WINDOWS.iter().zip(TRUTH).enumerate() {
        let logits = NET.infer(window);
        let told = percio::top::<1>(logits)[0].0;
        correct += u32::from(told == usize::from(truth));
        print(index, told, usize::from(truth), logits);
    }
    let stack = stack::used(&mut || _ = NET.infer(&WINDOWS[0]));
    let mut timer = Peripherals::take().unwrap().SYST;
    let instructions = counter::instructions(&mut timer, &mut || _ = NET.infer(&WINDOWS[0]));

    hprintln!("windows: {}", WINDOWS.len());
    hprintln!("correct: {}", correct);
    hprintln!("instructions of an inference: {}", instructions);
    hprintln!("bytes of stack of an inference: {}", stack);
    hprintln!("bytes of the model in RAM: {}", size_of::<Motion>());
    hprintln!("bytes the model announced: {}", Motion::RAM_BYTES);
    hprintln!("bytes of .bss and .data: {}", memory::statics());
    hprintln!("bytes of the model in flash: {}", Motion::FLASH_BYTES);
    debug::exit(debug::EXIT_SUCCESS);
    unreachable!("QEMU has ended")
}

/// A line for a window: its index, the class told, the true class, the logits.
#[inline(never)]
fn print(index: usize, told: usize, truth: usize, logits: &[f32]) {
    let mut line = String::<256>::new();
    write!(line, "window {index:2}  {:4}  {:4}", Motion::LABELS[told], Motion::LABELS[truth]).unwrap();
    for logit in logits {
        write!(line, " {logit:8.4}").unwrap();
    }
    hprintln!("{}", line);
}

#[panic_handler]
fn panic(reason: &core::panic::PanicInfo<'_>) -> ! {
    hprintln!("{}", reason);
    debug::exit(debug::EXIT_FAILURE);
    loop {
        core::hint::spin_loop();
    }
}

/// Ends the run where the default would loop forever.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    hprintln!("{:?}", frame);
    debug::exit(debug::EXIT_FAILURE);
    loop {
        core::hint::spin_loop();
    }
}
