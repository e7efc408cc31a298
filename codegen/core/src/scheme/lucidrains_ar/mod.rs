//! lucidrains' perceiver-ar-pytorch: the first tokens, as many as its constructor was told, are the prefix, all others the
//! latents, which attend to the prefix and to each other.

mod args;
mod layer;

use super::LoadOptions;
use super::checkpoint::{Axis, Bias, Checkpoint};
use super::constructor::Constructor;
use super::rotary::verified;
use crate::Problems;
use crate::model::{
    Combine, Encoding, Extent, Input, Latents, Mask, Model, Output, Places, Position, Provenance, Rotary, Stem, Tensor,
};
use args::Args;
use layer::Layer;
use serde_json::Value;

/// The name of the package.
pub(super) const LIBRARY: &str = "perceiver-ar-pytorch";

/// Epsilon of every layer norm: PyTorch's default.
const EPS: f64 = 1e-5;

/// The model, and the module that trains it, which calls it `net`.
const CLASSES: [(&str, &str); 2] = [("PerceiverAR", ""), ("AutoregressiveWrapper", "net.")];

/// A tensor that every checkpoint has.
const TELL: &str = "perceive_layers.0.0.to_kv.weight";

/// The frequencies, which the checkpoint holds too.
const STORED: &str = "rotary_pos_emb.inv_freq";

/// Whether a checkpoint belongs here, of which `has` says whether a tensor is there.
pub(super) fn is_meant(has: impl Fn(&str) -> bool) -> bool {
    CLASSES.iter().any(|(_, root)| has(&format!("{root}{TELL}")))
}

/// Reads a checkpoint.
pub(super) fn load(
    name: &str,
    config: Value,
    mut checkpoint: Checkpoint,
    _options: &LoadOptions,
) -> Result<Model, Problems> {
    let mut constructor = Constructor::read(config);
    let Some(class) = recognise(&mut constructor, &mut checkpoint) else { return Err(constructor.known()) };
    let version = constructor.version.map_or_else(String::new, |version| format!(" {version}"));
    let provenance = Provenance {
        implementation: format!("lucidrains {LIBRARY}{version}, {class}"),
        remarks: vec![format!("recognised by `library` \"{LIBRARY}\" and the tensor `{TELL}`: {class}")],
    };
    let args = Args::read(&mut constructor.args);
    let model = args.map(|args| Model { name: name.to_owned(), provenance, ..read(&args, &mut checkpoint) });
    let mut problems = constructor.finish();
    let Some(model) = model else { return Err(problems) };
    match problems.take(checkpoint.finish(model, |_| false)) {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

/// The class, by its tensors; from then on all names are those below the model's. Without one there is a problem in
/// `constructor`.
fn recognise(constructor: &mut Constructor, checkpoint: &mut Checkpoint) -> Option<&'static str> {
    let names = CLASSES.map(|(name, _)| format!("\"{name}\"")).join(" or ");
    let said = constructor.class.clone();
    let plain = said.as_deref().map(|said| said.rsplit('.').next().unwrap_or(said));
    let named = CLASSES.iter().find(|(name, _)| plain == Some(name));
    if let (Some(said), None) = (&said, named) {
        constructor.complain(format!("`class` in config.json is \"{said}\", expected {names}: export one of these"));
        return None;
    }
    let shown = CLASSES.iter().find(|(_, root)| checkpoint.has(&format!("{root}{TELL}")));
    if checkpoint.is_open() && shown.is_none() {
        constructor.complain(format!(
            "the weights lack `{TELL}`, perhaps below `net.`, so they are not those of {names}: save the state dict of the whole \
             model"
        ));
        return None;
    }
    let (class, root) = shown.or(named).unwrap_or(&CLASSES[0]);
    checkpoint.within(root);
    Some(class)
}

fn read(args: &Args, checkpoint: &mut Checkpoint) -> Model {
    let layer = Layer { args, rotary: rotary(args, checkpoint) };
    let mut blocks: Vec<_> = (0..args.perceive_depth).map(|index| layer.cross(checkpoint, index)).collect();
    blocks.extend((0..args.depth).map(|index| layer.own(checkpoint, index)));
    let logits = checkpoint.linear("to_logits", (args.num_tokens, "args.num_tokens"), width(args), Bias::Absent);
    let most = args.latents();
    Model {
        name: String::new(),
        summary: String::new(),
        provenance: Provenance::default(),
        parameters: 0,
        inputs: vec![tokens(args, checkpoint)],
        mask: Some(Mask::new("prefix_mask")),
        latents: Latents::Tail {
            most,
            width: args.dim,
            project: None,
            prefix: Some(args.cross_attn_seq_len),
            end: None,
        },
        schedule: (0..blocks.len()).collect(),
        blocks,
        mixtures: Vec::new(),
        norm: None,
        decoder: None,
        outputs: vec![Output::new("logits", Extent::Latents { most }, Some(logits))],
    }
}

fn width(args: &Args) -> Axis<'static> {
    (args.dim, "args.dim")
}

/// The ids, with learned positions added.
fn tokens(args: &Args, checkpoint: &mut Checkpoint) -> Input {
    let embedding = checkpoint.tensor("token_emb.weight", &[(args.num_tokens, "args.num_tokens"), width(args)]);
    let table = checkpoint.tensor("pos_emb.weight", &[(args.max_seq_len, "args.max_seq_len"), width(args)]);
    let position = Some(Position::new(Encoding::Learned(table), Combine::Add));
    Input { position, ..Input::new("x", Stem::Ids { tokens: args.max_seq_len, embedding }) }
}

/// `10000^(−2i/turning)`
fn rotary(args: &Args, checkpoint: &mut Checkpoint) -> Rotary {
    let turning = args.turning();
    let exponents = (0..turning).step_by(2).map(|i| i as f64 / turning as f64);
    let computed: Vec<f32> = exponents.map(|exponent| 10_000f64.powf(-exponent) as f32).collect();
    let axis = (computed.len(), "half the numbers of a head that turn (args.dim_head / 2, at least 32)");
    let computed = Tensor::new("inverse frequencies", &[computed.len()], computed);
    let frequencies = match checkpoint.optional_buffer(STORED, &[axis]) {
        Some(stored) if !stored.data.is_empty() => verified(checkpoint, stored, &computed, "`args.dim_head`"),
        _ => computed,
    };
    Rotary { frequencies, heads: args.heads, places: Places::FromStart }
}
