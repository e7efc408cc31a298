//! QEMU's log of what it executes (`-d exec,nochain,in_asm`), as counts of blocks.
//!
//! A block is shown once, instruction by instruction, when QEMU translates it; the line after that names the host address of
//! the translation, and each execution repeats that line. What is counted are the blocks between a call of one function
//! and its return.

use super::instruction::Instruction;
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::io::BufRead;

/// Instructions that run from the first to the last, unless an exception stops them.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The symbol that QEMU knows it under.
    pub(super) function: String,
    pub(super) instructions: Vec<Instruction>,
}

/// How often a block ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    pub(super) all: u64,
    /// Those that left with a jump rather than by running on.
    pub(super) jumped: u64,
}

/// The blocks of one call, by their index among all blocks.
pub(super) type Call = HashMap<usize, Runs>;

/// What ran during some calls of a function.
#[derive(Debug, Default)]
pub struct Trace {
    pub(super) blocks: Vec<Block>,
    pub(super) calls: Vec<Call>,
}

impl Block {
    fn start(&self) -> Option<u32> {
        self.instructions.first().map(|first| first.address)
    }

    fn end(&self) -> Option<u32> {
        self.instructions.last().map(|last| last.address + last.size)
    }
}

impl Trace {
    /// Reads QEMU's log until `calls` calls of the function at address `entry` have returned, or to its end.
    ///
    /// # Errors
    /// When `log` cannot be read.
    pub fn read(log: impl BufRead, entry: u32, calls: usize) -> Result<Self> {
        let mut reader = Reader { entry, ..Reader::default() };
        for line in log.lines() {
            reader.line(&line.context("QEMU's log cannot be read")?);
            if reader.trace.calls.len() >= calls {
                break;
            }
        }
        Ok(reader.trace)
    }
}

#[derive(Default)]
struct Reader {
    entry: u32,
    trace: Trace,
    /// The block that is being shown.
    shown: Block,
    /// Blocks by the host address of their translation.
    translations: HashMap<String, usize>,
    /// The block that ran last; not yet counted, because it shows only now how it was left.
    last: Option<usize>,
    /// The address that the call in progress returns to, and its blocks.
    call: Option<(u32, Call)>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if let Some(function) = line.strip_prefix("IN: ") {
            self.shown = Block { function: function.trim().to_owned(), instructions: Vec::new() };
        } else if let Some(instruction) = Instruction::parse(line) {
            self.shown.instructions.push(instruction);
        } else if let Some(translation) = line.strip_prefix("Trace ").and_then(|rest| rest.split(' ').nth(1)) {
            self.execute(translation);
        } else if line.starts_with("Stopped execution of TB chain") {
            self.last = None;
        }
    }

    fn execute(&mut self, translation: &str) {
        if !self.shown.instructions.is_empty() {
            self.translations.insert(translation.to_owned(), self.trace.blocks.len());
            self.trace.blocks.push(std::mem::take(&mut self.shown));
        }
        let Some(&block) = self.translations.get(translation) else { return };
        let start = self.trace.blocks[block].start();
        let before = self.last.replace(block).map(|last| (last, self.trace.blocks[last].end()));
        let Some((last, end)) = before else { return };
        match &mut self.call {
            None if start == Some(self.entry) => self.call = end.map(|end| (end, Call::new())),
            None => {}
            Some((back, blocks)) => {
                let runs = blocks.entry(last).or_default();
                runs.all += 1;
                runs.jumped += u64::from(start != end);
                if start == Some(*back) {
                    self.trace.calls.extend(self.call.take().map(|(_, blocks)| blocks));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `main` calls `work`, which loops twice, through a first attempt that QEMU cuts short.
    const LOG: &str = "\
----------------
IN: main
0x00000400:  f009 fcba  bl       #0x500

Trace 0: 0x7f01 [0/00000400/0/0] main
----------------
IN: work
0x00000500:  2202       movs     r2, #2

Trace 0: 0x7f02 [0/00000500/0/0] work
----------------
IN: work
0x00000502:  3a01       subs     r2, #1
0x00000504:  d1fd       bne      #0x502

Trace 0: 0x7f03 [0/00000502/0/0] work
Stopped execution of TB chain before 0x7f03 [00000502] work
Trace 0: 0x7f03 [0/00000502/0/0] work
Trace 0: 0x7f03 [0/00000502/0/0] work
----------------
IN: work
0x00000506:  4770       bx       lr

Trace 0: 0x7f04 [0/00000506/0/0] work
----------------
IN: main
0x00000404:  e7fe       b        #0x404

Trace 0: 0x7f05 [0/00000404/0/0] main
Trace 0: 0x7f05 [0/00000404/0/0] main
";

    #[test]
    fn a_call_is_what_runs_until_its_return() {
        let trace = Trace::read(LOG.as_bytes(), 0x500, 2).expect("a well-formed log");
        let [call] = trace.calls.as_slice() else { panic!("{} calls", trace.calls.len()) };
        let runs = |all, jumped| Runs { all, jumped };
        assert_eq!(call, &Call::from([(1, runs(1, 0)), (2, runs(2, 1)), (3, runs(1, 1))]));
        assert_eq!(trace.blocks[2].function, "work");
        assert_eq!(Trace::read(LOG.as_bytes(), 0x508, 1).expect("a well-formed log").calls, []);
    }
}
