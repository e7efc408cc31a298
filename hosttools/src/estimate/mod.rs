//! Estimated cycles of a function on a Cortex-M: what QEMU executes × the core's published timing.
//!
//! QEMU knows no cycles, but its log names every block that runs. Its instructions are counted exactly; each block's cycles
//! come from the core's timing table (`cortex_m4`, `cortex_m7`). Memory is taken to have no wait states. The sum is an
//! estimate and is called so wherever it is shown.

mod core;
mod cortex_m4;
mod cortex_m7;
mod instruction;
mod symbol;
mod trace;

use anyhow::{Context, Result};
use core::Core;
use serde::Serialize;
use std::collections::BTreeMap;

pub use symbol::address;
pub use trace::Trace;

/// A core with a timing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Arm's table for the Cortex-M4.
    CortexM4,
    /// LLVM's model of the Cortex-M7.
    CortexM7,
    /// The M4's table, as LLVM takes it for the Cortex-M33.
    CortexM33,
}

/// What a function, or a call with all that it calls, costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Executed instructions, exactly.
    pub instructions: u64,
    /// Estimated cycles.
    pub cycles_estimate: f64,
}

impl Timing {
    fn core(self) -> Core {
        match self {
            Self::CortexM4 => cortex_m4::M4,
            Self::CortexM7 => cortex_m7::M7,
            Self::CortexM33 => cortex_m4::M33,
        }
    }

    /// What the `call`-th recorded call costs, by the functions that ran, as QEMU names them.
    ///
    /// # Errors
    /// When there are fewer calls, or the table lacks an instruction that ran.
    pub fn estimate(self, trace: &Trace, call: usize) -> Result<BTreeMap<String, Cost>> {
        let core = self.core();
        let runs = trace.calls.get(call).with_context(|| {
            format!("call number {} of the function was not seen, only {} were", call + 1, trace.calls.len())
        })?;
        let mut functions: BTreeMap<String, Cost> = BTreeMap::new();
        for (&index, runs) in runs {
            let block = &trace.blocks[index];
            let cost = functions.entry(block.function.clone()).or_default();
            cost.instructions += runs.all * block.instructions.len() as u64;
            cost.cycles_estimate += runs.all as f64 * f64::from(core.cycles(&block.instructions)?);
            cost.cycles_estimate += runs.jumped as f64 * core.refill;
        }
        Ok(functions)
    }
}

impl std::ops::Sub for Cost {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            instructions: self.instructions - other.instructions,
            cycles_estimate: self.cycles_estimate - other.cycles_estimate,
        }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            instructions: sum.instructions + cost.instructions,
            cycles_estimate: sum.cycles_estimate + cost.cycles_estimate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instruction::Instruction;

    /// Cycles of a block.
    fn cycles(timing: Timing, block: &[&str]) -> u32 {
        let line = |text: &&str| Instruction::parse(&format!("0x00000400:  eef0 0a40  {text}")).expect("well formed");
        let block: Vec<Instruction> = block.iter().map(line).collect();
        timing.core().cycles(&block).expect("the table has them")
    }

    #[test]
    fn the_m4_is_as_its_manual_says() {
        let m4 = |block: &[&str]| cycles(Timing::CortexM4, block);
        assert_eq!(m4(&["add r0, r1, r2"]), 1);
        assert_eq!(m4(&["ldr r0, [r1]"]), 2);
        assert_eq!(m4(&["ldr r0, [r1]", "ldr r2, [r1, #4]", "ldr r3, [r1, #8]"]), 4, "loads pipeline");
        assert_eq!(m4(&["ldr r0, [r1]", "ldr r2, [r0]"]), 4, "not when one gives the address of the next");
        assert_eq!(m4(&["str r0, [r1, #4]", "str r0, [r1, r2]"]), 2);
        assert_eq!(m4(&["str r0, [r1, r2]"]), 2);
        assert_eq!(m4(&["push {r4, r5, lr}", "ldrd r0, r1, [r2]", "vldmia r0!, {s0, s1, s2, s3}"]), 4 + 3 + 5);
        assert_eq!(m4(&["stm r7!, {r0, r1}", "vstmia r7!, {s0, s1}"]), 3 + 3);
        assert_eq!(m4(&["vldr s0, [r0]", "vldr d1, [r0]", "vstr s0, [r0]"]), 2 + 3 + 2);
        assert_eq!(m4(&["vmul.f32 s0, s1, s2", "vadd.f32 s3, s3, s4"]), 2);
        assert_eq!(m4(&["vmul.f32 s0, s1, s2", "vadd.f32 s3, s3, s0"]), 3, "the result is consumed at once");
        assert_eq!(m4(&["vmla.f32 s0, s1, s2", "vdivgt.f32 s3, s4, s5"]), 3 + 14);
        assert_eq!(m4(&["vmov s0, r1", "vmov r0, r1, s0, s1", "vmov.f32 s0, #1.0"]), 1 + 2 + 1);
    }

    #[test]
    fn the_m7_issues_two_at_once() {
        let m7 = |block: &[&str]| cycles(Timing::CortexM7, block);
        assert_eq!(m7(&["add r0, r1, r2", "add r3, r4, r5"]), 1);
        assert_eq!(m7(&["add r0, r1, r2", "add r3, r0, r5"]), 2, "the second needs the first");
        assert_eq!(m7(&["vldr s0, [r0]", "vfma.f32 s1, s2, s3"]), 1);
        assert_eq!(m7(&["vfma.f32 s1, s2, s3", "vfma.f32 s4, s2, s3"]), 2, "there is one floating-point unit");
        assert_eq!(m7(&["vfma.f32 s1, s2, s3", "vfma.f32 s1, s4, s5"]), 4, "a sum waits for itself");
        assert_eq!(m7(&["vldmia r0!, {s0, s1, s2, s3}", "add r1, r1, #1"]), 3, "several words go alone");
    }

    #[test]
    fn a_call_that_was_not_seen_has_no_estimate() {
        let error = Timing::CortexM4.estimate(&Trace::default(), 1).expect_err("there is none");
        assert_eq!(error.to_string(), "call number 2 of the function was not seen, only 0 were");
    }

    #[test]
    fn an_unknown_instruction_is_named() {
        let line = Instruction::parse("0x00000400:  eef0 0a40  wonder r0, r1").expect("well formed");
        let error = Timing::CortexM33.core().cycles(&[line]).expect_err("no row");
        assert_eq!(error.to_string(), "the Cortex-M33's timing table has no row for `wonder` at 0x00000400: add one");
    }
}
