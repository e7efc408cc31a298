//! Cross-attention from the latents to tokens that arrive a few at a time: neither tokens nor keys nor values of the
//! whole input are ever in memory.

use super::attention::Heads;
use super::builder::{Builder, Rows};
use super::decode::is_row_by_row;
use super::grid::{self, Grid};
use super::{AfterLast, attention, tokens, tokens_are_read_once};
use crate::model::{Attention, Block, EmptyRows, Input, Latents, Model, Places, Queries, Reads, Softmax};
use crate::program::{Count, Gathering, Positions, Source, Stage, Step, TokenStage};
use std::ops::Range;

/// Why the tokens of `model` cannot arrive one at a time, if they cannot.
pub(super) fn no_stream(model: &Model) -> Option<String> {
    let readers = model.schedule.iter().map(|&index| &model.blocks[index]).filter(|block| block.reads.context());
    let readers: Vec<&Block> = readers.collect();
    let together = model.inputs.iter().find(|input| !tokens::arrives(input));
    match (&model.latents, readers.as_slice()) {
        (Latents::Tail { .. }, _) => Some("the last tokens are its latents, and attend to each other".to_owned()),
        (_, []) => Some("no block of it reads the tokens".to_owned()),
        (_, [block, ..]) if block.reads != Reads::Context => {
            Some(format!("`{}` reads the latents with the tokens", block.name))
        }
        (_, [block, ..]) if !gathers(&block.attention) => {
            Some(format!("{} of `{}`", unlike(&block.attention), block.name))
        }
        (_, [first, second, ..]) => Some(format!(
            "they are read {} times, by `{}` and, with what it has made of all of them, by `{}`",
            readers.len(),
            first.name,
            second.name
        )),
        _ => together.map(|input| format!("a token of `{}` depends on others", input.name)).or_else(|| late(model)),
    }
}

/// What needs all tokens, or another input, when all tokens have been read.
fn late(model: &Model) -> Option<String> {
    let masked = model.decoder.as_ref().filter(|decoder| decoder.block.attention.masks_queries);
    let masked = masked.map(|_| "the mask of the tokens is also that of the queries".to_owned());
    let asks = model.decoder.as_ref().filter(|decoder| !is_row_by_row(model, decoder));
    let asks = asks.and_then(|decoder| match &decoder.queries {
        Queries::Tokens => Some("its decoder asks with the tokens, when all of them have been read".to_owned()),
        Queries::Input { name, .. } => Some(format!("its decoder asks with another input, `{name}`")),
        Queries::Parts(parts) => {
            let part = parts.iter().find(|part| part.points.is_some())?;
            Some(format!("its decoder asks with another input, `{}`", part.points_name()))
        }
        Queries::Learned(_) | Queries::Fourier(_) => None,
    });
    let blocks = model.schedule.iter().map(|&index| &model.blocks[index]);
    let mut blocks = blocks.chain(model.decoder.as_ref().map(|decoder| &decoder.block));
    let counts_padding =
        |block: &&Block| block.attention.rotary.as_ref().is_some_and(|rotary| rotary.places == Places::AfterPadding);
    let padded = blocks.find(counts_padding).filter(|_| model.mask.is_some());
    asks.or(masked)
        .or_else(|| Some(format!("places in `{}` depend on how many tokens the mask leaves out", padded?.name)))
}

/// What makes attention depend on more than a query and a key.
fn unlike(attention: &Attention) -> &'static str {
    match attention {
        Attention { rotary: Some(_), .. } => "queries and keys turn with their places: rotary positions",
        Attention { causal: true, .. } => "a query sees the keys up to its own place",
        _ => "the mask of the tokens is also that of the queries",
    }
}

/// Whether all blocks of `model` that read the tokens can read them so. Each of them makes the tokens anew: that must not
/// cost multiplications, and for queries only few.
pub(super) fn applies(model: &Model) -> bool {
    let mut blocks = model.schedule.iter().map(|&index| &model.blocks[index]);
    let can_gather = |block: &Block| match block.reads {
        Reads::Itself => true,
        Reads::Context => gathers(&block.attention),
        Reads::ContextThenItself | Reads::PrefixThenItself => false,
    };
    let are_queries = model.decoder.as_ref().is_some_and(|decoder| matches!(decoder.queries, Queries::Tokens));
    let can_ask = !are_queries || model.inputs.len() == 1;
    let is_cheap = tokens_are_read_once(model)
        || model.inputs.iter().all(|input| input.project.is_none())
        || (are_queries && is_cheap_again(model));
    matches!(model.latents, Latents::Learned(_))
        && is_cheap
        && can_ask
        && model.inputs.iter().all(tokens::arrives)
        && blocks.all(can_gather)
}

/// Whether one block reads the tokens, and making a token again costs at most half of what its key and value cost.
fn is_cheap_again(model: &Model) -> bool {
    let mut readers = model.schedule.iter().map(|&index| &model.blocks[index]).filter(|block| block.reads.context());
    let (Some(reader), None) = (readers.next(), readers.next()) else { return false };
    let keys = reader.attention.key.weight.len() + reader.attention.value.weight.len();
    model.inputs.iter().filter_map(|input| input.project.as_ref()).all(|project| 2 * project.weight.len() <= keys)
}

/// Whether what a query gathers from a key depends on the queries and that key alone, up to a common factor of all that it gathers.
/// A softmax over the queries needs no other key either: its weights are divided by their sum at the end.
fn gathers(attention: &Attention) -> bool {
    attention.rotary.is_none() && !attention.causal && !attention.masks_queries
}

/// What the queries `q` of the rows `x` gather from the tokens.
pub(super) fn lower(builder: &mut Builder, model: &Model, block: &Block, x: &Rows, q: Source) -> Rows {
    let Block { name, attention, .. } = block;
    let heads = Heads::new(attention);
    let shape = Gathering {
        queries: x.most,
        heads: heads.count,
        key_heads: heads.key_heads,
        value_heads: heads.value_heads,
        qk: heads.qk,
        v_width: heads.v,
        scale: attention.scale as f32,
        zero_empty: attention.empty_rows == EmptyRows::Zero,
        shares: if let Softmax::Queries { eps } = attention.softmax { Some(eps as f32) } else { None },
    };
    let state = builder.rows(format!("{name} state"), Count::fixed(1), 1, shape.state_len());
    builder.step(Step::Begin { shape, out: state.target() });
    builder.end_stage();
    let width = attention.separated.as_ref().map_or(model.token_width(), |separated| separated.channels);
    let tokens = builder.rows("tokens", Count::TILE, builder.tiles.tokens.min(model.tokens()), width);
    let makers: Vec<_> = model.inputs.iter().map(|input| makers(builder, tokens, input)).collect();
    builder.marks.end_tokens();
    let gather = builder.section(|builder| match (&attention.separated, &attention.norm_kv) {
        (Some(separated), Some(norm)) => {
            grid::lower(builder, &Grid { name, separated, norm }, shape, &tokens, q, state.target())
        }
        _ => {
            let from = attention::other(builder, block, &tokens, true);
            let keys = attention::keys(builder, block, &[from]);
            let (k, v, mask) = (keys.k.source(), keys.v.source(), builder.mask());
            builder.step(Step::Gather { shape, keys: from.count, q, k, v, mask, out: state.target() });
        }
    });
    let mut first = 0;
    for (modality, [tokens, arriving]) in model.inputs.iter().zip(makers) {
        builder.stage(Stage::Tokens(TokenStage {
            input: builder.input(&modality.name),
            first,
            stride: tokens::stride(modality),
            rows: builder.tokens_of(modality),
            tile: builder.tiles.tokens,
            shape: modality.stem.token_shape(),
            positions: positions(builder, modality),
            tokens,
            arriving,
            gather: gather.clone(),
        }));
        first += modality.tokens();
    }
    let out = builder.rows(format!("{name} attended"), x.count, x.most, heads.count * heads.v);
    builder.step(Step::Settle { shape, x: state.source(), out: out.target() });
    attention::values(builder, name, attention, out)
}

/// The steps that make the tokens of one input, and those that make them as they arrive.
fn makers(builder: &mut Builder, tokens: Rows, input: &Input) -> [Range<usize>; 2] {
    let made = builder.section(|builder| tokens::tile(builder, tokens, input));
    if tokens::is_contiguous(&input.stem) {
        return [made.clone(), made];
    }
    [made, builder.section(|builder| tokens::arriving(builder, tokens, input))]
}

/// Where the tokens of `input` stand.
fn positions(builder: &Builder, input: &Input) -> Positions {
    match builder.after_last {
        _ if input.position.is_none() => Positions::Endless,
        AfterLast::Unbounded if tokens::line(builder, input).is_some() => Positions::Endless,
        AfterLast::Stop | AfterLast::Unbounded => Positions::Stop(input.tokens()),
        AfterLast::Wrap => Positions::Wrap(input.tokens()),
    }
}
