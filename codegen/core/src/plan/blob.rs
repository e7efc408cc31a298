//! The weight blob: every tensor once, packed for the kernels, at aligned offsets.
//!
//! It is laid out while a model is lowered, and written when the model is gone: each tensor is read when its turn comes and
//! dropped as soon as it is in the blob, so that a model and its blob are never in memory side by side.

use crate::Problems;
use crate::model::{Data, Tensor};
use crate::program::{Part, WeightFormat, Weights};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use percio_format::{ALIGN, PANEL, pack, packed_len};
use std::collections::HashMap;

/// Collects weights.
#[derive(Default)]
pub(super) struct Blob {
    /// Nothing will be written, offsets are counted all the same.
    is_draft: bool,
    /// How matrices and tables of embeddings are stored.
    format: WeightFormat,
    len: usize,
    parts: Vec<Part>,
    layout: Layout,
    /// Keeps every tensor it has seen alive, so that an address stands for one tensor.
    known: HashMap<(usize, Kind), Known>,
}

/// What a tensor is stored as.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Plain,
    Table,
    Packed,
    Reversed,
}

/// A tensor, and where it lies.
type Known = (Data, Weights);

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
        self.once(tensor, Kind::Plain, tensor.len(), WeightFormat::F32)
    }

    /// The rows of `tensor` in reverse order.
    pub(super) fn reversed(&mut self, tensor: &Tensor) -> Weights {
        let key = (tensor.data.address(), Kind::Reversed);
        if let Some((_, weights)) = self.known.get(&key) {
            return *weights;
        }
        let weights = self.plain(&tensor.reversed());
        self.known.insert(key, (tensor.data.clone(), weights));
        weights
    }

    /// The rows of `tensor`, of which steps look up some.
    pub(super) fn table(&mut self, tensor: &Tensor) -> Weights {
        self.once(tensor, Kind::Table, tensor.len(), self.format)
    }

    /// `tensor` as it is, or nothing.
    pub(super) fn optional(&mut self, tensor: Option<&Tensor>) -> Weights {
        tensor.map_or(Weights::NONE, |tensor| self.plain(tensor))
    }

    /// The matrix `tensor`, packed.
    pub(super) fn packed(&mut self, tensor: &Tensor) -> Weights {
        self.once(tensor, Kind::Packed, packed_len(tensor.rows(), tensor.columns()), self.format)
    }

    /// What is to be written, and what will lie where.
    pub(super) fn finish(self) -> (Layout, Vec<Part>) {
        (self.layout, self.parts)
    }

    /// `len` numbers of the tensor, each stored as `format`.
    fn once(&mut self, tensor: &Tensor, kind: Kind, len: usize, format: WeightFormat) -> Weights {
        let key = (tensor.data.address(), kind);
        if let Some((_, weights)) = self.known.get(&key) {
            return *weights;
        }
        let (weights, bytes) = (Weights { offset: self.len, len, format }, len * format.bytes());
        self.len = (self.len + bytes).next_multiple_of(ALIGN);
        self.parts.push(Part { name: tensor.name.clone(), offset: weights.offset, bytes, format });
        if !self.is_draft {
            let packed = (kind == Kind::Packed).then(|| tensor.columns());
            self.layout.entries.push(Entry { numbers: tensor.data.clone(), len, format, packed });
            self.layout.len = self.len;
        }
        self.known.insert(key, (tensor.data.clone(), weights));
        weights
    }
}

/// Tensors in the order of the blob.
#[derive(Default)]
pub(super) struct Layout {
    entries: Vec<Entry>,
    /// Bytes of the blob.
    len: usize,
}

struct Entry {
    numbers: Data,
    /// Numbers in the blob.
    len: usize,
    format: WeightFormat,
    /// The columns of a matrix that is packed.
    packed: Option<usize>,
}

impl Layout {
    /// The bytes. Every tensor that nothing else holds is dropped once it is among them.
    ///
    /// # Errors
    /// Tensors whose files can no longer be read.
    pub(super) fn write(self) -> Result<Vec<u8>, Problems> {
        let mut bytes = Vec::with_capacity(self.len);
        for Entry { numbers, len, format, packed } in self.entries {
            let end = bytes.len() + len * format.bytes();
            let numbers = numbers.read()?;
            match packed {
                None => append(&mut bytes, &numbers, format),
                Some(columns) => append_packed(&mut bytes, &numbers, columns, format),
            }
            bytes.resize(end.next_multiple_of(ALIGN), 0);
        }
        Ok(bytes)
    }
}

/// Appends a matrix of so many columns, packed: panel by panel, which take no memory worth mentioning.
fn append_packed(bytes: &mut Vec<u8>, numbers: &[f32], columns: usize, format: WeightFormat) {
    let mut panel = vec![0.0; PANEL * columns];
    for rows in numbers.chunks((PANEL * columns).max(1)) {
        pack(rows, rows.len() / columns, columns, &mut panel);
        append(bytes, &panel, format);
    }
}

fn append(bytes: &mut Vec<u8>, numbers: &[f32], format: WeightFormat) {
    match format {
        WeightFormat::F32 => convert(bytes, numbers, f32::to_le_bytes),
        WeightFormat::F16 => {
            let mut halves = [f16::ZERO; 1024];
            for numbers in numbers.chunks(halves.len()) {
                let halves = &mut halves[..numbers.len()];
                halves.convert_from_f32_slice(numbers);
                convert(bytes, halves, f16::to_le_bytes);
            }
        }
        WeightFormat::Bf16 => convert(bytes, numbers, |number| bf16::from_f32(number).to_le_bytes()),
    }
}

/// Appends `N` bytes a number. A plain loop: in a macro nothing is optimised.
fn convert<T: Copy, const N: usize>(bytes: &mut Vec<u8>, numbers: &[T], number: impl Fn(T) -> [u8; N]) {
    let start = bytes.len();
    bytes.resize(start + N * numbers.len(), 0);
    let (out, _) = bytes[start..].as_chunks_mut::<N>();
    let mut i = 0;
    while i < out.len() && i < numbers.len() {
        out[i] = number(numbers[i]);
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_half_the_width_are_rounded_as_one_by_one() {
        for count in [0, 1, 1023, 1024, 1025, 2500] {
            let numbers: Vec<f32> = (0..count).map(|i: u16| (f32::from(i) - 700.0) * 0.123).collect();
            let f16s: Vec<u8> = numbers.iter().flat_map(|&number| f16::from_f32(number).to_le_bytes()).collect();
            let bf16s: Vec<u8> = numbers.iter().flat_map(|&number| bf16::from_f32(number).to_le_bytes()).collect();
            for (format, expected) in [(WeightFormat::F16, f16s), (WeightFormat::Bf16, bf16s)] {
                let mut bytes = vec![7];
                append(&mut bytes, &numbers, format);
                assert!(bytes[0] == 7 && bytes[1..] == expected, "{count}");
            }
        }
    }
}
