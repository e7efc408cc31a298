//! Named numbers.

use std::sync::Arc;

/// A named array, row-major. Clones share the numbers, so a tied tensor stays one. A model that only a configuration
/// describes has tensors without numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The name in the checkpoint.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The numbers.
    pub data: Arc<Vec<f32>>,
}

impl Tensor {
    /// A tensor of these numbers.
    #[must_use]
    pub fn new(name: impl Into<String>, shape: &[usize], data: Vec<f32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { name: name.into(), shape: shape.to_vec(), data: Arc::new(data) }
    }

    /// Numbers computed in double precision, rounded once.
    #[must_use]
    pub fn rounded(name: impl Into<String>, shape: &[usize], data: &[f64]) -> Self {
        Self::new(name, shape, data.iter().map(|&number| number as f32).collect())
    }

    /// `count` rows from `first` on, as a tensor of their own; none of the numbers where this one has none.
    #[must_use]
    pub fn part_of_rows(&self, first: usize, count: usize) -> Self {
        let columns = self.columns();
        let data = self.data.get(first * columns..(first + count) * columns).unwrap_or_default().to_vec();
        let shape = [&[count], &self.shape[1..]].concat();
        Self { name: format!("{}[{first}..{}]", self.name, first + count), shape, data: Arc::new(data) }
    }

    /// `[rows, columns]` of these of its columns, in this order; none of the numbers where this one has none.
    #[must_use]
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        let rows = self.data.chunks_exact(self.columns().max(1));
        let data = rows.flat_map(|row| columns.iter().map(|&column| row[column])).collect();
        Self { name: self.name.clone(), shape: vec![self.rows(), columns.len()], data: Arc::new(data) }
    }

    /// Its rows from the last to the first; none of the numbers where this one has none.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let rows = self.data.rchunks_exact(self.columns().max(1));
        let name = format!("{} (reversed)", self.name);
        Self { name, shape: self.shape.clone(), data: Arc::new(rows.flatten().copied().collect()) }
    }

    /// Its numbers, to be changed: in their place, unless another tensor has them too.
    pub fn numbers_mut(&mut self) -> &mut [f32] {
        Arc::make_mut(&mut self.data).as_mut_slice()
    }

    /// Multiplies its numbers by `factor`, each rounded once.
    pub fn scale(&mut self, factor: f64) {
        self.numbers_mut().iter_mut().for_each(|number| *number = (f64::from(*number) * factor) as f32);
    }

    /// Its numbers times `factor`, each rounded once.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let scaled = self.data.iter().map(|&number| (f64::from(number) * factor) as f32).collect();
        Self { name: self.name.clone(), shape: self.shape.clone(), data: Arc::new(scaled) }
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
