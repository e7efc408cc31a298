//! What the programs share: kernels with their operands, and numbers for them.
#![no_std]

mod kernels;
mod random;

pub use kernels::{RunAttention, RunLinear, RunNorm, RunWiden};
pub use random::Random;

/// Numbers in the largest operand.
pub const ROOM: usize = 4096;
