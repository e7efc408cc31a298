//! What a core's instructions cost, and how a block of them flows through the core.
//!
//! Instructions issue in order, up to the core's width in one cycle. One waits until its operands are there, until the unit
//! it needs is free and, where it must issue alone, until a new cycle begins. A block starts with all units free.

use super::instruction::{Instruction, Registers, core_registers};
use anyhow::{Context, Result};

/// A core's timing.
#[derive(Debug)]
pub(super) struct Core {
    /// What messages call it.
    pub(super) name: &'static str,
    /// Instructions that may issue in one cycle.
    pub(super) width: u32,
    /// Cycles that a jump adds.
    pub(super) refill: f64,
    pub(super) table: &'static [Row],
}

/// Mnemonics (between blanks), how long they keep their unit, so many cycles later their result can be read, the unit, what
/// they write.
#[derive(Debug)]
pub(super) struct Row(pub(super) &'static str, pub(super) Cycles, pub(super) u32, pub(super) Unit, pub(super) Writes);

#[derive(Clone, Copy, Debug)]
pub(super) enum Cycles {
    Fixed(u32),
    /// So many, and one for each word that is moved.
    Words(u32),
    /// One for each two words that are moved.
    Pairs,
    /// One for each core register among the operands, at least one.
    CoreRegisters,
    /// 2, or 1 straight after another load or store of one word, unless that one loads the address.
    Load,
    /// 1 when the address is a register and a number, else as a load.
    Store,
}

/// What an instruction keeps to itself while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Only its share of the width.
    Any,
    Store,
    Multiply,
    Float,
    /// Everything: nothing issues beside it.
    Whole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    Nothing,
    /// The first operand.
    First,
    /// The first operand, a sum: its old value is read so many cycles later than the other operands.
    Sum(u32),
    /// The first two operands.
    FirstTwo,
    /// The last operand, a list.
    List,
}

impl Core {
    /// Cycles from the first instruction's issue to the end of the last one; a jump's refill is not among them.
    pub(super) fn cycles(&self, block: &[Instruction]) -> Result<u32> {
        let mut flow = Flow { width: self.width, now: 0, issued: 0, free: [0; 5], ready: [0; 48], end: 0 };
        let mut before: Option<Step<'_>> = None;
        for instruction in block {
            let row = self.row(instruction)?;
            let step = Step::new(row, instruction, before.as_ref());
            flow.issue(&step);
            before = Some(step);
        }
        Ok(flow.end)
    }

    fn row(&self, instruction: &Instruction) -> Result<&'static Row> {
        let named = |name: &&str| self.table.iter().find(|row| row.0.split_whitespace().any(|other| other == *name));
        instruction.names().iter().find_map(named).with_context(|| {
            let Instruction { mnemonic, address, .. } = instruction;
            format!("the {}'s timing table has no row for `{mnemonic}` at {address:#010x}: add one", self.name)
        })
    }
}

/// An instruction on its way.
struct Step<'a> {
    row: &'a Row,
    cycles: u32,
    reads: Registers,
    writes: Registers,
}

impl<'a> Step<'a> {
    fn new(row: &'a Row, instruction: &Instruction, before: Option<&Step<'_>>) -> Self {
        let operands = instruction.operands();
        let written = match row.4 {
            Writes::Nothing => 0..0,
            Writes::First | Writes::Sum(_) => 0..1,
            Writes::FirstTwo => 0..2,
            Writes::List => operands.len() - 1..operands.len(),
        };
        let any = |operands: &[Registers]| operands.iter().fold(0, |all, registers| all | registers);
        let writes = any(operands.get(written.clone()).unwrap_or_default());
        let (left, right) = (operands.get(..written.start), operands.get(written.end..));
        let reads = any(left.unwrap_or_default()) | any(right.unwrap_or_default());
        let address = operands.last().copied().unwrap_or(0);
        let pipelined = before.is_some_and(|step| step.moves_a_word() && step.writes & address == 0);
        let load = if pipelined { 1 } else { 2 };
        let cycles = match row.1 {
            Cycles::Fixed(cycles) => cycles,
            Cycles::Words(first) => first + words(&operands),
            Cycles::Pairs => words(&operands).div_ceil(2),
            Cycles::CoreRegisters => core_registers(any(&operands)).max(1),
            Cycles::Store if core_registers(address) == 1 => 1,
            Cycles::Load | Cycles::Store => load,
        };
        Self { row, cycles, reads, writes }
    }

    fn moves_a_word(&self) -> bool {
        matches!(self.row.1, Cycles::Load | Cycles::Store)
    }
}

/// The words that a load or store of several moves: its floating-point registers, or else those of its list.
fn words(operands: &[Registers]) -> u32 {
    let floats: u32 = operands.iter().map(|&registers| registers.count_ones() - core_registers(registers)).sum();
    if floats > 0 { floats } else { operands.last().map_or(0, |list| list.count_ones()) }
}

/// The core while a block runs.
struct Flow {
    width: u32,
    /// The cycle that instructions issue in, and how many have in it.
    now: u32,
    issued: u32,
    /// When each unit is free, and each register's value there.
    free: [u32; 5],
    ready: [u32; 48],
    end: u32,
}

impl Flow {
    fn issue(&mut self, step: &Step<'_>) {
        let Row(_, _, latency, unit, writes) = *step.row;
        let alone = self.width == 1 || unit == Unit::Whole;
        let mut start = self.now.max(self.ready(step.reads));
        if let Writes::Sum(late) = writes {
            start = start.max(self.ready(step.writes).saturating_sub(late));
        }
        if unit != Unit::Any {
            start = start.max(self.free[unit as usize]);
        }
        if start == self.now && (self.issued == self.width || alone && self.issued > 0) {
            start += 1;
        }
        if start > self.now {
            (self.now, self.issued) = (start, 0);
        }
        self.issued += 1;
        let done = start + step.cycles;
        self.free[unit as usize] = done;
        if alone {
            (self.now, self.issued) = (done, 0);
        }
        for register in bits(step.writes) {
            self.ready[register] = done + latency;
        }
        self.end = self.end.max(done);
    }

    fn ready(&self, registers: Registers) -> u32 {
        bits(registers).map(|register| self.ready[register]).max().unwrap_or(0)
    }
}

fn bits(registers: Registers) -> impl Iterator<Item = usize> {
    (0..48).filter(move |bit| registers >> bit & 1 == 1)
}
