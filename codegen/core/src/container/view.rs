//! A tensor as a window into a longer row of numbers, as torch and NumPy describe it.

use super::number::NumberType;
use super::place::Place;
use super::stored::Stored;
use super::strides::count;

/// A row of numbers that tensors share.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    /// Its bytes.
    pub(super) place: Place,
    /// How its numbers are written.
    pub(super) number: NumberType,
    /// Whether the most significant byte of a number comes first.
    pub(super) big_endian: bool,
}

/// Which numbers of a storage a tensor consists of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View {
    /// The first number.
    pub(super) offset: usize,
    /// Length of each axis.
    pub(super) shape: Vec<usize>,
    /// For each axis, how many numbers further its next element is.
    pub(super) strides: Vec<usize>,
}

impl Storage {
    /// The tensor that `view` describes, or what is wrong with it (a sentence that starts with its verb).
    pub(super) fn view(&self, view: &View) -> Result<Stored, String> {
        let View { offset, shape, strides } = view;
        let (width, bytes) = (self.number.width() as u64, self.place.len());
        let have = usize::try_from(bytes / width).unwrap_or(usize::MAX);
        let part = count(shape).zip(extent(shape, strides)).filter(|_| shape.len() == strides.len());
        let part = part.and_then(|(count, extent)| {
            let (start, len) = (*offset as u64, extent as u64);
            Some((count, self.place.part(start.checked_mul(width)?, len.checked_mul(width)?)?))
        });
        match part {
            None => Err(format!(
                "has shape {shape:?}, strides {strides:?} and offset {offset}, which leads outside its {have} numbers: write \
                 the file again"
            )),
            Some((count, _)) if count > have => Err(format!(
                "has {count} numbers by its shape {shape:?}, repeated from {have}: save a copy of it (`.contiguous()`)"
            )),
            Some((_, place)) => {
                let stored = Stored::new(shape.clone(), self.number, place).with_big_endian(self.big_endian);
                Ok(if are_row_major(shape, strides) { stored } else { stored.with_strides(strides.clone()) })
            }
        }
    }
}

impl View {
    /// All of a row of numbers, row-major or else column-major.
    pub(super) fn whole(shape: Vec<usize>, column_major: bool) -> Self {
        let mut strides = vec![1usize; shape.len()];
        let mut next = 1usize;
        for place in 0..shape.len() {
            let axis = if column_major { place } else { shape.len() - 1 - place };
            strides[axis] = next;
            next = next.saturating_mul(shape[axis]);
        }
        Self { offset: 0, shape, strides }
    }

    /// The same with its axes in another order: first the axis `axes[0]`, and so on.
    pub(super) fn transposed(&self, axes: &[usize]) -> Option<Self> {
        let all = (0..self.shape.len()).all(|axis| axes.contains(&axis)) && axes.len() == self.shape.len();
        let pick = |lengths: &[usize]| axes.iter().map(|&axis| lengths.get(axis).copied()).collect::<Option<Vec<_>>>();
        let (shape, strides) = pick(&self.shape).zip(pick(&self.strides)).filter(|_| all)?;
        Some(Self { offset: self.offset, shape, strides })
    }

    /// How many numbers.
    pub(super) fn count(&self) -> Option<usize> {
        count(&self.shape)
    }
}

/// How many consecutive numbers it takes to hold all that the strides lead to.
fn extent(shape: &[usize], strides: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    let mut axes = shape.iter().zip(strides);
    axes.try_fold(1, |extent: usize, (&length, &stride)| extent.checked_add((length - 1).checked_mul(stride)?))
}

/// Whether these strides say no more than the shape does.
fn are_row_major(shape: &[usize], strides: &[usize]) -> bool {
    let mut next = 1usize;
    shape.iter().zip(strides).rev().all(|(&length, &stride)| {
        let fits = length == 1 || stride == next;
        next = next.saturating_mul(length);
        fits
    })
}
