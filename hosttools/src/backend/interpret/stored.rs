//! The weight blob in memory, read in place as generated code reads it in flash.

use half::{bf16, f16};
use percio_codegen_core::program::Weights;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A copy of a program's blob, aligned for all its numbers.
pub(super) struct Stored {
    words: Vec<u32>,
}

impl Stored {
    pub(super) fn new(blob: &[u8]) -> Self {
        Self { words: blob.as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes)).collect() }
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
        let bytes = &self.words.as_bytes()[part.offset..][..part.len * part.format.bytes()];
        <[T]>::ref_from_bytes(bytes).expect("the compiler aligns every part of the blob")
    }
}
