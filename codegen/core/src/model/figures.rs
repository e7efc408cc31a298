//! What a model costs as its source computes it, before any rewrite.

use super::{Block, Decoder, Input, Latents, Linear, Mlp, Model, Output, Query, Reads, Residual};

/// Rows and their width.
type Shape = [usize; 2];

impl Model {
    /// Multiply-accumulate operations of the largest run: those of linear layers, and of attention over all its keys. Layers
    /// on positions give constants and are not counted.
    #[must_use]
    pub fn macs(&self) -> u64 {
        let latents = self.latents.shape();
        let tokens = [self.tokens(), self.token_width()];
        let inputs = self.inputs.iter().map(input);
        let blocks = self.schedule.iter().map(|&index| block(&self.blocks[index], latents, tokens[0]));
        let mixtures = self.mixtures.iter().filter(|mixture| mixture.states.len() > 1).map(|mixture| {
            (mixture.states.len() * latents[0]) as u64 * (numbers(&mixture.reduce) + numbers(&mixture.expand))
        });
        let decoder = self.decoder.iter().map(|decoder| ask(decoder, decoder.queries.shape(tokens), latents[0]));
        let encoder = inputs.chain([tail(&self.latents)]).chain(blocks).chain(mixtures);
        encoder.chain(decoder).chain(self.outputs.iter().map(head)).sum()
    }
}

fn numbers(linear: &Linear) -> u64 {
    linear.weight.len() as u64
}

/// The linear layer on raw tokens.
fn input(input: &Input) -> u64 {
    let windows: usize = input.stem.grid().iter().product();
    input.project.as_ref().filter(|_| input.masked.is_none()).map_or(0, |linear| windows as u64 * numbers(linear))
}

/// The linear layer on latents that are tokens.
fn tail(latents: &Latents) -> u64 {
    match latents {
        Latents::Tail { most, project: Some(linear), .. } => *most as u64 * numbers(linear),
        Latents::Tail { project: None, .. } | Latents::Learned(_) => 0,
    }
}

/// A block over `rows` that may also read `context` other rows.
fn block(block: &Block, rows: Shape, context: usize) -> u64 {
    let attention = &block.attention;
    let keys = match block.reads {
        Reads::Itself => rows[0],
        // The tail is part of the tokens.
        Reads::Context | Reads::PrefixThenItself => context,
        Reads::ContextThenItself => context + rows[0],
    };
    let [queries, keys] = [rows[0], keys].map(|count| count as u64);
    let query = match &attention.query {
        Query::Projected { linear, .. } => queries * numbers(linear),
        Query::Constant(_) => 0,
    };
    let gru = match &attention.residual {
        Residual::Gru(gru) => numbers(&gru.input) + numbers(&gru.hidden),
        Residual::Add | Residual::None => 0,
    };
    let scores = queries * keys * (attention.qk + attention.v) as u64;
    let projected = keys * (numbers(&attention.key) + numbers(&attention.value));
    let mixer =
        block.mixer.as_ref().map_or(0, |mixer| rows[1] as u64 * mlp(&mixer.columns) + queries * mlp(&mixer.rows));
    query
        + projected
        + scores
        + queries * (numbers(&attention.output) + gru + block.mlp.as_ref().map_or(0, mlp))
        + mixer
}

/// Of one row.
fn mlp(mlp: &Mlp) -> u64 {
    numbers(&mlp.up) + numbers(&mlp.down)
}

fn ask(decoder: &Decoder, queries: Shape, latents: usize) -> u64 {
    let project = decoder.project.as_ref().map_or(0, |linear| queries[0] as u64 * numbers(linear));
    block(&decoder.block, queries, latents) + project
}

fn head(output: &Output) -> u64 {
    let rows = output.most();
    output.linear.as_ref().map_or(0, |linear| rows as u64 * numbers(linear))
}
