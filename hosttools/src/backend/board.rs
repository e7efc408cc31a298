//! The boards that QEMU emulates: what code is built for, and how the machine is started.

use super::cargo::Template;

/// Command of QEMU for Arm.
pub(super) const QEMU: &str = "qemu-system-arm";

/// A board. All have at least 4 MB of flash, 4 MB of RAM and 16 MB for a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Board {
    /// What messages call the processor.
    pub(super) processor: &'static str,
    /// QEMU's name of the machine.
    pub(super) machine: &'static str,
    /// Rust's target.
    pub(super) target: &'static str,
    /// The compiler's flags.
    flags: &'static [&'static str],
    /// Start of the generated crates' names.
    prefix: &'static str,
    /// Where the sample is loaded, as in the board's `board.rs`.
    pub(super) sample: u32,
    /// The board's `memory.x` and `board.rs`.
    files: [&'static str; 2],
}

/// Flash and RAM of every board, in bytes.
pub(super) const MEMORY: usize = 4 << 20;

impl Board {
    pub(super) const M4: Self = Self {
        processor: "Cortex-M4",
        machine: "mps2-an386",
        target: "thumbv7em-none-eabihf",
        flags: &[],
        prefix: "percio-m4",
        sample: 0x2100_0000,
        files: [include_str!("templates/boards/an386/memory.x"), include_str!("templates/boards/an386/board.rs")],
    };
    pub(super) const M7: Self = Self {
        processor: "Cortex-M7",
        machine: "mps2-an500",
        target: "thumbv7em-none-eabihf",
        flags: &["-Ctarget-cpu=cortex-m7"],
        prefix: "percio-m7",
        sample: 0x6000_0000,
        files: [include_str!("templates/boards/an500/memory.x"), include_str!("templates/boards/an500/board.rs")],
    };
    pub(super) const M33: Self = Self {
        processor: "Cortex-M33",
        machine: "mps2-an505",
        target: "thumbv8m.main-none-eabihf",
        flags: &["-Ctarget-cpu=cortex-m33"],
        prefix: "percio-m33",
        sample: 0x8000_0000,
        files: [include_str!("templates/boards/an505/memory.x"), include_str!("templates/boards/an505/board.rs")],
    };
    pub(super) const M55: Self = Self {
        processor: "Cortex-M55",
        machine: "mps3-an547",
        target: "thumbv8m.main-none-eabihf",
        flags: &["-Ctarget-cpu=cortex-m55"],
        prefix: "percio-m55",
        sample: 0x6100_0000,
        files: [include_str!("templates/boards/an547/memory.x"), include_str!("templates/boards/an547/board.rs")],
    };

    /// The crate that a program becomes.
    pub(super) fn template(&self) -> Template {
        let [memory, board] = self.files;
        Template {
            prefix: self.prefix,
            manifest: include_str!("templates/firmware/Cargo.toml.in"),
            files: vec![
                ("build.rs", include_str!("templates/firmware/build.rs")),
                ("memory.x", memory),
                ("src/main.rs", include_str!("templates/firmware/main.rs")),
                ("src/count.rs", include_str!("templates/firmware/count.rs")),
                ("src/board.rs", board),
            ],
            target: Some(self.target),
            flags: self.flags,
        }
    }
}
