//! Any arrays from a safetensors file, integers kept: reference files.

use super::{decode, file};
use crate::{Problems, Subject};
use std::collections::BTreeMap;
use std::path::Path;

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
/// A file that is missing, is a directory, is truncated or is no safetensors file; and every array of an unknown number type.
pub fn read_any(path: &Path) -> Result<(Arrays, Metadata), Problems> {
    let bytes = file::bytes(path)?;
    let parsed = file::parse(path, &bytes)?;
    let mut problems = Problems::new();
    let mut arrays = BTreeMap::new();
    for (name, view) in parsed.iter() {
        let (dtype, data) = (view.dtype(), view.data());
        let floats = decode::floats(dtype, data).map(Numbers::F32);
        match floats.or_else(|| decode::integers(dtype, data).map(Numbers::I64)) {
            Some(numbers) => {
                arrays.insert(name.to_owned(), Array { shape: view.shape().to_vec(), numbers });
            }
            None => problems.add(
                Subject::Model,
                format!(
                    "array `{name}` of `{}` has numbers of type {dtype:?}, expected one of {}: save it as F32",
                    path.display(),
                    decode::SUPPORTED
                ),
            ),
        }
    }
    problems.finish((arrays, metadata(&bytes)))
}

/// The metadata of a file that has been parsed before.
fn metadata(bytes: &[u8]) -> Metadata {
    let header = ::safetensors::SafeTensors::read_metadata(bytes);
    header.ok().and_then(|(_, header)| header.metadata().clone()).into_iter().flatten().collect()
}
