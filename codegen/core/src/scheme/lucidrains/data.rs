//! `Perceiver` and its variants: data with Fourier features of its positions in, a mean over the latents out.

use super::args::{Data, FourierArgs};
use super::class::Class;
use super::encoder::Recipe;
use super::leaf::EPS;
use super::{LIBRARY, Source, frequencies};
use crate::model::{
    Combine, Encoding, Extent, FeatureLayout, Fourier, Grid, Input, Model, Output, Places, Position, Rotary, Stem,
    Tensor,
};
use crate::scheme::checkpoint::{Bias, Checkpoint};
use crate::scheme::constructor::{Constructor, Length};
use crate::scheme::{LoadOptions, Version};

/// Frequencies of the latents' positions, a buffer of versions that turn the latents' queries and keys.
pub(super) const ROTARY: &str = "sinu_emb.inv_freq";
/// Those versions.
const ROTATING: std::ops::Range<Version> = Version::new(0, 3, 0)..Version::new(0, 5, 0);
/// Versions whose variants hand their Fourier features an argument that those no longer know.
const BROKEN: std::ops::Range<Version> = Version::new(0, 7, 2)..Version::new(0, 8, 7);

/// Reads the model; `None` when the arguments are wrong.
pub(super) fn read(
    source: &Source<'_>,
    constructor: &mut Constructor,
    checkpoint: &mut Checkpoint,
    options: &LoadOptions,
) -> Option<Model> {
    let data = Data::read(source.class, &mut constructor.args);
    let rotary = rotary(source, constructor, checkpoint);
    if source.class != Class::Perceiver && source.version.is_some_and(|version| BROKEN.contains(&version)) {
        constructor.complain(format!(
            "`{}` of versions {} to 0.8.6 cannot run: it calls its Fourier features with an argument that they do not take; name \
             the `version` that trained these weights",
            source.class.name(),
            BROKEN.start
        ));
    }
    if !constructor.args.is_fine() {
        return None;
    }
    let input = input(&data, constructor, options);
    let (width, widths) = (input.width(), data.width_source());
    let recipe = Recipe { source, context: (width, &widths), rotary };
    let model = source.model(checkpoint, &recipe);
    let rows = Extent::Rows(0..source.args.num_latents);
    let output = match data.num_classes {
        Some(classes) => head(source, checkpoint, rows, classes),
        None => Output::new("logits", rows, None),
    };
    Some(Model { inputs: vec![input], outputs: vec![output], ..model })
}

/// The data with its positions.
fn input(data: &Data, constructor: &mut Constructor, options: &LoadOptions) -> Input {
    let names = match data.input_axis {
        2 => vec!["height", "width"],
        3 => vec!["frames", "height", "width"],
        axes => vec!["length"; axes],
    };
    let channels = Length::Is((data.input_channels, "args.input_channels"));
    let axes: Vec<Length<'_>> = names.into_iter().map(Length::Any).chain([channels]).collect();
    let mut grid = constructor.shape(options, "data", &axes);
    grid.pop();
    let position = data.fourier.as_ref().map(|fourier| position(fourier, constructor, grid.clone()));
    let stem = Stem::Tokens { grid, channels: data.input_channels };
    Input {
        name: "data".to_owned(),
        stem,
        scale: None,
        project: None,
        tail: None,
        position,
        padding: None,
        masked: None,
        merged: false,
    }
}

fn position(fourier: &FourierArgs, constructor: &mut Constructor, shape: Vec<usize>) -> Position {
    if constructor.version.is_none() {
        constructor.complain(format!(
            "`version` in config.json is missing: {LIBRARY} has spaced the frequencies of its Fourier features in several ways, and \
             nothing in the weights tells which; add the version that trained the model, for example \"0.8.8\""
        ));
    }
    let frequencies = frequencies::of(constructor.version, fourier);
    let encoding = Fourier {
        frequencies: vec![frequencies; shape.len()],
        shape,
        grid: Grid::Inclusive,
        layout: FeatureLayout::Axes,
        with_position: true,
        sine_only: false,
    };
    Position::new(Encoding::Fourier(encoding), Combine::Concat)
}

/// Positions of the latents in their own attention; complains when weights and version disagree about them.
fn rotary(source: &Source<'_>, constructor: &mut Constructor, checkpoint: &Checkpoint) -> Option<Rotary> {
    let rotates = source.class == Class::Perceiver && source.version.is_some_and(|version| ROTATING.contains(&version));
    let wanted = rotates && constructor.args.flag("self_attn_rel_pos").unwrap_or(true);
    if checkpoint.has(ROTARY) && !wanted {
        constructor.complain(format!(
            "the weights have `{ROTARY}`, positions of the latents that only versions 0.3.0 and 0.4.0 make, and these only unless \
             `args.self_attn_rel_pos` is false: name the `version` that trained the model, and the arguments it was built with"
        ));
    }
    let width = source.args.latent_dim_head;
    let frequency = |index: usize| 1.0 / 10_000_f32.powf((2 * index) as f32 / width as f32);
    let frequencies = Tensor::new(ROTARY, &[width / 2], (0..width / 2).map(frequency).collect());
    wanted.then_some(Rotary { frequencies, heads: source.args.latent_heads, places: Places::FromStart })
}

/// The mean of the latents, normalised, and a linear layer on it.
fn head(source: &Source<'_>, checkpoint: &mut Checkpoint, rows: Extent, classes: usize) -> Output {
    // In versions from 0.7.1 on, `Perceiver` counts the mean among the layers of its head.
    let [norm, linear] = if checkpoint.has("to_logits.2.weight") { [1, 2] } else { [0, 1] };
    let width = source.args.latent_width();
    let norm = checkpoint.norm(&format!("to_logits.{norm}"), width, EPS);
    let linear =
        checkpoint.linear(&format!("to_logits.{linear}"), (classes, "args.num_classes"), width, Bias::Required);
    Output { mean: true, norm: Some(norm), ..Output::new("logits", rows, Some(linear)) }
}
