//! Little-endian bytes to numbers, in bulk.
//!
//! This runs inside a procedural macro, where nothing is optimised: an iterator chain costs several times what a plain
//! loop over slices does.

use super::number::{Float, Integer};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// Fills `out` from `bytes`, `N` bytes a number.
fn convert<const N: usize, T>(bytes: &[u8], out: &mut [T], number: impl Fn([u8; N]) -> T) {
    let (chunks, _) = bytes.as_chunks::<N>();
    let mut i = 0;
    while i < chunks.len() && i < out.len() {
        out[i] = number(chunks[i]);
        i += 1;
    }
}

/// Floating-point numbers as `f32`; F64 is rounded.
pub(super) fn floats(kind: Float, bytes: &[u8], out: &mut [f32]) {
    match kind {
        Float::F32 => convert(bytes, out, f32::from_le_bytes),
        Float::F64 => convert(bytes, out, |b| f64::from_le_bytes(b) as f32),
        Float::F16 => {
            let mut halves = [f16::ZERO; 1024];
            for (bytes, out) in bytes.chunks(size_of_val(&halves)).zip(out.chunks_mut(halves.len())) {
                let halves = &mut halves[..out.len()];
                convert(bytes, halves, f16::from_le_bytes);
                halves.convert_to_f32_slice(out);
            }
        }
        Float::BF16 => convert(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
    }
}

/// Integers and truth values (0, 1) as `i64`. U64 above `i64::MAX` wraps.
pub(super) fn integers(kind: Integer, bytes: &[u8], out: &mut [i64]) {
    match kind {
        Integer::Bool => convert(bytes, out, |b: [u8; 1]| i64::from(b[0] != 0)),
        Integer::U8 => convert(bytes, out, |b| i64::from(u8::from_le_bytes(b))),
        Integer::I8 => convert(bytes, out, |b| i64::from(i8::from_le_bytes(b))),
        Integer::U16 => convert(bytes, out, |b| i64::from(u16::from_le_bytes(b))),
        Integer::I16 => convert(bytes, out, |b| i64::from(i16::from_le_bytes(b))),
        Integer::U32 => convert(bytes, out, |b| i64::from(u32::from_le_bytes(b))),
        Integer::I32 => convert(bytes, out, |b| i64::from(i32::from_le_bytes(b))),
        Integer::U64 => convert(bytes, out, |b| u64::from_le_bytes(b).cast_signed()),
        Integer::I64 => convert(bytes, out, i64::from_le_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_any_number_are_widened_as_one_by_one() {
        for count in [0, 1, 1023, 1024, 1025, 2500] {
            let halves: Vec<f16> = (0..count).map(|i: u16| f16::from_bits(i.wrapping_mul(25) & 0x7bff)).collect();
            let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
            let mut out = vec![f32::NAN; halves.len()];
            floats(Float::F16, &bytes, &mut out);
            assert!(out.iter().zip(&halves).all(|(out, half)| out.to_bits() == half.to_f32().to_bits()), "{count}");
        }
    }
}
