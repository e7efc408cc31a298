//! Where the numbers of a tensor are: in the file as they are, or compressed.

use super::source::{Source, Span};
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes in a file.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// As they are.
    Plain(Span),
    /// `len` bytes from `start` on of what the deflate stream `packed` unpacks to.
    #[cfg(any(feature = "torch", feature = "haiku"))]
    Deflated {
        /// The stream.
        packed: Span,
        /// Unpacked bytes before the first.
        start: u64,
        /// How many bytes.
        len: u64,
    },
}

impl Place {
    /// The file.
    pub(super) fn source(&self) -> &Arc<Source> {
        match self {
            Self::Plain(span) => span.source(),
            #[cfg(any(feature = "torch", feature = "haiku"))]
            Self::Deflated { packed, .. } => packed.source(),
        }
    }

    /// How many bytes.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Plain(span) => span.len(),
            #[cfg(any(feature = "torch", feature = "haiku"))]
            Self::Deflated { len, .. } => *len,
        }
    }

    /// Whether they lie in the file as they are.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// The bytes one after the other.
    pub(super) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Plain(span) => Box::new(span.reader()),
            #[cfg(any(feature = "torch", feature = "haiku"))]
            Self::Deflated { packed, start, len } => {
                let mut unpacked = flate2::read::DeflateDecoder::new(packed.reader());
                io::copy(&mut unpacked.by_ref().take(*start), &mut io::sink())?;
                Box::new(unpacked.take(*len))
            }
        })
    }
}

impl Place {
    /// `len` of the bytes from `start` on, if they are there.
    pub(super) fn part(&self, start: u64, len: u64) -> Option<Self> {
        match self {
            Self::Plain(span) => span.part(start, len).map(Self::Plain),
            #[cfg(any(feature = "torch", feature = "haiku"))]
            Self::Deflated { packed, start: from, len: have } => {
                let fits = start.checked_add(len)? <= *have;
                fits.then(|| Self::Deflated { packed: packed.clone(), start: from + start, len })
            }
        }
    }
}

#[cfg(any(feature = "torch", feature = "haiku"))]
impl Place {
    /// The bytes as a stretch that can be read in any order.
    pub(super) fn unpacked(&self) -> Result<Span, crate::Problems> {
        if let Self::Plain(span) = self {
            return Ok(span.clone());
        }
        let (source, mut bytes) = (self.source(), Vec::new());
        let read = self.reader().and_then(|mut reader| reader.read_to_end(&mut bytes));
        read.map_err(|error| source.unreadable(&error))?;
        Ok(Span::whole(&Arc::new(Source::unpacked(source.path(), bytes))))
    }
}
