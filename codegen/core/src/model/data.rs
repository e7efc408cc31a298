//! The numbers of a tensor: in memory, or still where they come from.

use crate::Problems;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Weak};

/// Numbers that clones share. They are in memory, or they come from a file each time that they are [`read`](Self::read), with
/// what is to be done to them: then no more of a model is in memory than what is being worked on.
#[derive(Clone)]
pub struct Data(Arc<Kept>);

enum Kept {
    Here(Vec<f32>),
    Later { len: usize, read: Box<Read> },
}

/// Gives the numbers in a range, the same ones each time.
type Read = dyn Fn(Range<usize>) -> Result<Vec<f32>, Problems> + Send + Sync;

/// [`Data`] that somebody else may hold.
#[derive(Clone, Default)]
pub(crate) struct WeakData(Weak<Kept>);

impl Data {
    /// `len` numbers that `read` gives, those of the range that it is asked for.
    pub(crate) fn later(
        len: usize,
        read: impl Fn(Range<usize>) -> Result<Vec<f32>, Problems> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Kept::Later { len, read: Box::new(read) }))
    }

    /// The numbers.
    ///
    /// # Errors
    /// A file that can no longer be read.
    pub fn read(&self) -> Result<Cow<'_, [f32]>, Problems> {
        Ok(match &*self.0 {
            Kept::Here(numbers) => Cow::Borrowed(numbers),
            Kept::Later { len, read } => Cow::Owned(read(0..*len)?),
        })
    }

    /// Those of the numbers in `range`, which are there, in data of their own.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        match &*self.0 {
            Kept::Here(numbers) => numbers[range].to_vec().into(),
            Kept::Later { .. } => {
                let (len, all) = (range.len(), self.clone());
                Self::later(len, move |part| all.read_part(range.start + part.start..range.start + part.end))
            }
        }
    }

    fn read_part(&self, range: Range<usize>) -> Result<Vec<f32>, Problems> {
        match &*self.0 {
            Kept::Here(numbers) => Ok(numbers[range].to_vec()),
            Kept::Later { read, .. } => read(range),
        }
    }

    /// `len` numbers that `make` makes of all of these.
    #[must_use]
    pub fn derived(&self, len: usize, make: impl Fn(&[f32]) -> Vec<f32> + Send + Sync + 'static) -> Self {
        match &*self.0 {
            Kept::Here(numbers) => make(numbers).into(),
            Kept::Later { .. } => {
                let from = self.clone();
                Self::later(len, move |range| Ok(within(make(&from.read()?), range)))
            }
        }
    }

    /// Changes the numbers: in their place, unless others have them too.
    pub fn change(&mut self, change: impl Fn(&mut [f32]) + Send + Sync + 'static) {
        if let Some(Kept::Here(numbers)) = Arc::get_mut(&mut self.0) {
            return change(numbers);
        }
        let len = self.len();
        *self = match &*self.0 {
            Kept::Here(numbers) => {
                let mut numbers = numbers.clone();
                change(&mut numbers);
                numbers.into()
            }
            Kept::Later { .. } => {
                let from = self.clone();
                Self::later(len, move |range| {
                    let mut numbers = from.read()?.into_owned();
                    change(&mut numbers);
                    Ok(within(numbers, range))
                })
            }
        };
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &*self.0 {
            Kept::Here(numbers) => numbers.len(),
            Kept::Later { len, .. } => *len,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What clones have in common, as long as one of them lives.
    #[must_use]
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    pub(crate) fn downgrade(&self) -> WeakData {
        WeakData(Arc::downgrade(&self.0))
    }
}

/// Those of `numbers` in `range`.
fn within(mut numbers: Vec<f32>, range: Range<usize>) -> Vec<f32> {
    numbers.truncate(range.end);
    if range.start > 0 {
        numbers.drain(..range.start);
    }
    numbers
}

impl WeakData {
    pub(crate) fn upgrade(&self) -> Option<Data> {
        self.0.upgrade().map(Data)
    }
}

impl Default for Data {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<f32>> for Data {
    fn from(numbers: Vec<f32>) -> Self {
        Self(Arc::new(Kept::Here(numbers)))
    }
}

/// The same numbers; those of a file that can no longer be read are not known to be.
impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        let same = || matches!((self.read(), other.read()), (Ok(a), Ok(b)) if a == b);
        self.address() == other.address() || (self.len() == other.len() && same())
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kept::Here(numbers) => numbers.fmt(f),
            Kept::Later { len, .. } => write!(f, "[{len} numbers of a file]"),
        }
    }
}

impl fmt::Debug for WeakData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers from 0 to 11, in memory and in what stands for a file.
    fn both() -> [Data; 2] {
        let numbers: Vec<f32> = (0..12u8).map(f32::from).collect();
        let file = numbers.clone();
        [numbers.into(), Data::later(12, move |range| Ok(file[range].to_vec()))]
    }

    #[test]
    fn numbers_of_a_file_are_those_in_memory_whatever_is_done_to_them() {
        let [here, later] = both().map(|mut data| {
            let shared = data.clone();
            data.change(|numbers| numbers.iter_mut().for_each(|number| *number *= 3.0));
            let part = data.part(2..9);
            let derived = part.derived(3, |numbers| numbers.iter().rev().step_by(3).copied().collect());
            [shared, data, part.clone(), part.part(1..4), derived.part(1..3), derived].map(|data| {
                assert_eq!(data.len(), data.read().unwrap().len());
                data.read().unwrap().into_owned()
            })
        });
        assert_eq!(here, later);
        assert_eq!((&here[3][..], &here[5][..]), (&[9.0, 12.0, 15.0][..], &[24.0, 15.0, 6.0][..]));
        assert_eq!(here[0][11], 11.0, "clones keep their numbers");
    }

    #[test]
    fn numbers_in_memory_are_changed_in_their_place() {
        let [mut here, _] = both();
        let address = here.read().unwrap().as_ptr();
        here.change(|numbers| numbers[0] = 7.0);
        assert_eq!((here.read().unwrap().as_ptr(), here.read().unwrap()[0]), (address, 7.0));
    }

    #[test]
    fn what_cannot_be_read_is_a_problem_and_equals_nothing() {
        let [here, _] = both();
        let mut broken = Data::later(12, |_| Err(Problems::model("the file is gone")));
        assert!(broken != here && broken == broken.clone());
        broken.change(|numbers| numbers.fill(0.0));
        let derived = broken.part(0..3).derived(1, |numbers| vec![numbers[0]]);
        assert_eq!(derived.read().unwrap_err(), Problems::model("the file is gone"));
    }
}
