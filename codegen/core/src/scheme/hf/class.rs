//! Which class of the library a checkpoint belongs to.

use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::fields::Fields;

/// A supported class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Text, a query a position, tied logits.
    MaskedLm,
    /// Text, one query.
    SequenceClassification,
    /// Pixels through a 1 × 1 convolution, learned positions.
    ImageLearned,
    /// Pixels, Fourier positions.
    ImageFourier,
    /// Convolutional stem, Fourier positions.
    ImageConv,
}

/// Each class, its name, and a tensor that only it and the classes above it have.
const CLASSES: [(Class, &str, &str); 5] = [
    (Class::MaskedLm, "PerceiverForMaskedLM", "embedding_decoder.bias"),
    (
        Class::SequenceClassification,
        "PerceiverForSequenceClassification",
        "perceiver.input_preprocessor.embeddings.weight",
    ),
    (Class::ImageLearned, "PerceiverForImageClassificationLearned", "perceiver.input_preprocessor.convnet_1x1.weight"),
    (
        Class::ImageConv,
        "PerceiverForImageClassificationConvProcessing",
        "perceiver.input_preprocessor.convnet.conv.weight",
    ),
    (Class::ImageFourier, "PerceiverForImageClassificationFourier", "perceiver.decoder.decoder.final_layer.weight"),
];

/// Tensors of the library's other classes, which would pass for the last of the supported ones.
const OTHERS: [&str; 2] =
    ["perceiver.input_preprocessor.conv_after_patches.weight", "perceiver.input_preprocessor.padding.image"];

impl Class {
    /// The library's name for it.
    pub(super) fn name(self) -> &'static str {
        CLASSES.iter().find(|(class, ..)| *class == self).map_or("", |(_, name, _)| name)
    }
}

/// The class and a sentence on how it was recognised; `None` leaves a problem in `fields`.
pub(super) fn recognise(fields: &mut Fields, checkpoint: &Checkpoint) -> Option<(Class, String)> {
    // An empty list says as little as none.
    let first = |value: &serde_json::Value| match value.as_array()?.first() {
        Some(name) => name.as_str().map(|name| Some(name.to_owned())),
        None => Some(None),
    };
    match fields.read("architectures", "a list with the name of a class", first).flatten() {
        Some(name) => {
            let class = CLASSES.iter().find(|(_, known, _)| *known == name).map(|(class, ..)| *class);
            if class.is_none() {
                fields.complain(
                    "architectures",
                    &format!("names `{name}`, expected one of {}: export one of these", names()),
                );
            }
            Some((class?, format!("recognised by `model_type` \"perceiver\" and `architectures` [\"{name}\"]")))
        }
        None => by_tensors(fields, checkpoint),
    }
}

fn by_tensors(fields: &mut Fields, checkpoint: &Checkpoint) -> Option<(Class, String)> {
    let found = CLASSES.iter().find(|(.., tensor)| checkpoint.has(tensor));
    let Some((class, name, tensor)) = found.filter(|_| !OTHERS.iter().any(|other| checkpoint.has(other))) else {
        let complaint =
            format!("is missing, and the tensors are those of no supported class: name one of {} there", names());
        fields.complain("architectures", &complaint);
        return None;
    };
    Some((
        *class,
        format!(
            "recognised by `model_type` \"perceiver\" and, as `architectures` is missing, by the tensor `{tensor}`: {name}"
        ),
    ))
}

fn names() -> String {
    CLASSES.iter().map(|(_, name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
