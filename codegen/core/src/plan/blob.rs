//! The weight blob: every tensor once, packed for the kernels, at aligned offsets.

use crate::model::Tensor;
use crate::program::{Part, WeightFormat, Weights};
use half::{bf16, f16};
use percio_format::{ALIGN, pack, packed_len};
use std::collections::HashMap;
use std::sync::Arc;

/// Collects weights.
#[derive(Default)]
pub(super) struct Blob {
    /// Nothing is written, offsets are counted all the same.
    is_draft: bool,
    /// How matrices and tables of embeddings are stored.
    format: WeightFormat,
    bytes: Vec<u8>,
    len: usize,
    parts: Vec<Part>,
    /// Keeps every tensor it has seen alive, so that an address stands for one tensor.
    known: HashMap<(*const Vec<f32>, Kind), Known>,
}

/// What a tensor is stored as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Plain,
    Table,
    Packed,
}

/// A tensor, and where it lies.
type Known = (Arc<Vec<f32>>, Weights);

impl Blob {
    /// A blob whose matrices are stored as `format`.
    pub(super) fn new(format: WeightFormat) -> Self {
        Self { format, ..Self::default() }
    }

    /// A blob that is only measured.
    pub(super) fn draft(format: WeightFormat) -> Self {
        Self { is_draft: true, ..Self::new(format) }
    }

    /// `tensor` as it is.
    pub(super) fn plain(&mut self, tensor: &Tensor) -> Weights {
        let push = |blob: &mut Self| blob.push(&tensor.name, tensor.len(), WeightFormat::F32, || tensor.data.to_vec());
        self.once(tensor, Kind::Plain, push)
    }

    /// The rows of `tensor`, of which steps look up some.
    pub(super) fn table(&mut self, tensor: &Tensor) -> Weights {
        let format = self.format;
        let push = |blob: &mut Self| blob.push(&tensor.name, tensor.len(), format, || tensor.data.to_vec());
        self.once(tensor, Kind::Table, push)
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
        let format = self.format;
        self.once(tensor, Kind::Packed, |blob| blob.push(&tensor.name, len, format, pack))
    }

    /// The bytes, and what lies where.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<Part>) {
        (self.bytes, self.parts)
    }

    fn once(&mut self, tensor: &Tensor, kind: Kind, add: impl FnOnce(&mut Self) -> Weights) -> Weights {
        let key = (Arc::as_ptr(&tensor.data), kind);
        if let Some((_, weights)) = self.known.get(&key) {
            return *weights;
        }
        let weights = add(self);
        self.known.insert(key, (Arc::clone(&tensor.data), weights));
        weights
    }

    fn push(&mut self, name: &str, len: usize, format: WeightFormat, numbers: impl FnOnce() -> Vec<f32>) -> Weights {
        let (offset, bytes) = (self.len, len * format.bytes());
        self.len = (offset + bytes).next_multiple_of(ALIGN);
        if !self.is_draft {
            let numbers = numbers();
            let numbers = numbers.iter().copied();
            match format {
                WeightFormat::F32 => self.bytes.extend(numbers.flat_map(f32::to_le_bytes)),
                WeightFormat::F16 => self.bytes.extend(numbers.flat_map(|x| f16::from_f32(x).to_le_bytes())),
                WeightFormat::Bf16 => self.bytes.extend(numbers.flat_map(|x| bf16::from_f32(x).to_le_bytes())),
            }
            self.bytes.resize(self.len, 0);
        }
        self.parts.push(Part { name: name.to_owned(), offset, bytes, format });
        Weights { offset, len, format }
    }
}
