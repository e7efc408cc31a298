//! The boards that QEMU emulates: what code is built for, and how the machine is started.

use crate::estimate::{Timing, Trace};
use anyhow::{Context, Result, ensure};
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A board. Those with an Arm processor have 4 MB of flash, 4 MB of RAM and 16 MB for a sample.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// What options call it.
    pub name: &'static str,
    /// What messages call the processor.
    pub processor: &'static str,
    /// The command of QEMU that emulates it.
    pub emulator: &'static str,
    /// QEMU's name of the machine, and the directory of `hosttools/boards`.
    pub machine: &'static str,
    /// Further options of QEMU.
    options: &'static [&'static str],
    /// Rust's target.
    pub target: &'static str,
    /// The compiler's flags.
    pub flags: &'static [&'static str],
    /// The processor's timing table, where there is one.
    pub timing: Option<Timing>,
    /// `memory.x`: the linker's map.
    pub memory: &'static str,
    /// `board.rs`: where a sample is loaded, and the counter of instructions.
    pub support: &'static str,
    /// Where the sample is loaded, as in `support`.
    sample: u32,
}

const QEMU_ARM: &str = "qemu-system-arm";

/// What an emulation is for.
enum Mode {
    /// To see what the program says, fast.
    Plain,
    /// To let an instruction take exactly 1 ns.
    Counted,
    /// To log each block that runs.
    Traced,
}

impl Board {
    /// Flash and RAM of every board, in bytes.
    pub const MEMORY: usize = 4 << 20;

    /// A Cortex-M4 with FPU.
    pub const M4: Self = Self {
        name: "m4",
        processor: "Cortex-M4",
        emulator: QEMU_ARM,
        machine: "mps2-an386",
        options: &[],
        target: "thumbv7em-none-eabihf",
        flags: &["-Ctarget-cpu=cortex-m4"],
        timing: Some(Timing::CortexM4),
        memory: include_str!("../boards/mps2-an386/memory.x"),
        support: include_str!("../boards/mps2-an386/board.rs"),
        sample: 0x2100_0000,
    };
    /// A Cortex-M7 with FPU.
    pub const M7: Self = Self {
        name: "m7",
        processor: "Cortex-M7",
        emulator: QEMU_ARM,
        machine: "mps2-an500",
        options: &[],
        target: "thumbv7em-none-eabihf",
        flags: &["-Ctarget-cpu=cortex-m7"],
        timing: Some(Timing::CortexM7),
        memory: include_str!("../boards/mps2-an500/memory.x"),
        support: include_str!("../boards/mps2-an500/board.rs"),
        sample: 0x6000_0000,
    };
    /// A Cortex-M33 with FPU.
    pub const M33: Self = Self {
        name: "m33",
        processor: "Cortex-M33",
        emulator: QEMU_ARM,
        machine: "mps2-an505",
        options: &[],
        target: "thumbv8m.main-none-eabihf",
        flags: &["-Ctarget-cpu=cortex-m33"],
        timing: Some(Timing::CortexM33),
        memory: include_str!("../boards/mps2-an505/memory.x"),
        support: include_str!("../boards/mps2-an505/board.rs"),
        sample: 0x8000_0000,
    };
    /// A Cortex-M55 with MVE.
    pub const M55: Self = Self {
        name: "m55",
        processor: "Cortex-M55",
        emulator: QEMU_ARM,
        machine: "mps3-an547",
        options: &[],
        target: "thumbv8m.main-none-eabihf",
        flags: &["-Ctarget-cpu=cortex-m55"],
        timing: None,
        memory: include_str!("../boards/mps3-an547/memory.x"),
        support: include_str!("../boards/mps3-an547/board.rs"),
        sample: 0x6100_0000,
    };
    /// A RISC-V without a floating-point unit. It runs no generated code, only what links by itself.
    pub const RISCV: Self = Self {
        name: "riscv",
        processor: "RV32IMAC",
        emulator: "qemu-system-riscv32",
        machine: "virt",
        options: &["-bios", "none"],
        target: "riscv32imac-unknown-none-elf",
        flags: &[],
        timing: None,
        memory: include_str!("../boards/virt/memory.x"),
        support: "",
        sample: 0x8100_0000,
    };
    /// Those with an Arm processor.
    pub const ARM: [Self; 4] = [Self::M4, Self::M7, Self::M33, Self::M55];

    /// What the program of an ELF file says until it ends; `request` lies in memory when it starts.
    ///
    /// # Errors
    /// When QEMU cannot be run or the program does not end well.
    pub fn run(&self, program: &Path, request: Option<&Path>) -> Result<String> {
        said(&self.command(program, request, &Mode::Plain).output().with_context(|| self.cannot_run())?)
    }

    /// [`run`](Self::run) where an instruction takes exactly 1 ns of the board's time.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn count(&self, program: &Path, request: Option<&Path>) -> Result<String> {
        said(&self.command(program, request, &Mode::Counted).output().with_context(|| self.cannot_run())?)
    }

    /// What runs during the first `calls` calls of the function at `entry`; the program is then stopped.
    ///
    /// # Errors
    /// When QEMU cannot be run.
    pub fn trace(&self, program: &Path, request: Option<&Path>, entry: u32, calls: usize) -> Result<Trace> {
        let mut command = self.command(program, request, &Mode::Traced);
        let mut emulation =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().with_context(|| self.cannot_run())?;
        let log = emulation.stderr.take().context("QEMU has no log")?;
        let trace = Trace::read(BufReader::with_capacity(1 << 20, log), entry, calls);
        // It may have ended by itself.
        let _ = emulation.kill();
        emulation.wait().with_context(|| self.cannot_run())?;
        trace
    }

    fn command(&self, program: &Path, request: Option<&Path>, mode: &Mode) -> Command {
        let file = |path: &Path| path.display().to_string().replace(',', ",,");
        let mut command = Command::new(self.emulator);
        command.args(self.options).args([
            "-machine",
            self.machine,
            "-display",
            "none",
            "-serial",
            "none",
            "-monitor",
            "none",
        ]);
        command.args(["-chardev", "stdio,id=console"]);
        command.args(["-semihosting-config", "enable=on,target=native,chardev=console"]);
        // The loader starts the processor at the program's entry, wherever the board looks for its vectors.
        command.arg("-device").arg(format!("loader,file={},cpu-num=0", file(program)));
        if let Some(request) = request {
            command.arg("-device").arg(format!("loader,file={},addr={:#x},force-raw=on", file(request), self.sample));
        }
        command.args(match mode {
            Mode::Plain => [].as_slice(),
            Mode::Counted => &["-icount", "shift=0"],
            Mode::Traced => &["-d", "exec,nochain,in_asm"],
        });
        command.stdin(Stdio::null());
        command
    }

    fn cannot_run(&self) -> String {
        format!("cannot run {}", self.emulator)
    }
}

/// The text of a program that has ended well.
fn said(output: &Output) -> Result<String> {
    let (text, messages) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let all = || format!("the program failed in QEMU: {}{}", text.trim_end(), messages.trim_end());
    ensure!(output.status.success(), all());
    Ok(text.into_owned())
}
