//! Where the versions keep the parts of their layers.

use super::class::Class;
use crate::scheme::Version;
use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::constructor::Constructor;

/// Names of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Attributes of `PerceiverBlock`s.
    Blocks,
    /// Places in lists, the latents' attentions in a list of their own.
    Nested,
    /// Places in lists, with one attention of the latents.
    Flat,
    /// `PerceiverIO` of `PerceiverBlock`s: one cross-attention, before the layers.
    SingleBlocks,
    /// `PerceiverIO` of lists.
    SingleLists,
}

/// An attention with its feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The cross-attention of a layer.
    Cross(usize),
    /// An attention of the latents: the layer, and its place there.
    Latent(usize, usize),
}

/// A layout, a tensor that shows it, and the versions that write it, the last one excluded.
struct Dialect {
    layout: Layout,
    evidence: &'static str,
    from: Version,
    before: Version,
}

const fn dialect(layout: Layout, evidence: &'static str, from: Version, before: Version) -> Dialect {
    Dialect { layout, evidence, from, before }
}

/// The first version that all of `Perceiver`'s norms are layer norms in.
const FIRST: Version = Version::new(0, 1, 16);
const NESTED: Version = Version::new(0, 2, 0);
const MIXED: Version = Version::new(0, 4, 0);
const IO: Version = Version::new(0, 5, 0);
const SINGLE: Version = Version::new(0, 7, 0);
const BLOCKS: Version = Version::new(0, 11, 0);
/// A version that does not exist.
const NONE: Version = Version::new(u32::MAX, 0, 0);

/// The dialects of a class, newest first.
fn dialects(class: Class) -> &'static [Dialect] {
    const PERCEIVER: [Dialect; 3] = [
        dialect(Layout::Blocks, "layers.0.cross_attn.norm.weight", BLOCKS, NONE),
        dialect(Layout::Flat, "layers.0.3.norm.weight", FIRST, NESTED),
        dialect(Layout::Nested, "layers.0.1.norm.weight", NESTED, BLOCKS),
    ];
    const PERCEIVER_IO: [Dialect; 3] = [
        dialect(Layout::SingleBlocks, "cross_attend_block.cross_attn.norm.weight", BLOCKS, NONE),
        dialect(Layout::SingleLists, "cross_attend_blocks.0.norm.weight", SINGLE, BLOCKS),
        dialect(Layout::Nested, "layers.0.1.norm.weight", IO, SINGLE),
    ];
    const GATED: [Dialect; 1] = [dialect(Layout::Flat, "layers.0.0.gru.weight_ih", FIRST, NONE)];
    const MIXED_LATENTS: [Dialect; 1] = [dialect(Layout::Flat, "layers.0.2.fn.0.weight", MIXED, NONE)];
    match class {
        Class::Perceiver => &PERCEIVER,
        Class::Gated => &GATED,
        Class::MixedLatents => &MIXED_LATENTS,
        Class::Io | Class::Lm => &PERCEIVER_IO,
    }
}

impl Layout {
    /// The layout of a checkpoint of `class`, by its tensors, else by the version; complains when the two disagree.
    pub(super) fn of(class: Class, constructor: &mut Constructor, checkpoint: &Checkpoint) -> Self {
        let version = constructor.version;
        let (root, dialects) = (class.root(), dialects(class));
        let is_of = |dialect: &&Dialect| version.is_some_and(|it| (dialect.from..dialect.before).contains(&it));
        let shown = dialects.iter().find(|dialect| checkpoint.has(&format!("{root}{}", dialect.evidence)));
        let dialect = shown.or_else(|| dialects.iter().find(is_of)).unwrap_or(&dialects[0]);
        if let Some(version) = version.filter(|_| !is_of(&dialect)) {
            let Dialect { evidence, from, before, .. } = dialect;
            let until = if *before == NONE { String::new() } else { format!(" and before {before}") };
            constructor.complain(format!(
                "`version` in config.json is {version}, but {} of the kind that percio reads have the tensor \
                 `{root}{evidence}` from version {from} on{until}: name the version that wrote these weights",
                class.name()
            ));
        }
        dialect.layout
    }

    /// The attention and the feed-forward layer of `part`.
    pub(super) fn places(self, part: Part) -> [String; 2] {
        let pair =
            |prefix: String, attention: &str, forward: &str| [attention, forward].map(|end| format!("{prefix}{end}"));
        match (self, part) {
            (Self::Blocks, Part::Cross(i)) => pair(format!("layers.{i}."), "cross_attn", "cross_ff"),
            (Self::SingleBlocks, Part::Cross(_)) => pair("cross_attend_block.".to_owned(), "cross_attn", "cross_ff"),
            (Self::SingleLists, Part::Cross(_)) => pair("cross_attend_blocks.".to_owned(), "0", "1"),
            (Self::Nested | Self::Flat, Part::Cross(i)) => pair(format!("layers.{i}."), "0", "1"),
            (Self::Blocks | Self::SingleBlocks, Part::Latent(i, j)) => {
                pair(format!("layers.{i}.self_attns.{j}."), "0", "1")
            }
            (Self::Nested, Part::Latent(i, j)) => pair(format!("layers.{i}.2.{j}."), "0", "1"),
            (Self::Flat, Part::Latent(i, _)) => pair(format!("layers.{i}."), "2", "3"),
            (Self::SingleLists, Part::Latent(i, _)) => pair(format!("layers.{i}."), "0", "1"),
        }
    }

    /// What mixes the latents' history after layer `i`.
    pub(super) fn mixture(self, i: usize) -> String {
        match self {
            Self::Blocks | Self::SingleBlocks => format!("attn_residuals.{i}"),
            Self::Nested | Self::Flat => format!("layers.{i}.3"),
            Self::SingleLists => format!("layers.{i}.2"),
        }
    }

    /// Whether every layer has a cross-attention.
    pub(super) fn repeats_cross(self) -> bool {
        matches!(self, Self::Blocks | Self::Nested | Self::Flat)
    }
}
