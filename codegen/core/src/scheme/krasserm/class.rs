//! Which of the library's models a checkpoint is.

/// A model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Ids, a query a position.
    MaskedLm,
    /// Ids, a few queries.
    TextClassifier,
    /// Pixels, a few queries.
    ImageClassifier,
    /// Two frames, whose pixels are also the queries.
    OpticalFlow,
}

/// Each model, its `model_type`, and its class.
pub(super) const CLASSES: [(Class, &str, &str); 4] = [
    (Class::MaskedLm, "perceiver-io-masked-language-model", "MaskedLanguageModel"),
    (Class::TextClassifier, "perceiver-io-text-classifier", "TextClassifier"),
    (Class::ImageClassifier, "perceiver-io-image-classifier", "ImageClassifier"),
    (Class::OpticalFlow, "perceiver-io-optical-flow", "OpticalFlow"),
];

impl Class {
    /// The library's name for it.
    pub(super) fn name(self) -> &'static str {
        CLASSES.iter().find(|(class, ..)| *class == self).map_or("", |(.., name)| name)
    }

    /// Whether it reads ids.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::MaskedLm | Self::TextClassifier)
    }

    /// Whether the tensors of the two are called the same.
    pub(super) fn resembles(self, other: Self) -> bool {
        self == other || self.is_text() && other.is_text()
    }
}
