//! The decoder with its tensors.

use super::block::Place;
use super::config::{self, Config, Encoding};
use super::encoding::fourier;
use crate::model::{self, Decoder, Queries, QueryPart};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};

/// Reads the decoder of a model whose tokens have the shape `tokens`.
pub(super) fn read(
    config: &Config,
    checkpoint: &mut Checkpoint,
    decoder: &config::Decoder,
    tokens: [usize; 2],
) -> Decoder {
    let queries = queries(checkpoint, &decoder.queries);
    let [count, width] = queries.shape(tokens);
    let rows: Axis<'_> = (width, "the queries' width");
    let place = Place { rows, context: (config.latents.width, "latents.width"), count };
    let block = place.read(config, checkpoint, &decoder.block);
    let project = decoder
        .project
        .map(|width| checkpoint.linear("decoder.project", (width, "decoder.project"), rows, Bias::Optional));
    Decoder { queries, block, project }
}

fn queries(checkpoint: &mut Checkpoint, queries: &config::Queries) -> Queries {
    const PLACE: &str = "decoder.queries";
    match queries {
        config::Queries::Learned { count, width } => {
            let axes = [(*count, "decoder.queries.count"), (*width, "the queries' width")];
            Queries::Learned(checkpoint.tensor(PLACE, &axes))
        }
        config::Queries::Fourier(spec) => Queries::Fourier(fourier(checkpoint, PLACE, &[], spec)),
        config::Queries::Tokens => Queries::Tokens,
        config::Queries::Input { name, count, width } => {
            Queries::Input { name: name.clone(), count: *count, width: *width }
        }
        config::Queries::Parts { parts, width } => {
            let mut read: Vec<QueryPart> = parts.iter().map(|spec| part(checkpoint, spec)).collect();
            pad(checkpoint, &mut read, *width);
            Queries::Parts(read)
        }
    }
}

fn part(checkpoint: &mut Checkpoint, spec: &config::Part) -> QueryPart {
    let place = format!("decoder.queries.{}", spec.name);
    let encoding = match &spec.encoding {
        Encoding::Fourier(spec) => model::Encoding::Fourier(fourier(checkpoint, &place, &[], spec)),
        Encoding::Learned { rows, width } => {
            let [count, columns] = ["count", "width"].map(|field| format!("{place}.{field}"));
            let axes = [(rows.unwrap_or(1), count.as_str()), (width.unwrap_or(1), columns.as_str())];
            model::Encoding::Learned(checkpoint.tensor(&place, &axes))
        }
    };
    QueryPart { name: spec.name.clone(), encoding, points: spec.points, padding: None }
}

/// Learned padding of every part that is narrower than the widest, or than `width`.
fn pad(checkpoint: &mut Checkpoint, parts: &mut [QueryPart], width: Option<usize>) {
    let widest = parts.iter().map(|part| part.encoding.width()).max().unwrap_or(1);
    let target = width.unwrap_or(widest);
    if target < widest {
        checkpoint.complain(format!(
            "`decoder.queries.width` is {target}, but some of the queries have {widest} numbers: raise it to {widest}, or leave it out"
        ));
    }
    for part in parts.iter_mut().filter(|part| part.encoding.width() < target) {
        let (name, lacks) = (format!("decoder.queries.{}.padding", part.name), target - part.encoding.width());
        let source = format!("what the queries `{}` lack", part.name);
        part.padding = Some(checkpoint.tensor(&name, &[(lacks, &source)]));
    }
}
