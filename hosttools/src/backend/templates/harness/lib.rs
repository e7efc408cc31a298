//! A model behind a line: answers `percio compare --backend serial:DEVICE` and `percio bench` from a board.
//!
//! ```ignore
//! static mut HARNESS: Harness = Harness::new();
//! // …
//! HARNESS.serve(&mut uart) // your type that implements `Port`
//! ```
#![no_std]

mod feed;
mod model;
mod sample;
mod serve;

pub use serve::{Harness, Port};
