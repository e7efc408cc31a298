//! Bytes to named tensors, without meaning.
//!
//! [`open`] reads what a file says about its tensors: names, shapes, number types, where the numbers are. The numbers
//! themselves are read when a tensor is taken, straight into their final place, so that a file is never in memory twice.

mod arrays;
mod decode;
mod format;
mod index;
mod number;
mod safetensors;
mod source;
mod stored;
mod weights;

pub use arrays::{Array, Arrays, Metadata, Numbers, read_any};
pub use stored::Stored;
pub use weights::Weights;

use crate::Problems;
use format::{Content, Format};
use source::Source;
use std::path::Path;
use std::sync::Arc;

/// Opens the checkpoint at `path`, whose format is told by its content.
///
/// # Errors
/// A file that is missing, is a directory, is truncated or is no checkpoint; and every tensor that contradicts the rest
/// of the file or whose numbers are of an unknown type.
pub fn open(path: &Path) -> Result<Weights, Problems> {
    let source = Arc::new(Source::open(path)?);
    match format::recognise(&source)? {
        Content::Index => index::open(&source),
        Content::Tensors(format) => tensors(&source, format),
    }
}

/// The weights of one file.
fn tensors(source: &Arc<Source>, format: Format) -> Result<Weights, Problems> {
    match format {
        Format::Safetensors => safetensors::open(source),
    }
}
