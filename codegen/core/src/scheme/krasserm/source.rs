//! What a checkpoint says of itself: its class, its version, what holds the model.

use super::class::{CLASSES, Class};
use super::versions::Versions;
use super::{ar, io};
use crate::Problems;
use crate::model::{Mask, Model, Provenance};
use crate::scheme::Version;
use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::fields::Fields;
use serde_json::Value;

/// What a module that holds the model calls it: nothing does, a Lightning module, a class of transformers.
const ROOTS: [(&str, Holder); 3] =
    [("", Holder::None), ("model.", Holder::Lightning), ("backend_model.", Holder::Transformers)];

/// What holds the model; it names the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// Nothing.
    None,
    /// A Lightning module.
    Lightning,
    /// A class of transformers.
    Transformers,
}

/// The names of the tensors.
#[derive(Clone, Copy)]
enum Names {
    Io(io::Found),
    Ar(&'static ar::Dialect),
}

/// A checkpoint that was recognised.
pub(super) struct Source {
    class: Class,
    names: Names,
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
        let io = io::recognise(checkpoint, version).map(Names::Io);
        io.or_else(|| ar::recognise(checkpoint).map(Names::Ar)).map(|names| (names, holder))
    });
    if let Some((names, holder)) = fitting {
        names.check_version(fields, version);
        let class = class(fields, said, names.shown(checkpoint, settings)).ok_or_else(Problems::new)?;
        return Ok(Source { class, names, holder });
    }
    match said.filter(|_| !checkpoint.is_open()) {
        Some(class) if class.is_autoregressive() => {
            Ok(Source { class, names: Names::Ar(ar::of_version(version)), holder: Holder::None })
        }
        Some(class) => Ok(Source { class, names: Names::Io(io::of_version(version)), holder: Holder::None }),
        None if checkpoint.is_open() => Err(Problems::model(nothing_fits())),
        None => Err(Problems::new()),
    }
}

fn nothing_fits() -> String {
    let tells = io::tells().chain(ar::tells()).map(|(tell, versions)| format!("`{tell}` ({versions})"));
    format!(
        "the tensors are those of no version of perceiver-io: expected one of {}, perhaps below `model.` or `backend_model.`; \
         save the state dict of the whole model",
        tells.collect::<Vec<_>>().join(", ")
    )
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

impl Names {
    /// The tensor that tells the versions, and they.
    fn tell(&self) -> (String, Versions) {
        match self {
            Self::Io(found) => (found.in_encoder(found.names.tell), found.names.versions),
            Self::Ar(dialect) => (dialect.tell.to_owned(), dialect.versions),
        }
    }

    fn check_version(&self, fields: &mut Fields, version: Option<Version>) {
        let (tell, versions) = self.tell();
        if let Some(version) = version.filter(|&version| !versions.hold(version)) {
            let complaint = format!(
                "is \"{version}\", but the tensor `{tell}` is one of {versions}: correct the version, or remove it"
            );
            fields.complain("version", &complaint);
        }
    }

    /// The class that the tensors show, and one that shows it. Only the configuration tells those that read ids apart, and
    /// nothing those that continue a sequence.
    fn shown(&self, checkpoint: &Checkpoint, settings: &Value) -> (Class, String) {
        let Self::Io(found) = self else { return (Class::CausalLm, self.tell().0) };
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
}

impl Source {
    /// The model, still without a name; `None` when sizes are wrong.
    pub(super) fn model(&self, settings: &mut Fields, checkpoint: &mut Checkpoint) -> Option<Model> {
        let (class, input, mask) = (self.class, self.input(), self.mask());
        match &self.names {
            Names::Io(found) => io::read(settings, checkpoint, found, class, input, mask),
            Names::Ar(dialect) => ar::read(settings, checkpoint, dialect, input, mask),
        }
    }

    /// What was recognised, and how.
    pub(super) fn provenance(&self, mask: Option<&Mask>) -> Provenance {
        let (name, (tell, versions)) = (self.class.name(), self.names.tell());
        let held = match self.holder {
            Holder::None => "",
            Holder::Lightning => " below `model.`, where a Lightning module has it",
            Holder::Transformers => " below `backend_model.`, where a class of transformers has it",
        };
        let mut remarks = vec![format!("recognised by the tensor `{tell}` of versions {versions}{held}: {name}")];
        if let Some(padding) = mask.and_then(|mask| mask.padding.as_ref()) {
            remarks.push(format!(
                "`{padding}` is `true` for padding; `attention_mask` takes its place and says the opposite"
            ));
        }
        Provenance { implementation: format!("krasserm perceiver-io {versions}, {name}"), remarks }
    }

    /// What the holder calls the input.
    fn input(&self) -> &'static str {
        match (self.holder, self.class, &self.names) {
            (Holder::Transformers, Class::ImageClassifier, _) => "pixel_values",
            (Holder::Transformers, Class::OpticalFlow, _) => "inputs",
            (Holder::Transformers, ..) => "input_ids",
            // Until 0.3 the model masked the ids itself.
            (Holder::None, Class::MaskedLm, names) if names.tell().1.are_before(4) => "x_input",
            (Holder::None, Class::MaskedLm, _) => "x_masked",
            _ => "x",
        }
    }

    /// The mask of ids.
    fn mask(&self) -> Mask {
        let padding = (self.holder != Holder::Transformers).then(|| "pad_mask".to_owned());
        Mask { padding, ..Mask::new("attention_mask") }
    }
}
