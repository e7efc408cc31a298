//! The generated Rust as firmware of a board that QEMU emulates.

use super::board::{Board, MEMORY, QEMU};
use super::cargo;
use super::{Backend, Cost, Outputs, wire};
use crate::sample::Sample;
use anyhow::{Context, Result, bail, ensure};
use percio_codegen_core::program::{InputKind, Program};
use percio_codegen_core::{Problems, Subject};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

/// Flash that code needs beside the weights.
const CODE: usize = 128 << 10;
/// RAM that the stack needs beside the model and its inputs.
const STACK: usize = 64 << 10;

/// Commands of `templates/firmware/main.rs`.
const INFER: u32 = 0;
const COUNT: u32 = 1;
const NOTHING: u32 = 2;

/// A firmware, started anew for every inference.
pub struct Qemu<'a> {
    board: Board,
    program: &'a Program,
    firmware: PathBuf,
    isa: String,
}

impl<'a> Qemu<'a> {
    /// Builds the firmware of `program` for `board`.
    ///
    /// # Errors
    /// When QEMU or Rust's target is missing, the program does not fit the machine, or the firmware does not build or start.
    pub(super) fn build(board: Board, program: &'a Program) -> Result<Self> {
        check(&board, program)?;
        let firmware = cargo::build(&board.template(), program)?;
        let mut built = Self { board, program, firmware, isa: String::new() };
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
        let output = emulate(&self.board, &self.firmware, &request, command == COUNT);
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

/// Runs QEMU with the request in memory; `counted` makes an instruction take exactly 1 ns.
fn emulate(board: &Board, firmware: &Path, request: &Path, counted: bool) -> Result<Output> {
    let file = |path: &Path| path.display().to_string().replace(',', ",,");
    let mut command = Command::new(QEMU);
    command.args(["-machine", board.machine, "-display", "none", "-serial", "none", "-monitor", "none"]);
    command.args(["-chardev", "stdio,id=console", "-semihosting-config", "enable=on,target=native,chardev=console"]);
    command.arg("-device").arg(format!("loader,file={},addr={:#x},force-raw=on", file(request), board.sample));
    // The loader starts the processor at the firmware's entry, wherever the board looks for its vectors.
    command.arg("-device").arg(format!("loader,file={},cpu-num=0", file(firmware)));
    command.stdin(std::process::Stdio::null());
    command.args(if counted { ["-icount", "shift=0"].as_slice() } else { &[] });
    command.output().with_context(|| format!("cannot run {QEMU}"))
}

/// The rest of each line that starts with `what`.
fn said<'t>(text: &'t str, what: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| Some(line.strip_prefix(what)?.trim_start())).collect()
}

/// Everything that keeps `program` from running there.
fn check(board: &Board, program: &Program) -> Result<(), Problems> {
    let mut problems = Problems::new();
    let mut add = |message: String| problems.add(Subject::Option("backend"), message);
    if Command::new(QEMU).arg("--version").output().is_err() {
        add(format!("{QEMU} is missing: install it with `apt-get install {QEMU}`"));
    }
    let target = board.target;
    if !has_target(target) {
        add(format!("Rust's target {target} is missing: install it with `rustup target add {target}`"));
    }
    let inputs: usize = program.inputs.iter().map(|input| input_bytes(&input.kind)).sum();
    for (memory, needed, reserved) in
        [("flash", program.flash_bytes(), CODE), ("RAM", program.ram_bytes() + inputs, STACK)]
    {
        if needed > MEMORY - reserved {
            add(format!(
                "the model needs {needed} bytes of {memory}, the {} board has {MEMORY} with {reserved} of them for code and \
                 stack: choose another back end or a smaller model",
                board.processor
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

fn has_target(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    let output = cargo::same_toolchain(&mut rustc).args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

impl Backend for Qemu<'_> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use percio_codegen_core::scheme::LoadOptions;
    use percio_codegen_core::{CompileOptions, compile, load};

    #[test]
    fn a_program_beyond_the_memory_is_refused() {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/native-ids");
        let model = load(&model, &LoadOptions::default()).expect("the fixture is well formed");
        let mut program = compile(model, &CompileOptions::default());
        program.blob = vec![0; 5 << 20];
        let problems = check(&Board::M33, &program).expect_err("5 MB do not fit 4 MB");
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "the model needs 5242880 bytes of flash, the Cortex-M33 board has 4194304 with 131072 of them for code and \
              stack: choose another back end or a smaller model"
            ]
        );
    }
}
