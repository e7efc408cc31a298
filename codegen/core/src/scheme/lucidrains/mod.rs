//! lucidrains `perceiver-pytorch`, versions 0.1.16 to 0.11: `Perceiver`, its gated and mixed-latents variants, `PerceiverIO` and
//! `PerceiverLM`.
//!
//! A checkpoint keeps nothing of its configuration, and the library has renamed its layers and changed its Fourier features on
//! the way: [`class`] and [`layout`] tell by the tensors who wrote it, [`frequencies`] by the version what the features are.

mod args;
mod class;
mod data;
mod encoder;
mod frequencies;
mod io;
mod layout;
mod leaf;
mod mixture;
mod shared;

use super::checkpoint::Checkpoint;
use super::constructor::Constructor;
use super::{LoadOptions, Version};
use crate::Problems;
use crate::model::{Latents, Mask, Model, Provenance};
use args::Args;
use class::Class;
use encoder::{Encoder, Recipe};
use layout::Layout;
use leaf::Leaf;

/// The name of the package.
const LIBRARY: &str = "perceiver-pytorch";

/// Reads a checkpoint of one of the classes.
pub(super) fn load(
    name: &str,
    config: serde_json::Value,
    mut checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    let mut constructor = Constructor::read(config);
    let Some((class, recognised)) = class::recognise(&mut constructor, &checkpoint) else {
        return Err(constructor.known());
    };
    let layout = Layout::of(class, &mut constructor, &checkpoint);
    let source = Source {
        name,
        class,
        version: constructor.version,
        layout,
        leaf: Leaf::of(class, layout, &mut constructor, &checkpoint),
        args: Args::read(class, layout, &mut constructor.args),
        recognised,
    };
    let model = match class {
        Class::Io => io::read(&source, &mut constructor, &mut checkpoint, options),
        Class::Lm => io::read_language(&source, &mut constructor, &mut checkpoint),
        Class::Perceiver | Class::Gated | Class::MixedLatents => {
            data::read(&source, &mut constructor, &mut checkpoint, options)
        }
    };
    let mut problems = constructor.finish();
    let model = model.and_then(|model| problems.take(checkpoint.finish(model, |name| name == data::ROTARY)));
    match model {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

/// Who wrote a checkpoint, and how it was built.
struct Source<'a> {
    name: &'a str,
    class: Class,
    version: Option<Version>,
    layout: Layout,
    leaf: Leaf,
    args: Args,
    recognised: String,
}

impl Source<'_> {
    /// The model, still without inputs, decoder and outputs, of these layers.
    fn model(&self, checkpoint: &mut Checkpoint, recipe: &Recipe<'_>) -> Model {
        let axes = [(self.args.num_latents, "args.num_latents"), self.args.latent_width()];
        let latents = checkpoint.tensor(&format!("{}latents", self.class.root()), &axes);
        let Encoder { blocks, schedule, mixtures, remark } = recipe.read(checkpoint);
        let version = self.version.map_or_else(String::new, |version| format!(" {version}"));
        Model {
            name: self.name.to_owned(),
            summary: String::new(),
            provenance: Provenance {
                implementation: format!("lucidrains {LIBRARY}{version}, {}", self.class.name()),
                remarks: std::iter::once(self.recognised.clone()).chain(remark).collect(),
            },
            parameters: 0,
            inputs: Vec::new(),
            mask: Some(Mask::new("mask")),
            latents: Latents::Learned(latents),
            blocks,
            schedule,
            mixtures,
            norm: None,
            decoder: None,
            outputs: Vec::new(),
        }
    }
}
