//! A tensor that is still in its file.

use super::number::NumberType;
use super::place::Place;
use super::{Numbers, decode, strides};
use crate::Problems;
use crate::model::Tensor;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A tensor in a file. Clones share its numbers once they are read.
#[derive(Clone, Debug)]
pub struct Stored {
    shape: Vec<usize>,
    /// For each axis, how many numbers further its next element is; row-major when absent.
    strides: Option<Vec<usize>>,
    number: NumberType,
    big_endian: bool,
    place: Place,
    kept: Arc<Mutex<Weak<Vec<f32>>>>,
}

/// Bytes read at a time: enough that the calls do not count, few enough to stay in the cache.
const CHUNK: usize = 1 << 16;

impl Stored {
    /// A tensor of this shape, row-major and little-endian, whose numbers are in `place`: as many bytes as are needed.
    pub(super) fn new(shape: Vec<usize>, number: NumberType, place: Place) -> Self {
        Self { shape, strides: None, number, big_endian: false, place, kept: Arc::default() }
    }

    /// The same with another step from an element to the next along each axis; the place holds all that they lead to.
    #[cfg(any(feature = "torch", feature = "haiku"))]
    pub(super) fn with_strides(self, strides: Vec<usize>) -> Self {
        Self { strides: Some(strides), ..self }
    }

    /// The same with the most significant byte of a number first, or not.
    #[cfg(any(feature = "torch", feature = "haiku"))]
    pub(super) fn with_big_endian(self, big_endian: bool) -> Self {
        Self { big_endian, ..self }
    }

    /// The same numbers with these axes in this order, those left out being of length 1; `None` when they are not.
    pub(super) fn with_axes(&self, axes: &[usize]) -> Option<Self> {
        let is_dropped = |axis: &usize| !axes.contains(axis);
        if (0..self.shape.len()).filter(is_dropped).any(|axis| self.shape[axis] != 1) {
            return None;
        }
        let strides = self.strides.clone().unwrap_or_else(|| strides::row_major(&self.shape));
        let pick = |lengths: &[usize]| axes.iter().map(|&axis| lengths.get(axis).copied()).collect::<Option<Vec<_>>>();
        Some(Self { shape: pick(&self.shape)?, strides: Some(pick(&strides)?), kept: Arc::default(), ..self.clone() })
    }

    /// Length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether its numbers are floating-point ones.
    #[must_use]
    pub fn is_float(&self) -> bool {
        matches!(self.number, NumberType::Float(_))
    }

    /// What is at `index` of the first axis, without that axis; `None` of what lies in another order or is not there.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<Self> {
        let (&length, shape) = self.shape.split_first()?;
        let bytes = (shape.iter().product::<usize>() * self.number.width()) as u64;
        let place = (index < length && self.strides.is_none()).then(|| self.place.part(index as u64 * bytes, bytes))?;
        Some(Self { shape: shape.to_vec(), place: place?, kept: Arc::default(), ..self.clone() })
    }

    /// Reads the numbers as `f32`: F32 as it is, F16 and BF16 exactly, F64 and integers (counters among the weights)
    /// rounded. The tensor gets the name `name`.
    ///
    /// # Errors
    /// A file that can no longer be read, and a number that is not finite.
    pub fn read(&self, name: &str) -> Result<Tensor, Problems> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(data) = kept.upgrade() {
            return Ok(Tensor { name: name.to_owned(), shape: self.shape.clone(), data });
        }
        let numbers = match self.numbers()? {
            Numbers::F32(numbers) => numbers,
            Numbers::I64(numbers) => numbers.into_iter().map(|number| number as f32).collect(),
        };
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(Problems::model(format!(
                "tensor `{name}` of shape {:?} holds {} at flat index {at}, expected finite numbers: train or export it \
                 again (in `{}`)",
                self.shape,
                numbers[at],
                self.place.source().path().display()
            )));
        }
        let data = Arc::new(numbers);
        *kept = Arc::downgrade(&data);
        Ok(Tensor { name: name.to_owned(), shape: self.shape.clone(), data })
    }

    /// Reads the numbers, row-major, finite or not.
    ///
    /// # Errors
    /// A file that can no longer be read.
    pub fn numbers(&self) -> Result<Numbers, Problems> {
        let numbers = match self.number {
            NumberType::Float(kind) => self.collect(|bytes, out| decode::floats(kind, bytes, out)).map(Numbers::F32),
            NumberType::Integer(kind) => {
                self.collect(|bytes, out| decode::integers(kind, bytes, out)).map(Numbers::I64)
            }
        };
        numbers.map_err(|error| self.place.source().unreadable(&error))
    }

    /// All numbers as they are decoded, row-major.
    fn collect<T: Copy + Default>(&self, decode: impl Fn(&[u8], &mut [T])) -> io::Result<Vec<T>> {
        let numbers = self.consecutive(decode)?;
        Ok(match &self.strides {
            Some(strides) => strides::gather(&numbers, &self.shape, strides),
            None => numbers,
        })
    }

    /// All numbers in the order of the file, a chunk of bytes at a time, in a vector of their own.
    fn consecutive<T: Copy + Default>(&self, decode: impl Fn(&[u8], &mut [T])) -> io::Result<Vec<T>> {
        let width = self.number.width();
        let mut numbers = vec![T::default(); usize::try_from(self.place.len()).unwrap_or(usize::MAX) / width];
        let mut buffer = vec![0; CHUNK.min(numbers.len() * width)];
        let mut reader = self.place.reader()?;
        for out in numbers.chunks_mut(CHUNK / width) {
            let bytes = &mut buffer[..out.len() * width];
            reader.read_exact(bytes)?;
            if self.big_endian {
                bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
            }
            decode(bytes, out);
        }
        Ok(numbers)
    }
}
