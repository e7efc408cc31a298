//! The generated Rust on a board at the other end of a line: `templates/harness/serve.rs` says what goes over it.

use super::line::{Line, Open};
use super::said::{self, said};
use super::{Backend, Cost, Outputs, wire};
use crate::sample::Sample;
use anyhow::{Context, Result, bail, ensure};
use percio_codegen_core::program::Program;
use percio_format::crc32;
use std::time::{Duration, Instant};

/// Commands of `templates/harness/serve.rs`.
const INFER: u32 = 0;
const TIME: u32 = 1;
const NOTHING: u32 = 2;
/// What a request starts with.
const MAGIC: [u8; 4] = *b"PRC1";

/// A board that starts when its line is opened may not hear the first requests …
const AGAIN: Duration = Duration::from_secs(1);
/// … but has to answer one in so long.
const WAKING: Duration = Duration::from_secs(10);
/// How long an inference may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Timed runs: at most so many …
const RUNS: usize = 20;
/// … and no more after so long.
const LONGEST: Duration = Duration::from_secs(10);

/// A board that answers requests.
pub struct Remote<'a> {
    name: String,
    program: &'a Program,
    line: Open,
    isa: String,
    /// Requests so far: an answer names its own.
    requests: u32,
}

impl<'a> Remote<'a> {
    /// Opens `line` and asks what is there.
    ///
    /// # Errors
    /// When nothing answers, and when what answers runs another model.
    pub fn connect(line: &Line, program: &'a Program) -> Result<Self> {
        let name = line.name().to_owned();
        let mut board = Self { name, program, line: line.open()?, isa: String::new(), requests: 0 };
        let started = Instant::now();
        let answer = loop {
            board.send(NOTHING, &[])?;
            if let Some(answer) = board.answer(AGAIN)? {
                break answer;
            }
            let name = &board.name;
            ensure!(
                started.elapsed() < WAKING,
                "nothing answers at {name}: flash the crate that `percio harness` writes, and check the port and its speed"
            );
        };
        board.isa = said(&answer, "isa").concat();
        let (found, wanted) = (said(&answer, "model").concat(), format!("{:08x}", crc32(&program.blob)));
        ensure!(
            found == wanted,
            "the board at {} runs the weights {found}, and this model's are {wanted}: flash what `percio harness` writes for it, \
             with the same --weights, --optimize and --positions",
            board.name
        );
        Ok(board)
    }

    /// Sends a request and waits for its answer.
    fn ask(&mut self, command: u32, sample: &Sample) -> Result<String> {
        self.send(command, &wire::bytes(sample))?;
        let answer = self.answer(PATIENCE)?;
        answer.with_context(|| format!("the board at {} has not answered for {} s", self.name, PATIENCE.as_secs()))
    }

    fn send(&mut self, command: u32, bytes: &[u8]) -> Result<()> {
        self.requests += 1;
        let length = u32::try_from(bytes.len()).context("a sample of over 4 GB")?;
        let words = [self.requests, command, length].map(u32::to_le_bytes);
        let checked = [words.as_flattened(), bytes].concat();
        self.line.write(&[MAGIC.as_slice(), &checked, &crc32(&checked).to_le_bytes()].concat())
    }

    /// The lines of the answer to the last request, if it begins within `patience`. What comes before it is of no interest: a
    /// board says what it likes when it starts, and may answer an earlier request late.
    fn answer(&mut self, patience: Duration) -> Result<Option<String>> {
        let (began, first) = (Instant::now(), format!("percio {:08x}", self.requests));
        loop {
            let left = patience.saturating_sub(began.elapsed());
            let Some(line) = self.line.read_line(left)? else { return Ok(None) };
            if line == first.as_bytes() {
                break;
            }
        }
        let mut bytes = [first.as_bytes(), b"\n"].concat();
        loop {
            let line =
                self.line.read_line(PATIENCE)?.with_context(|| format!("the board at {} fell silent", self.name))?;
            if let Some(sum) = line.strip_prefix(b"end ") {
                let wanted = format!("{:08x}", crc32(&bytes));
                ensure!(
                    sum == wanted.as_bytes(),
                    "an answer of the board at {} arrived damaged: lower the speed of the port",
                    self.name
                );
                break;
            }
            bytes.extend(line);
            bytes.push(b'\n');
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(why) = said(&text, "refused").first() {
            bail!("the board at {} refused a request: {why}", self.name);
        }
        Ok(Some(text))
    }
}

impl Backend for Remote<'_> {
    fn isa(&self) -> &str {
        &self.isa
    }

    fn infer(&mut self, sample: &Sample) -> Result<Outputs> {
        let text = self.ask(INFER, sample)?;
        said::outputs(&text, self.program, sample.lengths(self.program))
    }

    fn cost(&mut self, sample: &Sample) -> Result<Cost> {
        let (started, mut times) = (Instant::now(), Vec::new());
        while times.is_empty() || times.len() < RUNS && started.elapsed() < LONGEST {
            let text = self.ask(TIME, sample)?;
            let word = |what| -> Result<u64> {
                Ok(u64::from(
                    u32::from_str_radix(&said(&text, what).concat(), 16).context("the board's time is no number")?,
                ))
            };
            let [ticks, rate] = [word("ticks")?, word("a second")?];
            ensure!(rate > 0, "the board at {} has no clock: give its `Port` `ticks` and `TICKS_A_SECOND`", self.name);
            times.push(Duration::from_nanos(u64::try_from(u128::from(ticks) * 1_000_000_000 / u128::from(rate))?));
        }
        Ok(Cost::Times(times))
    }
}
