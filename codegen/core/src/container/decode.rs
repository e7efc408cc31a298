//! Little-endian bytes to numbers, in bulk.
//!
//! This runs inside a procedural macro, where nothing is optimised: an iterator chain costs several times what a plain
//! loop over slices does.

use ::safetensors::Dtype;
use half::{bf16, f16};

/// The numbers of `bytes`, `N` bytes each.
fn convert<const N: usize, T: Copy + Default>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    let mut numbers = vec![T::default(); chunks.len()];
    let out: &mut [T] = &mut numbers;
    let mut i = 0;
    while i < chunks.len() {
        out[i] = number(chunks[i]);
        i += 1;
    }
    numbers
}

/// Floating-point numbers as `f32`; `None` when `dtype` is not one of F16, BF16, F32 and F64.
pub(super) fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F32 => convert(bytes, f32::from_le_bytes),
        Dtype::F64 => convert(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F16 => convert(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => convert(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        _ => return None,
    })
}

/// Integers and truth values (0, 1) as `i64`; `None` when `dtype` is neither. U64 above `i64::MAX` wraps.
pub(super) fn integers(dtype: Dtype, bytes: &[u8]) -> Option<Vec<i64>> {
    Some(match dtype {
        Dtype::BOOL => convert(bytes, |b: [u8; 1]| i64::from(b[0] != 0)),
        Dtype::U8 => convert(bytes, |b| i64::from(u8::from_le_bytes(b))),
        Dtype::I8 => convert(bytes, |b| i64::from(i8::from_le_bytes(b))),
        Dtype::U16 => convert(bytes, |b| i64::from(u16::from_le_bytes(b))),
        Dtype::I16 => convert(bytes, |b| i64::from(i16::from_le_bytes(b))),
        Dtype::U32 => convert(bytes, |b| i64::from(u32::from_le_bytes(b))),
        Dtype::I32 => convert(bytes, |b| i64::from(i32::from_le_bytes(b))),
        Dtype::U64 => convert(bytes, |b| u64::from_le_bytes(b).cast_signed()),
        Dtype::I64 => convert(bytes, i64::from_le_bytes),
        _ => return None,
    })
}

/// What [`floats`] and [`integers`] together read, for messages.
pub(super) const SUPPORTED: &str = "F32, F16, BF16, F64, the integers up to 64 bits and BOOL";
