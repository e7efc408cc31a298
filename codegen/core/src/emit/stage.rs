//! The stages of a run: steps in place for what runs once and needs the input, a function for what may run again.

use super::interface::Interface;
use super::step::{Scope, Writer, count, tokens};
use crate::program::{FixedPrefix, Head, InputKind, Program, QueryStage, Stage, Step, TokenStage};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use std::ops::Range;

/// All stages up to the first query.
pub(super) fn encode(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let writer = Writer { program, interface, scope: Scope::Run, tile: None };
    let lengths = lengths(program, interface);
    let stages = program.stages.iter().map(|stage| match stage {
        Stage::Once(steps) if is_apart(program, steps) => once(steps),
        Stage::Once(steps) => writer.steps(steps.clone()),
        Stage::Tokens(stage) => token_tiles(program, interface, stage),
        Stage::Queries(_) => TokenStream::new(),
    });
    let choices = choices(program);
    quote!(#lengths #choices #(#stages)*)
}

/// All queries.
pub(super) fn decode(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let lengths = program.queries_need_input().then(|| lengths(program, interface));
    let stages = program.queries().map(|stage| query_tiles(program, interface, stage));
    quote!(#lengths #(#stages)*)
}

/// The lengths of the run, from `input`.
pub(super) fn lengths(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let most = Literal::usize_unsuffixed(program.max_tokens);
    let all = tokens(program);
    let lengths = program.inputs.iter().enumerate().map(|(index, input)| {
        let value = interface.input_numbers(index);
        let length = match input.kind {
            InputKind::Numbers { .. } | InputKind::Points { .. } => return TokenStream::new(),
            InputKind::Ids { .. } => {
                let len = match program.sequence.end {
                    Some(end) => {
                        let end = Literal::u32_unsuffixed(end);
                        quote!(::percio::lengths::until(#value, #end))
                    }
                    None => quote!(#value.len()),
                };
                quote!(let tokens = ::core::cmp::Ord::min(#len, #most);)
            }
            InputKind::Mask { .. } => quote!(let padding = ::percio::lengths::padding(#value, #all);),
            InputKind::Prefix { latents } => {
                let latents = Literal::usize_unsuffixed(latents);
                quote!(let prefix = ::percio::lengths::prefix(#value, #all, #latents);)
            }
        };
        quote!(#[allow(unused_variables, reason = "not every model depends on it")] #length)
    });
    let prefix = program.sequence.prefix.map(|FixedPrefix { tokens: asked, latents }| {
        let [asked, latents] = [asked, latents].map(Literal::usize_unsuffixed);
        quote! {
            #[allow(unused_variables, reason = "not every model depends on it")]
            let prefix = ::percio::lengths::prefix(#asked, #all, #latents);
        }
    });
    lengths.chain(prefix).collect()
}

/// The functions of steps that may run again, each section of steps once.
pub(super) fn functions(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let mut functions = BTreeMap::new();
    for stage in &program.stages {
        let tile = usual_tile(program, stage);
        match stage {
            Stage::Once(_) => {}
            Stage::Tokens(TokenStage { input, tokens, arriving, gather, .. }) => {
                let element = element(program, *input);
                let operands = quote!(input: &[#element], row: usize, tile: usize);
                functions.insert(function("tokens", tokens), (tokens.clone(), operands.clone(), tile.clone()));
                functions.insert(function("tokens", arriving), (arriving.clone(), operands, tile.clone()));
                functions.insert(
                    function("gather", gather),
                    (gather.clone(), quote!(mask: &[bool], row: usize, tile: usize), tile.clone()),
                );
            }
            Stage::Queries(stage @ QueryStage { reads, asked, decode, heads, .. }) => {
                let element = element(program, reads.map(|reading| reading.input));
                let operands = quote!(input: &[#element], row: usize, tile: usize);
                let raw = asked.raw.iter().map(|(steps, _)| steps);
                for steps in raw.chain([&asked.steps]).filter(|steps| !steps.is_empty()) {
                    functions.insert(function("ask", steps), (steps.clone(), operands.clone(), tile.clone()));
                }
                let hidden = program.hides_queries(stage).then(|| quote!(, mask: &[bool], present: usize));
                let latents = program.is_adaptive().then(|| quote!(, latents: usize));
                let operands = quote!(row: usize, tile: usize #hidden #latents);
                functions.insert(function("decode", decode), (decode.clone(), operands, tile.clone()));
                for head in heads {
                    let operands = quote!(tile: usize, out: &mut [f32]);
                    functions.insert(function("head", &head.steps), (head.steps.clone(), operands, tile.clone()));
                }
            }
        }
    }
    let len = Literal::usize_unsuffixed(program.arena_len);
    let functions = functions.into_iter().map(|(name, (steps, operands, tile))| {
        let steps = Writer { program, interface, scope: Scope::Tile, tile }.steps(steps);
        quote! {
            #[allow(unused_variables, clippy::single_range_in_vec_init, reason = "steps differ in what they need")]
            fn #name<I: ::percio::isa::Isa>(isa: I, arena: &mut ::percio::Arena<#len>, #operands) {
                #steps
            }
        }
    });
    let once = program.stages.iter().filter_map(|stage| match stage {
        Stage::Once(steps) if is_apart(program, steps) => Some(once_function(program, interface, steps)),
        _ => None,
    });
    once.chain(functions).collect()
}

/// Rows of every tile of a stage but the last, in the longest run.
fn usual_tile(program: &Program, stage: &Stage) -> Option<TokenStream> {
    let run = program.largest_run();
    let [rows, tile] = [stage.whole(run), stage.tile(run)].map(|run| Literal::usize_unsuffixed(run.tile));
    match stage {
        Stage::Once(_) => None,
        Stage::Tokens(_) => Some(quote!(#tile)),
        Stage::Queries(_) => Some(quote!({ ::percio::independent_tile(#rows, #tile) })),
    }
}

/// The function of steps that run once.
fn once_function(program: &Program, interface: &Interface<'_>, steps: &Range<usize>) -> TokenStream {
    let (name, net) = (function("once", steps), &interface.name);
    let steps = Writer { program, interface, scope: Scope::Run, tile: None }.steps(steps.clone());
    let choices = choices(program);
    quote! {
        #[allow(clippy::single_range_in_vec_init, unused_variables, reason = "a step may touch one buffer, or no latents")]
        fn #name<I: ::percio::isa::Isa>(isa: I, net: &mut #net) {
            #choices
            #steps
        }
    }
}

/// How many latents and layers the run has, where that may be chosen.
fn choices(program: &Program) -> Option<TokenStream> {
    program.is_adaptive().then(|| {
        quote! {
            #[allow(unused_variables, reason = "not all steps depend on them")]
            let (latents, depth) = (net.latents as usize, net.depth as usize);
        }
    })
}

/// The operand of steps over a tile of queries that says how many latents there are.
pub(super) fn latents(program: &Program) -> Option<TokenStream> {
    program.is_adaptive().then(|| quote!(, net.latents as usize))
}

/// The call of steps that run once.
pub(super) fn once(steps: &Range<usize>) -> TokenStream {
    let function = function("once", steps);
    quote!(#function(isa, net);)
}

/// Whether the steps need nothing of the input, so that they may run when it is gone.
fn is_apart(program: &Program, steps: &Range<usize>) -> bool {
    !program.steps[steps.clone()].iter().any(Step::needs_input)
}

/// The type of what steps read of an input.
pub(super) fn element(program: &Program, input: Option<usize>) -> TokenStream {
    match input.map(|input| &program.inputs[input].kind) {
        Some(InputKind::Ids { .. } | InputKind::Points { .. }) => quote!(u32),
        Some(InputKind::Numbers { .. } | InputKind::Mask { .. } | InputKind::Prefix { .. }) | None => quote!(f32),
    }
}

/// What steps read of an input, from the part on that belongs to the row `row`.
fn reading(interface: &Interface<'_>, input: Option<usize>, stride: usize) -> TokenStream {
    match input.map(|input| interface.input_numbers(input)) {
        None => quote!(&[]),
        Some(numbers) if stride == 0 => numbers,
        Some(numbers) => from(&numbers, quote!(row), stride),
    }
}

/// The name of a section's function.
pub(super) fn function(what: &str, steps: &Range<usize>) -> Ident {
    format_ident!("{what}_{}", steps.start)
}

pub(super) fn token_tiles(program: &Program, interface: &Interface<'_>, stage: &TokenStage) -> TokenStream {
    let (tokens, gather) = (function("tokens", &stage.tokens), function("gather", &stage.gather));
    let input = reading(interface, stage.input, stage.stride);
    let token = offset(quote!(row), stage.first);
    let mask = mask_from(program, interface, token);
    let (rows, tile) = (count(stage.rows), Literal::usize_unsuffixed(stage.tile));
    let tiles = quote!(::percio::tiles(#rows, #tile));
    quote! {
        for (row, tile) in #tiles {
            #tokens(isa, &mut net.arena, #input, row, tile);
            #gather(isa, &mut net.arena, #mask, row, tile);
        }
    }
}

/// What the mask says of the tokens from `token` on.
fn mask_from(program: &Program, interface: &Interface<'_>, token: TokenStream) -> TokenStream {
    let mask = program.inputs.iter().position(|input| matches!(input.kind, InputKind::Mask { .. }));
    mask.map_or_else(|| quote!(&[]), |index| from(&interface.input_numbers(index), token, 1))
}

fn query_tiles(program: &Program, interface: &Interface<'_>, stage: &QueryStage) -> TokenStream {
    let (rows, tile) = (count(stage.rows), Literal::usize_unsuffixed(stage.tile));
    let (decode, tiles) = (function("decode", &stage.decode), quote!(::percio::independent_tiles(#rows, #tile)));
    let first = offset(quote!(row), stage.first);
    let of_kind = offset(quote!(row), stage.first - stage.asked.first);
    let input =
        reading(interface, stage.reads.map(|reading| reading.input), stage.reads.map_or(0, |reading| reading.stride));
    let heads = stage.heads.iter().map(|head| {
        let Head { output, first, steps, .. } = head;
        let (head, numbers) = (function("head", steps), interface.output_numbers(*output));
        let rows = from_mut(&numbers, offset(quote!(row), stage.first - first), interface.output_width(*output));
        quote!(#head(isa, &mut net.arena, tile, #rows);)
    });
    let hidden = program.hides_queries(stage).then(|| {
        let (mask, tokens) = (mask_from(program, interface, first.clone()), tokens(program));
        quote!(, #mask, #tokens.saturating_sub(#first))
    });
    let (ask, latents) = (ask(stage, &input, &of_kind), latents(program));
    quote! {
        for (row, tile) in #tiles {
            #ask
            #decode(isa, &mut net.arena, #first, tile #hidden #latents);
            #(#heads)*
        }
    }
}

/// The call that makes the queries of a tile from `row` on, counted from the first of their kind.
pub(super) fn ask(stage: &QueryStage, input: &TokenStream, row: &TokenStream) -> TokenStream {
    if stage.asked.steps.is_empty() {
        return TokenStream::new();
    }
    let ask = function("ask", &stage.asked.steps);
    quote!(#ask(isa, &mut net.arena, #input, #row, tile);)
}

/// `row + first`
pub(super) fn offset(row: TokenStream, first: usize) -> TokenStream {
    let literal = Literal::usize_unsuffixed(first);
    if first == 0 { row } else { quote!(#row + #literal) }
}

/// `slice` from row `row` on.
pub(super) fn from(slice: &TokenStream, row: TokenStream, stride: usize) -> TokenStream {
    let start = times(row, stride);
    quote!(#slice.get(#start..).unwrap_or_default())
}

/// [`from`], to write.
pub(super) fn from_mut(slice: &TokenStream, row: TokenStream, stride: usize) -> TokenStream {
    let start = times(row, stride);
    quote!(#slice.get_mut(#start..).unwrap_or_default())
}

fn times(row: TokenStream, stride: usize) -> TokenStream {
    let literal = Literal::usize_unsuffixed(stride);
    match row.clone().into_iter().count() {
        _ if stride == 1 => row,
        1 => quote!(#row * #literal),
        _ => quote!((#row) * #literal),
    }
}
