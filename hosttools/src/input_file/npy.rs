//! NumPy's `.npy`: a magic word, a header that is a Python dictionary, the numbers.

use super::floats;
use anyhow::{Context, Result, bail, ensure};
use percio_codegen_core::container::Array;

/// The array in `bytes`: little-endian floating-point numbers of 4 or 8 bytes, row-major.
pub(super) fn parse(bytes: &[u8]) -> Result<Array> {
    let (header, data) = split(bytes).context("not a .npy file")?;
    let field = |name: &str| header.split_once(&format!("'{name}':")).map(|(_, rest)| rest.trim_start());
    let kind = field("descr").and_then(|rest| rest.split('\'').nth(1)).context("the header names no number type")?;
    ensure!(
        field("fortran_order").is_some_and(|rest| rest.starts_with("False")),
        "the array is column-major: save it row-major"
    );
    let shape =
        field("shape").and_then(|rest| rest.strip_prefix('(')?.split(')').next()).context("the header has no shape")?;
    let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty()).map(str::parse);
    let shape: Vec<usize> = lengths.collect::<Result<_, _>>().context("the header's shape holds no lengths")?;
    let numbers: Vec<f32> = match kind {
        "<f4" => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        "<f8" => data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        _ => bail!("numbers of type {kind}, expected <f4 or <f8: convert them with `.astype('float32')`"),
    };
    let wanted = shape.iter().product::<usize>();
    ensure!(numbers.len() == wanted, "{} numbers for shape {shape:?}, expected {wanted}", numbers.len());
    Ok(floats(shape, numbers))
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (&[major, _], rest) = rest.split_first_chunk()?;
    let (length, rest) = if major == 1 {
        let (length, rest) = rest.split_first_chunk()?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk()?;
        (u32::from_le_bytes(*length) as usize, rest)
    };
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), data].concat()
    }

    #[test]
    fn numbers_are_read() {
        let data: Vec<u8> = [1.0f32, -2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
        let array = parse(&file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n", &data));
        assert_eq!(array.expect("well formed"), floats(vec![2, 1], vec![1.0, -2.0]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |bytes: &[u8]| parse(bytes).expect_err("malformed").to_string();
        assert_eq!(message(b"\x93NUMP"), "not a .npy file");
        let integers = file("{'descr': '<i8', 'fortran_order': False, 'shape': (0,), }", &[]);
        assert_eq!(
            message(&integers),
            "numbers of type <i8, expected <f4 or <f8: convert them with `.astype('float32')`"
        );
        let short = file("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", &[0; 8]);
        assert_eq!(message(&short), "2 numbers for shape [3], expected 3");
    }
}
