//! The tensors of a file: its state dictionary, and the settings that Lightning saves beside it.

use super::settings::to_json;
use super::tensor::{self, Identity, Storages};
use crate::container::Weights;
use crate::container::pickle::{Id, Pickle};
use crate::container::stored::Stored;
use crate::{Problems, Subject};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Where Lightning puts the tensors.
const STATE_DICT: &str = "state_dict";
/// Where Lightning puts the arguments of the model's class.
const HYPER_PARAMETERS: &str = "hyper_parameters";

/// The weights that `pickle` describes.
pub(super) fn read(pickle: &Pickle, storages: &Storages) -> Result<Weights, Problems> {
    let shown = pickle.path().display();
    let entries = find(pickle).map_err(|wrong| Problems::model(format!("`{shown}` {wrong}")))?;
    let mut problems = Problems::new();
    let mut tensors: BTreeMap<String, Stored> = BTreeMap::new();
    let mut seen: BTreeMap<Identity, Stored> = BTreeMap::new();
    for &(key, value) in entries {
        let name = pickle.describe(key);
        let wrong = match read_entry(pickle, key, value, storages) {
            Ok((name, identity, stored)) => match tensors.entry(name) {
                Entry::Vacant(vacant) => {
                    // Tied tensors share their numbers.
                    vacant.insert(seen.entry(identity).or_insert(stored).clone());
                    continue;
                }
                Entry::Occupied(_) => "is there twice: keep one".to_owned(),
            },
            Err(wrong) => wrong,
        };
        problems.add(Subject::Model, format!("tensor {name} of `{shown}` {wrong}"));
    }
    let mut weights = Weights::new(pickle.path(), tensors);
    if let Some(parameters) = pickle.entry(pickle.root(), HYPER_PARAMETERS) {
        match to_json(pickle, parameters) {
            Some(json) => weights.set_hyper_parameters(json),
            None => problems.add(
                Subject::Model,
                format!("`{HYPER_PARAMETERS}` of `{shown}` are nested too deep or too many to read: save the model without them"),
            ),
        }
    }
    problems.finish(weights)
}

fn read_entry(pickle: &Pickle, key: Id, value: Id, storages: &Storages) -> Result<(String, Identity, Stored), String> {
    let name = pickle.text(key).ok_or("has a name that is no text: rename it")?;
    if !tensor::is_tensor(pickle, value) {
        return Err(format!("is {}, expected a tensor: remove it", pickle.describe(value)));
    }
    let (identity, stored) = tensor::read(pickle, value, storages)?;
    Ok((name.to_owned(), identity, stored))
}

/// The entries that are tensors: those of the whole, of `state_dict`, or of the only dictionary of tensors in the whole.
fn find(pickle: &Pickle) -> Result<&[(Id, Id)], String> {
    let Some(whole) = pickle.entries(pickle.root()) else {
        return Err(format!(
            "holds {}, expected a dictionary of tensors: load it in Python and save its `state_dict()`",
            pickle.describe(pickle.root())
        ));
    };
    let has_tensors = |entries: &[(Id, Id)]| entries.iter().any(|&(_, value)| tensor::is_tensor(pickle, value));
    if has_tensors(whole) {
        return Ok(whole);
    }
    let below = |&(key, value): &(Id, Id)| Some((key, pickle.entries(value).filter(|entries| has_tensors(entries))?));
    let groups: Vec<(Id, &[(Id, Id)])> = whole.iter().filter_map(below).collect();
    let named = groups.iter().find(|(key, _)| pickle.text(*key) == Some(STATE_DICT));
    match (named, groups.as_slice()) {
        (Some((_, entries)), _) | (None, [(_, entries)]) => Ok(entries),
        (None, []) => Err(format!(
            "holds no dictionary of tensors, but {}: load it in Python and save its `state_dict()`",
            names(pickle, whole.iter().map(|(key, _)| *key))
        )),
        (None, several) => Err(format!(
            "holds several dictionaries of tensors, {}: save the one you mean alone",
            names(pickle, several.iter().map(|(key, _)| *key))
        )),
    }
}

fn names(pickle: &Pickle, keys: impl Iterator<Item = Id>) -> String {
    let names: Vec<String> = keys.take(8).map(|key| pickle.describe(key)).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
