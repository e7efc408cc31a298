//! The shape that a call of `percio::layers` is given, as a struct literal.

use super::step::count;
use crate::program::{Activation, Count, Gathering, Step};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

/// The shape that the step's function takes, without what it finds around it.
pub(super) fn shape(step: &Step) -> Shape {
    match *step {
        Step::Embed { rows, vocabulary, width, out_stride, .. } => Shape::new("Embed")
            .count("rows", rows)
            .size("vocabulary", vocabulary)
            .size("width", width)
            .size("out_stride", out_stride),
        Step::Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, .. } => {
            Shape::new("Linear")
                .count("rows", rows)
                .size("inputs", inputs)
                .size("outputs", outputs)
                .size("x_stride", x_stride)
                .size("out_stride", out_stride)
                .field("activation", activation_path(activation))
                .field("accumulate", quote!(#accumulate))
        }
        Step::Normalize { rows, width, centred, eps, .. } => Shape::new("Normalize")
            .count("rows", rows)
            .size("width", width)
            .field("centred", quote!(#centred))
            .number("eps", eps),
        Step::Gate { rows, width, activation, second, .. } => Shape::new("Gate")
            .count("rows", rows)
            .size("width", width)
            .field("activation", activation_path(activation))
            .field("second", quote!(#second)),
        Step::Gru { rows, width, .. } => Shape::new("Gru").count("rows", rows).size("width", width),
        Step::Attention {
            queries,
            keys,
            masked,
            heads,
            key_heads,
            value_heads,
            qk,
            v_width,
            scale,
            causal,
            zero_empty,
            ..
        } => Shape::new("Attention")
            .count("queries", queries)
            .count("keys", keys)
            .count("masked", masked)
            .size("heads", heads)
            .size("key_heads", key_heads)
            .size("value_heads", value_heads)
            .size("qk", qk)
            .size("v", v_width)
            .number("scale", scale)
            .field("causal", quote!(#causal))
            .field("zero_empty", quote!(#zero_empty)),
        Step::Rotate { rows, width, heads, head_width, first, skipped, from_end, .. } => Shape::new("Rotate")
            .count("rows", rows)
            .size("width", width)
            .size("heads", heads)
            .size("head_width", head_width)
            .count("first", first)
            .count("skipped", skipped)
            .field("from_end", quote!(#from_end)),
        Step::Turn { rows, width, heads, head_width, .. } => Shape::new("Turn")
            .count("rows", rows)
            .size("width", width)
            .size("heads", heads)
            .size("head_width", head_width)
            .field("first", quote!(place)),
        Step::InvertedAttention { queries, keys, masked, heads, qk, v_width, scale, causal, eps, .. } => {
            Shape::new("Inverted")
                .count("queries", queries)
                .count("keys", keys)
                .count("masked", masked)
                .size("heads", heads)
                .size("qk", qk)
                .size("v", v_width)
                .number("scale", scale)
                .field("causal", quote!(#causal))
                .number("eps", eps)
        }
        Step::HideRows { rows, width, .. } => Shape::new("Hide").count("rows", rows).size("width", width),
        Step::Transpose { rows, width, accumulate, .. } => {
            Shape::new("Transpose").count("rows", rows).size("width", width).field("accumulate", quote!(#accumulate))
        }
        Step::Mix { rows, width, first, .. } => {
            Shape::new("Mix").count("rows", rows).size("width", width).field("first", quote!(#first))
        }
        Step::Mixed { rows, width, .. } => {
            Shape::new("Mix").count("rows", rows).size("width", width).field("first", quote!(false))
        }
        Step::Begin { shape, .. } | Step::Settle { shape, .. } => gather_shape(&shape, Count::NONE),
        Step::Gather { shape, keys, .. } => gather_shape(&shape, keys),
        Step::Columns { rows, width, features, centred, eps, grid, axes, .. } => Shape::new("Columns")
            .count("rows", rows)
            .size("width", width)
            .size("features", features)
            .field("centred", quote!(#centred))
            .number("eps", eps)
            .axes(grid, axes)
            .first(rows),
        Step::GatherGrid { ref shape, width, grid, axes, keys, .. } => Shape::new("OnGrid")
            .size("queries", shape.queries)
            .size("heads", shape.heads)
            .count("keys", keys)
            .size("width", width)
            .axes(grid, axes)
            .first(keys)
            .field("zero_empty", {
                let zero_empty = shape.zero_empty;
                quote!(#zero_empty)
            }),
        Step::CopyRows { rows, width, x_stride, out_stride, .. }
        | Step::AddRows { rows, width, x_stride, out_stride, .. } => rows_shape(rows, width, x_stride, out_stride),
        Step::MeanRows { rows, width, .. } => Shape::new("Mean").count("rows", rows).size("width", width),
        Step::AffineRows { rows, width, stride, .. } => rows_shape(rows, width, stride, stride),
        Step::Fourier { shape, axes, bands, by_axis, with_position, sine_only, rows, out_stride, .. } => {
            Shape::new("Fourier")
                .axes(shape, axes)
                .size("bands", bands)
                .field("by_axis", quote!(#by_axis))
                .field("with_position", quote!(#with_position))
                .field("sine_only", quote!(#sine_only))
                .first(rows)
                .count("rows", rows)
                .size("out_stride", out_stride)
        }
        Step::Waves { ref line, position_last, with_position, sine_only, rows, out_stride, .. } => Shape::new("Waves")
            .field("position_last", quote!(#position_last))
            .field("with_position", quote!(#with_position))
            .field("sine_only", quote!(#sine_only))
            .number("origin", line.origin)
            .number("step", line.step)
            .first(rows)
            .count("rows", rows)
            .size("out_stride", out_stride),
        Step::Unfold {
            frames,
            depth,
            channels,
            height,
            width,
            channels_first,
            kernel,
            stride,
            pad,
            out_height,
            out_width,
            rows,
            out_stride,
            ..
        } => window_shape("Unfold", [channels, height, width, kernel, stride, out_width, out_stride])
            .field("channels_first", quote!(#channels_first))
            .size("frames", frames)
            .size("depth", depth)
            .size("out_height", out_height)
            .pad(pad)
            .first(rows)
            .count("rows", rows),
        Step::MaxPool { pad, channels, height, width, kernel, stride, out_height, out_width, out_stride, .. } => {
            window_shape("MaxPool", [channels, height, width, kernel, stride, out_width, out_stride])
                .size("out_height", out_height)
                .pad(pad)
        }
    }
}

fn rows_shape(rows: Count, width: usize, x_stride: usize, out_stride: usize) -> Shape {
    Shape::new("Rows")
        .count("rows", rows)
        .size("width", width)
        .size("x_stride", x_stride)
        .size("out_stride", out_stride)
}

pub(super) fn gather_shape(shape: &Gathering, keys: Count) -> Shape {
    if let Some(eps) = shape.shares {
        return Shape::new("Inverted")
            .size("queries", shape.queries)
            .count("keys", keys)
            .count("masked", keys)
            .size("heads", shape.heads)
            .size("qk", shape.qk)
            .size("v", shape.v_width)
            .number("scale", shape.scale)
            .field("causal", quote!(false))
            .number("eps", eps);
    }
    Shape::new("Attention")
        .size("queries", shape.queries)
        .count("keys", keys)
        .count("masked", keys)
        .size("heads", shape.heads)
        .size("key_heads", shape.key_heads)
        .size("value_heads", shape.value_heads)
        .size("qk", shape.qk)
        .size("v", shape.v_width)
        .number("scale", shape.scale)
        .field("causal", quote!(false))
        .field("zero_empty", {
            let zero_empty = shape.zero_empty;
            quote!(#zero_empty)
        })
}

fn window_shape(name: &str, sizes: [usize; 7]) -> Shape {
    let names = ["channels", "height", "width", "kernel", "stride", "out_width", "out_stride"];
    names.iter().zip(sizes).fold(Shape::new(name), |shape, (name, size)| shape.size(name, size))
}

fn activation_path(activation: Activation) -> TokenStream {
    let variant = format_ident!("{activation:?}");
    quote!(::percio::Activation::#variant)
}

/// A struct literal in the making.
pub(super) struct Shape {
    name: Ident,
    fields: TokenStream,
}

impl Shape {
    fn new(name: &str) -> Self {
        Self { name: Ident::new(name, Span::call_site()), fields: TokenStream::new() }
    }

    pub(super) fn field(mut self, name: &str, value: TokenStream) -> Self {
        let name = Ident::new(name, Span::call_site());
        self.fields.extend(quote!(#name: #value,));
        self
    }

    fn size(self, name: &str, value: usize) -> Self {
        let value = Literal::usize_unsuffixed(value);
        self.field(name, quote!(#value))
    }

    /// Rows above and columns left of what windows lie over.
    fn pad(self, pad: [usize; 2]) -> Self {
        let [above, left] = pad.map(Literal::usize_unsuffixed);
        self.field("pad", quote!([#above, #left]))
    }

    /// The lengths of a grid's axes, of which the last `axes` are in use.
    fn axes(self, grid: [usize; 3], axes: usize) -> Self {
        let lengths = grid.map(Literal::usize_unsuffixed);
        self.field("shape", quote!([#(#lengths),*])).size("axes", axes)
    }

    fn number(self, name: &str, value: f32) -> Self {
        let value = Literal::f32_suffixed(value);
        self.field(name, quote!(#value))
    }

    fn count(self, name: &str, value: Count) -> Self {
        self.field(name, count(value))
    }

    /// The first of `rows` rows.
    fn first(self, rows: Count) -> Self {
        if rows == Count::TILE { self.field("first", quote!(row)) } else { self.size("first", 0) }
    }

    pub(super) fn finish(self) -> TokenStream {
        let Self { name, fields } = self;
        quote!(::percio::layers::#name { #fields })
    }
}
