//! DeepMind's original, JAX with Haiku: the models of its six notebooks.
//!
//! The port of Hugging Face computes the same graph, so parameters get the port's names and axes and the port's module reads
//! them, with the original's numerics. What a checkpoint's shapes leave open (heads, repetitions, sizes of images) is in
//! `config.json` as `{"library": "deepmind-research/perceiver", "class": …, "args": {…}}`, fields called as in the port, with
//! the notebooks' numbers as defaults.

mod config;
mod names;

use super::checkpoint::Checkpoint;
use super::{Fidelity, LoadOptions, hf};
use crate::Problems;
use crate::container::Weights;
use crate::model::{Layout, Mask, Model, Stem};
use config::Class;

/// What `library` says in the configuration.
pub(super) const LIBRARY: &str = "deepmind-research/perceiver";

/// The original's name of the image's input, and of the mask.
const INPUTS: &str = "inputs";
const MASK: &str = "input_mask";

/// Whether `weights` are a tree of Haiku's that belongs here.
pub(super) fn is_meant(weights: &Weights) -> bool {
    weights.names().any(|name| name.ends_with("cross_attention/attention/linear:w"))
}

/// The configuration of a checkpoint that comes with none: that of a released model.
pub(super) fn released() -> serde_json::Value {
    serde_json::json!({ "library": LIBRARY })
}

/// Reads a checkpoint of one of the notebooks.
pub(super) fn load(
    name: &str,
    config: serde_json::Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    let checkpoint = checkpoint.turned(|weights| {
        let is_multimodal = weights.names().any(|name| name.starts_with("multimodal_decoder/"));
        weights.turned(|name| {
            let (module, parameter) = name.split_once(':')?;
            names::port(module, parameter, is_multimodal)
        })
    });
    let (class, config) = config::read(config, &checkpoint)?;
    let options = port_options(class, options);
    let mut model = hf::load(name, config, checkpoint, &options)?;
    restore(class, &mut model);
    Ok(model)
}

/// The shapes at hand as the port would have them: channels first, under its names.
fn port_options(class: Class, options: &LoadOptions) -> LoadOptions {
    let port = |(name, shape): (&String, &Vec<usize>)| {
        let (name, mut shape) = (class.port_input(name).to_owned(), shape.clone());
        if class.has_images(&name) && shape.len() > 2 {
            let channels = shape.pop().unwrap_or_default();
            shape.insert(shape.len() - 2, channels);
        }
        (name, shape)
    };
    LoadOptions {
        input_shapes: options.input_shapes.iter().map(port).collect(),
        data_shapes: options.data_shapes.iter().map(port).collect(),
        fidelity: Fidelity::DeepMind,
        ..LoadOptions::default()
    }
}

/// Gives inputs the names and the order of axes that the original has, and says where the model comes from.
fn restore(class: Class, model: &mut Model) {
    for input in &mut model.inputs {
        if class.has_images(&input.name)
            && let Stem::Image { layout, .. } | Stem::Video { layout, .. } = &mut input.stem
        {
            *layout = Layout::ChannelsLast;
        }
        input.name = class.own_input(&input.name).to_owned();
    }
    model.mask = model.mask.take().map(|_| Mask::new(MASK));
    model.provenance.implementation = format!("DeepMind's original (JAX, Haiku), {}", class.name());
}
