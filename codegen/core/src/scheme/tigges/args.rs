//! Keyword arguments of the constructor; none has a default.

use crate::scheme::checkpoint::Axis;
use crate::scheme::fields::{Fields, LAYERS, SIZE, to_whole};
use serde_json::Value;

/// The arguments that matter at inference, under our names.
pub(super) struct Args {
    /// `[height, width]`
    pub(super) image: [usize; 2],
    pub(super) latents: Axis<'static>,
    pub(super) width: Axis<'static>,
    pub(super) cross_hidden: Axis<'static>,
    pub(super) latent_hidden: Axis<'static>,
    pub(super) heads: Axis<'static>,
    pub(super) layers: usize,
    pub(super) blocks: usize,
    pub(super) classes: Axis<'static>,
}

impl Args {
    /// Reads them; what is wrong stays in `args`.
    pub(super) fn read(args: &mut Fields) -> Self {
        for training_only in ["batch_size", "dropout", "learning_rate", "weight_decay"] {
            args.number(training_only);
        }
        let image = args.need("input_shape", "[height, width]", image);
        let mut size = |name, source| (args.need_whole(name, &SIZE), source);
        let latents = size("latent_dim", "args.latent_dim");
        let width = size("embed_dim", "args.embed_dim");
        let cross_hidden = size("attn_mlp_dim", "args.attn_mlp_dim");
        let latent_hidden = size("trnfr_mlp_dim", "args.trnfr_mlp_dim");
        let heads = size("trnfr_heads", "args.trnfr_heads");
        let classes = size("n_classes", "args.n_classes");
        if width.0 % heads.0 != 0 {
            args.complain(
                "trnfr_heads",
                &format!("is {}, but must divide `args.embed_dim` {}: correct one of the two", heads.0, width.0),
            );
        }
        let layers = args.need_whole("trnfr_layers", &LAYERS);
        let blocks = args.need_whole("n_blocks", &LAYERS);
        let image = image.unwrap_or([1; 2]);
        Self { image, latents, width, cross_hidden, latent_hidden, heads, layers, blocks, classes }
    }
}

fn image(value: &Value) -> Option<[usize; 2]> {
    let [height, width] = value.as_array()?.as_slice() else { return None };
    Some([to_whole(height, &SIZE)?, to_whole(width, &SIZE)?])
}
