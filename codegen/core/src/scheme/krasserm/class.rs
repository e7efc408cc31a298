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
    /// Perceiver AR on words.
    CausalLm,
    /// Perceiver AR on notes.
    SymbolicAudio,
}

/// Each model, its `model_type`, and its class.
pub(super) const CLASSES: [(Class, &str, &str); 6] = [
    (Class::MaskedLm, "perceiver-io-masked-language-model", "MaskedLanguageModel"),
    (Class::TextClassifier, "perceiver-io-text-classifier", "TextClassifier"),
    (Class::ImageClassifier, "perceiver-io-image-classifier", "ImageClassifier"),
    (Class::OpticalFlow, "perceiver-io-optical-flow", "OpticalFlow"),
    (Class::CausalLm, "perceiver-ar-causal-language-model", "CausalLanguageModel"),
    (Class::SymbolicAudio, "perceiver-ar-symbolic-audio-model", "SymbolicAudioModel"),
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

    /// Whether it is a Perceiver AR.
    pub(super) fn is_autoregressive(self) -> bool {
        matches!(self, Self::CausalLm | Self::SymbolicAudio)
    }

    /// Whether the tensors of the two are called the same.
    pub(super) fn resembles(self, other: Self) -> bool {
        let alike = |kind: fn(Self) -> bool| kind(self) && kind(other);
        self == other || alike(Self::is_text) || alike(Self::is_autoregressive)
    }
}
