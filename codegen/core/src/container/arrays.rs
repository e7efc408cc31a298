//! Any arrays from a safetensors file, integers kept: reference files.

use super::format::{self, Content, Format};
use super::safetensors;
use super::source::Source;
use super::stored::Stored;
use crate::Problems;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// An array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The numbers.
    pub numbers: Numbers,
}

/// The numbers of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// From F32, F16, BF16 or F64 (rounded); may be infinite or NaN.
    F32(Vec<f32>),
    /// From integers, and from BOOL as 0 and 1.
    I64(Vec<i64>),
}

/// Arrays by name.
pub type Arrays = BTreeMap<String, Array>;

/// The texts beside the arrays, by name.
pub type Metadata = BTreeMap<String, String>;

/// Reads every array and the metadata of the safetensors file at `path`. Numbers need not be finite.
///
/// # Errors
/// As [`open_any`].
pub fn read_any(path: &Path) -> Result<(Arrays, Metadata), Problems> {
    let (stored, metadata) = open_any(path)?;
    let read = |(name, stored): (String, Stored)| {
        Ok((name, Array { shape: stored.shape().to_vec(), numbers: stored.numbers()? }))
    };
    Ok((stored.into_iter().map(read).collect::<Result<_, Problems>>()?, metadata))
}

/// The arrays of the safetensors file at `path`, whose numbers stay there until they are asked for, and its metadata.
///
/// # Errors
/// A file that is missing, is a directory, is truncated or is no safetensors file; and every array of an unknown number type.
pub fn open_any(path: &Path) -> Result<(BTreeMap<String, Stored>, Metadata), Problems> {
    let source = Arc::new(Source::open(path)?);
    if format::recognise(&source)? != Content::Tensors(Format::Safetensors) {
        let shown = path.display();
        return Err(Problems::model(format!(
            "`{shown}` is no safetensors file, expected one: save the arrays as safetensors"
        )));
    }
    safetensors::read(&source)
}
