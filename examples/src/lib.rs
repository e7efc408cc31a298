//! What the examples share: recorded windows with the answers of the framework that trained the model.
//!
//! The examples themselves lie beside this package's `Cargo.toml`, the models in `models/`, bare-metal programs in
//! `firmware/`.

mod recording;

pub use recording::Recording;
