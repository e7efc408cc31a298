//! The generated Rust as firmware of a Cortex-M4 that QEMU emulates: machine mps2-an386, 4 MB of flash, 4 MB of RAM.

use super::cargo::{self, Template};
use super::{Backend, Cost, Outputs, wire};
use crate::sample::Sample;
use anyhow::{Context, Result, bail, ensure};
use percio_codegen_core::program::{InputKind, Program};
use percio_codegen_core::{Problems, Subject};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

const TARGET: &str = "thumbv7em-none-eabihf";
const QEMU: &str = "qemu-system-arm";

const TEMPLATE: Template = Template {
    prefix: "percio-m4",
    manifest: include_str!("templates/firmware/Cargo.toml.in"),
    files: &[
        ("build.rs", include_str!("templates/firmware/build.rs")),
        ("memory.x", include_str!("templates/firmware/memory.x")),
        ("src/main.rs", include_str!("templates/firmware/main.rs")),
        ("src/count.rs", include_str!("templates/firmware/count.rs")),
    ],
    target: Some(TARGET),
};

/// Flash and RAM of the machine, in bytes.
const MEMORY: usize = 4 << 20;
/// Flash that code needs beside the weights.
const CODE: usize = 128 << 10;
/// RAM that the stack needs beside the model and its inputs.
const STACK: usize = 64 << 10;

/// Commands of `templates/firmware/main.rs`.
const INFER: u32 = 0;
const COUNT: u32 = 1;
const NOTHING: u32 = 2;

/// A firmware, started anew for every inference.
pub struct QemuM4<'a> {
    program: &'a Program,
    firmware: PathBuf,
    isa: String,
}

impl<'a> QemuM4<'a> {
    /// Builds the firmware of `program`.
    ///
    /// # Errors
    /// When QEMU or Rust's target is missing, the program does not fit the machine, or the firmware does not build or start.
    pub fn build(program: &'a Program) -> Result<Self> {
        check(program)?;
        let firmware = cargo::build(&TEMPLATE, program)?;
        let mut built = Self { program, firmware, isa: String::new() };
        built.isa = said(&built.run(NOTHING, &[])?, "isa").concat();
        Ok(built)
    }

    /// Everything the firmware says about a sample.
    fn run(&self, command: u32, sample: &[u8]) -> Result<String> {
        let length = u32::try_from(sample.len()).context("a sample of over 4 GB")?;
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let request = self.firmware.with_extension(format!("{}-{number}.request", std::process::id()));
        fs::write(&request, [command.to_le_bytes().as_slice(), &length.to_le_bytes(), sample].concat())
            .with_context(|| format!("cannot write `{}`", request.display()))?;
        let output = emulate(&self.firmware, &request, command == COUNT);
        // The request is of no use to anybody; one that cannot be removed does no harm.
        let _ = fs::remove_file(&request);
        let output = output?;
        let (text, messages) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let ended = text.lines().any(|line| line == "end");
        ensure!(
            output.status.success() && ended,
            "the firmware failed in QEMU: {}{}",
            text.trim_end(),
            messages.trim_end()
        );
        Ok(text.into_owned())
    }
}

/// Runs QEMU with the request in external memory; `counted` makes an instruction take exactly 1 ns.
fn emulate(firmware: &Path, request: &Path, counted: bool) -> Result<Output> {
    let file = request.display().to_string().replace(',', ",,");
    let mut command = Command::new(QEMU);
    command.args(["-machine", "mps2-an386", "-display", "none", "-serial", "none", "-monitor", "none"]);
    command.args(["-chardev", "stdio,id=console", "-semihosting-config", "enable=on,target=native,chardev=console"]);
    command.arg("-device").arg(format!("loader,file={file},addr=0x21000000,force-raw=on"));
    command.arg("-kernel").arg(firmware).stdin(std::process::Stdio::null());
    command.args(if counted { ["-icount", "shift=0"].as_slice() } else { &[] });
    command.output().with_context(|| format!("cannot run {QEMU}"))
}

/// The rest of each line that starts with `what`.
fn said<'t>(text: &'t str, what: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| Some(line.strip_prefix(what)?.trim_start())).collect()
}

/// Everything that keeps `program` from running there.
fn check(program: &Program) -> Result<(), Problems> {
    let mut problems = Problems::new();
    let mut add = |message: String| problems.add(Subject::Option("backend"), message);
    if Command::new(QEMU).arg("--version").output().is_err() {
        add(format!("{QEMU} is missing: install it with `apt-get install {QEMU}`"));
    }
    if !has_target() {
        add(format!("Rust's target {TARGET} is missing: install it with `rustup target add {TARGET}`"));
    }
    let inputs: usize = program.inputs.iter().map(|input| input_bytes(&input.kind)).sum();
    for (memory, needed, reserved) in
        [("flash", program.flash_bytes(), CODE), ("RAM", program.ram_bytes() + inputs, STACK)]
    {
        if needed > MEMORY - reserved {
            add(format!(
                "the model needs {needed} bytes of {memory}, the Cortex-M4 machine has {MEMORY} with {reserved} of them \
                 for code and stack: choose another back end or a smaller model"
            ));
        }
    }
    problems.finish(())
}

fn input_bytes(kind: &InputKind) -> usize {
    match kind {
        InputKind::Numbers { shape } => 4 * shape.iter().product::<usize>(),
        InputKind::Ids { max, .. } => 4 * max,
        InputKind::Mask { max } => *max,
    }
}

fn has_target() -> bool {
    let mut rustc = Command::new("rustc");
    let output = cargo::same_toolchain(&mut rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

impl Backend for QemuM4<'_> {
    fn isa(&self) -> &str {
        &self.isa
    }

    fn infer(&mut self, sample: &Sample) -> Result<Outputs> {
        let text = self.run(INFER, &wire::bytes(sample))?;
        let words = said(&text, "numbers").into_iter().flat_map(str::split_whitespace);
        let numbers = words.map(|word| Ok(f32::from_bits(u32::from_str_radix(word, 16)?)));
        let numbers: Vec<f32> = numbers.collect::<Result<_>>().context("the firmware's outputs are no numbers")?;
        wire::outputs(self.program, &numbers).context("the firmware's outputs have another length")
    }

    fn cost(&mut self, sample: &Sample) -> Result<Cost> {
        let text = self.run(COUNT, &wire::bytes(sample))?;
        match said(&text, "instructions").as_slice() {
            [count] => Ok(Cost::Instructions(count.parse().context("the firmware's count is no number")?)),
            _ => bail!("the firmware counted no instructions"),
        }
    }
}
