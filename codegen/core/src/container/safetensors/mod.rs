//! Safetensors: the length of a JSON header, the header, the numbers of all tensors.

mod entry;
mod header;

use super::Metadata;
use super::source::Source;
use super::stored::Stored;
use super::weights::Weights;
use crate::Problems;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The weights in the file.
pub(super) fn open(source: &Arc<Source>) -> Result<Weights, Problems> {
    let (tensors, _) = read(source)?;
    Ok(Weights::new(source.path(), tensors))
}

/// The tensors of the file, and the texts beside them.
pub(super) fn read(source: &Arc<Source>) -> Result<(BTreeMap<String, Stored>, Metadata), Problems> {
    let header = header::read(source)?;
    entry::stored(source, &header).map(|tensors| (tensors, header.metadata))
}
