//! Rows that start a stride apart, checked once where they are made: hot loops then need no check of each access.

use core::array;
use core::marker::PhantomData;
use percio_format::PANEL;

/// `ROWS` rows of `width` elements that start a stride apart.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a, T, const ROWS: usize> {
    starts: [*const T; ROWS],
    width: usize,
    elements: PhantomData<&'a [T]>,
}

impl<'a, T, const ROWS: usize> Strided<'a, T, ROWS> {
    /// The rows at the start of `elements`; `None` when they are not all there.
    #[inline(always)]
    #[must_use]
    pub fn new(elements: &'a [T], stride: usize, width: usize) -> Option<Self> {
        let start = |r| elements.as_ptr().wrapping_add(r * stride);
        let all = hold(elements.len(), stride, ROWS, width);
        all.then(|| Self { starts: array::from_fn(start), width, elements: PhantomData })
    }

    /// Elements of a row.
    #[inline(always)]
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Where the rows start; [`width`](Self::width) elements are there from each on.
    #[cfg(percio_isa = "mve")]
    #[inline(always)]
    pub(super) const fn starts(&self) -> [*const T; ROWS] {
        self.starts
    }

    /// Element `index` of each row; `None` beyond the width.
    #[inline(always)]
    #[must_use]
    pub fn column(&self, index: usize) -> Option<[&'a T; ROWS]> {
        let element = |start: *const T| {
            // SAFETY: `new` has found `width` elements of `'a` at every start, and `index` is below.
            let element = unsafe { start.add(index) };
            // SAFETY: as before.
            unsafe { &*element }
        };
        (index < self.width).then(|| array::from_fn(|r| element(self.starts[r])))
    }
}

impl<'a, const ROWS: usize> Strided<'a, f32, ROWS> {
    /// Panel `index` of each row; `None` beyond the width.
    #[inline(always)]
    #[must_use]
    pub fn panels(&self, index: usize) -> Option<[&'a [f32; PANEL]; ROWS]> {
        let panel = |start: *const f32| {
            // SAFETY: `new` has found `width` numbers of `'a` at every start, and panel `index` ends there or before.
            let panel = unsafe { start.add(index * PANEL) };
            // SAFETY: as before.
            unsafe { &*panel.cast() }
        };
        (index < self.width / PANEL).then(|| array::from_fn(|r| panel(self.starts[r])))
    }
}

/// What some rows start with, an array of numbers each, one row after the other.
#[derive(Clone, Debug)]
pub struct Downward<'a, T> {
    next: *const f32,
    stride: usize,
    left: usize,
    starts: PhantomData<&'a T>,
}

impl<'a, const WIDTH: usize> Downward<'a, [f32; WIDTH]> {
    /// The first `WIDTH` numbers of `rows` rows that start `stride` apart in `numbers`; `None` when they are not all there.
    #[inline(always)]
    #[must_use]
    pub fn numbers(numbers: &'a [f32], stride: usize, rows: usize) -> Option<Self> {
        let all = hold(numbers.len(), stride, rows, WIDTH);
        all.then_some(Self { next: numbers.as_ptr(), stride, left: rows, starts: PhantomData })
    }
}

impl<'a, const PANELS: usize> Downward<'a, [[f32; PANEL]; PANELS]> {
    /// The first `PANELS` panels of `rows` rows that start `stride` apart in `numbers`; `None` when they are not all there.
    #[inline(always)]
    #[must_use]
    pub fn panels(numbers: &'a [f32], stride: usize, rows: usize) -> Option<Self> {
        let all = hold(numbers.len(), stride, rows, PANELS * PANEL);
        all.then_some(Self { next: numbers.as_ptr(), stride, left: rows, starts: PhantomData })
    }
}

impl<'a, T> Iterator for Downward<'a, T> {
    type Item = &'a T;

    #[inline(always)]
    fn next(&mut self) -> Option<&'a T> {
        self.left = self.left.checked_sub(1)?;
        let row = self.next;
        self.next = row.wrapping_add(self.stride);
        // SAFETY: what makes one has found the numbers of a `T` of `'a` at the start of every row, and this is one of the rows.
        Some(unsafe { &*row.cast() })
    }
}

/// `rows` rows of `width` numbers that start `stride` apart, to write.
#[derive(Debug)]
pub struct StridedMut<'a> {
    numbers: &'a mut [f32],
    stride: usize,
    rows: usize,
    width: usize,
}

impl<'a> StridedMut<'a> {
    /// The rows at the start of `numbers`; `None` when they are not all there.
    #[inline(always)]
    #[must_use]
    pub fn new(numbers: &'a mut [f32], stride: usize, rows: usize, width: usize) -> Option<Self> {
        hold(numbers.len(), stride, rows, width).then_some(Self { numbers, stride, rows, width })
    }

    /// All rows, when there is nothing between them.
    #[inline(always)]
    #[must_use]
    pub fn without_gaps(&mut self) -> Option<&mut [f32]> {
        let has_none = self.rows <= 1 || self.stride == self.width;
        if has_none { self.numbers.get_mut(..self.rows * self.width) } else { None }
    }

    /// Row `row`; `None` when there is no such row.
    #[inline(always)]
    #[must_use]
    pub fn row(&mut self, row: usize) -> Option<&mut [f32]> {
        if row >= self.rows {
            return None;
        }
        let start = row * self.stride;
        // SAFETY: row `row` is one of the rows that `new` has found in `numbers`.
        Some(unsafe { self.numbers.get_unchecked_mut(start..start + self.width) })
    }

    /// The first `PANELS` panels of row `row`; `None` when it is not so wide, or there is no such row.
    #[inline(always)]
    #[must_use]
    pub fn panels<const PANELS: usize>(&mut self, row: usize) -> Option<&mut [[f32; PANEL]; PANELS]> {
        self.row(row)?.as_chunks_mut().0.first_chunk_mut()
    }
}

#[cfg(percio_isa = "mve")]
impl StridedMut<'_> {
    /// Where the first row starts, and how many numbers later the next; `None` unless there are `ROWS` rows of `PANELS`
    /// panels.
    #[inline(always)]
    pub(super) const fn start_of<const ROWS: usize, const PANELS: usize>(&mut self) -> Option<(*mut f32, usize)> {
        if self.rows < ROWS || self.width < PANELS * PANEL {
            return None;
        }
        Some((self.numbers.as_mut_ptr(), self.stride))
    }
}

impl<'a> From<&'a mut [f32]> for StridedMut<'a> {
    /// One row of all `numbers`.
    #[inline(always)]
    fn from(numbers: &'a mut [f32]) -> Self {
        let width = numbers.len();
        Self { numbers, stride: 0, rows: 1, width }
    }
}

/// Whether `len` elements hold `rows` rows of `width` that start `stride` apart.
#[inline(always)]
pub(super) fn hold(len: usize, stride: usize, rows: usize, width: usize) -> bool {
    let end = rows.saturating_sub(1).checked_mul(stride).and_then(|start| start.checked_add(width));
    rows == 0 || end.is_some_and(|end| end <= len)
}
