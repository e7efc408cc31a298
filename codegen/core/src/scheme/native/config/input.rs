//! An entry of `inputs`.

use super::part::{LEARNED_OR_FOURIER, fourier, identifier};
use super::{Input, Kind, Position, PositionKind};
use crate::model::{Combine, Layout};
use crate::scheme::fields::{Fields, SIZE, to_numbers};

const COMBINE: [(&str, Combine); 2] = [("add", Combine::Add), ("concat", Combine::Concat)];
const LAYOUTS: [(&str, Layout); 2] =
    [("channels_last", Layout::ChannelsLast), ("channels_first", Layout::ChannelsFirst)];
const KINDS: [(&str, ReadKind); 4] = [("tokens", tokens), ("series", series), ("image", image), ("ids", ids)];

/// Reads the fields of one kind.
type ReadKind = fn(&mut Fields) -> Kind;

/// Reads the entry.
pub(super) fn read(fields: &mut Fields) -> Input {
    let name = identifier(fields);
    let Some(kind) = fields.need_word("kind", &KINDS).map(|read| read(fields)) else {
        fields.forgive();
        return Input {
            name,
            kind: Kind::Tokens { tokens: 1, channels: 1 },
            scale: None,
            project: None,
            position: None,
        };
    };
    for documentation in ["rate_hz", "unit"] {
        fields.read(documentation, "anything", |_| Some(()));
    }
    let ids = matches!(kind, Kind::Ids { .. });
    let scale = if ids { None } else { scale(fields) };
    let project = if ids { None } else { fields.whole("project", &SIZE) };
    Input { name, kind, scale, project, position: position(fields) }
}

fn tokens(fields: &mut Fields) -> Kind {
    Kind::Tokens { tokens: fields.need_whole("tokens", &SIZE), channels: fields.need_whole("channels", &SIZE) }
}

fn series(fields: &mut Fields) -> Kind {
    Kind::Series {
        samples: fields.need_whole("samples", &SIZE),
        channels: fields.need_whole("channels", &SIZE),
        patch: fields.whole("patch", &SIZE).unwrap_or(1),
    }
}

fn image(fields: &mut Fields) -> Kind {
    Kind::Image {
        height: fields.need_whole("height", &SIZE),
        width: fields.need_whole("width", &SIZE),
        channels: fields.need_whole("channels", &SIZE),
        patch: fields.whole("patch", &SIZE).unwrap_or(1),
        layout: fields.word("layout", &LAYOUTS).unwrap_or(Layout::ChannelsLast),
    }
}

fn ids(fields: &mut Fields) -> Kind {
    Kind::Ids {
        vocabulary: fields.need_whole("vocabulary", &SIZE),
        tokens: fields.need_whole("tokens", &SIZE),
        embedding: fields.need_whole("embedding", &SIZE),
    }
}

fn scale(fields: &mut Fields) -> Option<[Vec<f64>; 2]> {
    let mut scale = fields.object("scale")?;
    let lists = ["offset", "gain"]
        .map(|name| scale.need(name, "a list with a number for each channel", to_numbers).unwrap_or_default());
    fields.close(scale);
    Some(lists)
}

fn position(fields: &mut Fields) -> Option<Position> {
    let mut position = fields.object("position")?;
    let computed = position.need_word("kind", &LEARNED_OR_FOURIER);
    let combine = position.need_word("combine", &COMBINE);
    let read = computed.zip(combine).map(|(computed, combine)| {
        let encoding = match combine {
            _ if computed => PositionKind::Fourier(fourier(&mut position)),
            Combine::Concat => PositionKind::Learned { width: Some(position.need_whole("width", &SIZE)) },
            Combine::Add => PositionKind::Learned { width: None },
        };
        Position { encoding, combine, project: position.whole("project", &SIZE) }
    });
    if read.is_none() {
        position.forgive();
    }
    fields.close(position);
    read
}
