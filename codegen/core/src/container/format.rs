//! Which format a file is in, by its first bytes.

use super::source::Source;
use crate::Problems;
use std::path::Path;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The list of files that a sharded checkpoint consists of.
    Index,
    /// Tensors.
    Tensors(Format),
}

/// A format of tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Safetensors.
    Safetensors,
    /// A zip archive: torch's format, and NumPy's for several arrays.
    Zip,
    /// torch's format before 1.6.
    LegacyTorch,
    /// A pickle: Haiku's parameters.
    Pickle,
}

impl Format {
    /// The format in a few words.
    #[cfg(not(all(feature = "torch", feature = "haiku")))]
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Safetensors => "a safetensors file",
            Self::Zip => "a zip archive, as torch and NumPy write",
            Self::LegacyTorch => "a pickle, as torch before 1.6 writes",
            Self::Pickle => "a pickle",
        }
    }
}

/// Bytes that tell a format.
const HEAD: usize = 512;

/// First bytes of each format that has such.
const MAGIC: [(&[u8], Format); 6] = [
    (b"PK\x03\x04", Format::Zip),
    // A pickle of the number 0x1950a86a20f9469cfc6c.
    (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", Format::LegacyTorch),
    (b"\x80\x02", Format::Pickle),
    (b"\x80\x03", Format::Pickle),
    (b"\x80\x04", Format::Pickle),
    (b"\x80\x05", Format::Pickle),
];

/// First bytes of files that are often taken for weights, what such a file is, and what to do.
const OTHERS: [(&[u8], &str, &str); 6] = [
    (b"\x93NUMPY", "one array of NumPy, expected named ones", "save them with `numpy.savez`"),
    (b"version https://git-lfs", "a Git LFS pointer, not the weights", "fetch them with `git lfs pull`"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes", "save the weights as safetensors"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it"),
    (b"<!DOCTYPE", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
];

/// What the file holds.
pub(super) fn recognise(source: &Source) -> Result<Content, Problems> {
    let (head, shown) = (source.head(HEAD)?, source.path().display());
    if head.is_empty() {
        return Err(Problems::model(format!("`{shown}` is empty, expected weights: write or copy it again")));
    }
    // First, for the length of such a header may look like the start of anything.
    if starts_with_header(&head) {
        return Ok(Content::Tensors(Format::Safetensors));
    }
    if let Some((_, kind, remedy)) = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(Problems::model(format!("`{shown}` is {kind}: {remedy}")));
    }
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Ok(Content::Tensors(*format));
    }
    if extension(source.path()) == "safetensors" {
        return Ok(Content::Tensors(Format::Safetensors));
    }
    if head.trim_ascii_start().first() == Some(&b'{') {
        return Ok(Content::Index);
    }
    let first: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Err(Problems::model(format!(
        "`{shown}` starts with the bytes {}, which no known format of weights does: save the weights as safetensors",
        first.join(" ")
    )))
}

/// Whether a length below 4 GiB and a JSON object follow: text has printable bytes where this has zeros.
fn starts_with_header(head: &[u8]) -> bool {
    head.get(4..9) == Some(b"\0\0\0\0{")
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}
