//! What the library's versions call the tensors of a Perceiver AR, and how they turn queries and keys.

use crate::model::Places;
use crate::scheme::Version;
use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::krasserm::versions::Versions;

/// What some versions share.
pub(in crate::scheme::krasserm) struct Dialect {
    /// The versions.
    pub(in crate::scheme::krasserm) versions: Versions,
    /// A tensor that tells them.
    pub(in crate::scheme::krasserm) tell: &'static str,
    /// The positions of ids.
    pub(super) positions: &'static str,
    /// The head.
    pub(super) head: Head,
    /// Whether the caller says how long the prefix is and what is padding; else the latents are as many as there can be.
    pub(super) takes_prefix: bool,
    /// Whether the numbers of a pair lie half of the turning numbers apart, instead of side by side.
    pub(super) half_split: bool,
}

impl Dialect {
    /// How places count.
    pub(super) fn places(&self) -> Places {
        if self.takes_prefix { Places::AfterPadding } else { Places::FromStart }
    }
}

/// The layer that makes logits.
pub(super) enum Head {
    /// A linear layer without bias.
    Unbiased(&'static str),
    /// A linear layer.
    Biased(&'static str),
    /// The embedding, and this bias if the configuration wants one.
    Tied(&'static str),
}

/// A tensor that every version has.
const CROSS: &str = "cross_attention.0.module.q_norm.weight";

/// From the oldest to the newest, which has no tensor of its own.
static DIALECTS: [Dialect; 3] = [
    Dialect {
        versions: Versions::new(6, 6),
        tell: "output_layer.weight",
        positions: "input_adapter.pos_encoding",
        head: Head::Unbiased("output_layer"),
        takes_prefix: false,
        half_split: true,
    },
    Dialect {
        versions: Versions::new(7, 7),
        tell: "output_adapter.linear.weight",
        positions: "input_adapter.pos_embedding.weight",
        head: Head::Biased("output_adapter.linear"),
        takes_prefix: false,
        half_split: true,
    },
    Dialect {
        versions: Versions::new(8, 11),
        tell: CROSS,
        positions: "input_adapter.pos_embedding.weight",
        head: Head::Tied("output_adapter.bias"),
        takes_prefix: true,
        half_split: false,
    },
];

/// The first dialect that fits the tensors.
pub(in crate::scheme::krasserm) fn recognise(checkpoint: &Checkpoint) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|dialect| checkpoint.has(CROSS) && checkpoint.has(dialect.tell))
}

/// The dialect of `version`, or the newest.
pub(in crate::scheme::krasserm) fn of_version(version: Option<Version>) -> &'static Dialect {
    let [.., newest] = &DIALECTS;
    let known = |version| DIALECTS.iter().find(|dialect| dialect.versions.hold(version));
    version.and_then(known).unwrap_or(newest)
}

/// A tensor of each dialect, and its versions.
pub(in crate::scheme::krasserm) fn tells() -> impl Iterator<Item = (String, Versions)> {
    DIALECTS.iter().map(|dialect| (dialect.tell.to_owned(), dialect.versions))
}
