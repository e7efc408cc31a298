//! How each attention is computed: which queries are constants, and on which side the linear layers of keys and values are.
//!
//! Letters: m rows that ask, n rows that answer, D and C their widths, H heads.

use super::cost::{OnGrid, Site};
use super::{AfterLast, CompileOptions, Optimize, Outputs, gather};
use crate::model::{Model, Queries, line};
use crate::passes::{Choice, Choices, Layer, Passes, absorb_keys, absorb_values, bake_queries, separate_positions};
use crate::program::Decision;
use std::collections::HashMap;

/// What is chosen for the folded `model`, and what else there was for each of its attentions.
pub(super) fn choose(model: &Model, options: &CompileOptions, optimize: Option<Optimize>) -> (Choices, Vec<Decision>) {
    let mut decisions = Vec::new();
    // Blocks that share a layer must agree on where it is.
    let mut agreed: HashMap<usize, Layer> = HashMap::new();
    let mut decide = |site: &Site<'_>| {
        let shared = site.block.attention.value.weight.data.address();
        let mut candidates = candidates(site, options.passes);
        if let Some(&layer) = agreed.get(&shared) {
            candidates.retain(|choice| choice.values == layer);
        }
        let chosen = best(site, &candidates, optimize);
        agreed.insert(shared, chosen.values);
        decisions.push(decision(site, chosen, &candidates));
        chosen
    };
    let blocks = (0..model.blocks.len()).map(|index| decide(&encoder_site(model, index, options))).collect();
    let decoder = model.decoder.is_some().then(|| decoder_site(model, options)).flatten().map(|site| decide(&site));
    (Choices { blocks, decoder }, decisions)
}

/// A block of the encoder.
fn encoder_site<'a>(model: &'a Model, index: usize, options: &CompileOptions) -> Site<'a> {
    let block = &model.blocks[index];
    let [rows, width] = model.latents.shape();
    let runs = model.schedule.iter().filter(|&&scheduled| scheduled == index).count();
    let is_asked = bake_queries::first(model) == Some(index) && runs == 1;
    let context = if block.reads.context() { model.tokens() } else { rows };
    Site {
        block,
        runs,
        rows,
        tile: rows,
        context,
        arrives: block.reads.context() && gather::applies(model),
        constant: is_asked.then_some(rows * width),
        grid: grid(model, index, options),
        format: options.weights,
    }
}

/// The grid that all tokens which the block `index` reads stand on, if it may take their positions as places.
fn grid(model: &Model, index: usize, options: &CompileOptions) -> Option<OnGrid> {
    let is_endless = options.positions == Some(AfterLast::Unbounded);
    let grid = separate_positions::grid(model, index).filter(|grid| !(is_endless && line(grid).is_some()))?;
    let channels = model.inputs.iter().map(|input| input.data_width()).sum();
    gather::applies(model).then(|| OnGrid { channels, places: grid.shape.iter().sum() })
}

/// The decoder's block.
fn decoder_site<'a>(model: &'a Model, options: &CompileOptions) -> Option<Site<'a>> {
    let decoder = model.decoder.as_ref()?;
    let [rows, _] = decoder.queries.shape([model.tokens(), model.token_width()]);
    // Positions are made from small tables; learned rows are in flash unless nothing reads them.
    let table =
        |[rows, width]: [usize; 2]| if matches!(decoder.queries, Queries::Learned(_)) { rows * width } else { 0 };
    Some(Site {
        block: &decoder.block,
        runs: 1,
        rows,
        tile: rows.min(super::tile::USUAL),
        context: model.latents.shape()[0],
        arrives: false,
        // Where outputs are not kept, the caller may ask what is in no table.
        constant: bake_queries::asked(model).filter(|_| options.outputs == Outputs::Kept).map(table),
        grid: None,
        format: options.weights,
    })
}

/// All that is valid, the way it is written first.
fn candidates(site: &Site<'_>, passes: Passes) -> Vec<Choice> {
    let layers =
        |may_move: bool| if may_move { &[Layer::OnRows, Layer::Merged, Layer::PerHead][..] } else { &[Layer::OnRows] };
    let bake = if passes.bake_queries && site.constant.is_some() { &[false, true][..] } else { &[false] };
    let mut choices = Vec::new();
    for &bake in bake {
        for &keys in layers(passes.absorb_keys && absorb_keys::is_valid(site.block)) {
            for &values in layers(passes.absorb_values && absorb_values::is_valid(site.block)) {
                choices.push(Choice { bake, keys, values, separate: false });
            }
        }
    }
    if passes.separate_positions && site.grid.is_some() {
        let may = |choice: &&Choice| choice.bake && choice.keys == Layer::Merged && choice.values != Layer::OnRows;
        let separate: Vec<Choice> = choices.iter().filter(may).map(|&it| Choice { separate: true, ..it }).collect();
        choices.extend(separate);
    }
    // Constants take over a layer, there is none beside them.
    choices.retain(|choice| !(choice.bake && choice.keys == Layer::PerHead));
    choices
}

/// The best of them; the first of equals.
fn best(site: &Site<'_>, candidates: &[Choice], optimize: Option<Optimize>) -> Choice {
    let order = |choice: &&Choice| site.cost(**choice).in_order(optimize);
    candidates.iter().min_by_key(order).copied().unwrap_or(Choice::WRITTEN)
}

/// What is shown of a choice: the way it is written, and the best by every other measure.
fn decision(site: &Site<'_>, chosen: Choice, candidates: &[Choice]) -> Decision {
    let others = [None, Some(Optimize::Flash), Some(Optimize::Ram)].map(|optimize| best(site, candidates, optimize));
    let mut alternatives: Vec<Choice> = Vec::new();
    for choice in candidates.first().copied().into_iter().chain(others) {
        if choice != chosen && !alternatives.contains(&choice) {
            alternatives.push(choice);
        }
    }
    let way = |choice: Choice| site.cost(choice).described(describe(site, choice));
    Decision {
        layer: site.block.name.clone(),
        chosen: way(chosen),
        alternatives: alternatives.into_iter().map(way).collect(),
    }
}

/// `queries baked, keys absorbed`
fn describe(site: &Site<'_>, choice: Choice) -> String {
    let layer = |what: &str, layer| match layer {
        Layer::OnRows => None,
        Layer::Merged => Some(format!("{what} absorbed")),
        Layer::PerHead if site.block.attention.heads == 1 => Some(format!("{what} absorbed beside")),
        Layer::PerHead => Some(format!("{what} absorbed by head")),
    };
    let baked = choice.bake.then(|| "queries baked".to_owned());
    let separate = choice.separate.then(|| "positions by axis".to_owned());
    let layers = layer("keys", choice.keys).into_iter().chain(layer("values", choice.values));
    let parts: Vec<String> = baked.into_iter().chain(layers).chain(separate).collect();
    if parts.is_empty() { "as written".to_owned() } else { parts.join(", ") }
}
