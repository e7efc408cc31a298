//! Kernels on the boards that QEMU emulates: the program of `tests/device` against the twins, and what kernels and models
//! cost against `benches/record/boards.json`; generators.

mod bars;
mod build;
mod costs;
mod opcodes;
mod record;
mod sequence;
mod twins;
