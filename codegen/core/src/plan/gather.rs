//! Cross-attention from the latents to tokens that arrive a few at a time: neither tokens nor keys nor values of the
//! whole input are ever in memory.

use super::builder::{Builder, Rows};
use super::{attention, tokens, tokens_are_read_once};
use crate::model::{Attention, Block, EmptyRows, Input, Latents, Model, Queries, Reads, Softmax};
use crate::program::{Count, Gathering, Positions, Source, Stage, Step, TokenStage};
use std::ops::Range;

/// Whether all blocks of `model` that read the tokens can read them so. Each of them makes the tokens anew: that must not
/// cost multiplications.
pub(super) fn applies(model: &Model) -> bool {
    let mut blocks = model.schedule.iter().map(|&index| &model.blocks[index]);
    let can_gather = |block: &Block| match block.reads {
        Reads::Itself => true,
        Reads::Context => gathers(&block.attention),
        Reads::ContextThenItself | Reads::PrefixThenItself => false,
    };
    let are_queries = model.decoder.as_ref().is_some_and(|decoder| matches!(decoder.queries, Queries::Tokens));
    let can_ask = !are_queries || model.inputs.len() == 1;
    let is_cheap = tokens_are_read_once(model) || model.inputs.iter().all(|input| input.project.is_none());
    matches!(model.latents, Latents::Learned(_))
        && is_cheap
        && can_ask
        && model.inputs.iter().all(tokens::arrives)
        && blocks.all(can_gather)
}

/// Whether what a query gathers from a key depends on these two alone, up to a common factor of all that it gathers.
fn gathers(attention: &Attention) -> bool {
    attention.softmax == Softmax::Keys && attention.rotary.is_none() && !attention.causal && !attention.masks_queries
}

/// What the queries `q` of the rows `x` gather from the tokens.
pub(super) fn lower(builder: &mut Builder, model: &Model, block: &Block, x: &Rows, q: Source) -> Rows {
    let Block { name, attention, .. } = block;
    let shape = Gathering {
        queries: x.most,
        heads: attention.heads,
        key_heads: attention.heads,
        value_heads: attention.heads,
        qk: attention.qk / attention.heads,
        v_width: attention.v / attention.heads,
        scale: attention.scale as f32,
        zero_empty: attention.empty_rows == EmptyRows::Zero,
    };
    let state = builder.rows(format!("{name} state"), Count::fixed(1), 1, shape.state_len());
    builder.step(Step::Begin { shape, out: state.target() });
    builder.end_stage();
    let tokens = builder.rows("tokens", Count::TILE, builder.tiles.tokens.min(model.tokens()), model.token_width());
    let makers: Vec<_> = model.inputs.iter().map(|input| makers(builder, tokens, input)).collect();
    builder.marks.end_tokens();
    let gather = builder.section(|builder| {
        let from = attention::other(builder, block, &tokens, true);
        let keys = attention::keys(builder, block, &[from]);
        let (k, v, mask) = (keys.k.source(), keys.v.source(), builder.mask());
        builder.step(Step::Gather { shape, keys: from.count, q, k, v, mask, out: state.target() });
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
            positions: positions(modality),
            tokens,
            arriving,
            gather: gather.clone(),
        }));
        first += modality.tokens();
    }
    let out = builder.rows(format!("{name} attended"), x.count, x.most, attention.v);
    builder.step(Step::Settle { shape, x: state.source(), out: out.target() });
    out
}

/// The steps that make the tokens of one input, and those that make them as they arrive.
fn makers(builder: &mut Builder, tokens: Rows, input: &Input) -> [Range<usize>; 2] {
    let made = builder.section(|builder| tokens::tile(builder, tokens, input));
    if tokens::is_contiguous(&input.stem) {
        return [made.clone(), made];
    }
    [made, builder.section(|builder| tokens::arriving(builder, tokens, input))]
}

/// Where the tokens of `input` stand: they run out where there is a row for each.
fn positions(input: &Input) -> Positions {
    if input.position.is_some() { Positions::Stop(input.tokens()) } else { Positions::Endless }
}
