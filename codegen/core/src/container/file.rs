//! A safetensors file in memory, and what can be wrong with it.

use crate::Problems;
use ::safetensors::{SafeTensorError, SafeTensors};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Bytes of a file before its header.
const LENGTH_BYTES: usize = 8;

/// All bytes of the file at `path`.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Problems> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Problems::model(format!(
            "`{shown}` is a directory, expected a safetensors file: name the file itself"
        )));
    }
    fs::read(path).map_err(|error| {
        Problems::model(match error.kind() {
            ErrorKind::NotFound => format!("`{shown}` does not exist: save the weights there, or correct the path"),
            _ => format!("`{shown}` cannot be read ({error}): make it readable, or correct the path"),
        })
    })
}

/// The tensors in `bytes`, which came from `path`.
pub(super) fn parse<'b>(path: &Path, bytes: &'b [u8]) -> Result<SafeTensors<'b>, Problems> {
    SafeTensors::deserialize(bytes).map_err(|error| Problems::model(explain(path, bytes, &error)))
}

fn explain(path: &Path, bytes: &[u8], error: &SafeTensorError) -> String {
    let (shown, have) = (path.display(), bytes.len());
    if bytes.starts_with(b"version https://git-lfs") {
        return format!("`{shown}` is a Git LFS pointer, not the weights: fetch them with `git lfs pull`");
    }
    match error {
        SafeTensorError::HeaderTooSmall => {
            format!(
                "`{shown}` has {have} bytes, fewer than the {LENGTH_BYTES} any safetensors file starts with: write or copy it again"
            )
        }
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            let length = bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
            format!(
                "`{shown}` announces a header of {length} bytes and has {have} bytes in all: \
                 it is truncated or not a safetensors file; write or copy it again"
            )
        }
        SafeTensorError::MetadataIncompleteBuffer => wrong_length(path, bytes),
        SafeTensorError::InvalidHeaderDeserialization(error) => {
            format!(
                "the header of `{shown}` is not a safetensors header ({error}): write the file again as safetensors"
            )
        }
        error => format!("the header of `{shown}` contradicts itself ({error}): write the file again as safetensors"),
    }
}

/// The header is sound, but the data is shorter or longer than it says.
fn wrong_length(path: &Path, bytes: &[u8]) -> String {
    let (shown, have) = (path.display(), bytes.len());
    match promised(bytes) {
        Some(promised) if promised > have as u64 => {
            format!(
                "`{shown}` is truncated: it has {have} bytes of the {promised} that its header promises; write or copy it again"
            )
        }
        Some(promised) => {
            format!(
                "`{shown}` has {have} bytes, {} more than its header describes; write or copy it again",
                have as u64 - promised
            )
        }
        None => format!("the data of `{shown}` does not end where its header says; write or copy it again"),
    }
}

/// Length of the file by its header.
fn promised(bytes: &[u8]) -> Option<u64> {
    let header = u64::from_le_bytes(*bytes.first_chunk()?);
    let start = LENGTH_BYTES + usize::try_from(header).ok()?;
    let json: serde_json::Value = serde_json::from_slice(bytes.get(LENGTH_BYTES..start)?).ok()?;
    let ends = json.as_object()?.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
    Some(start as u64 + ends.max().unwrap_or(0))
}
