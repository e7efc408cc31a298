//! Bytes to named tensors, without meaning.
//!
//! [`open`] reads what a file says about its tensors: names, shapes, number types, where the numbers are. The numbers
//! themselves are looked at when a tensor is taken, so that what is wrong with them is said with all else, and read when they are
//! needed: a matrix is in memory only while somebody works on it.

mod arrays;
mod decode;
mod format;
#[cfg(feature = "haiku")]
mod haiku;
mod index;
mod number;
#[cfg(any(feature = "torch", feature = "haiku"))]
#[cfg_attr(not(feature = "haiku"), allow(dead_code, reason = "torch's files hold single numbers of NumPy"))]
mod numpy;
#[cfg(any(feature = "torch", feature = "haiku"))]
#[cfg_attr(not(all(feature = "torch", feature = "haiku")), allow(dead_code, reason = "each reader has its part"))]
mod pickle;
mod place;
mod safetensors;
mod source;
mod stored;
mod strides;
#[cfg(feature = "torch")]
mod torch;
#[cfg(any(feature = "torch", feature = "haiku"))]
mod view;
mod weights;
#[cfg(any(feature = "torch", feature = "haiku"))]
mod zip;

pub use arrays::{Array, Arrays, Metadata, Numbers, open_any, read_any};
#[cfg(feature = "haiku")]
pub use numpy::read_npy;
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
        #[cfg(any(feature = "torch", feature = "haiku"))]
        Format::Zip => archive(source),
        #[cfg(feature = "torch")]
        Format::LegacyTorch => torch::open_legacy(source),
        #[cfg(feature = "haiku")]
        Format::Pickle => haiku::open(source),
        #[cfg(not(all(feature = "torch", feature = "haiku")))]
        other => Err(Problems::model(format!(
            "`{0}` is {1}, which is not read here: run `percio import {0} -o DIRECTORY` and name that directory",
            source.path().display(),
            other.describe()
        ))),
    }
}

/// The weights of a zip archive.
#[cfg(any(feature = "torch", feature = "haiku"))]
fn archive(source: &Arc<Source>) -> Result<Weights, Problems> {
    let archive = zip::Archive::read(source)?;
    #[cfg(feature = "torch")]
    if let Some(weights) = torch::open_zip(source, &archive) {
        return weights;
    }
    #[cfg(feature = "haiku")]
    if let Some(weights) = numpy::archive(source, &archive) {
        return weights;
    }
    let names: Vec<String> = archive.names().take(8).map(|name| format!("`{name}`")).collect();
    Err(Problems::model(format!(
        "`{}` is a zip archive of {}, expected `data.pkl` in a directory (torch) or files that end in .npy (NumPy): name the \
         file of the weights",
        source.path().display(),
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    )))
}
