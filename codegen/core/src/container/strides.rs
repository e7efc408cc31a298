//! Numbers that do not lie row-major: transposed and sliced views, column-major arrays.

/// How many numbers an array of this shape has.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        Some(0)
    } else {
        shape.iter().try_fold(1, |count: usize, &length| count.checked_mul(length))
    }
}

/// The strides of an array of this shape that lies row-major.
pub(super) fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides: Vec<usize> = shape
        .iter()
        .rev()
        .scan(1, |step, &length| {
            let stride = *step;
            *step *= length;
            Some(stride)
        })
        .collect();
    strides.reverse();
    strides
}

/// `numbers` in row-major order. They are all that the strides lead to, from the first on.
pub(super) fn gather<T: Copy>(numbers: &[T], shape: &[usize], strides: &[usize]) -> Vec<T> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let count = shape.iter().product();
    let mut gathered = Vec::with_capacity(count);
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    while gathered.len() < count {
        gathered.push(numbers[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                at += strides[axis];
                break;
            }
            at -= strides[axis] * (index[axis] - 1);
            index[axis] = 0;
        }
    }
    gathered
}
