//! `encoder`: the blocks and when they run.

use super::block::{self, Block};
use super::norm::{self, LAYER, Norm};
use crate::model::Reads;
use crate::scheme::fields::{Fields, LAYERS, SIZE, to_whole};
use serde_json::Value;

/// The blocks in the order they run, and what is done between and after them.
pub(crate) struct Encoder {
    pub(crate) blocks: Vec<Block>,
    /// Indices of `blocks`.
    pub(crate) schedule: Vec<usize>,
    pub(crate) mixtures: Vec<Mixture>,
    /// After the last block.
    pub(crate) norm: Option<Norm>,
}

/// A mixture of what the latents have been.
pub(crate) struct Mixture {
    pub(crate) states: Vec<usize>,
    pub(crate) rank: usize,
    pub(crate) norm: Option<Norm>,
}

/// Reads the section.
pub(super) fn read(file: &mut Fields) -> Encoder {
    let mut encoder = file.need_object("encoder");
    let (blocks, schedule) =
        if encoder.value("blocks").is_some() { listed(&mut encoder) } else { repeated(&mut encoder) };
    let norm = norm::read(&mut encoder, "norm", None);
    let mut mixtures = Vec::new();
    for mut fields in encoder.objects("mixtures") {
        mixtures.push(mixture(&mut fields));
        encoder.close(fields);
    }
    file.close(encoder);
    Encoder { blocks, schedule, mixtures, norm }
}

/// Any blocks in any order.
fn listed(encoder: &mut Fields) -> (Vec<Block>, Vec<usize>) {
    let mut blocks = Vec::new();
    for (index, mut fields) in encoder.objects("blocks").into_iter().enumerate() {
        let (section, prefix) = (format!("encoder.blocks[{index}]"), format!("encoder.blocks.{index}"));
        blocks.push(block::read(&mut fields, &section, &prefix, None));
        encoder.close(fields);
    }
    let (count, most) = (blocks.len(), *LAYERS.end());
    let indices = |value: &Value| -> Option<Vec<usize>> {
        let list = value.as_array().filter(|list| list.len() <= most)?;
        list.iter().map(|index| value_below(index, count)).collect()
    };
    let expected = format!("a list of up to {most} indices of the {count} blocks");
    let schedule = encoder.read("schedule", &expected, indices).unwrap_or_else(|| (0..count).collect());
    (blocks, schedule)
}

fn value_below(value: &Value, count: usize) -> Option<usize> {
    to_whole(value, &(0..=count.checked_sub(1)?))
}

/// A cross-attention, then so many times the same self-attention layers.
fn repeated(encoder: &mut Fields) -> (Vec<Block>, Vec<usize>) {
    let mut cross = encoder.need_object("cross");
    let mut blocks = vec![block::read(&mut cross, "encoder.cross", "encoder.cross", Some(Reads::Context))];
    encoder.close(cross);
    let mut layers = encoder.need_object("layers");
    let count = layers.need_whole("count", &LAYERS);
    let repeats = layers.whole("blocks", &LAYERS).unwrap_or(1);
    let layer = block::read(&mut layers, "encoder.layers", "encoder.layers", Some(Reads::Itself));
    encoder.close(layers);
    let prefixes = (0..count).map(|index| format!("encoder.layers.{index}"));
    blocks.extend(prefixes.map(|prefix| Block { prefix, ..layer.clone() }));
    let schedule = (0..repeats).flat_map(|_| 1..blocks.len());
    let schedule = std::iter::once(0).chain(schedule).collect();
    (blocks, schedule)
}

fn mixture(fields: &mut Fields) -> Mixture {
    let states = |value: &Value| -> Option<Vec<usize>> {
        value.as_array()?.iter().map(|state| to_whole(state, &(0..=*LAYERS.end()))).collect()
    };
    Mixture {
        states: fields.need("states", "a list of places in the schedule", states).unwrap_or_default(),
        rank: fields.need_whole("rank", &SIZE),
        norm: norm::read(fields, "norm", Some(LAYER)),
    }
}
