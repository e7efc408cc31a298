//! Which boards' memories a model fits.

use super::{headed, row};
use crate::device::{DEVICES, Device};
use crate::table::{grouped, table};
use percio_codegen_core::program::Program;
use serde::Serialize;

/// Flash that code takes beside the weights: a firmware with one model has 30 to 45 KiB.
const CODE: usize = 48 << 10;
/// RAM that the stack takes beside the model: `percio bench` on a board measures up to 6 KiB.
const STACK: usize = 8 << 10;

#[derive(Serialize)]
pub(super) struct Board {
    name: &'static str,
    processor: &'static str,
    flash_bytes: usize,
    ram_bytes: usize,
    /// Whether the model, code and stack have room.
    fits: bool,
    source: &'static str,
}

impl Board {
    /// All that are known.
    pub(super) fn all(program: &Program) -> Vec<Self> {
        let board = |device: &Device| {
            let &Device { name, processor, flash, ram, source } = device;
            let fits = program.flash_bytes() + CODE <= flash && program.ram_bytes() + STACK <= ram;
            Self { name, processor, flash_bytes: flash, ram_bytes: ram, fits, source }
        };
        DEVICES.iter().map(board).collect()
    }
}

pub(super) fn print(boards: &[Board], flash: usize, ram: usize) {
    let share = |part: usize, whole: usize| format!("{:.0} %", 100.0 * part as f64 / whole as f64);
    let rows = boards.iter().map(|board| {
        let [kib_flash, kib_ram] = [board.flash_bytes, board.ram_bytes].map(|bytes| grouped(bytes as u64 >> 10));
        let fits = if board.fits { "fits" } else { "no" };
        let [of_flash, of_ram] = [share(flash, board.flash_bytes), share(ram, board.ram_bytes)];
        row([board.name, board.processor, &kib_flash, &of_flash, &kib_ram, &of_ram, fits])
    });
    let header = ["board", "processor", "flash, KiB", "model", "RAM, KiB", "model", ""];
    println!("\n{}", table(&headed(header, rows)));
    let [code, stack] = [CODE >> 10, STACK >> 10];
    println!(
        "  fits: with {code} KiB of flash for code and {stack} KiB of RAM for the stack; RAM is the largest region in one piece"
    );
}
