//! A board whose UART is the line: QEMU's mps2-an386, a Cortex-M4F with CMSDK's UART and timer.

#![no_std]
#![no_main]

#[allow(dead_code, reason = "other firmware needs more of the board")]
mod board;

use core::panic::PanicInfo;
use cortex_m_rt::entry;
use on_board::{Harness, Port};

/// The registers of UART 0: data, state, control, interrupts, divider of the clock.
const UART: *mut u32 = 0x4000_4000 as *mut u32;

struct Uart;

impl Uart {
    fn start() -> Self {
        // SAFETY: these are the UART's divider and control registers, which nothing else uses.
        unsafe { UART.wrapping_add(4).write_volatile(16) };
        // SAFETY: as above.
        unsafe { UART.wrapping_add(2).write_volatile(3) };
        board::start();
        Self
    }

    /// Waits until this bit of the state is `wanted`.
    fn wait(bit: u32, wanted: bool) {
        // SAFETY: reading the state changes nothing.
        while (unsafe { UART.wrapping_add(1).read_volatile() } >> bit & 1 == 1) != wanted {}
    }
}

impl Port for Uart {
    const TICKS_A_SECOND: u32 = 25_000_000;

    fn read(&mut self) -> u8 {
        Self::wait(1, true);
        // SAFETY: there is a byte.
        unsafe { UART.read_volatile() as u8 }
    }

    fn write(&mut self, byte: u8) {
        Self::wait(0, false);
        // SAFETY: there is room.
        unsafe { UART.write_volatile(u32::from(byte)) };
    }

    fn ticks(&mut self) -> u32 {
        // SAFETY: reading the counter changes nothing.
        !unsafe { board::COUNTER.read_volatile() }
    }
}

#[entry]
fn main() -> ! {
    static mut HARNESS: Harness = Harness::new();
    let mut uart = Uart::start();
    "the board starts\n".bytes().for_each(|byte| uart.write(byte));
    HARNESS.serve(&mut uart)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
