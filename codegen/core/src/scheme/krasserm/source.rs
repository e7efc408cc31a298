//! What a checkpoint says of itself: its configuration's place, its class, the names of its tensors.

use super::class::{CLASSES, Class};
use super::dialect::{self, Found};
use crate::Problems;
use crate::model::Mask;
use crate::scheme::Version;
use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::fields::Fields;
use serde_json::Value;

/// What a module that holds the model calls it: nothing does, a Lightning module, a class of transformers.
const ROOTS: [(&str, Holder); 3] =
    [("", Holder::None), ("model.", Holder::Lightning), ("backend_model.", Holder::Transformers)];

/// What holds the model; it names the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nothing.
    None,
    /// A Lightning module.
    Lightning,
    /// A class of transformers.
    Transformers,
}

/// A checkpoint that was recognised.
pub(super) struct Source {
    pub(super) class: Class,
    pub(super) found: Found,
    holder: Holder,
}

/// Recognises the checkpoint, whose names are from then on those below the model's. What is wrong with a field stays in
/// `fields`.
pub(super) fn recognise(
    fields: &mut Fields,
    settings: &Value,
    checkpoint: &mut Checkpoint,
) -> Result<Source, Problems> {
    let words = CLASSES.map(|(class, word, _)| (word, class));
    let said =
        if checkpoint.is_open() { fields.word("model_type", &words) } else { fields.need_word("model_type", &words) };
    let parse = |value: &Value| Version::parse(value.as_str()?);
    let version = fields.read("version", "a version of three numbers such as \"0.11.1\"", parse);
    let fitting = ROOTS.iter().find_map(|&(root, holder)| {
        checkpoint.within(root);
        dialect::recognise(checkpoint, version).map(|found| (found, holder))
    });
    if let Some((found, holder)) = fitting {
        check_version(fields, version, &found);
        let class = class(fields, said, shown(checkpoint, &found, settings)).ok_or_else(Problems::new)?;
        return Ok(Source { class, found, holder });
    }
    match said.filter(|_| !checkpoint.is_open()) {
        Some(class) => Ok(Source { class, found: dialect::of_version(version), holder: Holder::None }),
        None if checkpoint.is_open() => Err(Problems::model(dialect::nothing_fits())),
        None => Err(Problems::new()),
    }
}

fn check_version(fields: &mut Fields, version: Option<Version>, found: &Found) {
    if let Some(version) = version.filter(|version| !found.names.holds(*version)) {
        let (tell, versions) = (found.in_encoder(found.names.tell), found.names.versions());
        let complaint = format!(
            "is \"{version}\", but the tensor `{tell}` is one of {versions}: correct the version, or remove it"
        );
        fields.complain("version", &complaint);
    }
}

/// The class that the configuration says, or else the one that the tensors show; none when the two contradict.
fn class(fields: &mut Fields, said: Option<Class>, (shown, tensor): (Class, String)) -> Option<Class> {
    let Some(said) = said else { return Some(shown) };
    if !said.resembles(shown) {
        let (said, shown) = (said.name(), shown.name());
        let complaint = format!("says {said}, but the tensor `{tensor}` is one of {shown}: correct one of the two");
        fields.complain("model_type", &complaint);
        return None;
    }
    Some(said)
}

/// The class that the tensors show, and one that shows it. Only the configuration tells those that read ids apart.
fn shown(checkpoint: &Checkpoint, found: &Found, settings: &Value) -> (Class, String) {
    let [flow, image] = ["input_adapter.linear.weight", found.names.fourier].map(|name| found.in_encoder(name));
    if checkpoint.has(&flow) {
        return (Class::OpticalFlow, flow);
    }
    if checkpoint.has(&image) {
        return (Class::ImageClassifier, image);
    }
    let classifies = ["/num_classes", "/decoder/num_classes"].iter().any(|place| settings.pointer(place).is_some());
    let class = if classifies { Class::TextClassifier } else { Class::MaskedLm };
    (class, found.in_encoder(found.names.embedding))
}

impl Source {
    /// What was recognised, and how.
    pub(super) fn remarks(&self) -> Vec<String> {
        let (tell, versions) = (self.found.in_encoder(self.found.names.tell), self.found.names.versions());
        let held = match self.holder {
            Holder::None => "",
            Holder::Lightning => " below `model.`, where a Lightning module has it",
            Holder::Transformers => " below `backend_model.`, where a class of transformers has it",
        };
        let mut remarks =
            vec![format!("recognised by the tensor `{tell}` of versions {versions}{held}: {}", self.class.name())];
        if self.mask().is_some_and(|mask| mask.padding.is_some()) {
            remarks.push(
                "`pad_mask` is `true` for padding; `attention_mask` takes its place and says the opposite".to_owned(),
            );
        }
        remarks
    }

    /// What the holder calls the input.
    pub(super) fn input(&self) -> &'static str {
        match (self.holder, self.class) {
            (Holder::Transformers, class) if class.is_text() => "input_ids",
            (Holder::Transformers, Class::ImageClassifier) => "pixel_values",
            (Holder::Transformers, _) => "inputs",
            (Holder::None, Class::MaskedLm) if self.found.names.masks() => "x_input",
            (Holder::None, Class::MaskedLm) => "x_masked",
            _ => "x",
        }
    }

    /// The mask of the ids.
    pub(super) fn mask(&self) -> Option<Mask> {
        let padding = (self.holder != Holder::Transformers).then(|| "pad_mask".to_owned());
        self.class.is_text().then(|| Mask { padding, ..Mask::new("attention_mask") })
    }
}
