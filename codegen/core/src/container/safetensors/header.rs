//! The header: named entries, each of them once.

use crate::Problems;
use crate::container::Metadata;
use crate::container::source::{Source, Span};
use serde_core::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// Bytes of the length before the header.
const LENGTH_BYTES: u64 = 8;

/// A header as it is written.
pub(super) struct Header {
    /// What is said about each tensor, in the order of the file; a name may be there twice.
    pub(super) entries: Vec<(String, Value)>,
    /// The texts beside the tensors.
    pub(super) metadata: Metadata,
    /// What follows the header: the numbers of all tensors.
    pub(super) data: Span,
}

/// The header of the file.
pub(super) fn read(source: &Arc<Source>) -> Result<Header, Problems> {
    let (shown, have) = (source.path().display(), source.len());
    let whole = Span::whole(source);
    let Some(length) = whole.part(0, LENGTH_BYTES) else {
        return Err(Problems::model(format!(
            "`{shown}` has {have} bytes, fewer than the {LENGTH_BYTES} any safetensors file starts with: write or copy it again"
        )));
    };
    let length = length.bytes()?.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let Some(span) = whole.part(LENGTH_BYTES, length) else {
        return Err(Problems::model(format!(
            "`{shown}` announces a header of {length} bytes and has {have} bytes in all: it is truncated or not a \
             safetensors file; write or copy it again"
        )));
    };
    let wrong = |what: String| {
        Problems::model(format!(
            "the header of `{shown}` is not a safetensors header ({what}): write the file again as safetensors"
        ))
    };
    let Entries(mut entries) = serde_json::from_slice(&span.bytes()?).map_err(|error| wrong(error.to_string()))?;
    let metadata = entries.iter().position(|(name, _)| name == "__metadata__").map(|at| entries.remove(at).1);
    let metadata = metadata.map_or(Ok(Metadata::new()), |value| {
        serde_json::from_value(value).map_err(|error| wrong(format!("`__metadata__`: {error}")))
    })?;
    Ok(Header { entries, metadata, data: whole.from(LENGTH_BYTES + length) })
}

/// The members of a JSON object in their order, repeated names kept.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object {…}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
