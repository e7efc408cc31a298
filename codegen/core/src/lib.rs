//! The compiler behind `#[percio::model]`: a trained Perceiver IO in, statically sized `no_std` Rust out.
//!
//! ```text
//! directory ─container→ named tensors ─scheme→ Model ─passes→ Model ─plan→ Program ─emit→ Rust
//!                                                                            └─ interpreted by percio-hosttools
//! ```
//! [`load`] reads a model directory, [`compile`] plans it, [`emit`] writes it. Every mistake a user can make is a
//! [`Problem`], and all of them are reported at once.
#![forbid(unsafe_code)]

pub mod container;
mod emit;
pub mod front;
pub mod model;
pub mod passes;
pub mod plan;
mod problem;
pub mod program;
pub mod scheme;

pub use emit::{BlobSource, EmitOptions, Header, emit};
pub use front::{Build, expand};
pub use plan::{AfterLast, CompileOptions, Optimize, Outputs, compile, impossible};
pub use problem::{Problem, Problems, Subject};
pub use scheme::{ANY_INPUT, LoadOptions, load, outline};
