//! What parts of the source's model compute on the way: `stage.<name>`, each with a leading batch axis.

use super::File;
use percio_codegen_core::container::Numbers;
use std::collections::BTreeMap;

/// By name, the numbers of each sample.
pub type Stages = BTreeMap<String, Vec<Vec<f32>>>;

impl File {
    /// The stages of `samples` samples, and the names of arrays that are of another batch or hold no floating-point numbers.
    #[must_use]
    pub fn stages(&self, samples: usize) -> (Stages, Vec<String>) {
        let (mut stages, mut unusable) = (Stages::new(), Vec::new());
        for (name, array) in self.under("stage") {
            match &array.numbers {
                Numbers::F32(numbers) if array.shape.first() == Some(&samples) && !numbers.is_empty() => {
                    let len = numbers.len() / samples;
                    stages.insert(name.to_owned(), numbers.chunks(len).map(<[f32]>::to_vec).collect());
                }
                _ => unusable.push(format!("stage.{name}")),
            }
        }
        (stages, unusable)
    }
}
