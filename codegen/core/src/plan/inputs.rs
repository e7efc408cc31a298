//! What a program reads, and at which index.

use crate::model::{self, Latents, Model, Queries, Stem};
use crate::program::{FixedPrefix, Input, InputKind, Sequence};

/// The program's inputs: the modalities, queries made at run time, indices of positions, the mask, the
/// length of the prefix.
pub(super) fn list(model: &Model) -> Vec<Input> {
    let mut inputs: Vec<Input> = model.inputs.iter().filter(|input| is_read(input)).map(modality).collect();
    inputs.extend(model.decoder.iter().flat_map(|decoder| queries(&decoder.queries)));
    if let Some(mask) = &model.mask {
        let kind = InputKind::Mask { max: model.tokens(), padding: mask.padding.clone() };
        inputs.push(Input { name: mask.name.clone(), kind });
    }
    if let Latents::Tail { most, prefix: None, .. } = &model.latents {
        inputs.push(Input { name: "prefix_len".to_owned(), kind: InputKind::Prefix { latents: *most } });
    }
    inputs
}

/// What the model itself says of its sequence of tokens.
pub(super) fn sequence(model: &Model) -> Sequence {
    let Latents::Tail { most, prefix, end, .. } = &model.latents else { return Sequence::default() };
    Sequence { prefix: prefix.map(|tokens| FixedPrefix { tokens, latents: *most }), end: *end }
}

/// Inputs of the source whose numbers make no difference.
pub(super) fn ignored(model: &Model) -> Vec<String> {
    model.inputs.iter().filter(|input| !is_read(input)).map(|input| input.name.clone()).collect()
}

/// Whether what an input holds reaches the tokens.
fn is_read(input: &model::Input) -> bool {
    input.masked.is_none()
}

fn modality(input: &model::Input) -> Input {
    let kind = match &input.stem {
        Stem::Ids { tokens, embedding } => InputKind::Ids { max: *tokens, vocabulary: embedding.rows() },
        stem => InputKind::Numbers { shape: stem.raw_shape() },
    };
    Input { name: input.name.clone(), kind }
}

fn queries(queries: &Queries) -> Vec<Input> {
    match queries {
        Queries::Input { name, count, width } => {
            vec![Input { name: name.clone(), kind: InputKind::Numbers { shape: vec![*count, *width] } }]
        }
        Queries::Parts(parts) => {
            let points = |part: &model::QueryPart| {
                let kind = InputKind::Points { count: part.points?, positions: part.encoding.rows() };
                Some(Input { name: part.points_name(), kind })
            };
            parts.iter().filter_map(points).collect()
        }
        Queries::Learned(_) | Queries::Fourier(_) | Queries::Tokens => Vec::new(),
    }
}
