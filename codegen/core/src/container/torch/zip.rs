//! The format since torch 1.6: a zip archive of `data.pkl` and a file for each storage.

use super::state_dict;
use super::tensor::Storages;
use crate::Problems;
use crate::container::place::Place;
use crate::container::source::Source;
use crate::container::zip::Archive;
use crate::container::{Weights, pickle};

/// The pickle's name in the archive, below a directory of any name.
const PICKLE: &str = "data.pkl";

/// The weights in the archive; `None` when it is of another kind.
pub(in crate::container) fn open(source: &Source, archive: &Archive) -> Option<Result<Weights, Problems>> {
    let pickle = archive.names().find(|name| name.split_once('/').is_some_and(|(_, name)| name == PICKLE))?;
    let directory = pickle.strip_suffix(PICKLE)?;
    Some(read(source, archive, directory, archive.get(pickle)?))
}

/// `directory` ends in a slash.
fn read(source: &Source, archive: &Archive, directory: &str, pickle: &Place) -> Result<Weights, Problems> {
    let shown = source.path().display();
    if archive.get(&format!("{directory}constants.pkl")).is_some() {
        return Err(Problems::model(format!(
            "`{shown}` is a TorchScript program, expected weights: load it with `torch.jit.load` and save its `state_dict()`"
        )));
    }
    let data = format!("{directory}data/");
    let storage = |name: &str| Some((name.strip_prefix(&data)?.to_owned(), archive.get(name)?.clone()));
    let storages = Storages {
        places: archive.names().filter_map(storage).collect(),
        big_endian: big_endian(source, archive.get(&format!("{directory}byteorder")))?,
    };
    state_dict::read(&pickle::read(&pickle.unpacked()?)?, &storages)
}

/// Whether numbers start with their most significant byte, by the file that says so; older files are little-endian.
fn big_endian(source: &Source, order: Option<&Place>) -> Result<bool, Problems> {
    let Some(order) = order else { return Ok(false) };
    match order.unpacked()?.bytes()?.trim_ascii() {
        b"little" => Ok(false),
        b"big" => Ok(true),
        other => Err(Problems::model(format!(
            "`byteorder` in the archive `{}` is {:?}, expected little or big: write the file again",
            source.path().display(),
            String::from_utf8_lossy(other)
        ))),
    }
}
