//! The weight blob in memory, read in place as generated code reads it in flash.

use half::{bf16, f16};
use percio_codegen_core::program::Weights;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A program's blob, aligned for all its numbers.
pub(super) struct Stored<'a> {
    blob: &'a [u8],
    /// A copy that is aligned, where the blob itself is not.
    words: Vec<u32>,
}

impl<'a> Stored<'a> {
    pub(super) fn new(blob: &'a [u8]) -> Self {
        let copy = || blob.as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes)).collect();
        let is_aligned = <[u32]>::ref_from_bytes(blob).is_ok();
        Self { blob, words: if is_aligned { Vec::new() } else { copy() } }
    }

    pub(super) fn f32(&self, part: Weights) -> &[f32] {
        self.numbers(part)
    }

    pub(super) fn f16(&self, part: Weights) -> &[f16] {
        self.numbers(part)
    }

    pub(super) fn bf16(&self, part: Weights) -> &[bf16] {
        self.numbers(part)
    }

    fn numbers<T: FromBytes + Immutable + KnownLayout>(&self, part: Weights) -> &[T] {
        let blob = if self.words.is_empty() { self.blob } else { self.words.as_bytes() };
        let bytes = &blob[part.offset..][..part.len * part.format.bytes()];
        <[T]>::ref_from_bytes(bytes).expect("the compiler aligns every part of the blob")
    }
}
