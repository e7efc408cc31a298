//! `decoder`: what is asked, and the block that gathers from the latents.

use super::block::{self, Block};
use super::encoding::{self, Encoding, Fourier, LEARNED_OR_FOURIER};
use super::{each, identifier};
use crate::model::Reads;
use crate::scheme::fields::{Fields, SIZE};

/// The queries and the cross-attention.
pub(crate) struct Decoder {
    pub(crate) queries: Queries,
    pub(crate) block: Block,
    /// Width of a linear layer on each decoded row.
    pub(crate) project: Option<usize>,
}

/// What the decoder asks.
pub(crate) enum Queries {
    Learned {
        count: usize,
        width: usize,
    },
    Fourier(Fourier),
    Tokens,
    Input {
        name: String,
        count: usize,
        width: usize,
    },
    /// Filled up to `width`, or to the widest of them.
    Parts {
        parts: Vec<Part>,
        width: Option<usize>,
    },
}

/// Some of the queries.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) encoding: Encoding,
    pub(crate) points: Option<usize>,
}

/// Reads the section, if it is there.
pub(super) fn read(file: &mut Fields) -> Option<Decoder> {
    let mut decoder = file.object("decoder")?;
    let mut fields = decoder.need_object("queries");
    let queries = queries(&mut fields);
    decoder.close(fields);
    let block = block::read(&mut decoder, "decoder", "decoder.cross", Some(Reads::Context));
    let project = decoder.whole("project", &SIZE);
    file.close(decoder);
    Some(Decoder { queries, block, project })
}

fn queries(fields: &mut Fields) -> Queries {
    const KINDS: [(&str, ReadQueries); 5] = [
        ("learned", |fields| Queries::Learned {
            count: fields.need_whole("count", &SIZE),
            width: fields.need_whole("width", &SIZE),
        }),
        ("fourier", |fields| Queries::Fourier(encoding::fourier_of_shape(fields))),
        ("tokens", |_| Queries::Tokens),
        ("input", |fields| Queries::Input {
            name: identifier(fields),
            count: fields.need_whole("count", &SIZE),
            width: fields.need_whole("width", &SIZE),
        }),
        ("parts", |fields| Queries::Parts { parts: each(fields, "parts", part), width: fields.whole("width", &SIZE) }),
    ];
    let Some(read) = fields.need_word("kind", &KINDS) else {
        fields.forgive();
        return Queries::Learned { count: 1, width: 1 };
    };
    read(fields)
}

/// Reads queries of one kind.
type ReadQueries = fn(&mut Fields) -> Queries;

fn part(fields: &mut Fields) -> Part {
    let name = identifier(fields);
    let Some(is_computed) = fields.need_word("kind", &LEARNED_OR_FOURIER) else {
        fields.forgive();
        return Part { name, encoding: Encoding::Learned { rows: None, width: None }, points: None };
    };
    if !is_computed {
        let [rows, width] = ["count", "width"].map(|field| Some(fields.need_whole(field, &SIZE)));
        return Part { name, encoding: Encoding::Learned { rows, width }, points: None };
    }
    let encoding = Encoding::Fourier(encoding::fourier_of_shape(fields));
    Part { name, encoding, points: fields.whole("points", &SIZE) }
}
