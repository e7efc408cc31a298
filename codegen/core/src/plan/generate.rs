//! Token by token: keys and values of tokens and latents stay in memory, and one more token is one more row.
//!
//! Keys are turned by the place of their token in the whole sequence, once: scores depend on the difference of two places alone.
//! The order of the prefix makes no difference, so that a token that leaves gives its row to the one that comes.

use super::blob::Blob;
use super::block::{Context, block};
use super::builder::{Builder, Rows};
use super::ring::Ring;
use super::{CompileOptions, Optimize, decode, encode, tokens};
use crate::model::{Block, Combine, Encoding, Extent, Input, Latents, Model, Places, Query, Reads, Softmax, Stem};
use crate::program::{self, Count, Generation, InputKind, Moves, Program, Target};

/// Why `model` cannot go on token by token, if it cannot.
pub(super) fn no_generator(model: &Model) -> Option<String> {
    let (Latents::Tail { .. }, [input]) = (&model.latents, model.inputs.as_slice()) else {
        return Some("its latents are learned rows, not the last tokens: it continues no sequence".to_owned());
    };
    let Stem::Ids { .. } = &input.stem else { return Some(format!("the tokens of `{}` are no ids", input.name)) };
    let is_bare = input.scale.is_none() && input.project.is_none() && input.padding.is_none() && input.masked.is_none();
    let [output] = model.outputs.as_slice() else { return Some("it has several outputs".to_owned()) };
    let blocks = model.schedule.iter().map(|&index| &model.blocks[index]);
    let stays = blocks.filter_map(|block| Some(format!("in `{}` {}", block.name, changes(block)?))).next();
    if !is_bare || moves(input).is_none() {
        return Some(format!("positions of `{}` are not added to ids", input.name));
    }
    if model.decoder.is_some() || output.mean || !matches!(output.rows, Extent::Latents { .. }) {
        return Some("its output is not made of a latent each".to_owned());
    }
    let mixture = model.mixtures.first().map(|_| "latents are mixtures of what they have been".to_owned());
    mixture.or(stays)
}

/// Why later tokens would change what `block` has made of earlier ones.
fn changes(block: &Block) -> Option<&'static str> {
    let attention = &block.attention;
    match block.reads {
        Reads::ContextThenItself => return Some("a row reads all tokens and all rows"),
        Reads::Itself | Reads::Context | Reads::PrefixThenItself => {}
    }
    if !attention.causal {
        return Some("a row attends to later ones");
    }
    if block.mixer.is_some() {
        return Some("rows are mixed");
    }
    if attention.softmax != Softmax::Keys {
        return Some("weights are divided by their sum over the queries");
    }
    let is_constant = matches!(attention.query, Query::Constant(_)) || attention.masks_queries;
    is_constant.then_some("queries do not come from the rows alone")
}

/// When positions that are added to the tokens of `input` move; `None` where they join them otherwise.
fn moves(input: &Input) -> Option<Moves> {
    let Some(position) = &input.position else { return Some(Moves::Never) };
    match (&position.encoding, position.combine, position.places) {
        (Encoding::Learned(_), Combine::Add, Places::FromEnd) => Some(Moves::Always),
        (Encoding::Learned(_), Combine::Add, Places::FromStart | Places::AfterPadding) => Some(Moves::WhenFull),
        _ => None,
    }
}

/// How the folded `model` of `program` goes on token by token, its weights in `blob`.
pub(super) fn lower(
    model: &Model,
    options: &CompileOptions,
    blob: &mut Blob,
    program: &Program,
) -> Result<Generation, String> {
    if let Some(reason) = no_generator(model) {
        return Err(reason);
    }
    let Latents::Tail { most, prefix, end, .. } = model.latents else { return Err(String::new()) };
    let [Input { name, stem: Stem::Ids { tokens, embedding }, .. }] = model.inputs.as_slice() else {
        return Err(String::new());
    };
    let tile = tile(options).min(most);
    let mut builder = Builder::growing(model, tile, options, std::mem::take(blob));
    let rings = rings(&mut builder, model);
    let read = builder.section(|builder| read(builder, model, &rings));
    let latents = builder.rows("latents", Count::TILE, tile, model.latents.shape()[1]);
    let advance = builder.section(|builder| advance(builder, model, &latents, &rings));
    let head = builder.section(|builder| head(builder, model, &latents));
    let inputs = vec![program::Input {
        name: name.clone(),
        kind: InputKind::Ids { max: *tokens, vocabulary: embedding.rows() },
    }];
    let output = |output: &program::Output| program::Output { rows: 1, count: Count::fixed(1), ..output.clone() };
    let outputs = program.outputs.iter().map(output).collect();
    let (program, lowered) = builder.grown(Program { inputs, outputs, ..program.clone() });
    *blob = lowered;
    let moves = moves(&model.inputs[0]).unwrap_or(Moves::Always);
    let (tokens, vocabulary, latents) = (*tokens, embedding.rows(), most.min(*tokens));
    Ok(Generation { program, read, advance, head, tile, tokens, latents, prefix, end, vocabulary, moves })
}

/// Most rows of a tile: a linear layer reads its weights once for so many.
fn tile(options: &CompileOptions) -> usize {
    match (options.tile, options.optimize) {
        (Some(rows), _) => rows.get(),
        (None, Some(Optimize::Ram)) => 1,
        (None, Some(Optimize::Speed)) => 12,
        (None, Some(Optimize::Flash) | None) => 6,
    }
}

/// Where the keys and values of each turn of a block stay.
fn rings(builder: &mut Builder, model: &Model) -> Vec<Ring> {
    let (tokens, [latents, _]) = (model.tokens(), model.latents.shape());
    let ring = |&index: &usize| {
        let block = &model.blocks[index];
        let most = if block.reads.context() { tokens } else { latents.min(tokens) };
        Ring::new(builder, block, most)
    };
    model.schedule.iter().map(ring).collect()
}

/// Tokens of the prefix: their keys and values.
fn read(builder: &mut Builder, model: &Model, rings: &[Ring]) {
    let tokens = tokens(builder, model);
    for (&index, ring) in model.schedule.iter().zip(rings) {
        let block = &model.blocks[index];
        if block.reads.context() {
            ring.read(builder, block, &tokens, Count::PREFIX);
        }
    }
}

/// The rows of the tile's tokens.
fn tokens(builder: &mut Builder, model: &Model) -> Rows {
    let tokens = builder.rows("tokens", Count::TILE, builder.tiles.tokens, model.token_width());
    model.inputs.iter().for_each(|input| tokens::tile(builder, tokens, input));
    tokens
}

/// Latents through all blocks.
fn advance(builder: &mut Builder, model: &Model, latents: &Rows, rings: &[Ring]) {
    let tokens = tokens(builder, model);
    if let Latents::Tail { project, .. } = &model.latents {
        encode::tail(builder, tokens.place(), tokens.width, project.as_ref(), latents);
    }
    for (&index, ring) in model.schedule.iter().zip(rings) {
        block(builder, &model.blocks[index], latents, &Context::Kept(&tokens, ring));
    }
}

/// The likelihoods that the first latent of the tile gives.
fn head(builder: &mut Builder, model: &Model, latents: &Rows) {
    let row = Rows { most: 1, ..*latents };
    if let Some(norm) = &model.norm {
        builder.normalize_in_place(&row, norm);
    }
    model.outputs.iter().for_each(|output| decode::head(builder, output, Target::Output(0), &row));
}
