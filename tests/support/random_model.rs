//! Random models: every kind of input, odd sizes, several heads, masks, shared weights and tied outputs.

mod blocks;
mod history;
mod inputs;
mod numbers;
mod queries;
mod sample;

use blocks::BlockKind;
use history::HistoryKind;
use inputs::InputKind;
use numbers::Numbers;
use percio_codegen_core::model::{
    Block, Decoder, Extent, Input, Latents, Linear, Mask, Model, NormKind, Output, Provenance, Queries, Reads, Stem,
};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use queries::QueryKind;

pub(crate) use sample::sample;

/// What a random model is made from.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    /// One of ids, or up to three of other kinds.
    inputs: Vec<InputKind>,
    /// M and D.
    latents: [usize; 2],
    cross: BlockKind,
    /// Whether the cross-attention reads the latents too, which then are as wide as the tokens.
    reads_itself: bool,
    /// Whether the latents are the last tokens.
    is_tail: bool,
    layers: Vec<BlockKind>,
    /// How often the layers run, with the same weights.
    repeats: usize,
    /// Whether the cross-attention runs again after the layers, with the same weights.
    reads_twice: bool,
    queries: QueryKind,
    /// Whether a mask says which tokens are attended to.
    has_mask: bool,
    /// Whether there is a norm after the last layer.
    has_norm: bool,
    /// Otherwise the outputs read the latents.
    has_decoder: bool,
    decoder: BlockKind,
    /// Whether the mask also hides the decoder's queries.
    masks_queries: bool,
    /// What mixes the states that the latents go through.
    history: Option<HistoryKind>,
    head: Head,
    /// Where the weights come from.
    pub(crate) seed: u32,
}

/// What is made of the decoded rows.
#[derive(Clone, Debug)]
enum Head {
    /// The rows themselves.
    Rows,
    /// A linear layer of this width over all rows, another over the first.
    Linear(usize),
    /// A norm and a linear layer of this width over the mean of all rows.
    Mean(usize),
    /// The embedding of the ids, when there are ids; otherwise the rows themselves.
    Tied,
}

/// How many models to try: the same ones in every run, so that a rare ill-conditioned model does not fail a run now and
/// then. `PROPTEST_CASES` asks for more.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() }
}

/// A source of the same models in every run.
pub(crate) fn runner() -> TestRunner {
    TestRunner::new(config())
}

/// Any model.
pub(crate) fn recipes() -> impl Strategy<Value = Recipe> {
    // At least four of one row: a single number may be next to nothing, and is compared with itself.
    let mean = (4..9usize).prop_map(Head::Mean);
    let head = prop_oneof![Just(Head::Rows), (1..7usize).prop_map(Head::Linear), mean, Just(Head::Tied)];
    let layers = prop::collection::vec(blocks::kinds(), 0..3);
    let cross = (blocks::kinds(), prop::bool::weighted(0.3), prop::bool::weighted(0.3), any::<bool>());
    let encoder = (prop::array::uniform2(4..11usize), cross, layers, 1..3usize, any::<bool>());
    (
        inputs::kinds(),
        encoder,
        (queries::kinds(), (prop::bool::weighted(0.8), blocks::kinds()), head, prop::bool::weighted(0.3)),
        (prop::bool::weighted(0.2), prop::option::weighted(0.3, history::kinds())),
        any::<u32>(),
    )
        .prop_map(
            |(
                inputs,
                (latents, (cross, reads_itself, is_tail, reads_twice), layers, repeats, has_norm),
                (queries, (has_decoder, decoder), head, has_mask),
                (masks_queries, history),
                seed,
            )| Recipe {
                inputs,
                latents,
                cross,
                reads_itself,
                is_tail,
                layers,
                repeats,
                reads_twice,
                queries,
                has_mask,
                has_norm,
                has_decoder,
                decoder,
                masks_queries,
                history,
                head,
                seed,
            },
        )
}

/// Any model whose tokens stand on a grid and are read once.
pub(crate) fn on_grids() -> impl Strategy<Value = Recipe> {
    (recipes(), inputs::on_grid()).prop_map(|(recipe, input)| Recipe {
        inputs: vec![input],
        reads_itself: false,
        is_tail: false,
        reads_twice: false,
        cross: recipe.cross.clone().plain(),
        ..recipe
    })
}

impl Recipe {
    /// The model; the same one each time.
    pub(crate) fn model(&self) -> Model {
        let numbers = &mut Numbers::new(self.seed);
        let inputs = inputs::make(&self.inputs, numbers);
        let width = inputs.iter().map(Input::full_width).max().unwrap_or(0);
        let latent = self.latent_width(width);
        let reads = match (self.reads_itself, self.is_tail) {
            (false, _) => Reads::Context,
            (true, false) => Reads::ContextThenItself,
            (true, true) => Reads::PrefixThenItself,
        };
        let cross = self.cross.block("encoder.cross", reads, latent, width, numbers);
        let mut blocks = vec![self.mixed(&self.cross, cross, latent, numbers)];
        for (index, layer) in self.layers.iter().enumerate() {
            let block = layer.block(&format!("encoder.layers.{index}"), Reads::Itself, latent, latent, numbers);
            blocks.push(self.mixed(layer, block, latent, numbers));
        }
        let schedule = self.schedule(&blocks);
        let history = self.history.as_ref();
        let mixtures = history.map_or_else(Vec::new, |history| history.mixtures(schedule.len(), latent, numbers));
        let latents = self.start(&inputs, latent, numbers);
        let (decoder, outputs) = self.decoder(&inputs, latents.shape(), numbers);
        Model {
            name: "random".to_owned(),
            summary: String::new(),
            provenance: Provenance::default(),
            parameters: 0,
            mask: self.has_mask.then(|| Mask::new("mask")),
            latents,
            mixtures,
            norm: self.has_norm.then(|| numbers.norm("norm", NormKind::Layer, latent)),
            schedule,
            inputs,
            blocks,
            decoder,
            outputs,
        }
    }

    /// What the latents start from: M rows, or up to so many of the tokens.
    fn start(&self, inputs: &[Input], width: usize, numbers: &mut Numbers) -> Latents {
        let (count, tokens) = (self.latents[0], inputs.iter().map(Input::tokens).sum::<usize>());
        let token_width = inputs.iter().map(Input::full_width).max().unwrap_or(0);
        if !self.is_tail {
            return Latents::Learned(numbers.tensor("latents", &[count, width], 1.0));
        }
        let project = (width != token_width).then(|| numbers.linear("tail", width, token_width, true));
        let most = count.min(tokens);
        // As many as leave room for all latents.
        let prefix = self.seed.is_multiple_of(3).then_some(self.seed as usize / 3 % (tokens - most + 1));
        Latents::Tail { most, width, project, prefix, end: None }
    }

    /// A block over the latents, mixed where they are as many in every run.
    fn mixed(&self, kind: &BlockKind, block: Block, width: usize, numbers: &mut Numbers) -> Block {
        if self.is_tail { block } else { kind.mixed(block, [self.latents[0], width], numbers) }
    }

    fn latent_width(&self, tokens: usize) -> usize {
        if self.reads_itself { tokens } else { self.latents[1] }
    }

    fn schedule(&self, blocks: &[Block]) -> Vec<usize> {
        let layers = (1..blocks.len()).collect::<Vec<_>>().repeat(self.repeats);
        let again = self.reads_twice.then_some(0);
        [0].into_iter().chain(layers).chain(again).collect()
    }

    /// The decoder, if there is one, and the outputs.
    fn decoder(&self, inputs: &[Input], latents: [usize; 2], numbers: &mut Numbers) -> (Option<Decoder>, Vec<Output>) {
        let [most, latent] = latents;
        if !self.has_decoder {
            return (None, self.outputs(Extent::Latents { most }, latent, numbers));
        }
        let embedding = match &inputs[0].stem {
            Stem::Ids { embedding, .. } => Some(embedding),
            _ => None,
        };
        let tied = embedding.filter(|_| matches!(self.head, Head::Tied));
        let queries = match tied {
            Some(table) => Queries::Learned(numbers.tensor("queries", &[3, table.columns()], 1.0)),
            None => self.queries.queries(numbers),
        };
        let token_width = inputs.iter().map(Input::full_width).max().unwrap_or(0);
        let [rows, width] = queries.shape([inputs.iter().map(Input::tokens).sum(), token_width]);
        let all = match queries {
            Queries::Tokens if embedding.is_some() => Extent::Tokens { most: rows },
            _ => Extent::Rows(0..rows),
        };
        let mut block = self.decoder.block("decoder.cross", Reads::Context, width, latent, numbers);
        block.attention.masks_queries = self.masks_queries;
        if matches!(all, Extent::Rows(_)) {
            block = self.decoder.mixed(block, [rows, width], numbers);
        }
        let project =
            matches!(queries, Queries::Parts(_)).then(|| numbers.linear("decoder.project", width - 1, width, true));
        let width = project.as_ref().map_or(width, |linear| linear.weight.rows());
        let outputs = match tied {
            Some(table) => {
                let bias = Some(numbers.tensor("tied bias", &[table.rows()], 0.3));
                vec![Output::new("logits", all, Some(Linear { weight: table.clone(), bias }))]
            }
            None => self.outputs(all, width, numbers),
        };
        (Some(Decoder { queries, block, project }), outputs)
    }

    /// What is made of rows of `width` numbers.
    fn outputs(&self, all: Extent, width: usize, numbers: &mut Numbers) -> Vec<Output> {
        match &self.head {
            Head::Linear(classes) => vec![
                Output::new("all", all, Some(numbers.linear("all", *classes, width, true))),
                Output::new("first", Extent::Rows(0..1), Some(numbers.linear("first", 3, width, false))),
            ],
            Head::Mean(classes) => {
                let norm = Some(numbers.norm("mean norm", NormKind::Layer, width));
                let linear = Some(numbers.linear("mean", *classes, width, true));
                vec![Output { mean: true, norm, ..Output::new("mean", all, linear) }]
            }
            Head::Rows | Head::Tied => vec![Output::new("rows", all, None)],
        }
    }
}
