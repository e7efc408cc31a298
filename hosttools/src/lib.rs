//! What the `percio` command does: show, compare, measure and run compiled models.
//!
//! A [`Program`](percio_codegen_core::program::Program) runs on a back end ([`backend`]): interpreted here,
//! generated and built for this machine, or generated and built for a board in QEMU. [`mod@reference`] reads what a
//! model computed where it was trained, [`metrics`] says how far a back end is from it.
#![forbid(unsafe_code)]

#[macro_use]
mod output;

pub mod backend;
pub mod board;
pub mod cli;
mod cmd;
mod device;
pub mod estimate;
pub mod evaluation;
pub mod generate;
pub mod input_file;
pub mod labels;
mod looks;
mod machine;
pub mod metrics;
mod options;
mod parallel;
pub mod peak;
mod picture;
mod progress;
pub mod reference;
mod report;
pub mod sample;
pub mod save;
mod stages;
mod table;
