//! A tensor that is still in its file.

use super::number::NumberType;
use super::source::Span;
use super::{Numbers, decode};
use crate::Problems;
use crate::model::Tensor;
use std::io::Read;
use std::sync::Arc;

/// A tensor in a file, row-major.
#[derive(Clone, Debug)]
pub struct Stored {
    shape: Vec<usize>,
    number: NumberType,
    place: Span,
}

/// Bytes read at a time: enough that the calls do not count, few enough to stay in the cache.
const CHUNK: usize = 1 << 16;

impl Stored {
    /// A tensor of this shape, whose numbers are in `place`: as many bytes as are needed.
    pub(super) fn new(shape: Vec<usize>, number: NumberType, place: Span) -> Self {
        Self { shape, number, place }
    }

    /// Length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Reads the numbers as `f32`: F32 as it is, F16 and BF16 exactly, F64 and integers (counters among the weights)
    /// rounded. The tensor gets the name `name`.
    ///
    /// # Errors
    /// A file that can no longer be read, and a number that is not finite.
    pub fn read(&self, name: &str) -> Result<Tensor, Problems> {
        let numbers = match self.numbers()? {
            Numbers::F32(numbers) => numbers,
            Numbers::I64(numbers) => numbers.into_iter().map(|number| number as f32).collect(),
        };
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(at) => Err(Problems::model(format!(
                "tensor `{name}` of shape {:?} holds {} at flat index {at}, expected finite numbers: train or export it \
                 again (in `{}`)",
                self.shape,
                numbers[at],
                self.place.source().path().display()
            ))),
            None => Ok(Tensor { name: name.to_owned(), shape: self.shape.clone(), data: Arc::new(numbers) }),
        }
    }

    /// The numbers, finite or not.
    pub(super) fn numbers(&self) -> Result<Numbers, Problems> {
        Ok(match self.number {
            NumberType::Float(kind) => Numbers::F32(self.convert(|bytes, out| decode::floats(kind, bytes, out))?),
            NumberType::Integer(kind) => Numbers::I64(self.convert(|bytes, out| decode::integers(kind, bytes, out))?),
        })
    }

    /// All numbers, a chunk of bytes at a time, in a vector of their own.
    fn convert<T: Copy + Default>(&self, decode: impl Fn(&[u8], &mut [T])) -> Result<Vec<T>, Problems> {
        let width = self.number.width();
        let mut numbers = vec![T::default(); self.shape.iter().product()];
        let mut buffer = vec![0; CHUNK.min(numbers.len() * width)];
        let mut reader = self.place.reader();
        for out in numbers.chunks_mut(CHUNK / width) {
            let bytes = &mut buffer[..out.len() * width];
            reader.read_exact(bytes).map_err(|error| self.place.source().unreadable(&error))?;
            decode(bytes, out);
        }
        Ok(numbers)
    }
}
