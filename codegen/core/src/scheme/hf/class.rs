//! Which class of the library a checkpoint belongs to.

use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::fields::Fields;

/// A class.
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
    /// Two frames, a query a pixel.
    OpticalFlow,
    /// Video, sound and label, of which any points are asked.
    Multimodal,
    /// The encoder alone.
    Bare,
}

/// Each class, its name, and a tensor that only it and the classes above it have.
const CLASSES: [(Class, &str, &str); 8] = [
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
    (Class::OpticalFlow, "PerceiverForOpticalFlow", "perceiver.input_preprocessor.conv_after_patches.weight"),
    (Class::Multimodal, "PerceiverForMultimodalAutoencoding", "perceiver.input_preprocessor.padding.image"),
    (Class::ImageFourier, "PerceiverForImageClassificationFourier", "perceiver.decoder.decoder.final_layer.weight"),
    (Class::Bare, "PerceiverModel", "embeddings.latents"),
];

impl Class {
    /// The library's name for it.
    pub(super) fn name(self) -> &'static str {
        CLASSES.iter().find(|(class, ..)| *class == self).map_or("", |(_, name, _)| name)
    }

    /// What the names of the encoder's tensors start with.
    pub(super) fn prefix(self) -> &'static str {
        if self == Self::Bare { "" } else { "perceiver." }
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
    let Some((class, name, tensor)) = CLASSES.iter().find(|(.., tensor)| checkpoint.has(tensor)) else {
        let complaint = format!("is missing, and no tensor tells the class: name one of {} there", names());
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
