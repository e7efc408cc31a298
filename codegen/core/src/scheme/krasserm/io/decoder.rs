//! The decoder's cross-attention, its queries and the output adapters.

use super::config::{Config, Head};
use super::dialect::Found;
use crate::model::{Activation, Decoder, Extent, Linear, Output, Queries, Tensor};
use crate::scheme::block::{self, Spec};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::krasserm::layer::Layer;
use crate::scheme::krasserm::{EPS, OUTPUT};

/// What the decoder needs to know of the tokens.
pub(super) struct Tokens<'a> {
    /// Numbers of one.
    pub(super) width: Axis<'a>,
    /// The embedding that a tied head shares, as the checkpoint holds it.
    pub(super) embedding: Option<&'a Tensor>,
}

/// Reads the decoder and what it computes.
pub(super) fn read(
    checkpoint: &mut Checkpoint,
    found: &Found,
    config: &Config,
    tokens: &Tokens<'_>,
) -> (Decoder, Output) {
    let (count, width) = queries(config, tokens);
    let queries = match count {
        Some(count) => Queries::Learned(checkpoint.tensor(&found.in_decoder(found.names.queries), &[count, width])),
        None => Queries::Tokens,
    };
    let attention = &config.decoder.cross;
    let qk = attention.qk.unwrap_or(width);
    let spec = Spec {
        name: "decoder.cross",
        prefix: &found.in_decoder(found.names.decoder),
        rows: width,
        context: Some((config.num_latent_channels, "num_latent_channels")),
        heads: (attention.heads, "decoder.num_cross_attention_heads"),
        qk,
        v: attention.v.unwrap_or(qk),
        widening: (attention.widening, "cross_attention_widening_factor"),
        activation: Activation::GeluErf,
        residual: config.decoder.residual,
        eps: EPS,
    };
    let layer = if config.decoder.residual { Layer::Cross } else { Layer::CrossAlone };
    let block = block::read(checkpoint, &found.layer(layer), &spec);
    let output = head(checkpoint, found, config, tokens, width);
    (Decoder { queries, block, project: None }, output)
}

/// How many learned queries there are (none: the tokens are the queries), and their width.
fn queries<'a>(config: &Config, tokens: &Tokens<'a>) -> (Option<Axis<'a>>, Axis<'a>) {
    match config.head {
        Head::Classes { queries, width, .. } => (Some((queries, "num_output_queries")), width),
        Head::Text { width, most, .. } => (Some((most, "decoder.max_seq_len")), width.unwrap_or(tokens.width)),
        Head::Flow { .. } => (None, tokens.width),
    }
}

fn head(checkpoint: &mut Checkpoint, found: &Found, config: &Config, tokens: &Tokens<'_>, width: Axis<'_>) -> Output {
    let own = |checkpoint: &mut Checkpoint, outputs: Axis<'_>| {
        checkpoint.linear(&found.in_decoder("output_adapter.linear"), outputs, width, Bias::Required)
    };
    match config.head {
        Head::Classes { queries, classes, .. } => {
            Output::new(OUTPUT, Extent::Rows(0..queries), Some(own(checkpoint, (classes, "num_classes"))))
        }
        Head::Text { width: own_width, vocabulary, most } => {
            let outputs = (vocabulary, "decoder.vocab_size");
            let linear = match tokens.embedding.filter(|_| own_width.is_none()) {
                Some(embedding) => tied(checkpoint, found, embedding, outputs),
                None => own(checkpoint, outputs),
            };
            Output::new(OUTPUT, Extent::Tokens { most }, Some(linear))
        }
        Head::Flow { shape: [height, width], rescale } => {
            let linear = own(checkpoint, (2, "perceiver-io (fixed)")).scaled(1.0 / rescale);
            let output = Output::new(OUTPUT, Extent::Rows(0..height * width), Some(linear));
            Output { shape: vec![height, width, 2], ..output }
        }
    }
}

/// The embedding as a linear layer. Some versions save it twice.
fn tied(checkpoint: &mut Checkpoint, found: &Found, embedding: &Tensor, outputs: Axis<'_>) -> Linear {
    if embedding.rows() != outputs.0 {
        checkpoint.complain(format!(
            "`encoder.vocab_size` in config.json is {}, but `decoder.vocab_size` is {}, and without \
             `num_output_query_channels` the two share one embedding: correct one of them",
            embedding.rows(),
            outputs.0
        ));
    }
    if let Some(name) = found.names.tied_weight {
        let axes = [(embedding.rows(), "encoder.vocab_size"), (embedding.columns(), "num_input_channels")];
        let name = found.in_decoder(name);
        let again = checkpoint.buffer(&name, &axes);
        if ![&again, embedding].iter().any(|tensor| tensor.data.is_empty()) && again.data != embedding.data {
            checkpoint.complain(format!(
                "`{name}` differs from `{}`, although the head shares the embedding: save the weights again",
                embedding.name
            ));
        }
    }
    let bias = checkpoint.tensor(&found.in_decoder(found.names.tied_bias), &[outputs]);
    Linear { weight: embedding.clone(), bias: Some(bias) }
}
