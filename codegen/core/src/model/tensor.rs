//! Named numbers.

use super::Data;
use crate::Problems;
use std::borrow::Cow;

/// A named array, row-major. Clones share the numbers, so a tied tensor stays one. A model that only a configuration
/// describes has tensors without numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The name in the checkpoint.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The numbers.
    pub data: Data,
}

impl Tensor {
    /// A tensor of these numbers.
    #[must_use]
    pub fn new(name: impl Into<String>, shape: &[usize], data: Vec<f32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { name: name.into(), shape: shape.to_vec(), data: data.into() }
    }

    /// Numbers computed in double precision, rounded once.
    #[must_use]
    pub fn rounded(name: impl Into<String>, shape: &[usize], data: &[f64]) -> Self {
        Self::new(name, shape, data.iter().map(|&number| number as f32).collect())
    }

    /// The numbers.
    ///
    /// # Errors
    /// A file that can no longer be read.
    pub fn numbers(&self) -> Result<Cow<'_, [f32]>, Problems> {
        self.data.read()
    }

    /// `count` rows from `first` on, as a tensor of their own; none of the numbers where this one has none.
    #[must_use]
    pub fn part_of_rows(&self, first: usize, count: usize) -> Self {
        let range = first * self.columns()..(first + count) * self.columns();
        let data = if self.is_empty() { Data::default() } else { self.data.part(range) };
        let shape = [&[count], &self.shape[1..]].concat();
        Self { name: format!("{}[{first}..{}]", self.name, first + count), shape, data }
    }

    /// `[rows, columns]` of these of its columns, in this order; none of the numbers where this one has none.
    #[must_use]
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        let (width, shape, picked) = (self.columns().max(1), vec![self.rows(), columns.len()], columns.to_vec());
        let pick = move |numbers: &[f32]| {
            let rows = numbers.chunks_exact(width);
            rows.flat_map(|row| picked.iter().map(|&column| row[column])).collect()
        };
        Self { name: self.name.clone(), shape, data: self.data.derived(self.rows() * columns.len(), pick) }
    }

    /// Its rows from the last to the first; none of the numbers where this one has none.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let width = self.columns().max(1);
        let turn = move |numbers: &[f32]| numbers.rchunks_exact(width).flatten().copied().collect();
        let name = format!("{} (reversed)", self.name);
        Self { name, shape: self.shape.clone(), data: self.data.derived(self.len(), turn) }
    }

    /// Multiplies its numbers by `factor`, each rounded once.
    pub fn scale(&mut self, factor: f64) {
        self.data.change(move |numbers| {
            numbers.iter_mut().for_each(|number| *number = (f64::from(*number) * factor) as f32);
        });
    }

    /// Its numbers times `factor`, each rounded once.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let mut scaled = self.clone();
        scaled.scale(factor);
        scaled
    }

    /// Length of the first axis; 1 for a scalar.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Numbers in a row: the product of the other axes.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// How many numbers its shape says.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no numbers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}
