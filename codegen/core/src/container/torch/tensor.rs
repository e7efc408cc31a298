//! A tensor as a pickle describes it: a view into a storage.

use crate::container::number::{Float, Integer, NumberType, SUPPORTED};
use crate::container::pickle::{Global, Id, Known, Pickle, Value};
use crate::container::place::Place;
use crate::container::stored::Stored;
use crate::container::view::{Storage, View};
use std::collections::BTreeMap;

/// The storages of a file.
pub(super) struct Storages {
    /// The bytes of each, by its key.
    pub(super) places: BTreeMap<String, Place>,
    /// Whether the most significant byte of a number comes first.
    pub(super) big_endian: bool,
}

/// Classes of storages, and number types that have none.
const NUMBER_TYPES: [(&str, NumberType); 13] = [
    ("HalfStorage", NumberType::Float(Float::F16)),
    ("BFloat16Storage", NumberType::Float(Float::BF16)),
    ("FloatStorage", NumberType::Float(Float::F32)),
    ("DoubleStorage", NumberType::Float(Float::F64)),
    ("BoolStorage", NumberType::Integer(Integer::Bool)),
    ("ByteStorage", NumberType::Integer(Integer::U8)),
    ("CharStorage", NumberType::Integer(Integer::I8)),
    ("ShortStorage", NumberType::Integer(Integer::I16)),
    ("IntStorage", NumberType::Integer(Integer::I32)),
    ("LongStorage", NumberType::Integer(Integer::I64)),
    ("uint16", NumberType::Integer(Integer::U16)),
    ("uint32", NumberType::Integer(Integer::U32)),
    ("uint64", NumberType::Integer(Integer::U64)),
];

/// A storage that a tensor names: `("storage", class, key, device, length)`.
#[derive(Debug)]
pub(super) struct Reference<'a> {
    /// Its key in the file.
    pub(super) key: &'a str,
    class: &'a Global,
    /// In numbers of its class, in bytes when it has no number type.
    length: usize,
}

impl<'a> Reference<'a> {
    /// The reference `id`, or what is wrong with it (a sentence that starts with its verb).
    pub(super) fn read(pickle: &'a Pickle, id: Id) -> Result<Self, String> {
        let words = match pickle.get(id) {
            Value::Persistent(words) => pickle.members(*words),
            _ => None,
        };
        let read = |words: &[Id]| {
            let &[kind, class, key, _, length, ref rest @ ..] = words else { return None };
            // A part of another storage, in files of torch 0.3 and before.
            let is_whole = rest.iter().all(|&part| matches!(pickle.get(part), Value::None));
            let is_storage = pickle.text(kind) == Some("storage") && is_whole;
            let (class, key, length) = (pickle.global(class)?, pickle.text(key)?, pickle.size(length)?);
            is_storage.then_some(Self { key, class, length })
        };
        words.and_then(read).ok_or_else(|| {
            "is described in a way that torch 0.4 and later does not write: load it and save it again".to_owned()
        })
    }

    /// Bytes of a number.
    pub(super) fn width(&self) -> Result<u64, String> {
        if self.class.name == "UntypedStorage" { Ok(1) } else { Ok(number_type(self.class)?.width() as u64) }
    }
}

/// Whether the value is a tensor.
pub(super) fn is_tensor(pickle: &Pickle, id: Id) -> bool {
    matches!(pickle.call(id), Some((Known::Tensor | Known::TypedTensor | Known::Parameter | Known::TensorOfClass, _)))
}

/// Which numbers a tensor consists of: the storage's key, how its bytes are read, and the view into it.
pub(super) type Identity = (String, NumberType, View);

/// The tensor `id`, or what is wrong with it (a sentence that starts with its verb).
pub(super) fn read(pickle: &Pickle, id: Id, storages: &Storages) -> Result<(Identity, Stored), String> {
    let (known, arguments) =
        plain(pickle, id).ok_or_else(|| "is described in an unknown way: save it again".to_owned())?;
    let &[storage, offset, shape, strides, ref rest @ ..] = arguments else {
        return Err("is described by too few words: write the file again".to_owned());
    };
    let view =
        || Some(View { offset: pickle.size(offset)?, shape: pickle.sizes(shape)?, strides: pickle.sizes(strides)? });
    let view = view().ok_or("has an offset, shape or strides that are no sizes: write the file again")?;
    let reference = Reference::read(pickle, storage)?;
    let class = match known {
        Known::TypedTensor => rest.get(2).and_then(|&dtype| pickle.global(dtype)).unwrap_or(reference.class),
        _ => reference.class,
    };
    let number = number_type(class)?;
    let key = reference.key;
    let Some(place) = storages.places.get(key) else {
        return Err(format!("is in storage `{key}`, which is not in the file: write or copy it again"));
    };
    let expected = reference.width()?.saturating_mul(reference.length as u64);
    if expected != place.len() {
        let have = place.len();
        return Err(format!(
            "is in storage `{key}`, which has {have} bytes, expected {expected}: write or copy it again"
        ));
    }
    let storage = Storage { place: place.clone(), number, big_endian: storages.big_endian };
    let stored = storage.view(&view)?;
    Ok(((key.to_owned(), number, view), stored))
}

/// The call that makes a tensor from a storage, without parameters and classes around it.
fn plain(pickle: &Pickle, id: Id) -> Option<(Known, &[Id])> {
    match pickle.call(id)? {
        (known @ (Known::Tensor | Known::TypedTensor), arguments) => Some((known, arguments)),
        (Known::Parameter, arguments) => {
            // A parameter is made of a tensor, never of another parameter.
            let inner = pickle.call(*arguments.first()?)?;
            matches!(inner.0, Known::Tensor | Known::TypedTensor).then_some(inner)
        }
        (Known::TensorOfClass, &[function, _, arguments, ..]) => {
            let known = Known::of(pickle.global(function)?)?;
            Some((known, pickle.members(arguments)?))
        }
        _ => None,
    }
}

fn number_type(class: &Global) -> Result<NumberType, String> {
    let known = NUMBER_TYPES.iter().find(|(name, _)| *name == class.name && class.module.starts_with("torch"));
    known.map(|(_, number)| *number).ok_or_else(|| {
        format!(
            "has numbers of type {}.{}, expected one of {SUPPORTED}: save it as torch.float32",
            class.module, class.name
        )
    })
}
