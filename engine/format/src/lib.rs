//! The contract between percio's compiler and its runtime: how weights lie in flash, and the names both sides use.
//!
//! A weight matrix `[outputs, inputs]` is stored as panels of [`PANEL`] outputs. Inside a panel the numbers of one
//! input lie side by side, so a kernel walks flash strictly forward and finds a whole vector of outputs at each step:
//!
//! ```text
//! panel 0: w[0][0] w[1][0] … w[7][0] | w[0][1] … w[7][1] | … | w[0][k-1] … w[7][k-1]
//! panel 1: w[8][0] …
//! ```
//! Outputs beyond the last are zeros. Numbers are little-endian and every part of the blob starts at a multiple of [`ALIGN`].
#![no_std]
#![forbid(unsafe_code)]

mod activation;
mod checksum;
mod pack;
mod positions;
mod weights;

pub use activation::Activation;
pub use checksum::{Crc32, crc32};
pub use pack::{pack, packed_len, unpacked};
pub use positions::Positions;
pub use weights::WeightFormat;

/// Outputs in one panel of a packed matrix.
pub const PANEL: usize = 8;

/// Alignment, in bytes, of a blob and of every part in it.
pub const ALIGN: usize = 16;
