//! The entries of a header: `{"dtype": …, "shape": […], "data_offsets": [begin, end]}`, held against the data.

use super::header::Header;
use crate::container::number::{Float, Integer, NumberType, SUPPORTED};
use crate::container::place::Place;
use crate::container::source::{Source, Span};
use crate::container::stored::Stored;
use crate::container::strides;
use crate::{Problems, Subject};
use serde_json::Value;
use std::collections::BTreeMap;

/// The number types and their names.
const NUMBER_TYPES: [(&str, NumberType); 13] = [
    ("F16", NumberType::Float(Float::F16)),
    ("BF16", NumberType::Float(Float::BF16)),
    ("F32", NumberType::Float(Float::F32)),
    ("F64", NumberType::Float(Float::F64)),
    ("BOOL", NumberType::Integer(Integer::Bool)),
    ("U8", NumberType::Integer(Integer::U8)),
    ("I8", NumberType::Integer(Integer::I8)),
    ("U16", NumberType::Integer(Integer::U16)),
    ("I16", NumberType::Integer(Integer::I16)),
    ("U32", NumberType::Integer(Integer::U32)),
    ("I32", NumberType::Integer(Integer::I32)),
    ("U64", NumberType::Integer(Integer::U64)),
    ("I64", NumberType::Integer(Integer::I64)),
];

/// A tensor by the header.
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    begin: u64,
    end: u64,
}

/// The tensors of `header`, which was read from `source`.
pub(super) fn stored(source: &Source, header: &Header) -> Result<BTreeMap<String, Stored>, Problems> {
    let mut problems = Problems::new();
    let mut tensors = BTreeMap::new();
    let mut extents = Vec::new();
    for (name, value) in &header.entries {
        let tensor = entry(value).and_then(|entry| {
            extents.push((entry.begin, entry.end, name.as_str()));
            tensor(entry, &header.data)
        });
        let wrong = match tensor {
            Ok(Some(tensor)) => tensors.insert(name.clone(), tensor).map(|_| "is there twice: keep one".to_owned()),
            Ok(None) => None,
            Err(wrong) => Some(wrong),
        };
        if let Some(wrong) = wrong {
            problems.add(Subject::Model, format!("tensor `{name}` of `{}` {wrong}", source.path().display()));
        }
    }
    if let Some(message) = layout(source, header.data.start(), &mut extents) {
        problems.add(Subject::Model, message);
    }
    problems.finish(tensors)
}

fn entry(value: &Value) -> Result<Entry, String> {
    let read = || {
        let whole = |value: &Value| usize::try_from(value.as_u64()?).ok();
        let shape = value.get("shape")?.as_array()?.iter().map(whole).collect::<Option<_>>()?;
        let offset =
            |index: usize| value.get("data_offsets")?.as_array().filter(|pair| pair.len() == 2)?[index].as_u64();
        Some(Entry { dtype: value.get("dtype")?.as_str()?.to_owned(), shape, begin: offset(0)?, end: offset(1)? })
    };
    let Some(entry) = read() else {
        return Err(format!(
            "is described as {value}, expected {{\"dtype\": …, \"shape\": […], \"data_offsets\": [begin, end]}}: write the \
             file again as safetensors"
        ));
    };
    if entry.begin > entry.end {
        return Err(format!("ends at byte {}, before it begins at {}: write the file again", entry.end, entry.begin));
    }
    Ok(entry)
}

/// `None` when the data ends too early, which is said once for the whole file.
fn tensor(entry: Entry, data: &Span) -> Result<Option<Stored>, String> {
    let Entry { dtype, shape, begin, end } = entry;
    let Some((_, number)) = NUMBER_TYPES.iter().find(|(name, _)| *name == dtype) else {
        return Err(format!("has numbers of type {dtype}, expected one of {SUPPORTED}: save it as F32"));
    };
    let bytes = strides::count(&shape).and_then(|count| (count as u64).checked_mul(number.width() as u64));
    if bytes != Some(end - begin) {
        let needs = bytes.map_or("more than 2^64".to_owned(), |bytes| bytes.to_string());
        return Err(format!(
            "has {} bytes, but {needs} are needed for shape {shape:?} in {dtype}: write the file again as safetensors",
            end - begin
        ));
    }
    Ok(data.part(begin, end - begin).map(|place| Stored::new(shape, *number, Place::Plain(place))))
}

/// What is wrong with tensors that do not follow one another, or do not end where the file does.
fn layout(source: &Source, data: u64, extents: &mut [(u64, u64, &str)]) -> Option<String> {
    let (shown, have) = (source.path().display(), source.len());
    extents.sort_unstable();
    let mut end = 0;
    for &mut (begin, next, name) in extents {
        if begin != end {
            return Some(format!(
                "tensor `{name}` of `{shown}` begins at byte {begin} of the data, expected {end}, where the one before it \
                 ends: write the file again as safetensors"
            ));
        }
        end = next;
    }
    let promised = end.saturating_add(data);
    if promised > have {
        return Some(format!(
            "`{shown}` is truncated: it has {have} bytes of the {promised} that its header promises; write or copy it again"
        ));
    }
    (promised < have).then(|| {
        format!(
            "`{shown}` has {have} bytes, {} more than its header describes; write or copy it again",
            have - promised
        )
    })
}
