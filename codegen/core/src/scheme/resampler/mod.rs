//! Resamplers: Perceivers that other models compress features with. Their latents attend to the features and to themselves.
//!
//! What the implementations call their parts lies in [`names`], what their constructors take in [`sizes`].

mod input;
mod layer;
mod names;
mod sizes;

use super::LoadOptions;
use super::checkpoint::{Bias, Checkpoint};
use super::constructor::Constructor;
use crate::Problems;
use crate::model::{Block, Extent, Input, Latents, Model, Output, Provenance, Tensor};
use names::Names;
use serde_json::Value;
use sizes::Sizes;

/// Epsilon of every layer norm: PyTorch's default.
const EPS: f64 = 1e-5;

/// An implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `PerceiverResampler` of flamingo-pytorch.
    FlamingoPytorch,
    /// `PerceiverResampler` of open_flamingo.
    OpenFlamingo,
    /// `IdeficsPerceiverResampler` of transformers.
    Idefics,
    /// `Resampler` of IP-Adapter.
    IpAdapter,
}

/// Reads a `PerceiverResampler` of flamingo-pytorch.
pub(super) fn flamingo_pytorch(
    name: &str,
    config: Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    load(Family::FlamingoPytorch, name, config, checkpoint, options)
}

/// Reads a `PerceiverResampler` of open_flamingo.
pub(super) fn open_flamingo(
    name: &str,
    config: Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    load(Family::OpenFlamingo, name, config, checkpoint, options)
}

/// Reads an `IdeficsPerceiverResampler` of transformers.
pub(super) fn idefics(
    name: &str,
    config: Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    load(Family::Idefics, name, config, checkpoint, options)
}

/// Reads a `Resampler` of IP-Adapter.
pub(super) fn ip_adapter(
    name: &str,
    config: Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    load(Family::IpAdapter, name, config, checkpoint, options)
}

fn load(
    family: Family,
    name: &str,
    config: Value,
    mut checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    let mut constructor = Constructor::read(config);
    let names = names::of(family);
    let provenance = provenance(names, &mut constructor);
    let sizes = Sizes::read(family, &mut constructor.args);
    let model = constructor.args.is_fine().then(|| {
        let input = input::read(family, names, &sizes, &mut constructor, &mut checkpoint, options);
        let blocks = (0..sizes.depth).map(|index| layer::read(names, &sizes, &mut checkpoint, index)).collect();
        let model = assemble(family, &sizes, &mut checkpoint, input, blocks);
        Model { name: name.to_owned(), provenance, ..model }
    });
    let mut problems = constructor.finish();
    let model = model.and_then(|model| problems.take(checkpoint.finish(model, |_| false)));
    match model {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

/// Who wrote the checkpoint; complains about another class of the library.
fn provenance(names: &Names, constructor: &mut Constructor) -> Provenance {
    let Names { library, class, .. } = names;
    if let Some(named) = constructor.class.clone().filter(|named| named.rsplit('.').next() != Some(*class)) {
        constructor.complain(format!("`class` in config.json is \"{named}\", expected \"{class}\": export that one"));
    }
    let version = constructor.version.map_or_else(String::new, |version| format!(" {version}"));
    Provenance {
        implementation: format!("{library}{version}, {class}"),
        remarks: vec![format!("recognised by `library` \"{library}\"")],
    }
}

fn assemble(family: Family, sizes: &Sizes, checkpoint: &mut Checkpoint, input: Input, blocks: Vec<Block>) -> Model {
    let names = names::of(family);
    let latents = latents(family, sizes, checkpoint);
    let result = sizes.result.map(|result| {
        let linear = checkpoint.linear("proj_out", result, sizes.width, Bias::Required);
        (linear, checkpoint.norm(names.norm, result, EPS))
    });
    let norm = result.is_none().then(|| checkpoint.norm(names.norm, sizes.width, EPS));
    let (linear, last_norm) = result.unzip();
    let output = Output { last_norm, ..Output::new("latents", Extent::Rows(0..sizes.latents.0), linear) };
    Model {
        name: String::new(),
        summary: String::new(),
        provenance: Provenance::default(),
        parameters: 0,
        inputs: vec![input],
        mask: None,
        latents: Latents::Learned(latents),
        schedule: (0..blocks.len()).collect(),
        blocks,
        mixtures: Vec::new(),
        norm,
        decoder: None,
        outputs: vec![output],
    }
}

/// `[M, D]`, to which IP-Adapter puts an axis of one before.
fn latents(family: Family, sizes: &Sizes, checkpoint: &mut Checkpoint) -> Tensor {
    if family != Family::IpAdapter {
        return checkpoint.tensor("latents", &[sizes.latents, sizes.width]);
    }
    let tensor = checkpoint.tensor("latents", &[(1, "one row"), sizes.latents, sizes.width]);
    Tensor { shape: vec![sizes.latents.0, sizes.width.0], ..tensor }
}
