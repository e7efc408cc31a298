//! Zip archives: torch's own format, and NumPy's for several arrays.

mod directory;

use super::place::Place;
use super::source::Source;
use crate::Problems;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The files of an archive by name.
pub(super) struct Archive {
    entries: BTreeMap<String, Place>,
}

impl Archive {
    /// The archive in the file.
    pub(super) fn read(source: &Arc<Source>) -> Result<Self, Problems> {
        directory::read(source).map(|entries| Self { entries })
    }

    /// The file `name`.
    pub(super) fn get(&self, name: &str) -> Option<&Place> {
        self.entries.get(name)
    }

    /// The names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}
