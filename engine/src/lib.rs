//! Perceiver IO on microcontrollers.
//!
//! The attribute [`model`] turns a trained checkpoint (configuration and weights) into a statically sized type:
//!
//! ```
//! /// Tells seven shoulder exercises from four seconds of wrist motion.
//! #[percio::model("../examples/models/motion", outside = true)]
//! pub struct Motion;
//!
//! let mut net = Motion::new(); // const: usable in a static; size_of::<Motion>() is the RAM it needs
//! let window = MotionInput { acceleration: [[0.0, 0.0, 1.0]; 200], rotation: [[0.0; 3]; 100] };
//! let logits: &[f32; 7] = net.infer(&window); // no heap, no panic, no Result
//! let (class, _) = percio::top::<1>(logits)[0];
//! println!("{}", Motion::LABELS[class]);
//! ```
//!
//! The rest of this crate is what the generated code calls: [`layers`] are the steps of a model, built from [`kernels`]
//! over the vector operations of an [`isa`]. Letters in comments: N input tokens, C input channels, M latents,
//! D latent width, H heads, Q output queries, O output width.
//!
//! Features: `macros` (default) brings the attribute, `std` chooses the instruction set at run time on hosts,
//! `reference` the textbook twins that tests compare kernels with.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]

#[cfg(target_endian = "big")]
compile_error!(
    "percio stores weights as little-endian bytes and reads them in place: big-endian targets are not supported"
);

mod arena;
mod blob;
mod concat;
mod generator;
pub mod isa;
pub mod kernels;
pub mod layers;
pub mod lengths;
mod model;
#[cfg(feature = "reference")]
pub mod reference;
pub mod sequence;
mod state;
mod tiles;
mod top;

pub use arena::{Arena, split};
pub use blob::Blob;
pub use concat::concat;
pub use generator::Generator;
pub use model::Model;
#[cfg(feature = "macros")]
pub use percio_codegen::model;
pub use percio_format::{Activation, Positions};
pub use state::State;
pub use tiles::{independent_tile, independent_tiles, runs, tiles};
pub use top::top;
