//! What each section may say, but not together: every combination that nothing computes is refused with a sentence.

use crate::model::{
    Block, Combine, Encoding, Extent, Input, Latents, Model, Places, Position, Queries, QueryPart, Reads, Stem,
};
use crate::scheme::checkpoint::Checkpoint;
use std::collections::BTreeSet;

/// Complains about every contradiction in `model`.
pub(super) fn run(model: &Model, checkpoint: &mut Checkpoint) {
    let inputs = model.inputs.iter().flat_map(input);
    let blocks = model.blocks.iter().flat_map(|block| reads(model, block)).chain(mixers(model));
    let sentences: Vec<String> = inputs
        .chain(blocks)
        .chain(mixtures(model))
        .chain(decoder(model))
        .chain(outputs(model))
        .chain(names(model))
        .collect();
    sentences.into_iter().for_each(|sentence| checkpoint.complain(sentence));
}

fn input(input: &Input) -> Vec<String> {
    let (name, mut found) = (&input.name, Vec::new());
    if input.tokens() == 0 {
        found.push(format!(
            "input `{name}` makes no token: its windows are larger than what they lie on; choose a smaller `kernel` or a larger input"
        ));
    }
    if let Some(Position { encoding: Encoding::Fourier(fourier), .. }) = &input.position
        && fourier.positions() != input.tokens()
    {
        found.push(format!(
            "`inputs.{name}.position` encodes {} positions of the shape {:?}, but the input makes {} tokens: correct `shape`, or \
             leave it out",
            fourier.positions(),
            fourier.shape,
            input.tokens()
        ));
    }
    let moving = input.position.as_ref().filter(|position| position.places != Places::FromStart);
    if let Some(position) = moving.filter(|position| position.combine != Combine::Add || !is_ids(input)) {
        let places = if position.places == Places::FromEnd { "from_end" } else { "after_padding" };
        found.push(format!(
            "`inputs.{name}.position.places` is \"{places}\", which only learned positions added to ids can be: choose \
             \"from_start\""
        ));
    }
    found
}

fn is_ids(input: &Input) -> bool {
    matches!(input.stem, Stem::Ids { .. })
}

fn reads(model: &Model, block: &Block) -> Vec<String> {
    let (name, [_, width], mut found) = (&block.name, model.latents.shape(), Vec::new());
    if block.reads == Reads::PrefixThenItself && matches!(model.latents, Latents::Learned(_)) {
        found.push(format!(
            "block `{name}` reads \"prefix_then_itself\", but the latents are no tokens: choose \"context_then_itself\", or set \
             `latents.kind` to \"tail\""
        ));
    }
    found.extend(joins(block, width, model.token_width()));
    found
}

/// Keys from rows of two widths.
fn joins(block: &Block, own: usize, other: usize) -> Option<String> {
    let joins = matches!(block.reads, Reads::ContextThenItself | Reads::PrefixThenItself);
    (joins && own != other).then(|| {
        format!(
            "block `{}` makes keys from its own rows of {own} numbers and from others of {other}: make the two as wide, or let it \
             read \"context\"",
            block.name
        )
    })
}

fn mixers(model: &Model) -> Option<String> {
    let mixes = model.blocks.iter().find(|block| block.mixer.is_some())?;
    matches!(model.latents, Latents::Tail { .. }).then(|| {
        format!(
            "block `{}` has a `mixer`, whose columns are as long as there are latents, but a tail of tokens has no fixed length: \
             remove the mixer, or use learned latents",
            mixes.name
        )
    })
}

fn mixtures(model: &Model) -> Vec<String> {
    let mixture = |(index, mixture): (usize, &crate::model::Mixture)| {
        let ascends = mixture.states.windows(2).all(|pair| pair[0] < pair[1]);
        let fits = mixture.states.last().is_some_and(|&last| last <= model.schedule.len());
        (!ascends || !fits).then(|| {
            format!(
                "`encoder.mixtures[{index}].states` is {:?}, expected ascending places in the schedule of {} blocks: correct it",
                mixture.states,
                model.schedule.len()
            )
        })
    };
    model.mixtures.iter().enumerate().filter_map(mixture).collect()
}

fn decoder(model: &Model) -> Vec<String> {
    let Some(decoder) = &model.decoder else { return Vec::new() };
    let [_, width] = decoder.queries.shape([model.tokens(), model.token_width()]);
    let mut found: Vec<String> = joins(&decoder.block, width, model.latents.shape()[1]).into_iter().collect();
    if !matches!(decoder.block.reads, Reads::Context | Reads::ContextThenItself) {
        found.push(
            "`decoder.reads` must be \"context\" or \"context_then_itself\", as the queries gather from the latents: correct it"
                .to_owned(),
        );
    }
    if let Queries::Tokens = decoder.queries
        && model.inputs.iter().any(|input| input.masked.is_some())
    {
        found.push(
            "the tokens are the queries, but a learned row stands for some of them: choose other queries".to_owned(),
        );
    }
    found
}

fn outputs(model: &Model) -> Vec<String> {
    let has_ids = matches!(model.inputs.as_slice(), [input] if is_ids(input));
    let is_tail = matches!(model.latents, Latents::Tail { .. });
    let count = model.output_rows()[0];
    let asks_tokens = model.decoder.as_ref().is_some_and(|decoder| matches!(decoder.queries, Queries::Tokens));
    let output = |output: &crate::model::Output| {
        let name = &output.name;
        match output.rows {
            Extent::Tokens { most } if !has_ids || model.decoder.is_none() || most > count => Some(format!(
                "output `{name}` reads as many queries as a run has tokens, which needs ids as the only input and a query for each: \
                 give a pair [first, end]"
            )),
            Extent::Latents { .. } if model.decoder.is_some() => Some(format!(
                "output `{name}` reads the latents, but there is a decoder: give a pair [first, end], or remove the decoder"
            )),
            Extent::Rows(ref rows) if asks_tokens && has_ids && rows.end > 1 => {
                Some(format!("output `{name}` reads fixed rows, but a run has as many queries as ids: say \"tokens\""))
            }
            Extent::Rows(ref rows) if is_tail && model.decoder.is_none() && rows.end > 1 => Some(format!(
                "output `{name}` reads fixed rows, but the number of latents differs from run to run: say \"latents\""
            )),
            _ => None,
        }
    };
    model.outputs.iter().filter_map(output).collect()
}

/// Everything that the caller passes needs a name of its own.
fn names(model: &Model) -> Vec<String> {
    let queries: Vec<String> = match model.decoder.as_ref().map(|decoder| &decoder.queries) {
        Some(Queries::Input { name, .. }) => vec![name.clone()],
        Some(Queries::Parts(parts)) => parts.iter().map(QueryPart::points_name).collect(),
        _ => Vec::new(),
    };
    let inputs = model.inputs.iter().map(|input| input.name.clone());
    let tail = matches!(model.latents, Latents::Tail { prefix: None, .. }).then(|| "prefix_len".to_owned());
    let mask = model.mask.as_ref().map(|mask| mask.name.clone());
    // Two inputs of one name have been complained about.
    let mut seen: BTreeSet<String> = inputs.collect();
    let others = queries.into_iter().chain(mask).chain(tail);
    let twice = others.filter(|name| !seen.insert(name.clone()));
    twice.map(|name| format!("two inputs of the model are called `{name}`: rename one")).collect()
}
