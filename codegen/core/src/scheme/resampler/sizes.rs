//! Keyword arguments of the constructors, with the libraries' defaults.

use super::Family;
use crate::scheme::checkpoint::Axis;
use crate::scheme::fields::{Fields, LAYERS, SIZE};

/// The sizes of a resampler.
pub(super) struct Sizes {
    pub(super) depth: usize,
    /// D
    pub(super) width: Axis<'static>,
    pub(super) heads: Axis<'static>,
    pub(super) dim_head: Axis<'static>,
    /// M
    pub(super) latents: Axis<'static>,
    /// Hidden width of an MLP over D.
    pub(super) widening: Axis<'static>,
    /// Width of the features, where a linear layer comes first.
    pub(super) features: Option<Axis<'static>>,
    /// Width of the result, where a linear layer comes last.
    pub(super) result: Option<Axis<'static>>,
    /// Learned positions of media.
    pub(super) media: Option<Axis<'static>>,
    /// Learned positions of frames.
    pub(super) frames: Option<Axis<'static>>,
    /// Learned positions of features, before the linear layer on them.
    pub(super) positions: Option<Axis<'static>>,
}

impl Sizes {
    /// Reads the arguments of `family`; what is wrong stays in `args`.
    pub(super) fn read(family: Family, args: &mut Fields) -> Self {
        match family {
            Family::FlamingoPytorch | Family::OpenFlamingo => Self::flamingo(family, args),
            Family::Idefics => Self::idefics(args),
            Family::IpAdapter => Self::ip_adapter(args),
        }
    }

    fn flamingo(family: Family, args: &mut Fields) -> Self {
        let is_open = family == Family::OpenFlamingo;
        let (media, frames) = if is_open {
            let mut most = |name, source| args.whole(name, &SIZE).map(|most| (most, source));
            (most("max_num_media", "args.max_num_media"), most("max_num_frames", "args.max_num_frames"))
        } else {
            (Some((args.whole("num_media_embeds", &SIZE).unwrap_or(4), "args.num_media_embeds")), None)
        };
        let depth = if is_open { args.whole("depth", &LAYERS).unwrap_or(6) } else { args.need_whole("depth", &LAYERS) };
        Self {
            depth,
            width: (args.need_whole("dim", &SIZE), "args.dim"),
            heads: (args.whole("heads", &SIZE).unwrap_or(8), "args.heads"),
            dim_head: (args.whole("dim_head", &SIZE).unwrap_or(64), "args.dim_head"),
            latents: (args.whole("num_latents", &SIZE).unwrap_or(64), "args.num_latents"),
            widening: (args.whole("ff_mult", &SIZE).unwrap_or(4), "args.ff_mult"),
            features: None,
            result: None,
            media,
            frames,
            positions: None,
        }
    }

    fn idefics(args: &mut Fields) -> Self {
        Self {
            depth: args.need_whole("depth", &LAYERS),
            width: (args.need_whole("embed_dim", &SIZE), "args.embed_dim"),
            heads: (args.need_whole("n_heads", &SIZE), "args.n_heads"),
            dim_head: (args.need_whole("head_dim", &SIZE), "args.head_dim"),
            latents: (args.need_whole("n_latents", &SIZE), "args.n_latents"),
            widening: (4, "4"),
            features: None,
            result: None,
            media: None,
            frames: None,
            positions: None,
        }
    }

    fn ip_adapter(args: &mut Fields) -> Self {
        let mut size = |name, source, default| (args.whole(name, &SIZE).unwrap_or(default), source);
        let width = size("dim", "args.dim", 1024);
        let (heads, dim_head) = (size("heads", "args.heads", 16), size("dim_head", "args.dim_head", 64));
        let latents = size("num_queries", "args.num_queries", 8);
        let features = Some(size("embedding_dim", "args.embedding_dim", 768));
        let result = Some(size("output_dim", "args.output_dim", 1024));
        let widening = size("ff_mult", "args.ff_mult", 4);
        let positions = size("max_seq_len", "args.max_seq_len", 257);
        let positions = args.flag("apply_pos_emb").unwrap_or(false).then_some(positions);
        let depth = args.whole("depth", &LAYERS).unwrap_or(8);
        // Latents that are made from the mean of the features.
        args.whole("num_latents_mean_pooled", &(0..=0));
        Self {
            depth,
            width,
            heads,
            dim_head,
            latents,
            widening,
            features,
            result,
            media: None,
            frames: None,
            positions,
        }
    }
}
