//! curt-tigges/perceivers, the classifier `Perceiver`: an image with Fourier features, attention without norms, a mean over the
//! latents.
//!
//! Upstream computes a norm of the keys and overwrites it: those norms are read, counted and left out. Its other class,
//! `PerceiverIO`, cannot run.

mod args;
mod head;
mod image;

use super::LoadOptions;
use super::checkpoint::{Axis, Bias, Checkpoint};
use super::constructor::Constructor;
use super::packed;
use crate::Problems;
use crate::model::{Activation, Attention, Block, Latents, Mlp, Model, Provenance, Query, Reads, Tensor};
use args::Args;
use serde_json::Value;

/// The value of `library`.
pub(super) const LIBRARY: &str = "curt-tigges/perceivers";

/// Epsilon of every layer norm: PyTorch's default.
const EPS: f64 = 1e-5;

/// Whether `config` is what the library's Lightning modules keep.
pub(super) fn is_meant(config: &Value) -> bool {
    ["latent_dim", "embed_dim", "attn_mlp_dim", "trnfr_mlp_dim"].iter().all(|field| config.get(field).is_some())
}

/// Reads a checkpoint.
pub(super) fn load(name: &str, config: Value, mut checkpoint: Checkpoint, _: &LoadOptions) -> Result<Model, Problems> {
    let is_bare = is_meant(&config);
    let mut constructor = if is_bare { Constructor::of_args(config) } else { Constructor::read(config) };
    let root = if checkpoint.has("model.latent") { "model." } else { "" };
    checkpoint.within(root);
    if let Some(reason) = refusal(&constructor, &checkpoint) {
        return Err(Problems::model(reason));
    }
    let args = Args::read(&mut constructor.args);
    if is_bare {
        constructor.args.forgive();
    }
    let model = constructor.args.is_fine().then(|| assemble(name, &args, &mut checkpoint));
    let mut problems = constructor.finish();
    let model = model.and_then(|model| problems.take(checkpoint.finish(model, |_| false)));
    match model {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

/// Why there is nothing to compute, where that is so.
fn refusal(constructor: &Constructor, checkpoint: &Checkpoint) -> Option<String> {
    let is_io = constructor.class.as_deref().is_some_and(|class| class.rsplit('.').next() == Some("PerceiverIO"));
    if is_io || checkpoint.has("classifier.label_emb") {
        return Some(format!(
            "this is the `PerceiverIO` of {LIBRARY}, which cannot run: its classifier calls `torch.functional.gelu`, which does not \
             exist, so there is nothing to compute; train its `Perceiver`"
        ));
    }
    let early = "embed.p_enc.penc.inv_freq";
    checkpoint.has(early).then(|| {
        format!(
            "the tensor `{early}` is one of the drafts of {LIBRARY}, whose position encoding is in none of its files, so nobody can say \
             what they compute; train its `Perceiver` as it is now"
        )
    })
}

fn assemble(name: &str, args: &Args, checkpoint: &mut Checkpoint) -> Model {
    let latents = checkpoint.tensor("latent", &[args.latents, (1, "one row"), args.width]);
    let blocks: Vec<Block> = (0..args.blocks).flat_map(|block| blocks(args, checkpoint, block)).collect();
    let ignored = "the norms `lnorm1` and `lnormq` are left out, as upstream overwrites what they compute".to_owned();
    Model {
        name: name.to_owned(),
        summary: String::new(),
        provenance: Provenance {
            implementation: format!("{LIBRARY}, Perceiver"),
            remarks: vec!["recognised by the configuration".to_owned(), ignored],
        },
        parameters: 0,
        inputs: vec![image::read(args, checkpoint)],
        mask: None,
        latents: Latents::Learned(Tensor { shape: vec![args.latents.0, args.width.0], ..latents }),
        schedule: (0..blocks.len()).collect(),
        blocks,
        mixtures: Vec::new(),
        norm: None,
        decoder: None,
        outputs: vec![head::read(args, checkpoint)],
    }
}

/// The cross-attention of a block, then its latent transformer.
fn blocks(args: &Args, checkpoint: &mut Checkpoint, block: usize) -> Vec<Block> {
    let place = format!("perceiver_blocks.{block}");
    let cross = (format!("{place}.cross_attention"), Reads::Context, (1, "upstream (fixed)"), args.cross_hidden);
    let layers = (0..args.layers).map(|layer| {
        let place = format!("{place}.latent_transformer.transformer.{layer}");
        (place, Reads::Itself, args.heads, args.latent_hidden)
    });
    let all = std::iter::once(cross).chain(layers);
    all.map(|(place, reads, heads, hidden)| one(args, checkpoint, &place, reads, heads, hidden)).collect()
}

fn one(
    args: &Args,
    checkpoint: &mut Checkpoint,
    place: &str,
    reads: Reads,
    heads: Axis<'_>,
    hidden: Axis<'_>,
) -> Block {
    let part = |name: &str| format!("{place}.{name}");
    for overwritten in ["lnorm1", "lnormq"] {
        checkpoint.norm(&part(overwritten), args.width, EPS);
    }
    let [query, key, value] = packed::read(checkpoint, &part("attn"), args.width, args.width);
    let output = checkpoint.linear(&part("attn.out_proj"), args.width, args.width, Bias::Required);
    let query = Query::Projected { norm: None, linear: query };
    Block {
        name: place.to_owned(),
        reads,
        attention: Attention::new(query, None, [key, value, output], heads.0),
        mlp: Some(Mlp {
            norm: Some(checkpoint.norm(&part("lnorm2"), args.width, EPS)),
            up: checkpoint.linear(&part("linear1"), hidden, args.width, Bias::Required),
            activation: Activation::GeluErf,
            gate: None,
            down: checkpoint.linear(&part("linear2"), args.width, hidden, Bias::Required),
        }),
        mixer: None,
    }
}
