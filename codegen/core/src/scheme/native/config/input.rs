//! An entry of `inputs`.

use super::encoding::{self, Encoding, LEARNED_OR_FOURIER};
use super::words::{ACTIVATIONS, COMBINE, LAYOUTS, POSITION_PLACES};
use super::{identifier, norm};
use crate::model::{Activation, Combine, Layout, Pad, Patch, Places, Window};
use crate::scheme::fields::{Fields, SIZE, to_numbers, to_whole};
use serde_json::Value;

const KINDS: [(&str, ReadKind); 5] =
    [("tokens", tokens), ("series", series), ("image", image), ("video", video), ("ids", ids)];

/// Reads the fields of one kind.
type ReadKind = fn(&mut Fields) -> Kind;

/// One input.
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Offsets and gains.
    pub(crate) scale: Option<[Vec<f64>; 2]>,
    pub(crate) project: Option<usize>,
    pub(crate) tail: Option<Tail>,
    pub(crate) position: Option<Position>,
    /// Whether a learned row stands for every token.
    pub(crate) masked: bool,
}

/// What an input holds.
pub(crate) enum Kind {
    Tokens { grid: Vec<usize>, channels: usize },
    Series { samples: usize, channels: usize, patch: usize },
    Image { height: usize, width: usize, channels: usize, window: Window, layout: Layout },
    Video { frames: usize, height: usize, width: usize, channels: usize, patch: Patch, layout: Layout },
    Ids { vocabulary: usize, tokens: usize, embedding: usize },
}

/// What follows the linear part of a convolution.
pub(crate) struct Tail {
    /// Epsilon of the batch norm, if there is one.
    pub(crate) batch_norm: Option<f64>,
    pub(crate) activation: Activation,
    pub(crate) pool: Option<Window>,
}

/// A position encoding.
pub(crate) struct Position {
    pub(crate) encoding: Encoding,
    pub(crate) combine: Combine,
    pub(crate) project: Option<usize>,
    pub(crate) places: Places,
}

/// Reads the entry.
pub(super) fn read(fields: &mut Fields) -> Input {
    let name = identifier(fields);
    let Some(kind) = fields.need_word("kind", &KINDS).map(|read| read(fields)) else {
        fields.forgive();
        let kind = Kind::Tokens { grid: vec![1], channels: 1 };
        return Input { name, kind, scale: None, project: None, tail: None, position: None, masked: false };
    };
    for documentation in ["rate_hz", "unit"] {
        fields.read(documentation, "anything", |_| Some(()));
    }
    let (is_ids, is_image) = (matches!(kind, Kind::Ids { .. }), matches!(kind, Kind::Image { .. }));
    let scale = if is_ids { None } else { scale(fields) };
    let project = if is_ids { None } else { fields.whole("project", &SIZE) };
    let tail = if is_image { tail(fields) } else { None };
    let position = position(fields);
    Input { name, kind, scale, project, tail, position, masked: fields.flag("masked").unwrap_or(false) }
}

fn tokens(fields: &mut Fields) -> Kind {
    let grid = |value: &Value| match value {
        Value::Array(axes) => axes.iter().map(|axis| to_whole(axis, &SIZE)).collect(),
        one => to_whole(one, &SIZE).map(|tokens| vec![tokens]),
    };
    let expected = format!("a whole number from 1 to {}, or a list of axis lengths", SIZE.end());
    let grid = fields.need("tokens", &expected, grid).unwrap_or_else(|| vec![1]);
    Kind::Tokens { grid, channels: fields.need_whole("channels", &SIZE) }
}

fn series(fields: &mut Fields) -> Kind {
    Kind::Series {
        samples: fields.need_whole("samples", &SIZE),
        channels: fields.need_whole("channels", &SIZE),
        patch: fields.whole("patch", &SIZE).unwrap_or(1),
    }
}

fn image(fields: &mut Fields) -> Kind {
    let patch = fields.whole("patch", &SIZE);
    let window = window(fields, "window");
    if patch.is_some() && window.is_some() {
        fields.complain("window", "stands beside `patch`, expected one of the two: remove the other");
    }
    Kind::Image {
        height: fields.need_whole("height", &SIZE),
        width: fields.need_whole("width", &SIZE),
        channels: fields.need_whole("channels", &SIZE),
        window: window.unwrap_or_else(|| Window::tiles(patch.unwrap_or(1))),
        layout: layout(fields),
    }
}

fn video(fields: &mut Fields) -> Kind {
    Kind::Video {
        frames: fields.need_whole("frames", &SIZE),
        height: fields.need_whole("height", &SIZE),
        width: fields.need_whole("width", &SIZE),
        channels: fields.need_whole("channels", &SIZE),
        patch: Patch {
            frames: fields.whole("patch_frames", &SIZE).unwrap_or(1),
            side: fields.whole("patch", &SIZE).unwrap_or(1),
        },
        layout: layout(fields),
    }
}

fn ids(fields: &mut Fields) -> Kind {
    Kind::Ids {
        vocabulary: fields.need_whole("vocabulary", &SIZE),
        tokens: fields.need_whole("tokens", &SIZE),
        embedding: fields.need_whole("embedding", &SIZE),
    }
}

fn layout(fields: &mut Fields) -> Layout {
    fields.word("layout", &LAYOUTS).unwrap_or(Layout::ChannelsLast)
}

/// Square windows over a grid.
fn window(fields: &mut Fields, name: &'static str) -> Option<Window> {
    let pad = |value: &Value| match value {
        Value::String(word) if word == "same" => Some(Pad::Same),
        value => {
            let [before, after] = value.as_array()?.as_slice() else { return None };
            let range = 0..=*SIZE.end();
            Some(Pad::Fixed([to_whole(before, &range)?, to_whole(after, &range)?]))
        }
    };
    let mut window = fields.object(name)?;
    let kernel = window.need_whole("kernel", &SIZE);
    let read = Window {
        kernel,
        stride: window.whole("stride", &SIZE).unwrap_or(kernel),
        pad: window.read("pad", "\"same\" or a pair [before, after]", pad).unwrap_or(Pad::NONE),
    };
    fields.close(window);
    Some(read)
}

fn scale(fields: &mut Fields) -> Option<[Vec<f64>; 2]> {
    let mut scale = fields.object("scale")?;
    let lists = ["offset", "gain"]
        .map(|name| scale.need(name, "a list with a number for each channel", to_numbers).unwrap_or_default());
    fields.close(scale);
    Some(lists)
}

fn tail(fields: &mut Fields) -> Option<Tail> {
    let mut tail = fields.object("tail")?;
    let batch_norm = tail.object("batch_norm").map(|mut batch_norm| {
        let eps = norm::eps(&mut batch_norm, "eps").unwrap_or(1e-5);
        tail.close(batch_norm);
        eps
    });
    let activation = tail.word("activation", &ACTIVATIONS).unwrap_or(Activation::Identity);
    let read = Tail { batch_norm, activation, pool: window(&mut tail, "pool") };
    fields.close(tail);
    Some(read)
}

fn position(fields: &mut Fields) -> Option<Position> {
    let mut position = fields.object("position")?;
    let computed = position.need_word("kind", &LEARNED_OR_FOURIER);
    let combine = position.need_word("combine", &COMBINE);
    let read = computed.zip(combine).map(|(computed, combine)| {
        let encoding = match combine {
            _ if computed => Encoding::Fourier(encoding::fourier(&mut position)),
            Combine::Concat => Encoding::Learned { rows: None, width: Some(position.need_whole("width", &SIZE)) },
            Combine::Add => Encoding::Learned { rows: None, width: position.whole("width", &SIZE) },
        };
        let places = if computed { None } else { position.word("places", &POSITION_PLACES) };
        let project = position.whole("project", &SIZE);
        Position { encoding, combine, project, places: places.unwrap_or_default() }
    });
    if read.is_none() {
        position.forgive();
    }
    fields.close(position);
    read
}
