//! Names of classes, as transformers keeps them.

use super::checkpoint::Checkpoint;
use super::fields::Fields;
use crate::model::Output;
use serde_json::Value;

/// `id2label`
pub(super) struct Labels {
    /// A name a class.
    names: Vec<String>,
}

/// Reads `id2label`, if it is there.
pub(super) fn read(fields: &mut Fields) -> Option<Labels> {
    let expected = "an object with a name for each of \"0\", \"1\", …";
    fields.read("id2label", expected, id2label).map(|names| Labels { names })
}

impl Labels {
    /// How many classes there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// The names; none when they are the library's placeholders.
    pub(super) fn names(self) -> Vec<String> {
        let placeholders = self.names.iter().enumerate().all(|(id, label)| *label == format!("LABEL_{id}"));
        if placeholders { Vec::new() } else { self.names }
    }

    /// Names the numbers of `output`, whose count something else decides.
    pub(super) fn put_on(self, output: &mut Output, checkpoint: &mut Checkpoint) {
        let classes = output.linear.as_ref().map_or(0, |linear| linear.weight.rows());
        let names = self.names();
        if !names.is_empty() && names.len() != classes {
            checkpoint.complain(format!(
                "`id2label` in config.json names {} classes, but `{}` has {classes} numbers: name each of them, or none",
                names.len(),
                output.name
            ));
        }
        output.labels = names;
    }
}

fn id2label(value: &Value) -> Option<Vec<String>> {
    let map = value.as_object().filter(|map| !map.is_empty())?;
    (0..map.len()).map(|id| map.get(&id.to_string())?.as_str().map(str::to_owned)).collect()
}
