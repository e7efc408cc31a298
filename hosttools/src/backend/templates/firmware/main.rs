//! Runs a generated model once on the sample that QEMU has loaded into external memory.
//!
//! That memory (`board::LOADED`) holds a u32 command, a u32 count of bytes and a sample of so many bytes, little-endian. Answers go to
//! the semihosting console, a line each: `isa` and the name of the instruction set for every command; then for command
//! 0 `numbers` and the outputs' numbers as hexadecimal words, for command 1 `instructions` and their count and `stack` and
//! its bytes; `end`.

#![no_std]
#![no_main]

mod board;
mod count;
mod feed;
mod model;
mod sample;
mod stack;

use board::LOADED;
use core::fmt::Write;
use core::hint::black_box;
use core::panic::PanicInfo;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use cortex_m_semihosting::{debug, hio};
use feed::Feed;
use heapless::String;
use model::Net;
use sample::Bytes;

const HEADER: usize = 8;
const INFER: u32 = 0;
const COUNT: u32 = 1;

/// Words on a line: `numbers` and 24 of them with a blank each stay below the length of [`Line`].
const WORDS: usize = 24;
type Line = String<256>;

#[entry]
fn main() -> ! {
    static mut NET: Net = Net::new();
    static mut FEED: Feed = Feed::EMPTY;
    let (command, bytes) = request();
    say("isa", format_args!(" {}", percio::isa::name()));
    FEED.read(&mut Bytes(bytes));
    match command {
        INFER => feed::outputs(FEED.infer(NET), &mut |numbers| numbers.chunks(WORDS).for_each(say_numbers)),
        COUNT => {
            let mut infer = || {
                black_box(FEED.infer(black_box(NET)));
            };
            let instructions = count::instructions(&mut infer);
            say("instructions", format_args!(" {instructions}"));
            say("stack", format_args!(" {}", stack::used(&mut infer)));
        }
        _ => {}
    }
    say("end", format_args!(""));
    leave(debug::EXIT_SUCCESS)
}

/// The command and the sample.
fn request() -> (u32, &'static [u8]) {
    // SAFETY: the memory is always there, QEMU wrote it before the start, and nothing writes it afterwards.
    let header = unsafe { core::slice::from_raw_parts(LOADED, HEADER) };
    let [command, length] = [0, 4].map(|at| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    // SAFETY: as above; the host sends no more than the memory holds.
    let all = unsafe { core::slice::from_raw_parts(LOADED, HEADER + length as usize) };
    (command, &all[HEADER..])
}

fn say_numbers(numbers: &[f32]) {
    let mut words = Line::new();
    for number in numbers {
        let _ = write!(words, " {:08x}", number.to_bits());
    }
    say("numbers", format_args!("{words}"));
}

/// One line to the console, in one piece.
fn say(what: &str, text: core::fmt::Arguments<'_>) {
    let mut line = Line::new();
    let written = writeln!(line, "{what}{text}");
    let sent = hio::hstdout().map(|mut console| console.write_all(line.as_bytes()));
    if written.is_err() || !matches!(sent, Ok(Ok(()))) {
        leave(debug::EXIT_FAILURE)
    }
}

fn leave(status: debug::ExitStatus) -> ! {
    debug::exit(status);
    loop {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say("panic", format_args!(": {}", info.message()));
    leave(debug::EXIT_FAILURE)
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    say("fault", format_args!(" at {:#010x}", frame.pc()));
    leave(debug::EXIT_FAILURE)
}
