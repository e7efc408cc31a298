//! The format before torch 1.6: a magic number, a version, facts about the machine, the data, the keys of the storages, each
//! a pickle; then the storages, each after its length.

use super::state_dict;
use super::tensor::{Reference, Storages};
use crate::container::Weights;
use crate::container::pickle::{self, Pickle, Value};
use crate::container::place::Place;
use crate::container::source::{Source, Span};
use crate::{Problems, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of the length of a storage.
const LENGTH: u64 = 8;

/// The weights in the file.
pub(in crate::container) fn open(source: &Arc<Source>) -> Result<Weights, Problems> {
    let mut rest = Span::whole(source);
    let mut next = || {
        let pickle = pickle::read(&rest)?;
        rest = rest.from(pickle.len());
        Ok::<Pickle, Problems>(pickle)
    };
    let (_magic, _version, machine, data, keys) = (next()?, next()?, next()?, next()?, next()?);
    let little = machine.entry(machine.root(), "little_endian").map(|little| machine.get(little));
    let big_endian = matches!(little, Some(Value::Bool(false)));
    let storages = Storages { places: places(source, &data, &keys, rest)?, big_endian };
    state_dict::read(&data, &storages)
}

/// The storages by their keys, in the order of `keys` from the start of `rest` on.
fn places(source: &Source, data: &Pickle, keys: &Pickle, mut rest: Span) -> Result<BTreeMap<String, Place>, Problems> {
    let shown = source.path().display();
    let mut widths = BTreeMap::new();
    let mut problems = Problems::new();
    for reference in data.persistent().map(|id| Reference::read(data, id)) {
        match reference.and_then(|reference| Ok((reference.key.to_owned(), reference.width()?))) {
            Ok((key, width)) => drop(widths.insert(key, width)),
            Err(wrong) => problems.add(Subject::Model, format!("a storage of `{shown}` {wrong}")),
        }
    }
    let mut places = problems.finish(BTreeMap::new())?;
    for &key in keys.members(keys.root()).unwrap_or_default() {
        let known = keys.text(key).and_then(|key| Some((key, *widths.get(key)?)));
        let Some((key, width)) = known else {
            return Err(Problems::model(format!(
                "`{shown}` lists a storage that no tensor uses, so its size is unknown: write the file again"
            )));
        };
        let place = match rest.part(0, LENGTH) {
            Some(length) => {
                let length = length.bytes()?.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
                length.checked_mul(width).and_then(|bytes| rest.part(LENGTH, bytes))
            }
            None => None,
        };
        let Some(place) = place else {
            return Err(Problems::model(format!(
                "`{shown}` is truncated or damaged: storage `{key}` is not all there; write or copy it again"
            )));
        };
        rest = rest.from(LENGTH + place.len());
        places.insert(key.to_owned(), Place::Plain(place));
    }
    Ok(places)
}
