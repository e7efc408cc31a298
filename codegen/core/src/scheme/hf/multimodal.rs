//! `PerceiverForMultimodalAutoencoding`: sound, video and label, in this (alphabetical) order everywhere.

use super::decoder::Cross;
use super::source::Source;
use super::{Ends, FIXED, position};
use crate::model::{Decoder, Encoding, Extent, Grid, Input, Layout, Output, Patch, Queries, QueryPart, Stem, Tensor};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::fields::SIZE;

const AUDIO_BANDS: usize = 192;
const IMAGE_BANDS: usize = 32;
/// Rows and columns of a patch of a frame.
const SIDE: usize = 4;
const COLOURS: Axis<'_> = (3, FIXED);
/// Learned numbers that the widest modality still gets; of the tokens, and of the queries.
const LEAST_PADDING: [usize; 2] = [4, 2];

/// All three modalities are encoded, and any points of them are asked.
pub(super) fn read(source: &mut Source<'_>) -> Ends {
    let mut inputs = vec![audio(source), image(source), label(source)];
    pad(&mut source.checkpoint, &mut inputs);
    let parts = parts(source);
    let outputs = outputs(source, &parts);
    let decoder = decoder(source, parts);
    Ends { inputs, is_masked: false, decoder: Some(decoder), outputs }
}

fn samples(source: &Source<'_>) -> usize {
    source.config.num_frames * source.config.audio_samples_per_frame
}

fn audio(source: &mut Source<'_>) -> Input {
    let (patch, trained) = (source.config.samples_per_patch, samples(source));
    let expected = format!("[samples, 1] with a multiple of `samples_per_patch` {patch} samples");
    let fits = |shape: &[usize]| SIZE.contains(&shape[0]) && shape[0].is_multiple_of(patch) && shape[1] == 1;
    let samples = source.shape("audio", 2, &expected, fits).map_or(trained, |shape| shape[0]);
    if !samples.is_multiple_of(patch) {
        source.checkpoint.complain(format!(
            "`num_frames` × `audio_samples_per_frame` is {samples}, which `samples_per_patch` {patch} does not divide: correct \
             one of them"
        ));
    }
    let position = position::beside(&[samples / patch], &[trained], AUDIO_BANDS);
    Input { position: Some(position), ..Input::new("audio", Stem::Series { samples, channels: 1, patch }) }
}

fn image(source: &mut Source<'_>) -> Input {
    let (frames, [rows, columns]) = (source.config.num_frames, source.config.image_size);
    let expected = format!("[frames, 3, height, width] with 2 frames or more and sides that {SIDE} divides");
    let fits = |shape: &[usize]| {
        let [frames, colours, height, width] = *shape else { return false };
        let divides = height.is_multiple_of(SIDE) && width.is_multiple_of(SIDE);
        frames > 1 && colours == COLOURS.0 && divides && shape.iter().all(|length| SIZE.contains(length))
    };
    let default = vec![frames, COLOURS.0, SIDE * rows, SIDE * columns];
    let shape = source.shape("image", 4, &expected, fits).unwrap_or(default);
    if shape[0] < 2 {
        source.checkpoint.complain(
            "`num_frames` is 1, but transformers drops the time axis of such a video and then fails: give 2 frames or more",
        );
    }
    let stem = Stem::Video {
        frames: shape[0],
        height: shape[2],
        width: shape[3],
        channels: COLOURS.0,
        layout: Layout::ChannelsFirst,
        patch: Patch { frames: 1, side: SIDE },
    };
    let position = position::beside(&stem.grid(), &[frames, rows, columns], IMAGE_BANDS);
    Input { position: Some(position), ..Input::new("image", stem) }
}

fn label(source: &mut Source<'_>) -> Input {
    source.remarks.push(
        "`label` is never read: transformers puts a learned row in its place, when it runs as when it trains"
            .to_owned(),
    );
    Input::new("label", Stem::Tokens { grid: Vec::new(), channels: source.config.num_labels })
}

/// Fills all tokens up to one width, and puts the learned row in place of the label.
fn pad(checkpoint: &mut Checkpoint, inputs: &mut [Input]) {
    let widest = inputs.iter().map(Input::width).max().unwrap_or(0);
    let width = (widest + LEAST_PADDING[0], "the tokens' width");
    for input in inputs {
        let lacking = (width.0 - input.width(), "what a token lacks");
        input.padding = Some(row(checkpoint, &format!("perceiver.input_preprocessor.padding.{}", input.name), lacking));
        let masked = row(checkpoint, &format!("perceiver.input_preprocessor.mask.{}", input.name), width);
        // The probabilities of the other modalities are 0: their rows are stored and never used.
        input.masked = (input.name == "label").then_some(masked);
    }
}

/// The tensor `name`, stored as a table of one row.
fn row(checkpoint: &mut Checkpoint, name: &str, width: Axis<'_>) -> Tensor {
    Tensor { shape: vec![width.0], ..checkpoint.tensor(name, &[(1, FIXED), width]) }
}

/// What is asked of each modality, filled up to one width.
fn parts(source: &mut Source<'_>) -> Vec<QueryPart> {
    let (samples, frames) = (samples(source), source.config.num_frames);
    let [rows, columns] = source.config.image_size;
    let patches = samples / source.config.samples_per_patch;
    let audio = position::features(&[patches], Grid::HalfOpen, &[samples], AUDIO_BANDS);
    let video = source.config.output_shape;
    let image = position::features(&video, Grid::HalfOpen, &[frames, rows, columns], IMAGE_BANDS);
    let name = "perceiver.decoder.modalities.label.decoder.output_position_encodings.position_embeddings";
    let axes = [(1, FIXED), (source.config.label_channels, "_label_trainable_num_channels")];
    let label = source.checkpoint.tensor(name, &axes);
    let encodings =
        [("audio", Encoding::Fourier(audio)), ("image", Encoding::Fourier(image)), ("label", Encoding::Learned(label))];
    let width = encodings.iter().map(|(_, encoding)| encoding.width()).max().unwrap_or(0) + LEAST_PADDING[1];
    let part = |(name, encoding): (&str, Encoding)| {
        let lacking = (width - encoding.width(), "what a query lacks");
        let padding = Some(row(&mut source.checkpoint, &format!("perceiver.decoder.padding.{name}"), lacking));
        let points = if name == "label" { None } else { points(source, name) };
        QueryPart { name: name.to_owned(), encoding, points, padding }
    };
    encodings.into_iter().map(part).collect()
}

/// How many points of a modality the caller asks for; all of them when the caller does not say.
fn points(source: &mut Source<'_>, name: &str) -> Option<usize> {
    let fits = |shape: &[usize]| SIZE.contains(&shape[0]);
    source.shape(&format!("points.{name}"), 1, "[points]", fits).map(|shape| shape[0])
}

fn decoder(source: &mut Source<'_>, parts: Vec<QueryPart>) -> Decoder {
    let queries = Queries::Parts(parts);
    let cross = Cross {
        prefix: "perceiver.decoder.decoder",
        width: (queries.shape([0, 0])[1], "the queries' width"),
        heads: (1, FIXED),
        qk: None,
        v: None,
        residual: false,
    };
    let block = cross.read(source);
    let outputs = (source.config.output_num_channels, "output_num_channels");
    let name = "perceiver.decoder.decoder.final_layer";
    Decoder { queries, block, project: Some(source.checkpoint.linear(name, outputs, cross.width, Bias::Required)) }
}

fn outputs(source: &mut Source<'_>, parts: &[QueryPart]) -> Vec<Output> {
    let decoded = (source.config.output_num_channels, "output_num_channels");
    let (patch, labels) = (source.config.samples_per_patch, source.config.num_labels);
    let widths = [(patch, "samples_per_patch"), COLOURS, (labels, "the number of labels (`id2label`)")];
    let mut first = 0;
    let mut outputs = Vec::new();
    for (part, width) in parts.iter().zip(widths) {
        let name = format!("perceiver.output_postprocessor.modalities.{}.classifier", part.name);
        let linear = source.checkpoint.linear(&name, width, decoded, Bias::Required);
        let rows = first..first + part.count();
        first = rows.end;
        outputs.push(Output::new(&part.name, Extent::Rows(rows), Some(linear)));
    }
    // Samples follow each other without regard to patches.
    outputs[0].shape = vec![parts[0].count() * patch];
    outputs[2].labels.clone_from(&source.config.labels);
    outputs
}
