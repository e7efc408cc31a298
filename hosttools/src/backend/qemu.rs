//! The generated Rust as firmware of a board that QEMU emulates.

use super::cargo::{self, Template};
use super::said::{self, figure, said};
use super::{Backend, Cost, Outputs, wire};
use crate::board::Board;
use crate::estimate;
use crate::sample::Sample;
use anyhow::{Context, Result, ensure};
use percio_codegen_core::program::{InputKind, Program};
use percio_codegen_core::{Problems, Subject};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// Flash that code needs beside the weights.
const CODE: usize = 128 << 10;
/// RAM that the stack needs beside the model and its inputs.
const STACK: usize = 64 << 10;

/// Commands of `templates/firmware/main.rs`.
const INFER: u32 = 0;
const COUNT: u32 = 1;
const NOTHING: u32 = 2;
/// The function of `templates/firmware/count.rs` that is called once around nothing, then once around an inference.
const MEASURED: &str = "percio_measured";

/// A firmware, started anew for every inference.
#[derive(Clone)]
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
        let firmware = cargo::build(&template(&board), program, &cargo::cache()?)?;
        let mut built = Self { board, program, firmware, isa: String::new() };
        built.isa = said(&built.run(NOTHING, &[])?, "isa").concat();
        Ok(built)
    }

    /// Everything the firmware says about a sample.
    fn run(&self, command: u32, sample: &[u8]) -> Result<String> {
        let request = Request::write(&self.firmware, command, sample)?;
        let text = match command {
            COUNT => self.board.count(&self.firmware, Some(&request.0))?,
            _ => self.board.run(&self.firmware, Some(&request.0))?,
        };
        ensure!(text.lines().any(|line| line == "end"), "the firmware failed in QEMU: {}", text.trim_end());
        Ok(text)
    }

    /// The instructions and estimated cycles of an inference, on a board whose processor has a timing table.
    fn estimate(&self, sample: &[u8]) -> Result<Option<estimate::Cost>> {
        let Some(timing) = self.board.timing else { return Ok(None) };
        let request = Request::write(&self.firmware, COUNT, sample)?;
        let entry = estimate::address(&self.firmware, MEASURED)?;
        let trace = self.board.trace(&self.firmware, Some(&request.0), entry, 2)?;
        let [nothing, work] = [timing.estimate(&trace, 0)?, timing.estimate(&trace, 1)?];
        let sum = |functions: BTreeMap<_, _>| functions.into_values().sum::<estimate::Cost>();
        Ok(Some(sum(work) - sum(nothing)))
    }
}

/// A command and a sample in a file, removed when dropped.
struct Request(PathBuf);

impl Request {
    fn write(firmware: &Path, command: u32, sample: &[u8]) -> Result<Self> {
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        let length = u32::try_from(sample.len()).context("a sample of over 4 GB")?;
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let request = Self(firmware.with_extension(format!("{}-{number}.request", std::process::id())));
        fs::write(&request.0, [command.to_le_bytes().as_slice(), &length.to_le_bytes(), sample].concat())
            .with_context(|| format!("cannot write `{}`", request.0.display()))?;
        Ok(request)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // The request is of no use to anybody; one that cannot be removed does no harm.
        let _ = fs::remove_file(&self.0);
    }
}

/// The crate that a program becomes.
fn template(board: &Board) -> Template {
    Template {
        prefix: format!("percio-{}", board.name),
        manifest: include_str!("templates/firmware/Cargo.toml.in"),
        files: vec![
            ("build.rs", include_str!("templates/firmware/build.rs")),
            ("memory.x", board.memory),
            ("src/main.rs", include_str!("templates/firmware/main.rs")),
            ("src/count.rs", include_str!("templates/firmware/count.rs")),
            ("src/stack.rs", include_str!("templates/firmware/stack.rs")),
            ("src/board.rs", board.support),
        ],
        target: Some(board.target),
        flags: board.flags,
    }
}

/// Everything that keeps `program` from running there.
fn check(board: &Board, program: &Program) -> Result<(), Problems> {
    let mut problems = Problems::new();
    let mut add = |message: String| problems.add(Subject::Option("backend"), message);
    let emulator = board.emulator;
    if Command::new(emulator).arg("--version").output().is_err() {
        add(format!("{emulator} is missing: install it with `apt-get install {emulator}`"));
    }
    let target = board.target;
    if !has_target(target) {
        add(format!("Rust's target {target} is missing: install it with `rustup target add {target}`"));
    }
    let inputs: usize = program.inputs.iter().map(|input| input_bytes(&input.kind)).sum();
    for (memory, needed, reserved) in
        [("flash", program.flash_bytes(), CODE), ("RAM", program.ram_bytes() + inputs, STACK)]
    {
        if needed > Board::MEMORY - reserved {
            add(format!(
                "the model needs {needed} bytes of {memory}, the {} board has {} with {reserved} of them for code and \
                 stack: choose another back end or a smaller model",
                board.processor,
                Board::MEMORY
            ));
        }
    }
    problems.finish(())
}

/// Bytes of an input's memory.
pub(super) fn input_bytes(kind: &InputKind) -> usize {
    match kind {
        InputKind::Numbers { shape } => 4 * shape.iter().product::<usize>(),
        InputKind::Ids { max, .. } => 4 * max,
        InputKind::Points { count, .. } => 4 * count,
        InputKind::Mask { max, .. } => *max,
        InputKind::Prefix { .. } => 4,
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
        said::outputs(&text, self.program, sample.lengths(self.program))
    }

    fn cost(&mut self, sample: &Sample) -> Result<Cost> {
        let bytes = wire::bytes(sample);
        let text = self.run(COUNT, &bytes)?;
        let [instructions, stack] = [figure(&text, "instructions")?, figure(&text, "stack")?];
        let estimate = self.estimate(&bytes)?;
        if let Some(estimate::Cost { instructions: traced, .. }) = estimate {
            ensure!(traced == instructions, "QEMU logged {traced} instructions, the board counted {instructions}");
        }
        Ok(Cost::Instructions {
            count: instructions,
            cycles_estimate: estimate.map(|cost| cost.cycles_estimate as u64),
            stack,
        })
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
        let mut program = compile(model, &CompileOptions::default()).expect("the file of weights is there");
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
