//! What parts of the source's model compute on the way: `stage.<name>`, each with a leading batch axis.
//!
//! Together they are much larger than the outputs, so they stay in the file until a sample's are asked for.

use super::File;
use percio_codegen_core::Problems;
use percio_codegen_core::container::{Numbers, Stored};
use std::collections::BTreeMap;

/// The stages of a reference, by name.
#[derive(Clone, Debug, Default)]
pub struct Stages(BTreeMap<String, Stored>);

impl Stages {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Reads the numbers of a stage in one sample; `None` of a stage that is not there.
    ///
    /// # Errors
    /// A file that can no longer be read.
    pub fn read(&self, name: &str, sample: usize) -> Result<Option<Vec<f32>>, Problems> {
        let stored = self.0.get(name).and_then(|stage| stage.at(sample));
        Ok(match stored.map(|stored| stored.numbers()).transpose()? {
            Some(Numbers::F32(numbers)) => Some(numbers),
            Some(Numbers::I64(_)) | None => None,
        })
    }
}

impl File {
    /// The stages of `samples` samples, and the names of arrays that are of another batch or hold no floating-point numbers.
    #[must_use]
    pub fn stages(&self, samples: usize) -> (Stages, Vec<String>) {
        let is_usable = |stored: &Stored| {
            stored.is_float() && stored.shape().first() == Some(&samples) && !stored.shape().contains(&0)
        };
        let (usable, unusable): (BTreeMap<_, _>, BTreeMap<_, _>) =
            self.stages.clone().into_iter().partition(|(_, stored)| is_usable(stored));
        (Stages(usable), unusable.into_keys().map(|name| format!("{PREFIX}{name}")).collect())
    }
}

/// What their names start with in a file.
pub(super) const PREFIX: &str = "stage.";
