//! The generated Rust, built for this machine and run in its own process.

use super::cargo::{self, Template};
use super::{Backend, Cost, Outputs, wire};
use crate::sample::Sample;
use anyhow::{Context, Result};
use percio_codegen_core::program::Program;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The crate that a program becomes.
fn template() -> Template {
    Template {
        prefix: "percio-host".to_owned(),
        manifest: include_str!("templates/host/Cargo.toml.in"),
        files: vec![
            ("src/main.rs", include_str!("templates/host/main.rs")),
            ("src/timing.rs", include_str!("templates/host/timing.rs")),
        ],
        target: None,
        flags: &[],
    }
}

/// Commands of `templates/host/main.rs`.
const INFER: u32 = 0;
const TIME: u32 = 1;

/// A running process of the generated code.
pub struct Generated<'a> {
    program: &'a Program,
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    isa: String,
}

impl<'a> Generated<'a> {
    /// Builds and starts the generated code of `program`.
    ///
    /// # Errors
    /// When it does not build, with cargo's output, or does not start.
    pub fn build(program: &'a Program) -> Result<Self> {
        Self::build_in(program, &cargo::cache()?)
    }

    /// [`build`](Self::build), to run `count` times on the instruction set called `isa`.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_several(program: &'a Program, isa: Option<&str>, count: usize) -> Result<Vec<Self>> {
        let executable = cargo::build(&template(), program, &cargo::cache()?)?;
        (0..count).map(|_| Self::start(program, &executable, isa)).collect()
    }

    /// [`build`](Self::build) with the crate in the directory `cache`.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_in(program: &'a Program, cache: &Path) -> Result<Self> {
        Self::start(program, &cargo::build(&template(), program, cache)?, None)
    }

    fn start(program: &'a Program, executable: &Path, isa: Option<&str>) -> Result<Self> {
        let mut process = Command::new(executable)
            .envs(isa.map(|isa| ("PERCIO_ISA", isa)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{}`", executable.display()))?;
        let requests = process.stdin.take();
        let answers = process.stdout.take().context("the generated program has no standard output")?;
        let mut started = Self { program, process, requests, answers: BufReader::new(answers), isa: String::new() };
        let (isa, answers) = (&mut started.isa, &mut started.answers);
        answers.read_line(isa).ok().filter(|&length| length > 0).context("the generated program ended at its start")?;
        started.isa.truncate(started.isa.trim_end().len());
        Ok(started)
    }

    fn request(&mut self, command: u32, sample: &Sample) -> Result<()> {
        let bytes = wire::bytes(sample);
        let length = u32::try_from(bytes.len()).context("a sample of over 4 GB")?;
        let requests = self.requests.as_mut().context("the generated program has no standard input")?;
        let message = [command.to_le_bytes().as_slice(), &length.to_le_bytes(), &bytes].concat();
        requests.write_all(&message).and_then(|()| requests.flush()).context("the generated program ended early")
    }

    fn read(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.answers.read_exact(&mut bytes).context("the generated program ended early")?;
        Ok(bytes)
    }
}

impl Backend for Generated<'_> {
    fn isa(&self) -> &str {
        &self.isa
    }

    fn infer(&mut self, sample: &Sample) -> Result<Outputs> {
        self.request(INFER, sample)?;
        let lengths = sample.lengths(self.program);
        let count: usize = self.program.outputs.iter().map(|output| output.numbers(lengths)).sum();
        let bytes = self.read(4 * count)?;
        let numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        wire::outputs(self.program, lengths, &numbers).context("the generated program's outputs have another length")
    }

    fn cost(&mut self, sample: &Sample) -> Result<Cost> {
        self.request(TIME, sample)?;
        let count = self.read(4)?;
        let count = count.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let bytes = self.read(8 * count as usize)?;
        let time = |bytes: &[u8; 8]| Duration::from_nanos(u64::from_le_bytes(*bytes));
        Ok(Cost::Times(bytes.as_chunks().0.iter().map(time).collect()))
    }
}

impl Drop for Generated<'_> {
    fn drop(&mut self) {
        // The process ends when its standard input does. There is nobody to tell when it does not end well.
        self.requests = None;
        let _ = self.process.wait();
    }
}
