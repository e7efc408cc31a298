//! Arrays in pickles: of NumPy before and since protocol 5, and of JAX, which writes those of NumPy.

use super::{Description, number_type};
use crate::container::number::{Float, NumberType};
use crate::container::pickle::{Id, Known, Pickle, Value};
use crate::container::place::Place;
use crate::container::source::{Source, Span};
use crate::container::stored::Stored;
use crate::container::view::View;
use std::sync::Arc;

/// Whether the value is an array or a number of NumPy.
pub(in crate::container) fn is_array(pickle: &Pickle, id: Id) -> bool {
    matches!(pickle.call(id), Some((Known::Array | Known::ArrayOfBuffer | Known::Scalar | Known::JaxArray, _)))
}

/// The array `id`, or what is wrong with it (a sentence that starts with its verb).
pub(in crate::container) fn array(pickle: &Pickle, id: Id) -> Result<Stored, String> {
    let parts = Parts::of(pickle, id).ok_or("is described in an unknown way: save it again as an array of NumPy")?;
    let (number, big_endian) = number(pickle, parts.dtype)?;
    let view = parts.view(pickle).ok_or("has a shape that is no list of sizes: write the file again")?;
    let place = bytes(pickle, parts.bytes).ok_or("has numbers that are no bytes: write the file again")?;
    Description { number, big_endian, view }.stored(&place)
}

/// What an array is made of.
struct Parts {
    /// Absent for a single number.
    shape: Option<Id>,
    dtype: Id,
    bytes: Id,
    column_major: bool,
    /// The axes in their order, when the shape is that of the array before they were exchanged.
    axes: Option<Id>,
}

impl Parts {
    fn of(pickle: &Pickle, id: Id) -> Option<Self> {
        let Value::Record(record) = pickle.get(id) else { return None };
        match pickle.call(id)? {
            (Known::Array, _) => Self::of_state(pickle, record.state?),
            (Known::JaxArray, &[_, _, state, ..]) => Self::of_state(pickle, state),
            (Known::ArrayOfBuffer, &[bytes, dtype, shape, order, ref axes @ ..]) => {
                let column_major = pickle.text(order)? == "F";
                Some(Self { shape: Some(shape), dtype, bytes, column_major, axes: axes.first().copied() })
            }
            (Known::Scalar, &[dtype, bytes]) => {
                Some(Self { shape: None, dtype, bytes, column_major: false, axes: None })
            }
            _ => None,
        }
    }

    /// `(version, shape, dtype, column-major, bytes)`.
    fn of_state(pickle: &Pickle, state: Id) -> Option<Self> {
        let &[_, shape, dtype, order, bytes] = pickle.members(state)? else { return None };
        let column_major = matches!(pickle.get(order), Value::Bool(true));
        Some(Self { shape: Some(shape), dtype, bytes, column_major, axes: None })
    }

    fn view(&self, pickle: &Pickle) -> Option<View> {
        let shape = self.shape.map_or(Some(Vec::new()), |shape| pickle.sizes(shape))?;
        let view = View::whole(shape, self.column_major);
        match self.axes {
            Some(axes) => view.transposed(&pickle.sizes(axes)?),
            None => Some(view),
        }
    }
}

/// The number type `id`, and whether the most significant byte comes first.
fn number(pickle: &Pickle, id: Id) -> Result<(NumberType, bool), String> {
    let code = match (pickle.call(id), pickle.get(id)) {
        (Some((Known::NumberType, &[code, ..])), Value::Record(record)) => Some((code, record.state)),
        _ => None,
    };
    let (code, state) = code.ok_or("has no number type: write the file again")?;
    let order = state.and_then(|state| pickle.text(*pickle.members(state)?.get(1)?));
    let number = match pickle.global(code) {
        Some(class) if class.name == "bfloat16" => NumberType::Float(Float::BF16),
        Some(class) => number_type(&class.to_string())?,
        None => number_type(pickle.text(code).unwrap_or("without a name"))?,
    };
    Ok((number, order == Some(">")))
}

/// Bytes of a pickle: as they are, or as the characters that protocol 2 makes of them.
fn bytes(pickle: &Pickle, id: Id) -> Option<Place> {
    let unpacked = |bytes| Place::Plain(Span::whole(&Arc::new(Source::unpacked(pickle.path(), bytes))));
    match (pickle.get(id), pickle.call(id)) {
        (Value::Bytes(span), _) => Some(Place::Plain(span.clone())),
        (_, Some((Known::Encode, &[text, _]))) => pickle
            .text(text)?
            .chars()
            .map(|character| u8::try_from(character).ok())
            .collect::<Option<_>>()
            .map(unpacked),
        (_, Some((Known::Bytes, &[]))) => Some(unpacked(Vec::new())),
        _ => None,
    }
}
