//! A tensor that is still in its file.

use super::number::NumberType;
use super::place::Place;
use super::{Numbers, decode, strides};
use crate::Problems;
use crate::model::{Data, Tensor, WeakData};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A tensor in a file. The tensors that clones give share their numbers.
#[derive(Clone, Debug)]
pub struct Stored {
    shape: Vec<usize>,
    /// For each axis, how many numbers further its next element is; row-major when absent.
    strides: Option<Vec<usize>>,
    number: NumberType,
    big_endian: bool,
    place: Place,
    kept: Arc<Mutex<WeakData>>,
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

    /// The tensor with the name `name`, its numbers as `f32`: F32 as it is, F16 and BF16 exactly, F64 and integers (counters
    /// among the weights) rounded. Numbers of several axes that lie in the file as they are stay there and come from it
    /// whenever they are asked for; others are read now.
    ///
    /// # Errors
    /// A file that can no longer be read, and a number that is not finite.
    pub fn read(&self, name: &str) -> Result<Tensor, Problems> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let data = match kept.upgrade() {
            Some(data) => data,
            None => self.data(name)?,
        };
        *kept = data.downgrade();
        Ok(Tensor { name: name.to_owned(), shape: self.shape.clone(), data })
    }

    /// The numbers, which are finite.
    fn data(&self, name: &str) -> Result<Data, Problems> {
        let wrong = |(at, number): (usize, f32)| {
            Problems::model(format!(
                "tensor `{name}` of shape {:?} holds {number} at flat index {at}, expected finite numbers: train or export it \
                 again (in `{}`)",
                self.shape,
                self.place.source().path().display()
            ))
        };
        // A vector is small, and what is compressed or lies in another order takes long to read again.
        if self.shape.len() < 2 || self.strides.is_some() || !self.place.is_plain() {
            let numbers = self.singles()?;
            return not_finite(&numbers).map_or(Ok(()), |at| Err(wrong((at, numbers[at])))).map(|()| numbers.into());
        }
        let checked = self.first_not_finite().map_err(|error| self.place.source().unreadable(&error))?;
        checked.map_or(Ok(()), |found| Err(wrong(found)))?;
        let stored = Self { kept: Arc::default(), ..self.clone() };
        Ok(Data::later(self.shape.iter().product(), move |range| stored.part(range).singles()))
    }

    /// The first number that is not finite and its place, a chunk of numbers in memory at a time.
    fn first_not_finite(&self) -> io::Result<Option<(usize, f32)>> {
        let NumberType::Float(kind) = self.number else { return Ok(None) };
        let (width, count) = (self.number.width(), self.shape.iter().product::<usize>());
        let mut numbers = vec![0.0; count.min(CHUNK / width)];
        let mut chunks = self.chunks()?;
        for first in (0..count).step_by(CHUNK / width) {
            let numbers = &mut numbers[..(count - first).min(CHUNK / width)];
            decode::floats(kind, chunks.next(numbers.len())?, numbers);
            if let Some(at) = not_finite(numbers) {
                return Ok(Some((first + at, numbers[at])));
            }
        }
        Ok(None)
    }

    /// The numbers of `range`, of a tensor that lies in its file as it is.
    fn part(&self, range: Range<usize>) -> Self {
        let width = self.number.width() as u64;
        let place = self.place.part(range.start as u64 * width, range.len() as u64 * width);
        let place = place.unwrap_or_else(|| self.place.clone());
        Self { shape: vec![range.len()], place, kept: Arc::default(), ..self.clone() }
    }

    /// All numbers as `f32`, row-major.
    fn singles(&self) -> Result<Vec<f32>, Problems> {
        Ok(match self.numbers()? {
            Numbers::F32(numbers) => numbers,
            Numbers::I64(numbers) => numbers.into_iter().map(|number| number as f32).collect(),
        })
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

    /// All numbers in the order of the file, in a vector of their own.
    fn consecutive<T: Copy + Default>(&self, decode: impl Fn(&[u8], &mut [T])) -> io::Result<Vec<T>> {
        let width = self.number.width();
        let mut numbers = vec![T::default(); usize::try_from(self.place.len()).unwrap_or(usize::MAX) / width];
        let mut chunks = self.chunks()?;
        for out in numbers.chunks_mut(CHUNK / width) {
            decode(chunks.next(out.len())?, out);
        }
        Ok(numbers)
    }

    /// The bytes of the numbers one after the other.
    fn chunks(&self) -> io::Result<Chunks<'_>> {
        let (width, len) = (self.number.width(), usize::try_from(self.place.len()).unwrap_or(usize::MAX));
        Ok(Chunks { reader: self.place.reader()?, buffer: vec![0; CHUNK.min(len)], width, big_endian: self.big_endian })
    }
}

/// Reads a tensor a chunk of bytes at a time.
struct Chunks<'a> {
    reader: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    /// Bytes of a number.
    width: usize,
    big_endian: bool,
}

impl Chunks<'_> {
    /// The bytes of the next `count` numbers, no more than a chunk, least significant first.
    fn next(&mut self, count: usize) -> io::Result<&[u8]> {
        let bytes = &mut self.buffer[..count * self.width];
        self.reader.read_exact(bytes)?;
        if self.big_endian {
            bytes.chunks_exact_mut(self.width).for_each(<[u8]>::reverse);
        }
        Ok(bytes)
    }
}

/// The place of the first number that is not finite.
fn not_finite(numbers: &[f32]) -> Option<usize> {
    // Nearly always there is none, and finding just that out needs no branch a number.
    let all = numbers.iter().fold(true, |all, number| all & number.is_finite());
    if all { None } else { numbers.iter().position(|number| !number.is_finite()) }
}
