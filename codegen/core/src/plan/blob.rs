//! The weight blob: every tensor once, packed for the kernels, at aligned offsets.

use crate::model::Tensor;
use crate::program::{Part, Weights};
use percio_format::{ALIGN, pack, packed_len};
use std::collections::HashMap;
use std::sync::Arc;

/// Collects weights.
#[derive(Default)]
pub(super) struct Blob {
    /// Nothing is written, offsets are counted all the same.
    is_draft: bool,
    bytes: Vec<u8>,
    len: usize,
    parts: Vec<Part>,
    /// Keeps every tensor it has seen alive, so that an address stands for one tensor.
    known: HashMap<(*const Vec<f32>, bool), Known>,
}

/// A tensor, and where it lies.
type Known = (Arc<Vec<f32>>, Weights);

impl Blob {
    /// A blob that is only measured.
    pub(super) fn draft() -> Self {
        Self { is_draft: true, ..Self::default() }
    }

    /// `tensor` as it is.
    pub(super) fn plain(&mut self, tensor: &Tensor) -> Weights {
        self.once(tensor, false, |blob| blob.push(&tensor.name, tensor.len(), || tensor.data.to_vec()))
    }

    /// `tensor` as it is, or nothing.
    pub(super) fn optional(&mut self, tensor: Option<&Tensor>) -> Weights {
        tensor.map_or(Weights::NONE, |tensor| self.plain(tensor))
    }

    /// The matrix `tensor`, packed.
    pub(super) fn packed(&mut self, tensor: &Tensor) -> Weights {
        let len = packed_len(tensor.rows(), tensor.columns());
        let pack = || {
            let mut packed = vec![0.0; len];
            pack(&tensor.data, tensor.rows(), tensor.columns(), &mut packed);
            packed
        };
        self.once(tensor, true, |blob| blob.push(&tensor.name, len, pack))
    }

    /// The bytes, and what lies where.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<Part>) {
        (self.bytes, self.parts)
    }

    fn once(&mut self, tensor: &Tensor, packed: bool, add: impl FnOnce(&mut Self) -> Weights) -> Weights {
        let key = (Arc::as_ptr(&tensor.data), packed);
        if let Some((_, weights)) = self.known.get(&key) {
            return *weights;
        }
        let weights = add(self);
        self.known.insert(key, (Arc::clone(&tensor.data), weights));
        weights
    }

    fn push(&mut self, name: &str, len: usize, numbers: impl FnOnce() -> Vec<f32>) -> Weights {
        let offset = self.len;
        self.len = (offset + len * 4).next_multiple_of(ALIGN);
        if !self.is_draft {
            self.bytes.extend(numbers().iter().flat_map(|number| number.to_le_bytes()));
            self.bytes.resize(self.len, 0);
        }
        self.parts.push(Part { name: name.to_owned(), offset, bytes: len * 4 });
        Weights { offset, len }
    }
}
