//! NumPy's files: `.npy`, one array after a header that is a Python dictionary, and `.npz`, an archive of those.

use super::{Description, number_type};
use crate::container::place::Place;
use crate::container::source::{Source, Span};
use crate::container::stored::Stored;
use crate::container::view::View;
use crate::container::zip::Archive;
use crate::container::{Array, Weights};
use crate::{Problems, Subject};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a file starts with.
const MAGIC: &[u8] = b"\x93NUMPY";
/// The extension of the files in an archive.
const EXTENSION: &str = ".npy";

/// Reads the array in the `.npy` file at `path`. Its numbers need not be finite.
///
/// # Errors
/// A file that is missing, is a directory, is truncated or is no `.npy` file, and numbers of an unknown type.
pub fn read_npy(path: &Path) -> Result<Array, Problems> {
    let source = Arc::new(Source::open(path)?);
    let stored = stored(&Place::Plain(Span::whole(&source)))?;
    let stored = stored.map_err(|wrong| Problems::model(format!("`{}` {wrong}", path.display())))?;
    Ok(Array { shape: stored.shape().to_vec(), numbers: stored.numbers()? })
}

/// The weights in an archive of `.npy` files; `None` when it is of another kind.
pub(in crate::container) fn archive(source: &Source, archive: &Archive) -> Option<Result<Weights, Problems>> {
    let files: Vec<_> = archive.names().filter_map(|name| name.strip_suffix(EXTENSION)).collect();
    (!files.is_empty()).then(|| {
        let mut problems = Problems::new();
        let mut tensors = BTreeMap::new();
        for name in archive.names() {
            let wrong = match (name.strip_suffix(EXTENSION), archive.get(name)) {
                (Some(tensor), Some(place)) => match stored(place)? {
                    Ok(stored) => {
                        tensors.insert(tensor.to_owned(), stored);
                        continue;
                    }
                    Err(wrong) => wrong,
                },
                _ => format!("does not end in {EXTENSION}: remove it"),
            };
            problems.add(Subject::Model, format!("`{name}` in `{}` {wrong}", source.path().display()));
        }
        problems.finish(Weights::new(source.path(), tensors))
    })
}

/// The array in `place`, or what is wrong with it (a sentence that starts with its verb).
fn stored(place: &Place) -> Result<Result<Stored, String>, Problems> {
    let header = header(place)?;
    Ok(header.ok_or_else(|| "is no .npy file, or is truncated: write or copy it again".to_owned()).and_then(
        |(text, start)| {
            let data =
                place.part(start, place.len() - start).ok_or("ends before its numbers: write or copy it again")?;
            describe(&text)?.stored(&data)
        },
    ))
}

/// The header and where it ends.
fn header(place: &Place) -> Result<Option<(String, u64)>, Problems> {
    let bytes = |start, len| place.part(start, len).map(|part| part.unpacked()?.bytes()).transpose();
    let Some(start) = bytes(0, 8)?.filter(|start| start.starts_with(MAGIC)) else { return Ok(None) };
    let width = if start[6] == 1 { 2 } else { 4 };
    let Some(length) = bytes(8, width)? else { return Ok(None) };
    let length = length.iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
    let text = bytes(8 + width, length)?.and_then(|text| String::from_utf8(text).ok());
    Ok(text.map(|text| (text, 8 + width + length)))
}

/// The header's fields: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
fn describe(header: &str) -> Result<Description, String> {
    let field = |name: &str| header.split_once(&format!("'{name}':")).map(|(_, rest)| rest.trim_start());
    let code = field("descr").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next());
    let column_major = field("fortran_order").map(|rest| rest.starts_with("True"));
    let shape = field("shape").and_then(|rest| rest.strip_prefix('(')?.split(')').next());
    let lengths = |shape: &str| {
        let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
        lengths.map(|length| length.parse().ok()).collect::<Option<Vec<usize>>>()
    };
    let (Some(code), Some(column_major), Some(shape)) = (code, column_major, shape.and_then(lengths)) else {
        return Err(format!(
            "has the header {}, expected a plain number type, `fortran_order` and a shape: save one plain array",
            header.trim_end()
        ));
    };
    let view = View::whole(shape, column_major);
    Ok(Description { number: number_type(code)?, big_endian: code.starts_with('>'), view })
}
