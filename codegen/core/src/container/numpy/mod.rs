//! NumPy's arrays, in pickles and in its own files.

mod pickled;

#[cfg(feature = "haiku")]
mod npy;

#[cfg(feature = "haiku")]
pub(super) use npy::archive;
#[cfg(feature = "haiku")]
pub use npy::read_npy;
pub(super) use pickled::array;
#[cfg(feature = "haiku")]
pub(super) use pickled::is_array;

use super::number::{Float, Integer, NumberType, SUPPORTED};
use super::place::Place;
use super::stored::Stored;
use super::view::{Storage, View};

/// The codes of the number types, without the byte order.
const NUMBER_TYPES: [(&str, NumberType); 12] = [
    ("f2", NumberType::Float(Float::F16)),
    ("f4", NumberType::Float(Float::F32)),
    ("f8", NumberType::Float(Float::F64)),
    ("b1", NumberType::Integer(Integer::Bool)),
    ("u1", NumberType::Integer(Integer::U8)),
    ("i1", NumberType::Integer(Integer::I8)),
    ("u2", NumberType::Integer(Integer::U16)),
    ("i2", NumberType::Integer(Integer::I16)),
    ("u4", NumberType::Integer(Integer::U32)),
    ("i4", NumberType::Integer(Integer::I32)),
    ("u8", NumberType::Integer(Integer::U64)),
    ("i8", NumberType::Integer(Integer::I64)),
];

/// An array as NumPy describes it.
struct Description {
    number: NumberType,
    big_endian: bool,
    /// Where each number is among all.
    view: View,
}

impl Description {
    /// The array with its numbers in `place`, or what is wrong with it (a sentence that starts with its verb).
    fn stored(self, place: &Place) -> Result<Stored, String> {
        let Self { number, big_endian, view } = self;
        let expected = view.count().and_then(|count| count.checked_mul(number.width()));
        if expected.map(|bytes| bytes as u64) != Some(place.len()) {
            return Err(format!(
                "has {} bytes, expected {} for its shape {:?}: write the file again",
                place.len(),
                expected.map_or("more than 2^64".to_owned(), |bytes| bytes.to_string()),
                view.shape
            ));
        }
        Storage { place: place.clone(), number, big_endian }.view(&view)
    }
}

/// The number type of a code, with a byte order before it or not, or what is wrong with it.
fn number_type(code: &str) -> Result<NumberType, String> {
    let plain = code.trim_start_matches(['<', '>', '=', '|']);
    let known = NUMBER_TYPES.iter().find(|(known, _)| *known == plain);
    known.map(|(_, number)| *number).ok_or_else(|| {
        format!("has numbers of type {code}, expected one of {SUPPORTED}: save it with `.astype(\"float32\")`")
    })
}
