//! Samples as the tools read them to the typed inputs of generated code, and its typed outputs back.

use percio_hosttools::sample::Value;

/// A number, or an array of arrays of them.
pub(crate) trait Nested {
    fn take(numbers: &mut impl Iterator<Item = f32>) -> Self;
    fn give(&self, numbers: &mut Vec<f32>);
}

impl Nested for f32 {
    fn take(numbers: &mut impl Iterator<Item = f32>) -> Self {
        numbers.next().expect("as many numbers as the type holds")
    }

    fn give(&self, numbers: &mut Vec<f32>) {
        numbers.push(*self);
    }
}

impl<T: Nested, const N: usize> Nested for [T; N] {
    fn take(numbers: &mut impl Iterator<Item = f32>) -> Self {
        std::array::from_fn(|_| T::take(numbers))
    }

    fn give(&self, numbers: &mut Vec<f32>) {
        self.iter().for_each(|inner| inner.give(numbers));
    }
}

/// The numbers of `value`, row-major, as the type that is asked for.
pub(crate) fn array<T: Nested>(value: &Value) -> T {
    let Value::Numbers(numbers) = value else { panic!("expected numbers, found {value:?}") };
    let mut numbers = numbers.iter().copied();
    let array = T::take(&mut numbers);
    assert_eq!(numbers.len(), 0, "more numbers than the type holds");
    array
}

/// All numbers of `array`, row-major.
pub(crate) fn flat(array: &impl Nested) -> Vec<f32> {
    let mut numbers = Vec::new();
    array.give(&mut numbers);
    numbers
}

/// The ids in `value`.
pub(crate) fn ids(value: &Value) -> &[u32] {
    let Value::Ids(ids) = value else { panic!("expected ids, found {value:?}") };
    ids
}

/// The mask in `value`.
pub(crate) fn mask(value: &Value) -> &[bool] {
    let Value::Mask(mask) = value else { panic!("expected a mask, found {value:?}") };
    mask
}

/// The indices of positions in `value`, as many as are asked for.
pub(crate) fn points<const N: usize>(value: &Value) -> [u32; N] {
    let Value::Points(points) = value else { panic!("expected indices, found {value:?}") };
    points.as_slice().try_into().expect("as many indices as the type holds")
}

/// The length of the prefix in `value`.
pub(crate) fn prefix(value: &Value) -> usize {
    let Value::Prefix(tokens) = value else { panic!("expected the length of a prefix, found {value:?}") };
    *tokens
}
