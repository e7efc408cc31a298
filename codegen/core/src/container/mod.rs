//! Bytes to named tensors, without meaning.

mod arrays;
mod decode;
mod file;
mod safetensors;

pub use arrays::{Array, Arrays, Metadata, Numbers, read_any};
pub use safetensors::read;
